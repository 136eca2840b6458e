import { createClient, type GeoJsonArea } from '@ukpolice/client'
import {
  generateData,
  startTestServer,
  type TestData,
  type TestServer,
} from '@ukpolice/client/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sliceKey } from '../../src/schema/table-schema.js'
import { type AreaShape, planPublished, planSync, ukpoliceApi } from '../../src/sources/index.js'
import { collect, rowObject } from './collect.js'

let server: TestServer
let data: TestData
const client = () => createClient({ baseUrl: server.url, limits: { perSecond: 1e4, burst: 1e4 } })

beforeAll(async () => {
  data = generateData({ crimeCount: 200, lateForces: ['metropolitan'] })
  server = await startTestServer(data, { rate: false })
})
afterAll(() => server.close())

const only = async (options: Partial<Parameters<typeof ukpoliceApi>[0]>) => {
  const all = await collect(
    ukpoliceApi({ client: client(), dataset: 'crimes', forces: ['leicestershire'], ...options }),
  )
  return all
}

test('a slice is a force and month, oldest first', async () => {
  const slices = await only({})
  expect(slices.map(({ slice }) => sliceKey(slice.slice))).toEqual([
    'force=leicestershire month=2026-06',
    'force=leicestershire month=2026-07',
    'force=leicestershire month=2026-08',
  ])
  expect(slices.map(({ slice }) => slice.state)).toEqual([
    { checked: '2026-08' },
    { checked: '2026-08' },
    { checked: '2026-08' },
  ])
})

test('stops of a force are the very rows the service holds', async () => {
  const [collected] = await only({ dataset: 'stops', since: '2026-08' })
  const held = data.stops!.filter((s) => s.force === 'leicestershire' && s.month === '2026-08')
  const rows = collected!.rows
    .get('ukpolice_stop')!
    .map((row) => rowObject(collected!, 'ukpolice_stop', row))
  const expected = held.map(({ row }) => ({
    ...row,
    datetime: new Date(row.datetime).toISOString().slice(0, 19).replace('T', ' '),
    outcome_object: undefined,
    outcome_object_id: row.outcome_object!.id,
    outcome_object_name: row.outcome_object!.name,
    location: undefined,
    location_latitude: row.location?.latitude ?? null,
    location_longitude: row.location?.longitude ?? null,
    location_street_id: row.location?.street.id ?? null,
    location_street_name: row.location?.street.name ?? null,
  }))
  const sorted = (list: readonly object[]) =>
    list
      .map((row) =>
        JSON.stringify(
          Object.entries(row)
            .filter(([, v]) => v !== undefined)
            .sort(),
        ),
      )
      .sort()
  expect(rows.length).toBeGreaterThan(10)
  expect(sorted(rows)).toEqual(sorted(expected))
})

test('crimes of a force are those of its neighbourhoods and those without a place', async () => {
  const [collected] = await only({ since: '2026-08' })
  const rows = collected!.rows.get('ukpolice_crime')!
  const unplaced = data.crimes!.filter(
    ({ force, row }) =>
      force === 'leicestershire' && row.month === '2026-08' && row.location === null,
  )
  const ids = new Set(rows.map((row) => row.values[2]))
  expect(ids.size).toBe(rows.length)
  for (const { row } of unplaced) expect(ids).toContain(row.id)
  expect(rows.length).toBeGreaterThan(unplaced.length)
  expect(collected!.accounting[0]).toMatchObject({ records: rows.length, rows: rows.length })
})

test('the same answers in another order are the same rows', async () => {
  const [first] = await only({ since: '2026-08' })
  const turned = await startTestServer(
    { ...data, crimes: data.crimes!.toReversed() },
    { rate: false },
  )
  try {
    const again = createClient({ baseUrl: turned.url, limits: { perSecond: 1e4, burst: 1e4 } })
    const [second] = await only({ since: '2026-08', client: again })
    expect(second!.rows).toEqual(first!.rows)
  } finally {
    await turned.close()
  }
})

test('an area of the caller has slices and tables of its own', async () => {
  const within = [
    { lat: 52.5, lng: -1.3 },
    { lat: 52.5, lng: -0.9 },
    { lat: 52.8, lng: -0.9 },
    { lat: 52.8, lng: -1.3 },
  ]
  const [collected] = await collect(
    ukpoliceApi({
      client: client(),
      dataset: 'crimes',
      area: { name: 'leicester', within },
      since: '2026-08',
    }),
  )
  expect(sliceKey(collected!.slice.slice)).toBe('area=leicester month=2026-08')
  const placed = data.crimes!.filter(({ row }) => row.month === '2026-08' && row.location !== null)
  expect(collected!.rows.get('ukpolice_area_crime')).toHaveLength(placed.length)
})

test('the state of an area has the hash of its shape, however that is written', async () => {
  const [west, south, east, north] = [-1.3, 52.5, -0.9, 52.8]
  const ring = [
    [west, south],
    [east, south],
    [east, north],
    [west, north],
  ]
  const hole = ring.map(([lng, lat]) => [(lng! + west + east) / 3, (lat! + south + north) / 3])
  const far = ring.map(([lng, lat]) => [lng! + 1, lat!])
  const hashOf = async (within: AreaShape) => {
    const area = { name: 'here', within }
    const slices = ukpoliceApi({ client: client(), dataset: 'stops', area }).slices({
      onHashing: () => undefined,
    })
    for await (const { state } of slices) return state!['areaSha256']
    return undefined
  }
  const polygon = (...rings: number[][][]): GeoJsonArea => ({ type: 'Polygon', coordinates: rings })
  const several = (...parts: number[][][]): GeoJsonArea => ({
    type: 'MultiPolygon',
    coordinates: parts.map((part) => [part]),
  })
  const plain = await hashOf(polygon(ring))
  expect(plain).toMatch(/^[0-9a-f]{64}$/)
  expect(await hashOf(ring.map(([lng, lat]) => ({ lat: lat!, lng: lng! })))).toBe(plain)
  expect(await hashOf(polygon([...ring, ring[0]!].toReversed()))).toBe(plain)
  expect(await hashOf(several(far, ring))).toBe(await hashOf(several(ring, far)))
  const others = [polygon(ring, hole), polygon(far), several(ring, hole), several(ring, far)]
  const hashes = await Promise.all(others.map(hashOf))
  expect(new Set([plain, ...hashes]).size).toBe(5)
})

test('keys the schema does not know are kept, wherever they stand', async () => {
  const odd = await startTestServer(
    {
      ...data,
      stops: data.stops!.map((stop) => ({
        ...stop,
        row: {
          ...stop.row,
          body_worn_video: true,
          location: stop.row.location && { ...stop.row.location, accuracy: 'high' },
        },
      })),
    },
    { rate: false },
  )
  try {
    const again = createClient({ baseUrl: odd.url, limits: { perSecond: 1e4, burst: 1e4 } })
    const [collected] = await only({ dataset: 'stops', since: '2026-08', client: again })
    const rows = collected!.rows.get('ukpolice_stop')!
    const placed = rows.find((row) => row.values[16] !== null)!
    expect(placed.unknownKeys).toEqual({ body_worn_video: true, 'location.accuracy': 'high' })
    expect(rows.every((row) => row.unknownKeys!['body_worn_video'] === true)).toBe(true)
  } finally {
    await odd.close()
  }
})

test('values that do not fit their column are issues and null', async () => {
  const odd = await startTestServer(
    {
      ...data,
      stops: data.stops!.map((stop) => ({
        ...stop,
        row: { ...stop.row, datetime: '2026-08-99T99:99:99+00:00' },
      })),
    },
    { rate: false },
  )
  try {
    const again = createClient({ baseUrl: odd.url, limits: { perSecond: 1e4, burst: 1e4 } })
    const [collected] = await only({ dataset: 'stops', since: '2026-08', client: again })
    expect(collected!.issues.length).toBe(collected!.rows.get('ukpolice_stop')!.length)
    expect(collected!.issues[0]).toMatchObject({
      code: 'FIELD_TIMESTAMP',
      table: 'ukpolice_stop',
      field: 'datetime',
      raw: '2026-08-99T99:99:99+00:00',
      recordNumber: 1,
    })
  } finally {
    await odd.close()
  }
})

describe('what is published', () => {
  test('knows the forces that are late with stops', async () => {
    const plan = await planPublished(client(), { dataset: 'stops' })
    expect(plan.late).toEqual([{ force: 'metropolitan', month: '2026-08' }])
    expect(plan.published).toHaveLength(8)
    expect(plan.lastUpdated).toBe('2026-08')
  })

  test('has the stops of a force that is only in the list of published months', async () => {
    const listed = data.availability.map((entry) =>
      entry.date === '2026-07'
        ? { ...entry, 'stop-and-search': [...entry['stop-and-search']!, 'btp'] }
        : entry,
    )
    await using other = await startTestServer({ ...data, availability: listed }, { rate: false })
    const again = createClient({ baseUrl: other.url })
    const stops = await planPublished(again, { dataset: 'stops', since: '2026-07' })
    const ofBtp = ({ force }: { readonly force: string }) => force === 'btp'
    expect(stops.published.filter(ofBtp)).toEqual([{ force: 'btp', month: '2026-07' }])
    expect(stops.late.filter(ofBtp)).toEqual([{ force: 'btp', month: '2026-08' }])
    const crimes = await planPublished(again, { dataset: 'crimes' })
    expect(crimes.published.filter(ofBtp)).toEqual([])
  })

  test('names months asked for that the service does not list', async () => {
    const plan = await planPublished(client(), { dataset: 'crimes', since: '2026-04' })
    expect(plan.unlistedMonths).toEqual(['2026-04', '2026-05'])
  })

  test('refuses a range without a month and a force there is not', async () => {
    await expect(
      planPublished(client(), { dataset: 'crimes', since: '2027-01' }),
    ).rejects.toMatchObject({ code: 'OPTION_INVALID', option: 'since' })
    await expect(
      planPublished(client(), { dataset: 'crimes', forces: ['leicester'] }),
    ).rejects.toMatchObject({ code: 'OPTION_INVALID', option: 'forces' })
  })

  test('leaves a force there is not out when asked to, and names it', async () => {
    const plan = await planPublished(client(), {
      dataset: 'crimes',
      forces: ['leicester', 'leicestershire'],
      unlistedForces: 'leave-out',
      since: '2026-08',
    })
    expect(plan.unlistedForces).toEqual(['leicester'])
    expect(plan.published).toEqual([{ force: 'leicestershire', month: '2026-08' }])
  })
})

describe('a sync', () => {
  const months = ['2026-06', '2026-07', '2026-08']
  const published = months.map((month) => ({ force: 'kent', month }))
  const loaded = (checked: string | null) => published.map((slice) => ({ ...slice, checked }))

  test('has nothing to do when nothing was published since', () => {
    expect(planSync({ published, lastUpdated: '2026-08' }, loaded('2026-08'), 12)).toEqual({
      fresh: [],
      recheck: [],
    })
  })

  test('loads new months, and a force that came late', () => {
    const plan = planSync(
      { published: [...published, { force: 'essex', month: '2026-07' }], lastUpdated: '2026-08' },
      loaded('2026-08').slice(0, 2),
      12,
    )
    expect(plan.fresh).toEqual([
      { force: 'kent', month: '2026-08' },
      { force: 'essex', month: '2026-07' },
    ])
    expect(plan.recheck).toEqual([])
  })

  test('asks for recent months again once the service was updated', () => {
    const news = { published, lastUpdated: '2026-09' }
    expect(planSync(news, loaded('2026-08'), 12).recheck).toEqual(published)
    expect(planSync(news, loaded('2026-08'), 2).recheck).toEqual(published.slice(1))
    expect(planSync(news, loaded(null), 0).recheck).toEqual([])
    expect(planSync(news, loaded(null), 1).recheck).toEqual(published.slice(2))
  })
})
