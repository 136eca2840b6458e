import fc from 'fast-check'
import type { CellValue, SegmentBatch } from '../../src/batch.js'
import { GrowingDictionary } from '../../src/columns.js'
import { batch, codeTable, made, spec, type MadeColumn } from './made-batches.js'

const codes = codeTable('made', [
  ['A', 'Plain'],
  ['B', 'With, comma'],
  ['"', 'With "quotes"'],
  ['É', 'Accentué et ligne\nsuivante'],
  ['LONG', 'x'.repeat(90)],
])

const character = fc.oneof(
  { weight: 8, arbitrary: fc.constantFrom(...'ABCxyz019 -.') },
  { weight: 1, arbitrary: fc.constantFrom(...'",;|\t\r\n\\\b\x01\x1f\x7f\x80\xe9\xff') },
)

function text(maxLength: number): fc.Arbitrary<string> {
  return fc
    .string({ unit: character, minLength: 1, maxLength })
    .map((value) => value.trimEnd() || 'x')
}

const dates = fc
  .integer({ min: -30_000, max: 60_000 })
  .map((days) => new Date(days * 86_400_000).toISOString().slice(0, 10))

export interface Kind {
  readonly column: (name: string) => MadeColumn
  readonly value: fc.Arbitrary<CellValue>
}

const whole = fc.oneof(
  fc.nat({ max: 20_000 }),
  fc.nat({ max: 2 ** 31 - 1 }),
  fc.constantFrom(9999, 10_000, 99_999_999, 100_000_000, 100_010_000, 2 ** 31 - 1),
)

/** Columns that the generated code writes without help. */
export const ordinary: readonly Kind[] = [
  {
    column: (name) => made(spec(name, 'code', { width: 4, codes }), 'index8'),
    value: fc.constantFrom('A', 'B', '"', 'É', 'LONG', 'other'),
  },
  {
    column: (name) => made(spec(name, 'code', { width: 2 }), 'index16'),
    value: fc.constantFrom('01', '02', '99'),
  },
  { column: (name) => made(spec(name, 'identifier', { width: 9 }), 'index32'), value: text(9) },
  { column: (name) => made(spec(name, 'text', { width: 40 }), 'index16'), value: text(40) },
  { column: (name) => made(spec(name, 'date', { width: 8 }), 'index16'), value: dates },
  {
    column: (name) => made(spec(name, 'hour', { width: 2 }), 'index8'),
    value: fc.nat({ max: 23 }),
  },
  { column: (name) => made(spec(name, 'flag', { width: 1 }), 'index8'), value: fc.boolean() },
  { column: (name) => made(spec(name, 'integer', { width: 9 }), 'int32'), value: whole },
  {
    column: (name) => made(spec(name, 'integer', { width: 10 }), 'uint32'),
    value: fc.oneof(whole, fc.nat({ max: 2 ** 32 - 1 })),
  },
  {
    column: (name) => made(spec(name, 'integer', { width: 15 }), 'float64'),
    value: fc.oneof(
      whole,
      fc.maxSafeNat(),
      fc.constantFrom(2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1, 1e15, 100_000_000_000),
    ),
  },
  {
    column: (name) => made(spec(name, 'decimal', { width: 12, scale: 3 }), 'float64'),
    value: fc
      .oneof(whole, fc.nat({ max: 999_999_999_999 }), fc.constant(1e15))
      .map((scaled) => scaled / 1000),
  },
  {
    column: (name) => made(spec(name, 'decimal', { width: 9, scale: 3 }), 'int32'),
    value: whole.map((scaled) => scaled / 1000),
  },
  ...[1, 7, 12, 13, 16, 30, 64, 100].map((width): Kind => ({
    column: (name) => made(spec(name, 'text', { width }), 'bytes'),
    value: text(width),
  })),
  ...[5, 12, 17].map((width): Kind => ({
    column: (name) => made(spec(name, 'identifier', { width }), 'bytes'),
    value: fc.oneof(
      fc.string({ unit: fc.constantFrom(...'AB 12-'), minLength: width, maxLength: width }),
      fc.string({ unit: character, minLength: width, maxLength: width }),
      text(width),
    ),
  })),
]

/** Columns that it leaves, by the row or by the batch, to the reference way. */
export const odd: readonly Kind[] = [
  {
    column: (name) => made(spec(name, 'integer', { width: 9 }), 'int32'),
    value: fc.integer(),
  },
  {
    column: (name) => made(spec(name, 'integer', { width: 15 }), 'float64'),
    value: fc.maxSafeInteger(),
  },
  ...[1, 3, 6].map((scale): Kind => ({
    column: (name) => made(spec(name, 'decimal', { width: 12, scale }), 'float64'),
    value: fc
      .oneof(fc.integer({ min: -1000, max: 999_999_999_999 }), fc.constant(1e15 + 1))
      .map((scaled) => scaled / 10 ** scale),
  })),
  {
    column: (name) => made(spec(name, 'integer', { width: 9, codes }), 'uint32'),
    value: whole,
  },
  {
    column: (name) => made(spec(name, 'identifier', { width: 12, codes }), 'bytes'),
    value: text(12),
  },
  {
    column: (name) => made(spec(name, 'text', { width: 9 }), 'index8'),
    value: fc.constantFrom('x'.repeat(2000), 'short'),
  },
]

/** Whole numbers that a float64 no longer holds one by one. */
export const huge: Kind = {
  column: (name) => made(spec(name, 'integer', { width: 15 }), 'float64'),
  value: fc.constantFrom(2 ** 53, 1e20, 1e21, -1e21),
}

export interface Case {
  readonly columns: readonly MadeColumn[]
  readonly batches: readonly (readonly (readonly CellValue[])[])[]
}

export function cases(kinds: readonly Kind[]): fc.Arbitrary<Case> {
  const columns = fc.array(fc.tuple(fc.constantFrom(...kinds), fc.constantFrom(0, 0.02, 0.3, 1)), {
    minLength: 1,
    maxLength: 12,
  })
  return columns.chain((chosen) => {
    const row = fc.tuple(
      ...chosen.map(([kind, share]) =>
        fc
          .tuple(fc.double({ min: 0, max: 1, noNaN: true }), kind.value)
          .map(([draw, value]) => (draw <= share && share > 0 ? value : null)),
      ),
    )
    const rows = fc.oneof(
      fc.array(row, { maxLength: 12 }),
      fc.array(row, { minLength: 15, maxLength: 40 }),
    )
    return fc.array(rows, { minLength: 1, maxLength: 4 }).map((batches) => ({
      columns: chosen.map(([kind], index) => kind.column(`c${index}`)),
      batches,
    }))
  })
}

/** Batches of a case; with `renew`, each has dictionaries of its own. */
export function batchesOf(made: Case, renew: boolean): readonly SegmentBatch[] {
  let first = 1
  return made.batches.map((rows) => {
    if (renew) {
      for (const column of made.columns) {
        column.dictionary = new GrowingDictionary(column.spec.codes ?? null)
      }
    }
    const result = batch('made', made.columns, rows, first)
    first += rows.length
    return result
  })
}
