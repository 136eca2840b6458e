import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { generateTruth } from '@nibrs/decoder/testing'
import { createClient } from '@ukpolice/client'
import {
  archiveFiles,
  generateData,
  makeZip,
  startTestServer,
  type TestServer,
} from '@ukpolice/client/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { load, SchemaDriftError, type Source } from '../../src/index.js'
import {
  ARCHIVE_DATASETS,
  nibrsFile,
  UKPOLICE_DATASETS,
  ukpoliceApi,
  ukpoliceArchive,
} from '../../src/sources/index.js'
import { crimewh } from '../cli/crimewh.js'
import { structure } from '../support/catalogue.js'
import { memoryRows, memorySource, memoryTable } from '../support/memory-source.js'
import { duckdbKind, postgresKind, type Warehouse } from '../support/warehouse.js'

const duckdb = duckdbKind()
const postgres = postgresKind()
const isThere = await postgres.start()
const folder = mkdtempSync(path.join(tmpdir(), 'cwddl-'))
const data = generateData({ forces: ['kent'], monthCount: 1, crimeCount: 30 })
const nibrs = path.join(folder, '2022.txt')
const archive = path.join(folder, 'archive.zip')
let server: TestServer

beforeAll(async () => {
  server = await startTestServer(data, { rate: false })
  writeFileSync(nibrs, (await generateTruth({ year: 2022, records: 300 })).bytes)
  writeFileSync(archive, makeZip(archiveFiles(data)))
})
afterAll(async () => {
  await server.close()
  await duckdb.stop()
  await postgres.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** One of every kind of source that `schema print` knows. */
function everySource(): readonly Source[] {
  const limits = { perSecond: 1e4, burst: 1e4 }
  const client = createClient({ baseUrl: server.url, limits })
  const within = [
    { lat: 52.6, lng: -1.2 },
    { lat: 52.6, lng: -1.1 },
    { lat: 52.7, lng: -1.1 },
  ]
  return [
    nibrsFile(nibrs),
    ...UKPOLICE_DATASETS.flatMap((dataset) => [
      ukpoliceApi({ client, dataset }),
      ukpoliceApi({ client, dataset, area: { name: 'here', within } }),
    ]),
    ...ARCHIVE_DATASETS.map((dataset) => ukpoliceArchive(archive, { dataset })),
  ]
}

const places = [
  { name: 'a DuckDB file', kind: duckdb, make: () => duckdb.make(), isNamed: false },
  {
    name: 'the default schema of PostgreSQL',
    kind: postgres,
    make: () => postgres.makeDefault(),
    isNamed: false,
  },
  { name: 'a schema of PostgreSQL', kind: postgres, make: () => postgres.make(), isNamed: true },
]

describe.each(places)('in $name', ({ kind, make, isNamed }) => {
  const able = kind.name === 'duckdb' || isThere

  /** In one go and in a session of its own, as from a file. */
  const runByHand = (warehouse: Warehouse, sql: string) =>
    warehouse.session(async (query) => {
      await query(sql)
    })

  it.skipIf(!able)('what schema print gives makes what loads make', async () => {
    const loaded = await make()
    for (const source of everySource()) await load({ source, destination: loaded.destination })

    const args = ['schema', 'print', '--dialect', kind.name]
    const { stdout, code } = await crimewh(args, { cwd: folder })
    expect(code).toBe(0)
    const printed = await make()
    const schema = isNamed ? /&schema=(\w+)/.exec(printed.url)![1]! : null
    await runByHand(printed, schema === null ? stdout : `CREATE SCHEMA ${schema};\n${stdout}`)
    const made = await structure(printed)
    expect(made.length).toBeGreaterThan(300)
    expect(made).toEqual(await structure(loaded))

    const { destination } = printed
    for (const source of everySource()) {
      const { slices } = await load({ source, destination, dryRun: true })
      expect(slices[0]!.plan).toMatchObject({ ddl: [], destructiveDdl: [] })
    }
    await load({ source: nibrsFile(nibrs), destination })
    expect(await structure(printed)).toEqual(made)
  })

  it.skipIf(!able)('what a dry run gives, run by hand, leaves a load nothing to make', async () => {
    const text = { kind: 'text' } as const
    const integer = { kind: 'integer', bits: 32 } as const
    const bigint = { kind: 'integer', bits: 64 } as const
    const first = memoryTable('sample', { code: text, count: bigint })
    const second = memoryTable('sample', { code: text, count: integer, extra: text })
    const put = (schema: typeof first, more = {}) =>
      load({
        source: memorySource([{ schema, rows: memoryRows(schema.columns.map(() => null)) }]),
        destination: warehouse.destination,
        ...more,
      })
    const warehouse = await make()
    const plan = (await put(first, { dryRun: true })).slices[0]!.plan!
    await outside(warehouse, plan.ddl)
    const made = await structure(warehouse)
    expect(made.length).toBeGreaterThan(30)
    expect((await put(first, { dryRun: true })).slices[0]!.plan!.ddl).toEqual([])
    await put(first)
    expect(await structure(warehouse)).toEqual(made)

    const changed = (await put(second, { dryRun: true })).slices[0]!.plan!
    const refusal = await put(second).then(
      () => undefined,
      (error: unknown) => error,
    )
    expect(refusal).toBeInstanceOf(SchemaDriftError)
    const { ddl } = refusal as SchemaDriftError
    expect(ddl!.slice(-2)).toEqual(changed.destructiveDdl)
    expect(await structure(warehouse)).toEqual(made)
    await outside(warehouse, ddl!)
    expect((await put(second, { dryRun: true })).slices[0]!.plan!.destructiveDdl).toEqual([])
    expect((await put(second)).status).toBe('loaded')
  })

  /** Runs statements as somebody would who is connected to the database and nothing more. */
  async function outside(warehouse: Warehouse, statements: readonly string[]): Promise<void> {
    await warehouse.session(async (query) => {
      if (kind.name === 'postgres') await query('RESET search_path')
      await query(statements.join(';\n'))
    })
  }
})
