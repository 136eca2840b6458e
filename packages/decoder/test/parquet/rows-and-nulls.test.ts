import type { DuckDBConnection } from '@duckdb/node-api'
import { beforeAll, describe, expect, test } from 'vitest'
import { openDuckDb, query, readCells } from './readers.js'
import {
  bytesColumn,
  type Cell,
  dictionaryColumn,
  numberColumn,
  seededRandom,
  spec,
} from './tables.js'
import { temporaryDirectory, writeTable } from './write.js'

const directory = temporaryDirectory()
let duckDb: DuckDBConnection

beforeAll(async () => {
  duckDb = await openDuckDb()
})

const code = spec('code', 'code', 1)
const ori = spec('ori', 'identifier', 9)
const date = spec('date', 'date', 8)
const flag = spec('flag', 'flag', 1)
const amount = spec('amount', 'integer', 9)
const wide = spec('wide', 'integer', 12)
const quantity = spec('quantity', 'decimal', 12, { scale: 3 })
const incident = spec('incident', 'identifier', 12)
const city = spec('city', 'text', 30)
const recordNumber = spec('record_number', 'integer', 10)
const recordLength = spec('record_length', 'integer', 10)
const specs = [
  code,
  ori,
  date,
  flag,
  amount,
  wide,
  quantity,
  incident,
  city,
  recordNumber,
  recordLength,
]

const nullPatterns: Readonly<Record<string, (row: number, rowCount: number) => boolean>> = {
  none: () => false,
  all: () => true,
  alternating: (row) => row % 2 === 1,
  'first and last': (row, rowCount) => row === 0 || row === rowCount - 1,
  'all but first and last': (row, rowCount) => row !== 0 && row !== rowCount - 1,
  'long stretches': (row) => Math.floor(row / 1000) % 3 === 1,
}

function cellsOf(rowCount: number, isNull: (row: number, rowCount: number) => boolean) {
  const random = seededRandom(rowCount + 1)
  const integer = (limit: number) => Math.floor(random() * limit)
  const fill = <T extends Cell>(make: (row: number) => T) =>
    Array.from({ length: rowCount }, (_, row) => {
      const value = make(row)
      return isNull(row, rowCount) ? null : value
    })
  return {
    code: fill(() => 'MFUX'[integer(4)]!),
    ori: fill((row) => `AK00${10_000 + Math.floor(row / 300)}`),
    date: fill(() => 18_000 + integer(400)),
    flag: fill(() => random() < 0.3),
    amount: fill(() => (random() < 0.5 ? 100 * integer(100) : integer(1_000_000_000))),
    wide: fill(() => integer(2 ** 40)),
    quantity: fill(() => integer(1000) * 100),
    incident: fill(
      (row) => `${String(Math.floor(row / 1.3)).padStart(9, ' ')}-${integer(90) + 10}`,
    ),
    city: fill((row) => ['JUNEAU', 'NOME', `TOWN ${integer(50)}`, ''][row % 4]!),
    record_number: Array.from({ length: rowCount }, (_, row) => row * 7 + 1),
    record_length: Array.from({ length: rowCount }, () => (random() < 0.9 ? 88 : integer(88))),
  }
}

type Cells = ReturnType<typeof cellsOf>

function columnsOf(cells: Cells) {
  return [
    dictionaryColumn(code, cells.code),
    dictionaryColumn(ori, cells.ori, { bytesPerIndex: 4 }),
    dictionaryColumn(date, cells.date, { bytesPerIndex: 2 }),
    dictionaryColumn(flag, cells.flag),
    numberColumn(amount, cells.amount, 'int32'),
    numberColumn(wide, cells.wide),
    numberColumn(quantity, cells.quantity),
    bytesColumn(incident, cells.incident),
    bytesColumn(city, cells.city),
    numberColumn(recordNumber, cells.record_number, 'uint32'),
    numberColumn(recordLength, cells.record_length, 'uint32'),
  ]
}

/** What hyparquet reads must equal what was given. */
async function expectSame(path: string, cells: Cells): Promise<void> {
  for (const { name, scale } of specs) {
    const given = cells[name as keyof Cells] as readonly Cell[]
    const read = await readCells(path, name)
    // hyparquet multiplies decimals by a power of ten, which is off in the sixteenth digit.
    const plain =
      scale === 0 ? read : read.map((v) => (v === null ? null : Math.round((v as number) * 1000)))
    expect(plain, name).toEqual(given)
  }
}

/** What DuckDB makes of a whole column, computed from the cells instead. */
async function expectSameSums(path: string, cells: Cells): Promise<void> {
  const present = <T>(values: readonly (T | null)[]) => values.filter((v) => v !== null) as T[]
  const sum = (values: readonly (number | null)[]) =>
    present(values).reduce((total, value) => total + value, 0)
  const [row] = await query(
    duckDb,
    `SELECT count(*) AS rows, count(code) AS codes, count(DISTINCT ori) AS oris,
       coalesce(sum(date - DATE '1970-01-01'), 0)::DOUBLE AS days,
       count(*) FILTER (flag) AS flags, coalesce(sum(amount), 0)::DOUBLE AS amount,
       coalesce(sum(wide), 0)::DOUBLE AS wide, coalesce(sum(quantity * 1000), 0)::DOUBLE AS quantity,
       count(DISTINCT incident) AS incidents, coalesce(sum(length(city)), 0)::DOUBLE AS city,
       coalesce(sum(record_number), 0)::DOUBLE AS numbers,
       coalesce(sum(record_length), 0)::DOUBLE AS lengths
     FROM read_parquet('${path}')`,
  )
  expect(row).toEqual({
    rows: cells.record_number.length,
    codes: present(cells.code).length,
    oris: new Set(present(cells.ori)).size,
    days: sum(cells.date),
    flags: cells.flag.filter((value) => value === true).length,
    amount: sum(cells.amount),
    wide: sum(cells.wide),
    quantity: sum(cells.quantity),
    incidents: new Set(present(cells.incident)).size,
    city: sum(cells.city.map((value) => value?.length ?? 0)),
    numbers: sum(cells.record_number),
    lengths: sum(cells.record_length),
  })
}

describe.each(Object.entries(nullPatterns))('nulls: %s', (_, isNull) => {
  test.each([0, 1, 7, 8, 9, 63, 1000, 20_001])(
    '%i rows are read back as given',
    async (rowCount) => {
      const cells = cellsOf(rowCount, isNull)
      const path = await writeTable(directory, specs, [columnsOf(cells)])
      await expectSame(path, cells)
      await expectSameSums(path, cells)
    },
  )
})

test.each([65_536, 65_537])('%i rows fill one row group and begin another', async (rowCount) => {
  const cells = cellsOf(rowCount, nullPatterns['long stretches']!)
  const path = await writeTable(directory, specs, [columnsOf(cells)])
  await expectSame(path, cells)
  await expectSameSums(path, cells)
  const groups = await query(
    duckDb,
    `SELECT DISTINCT row_group_id AS id, row_group_num_rows AS rows
     FROM parquet_metadata('${path}') ORDER BY id`,
  )
  expect(groups.map(({ rows }) => rows)).toEqual(rowCount === 65_536 ? [65_536] : [65_536, 1])
})
