import type { CellValue, Column, SegmentBatch, SinkSchema, SinkTable } from '../../src/batch.js'
import {
  BytesCells,
  columnMap,
  DictionaryCells,
  GrowingDictionary,
  NumberCells,
  RECORD_COLUMNS,
} from '../../src/columns.js'
import type { CodeTable, ColumnSpec } from '../../src/spec/types.js'

export type Storage = 'index8' | 'index16' | 'index32' | 'int32' | 'uint32' | 'float64' | 'bytes'

/** A column of a made table: its spec, how batches hold it, and for index storage its dictionary. */
export interface MadeColumn {
  readonly spec: ColumnSpec
  readonly storage: Storage
  dictionary: GrowingDictionary
}

export const latin1: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  byte === 0 ? ' ' : String.fromCharCode(byte),
)

export function spec(name: string, type: ColumnSpec['type'], extra: object = {}): ColumnSpec {
  return { name, type, width: 3, scale: 0, ...extra }
}

export function codeTable(
  name: string,
  labels: readonly (readonly [code: string, label: string])[],
): CodeTable {
  const codes = new Map(labels.map(([code, label]) => [code, { label }]))
  return { name, title: name, codes }
}

export function made(columnSpec: ColumnSpec, storage: Storage): MadeColumn {
  return { spec: columnSpec, storage, dictionary: new GrowingDictionary(columnSpec.codes ?? null) }
}

const DAY_MS = 86_400_000

function stored(columnSpec: ColumnSpec, value: string | number | boolean) {
  return columnSpec.type === 'date' ? Date.parse(value as string) / DAY_MS : value
}

/** Cells of one column as the decoder would hold them; `values` are plain values. */
export function cells(column: MadeColumn, values: readonly CellValue[]): Column {
  const { spec: columnSpec, storage, dictionary } = column
  const count = values.length
  switch (storage) {
    case 'index8':
    case 'index16':
    case 'index32': {
      const kinds = { index8: Uint8Array, index16: Uint16Array, index32: Uint32Array }
      const indices = values.map((value) => {
        if (value === null) return 0
        const kept = stored(columnSpec, value)
        const index = dictionary.values.indexOf(kept, 1)
        return index > 0 ? index : dictionary.add(kept)
      })
      return new DictionaryCells(columnSpec, count, kinds[storage].from(indices), dictionary)
    }
    case 'int32':
    case 'uint32':
    case 'float64': {
      const kinds = { int32: Int32Array, uint32: Uint32Array, float64: Float64Array }
      const scaled = values.map((value) =>
        value === null ? 0 : Math.round((value as number) * 10 ** columnSpec.scale),
      )
      const valid = values.includes(null)
        ? Uint8Array.from(values, (value) => (value === null ? 0 : 1))
        : null
      return new NumberCells(columnSpec, count, kinds[storage].from(scaled), valid)
    }
    case 'bytes': {
      const { width } = columnSpec
      const trim = columnSpec.type === 'text'
      const bytes = new Uint8Array(width * count)
      values.forEach((value, row) => {
        const text = (value as string | null) ?? ''
        const padded = trim && value !== null ? text.padEnd(width) : text
        for (let i = 0; i < padded.length; i++) {
          bytes[row * width + i] = latin1.indexOf(padded[i]!, 1)
        }
      })
      return new BytesCells(columnSpec, count, {
        width,
        bytes,
        valid: Uint8Array.from(values, (value) => (value === null ? 0 : 1)),
        trim,
        characters: latin1,
        nonAscii: bytes.some((byte) => byte > 0x7f),
      })
    }
  }
}

/** A table of made columns followed by the two record columns. */
export function table(name: string, columns: readonly MadeColumn[]): SinkTable {
  return {
    name,
    title: name,
    columns: [...columns.map((column) => column.spec), ...RECORD_COLUMNS],
  }
}

/** A batch of rows (arrays of plain values, one per made column); record numbers from `first`. */
export function batch(
  segment: string,
  columns: readonly MadeColumn[],
  rows: readonly (readonly CellValue[])[],
  first = 1,
): SegmentBatch {
  const recordNumbers = Uint32Array.from(rows, (_, row) => first + row)
  const recordLengths = Uint32Array.from(rows, () => 88)
  return {
    segment,
    segmentIndex: 0,
    rowCount: rows.length,
    throughRecord: first + rows.length - 1,
    columns: columnMap([
      ...columns.map((column, index) =>
        cells(
          column,
          rows.map((row) => row[index]!),
        ),
      ),
      new NumberCells(RECORD_COLUMNS[0]!, rows.length, recordNumbers, null),
      new NumberCells(RECORD_COLUMNS[1]!, rows.length, recordLengths, null),
    ]),
    recordNumbers,
    recordLengths,
    issues: [],
  }
}

export function schema(
  tables: readonly SinkTable[],
  metadata: () => Record<string, string> = () => ({ spec: 'made@1' }),
): SinkSchema {
  return { specId: 'made@1', specRevision: 1, tables, metadata }
}
