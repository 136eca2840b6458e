import type { IndexArray } from './rle.js'

/**
 * Splits rows `start` to `end` into a bitmap (bit set = value) and the values without the nulls.
 *
 * Zero is null. Rows go by octets, since most octets of a sparse column hold nothing and most of a
 * full one hold no null. `values` needs room for eight more than the rows. Nothing is allocated.
 *
 * @returns how many rows have a value
 */
export function dropNulls(
  indexes: IndexArray,
  start: number,
  end: number,
  values: IndexArray,
  bitmap: Uint8Array,
): number {
  let count = 0
  let at = start
  let octet = 0
  for (; at + 8 <= end; at += 8, octet++) {
    let bits = 0
    for (let i = 0; i < 8; i++) {
      const index = indexes[at + i]!
      values[count] = index
      const present = index === 0 ? 0 : 1
      count += present
      bits |= present << i
    }
    bitmap[octet] = bits
  }
  if (at < end) {
    let bits = 0
    for (let i = 0; at + i < end; i++) {
      const index = indexes[at + i]!
      if (index === 0) continue
      values[count++] = index
      bits |= 1 << i
    }
    bitmap[octet] = bits
  }
  return count
}
