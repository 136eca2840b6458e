import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { beforeAll, describe, expect, test } from 'vitest'
import { OptionError } from '../../src/errors.js'
import { parquetFiles } from '../../src/sinks/parquet.js'
import { metadataOf, openDuckDb, query, readWithDuckDb, readWithHyparquet } from './readers.js'
import {
  batchOf,
  bytesColumn,
  codeTable,
  dictionaryColumn,
  numberColumn,
  seededRandom,
  sinkSchema,
  sinkTable,
  spec,
} from './tables.js'
import { temporaryDirectory, writeTable } from './write.js'

const directory = temporaryDirectory()
let duckDb: DuckDBConnection

beforeAll(async () => {
  duckDb = await openDuckDb()
})

const code = spec('code', 'code', 1, { codes: codeTable('code', { A: 'Apple', B: 'Pear' }) })
const ori = spec('ori', 'identifier', 9)
const city = spec('city', 'text', 30)
const incident = spec('incident', 'identifier', 12)
const date = spec('date', 'date', 8)
const hour = spec('hour', 'hour', 2)
const age = spec('age', 'integer', 2)
const wide = spec('wide', 'integer', 10)
const quantity = spec('quantity', 'decimal', 12, { scale: 3 })
const flag = spec('flag', 'flag', 1)
const recordNumber = spec('record_number', 'integer', 10)
const recordLength = spec('record_length', 'integer', 10)
const specs = [
  code,
  ori,
  city,
  incident,
  date,
  hour,
  age,
  wide,
  quantity,
  flag,
  recordNumber,
  recordLength,
]

const columnsOf = (rowCount: number, firstRow = 0) => {
  const rows = Array.from({ length: rowCount }, (_, i) => firstRow + i)
  return [
    dictionaryColumn(
      code,
      rows.map((row) => [null, 'A', 'B'][row % 3]!),
    ),
    dictionaryColumn(
      ori,
      rows.map((row) => `AK${String(row >> 4).padStart(7, '0')}`),
    ),
    bytesColumn(
      city,
      rows.map((row) => `TOWN ${row}`),
    ),
    bytesColumn(
      incident,
      rows.map((row) => `INCIDENT${1000 + row}`),
    ),
    dictionaryColumn(
      date,
      rows.map((row) => 18_000 + (row % 31)),
    ),
    dictionaryColumn(
      hour,
      rows.map((row) => row % 24),
    ),
    dictionaryColumn(
      age,
      rows.map((row) => row % 98),
    ),
    numberColumn(
      wide,
      rows.map((row) => row * 1e6),
    ),
    numberColumn(
      quantity,
      rows.map((row) => row * 100),
    ),
    dictionaryColumn(
      flag,
      rows.map((row) => row % 2 === 0),
    ),
    numberColumn(
      recordNumber,
      rows.map((row) => row + 1),
      'uint32',
    ),
    numberColumn(
      recordLength,
      rows.map(() => 88),
      'uint32',
    ),
  ]
}

test('the schema gives each column its type in both forms', async () => {
  const path = await writeTable(directory, specs, [columnsOf(10)])
  const rows = await query(
    duckDb,
    `SELECT name, type, repetition_type AS repetition, converted_type AS converted,
       logical_type AS logical, duckdb_type AS duckdb FROM parquet_schema('${path}')`,
  )
  const string = {
    type: 'BYTE_ARRAY',
    converted: 'UTF8',
    logical: 'StringType()',
    duckdb: 'VARCHAR',
  }
  const int32 = {
    type: 'INT32',
    converted: 'INT_32',
    logical: 'IntType(bitWidth=, isSigned=1)',
    duckdb: 'INTEGER',
  }
  const int64 = { ...int32, type: 'INT64', converted: 'INT_64', duckdb: 'BIGINT' }
  const optional = { repetition: 'OPTIONAL' }
  const required = { repetition: 'REQUIRED' }
  const found = rows.slice(1).map((row) => ({
    ...row,
    // DuckDB prints the byte of a bit width as a character.
    logical: (row['logical'] as string | null)?.replace(/bitWidth=[^,]*/, 'bitWidth=') ?? null,
  }))
  expect(found).toEqual([
    { name: 'code', ...optional, ...string },
    { name: 'ori', ...optional, ...string },
    { name: 'city', ...optional, ...string },
    { name: 'incident', ...optional, ...string },
    {
      name: 'date',
      ...optional,
      type: 'INT32',
      converted: 'DATE',
      logical: 'DateType()',
      duckdb: 'DATE',
    },
    { name: 'hour', ...optional, ...int32 },
    { name: 'age', ...optional, ...int32 },
    { name: 'wide', ...optional, ...int64 },
    {
      name: 'quantity',
      ...optional,
      type: 'INT64',
      converted: 'DECIMAL',
      logical: 'DecimalType(scale=3, precision=12)',
      duckdb: 'DECIMAL(12,3)',
    },
    {
      name: 'flag',
      ...optional,
      type: 'BOOLEAN',
      converted: null,
      logical: null,
      duckdb: 'BOOLEAN',
    },
    { name: 'record_number', ...required, ...int64 },
    { name: 'record_length', ...required, ...int32 },
  ])
  const logical = metadataOf(path).schema.map((element) => element.logical_type)
  expect(logical[6]).toEqual({ type: 'INTEGER', bitWidth: 32, isSigned: true })
  expect(logical[8]).toEqual({ type: 'INTEGER', bitWidth: 64, isSigned: true })
})

test('the footer names the writer, the order of columns and how rows are sorted', async () => {
  const metadata = {
    'nibrs.spec': 'nibrs/master@2013',
    'nibrs.package_version': '1.2.3',
    'source.name': 'Año 2022.zip',
    empty: '',
  }
  const path = await writeTable(directory, specs, [columnsOf(10)], { metadata })
  const [file] = await query(
    duckDb,
    `SELECT created_by AS writer, num_rows AS rows, num_row_groups AS groups,
       len(list_distinct(column_orders)) AS orders, column_orders[1] AS column_order
     FROM parquet_file_metadata('${path}')`,
  )
  expect(file).toEqual({
    writer: '@nibrs/decoder version 1.2.3',
    rows: 10,
    groups: 1,
    orders: 1,
    column_order: 'ColumnOrder(TYPE_ORDER=TypeDefinedOrder())',
  })
  const pairs = await query(
    duckDb,
    `SELECT decode(key) AS key, decode(value) AS value FROM parquet_kv_metadata('${path}')`,
  )
  expect(Object.fromEntries(pairs.map(({ key, value }) => [key, value]))).toEqual(metadata)
  expect(metadataOf(path).row_groups[0]!.sorting_columns).toEqual([
    { column_idx: 10, descending: false, nulls_first: false },
  ])
})

test('metadata is asked for only when the file is closed', async () => {
  let sha256 = 'not known yet'
  const schema = {
    ...sinkSchema([sinkTable('late', [age])]),
    metadata: () => ({ sha256 }),
  }
  const sink = parquetFiles({ directory: join(directory, 'late') })
  await sink.open(schema)
  await sink.write(batchOf('late', [dictionaryColumn(age, [1])], 1))
  sha256 = 'abc'
  const [file] = await sink.close()
  expect(metadataOf(file!.path).key_value_metadata).toEqual([{ key: 'sha256', value: 'abc' }])
})

test('sizes, offsets and encodings add up to the file', async () => {
  const path = await writeTable(directory, specs, [columnsOf(5000)], {
    rowGroupRows: 2000,
    codec: 'snappy',
    labels: true,
  })
  const { row_groups: groups, metadata_length: metadataLength } = metadataOf(path)
  let offset = 4n
  groups.forEach((group, i) => {
    let compressed = 0n
    let uncompressed = 0n
    for (const { meta_data: chunk } of group.columns) {
      expect(chunk!.dictionary_page_offset ?? chunk!.data_page_offset).toBe(offset)
      offset += chunk!.total_compressed_size
      compressed += chunk!.total_compressed_size
      uncompressed += chunk!.total_uncompressed_size
      const stats = chunk!.encoding_stats!
      const used = new Set(stats.map(({ encoding }) => encoding))
      expect(new Set(chunk!.encodings)).toEqual(new Set([...used, 'RLE']))
      const dictionaryPages = stats.filter(({ page_type }) => page_type === 'DICTIONARY_PAGE')
      expect(dictionaryPages).toHaveLength(chunk!.dictionary_page_offset === undefined ? 0 : 1)
    }
    expect(group.total_compressed_size).toBe(compressed)
    expect(group.total_byte_size).toBe(uncompressed)
    expect(group.ordinal).toBe(i)
  })
  const indexBytes = groups
    .flatMap((group) => group.columns)
    .reduce((sum, c) => sum + c.column_index_length! + c.offset_index_length!, 0)
  expect(Number(offset) + indexBytes + metadataLength + 8).toBe(statSync(path).size)
})

test('a table without rows gives a file with its schema', async () => {
  const path = await writeTable(directory, specs, [], { labels: true })
  const names = [...specs.map((column) => column.name)]
  names.splice(1, 0, 'code_label')
  expect(await readWithHyparquet(path)).toEqual([])
  const rows = await query(
    duckDb,
    `SELECT column_name AS name FROM (DESCRIBE FROM read_parquet('${path}'))`,
  )
  expect(rows.map((row) => row['name'])).toEqual(names)
  expect(await query(duckDb, `SELECT count(*) AS n FROM read_parquet('${path}')`)).toEqual([
    { n: 0 },
  ])
})

test('a file cut at any byte is refused, never half read', async () => {
  const few = ['code', 'incident', 'record_number']
  const columns = columnsOf(40).filter((column) => few.includes(column.name))
  const fewSpecs = specs.filter((column) => few.includes(column.name))
  const path = await writeTable(directory, fewSpecs, [columns], { rowGroupRows: 24 })
  const bytes = readFileSync(path)
  expect(await readWithHyparquet(path)).toHaveLength(40)
  expect(await readWithDuckDb(duckDb, path)).toHaveLength(40)
  const cut = join(directory, 'cut.parquet')
  const accepted: number[] = []
  for (let length = 0; length < bytes.length; length++) {
    writeFileSync(cut, bytes.subarray(0, length))
    for (const read of [() => readWithHyparquet(cut), () => readWithDuckDb(duckDb, cut)]) {
      const outcome = await read().then(
        () => 'read',
        () => 'refused',
      )
      if (outcome === 'read') accepted.push(length)
    }
  }
  expect(accepted).toEqual([])
})

describe('bytes depend on the rows alone', () => {
  const total = 5000

  async function writeInBatches(sizes: readonly number[]): Promise<Buffer> {
    const all = columnsOf(total)
    const sink = parquetFiles({
      directory: join(directory, `batches-${sizes.join('-')}`),
      force: true,
      rowGroupRows: 1024,
    })
    await sink.open(sinkSchema([sinkTable('rows', specs)]))
    let start = 0
    for (let i = 0; start < total; i++) {
      const end = Math.min(start + sizes[i % sizes.length]!, total)
      await sink.write(
        batchOf(
          'rows',
          all.map((column) => cut(column, start, end)),
          end - start,
        ),
      )
      start = end
    }
    const [file] = await sink.close()
    return readFileSync(file!.path)
  }

  type Cells = ReturnType<typeof columnsOf>[number]

  /** Rows `start` to `end` of a column in arrays that begin anywhere in memory. */
  function cut(column: Cells, start: number, end: number): Cells {
    const rowCount = end - start
    switch (column.kind) {
      case 'dictionary':
        return Object.assign(Object.create(column) as Cells, {
          rowCount,
          indices: column.indices.subarray(start, end),
        })
      case 'number':
        return Object.assign(Object.create(column) as Cells, {
          rowCount,
          values: column.values.subarray(start, end),
          valid: column.valid?.subarray(start, end) ?? null,
        })
      case 'bytes':
        return Object.assign(Object.create(column) as Cells, {
          rowCount,
          bytes: column.bytes.subarray(start * column.width, end * column.width),
          valid: column.valid.subarray(start, end),
        })
    }
  }

  test.each([[[1024]], [[1]], [[7, 1500, 3]], [[4999]], [[1023, 1]], [[3000]]])(
    'cut into batches of %j',
    async (sizes) => {
      const whole = await writeInBatches([total])
      expect((await writeInBatches(sizes)).equals(whole)).toBe(true)
    },
  )

  test('and not on arrays that the decoder uses again', async () => {
    const random = seededRandom(1)
    const cells = Array.from({ length: 100 }, () => Math.floor(random() * 50))
    const sink = parquetFiles({ directory: join(directory, 'reused') })
    await sink.open(sinkSchema([sinkTable('reused', [age])]))
    const column = dictionaryColumn(age, cells)
    await sink.write(batchOf('reused', [column], 100))
    column.indices.fill(0)
    const [file] = await sink.close()
    const rows = await readWithHyparquet(file!.path)
    expect(rows.map((row) => row['age'])).toEqual(cells)
  })
})

describe('the sink', () => {
  test('writes a file for each table, and says what it wrote', async () => {
    const folder = join(directory, 'three')
    const sink = parquetFiles({ directory: folder })
    await sink.open(
      sinkSchema([sinkTable('a', [age]), sinkTable('b', [age]), sinkTable('c', [age])]),
    )
    await sink.write(batchOf('c', [dictionaryColumn(age, [1, 2])], 2))
    await sink.write(batchOf('a', [dictionaryColumn(age, [3])], 1))
    await sink.write(batchOf('c', [dictionaryColumn(age, [4])], 1))
    const files = await sink.close()
    expect(files).toEqual(
      ['a', 'b', 'c'].map((segment, i) => {
        const path = join(folder, `${segment}.parquet`)
        return { segment, path, rowCount: [1, 0, 3][i], byteCount: statSync(path).size }
      }),
    )
    expect((await readWithHyparquet(files[2]!.path)).map((row) => row['age'])).toEqual([1, 2, 4])
  })

  test('leaves nothing when it is aborted', async () => {
    const folder = join(directory, 'aborted')
    const sink = parquetFiles({ directory: folder })
    await sink.open(sinkSchema([sinkTable('a', [age])]))
    await sink.write(batchOf('a', [dictionaryColumn(age, [1, 2])], 2))
    await sink.abort(new Error('enough'))
    expect(() => readdirSync(folder)).toThrow(/ENOENT/)
  })

  test('does not overwrite a file unless told to', async () => {
    const folder = join(directory, 'twice')
    const write = async (force: boolean) => {
      const sink = parquetFiles({ directory: folder, force })
      await sink.open(sinkSchema([sinkTable('a', [age])]))
      return sink.close()
    }
    await write(false)
    await expect(write(false)).rejects.toMatchObject({ code: 'OUTPUT_EXISTS' })
    await write(true)
  })

  test.each([
    [{ codek: 'none' }, 'OPTION_UNKNOWN', 'codek'],
    [{ codec: 'lzma' }, 'OPTION_INVALID', 'codec'],
    [{ rowGroupRows: 0 }, 'OPTION_INVALID', 'rowGroupRows'],
    [{ rowGroupRows: 12 }, 'OPTION_INVALID', 'rowGroupRows'],
    [{ rowGroupRows: 2 ** 21 }, 'OPTION_INVALID', 'rowGroupRows'],
    [{ rowGroupRows: '8' }, 'OPTION_INVALID', 'rowGroupRows'],
    [{ directory: '' }, 'OPTION_INVALID', 'directory'],
  ])('refuses %j', (options, errorCode, option) => {
    const make = () => parquetFiles({ directory, ...(options as object) })
    expect(make).toThrow(OptionError)
    try {
      make()
    } catch (error) {
      expect(error).toMatchObject({ code: errorCode, option })
    }
  })
})
