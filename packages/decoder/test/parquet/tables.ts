import type { Column, SegmentBatch, SinkSchema, SinkTable } from '../../src/batch.js'
import {
  BytesCells,
  columnMap,
  DictionaryCells,
  GrowingDictionary,
  NumberCells,
} from '../../src/columns.js'
import type { CodeTable, ColumnSpec, ColumnType } from '../../src/spec/types.js'

/** Characters of latin1: each byte is the code point of the same number. */
export const LATIN1 = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte))

export function spec(
  name: string,
  type: ColumnType,
  width: number,
  more: Partial<ColumnSpec> = {},
): ColumnSpec {
  return { name, type, width, scale: 0, ...more }
}

export function codeTable(name: string, labels: Readonly<Record<string, string>>): CodeTable {
  const codes = new Map(Object.entries(labels).map(([code, label]) => [code, { label }]))
  return { name, title: name, codes }
}

export type Cell = string | number | boolean | null

/** A dictionary column over `values`; dates are given as days. */
export function dictionaryColumn(
  column: ColumnSpec,
  values: readonly Cell[],
  options: { bytesPerIndex?: 1 | 2 | 4; dictionary?: GrowingDictionary } = {},
): DictionaryCells {
  const dictionary = options.dictionary ?? new GrowingDictionary(column.codes ?? null)
  const known = new Map(dictionary.values.map((value, i) => [value, i]))
  const indexes = values.map((value) => {
    if (value === null) return 0
    let index = known.get(value)
    if (index === undefined) {
      index = dictionary.add(value)
      known.set(value, index)
    }
    return index
  })
  const size = dictionary.values.length
  const bytesPerIndex = options.bytesPerIndex ?? (size <= 256 ? 1 : size <= 65536 ? 2 : 4)
  const arrays = { 1: Uint8Array, 2: Uint16Array, 4: Uint32Array }
  const indices = arrays[bytesPerIndex].from(indexes)
  return new DictionaryCells(column, values.length, indices, dictionary)
}

/** A number column; decimals are given as scaled whole numbers. */
export function numberColumn(
  column: ColumnSpec,
  values: readonly (number | null)[],
  kind: 'int32' | 'uint32' | 'float64' = 'float64',
): NumberCells {
  const arrays = { int32: Int32Array, uint32: Uint32Array, float64: Float64Array }
  const cells = arrays[kind].from(values.map((value) => value ?? 0))
  const valid = values.includes(null)
    ? Uint8Array.from(values, (value) => (value === null ? 0 : 1))
    : null
  return new NumberCells(column, values.length, cells, valid)
}

/** A fixed-width column: strings of single-byte characters, padded with blanks. */
export function bytesColumn(
  column: ColumnSpec,
  values: readonly (string | null)[],
  characters: readonly string[] = LATIN1,
): BytesCells {
  const { width } = column
  const bytes = new Uint8Array(values.length * width)
  let nonAscii = false
  values.forEach((value, row) => {
    if (value === null) return
    for (let i = 0; i < width; i++) {
      const byte = i < value.length ? characters.indexOf(value[i]!) : 0x20
      if (byte > 0x7f) nonAscii = true
      bytes[row * width + i] = byte
    }
  })
  return new BytesCells(column, values.length, {
    width,
    bytes,
    valid: Uint8Array.from(values, (value) => (value === null ? 0 : 1)),
    trim: column.type === 'text',
    characters,
    nonAscii,
  })
}

export function batchOf(
  segment: string,
  columns: readonly Column[],
  rowCount: number,
): SegmentBatch {
  return {
    segment,
    segmentIndex: 0,
    rowCount,
    throughRecord: rowCount,
    columns: columnMap(columns),
    recordNumbers: new Uint32Array(rowCount),
    recordLengths: new Uint32Array(rowCount),
    issues: [],
  }
}

export function sinkSchema(
  tables: readonly SinkTable[],
  metadata: Readonly<Record<string, string>> = {},
): SinkSchema {
  return { specId: 'test/spec@1', specRevision: 1, tables, metadata: () => metadata }
}

export function sinkTable(name: string, columns: readonly ColumnSpec[]): SinkTable {
  return { name, title: name, columns }
}

/** Uniform numbers from 0 to 1, the same for the same seed. */
export function seededRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
