import type { BatchSink, Column, SegmentBatch, SinkSchema } from '@nibrs/decoder'
import { parquetFiles, type WrittenFile } from '@nibrs/decoder/parquet'
import { HASH_DIGITS } from '../hash/line-hasher.js'
import { dataColumns } from '../schema/stage-columns.js'
import type { ColumnKind, TableSchema } from '../schema/table-schema.js'

type SinkColumn = SinkSchema['tables'][number]['columns'][number]

/** Digits of the widest whole number that the Parquet writer stores in 32 bits. */
const INT32_DIGITS = 9
const INT64_DIGITS = 18

/**
 * A sink for batches with their row hashes: one Parquet file per table, named after it, with
 * `record_number`, `row_hash` (hexadecimal text) and the data columns.
 */
export class ParquetStage {
  readonly #tables: readonly TableSchema[]
  readonly #sink: BatchSink<readonly WrittenFile[]>
  #opened = false

  constructor(directory: string, tables: readonly TableSchema[]) {
    this.#tables = tables
    this.#sink = parquetFiles({ directory })
  }

  async write(table: TableSchema, batch: SegmentBatch, hashes: Uint8Array): Promise<void> {
    if (!this.#opened) {
      await this.#sink.open(schemaOf(this.#tables))
      this.#opened = true
    }
    const columns = new Map(batch.columns).set('row_hash', hashColumn(hashes, batch.rowCount))
    await this.#sink.write({ ...batch, segment: table.name, columns })
  }

  /** Completes the files; by table name, those of tables with rows. */
  async close(): Promise<ReadonlyMap<string, string>> {
    if (!this.#opened) return new Map()
    const files = await this.#sink.close()
    return new Map(
      files.filter(({ rowCount }) => rowCount > 0).map((file) => [file.segment, file.path]),
    )
  }

  async abort(reason: unknown): Promise<void> {
    if (this.#opened) await this.#sink.abort(reason)
  }
}

function schemaOf(tables: readonly TableSchema[]): SinkSchema {
  return {
    specId: '',
    specRevision: 0,
    metadata: () => ({}),
    tables: tables.map((table) => ({
      name: table.name,
      title: table.title,
      columns: [
        { name: 'record_number', type: 'integer', width: 10, scale: 0 },
        { name: 'row_hash', type: 'identifier', width: HASH_DIGITS, scale: 0 },
        ...dataColumns(table).map(({ name, type }) => ({ name, ...sinkType(type) })),
      ],
    })),
  }
}

function sinkType(type: ColumnKind): Omit<SinkColumn, 'name'> {
  switch (type.kind) {
    case 'text':
    case 'json':
    case 'timestamp':
      return { type: 'text', width: 1, scale: 0 }
    case 'integer':
      return { type: 'integer', width: type.bits === 32 ? INT32_DIGITS : INT64_DIGITS, scale: 0 }
    case 'decimal':
      return { type: 'decimal', width: type.precision, scale: type.scale }
    case 'date':
      return { type: 'date', width: 8, scale: 0 }
    case 'boolean':
      return { type: 'flag', width: 1, scale: 0 }
  }
}

const ASCII: readonly string[] = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte))

function hashColumn(hashes: Uint8Array, rowCount: number): Column {
  const digits = (row: number) =>
    Buffer.from(hashes.subarray(row * HASH_DIGITS, (row + 1) * HASH_DIGITS)).toString('latin1')
  return {
    kind: 'bytes',
    name: 'row_hash',
    type: 'identifier',
    scale: 0,
    codes: null,
    width: HASH_DIGITS,
    bytes: hashes,
    valid: new Uint8Array(rowCount + 16).fill(1),
    trim: false,
    characters: ASCII,
    nonAscii: false,
    get: digits,
    label: () => null,
  }
}
