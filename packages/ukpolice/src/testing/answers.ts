import type { Crime } from '../types.js'
import type { TestData } from './data.js'
import { type BorderRule, metresBetween, polygonHolds, type Vertex } from './geometry.js'

/** A request as far as its answer depends on it. */
export interface ApiRequest {
  readonly method: string
  /** Path and query as they stood in the request line. */
  readonly target: string
  /** Path below `/api/`, still percent-encoded. */
  readonly path: string
  /** Parameters of the query and the form together. */
  readonly params: URLSearchParams
  /** True when the body was a form. */
  readonly formType: boolean
}

/** What of a server's options an answer depends on. */
export interface AnswerOptions {
  readonly limit?: number
  readonly stopLimit?: number
  readonly border?: BorderRule
}

/** Status, body and headers of an answer. */
export interface Answer {
  readonly status: number
  readonly body: string | Uint8Array
  readonly headers: Readonly<Record<string, string>>
}

const empty = (status: number): Answer => ({ status, body: '', headers: {} })
const json = (value: unknown): Answer => ({
  status: 200,
  body: JSON.stringify(value),
  headers: { 'content-type': 'application/json' },
})
/** The 404 of the routes with ids in their path. */
export const notFoundText: Answer = {
  status: 404,
  body: 'Not Found',
  headers: { 'content-type': 'text/plain' },
}
const htmlBadRequest: Answer = {
  status: 400,
  body: '<html><head><title>400 Request Line is too large</title></head></html>',
  headers: { 'content-type': 'text/html' },
}

const mileMetres = 1609.344
const longestRequestLine = 4094

interface Placed<Row> {
  readonly row: Row
  readonly lat: number
  readonly lng: number
  readonly street: number
}

/** Data arranged for answering: rows by month, with their places as numbers. */
export interface IndexedData {
  readonly data: TestData
  readonly newest: string
  readonly oldest: string
  readonly crimes: ReadonlyMap<string, readonly Placed<Crime>[]>
  readonly outcomes: ReadonlyMap<string, readonly Placed<unknown>[]>
  readonly stops: ReadonlyMap<string, readonly Placed<unknown>[]>
  readonly streets: ReadonlySet<number>
}

/** Arranges data for answering. */
export function indexData(data: TestData): IndexedData {
  const streets = new Set<number>()
  const place = <Row>(
    target: Map<string, Placed<Row>[]>,
    month: string,
    row: Row,
    location: Crime['location'],
  ): void => {
    if (!location) return
    const placed = {
      row,
      lat: Number(location.latitude),
      lng: Number(location.longitude),
      street: location.street.id,
    }
    streets.add(placed.street)
    const rows = target.get(month)
    if (rows) rows.push(placed)
    else target.set(month, [placed])
  }
  const crimes = new Map<string, Placed<Crime>[]>()
  const outcomes = new Map<string, Placed<unknown>[]>()
  const stops = new Map<string, Placed<unknown>[]>()
  for (const { row } of data.crimes ?? []) place(crimes, row.month, row, row.location)
  for (const { row } of data.outcomes ?? []) place(outcomes, row.date, row, row.crime.location)
  for (const { month, row } of data.stops ?? []) place(stops, month, row, row.location)
  const months = data.availability.map((entry) => entry.date).sort()
  return {
    data,
    newest: months.at(-1) ?? '0000-00',
    oldest: months[0] ?? '9999-99',
    crimes,
    outcomes,
    stops,
    streets,
  }
}

/** The answer of the service to a request. */
export function answerRequest(
  request: ApiRequest,
  index: IndexedData,
  options: AnswerOptions,
): Answer {
  const { formType } = request
  const line = `${request.method} ${request.target} HTTP/1.1`
  if (line.length > longestRequestLine) return htmlBadRequest
  let segments: string[]
  try {
    segments = request.path.split('/').map(decodeURIComponent)
  } catch {
    return notFoundText
  }
  const [first, second, third] = segments
  const areaRoute =
    (first === 'crimes-street' && segments.length === 2) ||
    ((first === 'outcomes-at-location' || first === 'stops-street') && segments.length === 1)
  if (request.method === 'POST' && areaRoute) {
    if (!formType) return empty(400)
  } else if (request.method !== 'GET' && request.method !== 'HEAD') {
    return empty(405)
  }

  const { params } = request
  const { data } = index
  const dateText = params.get('date')
  const date = dateText ?? index.newest
  const badDate =
    !/^\d{4}-(0[1-9]|1[0-2])$/.test(date) || (date < index.oldest && date !== index.newest)

  if (segments.length === 1) {
    switch (first) {
      case 'crimes-street-dates':
        return json(data.availability)
      case 'crime-last-updated':
        return json({ date: `${index.newest}-01` })
      case 'crime-categories':
        return json(data.categories)
      case 'forces':
        return json(data.forces)
      case 'crimes-at-location':
      case 'crimes-no-location':
      case 'outcomes-at-location':
      case 'stops-street':
      case 'stops-at-location':
      case 'stops-no-location':
      case 'stops-force':
        break
      case 'locate-neighbourhood':
        return locate(params.get('q'), index)
      default:
        return notFoundText
    }
  }

  if (first === 'crimes-street' && segments.length === 2) {
    if (badDate) return empty(404)
    const wanted = second as string
    const known = data.categories.some((category) => category.url === wanted)
    const narrow = known && wanted !== 'all-crime'
    return area(params, index.crimes.get(date) ?? [], options, (rows) =>
      narrow ? rows.filter((row) => row.category === wanted) : rows,
    )
  }
  if (segments.length === 1) {
    if (first === 'crimes-at-location') {
      if (badDate) return empty(404)
      const rows = index.crimes.get(date) ?? []
      if (params.has('location_id')) return atLocation(params, rows, index, 404)
      const point = pointOf(params)
      return point ? json(atNearest(point, rows)) : empty(400)
    }
    if (first === 'crimes-no-location') {
      const force = params.get('force')
      const category = params.get('category')
      if (force === null || category === null) return empty(400)
      if (badDate) return empty(404)
      if (force !== 'btp' && !data.forces.some((known) => known.id === force)) return empty(502)
      const narrow =
        category !== 'all-crime' && data.categories.some((known) => known.url === category)
      return json(
        (data.crimes ?? [])
          .filter(
            ({ force: owner, row }) =>
              owner === force &&
              row.month === date &&
              row.location === null &&
              (!narrow || row.category === category),
          )
          .map(({ row }) => row),
      )
    }
    if (first === 'outcomes-at-location') {
      if (badDate) return empty(404)
      const rows = index.outcomes.get(date) ?? []
      if (params.has('location_id')) return atLocation(params, rows, index, 404)
      return area(params, rows, options)
    }
    if (first === 'stops-street') {
      if (badDate) return empty(404)
      return area(params, index.stops.get(date) ?? [], {
        ...options,
        limit: options.stopLimit ?? Infinity,
      })
    }
    if (first === 'stops-at-location') {
      if (badDate) return empty(404)
      return atLocation(params, index.stops.get(date) ?? [], index, 200)
    }
    const force = params.get('force')
    if (force === null) return empty(400)
    if (badDate) return empty(first === 'stops-force' ? 502 : 404)
    return json(
      (data.stops ?? [])
        .filter(
          (stop) =>
            stop.force === force &&
            stop.month === date &&
            (first === 'stops-force' || stop.row.location === null),
        )
        .map(({ row }) => row),
    )
  }
  if (first === 'outcomes-for-crime' && segments.length === 2) {
    const found = data.cases?.find((entry) => entry.crime.persistent_id === second)
    return found ? json(found) : empty(404)
  }
  if (first === 'forces') {
    if (!data.forces.some((force) => force.id === second)) return notFoundText
    if (segments.length === 3 && third === 'people')
      return json(data.officers?.[second as string] ?? [])
    if (segments.length !== 2) return notFoundText
    const detail = data.forceDetails?.find((force) => force.id === second)
    const listed = data.forces.find((force) => force.id === second)
    return json(
      detail ?? {
        ...listed,
        url: null,
        telephone: '101',
        description: null,
        engagement_methods: [],
      },
    )
  }
  return neighbourhoodAnswer(segments, data)
}

function neighbourhoodAnswer(segments: readonly string[], data: TestData): Answer {
  const [force, id, part] = segments
  if (!data.forces.some((known) => known.id === force) || segments.length > 3) return notFoundText
  const held = data.neighbourhoods?.filter((entry) => entry.force === force) ?? []
  if (id === 'neighbourhoods' && segments.length === 2) {
    return json(
      data.neighbourhoodLists?.[force as string] ??
        held.map(({ detail }) => ({ id: detail.id, name: detail.name })),
    )
  }
  const found = held.find(({ detail }) => detail.id === id)
  if (!found) return notFoundText
  switch (part) {
    case undefined:
      return json(found.detail)
    case 'boundary':
      return json(found.boundary)
    case 'people':
      return json(found.people ?? [])
    case 'events':
      return json(found.events ?? [])
    case 'priorities':
      return json(found.priorities ?? [])
    default:
      return notFoundText
  }
}

function locate(text: string | null, index: IndexedData): Answer {
  const match = /^(-?\d+(?:\.\d+)?),(-?\d+(?:\.\d+)?)$/.exec(text ?? '')
  if (!match) return notFoundText
  const [lat, lng] = [Number(match[1]), Number(match[2])]
  for (const { force, detail, boundary } of index.data.neighbourhoods ?? []) {
    const ring = boundary.map((vertex) => ({
      lat: Number(vertex.latitude),
      lng: Number(vertex.longitude),
    }))
    if (polygonHolds(ring, lat, lng, 'inside')) return json({ force, neighbourhood: detail.id })
  }
  return notFoundText
}

function pointOf(params: URLSearchParams): Vertex | undefined {
  const numeral = /^-?\d+(\.\d+)?$/
  const lat = params.get('lat') ?? ''
  const lng = params.get('lng') ?? ''
  if (!numeral.test(lat) || !numeral.test(lng)) return undefined
  return { lat: Number(lat), lng: Number(lng) }
}

function area<Row>(
  params: URLSearchParams,
  rows: readonly Placed<Row>[],
  options: AnswerOptions,
  narrow: (rows: readonly Row[]) => readonly Row[] = (all) => all,
): Answer {
  const poly = params.get('poly')
  let inside: Placed<Row>[]
  if (poly !== null) {
    const texts = poly.split(':')
    const pair = /^-?\d+(\.\d+)?,-?\d+(\.\d+)?$/
    if (!texts.every((text) => pair.test(text))) return empty(404)
    const ring = texts.map((text) => {
      const [lat, lng] = text.split(',')
      return { lat: Number(lat), lng: Number(lng) }
    })
    if (ring.length < 3) return empty(502)
    const lats = ring.map((vertex) => vertex.lat)
    const lngs = ring.map((vertex) => vertex.lng)
    const [south, north] = [Math.min(...lats), Math.max(...lats)]
    const [west, east] = [Math.min(...lngs), Math.max(...lngs)]
    inside = rows.filter(
      ({ lat, lng }) =>
        lat >= south - 1e-9 &&
        lat <= north + 1e-9 &&
        lng >= west - 1e-9 &&
        lng <= east + 1e-9 &&
        polygonHolds(ring, lat, lng, options.border ?? 'inside'),
    )
  } else {
    const point = pointOf(params)
    if (!point) return empty(400)
    inside = rows.filter((placed) => metresBetween(point, placed) <= mileMetres)
  }
  // The count is of everything in the area, so a narrower category does not help.
  if (inside.length > (options.limit ?? 10_000)) return empty(503)
  return json(narrow(inside.map(({ row }) => row)))
}

function atLocation(
  params: URLSearchParams,
  rows: readonly Placed<unknown>[],
  index: IndexedData,
  unknownStatus: 200 | 404,
): Answer {
  const text = params.get('location_id')
  if (text === null) return empty(400)
  if (!index.streets.has(Number(text))) return unknownStatus === 404 ? empty(404) : json([])
  return json(rows.filter(({ street }) => street === Number(text)).map(({ row }) => row))
}

function atNearest(point: Vertex, rows: readonly Placed<Crime>[]): readonly Crime[] {
  let nearest = Infinity
  let street = -1
  for (const placed of rows) {
    const metres = metresBetween(point, placed)
    if (metres < nearest) {
      nearest = metres
      street = placed.street
    }
  }
  return rows.filter((placed) => placed.street === street).map(({ row }) => row)
}
