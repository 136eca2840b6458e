import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { archiveFiles, generateData, makeZip } from '@ukpolice/client/testing'
import { expect, test } from 'vitest'
import { load, openDestination, type StageIssue } from '../../src/index.js'
import { ukpoliceArchive } from '../../src/sources/index.js'
import { columnSchemas, keyColumn, rowConverter } from '../../src/sources/api-rows.js'
import { query } from '../cli/query.js'
import { memoryTable } from '../support/memory-source.js'

const COLUMNS = [keyColumn('at', { kind: 'timestamp' })]
const TABLE = { ...memoryTable('times', {}), columns: columnSchemas(COLUMNS, 'tests') }

function convert(at: unknown) {
  const issues: StageIssue[] = []
  const place = { byteOffset: 7, file: 'times.csv' }
  const { values } = rowConverter(TABLE, COLUMNS).convert({ at }, 3, place, issues)
  return { value: values[0], issues }
}

test.each([
  ['2026-02-28T10:00:00+00:00', '2026-02-28 10:00:00'],
  ['2024-02-29T23:59:59Z', '2024-02-29 23:59:59'],
  ['2026-01-01T00:30:00+01:00', '2025-12-31 23:30:00'],
  ['2026-12-31T23:30-0100', '2027-01-01 00:30:00'],
  ['2026-08-01T10:00:00.000Z', '2026-08-01 10:00:00'],
  ['2026-08-01T10:00:00.250+00:00', '2026-08-01 10:00:00.25'],
  ['2026-08-01T10:00:00.1234560+01:00', '2026-08-01 09:00:00.123456'],
])('the time %s is %s in UTC', (given, expected) => {
  expect(convert(given)).toEqual({ value: expected, issues: [] })
})

test.each([
  '2026-02-30T10:00:00+00:00',
  '2025-02-29T10:00:00Z',
  '2026-04-31T10:00:00+01:00',
  '2026-13-01T10:00:00Z',
  '2026-01-00T10:00:00Z',
  '2026-01-01T24:00:00Z',
  '2026-01-01T10:60:00Z',
  '2026-01-01T23:59:60Z',
  '2026-01-01T10:00:00+24:00',
  '2026-01-01T10:00:00+01:60',
  '2026-01-01T10:00:00.1234567Z',
  '9999-12-31T23:30:00-01:00',
  '2026-01-01T10:00:00',
  '2026-01-01',
])('%s is no time: null, and an issue that has it', (given) => {
  const { value, issues } = convert(given)
  expect(value).toBeNull()
  expect(issues).toEqual([
    {
      code: 'FIELD_TIMESTAMP',
      table: 'times',
      field: 'at',
      recordNumber: 3,
      byteOffset: 7,
      raw: given,
      file: 'times.csv',
    },
  ])
})

test('a day off the calendar in an archive is in the issues, and a fraction in the table', async () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'loader-times-'))
  try {
    const data = generateData({ monthCount: 1, crimeCount: 20, forces: ['kent'] })
    const [first, second] = data.stops!
    const stops = [
      { ...first!, row: { ...first!.row, datetime: '2026-02-30T10:00:00+00:00' } },
      { ...second!, row: { ...second!.row, datetime: '2026-08-02T10:00:00.125+00:00' } },
    ]
    const zip = path.join(folder, 'archive.zip')
    writeFileSync(zip, makeZip(archiveFiles({ ...data, crimes: [], outcomes: [], stops })))
    const file = path.join(folder, 'times.duckdb')
    await load({
      source: ukpoliceArchive(zip, { dataset: 'stop-and-search' }),
      destination: openDestination(`duckdb:${file}`),
    })
    expect(
      await query(
        file,
        'SELECT CAST(datetime AS VARCHAR) FROM stg_ukpolice_archive_stop ORDER BY source_record',
      ),
    ).toEqual([[null], ['2026-08-02 10:00:00.125']])
    expect(await query(file, 'SELECT code, field, raw FROM crimewh_issue')).toEqual([
      ['FIELD_TIMESTAMP', 'datetime', '2026-02-30T10:00:00+00:00'],
    ])
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
