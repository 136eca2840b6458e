import type { BytesColumn, Column, SegmentBatch } from './batch.js'
import { BytesCells, columnMap, DictionaryCells, NumberCells } from './columns.js'
import type { Issue } from './issues.js'
import type { Row, RowShape } from './rows.js'
import type { ColumnSpec, SegmentRole } from './spec/types.js'

/** What is the same for every batch of one segment. */
export interface SegmentPlan {
  readonly role: SegmentRole
  readonly columns: readonly ColumnSpec[]
  readonly shape: RowShape
  /** Names of the incident key's columns; null for segments that are no part of an incident. */
  readonly key: readonly string[] | null
}

const NO_ISSUES: readonly Issue[] = []

/**
 * Rows of one batch, kept until they are needed as objects.
 *
 * The arrays are copies of the rows in use: batches may reuse theirs, and have room for many more.
 */
export class HeldRows {
  readonly segment: string
  readonly role: SegmentRole
  readonly rowCount: number
  readonly recordNumbers: Uint32Array
  readonly key: KeyCells | null
  readonly #batch: SegmentBatch
  readonly #shape: RowShape
  #rowAt: ((row: number) => Row) | null = null
  #issues: Map<number, Issue[]> | null = null

  constructor(batch: SegmentBatch, plan: SegmentPlan) {
    const { rowCount } = batch
    this.segment = batch.segment
    this.role = plan.role
    this.rowCount = rowCount
    this.#batch = {
      ...batch,
      columns: columnMap(
        plan.columns.map((spec) => copyColumn(spec, batch.columns.get(spec.name)!, rowCount)),
      ),
    }
    this.#shape = plan.shape
    this.recordNumbers = batch.recordNumbers.slice(0, rowCount)
    this.key =
      plan.key === null
        ? null
        : new KeyCells(plan.key.map((name) => this.#batch.columns.get(name)!))
  }

  row(row: number): Row {
    this.#rowAt ??= this.#shape.bind(this.#batch)
    return this.#rowAt(row)
  }

  /** Gives an issue to its row: the last that begins at or before its line (headers have several). */
  addIssue(issue: Issue): void {
    let low = 0
    let high = this.rowCount - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if (this.recordNumbers[middle]! <= issue.recordNumber) low = middle
      else high = middle - 1
    }
    this.#issues ??= new Map()
    const issues = this.#issues.get(low)
    if (issues === undefined) this.#issues.set(low, [issue])
    else issues.push(issue)
  }

  issuesOf(row: number): readonly Issue[] {
    return this.#issues?.get(row) ?? NO_ISSUES
  }
}

function copyColumn(spec: ColumnSpec, column: Column, rowCount: number): Column {
  switch (column.kind) {
    case 'dictionary':
      return new DictionaryCells(
        spec,
        rowCount,
        column.indices.slice(0, rowCount),
        column.dictionary,
      )
    case 'number': {
      const valid = column.valid?.slice(0, rowCount) ?? null
      return new NumberCells(spec, rowCount, column.values.slice(0, rowCount), valid)
    }
    case 'bytes':
      return new BytesCells(spec, rowCount, {
        width: column.width,
        bytes: column.bytes.slice(0, rowCount * column.width),
        valid: column.valid.slice(0, rowCount),
        trim: column.trim,
        characters: column.characters,
        nonAscii: column.nonAscii,
      })
  }
}

/** The key columns of some rows: compared as stored, made text only when a key is new. */
export class KeyCells {
  readonly #columns: readonly Column[]

  constructor(columns: readonly Column[]) {
    this.#columns = columns
  }

  /** Whether a row has the same key as a row of this or another segment. */
  equals(row: number, other: KeyCells, otherRow: number): boolean {
    for (let i = 0; i < this.#columns.length; i++) {
      if (!sameCell(this.#columns[i]!, row, other.#columns[i]!, otherRow)) return false
    }
    return true
  }

  /** The key as one text. NUL never stands in a value, so two keys never give the same text. */
  text(row: number): string {
    let text = ''
    for (const column of this.#columns) text += `${column.get(row) ?? ''}\0`
    return text
  }
}

function sameCell(a: Column, row: number, b: Column, otherRow: number): boolean {
  if (a.kind === 'dictionary' && b.kind === 'dictionary') {
    const index = a.indices[row]!
    const other = b.indices[otherRow]!
    if (a.dictionary === b.dictionary) return index === other
    return a.dictionary.values[index] === b.dictionary.values[other]
  }
  if (a.kind === 'bytes' && b.kind === 'bytes' && a.width === b.width) {
    return sameBytes(a, row, b, otherRow)
  }
  return a.get(row) === b.get(otherRow)
}

function sameBytes(a: BytesColumn, row: number, b: BytesColumn, otherRow: number): boolean {
  if (a.valid[row] !== b.valid[otherRow]) return false
  const from = row * a.width
  const other = otherRow * b.width
  for (let i = 0; i < a.width; i++) if (a.bytes[from + i] !== b.bytes[other + i]) return false
  return true
}
