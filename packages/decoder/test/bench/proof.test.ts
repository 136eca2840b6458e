import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cProgram } from '../../bench/c-decode.js'
import { ColumnSums } from '../../bench/column-sums.js'
import { duckDbStatements, sqlText } from '../../bench/duckdb-decode.js'
import {
  assertSame,
  compareBytes,
  compareParquet,
  compareRecordNumbers,
} from '../../bench/identity.js'
import { findPeers } from '../../bench/peers.js'
import { peerTables } from '../../bench/peer-tables.js'
import { decode } from '../../src/decode.js'
import { drain } from '../../src/drain.js'
import { parquetFiles } from '../../src/sinks/parquet.js'
import { loadSpec } from '../../src/spec/load.js'
import { generateTruth } from '../../src/testing/index.js'
import { openDuckDb } from '../parquet/readers.js'

const folder = mkdtempSync(path.join(os.tmpdir(), 'bench-test-'))
const ours = path.join(folder, 'ours')
const peer = path.join(folder, 'peer')
const text = path.join(folder, 'year.txt')
const spec = await loadSpec('nibrs/master@2013')
const tables = peerTables(spec)
let connection: DuckDBConnection
let bytes: Uint8Array

beforeAll(async () => {
  connection = await openDuckDb()
  bytes = (await generateTruth({ year: 2022, records: 20_000, seed: 3 })).bytes
  bytes.forEach((byte, i) => {
    if (byte > 0x7f) bytes[i] = 0x3f
  })
  writeFileSync(text, bytes)
  await drain(decode([bytes], spec), parquetFiles({ directory: ours }))
  await decodeWithDuckDb('scan', peer)
})

afterAll(() => {
  connection.closeSync()
  rmSync(folder, { recursive: true })
})

async function decodeWithDuckDb(form: 'scan' | 'table', directory: string): Promise<void> {
  mkdirSync(directory, { recursive: true })
  for (const statement of duckDbStatements(tables, text, directory, form)) {
    await connection.run(statement)
  }
}

/** Our output with the table of offenses changed; every other table as it is. */
async function tampered(change: string): Promise<string> {
  const directory = mkdtempSync(path.join(folder, 'tampered-'))
  for (const { name } of tables) {
    copyFileSync(path.join(ours, `${name}.parquet`), path.join(directory, `${name}.parquet`))
  }
  const [from, to] = [ours, directory].map((one) => sqlText(path.join(one, 'offense.parquet')))
  await connection.run(`CREATE OR REPLACE TEMP TABLE offense AS FROM ${from}`)
  await connection.run(change)
  await connection.run(`COPY offense TO ${to} (FORMAT parquet)`)
  return directory
}

describe('the proof of Parquet', () => {
  test.each(['scan', 'table'] as const)('finds ours the same as DuckDB by %s', async (form) => {
    const directory = path.join(folder, form)
    await decodeWithDuckDb(form, directory)
    expect(await compareParquet(connection, ours, directory, tables)).toEqual([])
    expect(await compareRecordNumbers(connection, ours, text, tables)).toEqual([])
  })

  test('covers every column of the spec, with rows in every table', async () => {
    for (const { name, columns } of tables) {
      const table = spec.tables.find((one) => one.name === name)!
      expect(columns.map((column) => column.name)).toEqual(table.columns.map((one) => one.name))
      const file = sqlText(path.join(ours, `${name}.parquet`))
      const counted = await connection.runAndReadAll(`SELECT count(*)::INTEGER FROM ${file}`)
      expect(counted.getRows()[0]![0], name).toBeGreaterThan(0)
    }
  })

  const first = (condition: string): string =>
    `WHERE record_number = (SELECT min(record_number) FROM offense WHERE ${condition})`
  test.each([
    [
      'one code is another',
      'offense_code',
      `UPDATE offense SET offense_code = '100' ${first("offense_code <> '100'")}`,
    ],
    [
      'one null is a value',
      'premises_entered',
      `UPDATE offense SET premises_entered = 1 ${first('premises_entered IS NULL')}`,
    ],
    [
      'one value is null',
      'location_type',
      `UPDATE offense SET location_type = NULL ${first('location_type IS NOT NULL')}`,
    ],
    [
      'an identifier is trimmed',
      'incident_number',
      "UPDATE offense SET incident_number = rtrim(incident_number, ' 0123456789')",
    ],
    [
      'a date is a day late',
      'incident_date',
      `UPDATE offense SET incident_date = incident_date + 1 ${first('true')}`,
    ],
  ])('fails when %s', async (_, column, change) => {
    const found = await compareParquet(connection, await tampered(change), peer, tables)
    expect(found.length).toBeGreaterThan(0)
    for (const one of found) expect([one.table, one.column]).toEqual(['offense', column])
    expect(() => assertSame('Parquet', found)).toThrow(`offense.${column}`)
  })

  test('fails when two rows have exchanged a cell', async () => {
    const directory = await tampered(`
      UPDATE offense SET location_type = CASE location_type WHEN '20' THEN '13' ELSE '20' END
      WHERE record_number IN (
        SELECT min(record_number) FROM offense WHERE location_type IN ('13', '20')
        GROUP BY location_type)`)
    const found = await compareParquet(connection, directory, peer, tables)
    expect(found.map(({ table, column }) => [table, column])).toEqual([['offense', null]])
  })

  test('fails when a row is gone', async () => {
    const directory = await tampered(`DELETE FROM offense ${first('true')}`)
    const found = await compareParquet(connection, directory, peer, tables)
    expect(found).toContainEqual(expect.objectContaining({ table: 'offense', column: null }))
  })

  test('fails when rows have the numbers of other lines', async () => {
    const change = 'UPDATE offense SET record_number = record_number + 1'
    const directory = await tampered(change)
    expect(await compareParquet(connection, directory, peer, tables)).toEqual([])
    const found = await compareRecordNumbers(connection, directory, text, tables)
    expect(found.map(({ table, column }) => [table, column])).toEqual([
      ['offense', 'record_number'],
    ])
  })
})

describe('the proof of CSV', () => {
  const write = (name: string, files: Readonly<Record<string, string>>): string => {
    const directory = path.join(folder, name)
    mkdirSync(directory)
    for (const [file, content] of Object.entries(files)) {
      writeFileSync(path.join(directory, file), content)
    }
    return directory
  }

  test('passes the same bytes, and does not look at the manifest', async () => {
    const a = write('csv-a', { 'x.csv': 'a,b\n1,2\n', 'manifest.json': '{}' })
    const b = write('csv-b', { 'x.csv': 'a,b\n1,2\n' })
    expect(await compareBytes(a, b)).toEqual([])
  })

  test.each([
    ['another byte', 'a,b\n1,3\n', 6],
    ['bytes missing', 'a,b\n', 4],
    ['bytes more', 'a,b\n1,2\n1', 8],
  ])('fails for %s and says where', async (what, content, offset) => {
    const a = write(`csv-${what}-a`, { 'x.csv': 'a,b\n1,2\n' })
    const b = write(`csv-${what}-b`, { 'x.csv': content })
    const [found] = await compareBytes(a, b)
    expect(found).toMatchObject({ table: 'x.csv', ours: `other bytes from ${offset} on` })
  })

  test('fails for a file that is not there', async () => {
    const a = write('csv-more', { 'x.csv': '', 'y.csv': '' })
    const b = write('csv-less', { 'x.csv': '' })
    expect(await compareBytes(a, b)).toHaveLength(1)
  })
})

const { compiler } = findPeers(folder)
if (compiler === null) console.warn('SKIPPED (no C compiler): the reference decode in C')

describe.skipIf(compiler === null)('the reference in C', () => {
  const program = path.join(folder, 'reference')

  function run(...args: string[]): { readonly status: number | null; readonly output: string } {
    const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8' })
    return { status, output: stdout + stderr }
  }

  beforeAll(() => {
    const source = `${program}.c`
    writeFileSync(source, cProgram(tables))
    const flags = ['-O1', '-Wall', '-Wextra', '-Wno-unused-variable', '-Wno-unused-function']
    const { stderr } = spawnSync(compiler!.program, [...flags, '-o', program, source], {
      encoding: 'utf8',
    })
    expect(stderr).toBe('')
  })

  test('decodes to the counts and sums of ours in every column', async () => {
    const sums = new ColumnSums()
    for await (const batch of decode([bytes], spec)) sums.add(batch)
    const { status, output } = run(text, 'sums')
    expect(status).toBe(0)
    expect(output.split('\n').sort().join('\n').trim()).toBe(sums.lines().trim())
  })

  test('has other sums for a text with one other byte', () => {
    const other = path.join(folder, 'other.txt')
    const changed = Uint8Array.from(bytes)
    const line = Buffer.from(bytes).indexOf('\n04') + 1
    changed[line + 69] = changed[line + 69] === 0x4d ? 0x46 : 0x4d // Sex of a victim.
    writeFileSync(other, changed)
    const lines = (file: string): readonly string[] => run(file, 'sums').output.split('\n')
    const expected = lines(text)
    expect(lines(other).filter((one) => !expected.includes(one))).toEqual([
      expect.stringMatching(/^victim sex \d+ \d+$/),
    ])
  })

  test('ends with an error at a line of another length', () => {
    const short = path.join(folder, 'short.txt')
    writeFileSync(short, Buffer.from(bytes).toString('latin1').replace(/ \n/, '\n'), 'latin1')
    const { status, output } = run(short)
    expect(status).toBe(1)
    expect(output).toContain('not of its nominal length')
  })
})
