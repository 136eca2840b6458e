import type { BatchSink, SegmentBatch, SinkSchema } from '@nibrs/decoder'
import { csvStream, type WrittenStream } from '@nibrs/decoder/csv'
import type { BytePool } from '../byte-pool.js'
import type { Capabilities, HashedRows } from '../destinations/contract.js'
import { SchemaDriftError } from '../errors.js'
import { HASH_DIGITS, LineHasher, type TupleLayout } from '../hash/line-hasher.js'
import { tupleLayout } from '../hash/tuple-layout.js'
import { dataColumns, linePrefix } from '../schema/stage-columns.js'
import type { Slice, TableSchema } from '../schema/table-schema.js'
import type { ContractMode, StageBatch, StageIssue, StageRow } from '../source.js'
import { cellText } from './cell-text.js'
import { storableKeys } from './storable-keys.js'
import { withoutRecords } from './without-records.js'

/** Most characters of a value that an issue keeps. */
const RAW_LIMIT = 512

/** What the hasher is made for. */
export interface BatchHasherOptions {
  readonly loadId: number
  readonly slice: Slice
  readonly contract: ContractMode
  readonly bulk: Capabilities['bulk']
  /** Gives arrays for lines and tuples. */
  readonly arrays: BytePool
}

/** A batch ready to be written. */
export interface HashedBatch {
  /** Null when no row is left to write. */
  readonly rows: HashedRows | null
  readonly rowCount: number
  /** Rows kept out under `quarantine`. */
  readonly withheld: number
  /** The batch's own issues and those met here. */
  readonly issues: readonly StageIssue[]
  /** 32 hexadecimal digits a row; good until the next batch. */
  readonly hashes: Uint8Array
  /** Bytes of the rows' canonical text. */
  readonly byteCount: number
}

/**
 * Turns batches into rows with hashes.
 *
 * The hash of a row is XXH3-128 of its data columns as a CSV line without the line end: cells in
 * the table's order between commas, each as `cellText` describes. Batches by column never become
 * objects: the decoder's CSV writer makes the text from the column arrays.
 */
export class BatchHasher {
  readonly #options: BatchHasherOptions
  readonly #prefix: string
  readonly #hasher: LineHasher
  readonly #layouts = new Map<string, TupleLayout | null>()
  readonly #writers = new Map<string, BatchSink<WrittenStream>>()

  constructor(options: BatchHasherOptions) {
    this.#options = options
    this.#hasher = new LineHasher((byteCount) => options.arrays.take(byteCount))
    this.#prefix = linePrefix(options.loadId, options.slice)
  }

  /** @throws {SchemaDriftError} DRIFT_UNKNOWN_KEYS under `freeze` */
  async hash(table: TableSchema, batch: StageBatch): Promise<HashedBatch> {
    return batch.kind === 'columns'
      ? this.#hashColumns(table, batch.batch, batch.issues)
      : this.#hashRows(table, batch)
  }

  async #hashColumns(
    table: TableSchema,
    given: SegmentBatch,
    issues: readonly StageIssue[],
  ): Promise<HashedBatch> {
    const batch =
      this.#options.contract === 'quarantine'
        ? withoutRecords(given, new Set(issues.map(({ recordNumber }) => recordNumber)))
        : given
    const { rowCount } = batch
    const withheld = given.rowCount - rowCount
    this.#hasher.begin(rowCount)
    if (rowCount > 0) {
      const writer = await this.#writerFor(table, batch)
      await writer.write({ ...batch, segment: table.name })
    }
    this.#hasher.hash()
    const { hashes, byteCount } = this.#hasher
    const rows: HashedRows | null =
      rowCount === 0
        ? null
        : this.#options.bulk === 'columns'
          ? { kind: 'columns', table, batch, hashes }
          : this.#tuples(table, rowCount, batch.recordNumbers)
    return { rows, rowCount, withheld, issues, hashes, byteCount }
  }

  #tuples(table: TableSchema, rowCount: number, recordNumbers: Uint32Array): HashedRows {
    let layout = this.#layouts.get(table.name)
    if (layout === undefined) {
      layout = tupleLayout(table, this.#options.loadId, this.#options.slice)
      this.#layouts.set(table.name, layout)
    }
    if (layout === null) return this.#lines(table, rowCount, recordNumbers)
    return { kind: 'tuples', table, rowCount, tuples: this.#hasher.tuples(layout, recordNumbers) }
  }

  #lines(table: TableSchema, rowCount: number, recordNumbers: Uint32Array): HashedRows {
    const lines = this.#hasher.prefixed(this.#prefix, recordNumbers)
    return { kind: 'lines', table, rowCount, lines }
  }

  async #writerFor(table: TableSchema, batch: SegmentBatch): Promise<BatchSink<WrittenStream>> {
    let writer = this.#writers.get(table.name)
    if (writer === undefined) {
      writer = csvStream((bytes) => this.#hasher.append(bytes), {
        header: false,
        reuseBytes: true, // The hasher copies them.
      })
      await writer.open(sinkSchemaOf(table, batch))
      this.#writers.set(table.name, writer)
    }
    return writer
  }

  #hashRows(
    table: TableSchema,
    { rows: given, issues: givenIssues, file = null }: RowsBatch,
  ): HashedBatch {
    const columns = dataColumns(table)
    const issues = [...givenIssues]
    // The source made null of what does not fit, and tells so with an issue.
    const faulty = new Set(givenIssues.map(({ recordNumber }) => recordNumber))
    const lines: string[] = []
    const records: number[] = []
    for (const row of given) {
      const cells: string[] = []
      const { issues: faults, keys } = this.#unknownKeys(table, row, file)
      const values = table.keepsUnknownKeys ? [...row.values, keys] : row.values
      for (const [index, value] of values.entries()) {
        const { name, type } = columns[index]!
        const cell = cellText(type, value)
        cells.push(cell ?? '')
        if (cell !== undefined) continue
        faults.push(issueOf(table, row, file, 'FIELD_DOES_NOT_FIT', name, value))
      }
      issues.push(...faults)
      const isFaulty = faults.length > 0 || faulty.has(row.sourceRecord)
      if (isFaulty && this.#options.contract === 'quarantine') continue
      lines.push(cells.join())
      records.push(row.sourceRecord)
    }
    const rowCount = lines.length
    this.#hasher.begin(rowCount)
    if (rowCount > 0) this.#hasher.appendText(`${lines.join('\n')}\n`)
    this.#hasher.hash()
    const { hashes, byteCount } = this.#hasher
    return {
      rows: rowCount === 0 ? null : this.#lines(table, rowCount, Uint32Array.from(records)),
      rowCount,
      withheld: given.length - rowCount,
      issues,
      hashes,
      byteCount,
    }
  }

  /** The cell of a row's unknown keys, and what is wrong with them. */
  #unknownKeys(
    table: TableSchema,
    row: StageRow,
    file: string | null,
  ): { readonly keys: string | null; readonly issues: StageIssue[] } {
    const { unknownKeys = {} } = row
    const { contract } = this.#options
    if (!hasKeys(unknownKeys)) return { keys: null, issues: [] }
    const names = Object.keys(unknownKeys)
    if (contract === 'freeze' || !table.keepsUnknownKeys) {
      throw new SchemaDriftError(
        'DRIFT_UNKNOWN_KEYS',
        `record ${row.sourceRecord} of ${file ?? table.name} has keys without a column: ${names.join(', ')}; update this package, or load with contract "evolve" or "quarantine"`,
        { table: table.name },
      )
    }
    if (contract === 'quarantine') {
      const raw = canonicalJson(unknownKeys)
      return { keys: null, issues: [issueOf(table, row, file, 'UNKNOWN_KEY', names[0]!, raw)] }
    }
    const { keys, faults } = storableKeys(unknownKeys)
    const issues = faults.map((key) =>
      issueOf(table, row, file, 'FIELD_DOES_NOT_FIT', key, canonicalJson(unknownKeys[key])),
    )
    return { keys: canonicalJson(keys), issues }
  }
}

type RowsBatch = Extract<StageBatch, { readonly kind: 'rows' }>

function hasKeys(object: object): boolean {
  return Object.keys(object).length > 0
}

function issueOf(
  table: TableSchema,
  row: StageRow,
  file: string | null,
  code: string,
  field: string,
  value: unknown,
): StageIssue {
  const raw = String(value).slice(0, RAW_LIMIT)
  const { sourceRecord: recordNumber } = row
  return { code, table: table.name, field, recordNumber, byteOffset: null, raw, file }
}

/** JSON with the keys of every object in order, so that equal content is equal text. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  )
}

/** The table's data columns as the decoder's writers are told of them. */
function sinkSchemaOf(table: TableSchema, batch: SegmentBatch): SinkSchema {
  const columns = dataColumns(table).map(({ name }) => {
    const column = batch.columns.get(name)
    if (column === undefined) {
      throw new TypeError(`a batch of table "${table.name}" lacks its column "${name}"`)
    }
    return { name, type: column.type, width: HASH_DIGITS, scale: column.scale }
  })
  return {
    specId: '',
    specRevision: 0,
    tables: [{ name: table.name, title: table.title, columns }],
    metadata: () => ({}),
  }
}
