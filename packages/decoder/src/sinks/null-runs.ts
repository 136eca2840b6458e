import type { Column } from '../batch.js'

/** Share of rows in which a run may have a value and still pay for its test. */
const MAX_FILLED = 0.25
/** Rows looked at to find runs. */
const SAMPLE_ROWS = 2048

/** Neighbouring columns, `end` not included, that are null together in most rows. */
export interface NullRun {
  readonly start: number
  readonly end: number
}

/** The entries that are zero where a column is null; null for a column without nulls. */
export function nullMarks(column: Column): Uint8Array | Uint16Array | Uint32Array | null {
  return column.kind === 'dictionary' ? column.indices : column.valid
}

/** Finds the runs in the first rows of a batch. */
export function findNullRuns(columns: readonly Column[], rowCount: number): readonly NullRun[] {
  const sample = Math.min(rowCount, SAMPLE_ROWS)
  const runs: NullRun[] = []
  let filled = new Uint8Array(sample)
  let start = 0
  const close = (end: number) => {
    if (end - start >= 2) runs.push({ start, end })
    filled = new Uint8Array(sample)
    start = end + 1
  }
  columns.forEach((column, index) => {
    const joined = joinMarks(filled, nullMarks(column))
    const filledCount = joined.reduce((sum, mark) => sum + mark, 0)
    if (filledCount <= sample * MAX_FILLED) filled = joined
    else close(index)
  })
  close(columns.length)
  return runs
}

function joinMarks(
  filled: Uint8Array<ArrayBuffer>,
  marks: Uint8Array | Uint16Array | Uint32Array | null,
): Uint8Array<ArrayBuffer> {
  if (marks === null) return filled.map(() => 1)
  return filled.map((mark, row) => (marks[row] === 0 ? mark : 1))
}
