import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { CellValue } from '../../src/batch.js'
import { ndjsonFiles, ndjsonStream, type NdjsonOptions } from '../../src/sinks/ndjson.js'
import { batch, codeTable, made, schema, spec, table } from './made-batches.js'

const sex = codeTable('sex', [
  ['M', 'Male'],
  ['F', 'Female "\\"'],
  ['U', 'Unknown'],
])

function columns() {
  return [
    made(spec('ori', 'identifier', { width: 9 }), 'index32'),
    made(spec('city_name', 'text', { width: 24 }), 'bytes'),
    made(spec('incident_number', 'identifier', { width: 12 }), 'bytes'),
    made(spec('incident_date', 'date', { width: 8 }), 'index16'),
    made(spec('sex', 'code', { width: 1, codes: sex }), 'index8'),
    made(spec('value', 'integer', { width: 9 }), 'int32'),
    made(spec('drug_quantity', 'decimal', { width: 12, scale: 3 }), 'float64'),
    made(spec('cargo_theft', 'flag', { width: 1 }), 'index8'),
  ]
}

const rows: CellValue[][] = [
  ['AK0010100', 'Anchorage', 'A-1 B  2 3 4', '2020-02-29', 'M', 0, 12.345, true],
  ['AK0010100', "Coeur d'Alene", ' 23456789012', null, 'F', 1_234_567, 12, false],
  [null, 'Cañon City, "CO"', ' "q\\d",\t   x', '1969-12-31', 'X', null, 0.5, null],
  ['AK"0\\1\n01', null, null, '1991-01-01', null, 999_999_999, null, true],
  ['AK0010100', 'Bell\x07 \x7f\x80ÿ', '            ', '2099-12-31', 'U', 10, 999_999_999.999, true],
]

const names = [...columns().map((column) => column.spec.name), 'record_number', 'record_length']
const objects = rows.map((row, index) =>
  Object.fromEntries([...row, index + 1, 88].map((value, at) => [names[at]!, value])),
)

let folder: string
beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'ndjson-sink-'))
})
afterEach(() => {
  fs.rmSync(folder, { recursive: true, force: true })
})

async function streamed(options: NdjsonOptions): Promise<string> {
  const chunks: Uint8Array[] = []
  const sink = ndjsonStream((bytes) => void chunks.push(bytes), options)
  const cols = columns()
  await sink.open(schema([table('victim', cols)]))
  await sink.write(batch('victim', cols, rows.slice(0, 2)))
  await sink.write(batch('victim', cols, rows.slice(2), 3))
  await sink.close()
  return Buffer.concat(chunks).toString()
}

describe('ndjson', () => {
  test('bytes are those of JSON.stringify, nulls included', async () => {
    const text = await streamed({})
    expect(text).toBe(objects.map((object) => JSON.stringify(object) + '\n').join(''))
    expect(
      text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual(objects)
  })

  test('omitNulls leaves out the keys without a value', async () => {
    const kept = objects.map((object) =>
      Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null)),
    )
    expect(await streamed({ omitNulls: true })).toBe(
      kept.map((object) => JSON.stringify(object) + '\n').join(''),
    )
  })

  test('labels stand beside their codes, null for a code that is not listed', async () => {
    const lines = (await streamed({ labels: true })).split('\n')
    expect(JSON.parse(lines[0]!)).toMatchObject({ sex: 'M', sex_label: 'Male' })
    expect(JSON.parse(lines[1]!)).toMatchObject({ sex: 'F', sex_label: 'Female "\\"' })
    expect(JSON.parse(lines[2]!)).toMatchObject({ sex: 'X', sex_label: null })
    expect(Object.keys(JSON.parse(lines[3]!))).toContain('sex_label')
  })

  test('a segment without rows gives an empty file', async () => {
    const sink = ndjsonFiles({ directory: folder })
    const cols = columns()
    await sink.open(schema([table('victim', cols), table('offense', cols)]))
    await sink.write(batch('victim', cols, rows))
    const files = await sink.close()
    expect(files.map(({ rowCount, byteCount }) => rowCount > 0 === byteCount > 0)).toEqual([
      true,
      true,
    ])
    expect(fs.readFileSync(join(folder, 'offense.ndjson'), 'utf8')).toBe('')
    expect(fs.readFileSync(files[0]!.path, 'utf8')).toBe(await streamed({}))
  })

  test('DuckDB reads the values back', async () => {
    const sink = ndjsonFiles({ directory: folder })
    const cols = columns()
    await sink.open(schema([table('victim', cols)]))
    await sink.write(batch('victim', cols, rows))
    const [file] = await sink.close()
    const instance = await DuckDBInstance.create(':memory:', {
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
    })
    const connection = await instance.connect()
    const reader = await connection.runAndReadAll(
      `SELECT * REPLACE (incident_date::VARCHAR AS incident_date) FROM read_json(
         '${file!.path}', format = 'newline_delimited', columns = {
           ori: 'VARCHAR', city_name: 'VARCHAR', incident_number: 'VARCHAR', incident_date: 'DATE',
           sex: 'VARCHAR', value: 'INTEGER', drug_quantity: 'DOUBLE', cargo_theft: 'BOOLEAN',
           record_number: 'INTEGER', record_length: 'INTEGER'})`,
    )
    expect(reader.getRowsJS()).toEqual(rows.map((row, index) => [...row, index + 1, 88]))
    connection.closeSync()
    instance.closeSync()
  })

  test('misspelt options are refused', () => {
    expect(() => ndjsonStream(() => undefined, { header: true } as any)).toThrow(/"header"/)
    expect(() => ndjsonFiles({ directory: '' })).toThrow(/directory/)
  })
})
