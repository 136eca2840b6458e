import type { Column } from '../batch.js'

/** Share of rows in which a run may have a value and still pay for its test. */
const MAX_FILLED = 0.25
/** Rows looked at to find runs. */
const SAMPLE_ROWS = 2048

/** The entries that are zero where a column is null; null where the column cannot be in a run. */
function marksOf(column: Column): Uint8Array | Uint16Array | null {
  const marks = column.kind === 'dictionary' ? column.indices : column.valid
  return marks instanceof Uint32Array ? null : marks
}

/**
 * Neighbouring columns that are null together in most rows.
 *
 * For each row the marks of the columns are joined beforehand, several rows to a machine word, so
 * that the row loop passes over all of them with one test.
 */
export class NullRun {
  /** Column indexes, `end` not included. */
  readonly start: number
  readonly end: number
  /** Nonzero, in one of the two, for a row with a value in any of the columns. */
  bytes = new Uint8Array(0)
  words = new Uint16Array(0)
  /** Which of the two the columns of this batch need. */
  hasBytes = false
  hasWords = false

  constructor(start: number, end: number) {
    this.start = start
    this.end = end
  }

  /** Tells runs apart for which the row loop differs. */
  get name(): string {
    return `${this.start}-${this.end}${this.hasBytes ? 'b' : ''}${this.hasWords ? 'w' : ''}`
  }

  /** False when the columns of a batch no longer allow the run. */
  suits(columns: readonly Column[]): boolean {
    for (let index = this.start; index < this.end; index++) {
      if (marksOf(columns[index]!) === null) return false
    }
    return true
  }

  /** Joins the marks of `rowCount` rows. */
  mark(columns: readonly Column[], rowCount: number): void {
    if (this.bytes.length < rowCount) {
      this.bytes = new Uint8Array(roundUp(rowCount))
      this.words = new Uint16Array(roundUp(rowCount))
    }
    this.hasBytes = false
    this.hasWords = false
    for (let index = this.start; index < this.end; index++) {
      const marks = marksOf(columns[index]!)!
      if (marks instanceof Uint8Array) {
        join(this.bytes, marks, rowCount, !this.hasBytes)
        this.hasBytes = true
      } else {
        join(this.words, marks, rowCount, !this.hasWords)
        this.hasWords = true
      }
    }
  }
}

/** Finds the runs in the first rows of a batch. */
export function findNullRuns(columns: readonly Column[], rowCount: number): readonly NullRun[] {
  const sample = Math.min(rowCount, SAMPLE_ROWS)
  const runs: NullRun[] = []
  let joined = new Uint8Array(sample)
  let start = 0
  const close = (end: number) => {
    if (end - start >= 2) runs.push(new NullRun(start, end))
    joined = new Uint8Array(sample)
    start = end + 1
  }
  columns.forEach((column, index) => {
    const marks = marksOf(column)
    let filledCount = sample
    const withColumn = joined.slice()
    if (marks !== null) {
      filledCount = 0
      for (let row = 0; row < sample; row++) {
        if (marks[row] !== 0) withColumn[row] = 1
        filledCount += withColumn[row]!
      }
    }
    if (filledCount <= sample * MAX_FILLED) joined = withColumn
    else close(index)
  })
  close(columns.length)
  return runs
}

function roundUp(rowCount: number): number {
  return (rowCount + 3) & ~3
}

function join<T extends Uint8Array | Uint16Array>(
  into: T,
  from: T,
  rowCount: number,
  isFirst: boolean,
): void {
  const size = from.BYTES_PER_ELEMENT
  let row = 0
  if (from.byteOffset % 4 === 0) {
    const count = (rowCount * size) >> 2
    const to32 = new Int32Array(into.buffer, 0, count)
    const from32 = new Int32Array(from.buffer, from.byteOffset, count)
    if (isFirst) to32.set(from32)
    else for (let i = 0; i < count; i++) to32[i]! |= from32[i]!
    row = (count * 4) / size
  }
  if (isFirst) into.fill(0, row, rowCount)
  for (; row < rowCount; row++) into[row]! |= from[row]!
}
