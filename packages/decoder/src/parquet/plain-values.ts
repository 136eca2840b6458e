import type { ByteWriter } from './byte-writer.js'
import type { PhysicalType } from './format.js'

/** Writes one number as INT32 or INT64, little-endian. */
export function writeNumber(out: ByteWriter, physical: PhysicalType, value: number): void {
  out.reserve(8)
  if (physical === 'int32') {
    out.view.setInt32(out.length, value, true)
    out.length += 4
    return
  }
  out.view.setUint32(out.length, value >>> 0, true)
  out.view.setInt32(out.length + 4, Math.floor(value / 2 ** 32), true)
  out.length += 8
}

/** The bytes of one number, as statistics hold them. */
export function numberBytes(physical: PhysicalType, value: number): Uint8Array {
  if (physical === 'boolean') return Uint8Array.of(value)
  const view = new DataView(new ArrayBuffer(physical === 'int32' ? 4 : 8))
  view.setUint32(0, value >>> 0, true)
  if (physical !== 'int32') view.setInt32(4, Math.floor(value / 2 ** 32), true)
  return new Uint8Array(view.buffer)
}
