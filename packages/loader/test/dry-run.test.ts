import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { writeMasterFile } from '@nibrs/decoder/testing'
import { createClient } from '@ukpolice/client'
import {
  archiveFiles,
  generateData,
  makeZip,
  startTestServer,
  type TestServer,
} from '@ukpolice/client/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sliceLines } from '../src/cli/render.js'
import { load, openDestination, type Source } from '../src/index.js'
import { nibrsFile, ukpoliceApi, ukpoliceArchive } from '../src/sources/index.js'

let folder: string
let server: TestServer
const data = generateData({ forces: ['kent'], crimeCount: 60, monthCount: 2 })
const files = archiveFiles(data)
const stopsOf = (month: string) => data.stops!.filter((stop) => stop.month === month).length

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'crimewh-dry-'))
  const archives = { '2026-08': makeZip(files) }
  server = await startTestServer(data, { rate: false, archives })
})
afterAll(async () => {
  await server.close()
  rmSync(folder, { recursive: true, force: true })
})

const file = (name: string) => path.join(folder, name)
const destination = (name: string) => openDestination(`duckdb:${file(name)}`)

async function plan(source: Source, name: string) {
  const { slices } = await load({ source, destination: destination(name), dryRun: true })
  return { slices, lines: slices.flatMap((slice) => sliceLines(source.kind, slice)) }
}

describe('a dry run of a NIBRS file', () => {
  let total: number
  beforeAll(async () => {
    const { rows } = await writeMasterFile(file('nibrs-2022.zip'), {
      year: 2022,
      records: 1000,
      faults: { rate: 0.02 },
    })
    total = Object.values(rows).reduce((sum, count) => sum + count, 0)
  })

  test('counts the rows it would write', async () => {
    const { slices, lines } = await plan(nibrsFile(file('nibrs-2022.zip')), 'nibrs.duckdb')
    expect(slices[0]!.plan).toMatchObject({ expectedRows: total, unreadReason: null })
    expect(lines[0]).toBe(
      `nibrs data_year=2022 state=*: would be loaded, ${total.toLocaleString('en-US')} rows`,
    )
    expect(existsSync(file('nibrs.duckdb'))).toBe(false)
  })

  test('leaves out what quarantine would withhold, as the load does', async () => {
    const source = nibrsFile(file('nibrs-2022.zip'))
    const options = {
      source,
      destination: destination('q.duckdb'),
      contract: 'quarantine',
    } as const
    const planned = await load({ ...options, dryRun: true })
    const { slices } = await load(options)
    const staged = slices[0]!.manifest!.tables.reduce((sum, table) => sum + table.staged, 0)
    expect(planned.slices[0]!.plan!.expectedRows).toBe(staged)
    expect(staged).toBeLessThan(total)
  })

  test('fails over maxIssues, as the load would', async () => {
    const options = { destination: destination('m.duckdb'), maxIssues: { share: 0.0001 } }
    await expect(
      load({ source: nibrsFile(file('nibrs-2022.zip')), ...options, dryRun: true }),
    ).rejects.toMatchObject({ code: 'SOURCE_ISSUES' })
  })
})

describe('a dry run of the bulk archive', () => {
  test('counts, tells what is in already, and what was restated', async () => {
    writeFileSync(file('archive.zip'), makeZip(files))
    const source = ukpoliceArchive(file('archive.zip'), { dataset: 'stop-and-search' })
    const before = await plan(source, 'archive.duckdb')
    expect(before.slices.map((slice) => slice.plan!.expectedRows)).toEqual([
      stopsOf('2026-07'),
      stopsOf('2026-08'),
    ])
    await load({ source, destination: destination('archive.duckdb') })
    const after = await plan(source, 'archive.duckdb')
    expect(after.lines).toEqual([
      'ukpolice_archive_stop force=kent month=2026-07: skipped, the same content is in as load 1',
      'ukpolice_archive_stop force=kent month=2026-08: skipped, the same content is in as load 2',
    ])
    const restated = archiveFiles({ ...data, stops: data.stops!.slice(1) })
    writeFileSync(file('restated.zip'), makeZip(restated))
    const other = ukpoliceArchive(file('restated.zip'), { dataset: 'stop-and-search' })
    const { slices } = await plan(other, 'archive.duckdb')
    const changed = slices.filter(({ status }) => status === 'planned')
    expect(slices.map(({ status }) => status).toSorted()).toEqual(['planned', 'skipped'])
    expect(changed[0]!.plan).toMatchObject({ inAlready: null, supersedes: [{}] })
    const { rows } = changed[0]!.plan!.supersedes[0]!
    expect(changed[0]!.plan!.expectedRows).toBe(rows - 1)
  })

  test('downloads no file to count its rows', async () => {
    const source = ukpoliceArchive(`${server.archiveUrl}/2026-08.zip`, {
      dataset: 'stop-and-search',
      since: '2026-08',
    })
    const before = await plan(source, 'remote.duckdb')
    expect(before.lines.slice(0, 2)).toEqual([
      'ukpolice_archive_stop force=kent month=2026-08: would be loaded',
      expect.stringMatching(
        /^ {2}rows not counted: a load downloads the file, [\d,]+ bytes unpacked/,
      ),
    ])
    await load({ source, destination: destination('remote.duckdb') })
    const after = await plan(source, 'remote.duckdb')
    expect(after.lines[0]).toBe(
      'ukpolice_archive_stop force=kent month=2026-08: is in as load 1, and would be read again to see whether it changed',
    )
  })
})

test('a dry run of the API asks for no rows, and tells what is in already', async () => {
  const client = createClient({ baseUrl: server.url })
  const source = ukpoliceApi({ client, dataset: 'stops', since: '2026-08' })
  const before = await plan(source, 'api.duckdb')
  expect(before.lines.slice(0, 2)).toEqual([
    'ukpolice_stop force=kent month=2026-08: would be loaded',
    '  rows not counted: a load asks for them with 1 request',
  ])
  expect(server.requests.map(({ path: route }) => route)).not.toContain('stops-force')
  await load({ source, destination: destination('api.duckdb') })
  const after = await plan(source, 'api.duckdb')
  expect(after.slices[0]!.plan).toMatchObject({ expectedRows: null, inAlready: 1 })
  expect(after.lines).toEqual([
    'ukpolice_stop force=kent month=2026-08: is in as load 1, and would be read again to see whether it changed',
    '  rows not counted: a load asks for them with 1 request',
    `  would take the place of load 1, ${stopsOf('2026-08')} rows, if it changed`,
  ])
  const forced = { source, destination: destination('api.duckdb'), force: true, dryRun: true }
  expect((await load(forced)).slices[0]!.plan).toMatchObject({ inAlready: null })
})
