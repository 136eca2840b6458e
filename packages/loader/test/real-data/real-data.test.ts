import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { createClient } from '@ukpolice/client'
import { makeZip, readRecordedData, startTestServer } from '@ukpolice/client/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { duckdb } from '../../src/destinations/duckdb.js'
import { load } from '../../src/load.js'
import {
  ARCHIVE_DATASETS,
  archiveKind,
  nibrsFile,
  ukpoliceApi,
  ukpoliceArchive,
} from '../../src/sources/index.js'
import { query } from '../cli/query.js'

const shared =
  process.env['CRIME_SHARED_DATA'] ??
  fileURLToPath(new URL('../../../../../shared/data', import.meta.url))
const isThere = existsSync(path.join(shared, 'ukpolice'))
if (!isThere) console.warn(`SKIPPED (no shared data): real rows loaded into DuckDB`)

describe.runIf(isThere)('real data', () => {
  let folder: string
  let database: string
  beforeAll(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'loader-real-'))
    database = path.join(folder, 'real.duckdb')
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  test('every line of the archive files is a row, as DuckDB counts them itself', async () => {
    const archive = path.join(shared, 'ukpolice/archive')
    const files = readdirSync(archive).flatMap((month) =>
      readdirSync(path.join(archive, month)).map((name) => path.join(month, name)),
    )
    const zip = path.join(folder, 'archive.zip')
    const contents = files.map((name) => ({
      name,
      content: readFileSync(path.join(archive, name)),
    }))
    writeFileSync(zip, makeZip(contents))
    const destination = duckdb({ path: database })
    const loaded: Record<string, number> = {}
    for (const dataset of ARCHIVE_DATASETS) {
      const { slices } = await load({ source: ukpoliceArchive(zip, { dataset }), destination })
      expect(slices.length).toBe(files.filter((name) => name.endsWith(`-${dataset}.csv`)).length)
      loaded[dataset] = slices.length
    }
    for (const dataset of ARCHIVE_DATASETS) {
      const table = `stg_${archiveKind(dataset)}`
      const glob = path.join(archive, '*', `*-${dataset}.csv`)
      const [[ours, theirs]] = (await query(
        database,
        `SELECT (SELECT count(*) FROM ${table})::int,
                (SELECT count(*) FROM read_csv('${glob}', header = true, all_varchar = true))::int`,
      )) as [[number, number]]
      expect(ours, dataset).toBe(theirs)
      expect(ours, dataset).toBeGreaterThan(1000)
    }
    const [[withheld]] = (await query(
      database,
      `SELECT sum(withheld)::int FROM crimewh_load_table`,
    )) as [[number]]
    expect(withheld).toBe(0)
    const [[sum, theirSum]] = (await query(
      database,
      `SELECT (SELECT sum(location_latitude) FROM stg_ukpolice_archive_crime)::text,
              (SELECT sum("Latitude"::decimal(9,6)) FROM
                 read_csv('${path.join(archive, '*', '*-street.csv')}', header = true, all_varchar = true))::text`,
    )) as [[string, string]]
    expect(sum).toBe(theirSum)
  })

  test('recorded stops of a force are loaded as they were sent', async () => {
    const server = await startTestServer(readRecordedData(path.join(shared, 'ukpolice/api')), {
      rate: false,
    })
    try {
      const client = createClient({ baseUrl: server.url })
      const source = ukpoliceApi({
        client,
        dataset: 'stops',
        slices: ['2022-12', '2024-09'].map((month) => ({ force: 'metropolitan', month })),
      })
      const { slices } = await load({ source, destination: duckdb({ path: database }) })
      expect(slices.map(({ manifest }) => manifest!.issues)).toEqual([{}, {}])
      const rows = await query(
        database,
        `SELECT month, count(*)::int, count(location_latitude)::int, min(datetime)::text
           FROM stg_ukpolice_stop GROUP BY month ORDER BY month`,
      )
      const expected = ['2022-12.part-a', '2024-09'].map((name) => {
        const file = path.join(shared, `ukpolice/api/stops-force/metropolitan-${name}.json`)
        const stops = JSON.parse(readFileSync(file, 'utf8')) as {
          readonly datetime: string
          readonly location: object | null
        }[]
        const first = stops.map(({ datetime }) => datetime).sort()[0]!
        return [
          name.slice(0, 7),
          stops.length,
          stops.filter(({ location }) => location !== null).length,
          first.slice(0, 19).replace('T', ' '),
        ]
      })
      expect(rows).toEqual(expected)
    } finally {
      await server.close()
    }
  })

  test('real NIBRS lines are rows with their own line numbers', async () => {
    for (const [name, year] of [
      ['sample-2020-ak.txt', 2020],
      ['sample-2021-mixed.txt', 2021],
    ] as const) {
      const file = path.join(shared, 'nibrs-master', name)
      const source = nibrsFile(file, { dataYear: year })
      const { slices } = await load({ source, destination: duckdb({ path: database }) })
      const { tables } = slices[0]!.manifest!
      const lines = readFileSync(file, 'latin1')
        .split('\n')
        .map((line, index) => ({ line, number: index + 1 }))
        .filter(({ line }) => line.trim() !== '')
      expect(tables.reduce((sum, { decoded }) => sum + decoded, 0)).toBe(lines.length)
      const offenses = lines.filter(({ line }) => line.startsWith('02'))
      const found = await query(
        database,
        `SELECT source_record::int, offense_code FROM stg_nibrs_offense
          WHERE data_year = ${year} ORDER BY source_record`,
      )
      expect(found).toEqual(offenses.map(({ line, number }) => [number, line.slice(33, 36)]))
    }
  })
})
