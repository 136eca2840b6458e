import type { LatLng, Rings } from './area.js'
import type { CellBounds } from './errors.js'

/**
 * Cuts the inside of some rings, by the even-odd rule, to a rectangle.
 *
 * Each side of the rectangle cuts in turn. Crossings with the cutting line are paired in their
 * order along it, so that a concave polygon falls apart into separate pieces instead of pieces
 * joined by bridges of no width, whichever way the rings run. Corners of the polygon, and edges along a meridian or parallel, keep their exact
 * coordinates.
 */
export function clipToCell(rings: Rings, cell: CellBounds): Rings {
  let clipped = rings
  if (Number.isFinite(cell.south)) clipped = cutHalf(clipped, 'lat', cell.south, 1)
  if (Number.isFinite(cell.north)) clipped = cutHalf(clipped, 'lat', cell.north, -1)
  if (Number.isFinite(cell.west)) clipped = cutHalf(clipped, 'lng', cell.west, 1)
  if (Number.isFinite(cell.east)) clipped = cutHalf(clipped, 'lng', cell.east, -1)
  return clipped
}

type Axis = 'lat' | 'lng'

/**
 * The part of a polygon where `axis` is at least (`side` 1) or at most (`side` -1) the value.
 *
 * A vertex exactly on the line counts as outside, which is right for the even-odd pairing and
 * moves nothing: cells are cut with a margin, so nothing is decided on the line itself.
 */
function cutHalf(rings: Rings, axis: Axis, value: number, side: 1 | -1): Rings {
  const other: Axis = axis === 'lat' ? 'lng' : 'lat'
  const kept: (readonly LatLng[])[] = []
  const chains: LatLng[][] = []

  for (const ring of rings) {
    const inside = ring.map((point) => side * (point[axis] - value) > 0)
    if (inside.every(Boolean)) kept.push(ring)
    if (inside.every(Boolean) || !inside.some(Boolean)) continue
    // Start at a vertex outside, so that every run of inside vertices is whole.
    const start = inside.indexOf(false)
    let chain: LatLng[] = []
    for (let step = 0; step < ring.length; step += 1) {
      const from = (start + step) % ring.length
      const to = (from + 1) % ring.length
      if (inside[from] !== inside[to]) {
        if (inside[to]) chain = []
        chain.push(crossingPoint(ring[from] as LatLng, ring[to] as LatLng, axis, value))
        if (inside[from]) chains.push(chain)
      }
      if (inside[to]) chain.push(ring[to] as LatLng)
    }
  }

  // Along the line, the inside lies between the first and second crossing, the third and fourth,
  // and so on: a border that ends at one side of such a stretch goes on at its other side.
  const ends = chains.flatMap((chain, index) => [
    { chain: index, last: false, at: (chain[0] as LatLng)[other] },
    { chain: index, last: true, at: (chain.at(-1) as LatLng)[other] },
  ])
  ends.sort((a, b) => a.at - b.at)
  const partner = new Map<number, number>()
  ends.forEach((end, index) => {
    const mate = ends[index ^ 1] as (typeof ends)[number]
    partner.set(end.chain * 2 + Number(end.last), mate.chain * 2 + Number(mate.last))
  })

  const used = new Set<number>()
  chains.forEach((_, first) => {
    if (used.has(first)) return
    const ring: LatLng[] = []
    let end = first * 2
    while (!used.has(end >> 1)) {
      used.add(end >> 1)
      const chain = chains[end >> 1] as LatLng[]
      for (const point of end % 2 === 0 ? chain : [...chain].reverse()) ring.push(point)
      end = partner.get(end ^ 1) as number
    }
    const clean = ring.filter((point, index) => {
      const before = ring[(index + ring.length - 1) % ring.length] as LatLng
      return point.lat !== before.lat || point.lng !== before.lng
    })
    if (clean.length >= 3) kept.push(clean)
  })
  return kept
}

/** Where an edge meets the line; computed from the same end whichever way the edge runs. */
function crossingPoint(a: LatLng, b: LatLng, axis: Axis, value: number): LatLng {
  const [low, high] = a[axis] < b[axis] ? [a, b] : [b, a]
  const other: Axis = axis === 'lat' ? 'lng' : 'lat'
  if (value === low[axis] || low[other] === high[other]) return withAxis(axis, value, low[other])
  if (value === high[axis]) return withAxis(axis, value, high[other])
  const slope = (high[other] - low[other]) / (high[axis] - low[axis])
  return withAxis(axis, value, low[other] + slope * (value - low[axis]))
}

function withAxis(axis: Axis, value: number, at: number): LatLng {
  return axis === 'lat' ? { lat: value, lng: at } : { lat: at, lng: value }
}

/** The smallest rectangle around some rings. */
export function boundsOf(rings: Rings): CellBounds {
  let [south, west, north, east] = [Infinity, Infinity, -Infinity, -Infinity]
  for (const ring of rings) {
    for (const { lat, lng } of ring) {
      south = Math.min(south, lat)
      north = Math.max(north, lat)
      west = Math.min(west, lng)
      east = Math.max(east, lng)
    }
  }
  return { south, west, north, east }
}

// Rows have six decimals, so a point this near to the border of a hole lies on it.
const borderDegrees = 1e-9

/** True when a point lies in a hole: inside its ring and not on the ring itself. */
export function holeHolds(ring: readonly LatLng[], { lat, lng }: LatLng): boolean {
  let inside = false
  for (let index = 0; index < ring.length; index += 1) {
    const from = ring[index] as LatLng
    const to = ring[(index + 1) % ring.length] as LatLng
    const dLat = to.lat - from.lat
    const dLng = to.lng - from.lng
    const along = ((lat - from.lat) * dLat + (lng - from.lng) * dLng) / (dLat ** 2 + dLng ** 2)
    const nearest = Math.min(1, Math.max(0, along))
    const offLat = lat - from.lat - nearest * dLat
    const offLng = lng - from.lng - nearest * dLng
    if (Math.hypot(offLat, offLng) <= borderDegrees) return false
    if (from.lat > lat !== to.lat > lat && lng < from.lng + (dLng * (lat - from.lat)) / dLat) {
      inside = !inside
    }
  }
  return inside
}
