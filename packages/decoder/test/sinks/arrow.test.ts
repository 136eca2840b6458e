import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DataType, RecordBatchReader, tableFromIPC, type Table } from 'apache-arrow'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { BatchSink, CellValue } from '../../src/batch.js'
import { GrowingDictionary } from '../../src/columns.js'
import { arrowFiles, arrowStream } from '../../src/sinks/arrow.js'
import { batch, codeTable, made, schema, spec, table } from './made-batches.js'
import { batchesOf, cases, odd, ordinary } from './made-tables.js'

const sex = codeTable('sex', [
  ['M', 'Male'],
  ['F', 'Female'],
  ['U', 'Unknown'],
])
const offense = codeTable('offense', [
  ['13A', 'Aggravated Assault'],
  ['220', 'Burglary'],
])

function columns() {
  return [
    made(spec('ori', 'identifier', { width: 9 }), 'index32'),
    made(spec('city_name', 'text', { width: 24 }), 'bytes'),
    made(spec('incident_number', 'identifier', { width: 12 }), 'bytes'),
    made(spec('incident_date', 'date', { width: 8 }), 'index16'),
    made(spec('incident_hour', 'hour', { width: 2 }), 'index8'),
    made(spec('sex', 'code', { width: 1, codes: sex }), 'index8'),
    made(spec('age_code', 'code', { width: 2, mixed: 'code' }), 'index16'),
    made(spec('offense_code', 'code', { width: 3, codes: offense }), 'index16'),
    made(spec('value', 'integer', { width: 9 }), 'int32'),
    made(spec('big', 'integer', { width: 12 }), 'float64'),
    made(spec('drug_quantity', 'decimal', { width: 12, scale: 3 }), 'float64'),
    made(spec('cargo_theft', 'flag', { width: 1 }), 'index8'),
  ]
}

const rows: CellValue[][] = [
  [
    'AK0010100',
    'Anchorage',
    'A-1 B  2 3 4',
    '2020-02-29',
    0,
    'M',
    '07',
    '13A',
    0,
    1e11,
    12.345,
    true,
  ],
  [
    'AK0010200',
    "Coeur d'Alene",
    ' 23456789012',
    null,
    23,
    'F',
    'NN',
    '220',
    1_234_567,
    1,
    12,
    false,
  ],
  [null, 'Cañon City', null, '1969-12-31', null, 'X', null, '99Z', null, null, 0.5, null],
  [
    'AK0010100',
    null,
    'ABCDEFGHIJKL',
    '1991-01-01',
    12,
    null,
    '98',
    null,
    999_999_999,
    2 ** 40,
    null,
    true,
  ],
  [
    'AK0010300',
    'Truth',
    '            ',
    '2099-12-31',
    1,
    'U',
    '07',
    '13A',
    10,
    0,
    999_999_999.999,
    true,
  ],
]

let folder: string
beforeEach(() => {
  folder = fs.mkdtempSync(join(tmpdir(), 'arrow-sink-'))
})
afterEach(() => {
  fs.rmSync(folder, { recursive: true, force: true })
})

/** Cells as apache-arrow gives them, turned back into plain values. */
function plain(tableRead: Table): CellValue[][] {
  const result: CellValue[][] = []
  for (let row = 0; row < tableRead.numRows; row++) {
    result.push(
      tableRead.schema.fields.map((field, index) => {
        const value: unknown = tableRead.getChildAt(index)!.get(row)
        if (value === null) return null
        if (DataType.isDate(field.type)) {
          return new Date(Number(value)).toISOString().slice(0, 10)
        }
        if (DataType.isDecimal(field.type)) {
          const words = value as Uint32Array
          let whole = 0n
          for (let i = 3; i >= 0; i--) whole = (whole << 32n) | BigInt(words[i]!)
          return Number(BigInt.asIntN(128, whole)) / 10 ** field.type.scale
        }
        return typeof value === 'bigint' ? Number(value) : (value as CellValue)
      }),
    )
  }
  return result
}

function numbered(all: readonly (readonly CellValue[])[], first = 1): CellValue[][] {
  return all.map((row, index) => [...row, first + index, 88])
}

async function fill(sink: BatchSink<unknown>, cuts: readonly number[], all = rows) {
  const cols = columns()
  await sink.open(schema([table('victim', cols)]))
  let start = 0
  for (const end of [...cuts, all.length]) {
    await sink.write(batch('victim', cols, all.slice(start, end), start + 1))
    start = end
  }
}

async function streamed(cuts: readonly number[], labels = false, all = rows): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  const sink = arrowStream((bytes) => void chunks.push(bytes), { labels })
  await fill(sink, cuts, all)
  await sink.close()
  return Buffer.concat(chunks)
}

describe('arrow', () => {
  test('a file is read back by apache-arrow with all values and types', async () => {
    const sink = arrowFiles({ directory: folder })
    await fill(sink, [2, 4])
    const files = (await sink.close()) as any
    const bytes = fs.readFileSync(join(folder, 'victim.arrow'))
    expect(files[0]).toMatchObject({ segment: 'victim', rowCount: 5, byteCount: bytes.length })
    const read = tableFromIPC(bytes)
    expect(plain(read)).toEqual(numbered(rows))
    expect(read.schema.fields.map((field) => `${field.name}: ${field.type}`)).toEqual([
      'ori: Utf8',
      'city_name: Utf8',
      'incident_number: Utf8',
      'incident_date: Date32<DAY>',
      'incident_hour: Int32',
      'sex: Dictionary<Uint8, Utf8>',
      'age_code: Dictionary<Uint16, Utf8>',
      'offense_code: Dictionary<Int32, Utf8>',
      'value: Int32',
      'big: Int64',
      'drug_quantity: Decimal[12e+3]',
      'cargo_theft: Bool',
      'record_number: Int64',
      'record_length: Int32',
    ])
  })

  test('a stream gives the same table, whatever the batches', async () => {
    for (const cuts of [[], [1], [1, 2, 3, 4]]) {
      expect(plain(tableFromIPC(await streamed(cuts)))).toEqual(numbered(rows))
    }
  })

  test('dictionaries hold every listed code, used or not, and what else was met', async () => {
    const read = tableFromIPC(await streamed([2]))
    const texts = (name: string) => [...read.getChild(name)!.data[0]!.dictionary!].sort()
    expect(texts('sex')).toEqual(['F', 'M', 'U', 'X'])
    expect(texts('offense_code')).toEqual(['13A', '220', '99Z'])
  })

  test('any table is read back as it was, in both formats', async () => {
    await fc.assert(
      fc.asyncProperty(
        cases([...ordinary, ...odd]),
        fc.boolean(),
        fc.boolean(),
        async (made, labels, renew) => {
          const chunks: Uint8Array[] = []
          const stream = arrowStream((bytes) => void chunks.push(bytes), { labels })
          const file = arrowFiles({ directory: folder, labels, force: true })
          for (const sink of [stream, file]) {
            await sink.open(schema([table('made', made.columns)]))
            for (const each of batchesOf(made, renew)) await sink.write(each)
            await sink.close()
          }
          const rows = made.batches.flat().map((row, index) => [
            ...row.flatMap((value, at) => {
              const { codes } = made.columns[at]!.spec
              if (!labels || codes === undefined) return [value]
              return [value, codes.codes.get(String(value))?.label ?? null]
            }),
            index + 1,
            88,
          ])
          expect(plain(tableFromIPC(Buffer.concat(chunks)))).toEqual(rows)
          const bytes = fs.readFileSync(join(folder, 'made.arrow'))
          expect(plain(tableFromIPC(bytes))).toEqual(rows)
        },
      ),
      { numRuns: 200 },
    )
  })

  test('codes first met in a later record batch are right in files and streams', async () => {
    const count = 70_000 * 2
    const all = Array.from({ length: count }, (_, index): CellValue[] => {
      const row = [...rows[index % rows.length]!]
      row[7] = index < 70_000 ? '13A' : `Z${String.fromCharCode(65 + (index % 26))}9`
      return row
    })
    const sink = arrowFiles({ directory: folder })
    await fill(sink, [8192, 60_000, 100_000], all)
    await sink.close()
    const bytes = fs.readFileSync(join(folder, 'victim.arrow'))
    for (const read of [tableFromIPC(bytes), tableFromIPC(await streamed([99], false, all))]) {
      expect(read.batches.map((part) => part.numRows)).toEqual([
        32_768, 32_768, 32_768, 32_768, 8_928,
      ])
      const codes = read.getChild('offense_code')!
      const wrong = all.findIndex((row, index) => codes.get(index) !== row[7])
      expect(wrong).toBe(-1)
    }
  })

  test('bytes depend on the rows alone, not on batches nor on what shares a dictionary', async () => {
    const all = Array.from({ length: 40_000 }, (_, index): CellValue[] => {
      const row = [...rows[index % rows.length]!]
      row[0] = `AK00${String(10_000 + (index >> 3)).slice(1)}0`
      row[7] = index % 9 === 0 ? `Q${index % 7}` : '13A'
      return row
    })
    const write = async (cuts: readonly number[], strangers: readonly string[], renew: boolean) => {
      const sink = arrowFiles({ directory: folder, labels: true, force: true })
      const cols = columns()
      const addStrangers = () => {
        for (const column of cols.filter(({ spec: { type } }) => type === 'code')) {
          column.dictionary = new GrowingDictionary(column.spec.codes ?? null)
          for (const code of strangers) column.dictionary.add(code)
        }
      }
      addStrangers()
      await sink.open(schema([table('victim', cols)]))
      let start = 0
      for (const end of [...cuts, all.length]) {
        if (renew) {
          addStrangers()
          cols[0]!.dictionary = new GrowingDictionary(null)
        }
        await sink.write(batch('victim', cols, all.slice(start, end), start + 1))
        start = end
      }
      await sink.close()
      return fs.readFileSync(join(folder, 'victim.arrow'))
    }
    const bytes = await write([], [], false)
    expect(plain(tableFromIPC(bytes))).toHaveLength(all.length)
    expect((await write([1, 8192, 30_001, 35_000], [], false)).equals(bytes)).toBe(true)
    expect((await write([20_000], ['Q6', '13A', 'U', 'M', '98'], false)).equals(bytes)).toBe(true)
    expect((await write([7, 20_000, 33_000], ['Q3', 'X'], true)).equals(bytes)).toBe(true)
  })

  test('labels are columns of their own, null where the code is not listed', async () => {
    const read = tableFromIPC(await streamed([], true))
    expect([...read.getChild('sex_label')!]).toEqual(['Male', 'Female', null, null, 'Unknown'])
    expect([...read.getChild('offense_code_label')!]).toEqual([
      'Aggravated Assault',
      'Burglary',
      null,
      null,
      'Aggravated Assault',
    ])
  })

  test('a file carries the metadata known at the end, a stream that known at the start', async () => {
    let sha256 = ''
    const metadata = () => ({ spec: 'made@1', ...(sha256 === '' ? {} : { sha256 }) })
    const cols = columns()
    const chunks: Uint8Array[] = []
    const file = arrowFiles({ directory: folder })
    const stream = arrowStream((bytes) => void chunks.push(bytes))
    for (const sink of [file, stream]) await sink.open(schema([table('victim', cols)], metadata))
    sha256 = 'abc'
    for (const sink of [file, stream]) await sink.close()
    const bytes = fs.readFileSync(join(folder, 'victim.arrow'))
    expect([...tableFromIPC(bytes).schema.metadata]).toEqual([
      ['spec', 'made@1'],
      ['sha256', 'abc'],
    ])
    expect([...tableFromIPC(Buffer.concat(chunks)).schema.metadata]).toEqual([['spec', 'made@1']])
  })

  test('a segment without rows gives its schema and no rows, in both formats', async () => {
    for (const format of ['file', 'stream'] as const) {
      const sink = arrowFiles({ directory: folder, format })
      await sink.open(schema([table('victim', columns())]))
      await sink.close()
      const name = format === 'file' ? 'victim.arrow' : 'victim.arrows'
      const read = tableFromIPC(fs.readFileSync(join(folder, name)))
      expect(read.numRows).toBe(0)
      expect(read.schema.fields).toHaveLength(14)
    }
  })

  test('messages and buffers are aligned to 64 bytes', async () => {
    const sink = arrowFiles({ directory: folder })
    await fill(sink, [])
    await sink.close()
    const reader = RecordBatchReader.from(fs.readFileSync(join(folder, 'victim.arrow')))
    reader.open()
    const { footer } = reader as any
    for (const block of [...footer.recordBatches(), ...footer.dictionaryBatches()]) {
      expect((block.offset + block.metaDataLength) % 64).toBe(0)
      expect(block.bodyLength % 64).toBe(0)
    }
  })

  test('impossible options are refused', () => {
    expect(() => arrowFiles({ directory: folder, format: 'feather' as any })).toThrow(/"feather"/)
    expect(() => arrowStream(() => undefined, { format: 'file' } as any)).toThrow(/"format"/)
  })
})
