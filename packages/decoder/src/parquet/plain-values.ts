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
  const bytes = new Uint8Array(physical === 'int32' ? 4 : 8)
  for (let i = 0; i < 4; i++) bytes[i] = value >>> (i * 8)
  const high = Math.floor(value / 2 ** 32)
  for (let i = 4; i < bytes.length; i++) bytes[i] = high >> ((i - 4) * 8)
  return bytes
}
