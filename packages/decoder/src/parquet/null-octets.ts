/**
 * Splitting indexes into a bitmap (bit set = value) and the values without the nulls, for each
 * width of index.
 *
 * Zero is null. Rows go by octets: most octets of a sparse column hold nothing and most of a full
 * one hold no null, which one look at their words tells. `words` is the same memory as `indexes`
 * by four bytes; `start` is a multiple of eight. `values` is written from `at` on and needs room
 * for eight more than the rows. Nothing is allocated.
 *
 * Each returns how many rows have a value. When all have, neither `values` nor `bitmap` is
 * written: the indexes themselves are the values.
 */

const BYTES_ONE = 0x01010101
const BYTES_LOW = 0x7f7f7f7f
const BYTES_HIGH = 0x80808080 | 0
const HALVES_ONE = 0x00010001
const HALVES_HIGH = 0x80008000 | 0

/** Bits of the non-zero bytes of a word, first byte lowest. */
function presentBytes(word: number): number {
  const high = ((((word & BYTES_LOW) + BYTES_LOW) | word) >>> 7) & BYTES_ONE
  return Math.imul(high, 0x01020408) >>> 24
}

/** See the head of this file. */
export function dropNulls8(
  indexes: Uint8Array,
  words: Int32Array,
  start: number,
  end: number,
  values: Uint8Array,
  at: number,
  bitmap: Uint8Array,
): number {
  let row = start
  for (; row + 8 <= end; row += 8) {
    const x = words[row >> 2]!
    const y = words[(row >> 2) + 1]!
    if (((((x - BYTES_ONE) & ~x) | ((y - BYTES_ONE) & ~y)) & BYTES_HIGH) !== 0) break
  }
  if (row + 8 > end && !hasNull(indexes, row, end)) return end - start
  values.set(indexes.subarray(start, row), at)
  bitmap.fill(255, 0, (row - start) >> 3)
  let next = at + row - start
  let octet = (row - start) >> 3
  for (; row + 8 <= end; row += 8, octet++) {
    const x = words[row >> 2]!
    const y = words[(row >> 2) + 1]!
    if ((x | y) === 0) {
      bitmap[octet] = 0
      continue
    }
    const bits = presentBytes(x) | (presentBytes(y) << 4)
    bitmap[octet] = bits
    values[next] = x
    next += bits & 1
    values[next] = x >> 8
    next += (bits >> 1) & 1
    values[next] = x >> 16
    next += (bits >> 2) & 1
    values[next] = x >> 24
    next += (bits >> 3) & 1
    values[next] = y
    next += (bits >> 4) & 1
    values[next] = y >> 8
    next += (bits >> 5) & 1
    values[next] = y >> 16
    next += (bits >> 6) & 1
    values[next] = y >> 24
    next += bits >> 7
  }
  return dropTailNulls(indexes, row, end, values, next, bitmap, octet) - at
}

/** See the head of this file. */
export function dropNulls16(
  indexes: Uint16Array,
  words: Int32Array,
  start: number,
  end: number,
  values: Uint16Array,
  at: number,
  bitmap: Uint8Array,
): number {
  let row = start
  for (; row + 8 <= end; row += 8) {
    const w = row >> 1
    const a = words[w]!
    const b = words[w + 1]!
    const c = words[w + 2]!
    const d = words[w + 3]!
    const zeros =
      ((a - HALVES_ONE) & ~a) |
      ((b - HALVES_ONE) & ~b) |
      ((c - HALVES_ONE) & ~c) |
      ((d - HALVES_ONE) & ~d)
    if ((zeros & HALVES_HIGH) !== 0) break
  }
  if (row + 8 > end && !hasNull(indexes, row, end)) return end - start
  values.set(indexes.subarray(start, row), at)
  bitmap.fill(255, 0, (row - start) >> 3)
  let next = at + row - start
  let octet = (row - start) >> 3
  for (; row + 8 <= end; row += 8, octet++) {
    const w = row >> 1
    const words0 = words[w]!
    const words1 = words[w + 1]!
    const words2 = words[w + 2]!
    const words3 = words[w + 3]!
    if ((words0 | words1 | words2 | words3) === 0) {
      bitmap[octet] = 0
      continue
    }
    const a = (words0 & 0xffff) === 0 ? 0 : 1
    values[next] = words0
    next += a
    const b = words0 >>> 16 === 0 ? 0 : 1
    values[next] = words0 >>> 16
    next += b
    const c = (words1 & 0xffff) === 0 ? 0 : 1
    values[next] = words1
    next += c
    const d = words1 >>> 16 === 0 ? 0 : 1
    values[next] = words1 >>> 16
    next += d
    const e = (words2 & 0xffff) === 0 ? 0 : 1
    values[next] = words2
    next += e
    const f = words2 >>> 16 === 0 ? 0 : 1
    values[next] = words2 >>> 16
    next += f
    const g = (words3 & 0xffff) === 0 ? 0 : 1
    values[next] = words3
    next += g
    const h = words3 >>> 16 === 0 ? 0 : 1
    values[next] = words3 >>> 16
    next += h
    bitmap[octet] = a | (b << 1) | (c << 2) | (d << 3) | (e << 4) | (f << 5) | (g << 6) | (h << 7)
  }
  return dropTailNulls(indexes, row, end, values, next, bitmap, octet) - at
}

/** See the head of this file. */
export function dropNulls32(
  indexes: Uint32Array,
  start: number,
  end: number,
  values: Uint32Array,
  at: number,
  bitmap: Uint8Array,
): number {
  let row = start
  while (row < end && indexes[row] !== 0) row++
  if (row === end) return end - start
  row &= ~7
  values.set(indexes.subarray(start, row), at)
  bitmap.fill(255, 0, (row - start) >> 3)
  let next = at + row - start
  let octet = (row - start) >> 3
  for (; row + 8 <= end; row += 8, octet++) {
    let bits = 0
    for (let i = 0; i < 8; i++) {
      const index = indexes[row + i]!
      values[next] = index
      const present = index === 0 ? 0 : 1
      next += present
      bits |= present << i
    }
    bitmap[octet] = bits
  }
  return dropTailNulls(indexes, row, end, values, next, bitmap, octet) - at
}

type Indexes = Uint8Array | Uint16Array | Uint32Array

function hasNull(indexes: Indexes, start: number, end: number): boolean {
  for (let row = start; row < end; row++) if (indexes[row] === 0) return true
  return false
}

function dropTailNulls(
  indexes: Indexes,
  start: number,
  end: number,
  values: Indexes,
  at: number,
  bitmap: Uint8Array,
  octet: number,
): number {
  let next = at
  let bits = 0
  for (let row = start; row < end; row++) {
    const index = indexes[row]!
    if (index === 0) continue
    values[next++] = index
    bits |= 1 << (row - start)
  }
  if (start < end) bitmap[octet] = bits
  return next
}
