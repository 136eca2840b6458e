import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Crime } from '../types.js'
import type { TestData } from './data.js'
import { type BorderRule, metresBetween, polygonHolds, type Vertex } from './geometry.js'

/** A request the server has seen. */
export interface SeenRequest {
  /** 1 for the first request of this server. */
  readonly number: number
  readonly method: string
  /** Path below `/api/`, still percent-encoded. */
  readonly path: string
  /** Parameters of the query and the form together. */
  readonly params: URLSearchParams
  readonly headers: IncomingMessage['headers']
  /** Milliseconds since the server started. */
  readonly atMs: number
}

/** A seen request with the status of its answer: 0 while there is none, or after a reset. */
export interface AnsweredRequest extends SeenRequest {
  readonly status: number
}

/** Something that goes wrong on purpose. */
export type Fault =
  | {
      readonly kind: 'status'
      readonly status: number
      readonly body?: string
      readonly headers?: Readonly<Record<string, string>>
    }
  /** A 200 with this body instead of the true one. */
  | { readonly kind: 'body'; readonly body: string; readonly contentType?: string }
  /** The connection closes after half of the true answer. */
  | { readonly kind: 'cut' }
  /** The connection closes without any answer. */
  | { readonly kind: 'reset' }
  /** The true answer, this much later. */
  | { readonly kind: 'delay'; readonly delayMs: number }

/** How the test server behaves; every default is what the reference says of the real service. */
export interface TestServerOptions {
  /** Most records an area may hold before 503. Default 10,000; `Infinity` for no limit. */
  readonly limit?: number
  /** The same for stops, where none is known. Default `Infinity`. */
  readonly stopLimit?: number
  /** The leaky bucket. Default 15 a second and 30 at once; false for none. */
  readonly rate?: { readonly perSecond: number; readonly burst: number } | false
  /** Sent as Retry-After with each 429. Default none. */
  readonly retryAfterSeconds?: number
  /** Points exactly on a border. Default `inside`. */
  readonly border?: BorderRule
  /** Milliseconds before every answer. Default 0. */
  readonly latencyMs?: number
  /** Asked for every request that passed the bucket. */
  readonly fault?: (request: SeenRequest) => Fault | undefined
  /** Zip archives by name without `.zip`, served below `/data/archive/`. */
  readonly archives?: Readonly<Record<string, Uint8Array>>
  /** Whether archives can be read in ranges. Default true. */
  readonly ranges?: boolean
}

/** A running test server. */
export interface TestServer extends AsyncDisposable {
  /** Base address for `createClient({ baseUrl })`. */
  readonly url: string
  /** Address of the folder of the bulk archives. */
  readonly archiveUrl: string
  /** Every request so far, in order of arrival. */
  readonly requests: readonly AnsweredRequest[]
  /** Most requests that were being answered together. */
  readonly peakConcurrency: number
  /** Highest level the leaky bucket reached, refused requests not counted. */
  readonly peakBucketLevel: number
  /** Replaces the data, as a monthly publication does. */
  publish(data: TestData): void
  /** Replaces the fault. */
  setFault(fault: TestServerOptions['fault']): void
  close(): Promise<void>
}

interface Answer {
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
const notFoundText: Answer = {
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

/**
 * Starts a real HTTP server on loopback that behaves like the UK Police API.
 *
 * Statuses, bodies, the 10,000 limit, the rate limit, the month window and the POST rules follow
 * what is known of the service in October 2026, its surprising answers included: an unknown
 * category gives every crime, a month after the newest gives an empty list.
 */
export async function startTestServer(
  data: TestData,
  options: TestServerOptions = {},
): Promise<TestServer> {
  const rate = options.rate === undefined ? { perSecond: 15, burst: 30 } : options.rate
  const started = performance.now()
  const requests: (SeenRequest & { status: number })[] = []
  let current = indexData(data)
  let fault = options.fault
  let seenCount = 0
  let active = 0
  let peakConcurrency = 0
  let level = 0
  let levelAt = started
  let peakBucketLevel = 0

  const overLimit = (): boolean => {
    if (rate === false) return false
    const now = performance.now()
    level = Math.max(0, level - ((now - levelAt) / 1000) * rate.perSecond)
    levelAt = now
    if (level + 1 > rate.burst) return true
    level += 1
    peakBucketLevel = Math.max(peakBucketLevel, level)
    return false
  }

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', 'http://localhost')
    const arrivedMs = performance.now() - started
    seenCount += 1
    const number = seenCount
    active += 1
    peakConcurrency = Math.max(peakConcurrency, active)
    const limited = overLimit()
    const body = await readBody(request)
    const formType = (request.headers['content-type'] ?? '').startsWith(
      'application/x-www-form-urlencoded',
    )
    const params = new URLSearchParams(url.search)
    if (request.method === 'POST' && formType) {
      for (const [key, value] of new URLSearchParams(body)) params.append(key, value)
    }
    const seen: SeenRequest = {
      number,
      method: request.method ?? 'GET',
      path: url.pathname.replace(/^\/api\//, ''),
      params,
      headers: request.headers,
      atMs: arrivedMs,
    }
    const record = { ...seen, status: 0 }
    requests.push(record)
    try {
      if (options.latencyMs) await sleep(options.latencyMs)
      const wrong = limited ? undefined : fault?.(seen)
      if (wrong?.kind === 'delay') await sleep(wrong.delayMs)
      if (wrong?.kind === 'reset') {
        request.socket.destroy()
        return
      }
      const answer = limited
        ? {
            status: 429,
            body: '',
            headers:
              options.retryAfterSeconds === undefined
                ? {}
                : { 'retry-after': String(options.retryAfterSeconds) },
          }
        : wrong?.kind === 'status'
          ? { status: wrong.status, body: wrong.body ?? '', headers: wrong.headers ?? {} }
          : wrong?.kind === 'body'
            ? {
                status: 200,
                body: wrong.body,
                headers: { 'content-type': wrong.contentType ?? 'application/json' },
              }
            : url.pathname.startsWith('/data/archive/')
              ? archiveAnswer(url.pathname, request, options)
              : apiAnswer(seen, request, formType, current, options)
      record.status = answer.status
      const bytes = typeof answer.body === 'string' ? Buffer.from(answer.body) : answer.body
      response.writeHead(answer.status, {
        ...answer.headers,
        'content-length': String(bytes.length),
      })
      if (wrong?.kind === 'cut') {
        response.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => {
          request.socket.destroy()
        })
        return
      }
      response.end(request.method === 'HEAD' ? undefined : bytes)
    } finally {
      active -= 1
    }
  }

  const server = createServer({ maxHeaderSize: 65_536 }, (request, response) => {
    handle(request, response).catch(() => response.destroy())
  })
  server.keepAliveTimeout = 60_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })

  return {
    url: `http://127.0.0.1:${port}/api`,
    archiveUrl: `http://127.0.0.1:${port}/data/archive`,
    requests,
    get peakConcurrency() {
      return peakConcurrency
    },
    get peakBucketLevel() {
      return peakBucketLevel
    },
    publish(next) {
      current = indexData(next)
    },
    setFault(next) {
      fault = next
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

interface Placed<Row> {
  readonly row: Row
  readonly lat: number
  readonly lng: number
  readonly street: number
}

interface IndexedData {
  readonly data: TestData
  readonly newest: string
  readonly oldest: string
  readonly crimes: ReadonlyMap<string, readonly Placed<Crime>[]>
  readonly outcomes: ReadonlyMap<string, readonly Placed<unknown>[]>
  readonly stops: ReadonlyMap<string, readonly Placed<unknown>[]>
  readonly streets: ReadonlySet<number>
}

function indexData(data: TestData): IndexedData {
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

function apiAnswer(
  seen: SeenRequest,
  request: IncomingMessage,
  formType: boolean,
  index: IndexedData,
  options: TestServerOptions,
): Answer {
  const line = `${request.method} ${request.url} HTTP/1.1`
  if (line.length > longestRequestLine) return htmlBadRequest
  let segments: string[]
  try {
    segments = seen.path.split('/').map(decodeURIComponent)
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

  const { params } = seen
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
  options: TestServerOptions,
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

function archiveAnswer(
  pathname: string,
  request: IncomingMessage,
  options: TestServerOptions,
): Answer {
  const name = pathname.replace('/data/archive/', '').replace(/\.zip$/, '')
  const bytes = options.archives?.[name]
  if (!bytes) return notFoundText
  const headers = { 'content-type': 'application/zip', etag: `"${name}-${bytes.length}"` }
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '')
  if (!range || options.ranges === false) return { status: 200, body: bytes, headers }
  const start = Number(range[1])
  const end = Math.min(range[2] ? Number(range[2]) : bytes.length - 1, bytes.length - 1)
  if (start > end) {
    return { status: 416, body: '', headers: { 'content-range': `bytes */${bytes.length}` } }
  }
  return {
    status: 206,
    body: bytes.subarray(start, end + 1),
    headers: { ...headers, 'content-range': `bytes ${start}-${end}/${bytes.length}` },
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
