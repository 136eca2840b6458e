import { join } from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { beforeAll, describe, expect, test } from 'vitest'
import { parquetFiles } from '../../src/sinks/parquet.js'
import { openDuckDb, readWithDuckDb, readWithHyparquet } from './readers.js'
import {
  batchOf,
  bytesColumn,
  codeTable,
  dictionaryColumn,
  numberColumn,
  sinkSchema,
  sinkTable,
  spec,
} from './tables.js'
import { temporaryDirectory } from './write.js'

const directory = temporaryDirectory()
let duckDb: DuckDBConnection

beforeAll(async () => {
  duckDb = await openDuckDb()
})

const sexes = codeTable('sex', { M: 'Male', F: 'Female', U: 'Unknown' })

const specs = {
  ori: spec('ori', 'identifier', 9),
  sex: spec('sex', 'code', 1, { codes: sexes }),
  age: spec('age', 'integer', 2),
  hour: spec('hour', 'hour', 2),
  date: spec('date', 'date', 8),
  gang: spec('gang', 'flag', 1),
  value: spec('value', 'integer', 9),
  quantity: spec('quantity', 'decimal', 12, { scale: 3 }),
  incident: spec('incident', 'identifier', 12),
  city: spec('city', 'text', 30),
  record_number: spec('record_number', 'integer', 10),
  record_length: spec('record_length', 'integer', 10),
}

const columns = [
  dictionaryColumn(specs.ori, ['AK0010100', 'AK0010100', null, 'VT0010000']),
  dictionaryColumn(specs.sex, ['M', 'F', null, 'X']),
  dictionaryColumn(specs.age, [45, 2, null, 98]),
  dictionaryColumn(specs.hour, [23, 0, null, 7]),
  dictionaryColumn(specs.date, [19000, -1, null, 0]),
  dictionaryColumn(specs.gang, [true, false, null, true]),
  numberColumn(specs.value, [999_999_999, 0, null, 5], 'int32'),
  numberColumn(specs.quantity, [999_999_999_999, 1, null, 12_345]),
  bytesColumn(specs.incident, [' 20-00000001', ' 20-00000002', null, ' 2']),
  bytesColumn(specs.city, ['JUNEAU', 'CAÑON CITY', null, ' LEADING']),
  numberColumn(specs.record_number, [1, 2, 4, 4_294_967_295], 'uint32'),
  numberColumn(specs.record_length, [88, 88, 2, 89], 'uint32'),
]

describe('every type is read back as it was', () => {
  let path: string

  beforeAll(async () => {
    const sink = parquetFiles({ directory: join(directory, 'types') })
    await sink.open(sinkSchema([sinkTable('sample', Object.values(specs))]))
    await sink.write(batchOf('sample', columns, 4))
    const files = await sink.close()
    path = files[0]!.path
    expect(files).toEqual([{ segment: 'sample', path, rowCount: 4, byteCount: expect.any(Number) }])
  })

  test('by DuckDB', async () => {
    expect(await readWithDuckDb(duckDb, path)).toEqual([
      {
        ori: 'AK0010100',
        sex: 'M',
        age: 45,
        hour: 23,
        date: '2022-01-08',
        gang: true,
        value: 999_999_999,
        quantity: '999999999.999',
        incident: ' 20-00000001',
        city: 'JUNEAU',
        record_number: '1',
        record_length: 88,
      },
      {
        ori: 'AK0010100',
        sex: 'F',
        age: 2,
        hour: 0,
        date: '1969-12-31',
        gang: false,
        value: 0,
        quantity: '0.001',
        incident: ' 20-00000002',
        city: 'CAÑON CITY',
        record_number: '2',
        record_length: 88,
      },
      {
        ori: null,
        sex: null,
        age: null,
        hour: null,
        date: null,
        gang: null,
        value: null,
        quantity: null,
        incident: null,
        city: null,
        record_number: '4',
        record_length: 2,
      },
      {
        ori: 'VT0010000',
        sex: 'X',
        age: 98,
        hour: 7,
        date: '1970-01-01',
        gang: true,
        value: 5,
        quantity: '12.345',
        incident: ' 2          ',
        city: ' LEADING',
        record_number: '4294967295',
        record_length: 89,
      },
    ])
  })

  test('by hyparquet', async () => {
    const rows = await readWithHyparquet(path)
    expect(rows.map((row) => row['date'])).toEqual([
      new Date('2022-01-08'),
      new Date('1969-12-31'),
      null,
      new Date('1970-01-01'),
    ])
    // hyparquet multiplies by 0.001, which is off in the sixteenth digit.
    const thousandths = rows.map((row) => {
      const quantity = row['quantity'] as number | null
      return quantity === null ? null : Math.round(quantity * 1000)
    })
    expect(thousandths).toEqual([999_999_999_999, 1, null, 12_345])
    expect(rows.map((row) => row['incident'])).toEqual([
      ' 20-00000001',
      ' 20-00000002',
      null,
      ' 2          ',
    ])
    expect(rows.map((row) => row['gang'])).toEqual([true, false, null, true])
    expect(rows.map((row) => row['record_number'])).toEqual([1n, 2n, 4n, 4_294_967_295n])
  })
})
