import fc from 'fast-check'
import { describe, expect, it, onTestFinished } from 'vitest'
import {
  type CellBounds,
  createClient,
  type GeoJsonMultiPolygon,
  type GeoJsonPolygon,
  isTooManyResultsError,
  type LatLng,
  type PoliceClient,
  type PolygonInput,
} from '../src/index.js'
import {
  type BorderRule,
  generateData,
  seededRandom,
  startTestServer,
  type TestData,
} from '../src/testing/index.js'
import { failure, serve, sorted, unlimited } from './serve.js'

const bounds = { south: 52.5, west: -1.3, north: 52.8, east: -0.9 }
const month = '2026-08'
const patient = { timeout: 180_000 }

/** A client of a server with a limit and one of a server without, over the same data. */
async function pair(
  data: TestData,
  limit: number,
  border: BorderRule,
): Promise<{ limited: PoliceClient; open: PoliceClient; requestCount: () => number }> {
  const first = await startTestServer(data, { limit, stopLimit: limit, border, rate: false })
  const second = await startTestServer(data, { limit: Infinity, border, rate: false })
  onTestFinished(() => Promise.all([first.close(), second.close()]).then(() => undefined))
  return {
    limited: createClient({ baseUrl: first.url, ...unlimited }),
    open: createClient({ baseUrl: second.url, ...unlimited }),
    requestCount: () => first.requests.length,
  }
}

/** Crimes, outcomes and stops of an area, as sorted text. */
async function everything(police: PoliceClient, within: PolygonInput): Promise<string[][]> {
  return [
    sorted(await police.crimes.streetAll({ within, month })),
    sorted(await police.outcomes.atLocationAll({ within, month })),
    sorted(await police.stops.streetAll({ within, month })),
  ]
}

async function everythingAtOnce(police: PoliceClient, within: PolygonInput): Promise<string[][]> {
  return [
    sorted(await police.crimes.street({ within, month })),
    sorted(await police.outcomes.atLocation({ within, month })),
    sorted(await police.stops.street({ within, month })),
  ]
}

const rounded = (value: number): number => Math.round(value * 1e6) / 1e6

/** A ring around a centre whose radius jumps, so that it is rarely convex. */
function starRing(random: () => number, corners: number): LatLng[] {
  const lat = bounds.south + (0.3 + random() * 0.4) * (bounds.north - bounds.south)
  const lng = bounds.west + (0.3 + random() * 0.4) * (bounds.east - bounds.west)
  return Array.from({ length: corners }, (_, index) => {
    const angle = (2 * Math.PI * (index + random() * 0.9)) / corners
    const radius = 0.02 + random() * 0.16
    return {
      lat: rounded(lat + Math.sin(angle) * radius * 0.6),
      lng: rounded(lng + Math.cos(angle) * radius),
    }
  })
}

function rectangle({ south, west, north, east }: CellBounds): LatLng[] {
  return [
    { lat: south, lng: west },
    { lat: south, lng: east },
    { lat: north, lng: east },
    { lat: north, lng: west },
  ]
}

/** Corners, edge middles and the points where cells of this area will meet. */
function awkwardPoints(ring: readonly LatLng[], random: () => number): LatLng[] {
  const lats = ring.map((vertex) => vertex.lat)
  const lngs = ring.map((vertex) => vertex.lng)
  const [south, north] = [Math.min(...lats), Math.max(...lats)]
  const [west, east] = [Math.min(...lngs), Math.max(...lngs)]
  const halves = (low: number, high: number, depth: number): number[] => {
    if (depth === 0) return []
    const middle = rounded((low + high) / 2)
    return [middle, ...halves(low, middle, depth - 1), ...halves(middle, high, depth - 1)]
  }
  const latLines = halves(south, north, 4)
  const lngLines = halves(west, east, 4)
  const pick = (list: readonly number[]): number =>
    list[Math.floor(random() * list.length)] as number
  const middles = ring.map((vertex, index) => {
    const next = ring[(index + 1) % ring.length] as LatLng
    return { lat: rounded((vertex.lat + next.lat) / 2), lng: rounded((vertex.lng + next.lng) / 2) }
  })
  const crossings = Array.from({ length: 30 }, () => ({ lat: pick(latLines), lng: pick(lngLines) }))
  const onLines = Array.from({ length: 30 }, (_, index) =>
    index % 2
      ? { lat: pick(latLines), lng: rounded(west + random() * (east - west)) }
      : { lat: rounded(south + random() * (north - south)), lng: pick(lngLines) },
  )
  return [...ring, ...middles, ...crossings, ...onLines]
}

function dataFor(seed: number, points: readonly LatLng[], count: number): TestData {
  return generateData({
    seed,
    monthCount: 1,
    crimeCount: count,
    stopCount: count,
    outcomeCount: count,
    pointCount: 40,
    unplacedShare: 0.02,
    bounds,
    points,
  })
}

/** A limit that makes many cells, and that no smallest cell exceeds. */
function limitFor(data: TestData, share: number): number {
  let crowd = 25
  for (const rows of [
    (data.crimes ?? []).map(({ row }) => row.location),
    (data.outcomes ?? []).map(({ row }) => row.crime.location),
    (data.stops ?? []).map(({ row }) => row.location),
  ]) {
    const counts = new Map<string, number>()
    for (const place of rows) {
      if (!place) continue
      const key = `${place.latitude},${place.longitude}`
      counts.set(key, (counts.get(key) ?? 0) + 1)
    }
    const places = [...counts].map(([key, count]) => [...key.split(',').map(Number), count])
    for (const [lat = 0, lng = 0] of places) {
      const near = places.filter(
        ([otherLat = 0, otherLng = 0]) =>
          Math.abs(otherLat - lat) < 0.0006 && Math.abs(otherLng - lng) < 0.0012,
      )
      crowd = Math.max(
        crowd,
        near.reduce((sum, [, , count = 0]) => sum + count, 0),
      )
    }
  }
  return Math.max(crowd, Math.ceil((data.crimes?.length ?? 0) / share))
}

const borders: readonly BorderRule[] = ['inside', 'outside', 'half-open']
const cases = fc.record({
  seed: fc.integer({ min: 1, max: 1e9 }),
  corners: fc.integer({ min: 3, max: 24 }),
  count: fc.integer({ min: 50, max: 900 }),
  share: fc.integer({ min: 12, max: 60 }),
  border: fc.constantFrom(...borders),
})

describe('a tiled area equals one unlimited request', () => {
  it('for random concave areas and densities, with points on every border', patient, async () => {
    await fc.assert(
      fc.asyncProperty(cases, async ({ seed, corners, count, share, border }) => {
        const random = seededRandom(seed)
        const ring = starRing(random, corners)
        const data = dataFor(seed, awkwardPoints(ring, random), count)
        const { limited, open } = await pair(data, limitFor(data, share), border)
        expect(await everything(limited, ring)).toEqual(await everythingAtOnce(open, ring))
      }),
      { numRuns: 12 },
    )
  })

  it('for rectangles whose own borders and corners are full of points', patient, async () => {
    await fc.assert(
      fc.asyncProperty(cases, async ({ seed, count, share, border }) => {
        const random = seededRandom(seed)
        const ring = rectangle({
          south: rounded(bounds.south + random() * 0.1),
          west: rounded(bounds.west + random() * 0.1),
          north: rounded(bounds.north - random() * 0.1),
          east: rounded(bounds.east - random() * 0.1),
        })
        const data = dataFor(seed, awkwardPoints(ring, random), count)
        const { limited, open } = await pair(data, limitFor(data, share), border)
        expect(await everything(limited, ring)).toEqual(await everythingAtOnce(open, ring))
      }),
      { numRuns: 12 },
    )
  })

  it('for borders that cross themselves', async () => {
    const bowTie = [
      { lat: 52.55, lng: -1.25 },
      { lat: 52.75, lng: -0.95 },
      { lat: 52.75, lng: -1.25 },
      { lat: 52.55, lng: -0.95 },
    ]
    const pentagram = Array.from({ length: 5 }, (_, index) => ({
      lat: rounded(52.65 + 0.12 * Math.sin((index * 4 * Math.PI) / 5)),
      lng: rounded(-1.1 + 0.18 * Math.cos((index * 4 * Math.PI) / 5)),
    }))
    for (const ring of [bowTie, pentagram]) {
      for (const border of borders) {
        const data = dataFor(3, awkwardPoints(ring, seededRandom(5)), 600)
        const { limited, open } = await pair(data, 30, border)
        expect(await everything(limited, ring)).toEqual(await everythingAtOnce(open, ring))
      }
    }
  })

  it('in one request where the limit is not reached', async () => {
    const ring = rectangle(bounds)
    const { limited, requestCount } = await pair(dataFor(1, [], 200), 10_000, 'inside')
    const pages = []
    for await (const page of limited.stops.streetTiled({ within: ring, month })) pages.push(page)
    expect(pages).toHaveLength(1)
    expect(requestCount()).toBe(2)
  })

  it('in a fixed order, whatever the timing', async () => {
    const data = dataFor(9, [], 500)
    const { limited } = await pair(data, 40, 'inside')
    const within = rectangle(bounds)
    const first = await limited.crimes.streetAll({ within, month })
    const second = await limited.crimes.streetAll({ within, month }, { concurrency: 1 })
    expect(JSON.stringify(second)).toBe(JSON.stringify(first))
  })
})

describe('areas of several rings', () => {
  const outer = { south: 52.55, west: -1.25, north: 52.75, east: -0.95 }
  const inner = { south: 52.6, west: -1.2, north: 52.7, east: -1.05 }
  const geo = (box: CellBounds) =>
    [...rectangle(box), rectangle(box)[0] as LatLng].map(({ lat, lng }) => [lng, lat])
  const donut: GeoJsonPolygon = { type: 'Polygon', coordinates: [geo(outer), geo(inner)] }
  const awkward = [
    ...awkwardPoints(rectangle(outer), seededRandom(1)),
    ...awkwardPoints(rectangle(inner), seededRandom(2)),
  ]
  const within = (box: CellBounds, lat: number, lng: number, closed: boolean): boolean =>
    closed
      ? lat >= box.south && lat <= box.north && lng >= box.west && lng <= box.east
      : lat > box.south && lat < box.north && lng > box.west && lng < box.east
  const placeOf = (row: any): [number, number] => {
    const { latitude, longitude } = (row.crime ?? row).location
    return [Number(latitude), Number(longitude)]
  }
  const held = (data: TestData): any[][] => [
    (data.crimes ?? []).map(({ row }) => row).filter((row) => row.location),
    (data.outcomes ?? []).map(({ row }) => row).filter((row) => row.crime.location),
    (data.stops ?? []).map(({ row }) => row).filter((row) => row.location),
  ]

  for (const limit of [25, 80, 100_000]) {
    it(`leave out holes, not their borders (limit ${limit})`, async () => {
      const data = dataFor(11, awkward, 700)
      const { limited } = await pair(data, limit, 'inside')
      const wanted = held(data).map((rows) =>
        sorted(
          rows.filter((row) => {
            const [lat, lng] = placeOf(row)
            return within(outer, lat, lng, true) && !within(inner, lat, lng, false)
          }),
        ),
      )
      expect(await everything(limited, donut)).toEqual(wanted)
    })

    for (const border of borders) {
      it(`count overlapping and touching polygons once (limit ${limit}, ${border})`, async () => {
        const east = { ...outer, west: inner.east }
        const area: GeoJsonMultiPolygon = {
          type: 'MultiPolygon',
          coordinates: [[geo(inner)], [geo({ ...inner, north: 52.72 })], [geo(east)]],
        }
        const data = dataFor(12, awkward, 700)
        const { limited, open } = await pair(data, limit, border)
        const places = new Set<string>()
        const union: string[][] = [[], [], []]
        for (const box of [inner, { ...inner, north: 52.72 }, east]) {
          const part = await everythingAtOnce(open, rectangle(box))
          const fresh = new Set<string>()
          part.forEach((rows, index) => {
            for (const text of rows) {
              const place = placeOf(JSON.parse(text)).join()
              if (places.has(place)) continue
              fresh.add(place)
              union[index]?.push(text)
            }
          })
          for (const place of fresh) places.add(place)
        }
        const wanted = union.map((rows) => rows.sort())
        expect(await everything(limited, area)).toEqual(wanted)
      })
    }
  }

  it('can be a collection of features', async () => {
    const data = dataFor(13, [], 400)
    const { limited } = await pair(data, 60, 'inside')
    const feature = { type: 'Feature', geometry: donut, properties: { name: 'ring' } } as const
    const alone = await everything(limited, donut)
    const twice = { type: 'FeatureCollection', features: [feature, feature] } as const
    expect(await everything(limited, feature)).toEqual(alone)
    expect(await everything(limited, twice)).toEqual(alone)
  })
})

describe('the smallest cell', () => {
  const crowd = { lat: 52.634, lng: -1.133 }

  it('that is still refused ends the call, and is named', async () => {
    const data = generateData({ monthCount: 1, crimeCount: 200, pointCount: 0, points: [crowd] })
    const { police, server } = await serve({ data, limit: 50, client: unlimited })
    const error = await failure(police.crimes.streetAll({ within: rectangle(bounds), month }))
    expect(isTooManyResultsError(error)).toBe(true)
    const { south, west, north, east } = error.cell as CellBounds
    expect(south <= crowd.lat && north >= crowd.lat).toBe(true)
    expect(west <= crowd.lng && east >= crowd.lng).toBe(true)
    expect(north - south).toBeLessThan(0.001)
    expect(error.message).toContain(south.toFixed(6))
    expect(server.requests.length).toBeLessThan(150)
  })

  it('is smaller when the caller allows it', async () => {
    const near = { lat: crowd.lat + 0.0008, lng: crowd.lng + 0.0008 }
    const points = [crowd, near]
    const data = generateData({ monthCount: 1, crimeCount: 90, pointCount: 0, points })
    const { police } = await serve({ data, limit: 60, client: unlimited })
    const within = rectangle(bounds)
    const coarse = police.crimes.streetAll({ within, month }, { minCellDegrees: 0.01 })
    expect(isTooManyResultsError(await failure(coarse))).toBe(true)
    const crimes = await police.crimes.streetAll({ within, month })
    expect(crimes).toHaveLength(data.crimes?.filter(({ row }) => row.location).length ?? -1)
  })

  it('works for an area smaller than itself', async () => {
    const tiny = rectangle({ south: 52.6339, west: -1.1331, north: 52.6341, east: -1.1329 })
    const data = generateData({ monthCount: 1, crimeCount: 90, pointCount: 9, points: [crowd] })
    const { police } = await serve({ data, client: unlimited })
    const crimes = await police.crimes.streetAll({ within: tiny, month })
    expect(crimes.length).toBeGreaterThan(0)
  })
})

describe('rows without a place in the answer of an area', () => {
  it('are kept, once', async () => {
    const data = generateData({ monthCount: 1, crimeCount: 400 })
    const lost = { ...data.stops?.[0]?.row, location: null }
    const { police, server } = await serve({ data, client: unlimited })
    let asked = 0
    server.setFault((request) => {
      if (!request.path.startsWith('stops-street')) return undefined
      asked += 1
      if (asked === 1) return { kind: 'status', status: 503 }
      return { kind: 'body', body: JSON.stringify([lost, lost]) }
    })
    const stops = await police.stops.streetAll({ within: rectangle(bounds), month })
    expect(asked).toBeGreaterThan(2)
    expect(stops).toEqual([lost, lost])
  })
})
