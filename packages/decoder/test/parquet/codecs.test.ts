import { statSync } from 'node:fs'
import type { DuckDBConnection } from '@duckdb/node-api'
import { snappyUncompress } from 'hyparquet'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { isCodecAvailable } from '../../src/parquet/codecs.js'
import type { Codec } from '../../src/parquet/format.js'
import { compressSnappy } from '../../src/parquet/snappy.js'
import { parquetFiles } from '../../src/sinks/parquet.js'
import { metadataOf, openDuckDb, readWithDuckDb, readWithHyparquet } from './readers.js'
import { bytesColumn, dictionaryColumn, numberColumn, seededRandom, spec } from './tables.js'
import { temporaryDirectory, writeTable } from './write.js'

const directory = temporaryDirectory()
let duckDb: DuckDBConnection

beforeAll(async () => {
  duckDb = await openDuckDb()
})

const code = spec('code', 'code', 1)
const amount = spec('amount', 'integer', 9)
const city = spec('city', 'text', 30)
const random = seededRandom(7)
const cells = Array.from({ length: 30_000 }, () => ({
  code: random() < 0.2 ? null : 'ABC'[Math.floor(random() ** 3 * 3)]!,
  amount: random() < 0.5 ? null : Math.floor(random() * 1e9),
  city: random() < 0.1 ? null : `CITY NUMBER ${Math.floor(random() ** 2 * 5000)} OF MANY`,
}))
const columns = [
  dictionaryColumn(
    code,
    cells.map((row) => row.code),
  ),
  numberColumn(
    amount,
    cells.map((row) => row.amount),
    'int32',
  ),
  bytesColumn(
    city,
    cells.map((row) => row.city),
  ),
]

const codecs: readonly Codec[] = ['none', 'snappy', 'gzip', 'zstd']

describe.each(codecs.filter(isCodecAvailable))('codec %s', (codec) => {
  test('is read back by DuckDB and hyparquet', async () => {
    const path = await writeTable(directory, [code, amount, city], [columns], { codec })
    expect(await readWithDuckDb(duckDb, path)).toEqual(cells)
    expect(await readWithHyparquet(path)).toEqual(cells)
  })

  test('is named in the footer, with sizes before and after', async () => {
    const path = await writeTable(directory, [code, amount, city], [columns], { codec })
    const plain = await writeTable(directory, [code, amount, city], [columns])
    const [group] = metadataOf(path).row_groups
    const [plainGroup] = metadataOf(plain).row_groups
    group!.columns.forEach(({ meta_data }, i) => {
      const expected = plainGroup!.columns[i]!.meta_data!
      expect(meta_data!.codec).toBe(codec === 'none' ? 'UNCOMPRESSED' : codec.toUpperCase())
      // Page headers hold the compressed size, whose own length may differ by some bytes.
      const difference = meta_data!.total_uncompressed_size - expected.total_uncompressed_size
      expect(Math.abs(Number(difference))).toBeLessThan(40)
      expect(expected.total_compressed_size).toBe(expected.total_uncompressed_size)
    })
    if (codec !== 'none') expect(statSync(path).size).toBeLessThan(statSync(plain).size)
  })
})

test('zstd is refused by name where Node has none', () => {
  if (isCodecAvailable('zstd')) {
    expect(() => parquetFiles({ directory, codec: 'zstd' })).not.toThrow()
  } else {
    expect(() => parquetFiles({ directory, codec: 'zstd' })).toThrow(/zstd.*Node 22\.15/)
  }
})

function roundTrip(bytes: Uint8Array): Uint8Array {
  const output = new Uint8Array(bytes.length)
  snappyUncompress(compressSnappy(bytes), output)
  return output
}

describe('Snappy', () => {
  const repeated = (length: number, period: number) =>
    Uint8Array.from({ length }, (_, i) => (i % period) * 37)

  test.each([0, 1, 3, 4, 15, 16, 17, 59, 60, 61, 255, 256, 257, 65_535, 65_536, 65_537, 200_000])(
    'gives back %i bytes, repeated or not',
    (length) => {
      for (const period of [1, 2, 3, 4, 7, 64, 65, 2047, 2048, 2049, 40_000]) {
        const bytes = repeated(length, period)
        expect(Buffer.compare(roundTrip(bytes), bytes)).toBe(0)
      }
      const noise = seededRandom(length)
      const bytes = Uint8Array.from({ length }, () => noise() * 256)
      expect(Buffer.compare(roundTrip(bytes), bytes)).toBe(0)
      expect(compressSnappy(bytes).length).toBeLessThan(32 + length * 1.17)
    },
  )

  test('makes repeated bytes small', () => {
    expect(compressSnappy(repeated(65_536, 8)).length).toBeLessThan(4000)
  })

  test('gives back any bytes', () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc
        .tuple(fc.uint8Array({ minLength: 1, maxLength: 9 }), fc.nat(300))
        .map(([bytes, times]) =>
          Uint8Array.from({ length: bytes.length * times }, (_, i) => bytes[i % bytes.length]!),
        ),
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        const bytes = Uint8Array.from(Buffer.concat(pieces))
        expect(Buffer.compare(roundTrip(bytes), bytes)).toBe(0)
      }),
    )
  })
})
