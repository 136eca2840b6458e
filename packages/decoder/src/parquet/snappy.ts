/**
 * Snappy block compression: literals and copies from up to 64 KiB back, found by one look into a
 * table of recent four-byte words.
 *
 * Source: google/snappy, `format_description.txt`.
 */

/** Input is cut into blocks of this size; copies never reach into the block before. */
const BLOCK_BYTES = 1 << 16
const TABLE_BITS = 14
/** Closer to the end of a block no match is looked for, so that words can be read without care. */
const END_MARGIN = 15
const MAX_COPY = 64

const table = new Uint16Array(1 << TABLE_BITS)

/** Most bytes that `length` bytes can become. */
function maxCompressedLength(length: number): number {
  return 32 + length + Math.floor(length / 6)
}

let output = new Uint8Array(0)

/** Compresses `input`; the result is overwritten by the next call. */
export function compressSnappy(input: Uint8Array): Uint8Array {
  if (output.length < maxCompressedLength(input.length)) {
    output = new Uint8Array(maxCompressedLength(input.length) * 2)
  }
  let p = 0
  let rest = input.length
  while (rest > 127) {
    output[p++] = (rest & 127) | 128
    rest >>>= 7
  }
  output[p++] = rest
  const view = new DataView(input.buffer, input.byteOffset, input.length)
  for (let start = 0; start < input.length; start += BLOCK_BYTES) {
    const end = Math.min(start + BLOCK_BYTES, input.length)
    p = compressBlock(input, view, start, end, output, p)
  }
  return output.subarray(0, p)
}

function compressBlock(
  input: Uint8Array,
  view: DataView,
  start: number,
  end: number,
  target: Uint8Array,
  position: number,
): number {
  table.fill(0)
  const limit = end - END_MARGIN
  let p = position
  let literalStart = start
  // The first byte is never a match: position 0 in the table means "nothing seen".
  let at = start + 1
  let misses = 32
  while (at < limit) {
    const word = view.getInt32(at, true)
    const slot = Math.imul(word, 0x1e35a7bd) >>> (32 - TABLE_BITS)
    const candidate = start + table[slot]!
    table[slot] = at - start
    if (view.getInt32(candidate, true) !== word) {
      // Bytes that do not compress are passed over faster and faster.
      at += misses++ >> 5
      continue
    }
    misses = 32
    let length = 4
    while (at + length < end && input[at + length] === input[candidate + length]) length++
    p = writeLiteral(input, literalStart, at, target, p)
    p = writeCopies(at - candidate, length, target, p)
    at += length
    literalStart = at
  }
  return writeLiteral(input, literalStart, end, target, p)
}

function writeLiteral(
  input: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  position: number,
): number {
  if (start === end) return position
  const last = end - start - 1
  let p = position
  if (last < 60) target[p++] = last << 2
  else if (last < 256) {
    target[p++] = 60 << 2
    target[p++] = last
  } else {
    target[p++] = 61 << 2
    target[p++] = last & 255
    target[p++] = last >> 8
  }
  if (end - start > 32) {
    target.set(input.subarray(start, end), p)
    return p + end - start
  }
  for (let i = start; i < end; i++) target[p++] = input[i]!
  return p
}

function writeCopies(offset: number, length: number, target: Uint8Array, position: number): number {
  let p = position
  let left = length
  while (left > 0) {
    if (left >= 4 && left <= 11 && offset < 2048) {
      target[p++] = 1 | ((left - 4) << 2) | ((offset >> 8) << 5)
      target[p++] = offset & 255
      return p
    }
    const count = Math.min(left, MAX_COPY)
    target[p++] = 2 | ((count - 1) << 2)
    target[p++] = offset & 255
    target[p++] = offset >> 8
    left -= count
  }
  return p
}
