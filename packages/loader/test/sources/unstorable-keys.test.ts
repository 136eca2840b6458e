import { createClient } from '@ukpolice/client'
import { generateData, startTestServer, type TestServer } from '@ukpolice/client/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { load } from '../../src/index.js'
import { ukpoliceApi } from '../../src/sources/index.js'
import { duckdbKind, postgresKind, rowHashes } from '../support/warehouse.js'

// JSON can write NUL and half a surrogate pair; PostgreSQL's jsonb and text take neither.

const data = generateData({ forces: ['kent'], crimeCount: 30, monthCount: 1 })
const unknown = [
  { plain: 'text with "quotes", \\u0000 written out, and 😀' },
  { nul: 'a\0b', plain: 'kept' },
  { deep: { list: ['fine', { half: 'x\ud800' }] }, plain: 'kept' },
  { 'na␀me': 'its own', 'na\0me': 1, 'ha\udc00lf': 2, plain: 'kept' },
  JSON.parse('{"__proto__": {"a": 1}}') as object,
]
let server: TestServer
const seen: Record<string, readonly string[]>[] = []

beforeAll(async () => {
  const stops = data.stops!.slice(0, unknown.length)
  server = await startTestServer(
    { ...data, stops: stops.map((stop, i) => ({ ...stop, row: { ...unknown[i], ...stop.row } })) },
    { rate: false },
  )
})
afterAll(() => server.close())

describe.each([duckdbKind(), postgresKind()])('$name', (kind) => {
  let isThere = false
  beforeAll(async () => {
    isThere = await kind.start()
  })
  afterAll(() => kind.stop())

  test('keeps unknown keys, and tells those it cannot', async ({ skip }) => {
    if (!isThere) skip()
    const warehouse = await kind.make()
    const { destination } = warehouse
    const client = createClient({ baseUrl: server.url })
    const { slices } = await load({
      source: ukpoliceApi({ client, dataset: 'stops' }),
      destination,
    })
    expect(slices[0]!.manifest!.issues).toEqual({ FIELD_DOES_NOT_FIT: 4 })
    const kept = await warehouse.query(
      'SELECT CAST(unknown_keys AS VARCHAR) AS keys FROM stg_ukpolice_stop',
    )
    const keys = kept.map((row) => JSON.parse(String(row['keys'])) as object)
    expect(keys).toHaveLength(unknown.length)
    expect(keys).toEqual(
      expect.arrayContaining([
        unknown[0],
        { nul: null, plain: 'kept' },
        { deep: null, plain: 'kept' },
        { 'na␀me': 'its own', 'ha\ufffdlf': null, plain: 'kept' },
        unknown[4],
      ]),
    )
    expect(await warehouse.query('SELECT field, raw, file FROM crimewh_issue')).toEqual(
      expect.arrayContaining([
        { field: 'nul', raw: '"a\\u0000b"', file: 'stops kent 2026-08' },
        {
          field: 'deep',
          raw: '{"list":["fine",{"half":"x\\ud800"}]}',
          file: 'stops kent 2026-08',
        },
        { field: 'na␀me', raw: '1', file: 'stops kent 2026-08' },
        { field: 'ha\ufffdlf', raw: '2', file: 'stops kent 2026-08' },
      ]),
    )
    seen.push(await rowHashes(warehouse))
  })
})

test('row hashes are the same everywhere', ({ skip }) => {
  if (seen.length < 2) skip()
  expect(seen[1]).toEqual(seen[0])
})
