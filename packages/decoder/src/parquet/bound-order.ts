import { compareBytes } from './byte-order.js'
import type { PhysicalType } from './format.js'

/** Order of two bounds of a column, as its type defines it. */
export function compareBounds(physical: PhysicalType, a: Uint8Array, b: Uint8Array): number {
  if (physical === 'byteArray' || physical === 'boolean') return compareBytes(a, b)
  if (physical === 'int32') return int32At(a, 0) - int32At(b, 0)
  const high = int32At(a, 4) - int32At(b, 4)
  return high === 0 ? (int32At(a, 0) >>> 0) - (int32At(b, 0) >>> 0) : high
}

function int32At(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
}
