import { deltaPacker } from './bit-packing.js'
import type { ByteWriter } from './byte-writer.js'
import { varint } from './rle.js'

const BLOCK_VALUES = 128
const MINIBLOCKS = 4
const MINIBLOCK_VALUES = BLOCK_VALUES / MINIBLOCKS

const deltas = new Int32Array(BLOCK_VALUES)

/** Largest difference between the values that `writeDeltas` takes. */
export const MAX_DELTA_RANGE = 2 ** 31 - 1

/**
 * DELTA_BINARY_PACKED, blocks of 128 in four miniblocks.
 *
 * `values` holds the low 32 bits of whole numbers no more than {@link MAX_DELTA_RANGE} apart, of
 * which `first` is the first in full. Source: Encodings.md, "Delta Encoding".
 */
export function writeDeltas(
  out: ByteWriter,
  values: Int32Array,
  start: number,
  count: number,
  first: number,
): void {
  out.varint(BLOCK_VALUES)
  out.varint(MINIBLOCKS)
  out.varint(count)
  out.zigzag(count > 0 ? first : 0)
  // A block takes at most 5 bytes of least delta, 4 of widths and 4 a value.
  out.reserve((Math.ceil(count / BLOCK_VALUES) + 1) * (BLOCK_VALUES * 4 + 9))
  const { bytes } = out
  let p = out.length
  const end = start + count
  for (let at = start + 1; at < end; at += BLOCK_VALUES) {
    const size = Math.min(BLOCK_VALUES, end - at)
    const least = takeDeltas(values, at, size)
    p = varint(bytes, p, least >= 0 ? least * 2 : -least * 2 - 1)
    const widthsAt = p
    p += MINIBLOCKS
    for (let miniblock = 0; miniblock < MINIBLOCKS; miniblock++) {
      const from = miniblock * MINIBLOCK_VALUES
      const bitWidth = from < size ? lessLeast(from, least) : 0
      bytes[widthsAt + miniblock] = bitWidth
      if (bitWidth === 0) continue
      p = deltaPacker(bitWidth)(deltas, from, MINIBLOCK_VALUES / 8, NO_MAP, bytes, p)
    }
  }
  out.length = p
}

const NO_MAP = new Uint32Array(0)

/** Fills `deltas` with differences, the least of them behind the last; returns the least. */
function takeDeltas(values: Int32Array, start: number, size: number): number {
  let least = MAX_DELTA_RANGE
  let previous = values[start - 1]!
  for (let i = 0; i < size; i++) {
    const value = values[start + i]!
    const delta = (value - previous) | 0
    previous = value
    deltas[i] = delta
    if (delta < least) least = delta
  }
  for (let i = size; i < BLOCK_VALUES; i++) deltas[i] = least
  return least
}

/** Takes the least off the differences of a miniblock; returns the bits the largest then needs. */
function lessLeast(from: number, least: number): number {
  let bits = 0
  for (let i = from; i < from + MINIBLOCK_VALUES; i++) {
    const delta = (deltas[i]! - least) | 0
    deltas[i] = delta
    bits |= delta
  }
  return 32 - Math.clz32(bits)
}
