import { OptionError } from './errors.js'
import { shown } from './shown.js'

/** A point in decimal degrees, WGS84. */
export interface LatLng {
  readonly lat: number
  readonly lng: number
}

/** A GeoJSON position: longitude first. */
export type GeoJsonPosition = readonly number[]

/** A GeoJSON polygon: the outer ring, then the holes. */
export interface GeoJsonPolygon {
  readonly type: 'Polygon'
  readonly coordinates: readonly (readonly GeoJsonPosition[])[]
}

/** Several GeoJSON polygons. */
export interface GeoJsonMultiPolygon {
  readonly type: 'MultiPolygon'
  readonly coordinates: readonly (readonly (readonly GeoJsonPosition[])[])[]
}

/** A GeoJSON feature with a polygon or multipolygon. */
export interface GeoJsonFeature {
  readonly type: 'Feature'
  readonly geometry: GeoJsonPolygon | GeoJsonMultiPolygon | null
}

/** A GeoJSON collection whose features are all polygons or multipolygons; their union is meant. */
export interface GeoJsonFeatureCollection {
  readonly type: 'FeatureCollection'
  readonly features: readonly GeoJsonFeature[]
}

/** Any of the GeoJSON forms of an area. */
export type GeoJsonArea =
  GeoJsonPolygon | GeoJsonMultiPolygon | GeoJsonFeature | GeoJsonFeatureCollection

/** One ring: points, or the boundary of a neighbourhood as the service gives it. */
export type Ring =
  readonly LatLng[] | readonly { readonly latitude: string; readonly longitude: string }[]

/** An area given as one ring or as GeoJSON. */
export type PolygonInput = Ring | GeoJsonArea

/** The circle of one mile around a point; the service does not allow another radius. */
export interface PointArea {
  readonly at: LatLng
  readonly within?: never
  readonly location?: never
}

/** The inside of a polygon. */
export interface PolygonArea {
  readonly within: PolygonInput
  readonly at?: never
  readonly location?: never
}

/** One map point, by the `location.street.id` of another answer. */
export interface LocationArea {
  readonly location: number
  readonly at?: never
  readonly within?: never
}

/** Rings of one polygon: the outer one first, then holes, none closed by a repeated vertex. */
export type Rings = readonly (readonly LatLng[])[]

/** Refuses keys that no option has, so that a misspelt one is not silently ignored. */
export function requireKnownKeys(input: object, known: readonly string[], what: string): void {
  if (typeof input !== 'object' || input === null) {
    throw new OptionError(
      'OPTION_INVALID',
      `${what} takes an object, not ${shown(input)}; it can have ${known.map((name) => `"${name}"`).join(', ')}`,
    )
  }
  for (const key of Object.keys(input)) {
    if (known.includes(key)) continue
    throw new OptionError(
      'OPTION_UNKNOWN_KEY',
      `${what} has no key "${key}"; use ${known.map((name) => `"${name}"`).join(', ')}`,
      { context: { key } },
    )
  }
}

/** Checks a point. @throws {OptionError} `OPTION_BAD_AREA` */
export function requirePoint(point: LatLng, name = 'at'): LatLng {
  const { lat, lng } = (point ?? {}) as Partial<LatLng>
  if (!isLatitude(lat) || !isLongitude(lng)) {
    throw new OptionError(
      'OPTION_BAD_AREA',
      `${name} must be { lat, lng } in decimal degrees, such as { lat: 52.63, lng: -1.13 }, not ${shown(point)}`,
      { context: { [name]: point } },
    )
  }
  if (!inUnitedKingdom(point) && inUnitedKingdom({ lat: lng, lng: lat })) {
    throw new OptionError(
      'OPTION_BAD_AREA',
      `${name} has latitude ${lat} and longitude ${lng}, which lies in the United Kingdom only with the two swapped; swap them`,
      { context: { [name]: point } },
    )
  }
  if (!inUnitedKingdom(point)) {
    throw new OptionError(
      'OPTION_BAD_AREA',
      `${name} has latitude ${lat} and longitude ${lng}, which is outside the United Kingdom: the service would answer an empty list; check the signs, longitudes west of Greenwich are negative`,
      { context: { [name]: point } },
    )
  }
  return { lat, lng }
}

/** Checks a map location id. @throws {OptionError} `OPTION_BAD_ID` */
export function requireLocation(location: number): number {
  if (Number.isSafeInteger(location) && location > 0) return location
  throw new OptionError(
    'OPTION_BAD_ID',
    `location must be a positive whole number taken from location.street.id of a row, not ${shown(location)}`,
    { context: { location } },
  )
}

/**
 * Reads any form of area into polygons of rings.
 *
 * @throws {OptionError} `OPTION_BAD_POLYGON` naming the ring and the vertex that is wrong
 */
export function readPolygons(input: PolygonInput): readonly Rings[] {
  const polygons = rawPolygons(input)
  if (polygons.length === 0) throw badPolygon('the area holds no polygon; give at least one')
  const clean = polygons.map((rings, polygonIndex) => {
    if (rings.length === 0) throw badPolygon(`polygon ${polygonIndex + 1} has no ring`)
    return rings.map((ring, ringIndex) => cleanRing(ring, polygonIndex, ringIndex))
  })
  if (!clean.some(([outer]) => touchesUnitedKingdom(outer as readonly LatLng[]))) {
    throw badPolygon(
      'the area lies outside the United Kingdom, where the service has nothing and answers an empty list; check the signs, longitudes west of Greenwich are negative',
    )
  }
  return clean
}

/** Whether an area can be asked for: what {@link readPolygons} refuses, cannot. */
export function isUsableArea(input: PolygonInput): boolean {
  try {
    readPolygons(input)
    return true
  } catch (error) {
    if (error instanceof OptionError) return false
    throw error
  }
}

/**
 * Reads an area that fits into one request: one ring without holes.
 *
 * @throws {OptionError} `OPTION_BAD_POLYGON`, also for holes and several polygons, which only the
 *   tiled methods can ask for
 */
export function readSingleRing(input: PolygonInput): readonly LatLng[] {
  const polygons = readPolygons(input)
  const [rings] = polygons
  if (polygons.length > 1 || (rings as Rings).length > 1) {
    throw badPolygon(
      'the service takes one polygon without holes in a request; use the tiled method for holes and multipolygons',
    )
  }
  return (rings as Rings)[0] as readonly LatLng[]
}

/** The `poly` text of a ring: `lat,lng:lat,lng`, latitude first, without exponents. */
export function polyText(ring: readonly LatLng[]): string {
  return ring.map(({ lat, lng }) => `${decimalText(lat)},${decimalText(lng)}`).join(':')
}

/** A number as plain decimal text, shortest form that reads back equal. */
export function decimalText(value: number): string {
  const text = String(value === 0 ? 0 : value)
  return text.includes('e') ? value.toFixed(20).replace(/0+$/, '').replace(/\.$/, '') : text
}

function rawPolygons(input: unknown): readonly (readonly (readonly LatLng[])[])[] {
  if (Array.isArray(input)) return [[input.map(readVertex)]]
  const typed = (input ?? {}) as { type?: unknown } & Record<string, unknown>
  switch (typed.type) {
    case 'Polygon':
      return [readGeoJsonRings(typed['coordinates'])]
    case 'MultiPolygon':
      return asArray(typed['coordinates'], 'coordinates of a MultiPolygon').map(readGeoJsonRings)
    case 'Feature':
      return rawPolygons(typed['geometry'])
    case 'FeatureCollection':
      return asArray(typed['features'], 'features of a FeatureCollection').flatMap(rawPolygons)
    default:
      throw badPolygon(
        `an area is an array of { lat, lng }, a neighbourhood boundary, or GeoJSON of type Polygon, MultiPolygon, Feature or FeatureCollection, not ${shown(typed.type ?? input)}`,
      )
  }
}

function readGeoJsonRings(coordinates: unknown): readonly (readonly LatLng[])[] {
  return asArray(coordinates, 'coordinates of a Polygon').map((ring) =>
    asArray(ring, 'ring').map((position) => {
      const [lng, lat] = asArray(position, 'position') as [unknown, unknown]
      return { lat: lat as number, lng: lng as number }
    }),
  )
}

function asArray(value: unknown, what: string): readonly unknown[] {
  if (Array.isArray(value)) return value as readonly unknown[]
  throw badPolygon(`the ${what} must be an array, not ${shown(value)}`)
}

function readVertex(vertex: unknown): LatLng {
  const { lat, lng, latitude, longitude } = (vertex ?? {}) as Record<string, unknown>
  if (typeof latitude === 'string' && typeof longitude === 'string') {
    return { lat: parseDecimal(latitude), lng: parseDecimal(longitude) }
  }
  return { lat: lat as number, lng: lng as number }
}

function parseDecimal(text: string): number {
  return text.trim() === '' ? Number.NaN : Number(text)
}

function cleanRing(
  ring: readonly LatLng[],
  polygonIndex: number,
  ringIndex: number,
): readonly LatLng[] {
  const where = `ring ${ringIndex + 1} of polygon ${polygonIndex + 1}`
  ring.forEach(({ lat, lng }, index) => {
    if (isLatitude(lat) && isLongitude(lng)) return
    throw badPolygon(
      `vertex ${index + 1} in ${where} is ${shown({ lat, lng })}; latitude must be from -90 to 90 and longitude from -180 to 180`,
    )
  })
  const clean = ring.filter((vertex, index) => {
    const before = ring[(index + ring.length - 1) % ring.length] as LatLng
    return ring.length === 1 || vertex.lat !== before.lat || vertex.lng !== before.lng
  })
  if (clean.length < 3) {
    throw badPolygon(`${where} has ${clean.length} distinct vertices; a polygon needs at least 3`)
  }
  const first = clean[0] as LatLng
  const flat = clean.every(({ lat, lng }, index) => {
    const next = clean[(index + 1) % clean.length] as LatLng
    const cross =
      (lat - first.lat) * (next.lng - first.lng) - (next.lat - first.lat) * (lng - first.lng)
    return Math.abs(cross) < 1e-15
  })
  if (flat) throw badPolygon(`all vertices in ${where} lie on one line; a polygon needs an inside`)
  const swapped = clean.map(({ lat, lng }) => ({ lat: lng, lng: lat }))
  if (!clean.some(inUnitedKingdom) && swapped.every(inUnitedKingdom)) {
    throw badPolygon(
      `${where} lies in the United Kingdom only with latitude and longitude swapped; swap them (GeoJSON puts longitude first)`,
    )
  }
  return clean
}

function isLatitude(value: unknown): value is number {
  return typeof value === 'number' && value >= -90 && value <= 90
}

function isLongitude(value: unknown): value is number {
  return typeof value === 'number' && value >= -180 && value <= 180
}

const unitedKingdom = { south: 49, west: -9, north: 61.5, east: 3 }

function inUnitedKingdom({ lat, lng }: LatLng): boolean {
  const { south, west, north, east } = unitedKingdom
  return lat > south && lat < north && lng > west && lng < east
}

/** By the rectangle around the ring, so never false for an area that holds a part of it. */
function touchesUnitedKingdom(ring: readonly LatLng[]): boolean {
  const lats = ring.map(({ lat }) => lat)
  const lngs = ring.map(({ lng }) => lng)
  const { south, north, west, east } = unitedKingdom
  return (
    lats.some((lat) => lat < north) &&
    lats.some((lat) => lat > south) &&
    lngs.some((lng) => lng < east) &&
    lngs.some((lng) => lng > west)
  )
}

function badPolygon(message: string): OptionError {
  return new OptionError('OPTION_BAD_POLYGON', message)
}
