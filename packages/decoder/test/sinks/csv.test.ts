import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { stringify } from 'csv-stringify/sync'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { CellValue } from '../../src/batch.js'
import { csvFiles, csvStream, type CsvOptions } from '../../src/sinks/csv.js'
import { batch, codeTable, made, schema, spec, table } from './made-batches.js'

const sex = codeTable('sex', [
  ['M', 'Male'],
  ['F', 'Female, or "woman"'],
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
  ['AK0010100', 'Coeur d’Alene'.replace('’', "'"), ' 23456789012', null, 'F', 1_234_567, 12, false],
  [null, 'Cañon City, "CO"', ' "quoted", x', '1969-12-31', 'X', null, 0.5, null],
  ['AK"0,1\n01', null, null, '1991-01-01', null, 999_999_999, null, true],
  [
    'AK0010100',
    'Truth or\rConsequences',
    '            ',
    '2099-12-31',
    'U',
    10,
    999_999_999.999,
    true,
  ],
]

const names = [...columns().map((column) => column.spec.name), 'record_number', 'record_length']
const outRows = rows.map((row, index) => [...row, index + 1, 88])

function expected(options: CsvOptions = {}): string {
  return stringify(outRows, {
    header: options.header ?? true,
    columns: names,
    quote_record_delimiter: true,
    delimiter: options.delimiter ?? ',',
    record_delimiter: options.recordDelimiter ?? '\n',
    quoted: options.quoted ?? false,
    bom: options.bom ?? false,
    escape_formulas: options.escapeFormulas ?? false,
    cast: { boolean: (value) => String(value) },
  })
}

let folder: string
beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'csv-sink-'))
})
afterEach(() => {
  fs.rmSync(folder, { recursive: true, force: true })
})

async function streamed(options: CsvOptions): Promise<string> {
  const chunks: Uint8Array[] = []
  const sink = csvStream((bytes) => void chunks.push(bytes), options)
  const cols = columns()
  await sink.open(schema([table('victim', cols)]))
  await sink.write(batch('victim', cols, rows.slice(0, 2)))
  await sink.write(batch('victim', cols, rows.slice(2), 3))
  await sink.close()
  return Buffer.concat(chunks).toString()
}

describe('csv', () => {
  test.each<CsvOptions>([
    {},
    { header: false },
    { delimiter: ';' },
    { delimiter: '\t' },
    { delimiter: '1' },
    { delimiter: 'é' },
    { recordDelimiter: '\r\n' },
    { quoted: true },
    { bom: true },
    { escapeFormulas: true },
  ])('bytes are those of csv-stringify with %o', async (options) => {
    expect(await streamed(options)).toBe(expected(options))
  })

  test('files hold the same bytes as the stream, and DuckDB reads the values back', async () => {
    const sink = csvFiles({ directory: folder })
    const cols = columns()
    await sink.open(schema([table('victim', cols), table('offense', cols)]))
    await sink.write(batch('victim', cols, rows))
    const files = await sink.close()
    expect(files.map(({ segment, rowCount }) => [segment, rowCount])).toEqual([
      ['victim', 5],
      ['offense', 0],
    ])
    const text = fs.readFileSync(join(folder, 'victim.csv'), 'utf8')
    expect(text).toBe(expected())
    expect(files[0]!.byteCount).toBe(Buffer.byteLength(text))
    expect(fs.readFileSync(join(folder, 'offense.csv'), 'utf8')).toBe(names.join(',') + '\n')

    const instance = await DuckDBInstance.create(':memory:', {
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
    })
    const connection = await instance.connect()
    const reader = await connection.runAndReadAll(
      `SELECT * REPLACE (incident_date::VARCHAR AS incident_date) FROM read_csv(
         '${files[0]!.path}', header = true, quote = '"', escape = '"', delim = ',',
         new_line = '\\n', null_padding = false, auto_detect = false, columns = {
           ori: 'VARCHAR', city_name: 'VARCHAR', incident_number: 'VARCHAR', incident_date: 'DATE',
           sex: 'VARCHAR', value: 'INTEGER', drug_quantity: 'DOUBLE', cargo_theft: 'BOOLEAN',
           record_number: 'BIGINT', record_length: 'INTEGER'})`,
    )
    const read = reader
      .getRowsJS()
      .map((row) => row.map((v) => (typeof v === 'bigint' ? Number(v) : v)))
    expect(read).toEqual(outRows)
    connection.closeSync()
    instance.closeSync()
  })

  test('the arrays given to a stream may be kept', async () => {
    const chunks: Uint8Array[] = []
    const hash: string[] = []
    const sink = csvStream((bytes) => {
      chunks.push(bytes)
      hash.push(Buffer.from(bytes).toString('latin1'))
    })
    const cols = columns()
    await sink.open(schema([table('victim', cols)]))
    const many = Array.from({ length: 10_000 }, (_, row) => rows[row % rows.length]!)
    await sink.write(batch('victim', cols, many))
    await sink.close()
    expect(chunks.length).toBeGreaterThan(2)
    expect(chunks.map((bytes) => Buffer.from(bytes).toString('latin1'))).toEqual(hash)
  })

  test('a stream that may use its bytes again gives the same text', async () => {
    const texts = []
    for (const reuseBytes of [false, true]) {
      let text = ''
      const sink = csvStream((bytes) => void (text += Buffer.from(bytes).toString('latin1')), {
        reuseBytes,
      })
      const cols = columns()
      await sink.open(schema([table('victim', cols)]))
      const many = Array.from({ length: 10_000 }, (_, row) => rows[row % rows.length]!)
      await sink.write(batch('victim', cols, many))
      await sink.close()
      texts.push(text)
    }
    expect(texts[0]).toContain('Anchorage')
    expect(texts[1]).toBe(texts[0])
  })

  test('labels stand beside their codes, null for a code that is not listed', async () => {
    const text = await streamed({ labels: true })
    const lines = text.split('\n')
    expect(lines[0]).toContain('sex,sex_label,value')
    expect(lines[1]).toContain(',M,Male,0,')
    expect(lines[2]).toContain(',F,"Female, or ""woman""",1234567,')
    expect(text).toContain(',X,,,0.5,')
  })

  test('a stream refuses more than one segment', async () => {
    const sink = csvStream(() => undefined)
    const cols = columns()
    await expect(
      sink.open(schema([table('victim', cols), table('offense', cols)])),
    ).rejects.toMatchObject({ code: 'OPTION_CONFLICT' })
  })

  test('a taken label name is refused', async () => {
    const cols = [...columns(), made(spec('sex_label', 'text'), 'bytes')]
    const sink = csvStream(() => undefined, { labels: true })
    await expect(sink.open(schema([table('victim', cols)]))).rejects.toMatchObject({
      code: 'OPTION_CONFLICT',
      field: 'sex_label',
    })
  })

  test('misspelt and impossible options are refused', () => {
    expect(() => csvFiles({ directory: folder, lables: true } as any)).toThrow(/no option "lables"/)
    expect(() => csvFiles({} as any)).toThrow(/directory/)
    expect(() => csvStream(() => undefined, { delimiter: '"' })).toThrow(/delimiter/)
    expect(() => csvStream(() => undefined, { delimiter: '' })).toThrow(/delimiter/)
    expect(() => csvStream(() => undefined, { recordDelimiter: '\r' as any })).toThrow(/line end/)
  })

  test('abort leaves nothing behind', async () => {
    const sink = csvFiles({ directory: join(folder, 'out') })
    const cols = columns()
    await sink.open(schema([table('victim', cols)]))
    await sink.write(batch('victim', cols, rows))
    await sink.abort(new Error('stop'))
    expect(fs.readdirSync(folder)).toEqual([])
  })

  test('the next bytes wait for the promise of the ones before', async () => {
    let open = 0
    const sink = csvStream(async () => {
      expect(++open).toBe(1)
      await new Promise((resolve) => setTimeout(resolve, 1))
      open--
    })
    const cols = columns()
    await sink.open(schema([table('victim', cols)]))
    for (let i = 0; i < 5; i++) await sink.write(batch('victim', cols, rows))
    await sink.close()
    expect(open).toBe(0)
  })
})
