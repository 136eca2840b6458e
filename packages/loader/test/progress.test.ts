import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { PassThrough } from 'node:stream'
import { writeMasterFile } from '@nibrs/decoder/testing'
import { createClient } from '@ukpolice/client'
import { generateData, startTestServer, type TestServer } from '@ukpolice/client/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { progressListener } from '../src/cli/progress.js'
import { Terminal } from '../src/cli/terminal.js'
import { load, type LoadEvent, openDestination } from '../src/index.js'
import { nibrsFile, ukpoliceApi } from '../src/sources/index.js'

let folder: string
let server: TestServer
const data = generateData({ forces: ['kent'], crimeCount: 30, monthCount: 1 })

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'crimewh-progress-'))
  server = await startTestServer(data, { rate: false })
})
afterAll(async () => {
  await server.close()
  rmSync(folder, { recursive: true, force: true })
})

const destination = (name: string) => openDestination(`duckdb:${path.join(folder, name)}`)

/** Stops of a month, whose answer is asked for once `until` has come. */
function heldStops(until: Promise<unknown>) {
  const client = createClient({
    baseUrl: server.url,
    fetch: async (...request) => {
      if (new Request(...request).url.includes('stops-force')) await until
      return fetch(...request)
    },
  })
  return ukpoliceApi({ client, dataset: 'stops' })
}

test('events of a slice come while the service has not answered yet', async () => {
  const events: LoadEvent[] = []
  let heard: (event: LoadEvent) => void
  const first = new Promise((resolve) => (heard = resolve))
  await load({
    source: heldStops(first),
    destination: destination('held.duckdb'),
    onProgress: (event) => {
      events.push(event)
      if (event.kind === 'staging') heard(event)
    },
  })
  expect(await first).toMatchObject({ rows: 0, progress: { done: 0, unit: 'requests' } })
  expect([...new Set(events.map(({ kind }) => kind))]).toEqual([
    'slice-start',
    'staging',
    'storing',
    'committing',
    'slice-end',
  ])
})

test('hashing, and putting the rows of an earlier load aside, are events', async () => {
  const file = path.join(folder, 'nibrs-2022.zip')
  const { rows } = await writeMasterFile(file, { year: 2022, records: 500 })
  const total = Object.values(rows).reduce((sum, count) => sum + count, 0)
  const options = { source: nibrsFile(file), destination: destination('nibrs.duckdb') }
  await load(options)
  const events: LoadEvent[] = []
  await load({ ...options, force: true, onProgress: (event) => events.push(event) })
  expect(events[0]).toMatchObject({ kind: 'hashing', source: 'nibrs-2022.zip' })
  expect(events.filter(({ kind }) => kind !== 'staging').slice(1)).toEqual([
    { kind: 'slice-start', slice: 'data_year=2022 state=*' },
    { kind: 'storing', slice: 'data_year=2022 state=*', rows: total },
    { kind: 'replacing', slice: 'data_year=2022 state=*', rows: total },
    { kind: 'committing', slice: 'data_year=2022 state=*', rows: total },
    { kind: 'slice-end', slice: 'data_year=2022 state=*', status: 'loaded', loadId: 2 },
  ])
})

test('an error of the listener ends the load, also when a timer called it', async () => {
  let heard: () => void
  const told = new Promise<void>((resolve) => (heard = resolve))
  const loading = load({
    source: heldStops(told),
    destination: destination('thrown.duckdb'),
    onProgress: ({ kind }) => {
      if (kind !== 'staging') return
      heard()
      throw new Error('not wanted')
    },
  })
  await expect(loading).rejects.toThrow('not wanted')
})

test('without a terminal a line is written again and again, though nothing moves', async () => {
  const stream = new PassThrough()
  const lines: string[] = []
  const three = new Promise<void>((resolve) => {
    stream.on('data', (chunk: Buffer) => {
      lines.push(chunk.toString())
      if (lines.length === 3) resolve()
    })
  })
  {
    using listener = progressListener(new Terminal({ quiet: false }, stream), 20)
    await load({
      source: heldStops(three),
      destination: destination('lines.duckdb'),
      onProgress: (event) => listener.onEvent(event),
    })
  }
  expect(lines[0]).toMatch(/^force=kent month=2026-08 {2}(reading|0 answers {2}0 rows)\n$/)
})

test('quiet writes no such line', async () => {
  const stream = new PassThrough()
  using listener = progressListener(new Terminal({ quiet: true }, stream), 1)
  await load({
    source: ukpoliceApi({ client: createClient({ baseUrl: server.url }), dataset: 'stops' }),
    destination: destination('quiet.duckdb'),
    onProgress: (event) => listener.onEvent(event),
  })
  expect(stream.read()).toBeNull()
})
