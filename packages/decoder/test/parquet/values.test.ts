import type { DuckDBConnection } from '@duckdb/node-api'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import type { BytesCells, DictionaryCells, NumberCells } from '../../src/columns.js'
import { characterTable } from '../../src/encoding.js'
import type { ColumnSpec, ColumnType } from '../../src/spec/types.js'
import { openDuckDb, query, readCells, readWithDuckDb } from './readers.js'
import { bytesColumn, type Cell, dictionaryColumn, LATIN1, numberColumn, spec } from './tables.js'
import { temporaryDirectory, writeTable } from './write.js'

const directory = temporaryDirectory()
let duckDb: DuckDBConnection

beforeAll(async () => {
  duckDb = await openDuckDb()
})

const city = spec('city', 'text', 30)
const incident = spec('incident', 'identifier', 12)

async function throughDuckDb(path: string, name: string): Promise<unknown[]> {
  return (await readWithDuckDb(duckDb, path)).map((row) => row[name])
}

describe('text', () => {
  const towns = ['CAÑON CITY', 'ST. JOHN’S', 'PLAIN', '', ' LED', 'A  B', 'Ÿ'.repeat(30), null, '€']

  test('of windows-1252 becomes UTF-8', async () => {
    const column = bytesColumn(city, towns, characterTable('windows-1252'))
    const path = await writeTable(directory, [city], [[column]])
    expect(await readCells(path, 'city')).toEqual(towns)
    expect(await throughDuckDb(path, 'city')).toEqual(towns)
  })

  test('of latin1 becomes UTF-8, every byte of it', async () => {
    const cells = LATIN1.map((character) => `<${character}>`)
    const path = await writeTable(directory, [city], [[bytesColumn(city, cells)]])
    expect(await readCells(path, 'city')).toEqual(cells)
    expect(await throughDuckDb(path, 'city')).toEqual(cells)
  })

  test('loses trailing blanks, an identifier keeps them', async () => {
    const cells = ['A', ' A ', '            ']
    const text = spec('text', 'text', 12)
    const path = await writeTable(
      directory,
      [text, incident],
      [[bytesColumn(text, cells), bytesColumn(incident, cells)]],
    )
    expect(await readCells(path, 'text')).toEqual(['A', ' A', ''])
    expect(await readCells(path, 'incident')).toEqual(cells.map((cell) => cell.padEnd(12)))
  })

  test.each([12, 13, 15])('in %i bytes, NULs at the end are not part of it', async (width) => {
    const identifier = spec('identifier', 'identifier', width)
    const cells = ['ABCDEFGHIJKL', 'ABCDEFGHIJKM', 'ABC', 'AB  ', '', 'ABCDEFGHIJKM']
    const column = bytesColumn(identifier, cells)
    cells.forEach((cell, row) => column.bytes.fill(0, row * width + cell.length, (row + 1) * width))
    const path = await writeTable(directory, [identifier], [[column]])
    expect(await readCells(path, 'identifier')).toEqual(cells)
    expect(await throughDuckDb(path, 'identifier')).toEqual(cells)
  })

  test('that begins with a NUL is kept as it is', async () => {
    const cells = ['\0BCDEFGHIJKL', '\0\0\0DEFGHIJKL', 'ABCDEF\0HIJKL']
    const path = await writeTable(directory, [incident], [[bytesColumn(incident, cells)]])
    expect(await readCells(path, 'incident')).toEqual(cells)
  })

  test('is translated wherever it stands, after rows that need no translation too', async () => {
    const characters = ['·', ...LATIN1.slice(1)]
    for (const odd of ['SAN·JOSÉ', 'SAN·JOSE', 'SAN JOSÉ']) {
      const towns = ['SAN JOSE', 'SAN JUAN', odd, 'SAN JOSE', null, 'SAN', odd]
      const path = await writeTable(directory, [city], [[bytesColumn(city, towns, characters)]])
      expect(await readCells(path, 'city')).toEqual(towns)
      expect(await throughDuckDb(path, 'city')).toEqual(towns)
    }
  })

  test('longer than a word of memory, and shorter, in any width', async () => {
    for (const width of [1, 2, 3, 4, 5, 7, 8, 9, 11, 13, 16, 17, 31, 200]) {
      const text = spec('text', 'text', width)
      const cells = Array.from({ length: 300 }, (_, row) =>
        'ABCDEFGHIJKLMNOPQRSTUVWXYZ'.repeat(8).slice(row % 7, (row % 7) + (row % (width + 1))),
      )
      const path = await writeTable(directory, [text], [[bytesColumn(text, cells)]])
      expect(await readCells(path, 'text')).toEqual(cells)
    }
  })

  test('is compared by bytes for its bounds, as the readers do', async () => {
    const cells = ['zz', 'Ño', 'É', 'zzz', 'a']
    const path = await writeTable(directory, [city], [[bytesColumn(city, cells)]])
    const [row] = await query(
      duckDb,
      `SELECT stats_min_value AS least, stats_max_value AS greatest FROM parquet_metadata('${path}')`,
    )
    expect(row).toEqual({ least: 'a', greatest: 'Ño' })
  })
})

describe('numbers at the edges', () => {
  const safe = Number.MAX_SAFE_INTEGER

  test.each([
    ['INT32', 9, [0, -1, 2_147_483_647, -2_147_483_648, 1, 999_999_999]],
    ['INT32, falling', 9, [2_147_483_647, 0, -2_147_483_648]],
    [
      'INT32, apart',
      9,
      Array.from({ length: 3000 }, (_, i) => (i % 2 ? -1 : 1) * (2 ** 31 - 1 - i)),
    ],
    ['INT64', 15, [0, -1, safe, -safe, 2 ** 32, 2 ** 32 - 1, -(2 ** 32), 2 ** 31]],
    ['INT64, the first beyond half of what is exact', 15, [-(2 ** 52) - 1, -(2 ** 52), 2 ** 52]],
    ['INT64, close', 15, Array.from({ length: 3000 }, (_, i) => 2 ** 40 + ((i * 7919) % 100_000))],
    ['INT64, across 2^32', 15, Array.from({ length: 3000 }, (_, i) => 2 ** 32 - 1500 + i)],
    ['INT64, far apart', 15, Array.from({ length: 3000 }, (_, i) => (i % 2) * 2 ** 45 + i)],
  ])('%s', async (_, width, cells) => {
    const column = spec('number', 'integer', width)
    const withNull = [...cells, null, cells[0]!]
    const path = await writeTable(directory, [column], [[numberColumn(column, withNull)]])
    expect(
      (await throughDuckDb(path, 'number')).map((v) => (v === null ? null : Number(v))),
    ).toEqual(withNull)
    expect(await readCells(path, 'number')).toEqual(withNull)
  })

  test('record numbers to 2^32 - 1', async () => {
    const column = spec('record_number', 'integer', 10)
    for (const cells of [
      [1, 2, 4_294_967_295],
      [4_294_967_290, 4_294_967_295],
      [2_147_483_646, 2_147_483_647, 2_147_483_648, 2_147_483_650],
    ]) {
      const path = await writeTable(directory, [column], [[numberColumn(column, cells, 'uint32')]])
      expect(await throughDuckDb(path, 'record_number')).toEqual(cells.map(String))
      expect(await readCells(path, 'record_number')).toEqual(cells)
    }
  })

  test('decimals keep every digit', async () => {
    const column = spec('quantity', 'decimal', 12, { scale: 3 })
    const cells = [999_999_999_999, 1, 0, 100, 123_456_789_012, null]
    const path = await writeTable(directory, [column], [[numberColumn(column, cells)]])
    expect(await throughDuckDb(path, 'quantity')).toEqual([
      '999999999.999',
      '0.001',
      '0.000',
      '0.100',
      '123456789.012',
      null,
    ])
  })

  test('a constant is one run, however many rows and of whatever type', async () => {
    const columns = [
      spec('integer', 'integer', 9),
      spec('wide', 'integer', 12),
      spec('flag', 'flag', 1),
      spec('code', 'code', 1),
    ]
    const path = await writeTable(directory, columns, [
      [
        numberColumn(columns[0]!, Array<number>(50_000).fill(7), 'int32'),
        numberColumn(columns[1]!, Array<number>(50_000).fill(2 ** 40)),
        dictionaryColumn(columns[2]!, Array<boolean>(50_000).fill(true)),
        dictionaryColumn(columns[3]!, Array<string>(50_000).fill('A')),
      ],
    ])
    const [row] = await query(
      duckDb,
      `SELECT min(integer) AS a, max(integer) AS b, min(wide) AS c, max(wide) AS d,
         bool_and(flag) AS e, count(flag) AS f, min(code) AS g, max(code) AS h
       FROM read_parquet('${path}')`,
    )
    expect(row).toEqual({ a: 7, b: 7, c: 2 ** 40, d: 2 ** 40, e: true, f: 50_000, g: 'A', h: 'A' })
    expect(new Set(await readCells(path, 'flag'))).toEqual(new Set([true]))
  })
})

describe('any columns are read back equal', () => {
  const nullable = <T>(cell: fc.Arbitrary<T>) => fc.option(cell, { nil: null, freq: 4 })
  /** Runs of cells, as well as single ones: both encodings of the hybrid are met. */
  const cellsOf = <T>(cell: fc.Arbitrary<T>) =>
    fc
      .array(fc.tuple(nullable(cell), fc.oneof(fc.constant(1), fc.nat(40))), { maxLength: 60 })
      .map((runs) => runs.flatMap(([value, count]) => Array<T | null>(count).fill(value)))

  const printable = LATIN1.slice(1)
  const text = (width: number) =>
    fc
      .array(fc.oneof(fc.constantFrom('A', 'B', ' '), fc.constantFrom(...printable)), {
        maxLength: width,
      })
      .map((characters) => characters.join(''))

  const column = fc.oneof(
    fc.record({
      kind: fc.constant('code' as const),
      cells: cellsOf(fc.stringMatching(/^[A-Z]{1,2}$/)),
      bytesPerIndex: fc.constantFrom(2 as const, 4 as const),
    }),
    fc.record({ kind: fc.constant('flag' as const), cells: cellsOf(fc.boolean()) }),
    fc.record({
      kind: fc.constant('date' as const),
      cells: cellsOf(fc.integer({ min: -20_000, max: 40_000 })),
    }),
    fc.record({
      kind: fc.constant('int32' as const),
      cells: cellsOf(fc.oneof(fc.nat(20), fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }))),
    }),
    fc.record({
      kind: fc.constant('int64' as const),
      cells: cellsOf(fc.oneof(fc.nat(20), fc.maxSafeInteger())),
    }),
    fc.record({ kind: fc.constant('text' as const), cells: cellsOf(text(30)) }),
    fc.record({ kind: fc.constant('identifier' as const), cells: cellsOf(text(12)) }),
  )

  test('through hyparquet and DuckDB', async () => {
    const rowGroupSizes = fc.constantFrom(8, 64, 131_072)
    const codecs = fc.constantFrom('none' as const, 'snappy' as const, 'gzip' as const)
    await fc.assert(
      fc.asyncProperty(column, rowGroupSizes, codecs, async (given, rowGroupRows, codec) => {
        const { column, type, width, expected } = made(given)
        const any = spec('any', type, width)
        const path = await writeTable(directory, [any], [[column(any)]], { rowGroupRows, codec })
        expect(await readCells(path, 'any')).toEqual(expected)
        const duck = (await throughDuckDb(path, 'any')).map((value) => {
          if (value === null) return null
          if (given.kind === 'int64') return Number(value)
          return given.kind === 'date' ? Date.parse(value as string) / 86_400_000 : value
        })
        expect(duck).toEqual(expected)
      }),
      { numRuns: 150 },
    )
  })

  type Given = typeof column extends fc.Arbitrary<infer Value> ? Value : never

  interface Made {
    readonly type: ColumnType
    readonly width: number
    readonly column: (spec: ColumnSpec) => DictionaryCells | NumberCells | BytesCells
    readonly expected: readonly Cell[]
  }

  function made(given: Given): Made {
    const expected: readonly Cell[] = given.cells
    switch (given.kind) {
      case 'code': {
        const { cells, bytesPerIndex } = given
        const column = (any: ColumnSpec) => dictionaryColumn(any, cells, { bytesPerIndex })
        return { type: 'code', width: 2, column, expected }
      }
      case 'flag':
      case 'date': {
        const { cells, kind } = given
        return { type: kind, width: 8, column: (any) => dictionaryColumn(any, cells), expected }
      }
      case 'int32': {
        const column = (any: ColumnSpec) => numberColumn(any, given.cells, 'int32')
        return { type: 'integer', width: 9, column, expected }
      }
      case 'int64': {
        const column = (any: ColumnSpec) => numberColumn(any, given.cells)
        return { type: 'integer', width: 15, column, expected }
      }
      case 'text':
        return {
          type: 'text',
          width: 30,
          column: (any) => bytesColumn(any, given.cells),
          expected: given.cells.map((cell) => cell?.replace(/ +$/, '') ?? null),
        }
      case 'identifier':
        return {
          type: 'identifier',
          width: 12,
          column: (any) => bytesColumn(any, given.cells),
          expected: given.cells.map((cell) => cell?.padEnd(12) ?? null),
        }
    }
  }
})
