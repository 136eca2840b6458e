import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import type { ColumnIndex, ColumnMetaData, OffsetIndex } from 'hyparquet'
import {
  type AsyncBuffer,
  parquetReadObjects,
  parquetSchema,
  readColumnIndex,
  readOffsetIndex,
} from 'hyparquet'
import { beforeAll, describe, expect, test } from 'vitest'
import { arrayBufferOf, metadataOf, openDuckDb, query } from './readers.js'
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
const PAGE_ROWS = 16_384
const ROW_GROUP_ROWS = 65_536
const ROWS = 150_001

const columns = {
  code: spec('code', 'code', 1),
  ori: spec('ori', 'identifier', 9),
  date: spec('date', 'date', 8),
  flag: spec('flag', 'flag', 1),
  amount: spec('amount', 'integer', 9),
  quantity: spec('quantity', 'decimal', 12, { scale: 3 }),
  incident: spec('incident', 'identifier', 12),
  city: spec('city', 'text', 30),
  sparse: spec('sparse', 'code', 2),
  empty: spec('empty', 'code', 2),
  record_number: spec('record_number', 'integer', 10),
}
type Name = keyof typeof columns

const random = seededRandom(42)
const make = (cell: (row: number) => Cell) => Array.from({ length: ROWS }, (_, row) => cell(row))
const cells: Readonly<Record<Name, readonly Cell[]>> = {
  code: make(() => (random() < 0.1 ? null : 'MFU'[Math.floor(random() * 3)]!)),
  ori: make((row) => `AK${String(Math.floor(row / 5000)).padStart(7, '0')}`),
  date: make(() => 18_000 + Math.floor(random() * 365)),
  flag: make((row) => (row < 20_000 ? null : row % 90_000 > 50_000)),
  amount: make((row) => (row % 3 === 0 ? null : Math.floor(random() * 1e6) - 5e5)),
  quantity: make((row) => (row % 5 === 0 ? Math.floor(random() * 1e12) : null)),
  incident: make(() => `${Math.floor(random() * 1e12)}`.padStart(12)),
  city: make((row) => (row % 7 === 0 ? null : `Ñ${Math.floor(random() * 1000)}`)),
  sparse: make((row) => (row === 70_000 ? 'ZZ' : null)),
  empty: make(() => null),
  record_number: make((row) => row * 3 + 1),
}

let path: string
let duckDb: DuckDBConnection

beforeAll(async () => {
  duckDb = await openDuckDb()
  path = await writeTable(
    directory,
    Object.values(columns),
    [
      [
        dictionaryColumn(columns.code, cells.code),
        dictionaryColumn(columns.ori, cells.ori),
        dictionaryColumn(columns.date, cells.date),
        dictionaryColumn(columns.flag, cells.flag),
        numberColumn(columns.amount, cells.amount as number[], 'int32'),
        numberColumn(columns.quantity, cells.quantity as number[]),
        bytesColumn(columns.incident, cells.incident as string[]),
        bytesColumn(columns.city, cells.city as string[]),
        dictionaryColumn(columns.sparse, cells.sparse),
        dictionaryColumn(columns.empty, cells.empty),
        numberColumn(columns.record_number, cells.record_number as number[], 'uint32'),
      ],
    ],
    { rowGroupRows: ROW_GROUP_ROWS },
  )
})

/** Least and greatest of some cells, found without the code under test. */
function boundsOf(values: readonly Cell[]): { min: Cell; max: Cell } | null {
  const present = values.filter((value) => value !== null)
  if (present.length === 0) return null
  const before = (a: Cell, b: Cell) =>
    typeof a === 'string' ? Buffer.compare(Buffer.from(a), Buffer.from(b as string)) < 0 : a! < b!
  return {
    min: present.reduce((least, value) => (before(value, least) ? value : least)),
    max: present.reduce((greatest, value) => (before(greatest, value) ? value : greatest)),
  }
}

/** A bound as hyparquet reads it, in the form cells are given in. */
function asCell(bound: unknown, name: Name): unknown {
  if (bound instanceof Date) return bound.getTime() / 86_400_000
  if (typeof bound === 'bigint') return Number(bound)
  return name === 'quantity' && bound !== undefined ? Math.round((bound as number) * 1000) : bound
}

function chunksOf(name: Name): { start: number; end: number; metadata: ColumnMetaData }[] {
  const { row_groups: rowGroups } = metadataOf(path)
  return rowGroups.map((group, i) => ({
    start: i * ROW_GROUP_ROWS,
    end: Math.min((i + 1) * ROW_GROUP_ROWS, ROWS),
    metadata: group.columns[Object.keys(columns).indexOf(name)]!.meta_data!,
  }))
}

const names = Object.keys(columns) as Name[]

describe.each(names)('%s', (name) => {
  test('row groups carry their true bounds and null counts', () => {
    for (const { start, end, metadata } of chunksOf(name)) {
      const values = cells[name].slice(start, end)
      const bounds = boundsOf(values)
      const { statistics } = metadata
      expect(Number(statistics?.null_count)).toBe(values.filter((v) => v === null).length)
      expect(asCell(statistics?.min_value, name)).toEqual(bounds?.min)
      expect(asCell(statistics?.max_value, name)).toEqual(bounds?.max)
      if (bounds !== null) {
        expect(statistics).toMatchObject({ is_min_value_exact: true, is_max_value_exact: true })
      }
      if (statistics?.distinct_count !== undefined) {
        const distinct = new Set(values.filter((v) => v !== null)).size
        expect(Number(statistics.distinct_count)).toBe(distinct)
      }
    }
  })

  test('so do pages, which cover the rows without gaps', () => {
    const indexes = pageIndexes(name)
    indexes.forEach(({ columnIndex, offsetIndex }, group) => {
      const groupStart = group * ROW_GROUP_ROWS
      const groupEnd = Math.min(groupStart + ROW_GROUP_ROWS, ROWS)
      const starts = offsetIndex.page_locations.map((page) => Number(page.first_row_index))
      expect(starts[0]).toBe(0)
      starts.forEach((start, page) => {
        const end = groupStart + (starts[page + 1] ?? groupEnd - groupStart)
        const values = cells[name].slice(groupStart + start, end)
        const bounds = boundsOf(values)
        expect(columnIndex.null_pages[page]).toBe(bounds === null)
        expect(Number(columnIndex.null_counts![page])).toBe(values.filter((v) => v === null).length)
        if (bounds === null) return
        expect(asCell(columnIndex.min_values[page], name)).toEqual(bounds.min)
        expect(asCell(columnIndex.max_values[page], name)).toEqual(bounds.max)
      })
      // Chunks of one value, or hardly any, are one page.
      const groupCells = cells[name].slice(groupStart, groupEnd)
      const isOne = new Set(groupCells).size === 1 || name === 'sparse'
      expect(starts).toHaveLength(isOne ? 1 : Math.ceil(groupCells.length / PAGE_ROWS))
    })
  })
})

interface PageIndexes {
  readonly columnIndex: ColumnIndex
  readonly offsetIndex: OffsetIndex
}

function pageIndexes(name: Name): PageIndexes[] {
  const buffer = arrayBufferOf(path)
  const metadata = metadataOf(path)
  const column = Object.keys(columns).indexOf(name)
  const schema = parquetSchema(metadata).children[column]!.element
  return metadata.row_groups.map((group) => {
    const chunk = group.columns[column]!
    const view = (offset: bigint, length: number) => ({
      view: new DataView(buffer, Number(offset), length),
      offset: 0,
    })
    return {
      columnIndex: readColumnIndex(
        view(chunk.column_index_offset!, chunk.column_index_length!),
        schema,
      ),
      offsetIndex: readOffsetIndex(view(chunk.offset_index_offset!, chunk.offset_index_length!)),
    }
  })
}

test('the order of page bounds is told where there is one', () => {
  const orders = (name: Name) => pageIndexes(name).map((index) => index.columnIndex.boundary_order)
  expect(orders('record_number')).toEqual(['ASCENDING', 'ASCENDING', 'ASCENDING'])
  expect(orders('ori')[0]).toBe('ASCENDING')
  expect(orders('incident')[0]).toBe('UNORDERED')
})

test('DuckDB reads the same statistics', async () => {
  const rows = await query(
    duckDb,
    `SELECT path_in_schema AS name, row_group_id AS id, stats_min_value AS least,
       stats_max_value AS greatest, stats_null_count AS nulls, min_is_exact AS exact
     FROM parquet_metadata('${path}') ORDER BY id`,
  )
  const of = (name: Name) => rows.filter((row) => row['name'] === name)
  expect(of('record_number')[1]).toMatchObject({
    least: String(ROW_GROUP_ROWS * 3 + 1),
    greatest: String(ROW_GROUP_ROWS * 6 - 2),
    nulls: 0,
    exact: true,
  })
  expect(of('ori')[2]).toMatchObject({ least: 'AK0000026', greatest: 'AK0000030' })
  expect(of('sparse').map((row) => row['nulls'])).toEqual([65_536, 65_535, 18_929])
  expect(of('empty')[0]).toMatchObject({ least: null, greatest: null, nulls: 65_536 })
})

/** A file that counts the bytes asked of it. */
function countedFile(): { file: AsyncBuffer; readBytes: () => number } {
  const buffer = arrayBufferOf(path)
  let count = 0
  return {
    file: {
      byteLength: buffer.byteLength,
      slice(start, end = buffer.byteLength) {
        count += end - start
        return buffer.slice(start, end)
      },
    },
    readBytes: () => count,
  }
}

describe('a reader passes over', () => {
  const wanted = cells.record_number.indexOf(3 * 100_000 + 1)

  async function readOne(usePageIndex: boolean) {
    const { file, readBytes } = countedFile()
    const rows = await parquetReadObjects({
      file,
      metadata: metadataOf(path),
      columns: ['record_number', 'incident'],
      filter: { record_number: { $eq: 3n * 100_000n + 1n } },
      usePageIndex,
      useOffsetIndex: usePageIndex,
    })
    expect(rows).toEqual([{ record_number: 300_001n, incident: cells.incident[wanted] }])
    return readBytes()
  }

  test('row groups that cannot hold what it looks for', async () => {
    const sizes = metadataOf(path).row_groups.map((group) =>
      [6, 10].reduce(
        (sum, column) => sum + Number(group.columns[column]!.meta_data!.total_compressed_size),
        0,
      ),
    )
    expect(await readOne(false)).toBeLessThan(sizes[0]! + sizes[1]!)
  })

  test('and pages too', async () => {
    expect(await readOne(true)).toBeLessThan((await readOne(false)) / 2)
  })

  test('row groups in DuckDB, which then does not notice that they are ruined', async () => {
    const bytes = readFileSync(path)
    const [, , third] = metadataOf(path).row_groups
    bytes.fill(0xff, 4, Number(third!.columns[0]!.meta_data!.dictionary_page_offset))
    const ruined = join(directory, 'ruined.parquet')
    writeFileSync(ruined, bytes)
    const select = `SELECT sum(length(incident))::DOUBLE AS length FROM read_parquet('${ruined}')`
    const length = 12 * (ROWS - 133_334)
    expect(await query(duckDb, `${select} WHERE record_number > 400000`)).toEqual([{ length }])
    await expect(query(duckDb, select)).rejects.toThrow()
  })
})

test('long bounds are shortened, say so, and still bound', async () => {
  const text = spec('text', 'text', 200)
  const long = ['é'.repeat(60), 'z'.repeat(200), `${'a'.repeat(63)}ü`, 'm']
  const [column] = [bytesColumn(text, long)]
  const file = await writeTable(directory, [text], [[column]])
  const { statistics } = metadataOf(file).row_groups[0]!.columns[0]!.meta_data!
  expect(statistics).toMatchObject({ is_min_value_exact: false, is_max_value_exact: true })
  expect(statistics!.min_value).toBe('a'.repeat(63))
  // Nothing but bytes above 0x7F: cannot be raised, so it stays whole.
  expect(statistics!.max_value).toBe('é'.repeat(60))
  for (const value of long) {
    expect(
      await query(
        duckDb,
        `SELECT count(*) AS n FROM read_parquet('${file}') WHERE text = '${value}'`,
      ),
    ).toEqual([{ n: 1 }])
  }
})

test('a greatest value that is shortened is raised', async () => {
  const text = spec('text', 'text', 200)
  const file = await writeTable(directory, [text], [[bytesColumn(text, ['z'.repeat(200), 'a'])]])
  const { statistics } = metadataOf(file).row_groups[0]!.columns[0]!.meta_data!
  expect(statistics!.max_value).toBe(`${'z'.repeat(63)}{`)
  expect(statistics).toMatchObject({ is_min_value_exact: true, is_max_value_exact: false })
})
