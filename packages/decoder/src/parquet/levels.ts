import type { ByteWriter } from './byte-writer.js'
import type { Kernels } from './kernels/kernels.js'

/**
 * Definition levels of a page (1 = value, 0 = null), with their four-byte length in front.
 *
 * @param bitmap one bit a row, least significant first; not read when all or none are null
 * @param start first row of the page: a multiple of eight
 */
export function writeLevels(
  kernels: Kernels,
  out: ByteWriter,
  bitmap: Uint8Array,
  start: number,
  rowCount: number,
  valueCount: number,
): void {
  const lengthAt = out.length
  // A literal byte covers eight rows; runs and headers take less than the bytes they replace.
  out.reserve(4 + (rowCount >>> 2) + 32)
  out.length += 4
  if (valueCount === rowCount || valueCount === 0) {
    out.varint(rowCount * 2)
    out.byte(valueCount === 0 ? 0 : 1)
  } else {
    out.length = kernels.writeLevels(bitmap, start, rowCount, out.bytes, out.length)
  }
  out.view.setUint32(lengthAt, out.length - lengthAt - 4, true)
}
