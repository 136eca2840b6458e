import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { tableFromIPC } from 'apache-arrow'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { CellValue } from '../../src/batch.js'
import { decode } from '../../src/decode.js'
import { arrowFiles } from '../../src/sinks/arrow.js'
import { csvFiles } from '../../src/sinks/csv.js'
import { ndjsonFiles } from '../../src/sinks/ndjson.js'
import { parquetFiles } from '../../src/sinks/parquet.js'
import { RECORD_COLUMNS } from '../../src/columns.js'
import type { ColumnSpec } from '../../src/spec/types.js'
import { generateTruth, type GeneratedTruth } from '../../src/testing/index.js'

const YEARS = Array.from({ length: 35 }, (_, index) => 1991 + index)

let folder: string
let instance: DuckDBInstance
let connection: DuckDBConnection

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'outputs-'))
  instance = await DuckDBInstance.create(':memory:', {
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    threads: '1',
  })
  connection = await instance.connect()
})
afterAll(async () => {
  connection.closeSync()
  instance.closeSync()
  await rm(folder, { recursive: true })
})

type Table = { readonly name: string; readonly columns: readonly ColumnSpec[] }

function tablesOf(truth: GeneratedTruth): Table[] {
  return truth.spec.tables.map(({ name, columns }) => ({
    name,
    columns: [...columns, ...RECORD_COLUMNS],
  }))
}

/** The generated rows of a table, each value as `show` gives it. */
function wanted(
  truth: GeneratedTruth,
  { name, columns }: Table,
  show: (value: CellValue, column: ColumnSpec) => unknown,
): unknown[][] {
  return truth.rows
    .get(name)!
    .map(({ values, recordNumber, recordLength }) =>
      [...values, recordNumber, recordLength].map((value, index) => show(value, columns[index]!)),
    )
}

const asText = (value: CellValue): string | null => (value === null ? null : String(value))

async function rowsOf(from: string): Promise<unknown[][]> {
  const reader = await connection.runAndReadAll(`SELECT CAST(COLUMNS(*) AS VARCHAR) FROM ${from}`)
  return reader.getRows()
}

describe.each(YEARS)('a generated file of %i', (year) => {
  test('is read back from every output as it was generated', async () => {
    const truth = await generateTruth({
      year,
      records: 400,
      seed: year,
      tails: true,
      faults: { rate: 0.05 },
    })
    const directory = path.join(folder, String(year))
    const sinks = [parquetFiles, csvFiles, ndjsonFiles, arrowFiles].map((sink) =>
      sink({ directory }),
    )
    const decoding = decode([truth.bytes], truth.spec)
    for (const sink of sinks) await sink.open(decoding.sinkSchema)
    for await (const batch of decoding) for (const sink of sinks) await sink.write(batch)
    for (const sink of sinks) {
      expect(await sink.close()).toHaveLength(truth.spec.tables.length)
    }
    for (const table of tablesOf(truth)) {
      const file = (extension: string): string => path.join(directory, `${table.name}.${extension}`)

      expect(await rowsOf(`read_parquet('${file('parquet')}')`)).toEqual(
        wanted(truth, table, (value, { scale }) =>
          typeof value === 'number' && scale > 0 ? value.toFixed(scale) : asText(value),
        ),
      )

      const types = table.columns.map(({ name }) => `'${name}': 'VARCHAR'`).join(', ')
      expect(
        await rowsOf(`read_csv('${file('csv')}', auto_detect=false, header=true, delim=',',
          quote='"', escape='"', nullstr='', columns={${types}})`),
      ).toEqual(wanted(truth, table, asText))

      const lines = (await readFile(file('ndjson'), 'utf8')).split('\n').slice(0, -1)
      expect(
        lines.map((line) => {
          const row = JSON.parse(line) as Record<string, CellValue>
          return table.columns.map(({ name }) => row[name] ?? null)
        }),
      ).toEqual(wanted(truth, table, (value) => value))

      const arrow = tableFromIPC(await readFile(file('arrow')))
      const columns = table.columns.map(({ name }) => arrow.getChild(name)!)
      expect(
        Array.from({ length: arrow.numRows }, (_, row) =>
          columns.map((column, index) => fromArrow(column.get(row), table.columns[index]!)),
        ),
      ).toEqual(wanted(truth, table, (value) => value))
    }
  })
})

/** Dates come as milliseconds, decimals as four words, whole numbers of 64 bits as bigint. */
function fromArrow(value: unknown, { type, scale }: ColumnSpec): CellValue {
  if (value === null || value === undefined) return null
  if (type === 'date') return new Date(Number(value)).toISOString().slice(0, 10)
  if (type === 'decimal') {
    const words = value as Uint32Array
    return (words[0]! + words[1]! * 2 ** 32) / 10 ** scale
  }
  return typeof value === 'bigint' ? Number(value) : (value as CellValue)
}
