import type { Issue } from './issues.js'
import type { CodeTable, ColumnSpec, ColumnType } from './spec/types.js'

/** A cell as a plain value: dates are `YYYY-MM-DD` text, decimals numbers exact to their scale. */
export type CellValue = string | number | boolean | null

/**
 * Values a dictionary column points into; index 0 is null.
 *
 * Grows while decoding (append only, shared by batches and, for codes, by columns with the same
 * code table); an index never changes its meaning within one `Dictionary` object. Values are:
 * text and code: string; integer, hour: number; date: days since 1970-01-01; flag: boolean.
 */
export interface Dictionary {
  readonly values: readonly (string | number | boolean | null)[]
  /** Label of the value with the same index; null where the code table has none. */
  readonly labels: readonly (string | null)[] | null
}

interface ColumnBase {
  readonly name: string
  readonly type: ColumnType
  readonly scale: number
  readonly codes: CodeTable | null
  /** The cell as a plain value. Throws a RangeError outside 0..rowCount-1. */
  get(row: number): CellValue
  /** The code's label; null for a null cell, an unlisted code, or a column without a code table. */
  label(row: number): string | null
}

/** Short cells: indexes into a dictionary, 0 = null. Only the first `rowCount` entries count. */
export interface DictionaryColumn extends ColumnBase {
  readonly kind: 'dictionary'
  readonly indices: Uint8Array | Uint16Array | Uint32Array
  readonly dictionary: Dictionary
}

/**
 * Numbers. `valid[row]` is 1 where there is a value; `valid` null means all rows have one.
 * A decimal holds the scaled whole number: 12.345 with scale 3 is 12345, exact below 2^53.
 */
export interface NumberColumn extends ColumnBase {
  readonly kind: 'number'
  readonly values: Int32Array | Uint32Array | Float64Array
  readonly valid: Uint8Array | null
}

/**
 * Fixed-width bytes, blank padded: row r is bytes [r*width, (r+1)*width). NUL bytes of the input
 * are blanks; trailing NUL bytes here are padding and not part of the value (a 12-wide identifier
 * in a column that must also hold 13-wide ones).
 * `valid[row]` is 0 for null. `trim`: trailing blanks are not part of the value (text);
 * identifiers keep them.
 */
export interface BytesColumn extends ColumnBase {
  readonly kind: 'bytes'
  readonly width: number
  readonly bytes: Uint8Array
  readonly valid: Uint8Array
  readonly trim: boolean
  /** 256 entries: byte to character of the spec's encoding. */
  readonly characters: readonly string[]
  /** True when a byte above 0x7F may be among the rows of this batch. */
  readonly nonAscii: boolean
}

export type Column = DictionaryColumn | NumberColumn | BytesColumn

/** Rows of one segment by column. */
export interface SegmentBatch {
  readonly segment: string
  readonly segmentIndex: number
  readonly rowCount: number
  /** Last record (1-based) the decoder had read when this batch was cut. */
  readonly throughRecord: number
  /** True when no more rows of this segment follow: a writer need not keep any back. */
  readonly last?: boolean
  /** Every column by name in table order; `record_number` and `record_length` come last. */
  readonly columns: ReadonlyMap<string, Column>
  /** 1-based line of each row in the source; the first line of a joined header. */
  readonly recordNumbers: Uint32Array
  /** Bytes of each row's line without its end; the sum of lines of a joined header. */
  readonly recordLengths: Uint32Array
  /** Faults met in this segment since its last batch, in file order. */
  readonly issues: readonly Issue[]
}

/** What a writer is told before the first batch. */
export interface SinkSchema {
  readonly specId: string
  readonly specRevision: number
  readonly tables: readonly SinkTable[]
  /** Key-value metadata for file footers: spec id, revision, package version, source, sha256. */
  readonly metadata: () => Readonly<Record<string, string>>
}

/** One table a sink will receive batches of (maybe none). Columns include the two record columns. */
export interface SinkTable {
  readonly name: string
  readonly title: string
  readonly columns: readonly ColumnSpec[]
}

/**
 * The only contract a writer implements.
 *
 * `open` is called once, then `write` once per batch in order, then `close` or `abort` once.
 * Arrays of a batch may be reused by the decoder after `write` resolves.
 */
export interface BatchSink<Result> {
  open(schema: SinkSchema): Promise<void>
  /** Resolves when ready for more. */
  write(batch: SegmentBatch): Promise<void>
  /** Completes the output: temporary names become final ones only here. */
  close(): Promise<Result>
  /** Removes partial output. Never throws because there is nothing to remove. */
  abort(reason: unknown): Promise<void>
}
