// The test server decides membership with its own geometry, written apart from the client's, so
// that one mistake cannot hide in both.

/** A vertex as the server reads it from `poly`. */
export interface Vertex {
  readonly lat: number
  readonly lng: number
}

/**
 * What the server does with a point exactly on the border of a polygon: the real service's rule is
 * not documented, so the client must be right under each.
 */
export type BorderRule = 'inside' | 'outside' | 'half-open'

// Map points have six decimals; anything nearer to an edge than this lies on it.
const onEdgeDegrees = 1e-13

/** Says whether a point belongs to a polygon. */
export function polygonHolds(
  ring: readonly Vertex[],
  lat: number,
  lng: number,
  border: BorderRule,
): boolean {
  if (border === 'half-open') return crossings(ring, lat + 1.7e-10, lng + 1.1e-10) % 2 === 1
  for (let index = 0; index < ring.length; index += 1) {
    const from = ring[index] as Vertex
    const to = ring[(index + 1) % ring.length] as Vertex
    if (distanceToEdge(from, to, lat, lng) <= onEdgeDegrees) return border === 'inside'
  }
  return crossings(ring, lat, lng) % 2 === 1
}

function crossings(ring: readonly Vertex[], lat: number, lng: number): number {
  let count = 0
  for (let index = 0; index < ring.length; index += 1) {
    const from = ring[index] as Vertex
    const to = ring[(index + 1) % ring.length] as Vertex
    if (from.lat > lat === to.lat > lat) continue
    const at = from.lng + ((to.lng - from.lng) * (lat - from.lat)) / (to.lat - from.lat)
    if (at > lng) count += 1
  }
  return count
}

function distanceToEdge(from: Vertex, to: Vertex, lat: number, lng: number): number {
  const dLat = to.lat - from.lat
  const dLng = to.lng - from.lng
  const lengthSquared = dLat * dLat + dLng * dLng
  if (lengthSquared === 0) return Math.hypot(lat - from.lat, lng - from.lng)
  const along = ((lat - from.lat) * dLat + (lng - from.lng) * dLng) / lengthSquared
  if (along < 0) return Math.hypot(lat - from.lat, lng - from.lng)
  if (along > 1) return Math.hypot(lat - to.lat, lng - to.lng)
  const cross = (lat - from.lat) * dLng - (lng - from.lng) * dLat
  return Math.abs(cross) / Math.sqrt(lengthSquared)
}

/** Great-circle metres between two points. */
export function metresBetween(a: Vertex, b: Vertex): number {
  const rad = Math.PI / 180
  const sinLat = Math.sin(((b.lat - a.lat) * rad) / 2)
  const sinLng = Math.sin(((b.lng - a.lng) * rad) / 2)
  const h = sinLat ** 2 + Math.cos(a.lat * rad) * Math.cos(b.lat * rad) * sinLng ** 2
  return 2 * 6_371_008.8 * Math.asin(Math.min(1, Math.sqrt(h)))
}
