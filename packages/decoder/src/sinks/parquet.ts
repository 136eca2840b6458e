import type { BatchSink, SegmentBatch, SinkSchema, SinkTable } from '../batch.js'
import { OptionError } from '../errors.js'
import { isCodecAvailable } from '../parquet/codecs.js'
import { type Codec, COMPRESSION } from '../parquet/format.js'
import { type BufferedRows, RowBuffer } from '../parquet/row-buffer.js'
import { RowGroupEncoder } from '../parquet/row-group.js'
import {
  PARQUET_MAGIC,
  type ParquetTableOptions,
  ParquetTableWriter,
} from '../parquet/table-writer.js'
import {
  type FileSinkOptions,
  type LabelOptions,
  rejectUnknownOptions,
  requireDirectory,
} from './sink-options.js'
import {
  type Output,
  tableFilesSink,
  type TableFormat,
  type TableWriter,
  type WrittenFile,
} from './table-sink.js'

export type { Codec, WrittenFile }

/** Options of {@link parquetFiles}. */
export interface ParquetFilesOptions extends LabelOptions, FileSinkOptions {
  /**
   * Compression of pages. Default: `none`, which is fastest and, dictionaries and packed
   * differences being small already, costs about a third in size. `zstd` needs Node 22.15.
   */
  readonly codec?: Codec
  /** Rows of a row group: a multiple of 8 from 8 to 1,048,576. Default: 65,536. */
  readonly rowGroupRows?: number
}

/** Rows of a row group unless the caller says otherwise. */
export const DEFAULT_ROW_GROUP_ROWS = 65_536

/** Rows of a data page: small enough to skip by, large enough that headers do not count. */
export const PARQUET_PAGE_ROWS = 16_384

const MAX_ROW_GROUP_ROWS = 1_048_576

/**
 * A sink that writes one Parquet file for each segment, `<segment>.parquet`.
 *
 * Text, identifiers, codes and labels are strings, integers and hours INT32 (INT64 from ten digits
 * on, and `record_number`), dates DATE, decimals DECIMAL, flags BOOLEAN. Row groups and pages carry
 * least and greatest values and null counts, so that readers can pass over them. A segment without
 * rows gives a file without row groups. The footer holds the sink schema's metadata.
 *
 * Batches of `rowGroupRows` rows are encoded where they are; smaller ones are gathered first. The
 * bytes depend on the rows alone, not on how they were cut into batches.
 *
 * @throws {OptionError} OPTION_UNKNOWN, OPTION_INVALID; from `open` also OUTPUT_EXISTS,
 *   OUTPUT_NOT_WRITABLE, and OPTION_CONFLICT when a label's name is taken
 */
export function parquetFiles(options: ParquetFilesOptions): BatchSink<readonly WrittenFile[]> {
  const known = ['directory', 'force', 'labels', 'codec', 'rowGroupRows']
  rejectUnknownOptions('parquetFiles', options, known)
  const { force = false } = options
  const directory = requireDirectory('parquetFiles', options.directory)
  const { extension, openTable } = parquetTables(options)
  return tableFilesSink({ directory, force, extension }, openTable)
}

/** What writes a table as Parquet: for {@link parquetFiles}, and for threads that share its files. */
export function parquetTables({
  labels = false,
  codec = 'none',
  rowGroupRows = DEFAULT_ROW_GROUP_ROWS,
}: Omit<ParquetFilesOptions, 'directory' | 'force'>): TableFormat {
  requireCodec(codec)
  requireRowGroupRows(rowGroupRows)
  const tableOptions = { codec, labels, rowGroupRows, pageRows: PARQUET_PAGE_ROWS }
  let encoder: RowGroupEncoder | undefined
  return {
    extension: '.parquet',
    openTable: (table, schema, output) => {
      // One for all tables: its buffers are the larger part of the memory a writer needs.
      encoder ??= new RowGroupEncoder(tableOptions)
      return new ParquetFileWriter(table, schema, { ...tableOptions, encoder }, output)
    },
  }
}

class ParquetFileWriter implements TableWriter {
  readonly #schema: SinkSchema
  readonly #writer: ParquetTableWriter
  readonly #buffer: RowBuffer
  readonly #output: Output
  #offset = 0

  constructor(table: SinkTable, schema: SinkSchema, options: ParquetTableOptions, output: Output) {
    this.#schema = schema
    this.#writer = new ParquetTableWriter(table, options)
    this.#buffer = new RowBuffer(options.rowGroupRows)
    this.#output = output
  }

  async start(): Promise<void> {
    await this.#put(PARQUET_MAGIC)
  }

  async write(batch: SegmentBatch): Promise<void> {
    for (const rows of this.#buffer.add(batch)) await this.#writeRowGroup(rows)
  }

  async end(): Promise<void> {
    for (const rows of this.#buffer.flush()) await this.#writeRowGroup(rows)
    await this.#put(this.#writer.finish(this.#offset, this.#schema.metadata()))
  }

  async #writeRowGroup({ columns, rowCount }: BufferedRows): Promise<void> {
    const group = this.#writer.encode(columns, rowCount)
    this.#writer.place(group, this.#offset)
    await this.#put(group.bytes)
  }

  async #put(bytes: Uint8Array): Promise<void> {
    this.#offset += bytes.length
    await this.#output(bytes)
  }
}

function requireCodec(codec: unknown): void {
  const names = Object.keys(COMPRESSION)
  if (typeof codec !== 'string' || !names.includes(codec)) {
    throw new OptionError(
      'OPTION_INVALID',
      `parquetFiles has no codec ${JSON.stringify(codec)}; expected ${names.join(', ')}`,
      { option: 'codec' },
    )
  }
  if (!isCodecAvailable(codec as Codec)) {
    throw new OptionError(
      'OPTION_INVALID',
      `codec "${codec}" needs Node 22.15 or later, this is ${process.version}; use gzip or snappy`,
      { option: 'codec' },
    )
  }
}

function requireRowGroupRows(rowGroupRows: unknown): void {
  if (
    typeof rowGroupRows === 'number' &&
    rowGroupRows >= 8 &&
    rowGroupRows <= MAX_ROW_GROUP_ROWS &&
    rowGroupRows % 8 === 0
  ) {
    return
  }
  throw new OptionError(
    'OPTION_INVALID',
    `rowGroupRows is ${JSON.stringify(rowGroupRows)}; expected a multiple of 8 from 8 to ${MAX_ROW_GROUP_ROWS}`,
    { option: 'rowGroupRows' },
  )
}
