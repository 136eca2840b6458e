import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createClient } from '@ukpolice/client'
import {
  archiveFiles,
  generateData,
  makeZip,
  startTestServer,
  type TestData,
  type TestServer,
} from '@ukpolice/client/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { listLoads, load, type LoadOptions, removeLoad, type Source } from '../../src/index.js'
import {
  ARCHIVE_DATASETS,
  type UkPoliceDataset,
  ukpoliceApi,
  ukpoliceArchive,
} from '../../src/sources/index.js'
import { records, type Records } from '../support/records.js'
import { duckdbKind, postgresKind, rowHashes, type Warehouse } from '../support/warehouse.js'

const duckdb = duckdbKind()
const postgres = postgresKind()
const isThere = await postgres.start()
const folder = mkdtempSync(path.join(tmpdir(), 'cwuk-'))
afterAll(async () => {
  await duckdb.stop()
  await postgres.stop()
  rmSync(folder, { recursive: true, force: true })
})

const published = generateData({
  forces: ['leicestershire', 'kent'],
  monthCount: 1,
  crimeCount: 100,
  outcomeCount: 80,
  stopCount: 80,
})

/** Text that some step between the answer and the table may change. */
const AWKWARD = [
  '',
  'a "quoted", text',
  'two\nlines\r\nand more',
  '\\N',
  'NULL',
  'Zoë “£” 𝄞 \\. \t',
  'nul \0 inside',
  'half a pair \ud834',
  `${'x'.repeat(511)}𝄞`,
]

/** Keys that no version of the loader knows, with every kind of value. */
const UNKNOWN: readonly object[] = [
  { body_worn_video: true },
  { z: { b: [1, null, { y: 2, x: 'Zoë 𝄞' }], a: '' }, a: 1.5, B: 1e21, c: -0.000001, d: null },
  { 'a "key", with': 'a "value",\r\nwith' },
  { not: 'a \\u0000 but text' },
  { nul: 'a \0' },
  { 'nul \0 in the key': 1 },
  { half: ['\udd1e'] },
]

/** So many of them hold only characters that every destination can. */
const STORABLE = 4

/** The same rows, some gone, some with other values, some with keys and values nobody expects. */
function restated(data: TestData): TestData {
  const every = <Item>(list: readonly Item[], change: (item: Item, index: number) => Item) =>
    list.filter((_, index) => index % 7 !== 0).map(change)
  const text = (index: number) => AWKWARD[index % AWKWARD.length]!
  const unknown = (index: number) => (index % 3 === 0 ? {} : UNKNOWN[index % UNKNOWN.length])
  const place = <Place extends object | null>(location: Place, index: number): Place =>
    location === null || index % 4 !== 0 ? location : { ...location, accuracy: text(index) }
  return {
    ...data,
    crimes: every(data.crimes!, ({ force, row }, index) => ({
      force,
      row: {
        ...row,
        ...unknown(index),
        context: text(index),
        id: index % 11 === 0 ? 1e18 + index * 1e6 : row.id,
        location: place(row.location, index),
      },
    })),
    outcomes: every(data.outcomes!, ({ force, row }, index) => ({
      force,
      row: {
        ...row,
        ...unknown(index),
        person_id: index % 5 === 0 ? 1e18 : row.person_id,
        crime: { ...row.crime, context: text(index) },
      },
    })),
    stops: every(data.stops!, (stop, index) => ({
      ...stop,
      row: {
        ...stop.row,
        ...unknown(index),
        datetime: index % 6 === 0 ? '2026-08-99T99:99:99+00:00' : stop.row.datetime,
        object_of_search: text(index + 1),
        location: place(stop.row.location, index),
      },
    })),
  }
}

/** One empty warehouse of each kind, in which the same is done. */
async function both(): Promise<readonly Warehouse[]> {
  return [await duckdb.make(), await postgres.make()]
}

/** Makes sure that the warehouses are equal, and gives what is in them. */
async function same(warehouses: readonly Warehouse[]): Promise<Records> {
  const [first, second] = await Promise.all(warehouses.map(records))
  expect(Object.keys(second!)).toEqual(Object.keys(first!))
  for (const table of Object.keys(first!)) expect(second![table], table).toEqual(first![table])
  const [hashes, others] = await Promise.all(warehouses.map(rowHashes))
  expect(others).toEqual(hashes)
  return first!
}

function parsed(found: Records, table: string) {
  return (found[table] ?? []).map((line) => JSON.parse(line) as Record<string, unknown>)
}

function codesOf(found: Records): readonly unknown[] {
  return [...new Set(parsed(found, 'crimewh_issue').map(({ code }) => code))].sort()
}

async function loadInto(
  warehouses: readonly Warehouse[],
  sources: () => readonly Source[],
  more: Partial<LoadOptions> = {},
): Promise<readonly string[]> {
  const seen: string[][] = []
  for (const { destination } of warehouses) {
    const statuses: string[] = []
    for (const source of sources()) {
      const { slices } = await load({ source, destination, ...more })
      statuses.push(...slices.map(({ slice, status }) => `${source.kind} ${slice} ${status}`))
    }
    seen.push(statuses)
  }
  expect(seen[1]).toEqual(seen[0])
  return seen[0]!
}

describe.skipIf(!isThere)('in DuckDB and PostgreSQL is the same', () => {
  let server: TestServer
  beforeAll(async () => {
    server = await startTestServer(published, { rate: false })
  })
  afterAll(() => server.close())

  const within = [
    { lat: 52.5, lng: -1.3 },
    { lat: 52.5, lng: -0.9 },
    { lat: 52.8, lng: -0.9 },
    { lat: 52.8, lng: -1.3 },
  ]
  const sources = (dataset: UkPoliceDataset) => () => {
    const limits = { perSecond: 1e4, burst: 1e4 }
    const client = createClient({ baseUrl: server.url, limits })
    return [
      ukpoliceApi({ client, dataset }),
      ukpoliceApi({ client, dataset, area: { name: 'here', within } }),
    ]
  }

  it.each([
    ['crimes', 'crime', 'FIELD_INTEGER'],
    ['outcomes', 'outcome', 'FIELD_INTEGER'],
    ['stops', 'stop', 'FIELD_TIMESTAMP'],
  ] as const)('%s of the API', async (dataset, singular, code) => {
    const tables = [`stg_ukpolice_${singular}`, `stg_ukpolice_area_${singular}`]
    const warehouses = await both()
    server.publish(published)
    const statuses = await loadInto(warehouses, sources(dataset))
    expect(statuses).toHaveLength(3)
    expect(statuses.every((status) => status.endsWith('loaded'))).toBe(true)
    const before = await same(warehouses)
    for (const table of tables) expect(before[table]!.length).toBeGreaterThan(30)
    expect(codesOf(before)).toEqual([])

    server.publish(restated(published))
    await loadInto(warehouses, sources(dataset))
    const after = await same(warehouses)
    expect(codesOf(after)).toEqual(expect.arrayContaining([code, 'FIELD_DOES_NOT_FIT']))
    for (const table of tables) {
      const unknownKeys = parsed(after, table).map((row) => row['unknown_keys'])
      expect(Object.assign({}, ...unknownKeys)).toMatchObject(
        Object.assign({}, ...UNKNOWN.slice(0, STORABLE)) as object,
      )
      const replaced = parsed(after, `${table}_superseded`).map(({ row_hash }) => row_hash)
      expect(replaced.sort()).toEqual(
        parsed(before, table)
          .map(({ row_hash }) => row_hash)
          .sort(),
      )
    }

    if (dataset !== 'stops') return
    await loadInto(warehouses, sources(dataset), { contract: 'quarantine' })
    const strict = await same(warehouses)
    expect(codesOf(strict)).toContain('UNKNOWN_KEY')
    for (const { destination } of warehouses) {
      const loads = await listLoads(destination)
      const last = loads.slice(-statuses.length)
      for (const { loadId, manifest } of last) {
        expect(manifest).toMatchObject({ contract: 'quarantine' })
        await removeLoad(destination, loadId)
      }
    }
    expect(await same(warehouses)).toEqual(after)
  })

  it.each(ARCHIVE_DATASETS)('%s of the bulk archive', async (dataset) => {
    const warehouses = await both()
    const zip = (name: string, data: TestData, tail: string) => {
      const file = path.join(folder, `${dataset}-${name}.zip`)
      const files = archiveFiles(data).map((entry) => ({
        ...entry,
        content: `${String(entry.content)}${tail}`,
      }))
      writeFileSync(file, makeZip(files))
      return () => [ukpoliceArchive(file, { dataset })]
    }
    expect(await loadInto(warehouses, zip('first', published, ''))).toHaveLength(2)
    const before = await same(warehouses)
    expect(codesOf(before)).toEqual([])
    await loadInto(warehouses, zip('second', restated(published), 'too,"few\ncells 𝄞"\n'))
    const after = await same(warehouses)
    expect(codesOf(after)).toContain('ROW_CELL_COUNT')
    const withheld = parsed(after, 'crimewh_load_table').map((row) => row['withheld'])
    expect(withheld.sort()).toEqual(['0', '0', '1', '1'])
    const [table] = Object.keys(after).filter((name) => name.endsWith('_superseded'))
    expect(after[table!]).toHaveLength(before[table!.replace('_superseded', '')]!.length)
  })
})
