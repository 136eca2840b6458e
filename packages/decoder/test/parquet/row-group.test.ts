import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Arena } from '../../src/arena.js'
import type { SinkTable } from '../../src/batch.js'
import { columnMap } from '../../src/columns.js'
import type { ColumnCells } from '../../src/parquet/column-cells.js'
import { RowGroupEncoder } from '../../src/parquet/row-group.js'
import { PARQUET_MAGIC, ParquetTableWriter } from '../../src/parquet/table-writer.js'
import { readWithHyparquet } from './readers.js'
import {
  bytesColumn,
  codeTable,
  dictionaryColumn,
  numberColumn,
  seededRandom,
  sinkTable,
  spec,
} from './tables.js'
import { temporaryDirectory } from './write.js'

const directory = temporaryDirectory()

const code = spec('code', 'code', 1, { codes: codeTable('code', { A: 'Apple', B: 'Pear' }) })
const ori = spec('ori', 'identifier', 9)
const flag = spec('flag', 'flag', 1)
const amount = spec('amount', 'integer', 9)
const quantity = spec('quantity', 'decimal', 12, { scale: 3 })
const incident = spec('incident', 'identifier', 12)
const longer = spec('longer', 'identifier', 13)
const city = spec('city', 'text', 30)
const county = spec('county', 'text', 4)
const recordNumber = spec('record_number', 'integer', 10)
const specs = [code, ori, flag, amount, quantity, incident, longer, city, county, recordNumber]
const table: SinkTable = sinkTable('rows', specs)

const options = { rowGroupRows: 4096, pageRows: 512, codec: 'none', labels: true } as const

/** Columns of every kind, more or less null, more or less repeated. */
function columnsOf(seed: number, rowCount: number) {
  const random = seededRandom(seed)
  const nullShare = [0, 0.02, 0.5, 0.99, 1][seed % 5]!
  const variety = [1, 2, 30, 1000][seed % 4]!
  const cells = <T>(make: (n: number) => T) => {
    let last: T | null = null
    return Array.from({ length: rowCount }, () => {
      if (random() < 0.5) last = make(Math.floor(random() * variety))
      return random() < nullShare ? null : last
    })
  }
  let number = 0
  const numbers = Array.from({ length: rowCount }, () => (number += 1 + Math.floor(random() * 9)))
  const column13 = bytesColumn(
    longer,
    cells((n) => `IDENTIFIER${10 + (n % 90)}`),
  )
  for (let i = 12; i < column13.bytes.length; i += 13) column13.bytes[i] = 0
  return columnMap([
    dictionaryColumn(
      code,
      cells((n) => 'ABC'[n % 3]!),
    ),
    dictionaryColumn(
      ori,
      cells((n) => `AK${String(n).padStart(7, '0')}`),
      { bytesPerIndex: 4 },
    ),
    dictionaryColumn(
      flag,
      cells((n) => n % 2 === 0),
    ),
    numberColumn(
      amount,
      cells((n) => n * 1_000_003),
      'int32',
    ),
    numberColumn(
      quantity,
      cells((n) => n * 999_999_937),
    ),
    bytesColumn(
      incident,
      cells((n) => `${n}`.padStart(9, '0').padEnd(12)),
    ),
    column13,
    bytesColumn(
      city,
      cells((n) => `ÉTOWN ${n}`),
    ),
    bytesColumn(
      county,
      cells((n) => `${n % 5000}`),
    ),
    numberColumn(recordNumber, numbers, 'uint32'),
  ])
}

const KINDS = {
  Uint8Array: 'u8',
  Uint16Array: 'u16',
  Uint32Array: 'u32',
  Int32Array: 'i32',
  Float64Array: 'f64',
} as const

/** Moves arrays into an arena, as a decoder's are, with zeros behind them or without. */
class ArenaCopies {
  readonly arena = new Arena(32 << 20, true)
  readonly #copies: { readonly copy: ArrayLike<number>; readonly of: ArrayLike<number> }[] = []

  columns(
    columns: ReturnType<typeof columnsOf>,
    isFollowed: (column: number) => boolean,
  ): ReadonlyMap<string, ColumnCells> {
    return new Map(
      [...columns].map(([name, column], index): [string, ColumnCells] => {
        const moved = <A extends Parameters<typeof this.move>[0]>(array: A): A =>
          this.move(array, isFollowed(index))
        switch (column.kind) {
          case 'dictionary':
            return [name, { ...column, kind: 'dictionary', indices: moved(column.indices) }]
          case 'number': {
            const valid = column.valid === null ? null : moved(column.valid)
            return [name, { kind: 'number', values: moved(column.values), valid }]
          }
          case 'bytes': {
            const { width, trim, characters, nonAscii } = column
            const [bytes, valid] = [moved(column.bytes), moved(column.valid)]
            return [name, { kind: 'bytes', width, trim, characters, nonAscii, bytes, valid }]
          }
        }
      }),
    )
  }

  move<A extends Uint8Array | Uint16Array | Uint32Array | Int32Array | Float64Array>(
    array: A,
    followed: boolean,
  ): A {
    const kind = KINDS[array.constructor.name as keyof typeof KINDS]
    const copy = this.arena.take(kind, array.length + 64) as A
    copy.set(array)
    if (followed) copy.fill(7, array.length)
    this.#copies.push({ copy, of: copy.slice() })
    // A decoder's arrays are longer than their rows are many; those of part of a batch are not.
    return (followed ? copy.subarray(0, array.length) : copy) as A
  }

  /** The arrays are as they were, what stands behind their rows included: later rows rely on it. */
  areUntouched(): boolean {
    return this.#copies.every(({ copy, of }) =>
      Array.from(of).every((value, i) => copy[i] === value),
    )
  }
}

test('a column is written the same whether nulls were met in it before or not', () => {
  const rowCounts = fc.oneof(fc.integer({ min: 2, max: 70 }), fc.integer({ min: 2, max: 4096 }))
  const index = fc.record({
    rowCount: rowCounts,
    size: fc.constantFrom(1, 2, 3, 9, 300, 70_000),
    nullAt: fc.option(fc.nat(4096), { freq: 2 }),
    run: fc.constantFrom(1, 3, 500),
    seed: fc.nat(1000),
  })
  const one = sinkTable('one', [ori])
  fc.assert(
    fc.property(index, fc.boolean(), ({ rowCount, size, nullAt, run, seed }, wasm) => {
      const random = seededRandom(seed)
      let latest = 0
      const values = Array.from({ length: rowCount }, (_, row) => {
        if (row % run === 0) latest = Math.floor(random() * size)
        return row === nullAt ? null : `AK${String(latest).padStart(7, '0')}`
      })
      const column = dictionaryColumn(ori, values, { bytesPerIndex: 4 })
      const nothing = { ...column, indices: new Uint32Array(8) }
      const cells = (of: typeof column): ReadonlyMap<string, ColumnCells> => new Map([['ori', of]])
      const [fresh, warned] = [0, 1].map(() => new ParquetTableWriter(one, { ...options, wasm }))
      warned!.encode(cells(nothing as typeof column), 8)
      // A second time, when nulls were met in the middle of the first, if any.
      for (let time = 0; time < 2; time++) {
        const [found, expected] = [fresh!, warned!].map((writer) =>
          structuredClone(writer.encode(cells(column), rowCount)),
        )
        expect(found).toEqual(expected)
      }
    }),
    { numRuns: 400 },
  )
})

test('columns are written from where they are, to the same bytes', () => {
  const rowCounts = fc.oneof(fc.integer({ min: 1, max: 70 }), fc.integer({ min: 1, max: 4096 }))
  fc.assert(
    fc.property(fc.nat(10_000), rowCounts, fc.nat(3), (seed, rowCount, step) => {
      const columns = columnsOf(seed, rowCount)
      const copies = new ArenaCopies()
      const inPlace = copies.columns(columns, (index) => step > 0 && index % step === 0)
      const room = copies.arena.room
      const found = new ParquetTableWriter(table, options).encode(inPlace, rowCount)
      // The writer works in the same memory.
      expect(copies.arena.room).toBeLessThan(room)
      const plain = new ParquetTableWriter(table, options).encode(columns, rowCount)
      expect(Buffer.compare(found.bytes, plain.bytes)).toBe(0)
      expect(structuredClone(found)).toEqual(structuredClone(plain))
      expect(copies.areUntouched()).toBe(true)
    }),
    { numRuns: 60 },
  )
})

test('a writer whose columns are in a memory without room has one of its own', () => {
  const columns = columnsOf(3, 300)
  const copies = new ArenaCopies()
  const inPlace = copies.columns(columns, () => false)
  copies.arena.take('u8', copies.arena.room - 1024)
  const found = new ParquetTableWriter(table, options).encode(inPlace, 300)
  expect(copies.arena.room).toBeGreaterThanOrEqual(1000)
  const plain = new ParquetTableWriter(table, options).encode(columns, 300)
  expect(Buffer.compare(found.bytes, plain.bytes)).toBe(0)
})

test('generated and readable kernels give the same file, to the last byte', () => {
  const writers = [true, false].map((wasm) => new ParquetTableWriter(table, { ...options, wasm }))
  const rowCounts = fc.oneof(fc.integer({ min: 1, max: 70 }), fc.integer({ min: 1, max: 4096 }))
  fc.assert(
    fc.property(fc.nat(10_000), rowCounts, (seed, rowCount) => {
      const columns = columnsOf(seed, rowCount)
      const [one, other] = writers.map((writer) => writer.encode(columns, rowCount))
      expect(Buffer.compare(one!.bytes, other!.bytes)).toBe(0)
      expect(structuredClone(one)).toEqual(structuredClone(other))
    }),
    { numRuns: 150 },
  )
})

test('row groups encoded apart make one file, whatever the order they stand in', async () => {
  const parts = [columnsOf(1, 1000), columnsOf(2, 700), columnsOf(3, 50)]
  const rowCounts = [1000, 700, 50]
  // Each by an encoder of its own, as threads would, and sent as a clone.
  const groups = parts.map((columns, i) =>
    structuredClone(new ParquetTableWriter(table, options).encode(columns, rowCounts[i]!)),
  )
  const file = async (order: readonly number[], name: string) => {
    const offsets: number[] = []
    const pieces: Uint8Array[] = [PARQUET_MAGIC]
    let offset: number = PARQUET_MAGIC.length
    for (const i of order) {
      offsets[i] = offset
      pieces.push(groups[i]!.bytes)
      offset += groups[i]!.bytes.length
    }
    const writer = new ParquetTableWriter(table, options)
    groups.forEach((group, i) => writer.place(group, offsets[i]!))
    expect(writer.rowCount).toBe(1750)
    pieces.push(writer.finish(offset, {}))
    const path = join(directory, name)
    writeFileSync(path, Buffer.concat(pieces))
    return readWithHyparquet(path)
  }
  const inOrder = await file([0, 1, 2], 'in-order.parquet')
  const outOfOrder = await file([2, 0, 1], 'out-of-order.parquet')
  expect(inOrder).toHaveLength(1750)
  expect(outOfOrder).toEqual(inOrder)
  const numbers = inOrder.map((row) => row['record_number'])
  expect(numbers.slice(0, 1000)).toEqual(numbersOf(parts[0]!))
})

function numbersOf(columns: ReturnType<typeof columnsOf>): bigint[] {
  const column = columns.get('record_number')!
  if (column.kind !== 'number') return []
  return [...column.values].map(BigInt)
}

describe('an encoder refuses', () => {
  const encoder = new RowGroupEncoder(options)
  const encode = (columns: Parameters<typeof columnMap>[0], table: SinkTable) =>
    new ParquetTableWriter(table, { ...options, encoder }).encode(columnMap(columns), 2)

  test('a batch without one of the columns announced', () => {
    expect(() => encode([dictionaryColumn(flag, [true, false])], sinkTable('t', [code]))).toThrow(
      /no column "code"/,
    )
  })

  test('a null where the schema promises a value', () => {
    const column = numberColumn(recordNumber, [1, null])
    expect(() => encode([column], sinkTable('t', [recordNumber]))).toThrow(/"record_number"/)
  })

  test('pages that do not begin with a whole vector', () => {
    expect(() => new RowGroupEncoder({ ...options, pageRows: 100 })).toThrow(/multiple of 64/)
  })

  test('cells that cannot hold the type', () => {
    const column = numberColumn(city, [1, 2])
    expect(() => encode([column], sinkTable('t', [city]))).toThrow(/"city".*number/)
  })
})
