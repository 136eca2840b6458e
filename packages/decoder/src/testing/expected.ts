import type { CellValue } from '../batch.js'
import type { Issue } from '../issues.js'

/** What a decoder must return for one record. */
export interface ExpectedRow {
  readonly recordNumber: number
  readonly recordLength: number
  /** One cell per column of the segment's table, in table order; the record columns apart. */
  readonly values: readonly CellValue[]
}

/** What was generated, to hold a decoding against. */
export interface Expected {
  /** Rows by segment, in file order. */
  readonly rows: ReadonlyMap<string, readonly ExpectedRow[]>
  /** In file order. */
  readonly issues: readonly Issue[]
}

/**
 * Counts and control sums of a generated file; the counts carry the names of `DecodeStats`.
 *
 * records = rows + joinedHeaderParts + withheld
 */
export interface Manifest {
  readonly spec: string
  readonly year: number
  readonly seed: number
  /** Bytes of text, line ends included. */
  readonly bytes: number
  readonly records: number
  readonly rows: Readonly<Record<string, number>>
  readonly joinedHeaderParts: number
  readonly withheld: number
  readonly blankLines: number
  readonly endMarks: number
  readonly shortRecords: number
  readonly longRecords: number
  /** Expected issues by code. */
  readonly issues: Readonly<Record<string, number>>
  /** Sums of numeric columns (integer, decimal, hour, and the number half of age) by segment. */
  readonly sums: Readonly<Record<string, Readonly<Record<string, number>>>>
}
