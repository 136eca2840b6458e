import { deltaPacker } from './bit-packing.js'
import type { ByteWriter } from './byte-writer.js'
import { varint } from './rle.js'

const BLOCK_VALUES = 128
const MINIBLOCKS = 4
const MINIBLOCK_VALUES = BLOCK_VALUES / MINIBLOCKS

const deltas = new Int32Array(BLOCK_VALUES)

/** Largest difference between neighbours that `writeDeltas` takes. */
export const MAX_DELTA = 2 ** 30

/**
 * DELTA_BINARY_PACKED, blocks of 128 in four miniblocks: the first `count` of `values`, whole
 * numbers whose neighbours differ by at most {@link MAX_DELTA}.
 *
 * Source: Encodings.md, "Delta Encoding".
 */
export function writeDeltas(
  out: ByteWriter,
  values: Int32Array | Float64Array,
  count: number,
): void {
  out.varint(BLOCK_VALUES)
  out.varint(MINIBLOCKS)
  out.varint(count)
  out.zigzag(count > 0 ? values[0]! : 0)
  out.reserve(count * 5 + 1024)
  const { bytes } = out
  let p = out.length
  for (let start = 1; start < count; start += BLOCK_VALUES) {
    const size = Math.min(BLOCK_VALUES, count - start)
    const least = takeDeltas(values, start, size)
    p = varint(bytes, p, least >= 0 ? least * 2 : -least * 2 - 1)
    const widthsAt = p
    p += MINIBLOCKS
    for (let miniblock = 0; miniblock < MINIBLOCKS; miniblock++) {
      const first = miniblock * MINIBLOCK_VALUES
      const bitWidth = first < size ? widthOf(first) : 0
      bytes[widthsAt + miniblock] = bitWidth
      if (bitWidth === 0) continue
      p = deltaPacker(bitWidth)(deltas, first, MINIBLOCK_VALUES / 8, NO_MAP, bytes, p)
    }
  }
  out.length = p
}

const NO_MAP = new Uint32Array(0)

/** Fills `deltas` with the differences less their least, zeros behind them; returns the least. */
function takeDeltas(values: Int32Array | Float64Array, start: number, size: number): number {
  let least = MAX_DELTA
  let previous = values[start - 1]!
  for (let i = 0; i < size; i++) {
    const value = values[start + i]!
    const delta = value - previous
    previous = value
    deltas[i] = delta
    if (delta < least) least = delta
  }
  for (let i = 0; i < size; i++) deltas[i]! -= least
  for (let i = size; i < BLOCK_VALUES; i++) deltas[i] = 0
  return least
}

function widthOf(first: number): number {
  let bits = 0
  for (let i = first; i < first + MINIBLOCK_VALUES; i++) bits |= deltas[i]!
  return 32 - Math.clz32(bits)
}
