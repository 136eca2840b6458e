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
 * The row hash as UUID text in three columns of twelve bytes: the Parquet writer takes columns of
 * that width many times faster than one of another.
 */
const HASH_PARTS = ['row_hash_1', 'row_hash_2', 'row_hash_3'] as const
const PART_BYTES = 12

/** SQL for the row hash of a staged file. */
export const STAGED_ROW_HASH = `(${HASH_PARTS.join(' || ')})::UUID`

/**
 * A sink for batches with their row hashes: one Parquet file per table, named after it, with
 * `record_number`, the parts of the row hash and the data columns.
 */
export class ParquetStage {
  readonly #tables: readonly TableSchema[]
  readonly #sink: BatchSink<readonly WrittenFile[]>
  readonly #hashColumns = new HashColumns()
  #opened = false
  #rowCount = 0

  constructor(directory: string, tables: readonly TableSchema[]) {
    this.#tables = tables
    this.#sink = parquetFiles({ directory })
  }

  /** Rows given so far. */
  get rowCount(): number {
    return this.#rowCount
  }

  /** @param hashes at an address that is a multiple of four */
  async write(table: TableSchema, batch: SegmentBatch, hashes: Uint8Array): Promise<void> {
    if (!this.#opened) {
      await this.#sink.open(schemaOf(this.#tables))
      this.#opened = true
    }
    const columns = new Map([...batch.columns, ...this.#hashColumns.of(hashes, batch.rowCount)])
    await this.#sink.write({ ...batch, segment: table.name, columns })
    this.#rowCount += batch.rowCount
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
        ...HASH_PARTS.map((name) => ({
          name,
          type: 'identifier' as const,
          width: PART_BYTES,
          scale: 0,
        })),
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

/** The parts of the row hashes of one batch at a time, in arrays that are used again. */
class HashColumns {
  #parts: readonly Uint32Array[] = []
  #valid = new Uint8Array(0)

  /** Splits `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` by words of four characters, hyphens put in. */
  of(hashes: Uint8Array, rowCount: number): readonly [string, Column][] {
    this.#reserve(rowCount)
    const words = new Uint32Array(hashes.buffer, hashes.byteOffset, (rowCount * HASH_DIGITS) / 4)
    const [one, two, three] = this.#parts as [Uint32Array, Uint32Array, Uint32Array]
    for (let row = 0; row < rowCount; row++) {
      const from = row * 8
      const to = row * 3
      const w2 = words[from + 2]!
      const w3 = words[from + 3]!
      const w4 = words[from + 4]!
      one[to] = words[from]!
      one[to + 1] = words[from + 1]!
      one[to + 2] = HYPHEN | (w2 << 8)
      two[to] = (w2 >>> 24) | (HYPHEN << 8) | (w3 << 16)
      two[to + 1] = (w3 >>> 16) | (HYPHEN << 16) | (w4 << 24)
      two[to + 2] = (w4 >>> 8) | (HYPHEN << 24)
      three[to] = words[from + 5]!
      three[to + 1] = words[from + 6]!
      three[to + 2] = words[from + 7]!
    }
    return HASH_PARTS.map((name, index) => {
      const bytes = new Uint8Array(this.#parts[index]!.buffer)
      return [name, hashColumn(name, bytes, this.#valid)]
    })
  }

  /** Room for the rows, and for what vectors read behind them. */
  #reserve(rowCount: number): void {
    if (this.#valid.length >= rowCount + 16) return
    this.#parts = HASH_PARTS.map(() => new Uint32Array(rowCount * 3 + 4))
    this.#valid = new Uint8Array(rowCount + 16).fill(1)
  }
}

const HYPHEN = 0x2d

function hashColumn(name: string, bytes: Uint8Array, valid: Uint8Array): Column {
  return {
    kind: 'bytes',
    name,
    type: 'identifier',
    scale: 0,
    codes: null,
    width: PART_BYTES,
    bytes,
    valid,
    trim: false,
    characters: ASCII,
    nonAscii: false,
    get: (row) =>
      Buffer.from(bytes.subarray(row * PART_BYTES, (row + 1) * PART_BYTES)).toString('latin1'),
    label: () => null,
  }
}
