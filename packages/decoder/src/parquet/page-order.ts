import { compareBytes } from './byte-order.js'
import type { PhysicalType } from './format.js'

/** Order of two bounds of a column, as its type defines it. */
export function compareBounds(physical: PhysicalType, a: Uint8Array, b: Uint8Array): number {
  if (physical === 'byteArray' || physical === 'boolean') return compareBytes(a, b)
  const x = new DataView(a.buffer, a.byteOffset, a.length)
  const y = new DataView(b.buffer, b.byteOffset, b.length)
  if (physical === 'int32') return x.getInt32(0, true) - y.getInt32(0, true)
  const high = x.getInt32(4, true) - y.getInt32(4, true)
  return high === 0 ? x.getUint32(0, true) - y.getUint32(0, true) : high
}
