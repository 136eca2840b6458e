import { createHash } from 'node:crypto'
import { type LatLng, type PolygonInput, readPolygons, type Rings } from '@ukpolice/client'

/**
 * SHA-256, in hex, of the shape of an area: the same however the polygons are written.
 *
 * Neither the kind of GeoJSON counts, nor the order of polygons and holes, nor where a ring begins,
 * which way it runs and whether its first vertex is given again.
 *
 * @throws {UkPoliceError} OPTION_BAD_POLYGON
 */
export function areaSha256(within: PolygonInput): string {
  const polygons = readPolygons(within).map(polygonText).toSorted()
  return createHash('sha256').update(polygons.join('\n')).digest('hex')
}

function polygonText(rings: Rings): string {
  const [outer, ...holes] = rings.map(ringText)
  return [outer, ...holes.toSorted()].join(';')
}

/** The vertices from the first in text order, the way round that comes first in text order. */
function ringText(ring: readonly LatLng[]): string {
  const vertices = ring.map(({ lat, lng }) => `${lat},${lng}`)
  const ways = [vertices, vertices.toReversed()].flatMap(turnsToFirst)
  return ways.toSorted()[0]!
}

/** A ring that touches itself may have its first vertex more than once. */
function turnsToFirst(vertices: readonly string[]): readonly string[] {
  const first = vertices.toSorted()[0]
  return vertices.flatMap((vertex, start) =>
    vertex === first ? [...vertices.slice(start), ...vertices.slice(0, start)].join(' ') : [],
  )
}
