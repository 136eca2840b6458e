import { describe, expect, it } from 'vitest'
import { LineHasher } from '../../src/hash/line-hasher.js'
import { tupleLayout } from '../../src/hash/tuple-layout.js'
import { cellText } from '../../src/rows/cell-text.js'
import type { ColumnKind, Slice, TableSchema } from '../../src/schema/table-schema.js'
import type { RowValue } from '../../src/source.js'
import { memoryTable } from '../support/memory-source.js'

const SLICE: Slice = [
  { name: 'data_year', type: 'integer', value: 2022 },
  { name: 'state', type: 'text', value: null },
]
const TEXT = { kind: 'text' } as const
const DECIMAL = { kind: 'decimal', precision: 12, scale: 3 } as const

function tuplesOf(table: TableSchema, lines: readonly string[]): Buffer {
  const hasher = new LineHasher()
  hasher.begin(lines.length)
  hasher.appendText(lines.map((line) => `${line}\n`).join(''))
  hasher.hash()
  const records = Uint32Array.from(lines, (_, index) => 4_294_967_295 - index)
  const tuples = hasher.tuples(tupleLayout(table, 17, SLICE)!, records)
  return Buffer.from(tuples)
}

/** Fields of each tuple, after PostgreSQL's description of the binary COPY format. */
function fieldsOf(tuples: Buffer): (Buffer | null)[][] {
  const rows: (Buffer | null)[][] = []
  let at = 0
  while (at < tuples.length) {
    const count = tuples.readInt16BE(at)
    at += 2
    const row = Array.from({ length: count }, () => {
      const length = tuples.readInt32BE(at)
      at += 4
      if (length === -1) return null
      at += length
      return tuples.subarray(at - length, at)
    })
    rows.push(row)
  }
  expect(at).toBe(tuples.length)
  return rows
}

function valueOf(type: ColumnKind, field: Buffer | null): RowValue {
  if (field === null) return null
  switch (type.kind) {
    case 'integer':
      expect(field).toHaveLength(type.bits / 8)
      return type.bits === 32 ? field.readInt32BE() : String(field.readBigInt64BE())
    case 'boolean':
      expect(field).toHaveLength(1)
      return field[0] === 1
    case 'date': {
      const time = Date.UTC(2000, 0, 1) + field.readInt32BE() * 86_400_000
      return new Date(time).toISOString().slice(0, 10)
    }
    case 'decimal': {
      const [count, weight, sign, scale] = [0, 2, 4, 6].map((at) => field.readInt16BE(at))
      expect(field).toHaveLength(8 + count! * 2)
      expect(scale).toBe(type.scale)
      const groups = Array.from({ length: count! }, (_, i) => {
        const group = field.readInt16BE(8 + i * 2)
        expect(group).toBeLessThan(10_000)
        return String(group).padStart(4, '0')
      })
      const whole = groups
        .slice(0, weight! + 1)
        .join('')
        .replace(/^0+(?=\d)/, '')
      const fraction = groups
        .slice(weight! + 1)
        .join('')
        .slice(0, scale)
        .replace(/0+$/, '')
      const text = fraction === '' ? whole : `${whole}.${fraction}`
      return sign === 0x4000 ? `-${text}` : text
    }
    case 'text':
    case 'json':
    case 'timestamp':
      return field.toString('utf8')
  }
}

describe('tuples of the binary COPY format', () => {
  it('hold what comes before the data: load, slice, row hash and record number', () => {
    const table = memoryTable('sample', { code: TEXT })
    const [row] = fieldsOf(tuplesOf(table, ['a']))
    const [loadId, year, state, hash, record, code] = row!
    expect(row).toHaveLength(6)
    expect([loadId!.readInt32BE(), year!.readInt32BE(), state]).toEqual([17, 2022, null])
    // XXH3-128 of "a".
    expect(hash!.toString('hex')).toBe('a96faf705af16834e6c632b61e964e1f')
    expect(record!.readBigInt64BE()).toBe(4_294_967_295n)
    expect(code!.toString()).toBe('a')
  })

  it('hold every value that the canonical text holds', () => {
    const cases: readonly (readonly [ColumnKind, readonly RowValue[]])[] = [
      [
        TEXT,
        [
          'plain',
          '',
          'Zoë £',
          'a,b',
          'two\nlines\r',
          '"',
          '""',
          'he said "no"',
          'sixteen letters!',
          'seventeen letters',
          'x'.repeat(15),
          'x'.repeat(5000),
          ','.repeat(40),
          '\\N \\.',
          '-5',
        ],
      ],
      [{ kind: 'integer', bits: 32 }, [0, 7, -1, 2_147_483_647, -2_147_483_648]],
      [
        { kind: 'integer', bits: 64 },
        ['0', '9223372036854775807', '-9223372036854775808', '4294967296'],
      ],
      [{ kind: 'boolean' }, [true, false]],
      [
        { kind: 'date' },
        ['2000-01-01', '1999-12-31', '2000-02-29', '1900-03-01', '2078-12-31', '2024-12-31'],
      ],
      [DECIMAL, ['0', '1', '-1', '1.5', '0.001', '-0.05', '123456789.999', '10000', '99999.1']],
      [{ kind: 'decimal', precision: 16, scale: 4 }, ['0.0001', '123456789012.3456']],
      [{ kind: 'decimal', precision: 16, scale: 6 }, ['-51.123456', '0.1']],
      [{ kind: 'decimal', precision: 9, scale: 0 }, ['123456789', '0']],
    ]
    for (const [type, values] of cases) {
      const table = memoryTable('sample', { first: type, second: TEXT, third: type })
      const rows = [...values, null].flatMap((value) => [
        [value, 'between', null],
        [null, null, value],
        [value, '', value],
      ])
      const types = [type, TEXT, type] as const
      const lines = rows.map((row) =>
        row.map((value, index) => cellText(types[index]!, value)!).join(),
      )
      const read = fieldsOf(tuplesOf(table, lines)).map((fields) =>
        fields.slice(5).map((field, index) => valueOf(types[index]!, field)),
      )
      expect(read).toEqual(rows)
    }
  })

  it('hold the right day of every date there can be', () => {
    const day = { kind: 'date' } as const
    const dates = Array.from({ length: 66_000 }, (_, i) =>
      new Date(Date.UTC(1900, 0, 1) + i * 86_400_000).toISOString().slice(0, 10),
    )
    const table = memoryTable('sample', { day })
    const read = fieldsOf(tuplesOf(table, dates)).map((fields) => valueOf(day, fields[5]!))
    expect(read).toEqual(dates)
  })

  it('hold cells without a value wherever they stand, and however many', () => {
    for (const count of [1, 2, 15, 16, 17, 18, 31, 32, 33, 34, 70]) {
      const names = Array.from({ length: count }, (_, index) => `c${index}`)
      const table = memoryTable('sample', Object.fromEntries(names.map((name) => [name, TEXT])))
      const rows = [
        names.map(() => null),
        ...names.map((_, place) => names.map((_, index) => (index === place ? ',x' : null))),
        ...names.map((_, place) => names.map((_, index) => (index === place ? null : 'x'))),
      ]
      const lines = rows.map((row) => row.map((value) => cellText(TEXT, value)!).join())
      const read = fieldsOf(tuplesOf(table, lines)).map((fields) =>
        fields.slice(5).map((field) => valueOf(TEXT, field)),
      )
      expect(read).toEqual(rows)
      for (const line of [
        ','.repeat(count),
        `x${','.repeat(count)}`,
        ','.repeat(Math.max(count - 2, 0)),
      ]) {
        if (line === '' && count <= 2) continue
        expect(() => tuplesOf(table, [line])).toThrow(RangeError)
      }
    }
  })

  it('are refused for lines with more or fewer cells than columns', () => {
    const table = memoryTable('sample', { a: TEXT, b: TEXT })
    for (const line of ['only', 'one,two,three', '"one"x,two']) {
      expect(() => tuplesOf(table, [line])).toThrow(RangeError)
    }
  })

  it('are not made of tables with columns that only go as text', () => {
    for (const type of [
      { kind: 'timestamp' },
      { kind: 'json' },
      { kind: 'decimal', precision: 17, scale: 2 },
    ] as const) {
      expect(tupleLayout(memoryTable('sample', { a: type }), 1, SLICE)).toBeNull()
    }
  })
})
