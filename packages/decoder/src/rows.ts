import type { CellValue, Column, Dictionary, SegmentBatch, SinkTable } from './batch.js'
import { isoDate } from './columns.js'
import type { Decoding } from './decode.js'
import { OptionError } from './errors.js'
import { rejectUnknownOptions } from './options.js'

/**
 * One row as a plain object: every column by name, in table order.
 *
 * Dates are `YYYY-MM-DD`, decimals numbers exact to their scale, codes and identifiers text as in
 * the file. `record_number` is the 1-based line in the source, `record_length` its bytes.
 */
export interface Row {
  readonly record_number: number
  readonly record_length: number
  readonly [column: string]: CellValue
}

/** Options of {@link rows}. */
export interface RowsOptions {
  /**
   * Adds `<column>_label` behind each column that has a code table: the code's label, or null for
   * a null cell and for a code that is not in the table. Default false.
   */
  readonly labels?: boolean
}

/**
 * The rows of one segment as plain objects, in file order.
 *
 * Nothing is read ahead of the batch a row comes from; leaving the loop closes the input. Faults
 * are in `decoding.stats`; for those of each record use `events`, or the batches themselves.
 *
 * @param segment a table of the spec, such as `victim`
 * @throws {OptionError} at once: OPTION_SEGMENT_UNKNOWN for a segment the spec does not have,
 *   OPTION_CONFLICT for one that `decode` was told to leave out, or when a label's name is taken
 * @throws what the decoding throws, while iterating
 */
export function rows(
  decoding: Decoding,
  segment: string,
  options: RowsOptions = {},
): AsyncGenerator<Row, void, undefined> {
  rejectUnknownOptions(options, ROWS_OPTIONS)
  const table = decoding.sinkSchema.tables.find(({ name }) => name === segment)
  if (table === undefined) throw missingSegment(decoding, segment)
  return readRows(decoding, new RowShape(table, options.labels ?? false))
}

const ROWS_OPTIONS = new Set(['labels'])

function missingSegment({ spec, sinkSchema }: Decoding, segment: string): OptionError {
  const context = { option: 'segment', segment, spec: spec.id }
  const known = spec.tables.map(({ name }) => name)
  if (!known.includes(segment)) {
    const message = `${spec.id} has no segment "${segment}"; it has ${known.join(', ')}`
    return new OptionError('OPTION_SEGMENT_UNKNOWN', message, context)
  }
  const selected = sinkSchema.tables.map(({ name }) => name).join(', ')
  const message = `segment "${segment}" is not decoded, only ${selected}; add it to the option "segments" of decode`
  return new OptionError('OPTION_CONFLICT', message, context)
}

async function* readRows(
  decoding: Decoding,
  shape: RowShape,
): AsyncGenerator<Row, void, undefined> {
  for await (const batch of decoding) {
    if (batch.segment !== shape.segment || batch.rowCount === 0) continue
    const rowAt = shape.bind(batch)
    for (let row = 0; row < batch.rowCount; row++) yield rowAt(row)
  }
}

type CellReader = (row: number) => CellValue
type RowReader = (row: number) => Row

/** The keys of one segment's row objects, and how to fill them from a batch. */
export class RowShape {
  readonly segment: string
  /** Keys in order: each column, and its label behind it when asked for. */
  readonly keys: readonly string[]
  readonly #columns: readonly { readonly name: string; readonly isLabel: boolean }[]
  readonly #generated: boolean
  #bindReaders: ((readers: readonly CellReader[]) => RowReader) | null = null

  /**
   * @param generated make row objects with generated code where that is allowed; the objects are
   *   equal either way, generated code makes them several times as fast
   * @throws {OptionError} OPTION_CONFLICT when a label's name is that of a column
   */
  constructor(table: SinkTable, labels: boolean, generated = true) {
    this.segment = table.name
    this.#generated = generated
    const names = new Set(table.columns.map(({ name }) => name))
    const columns: { name: string; isLabel: boolean }[] = []
    const keys: string[] = []
    for (const { name, codes } of table.columns) {
      columns.push({ name, isLabel: false })
      keys.push(name)
      if (!labels || codes === undefined) continue
      const label = `${name}_label`
      if (names.has(label)) {
        throw new OptionError(
          'OPTION_CONFLICT',
          `segment "${table.name}" already has a column "${label}", the name of the label of "${name}"; turn labels off or rename the field in the spec`,
          { option: 'labels', segment: table.name, field: label },
        )
      }
      columns.push({ name, isLabel: true })
      keys.push(label)
    }
    this.#columns = columns
    this.keys = keys
  }

  /** Reads rows of `batch`; good for as long as the batch's arrays are. */
  bind(batch: SegmentBatch): RowReader {
    const readers = this.#columns.map(({ name, isLabel }) => {
      const column = batch.columns.get(name)!
      return isLabel ? labelReader(column, batch.rowCount) : cellReader(column, batch.rowCount)
    })
    this.#bindReaders ??= (this.#generated ? generate(this.keys) : null) ?? plain(this.keys)
    return this.#bindReaders(readers)
  }
}

/**
 * Makes each row with one object literal, which the engine turns into one allocation.
 *
 * @returns null where code generation from strings is forbidden (a content security policy)
 */
function generate(keys: readonly string[]): ((readers: readonly CellReader[]) => RowReader) | null {
  const cells = keys.map((_, index) => `c${index}`)
  const properties = keys.map((key, index) => `${JSON.stringify(key)}: c${index}(row)`)
  const body = `const [${cells.join(', ')}] = readers; return (row) => ({ ${properties.join(', ')} })`
  try {
    return new Function('readers', body) as (readers: readonly CellReader[]) => RowReader
  } catch {
    return null
  }
}

function plain(keys: readonly string[]): (readers: readonly CellReader[]) => RowReader {
  return (readers) => (row) => {
    const object: Record<string, CellValue> = {}
    for (let index = 0; index < keys.length; index++) object[keys[index]!] = readers[index]!(row)
    return object as Row
  }
}

const readNull: CellReader = () => null

/** Most columns of most batches hold nothing: the third drug, the tenth relationship. */
function isEmpty(cells: { readonly [row: number]: number }, rowCount: number): boolean {
  for (let row = 0; row < rowCount; row++) if (cells[row] !== 0) return false
  return true
}

function cellReader(column: Column, rowCount: number): CellReader {
  if (column.kind !== 'dictionary') {
    if (column.valid !== null && isEmpty(column.valid, rowCount)) return readNull
    return (row) => column.get(row)
  }
  const { indices, dictionary } = column
  if (isEmpty(indices, rowCount)) return readNull
  if (column.type === 'date') {
    const dates = datesOf(dictionary)
    return (row) => {
      const index = indices[row]!
      return (dates[index] ??= index === 0 ? null : isoDate(dictionary.values[index] as number))
    }
  }
  const { values } = dictionary
  return (row) => values[indices[row]!]!
}

function labelReader(column: Column, rowCount: number): CellReader {
  if (column.kind !== 'dictionary') return (row) => column.label(row)
  const { indices } = column
  if (isEmpty(indices, rowCount)) return readNull
  const { labels } = column.dictionary
  return labels === null ? (row) => column.label(row) : (row) => labels[indices[row]!]!
}

const dateTexts = new WeakMap<Dictionary, (string | null)[]>()

/** Texts of a date dictionary's values, as far as they were asked for. */
function datesOf(dictionary: Dictionary): (string | null)[] {
  let texts = dateTexts.get(dictionary)
  if (texts === undefined) {
    texts = []
    dateTexts.set(dictionary, texts)
  }
  return texts
}
