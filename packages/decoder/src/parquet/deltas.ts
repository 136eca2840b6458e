import type { ByteWriter } from './byte-writer.js'
import { BLOCK_VALUES, type Kernels, MINIBLOCK_VALUES } from './kernels/kernels.js'

/** Largest distance between numbers that `writeDeltas` takes. */
export const MAX_DELTA_RANGE = 2 ** 31 - 1

/**
 * DELTA_BINARY_PACKED numbers, at most {@link MAX_DELTA_RANGE} apart: `values` holds their low 32
 * bits, `first` the first of them in full. Source: Encodings.md, "Delta Encoding".
 */
export function writeDeltas(
  kernels: Kernels,
  out: ByteWriter,
  values: Int32Array,
  start: number,
  count: number,
  first: number,
): void {
  out.varint(BLOCK_VALUES)
  out.varint(BLOCK_VALUES / MINIBLOCK_VALUES)
  out.varint(count)
  out.zigzag(count > 0 ? first : 0)
  // A block takes at most 5 bytes of least difference, 4 of widths and 4 a value.
  out.reserve((Math.ceil(count / BLOCK_VALUES) + 1) * (BLOCK_VALUES * 4 + 16))
  out.length = kernels.writeDeltas(values, start, count, out.bytes, out.length)
}
