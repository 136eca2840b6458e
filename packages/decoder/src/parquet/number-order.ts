const DIGIT_BITS = 11
const DIGITS = 1 << DIGIT_BITS
const DIGIT_MASK = DIGITS - 1

/**
 * Indexes from 1 on in ascending order of their numbers, after a 0. `values[0]` is not read.
 *
 * Sorts by digits of eleven bits where all numbers are less than 2^32 apart, which takes a tenth of
 * the time of comparing.
 */
export function orderOf(values: Float64Array): Uint32Array {
  const size = values.length
  let min = Infinity
  let max = -Infinity
  for (let i = 1; i < size; i++) {
    const value = values[i]!
    if (value < min) min = value
    if (value > max) max = value
  }
  const order = new Uint32Array(size)
  for (let i = 1; i < size; i++) order[i] = i
  if (size <= 2) return order
  if (max - min >= 2 ** 32) {
    order.subarray(1).sort((a, b) => values[a]! - values[b]!)
    return order
  }
  const keys = new Uint32Array(size)
  for (let i = 1; i < size; i++) keys[i] = values[i]! - min
  return sortByDigits(order, keys, max - min)
}

function sortByDigits(order: Uint32Array, keys: Uint32Array, maxKey: number): Uint32Array {
  const size = order.length
  const starts = new Uint32Array(DIGITS)
  let from: Uint32Array = order
  let to: Uint32Array = new Uint32Array(size)
  for (let shift = 0; maxKey / 2 ** shift >= 1; shift += DIGIT_BITS) {
    starts.fill(0)
    for (let i = 1; i < size; i++) starts[(keys[i]! >>> shift) & DIGIT_MASK]!++
    let next = 1
    for (let digit = 0; digit < DIGITS; digit++) {
      const count = starts[digit]!
      starts[digit] = next
      next += count
    }
    for (let i = 1; i < size; i++) {
      const index = from[i]!
      to[starts[(keys[index]! >>> shift) & DIGIT_MASK]!++] = index
    }
    const emptied = from
    from = to
    to = emptied
  }
  return from
}
