import { join, resolve } from 'node:path'
import type { BatchSink, SegmentBatch, SinkSchema, SinkTable } from '../batch.js'
import { OptionError } from '../errors.js'
import type { Codec } from '../parquet/format.js'
import { COMPRESSION } from '../parquet/format.js'
import { RowBuffer } from '../parquet/row-buffer.js'
import { RowGroupEncoder } from '../parquet/row-group.js'
import { PARQUET_MAGIC, ParquetTableWriter } from '../parquet/table-writer.js'
import type { AtomicFile } from './atomic-files.js'
import { AtomicFiles } from './atomic-files.js'

export type { Codec } from '../parquet/format.js'
export { RowBuffer } from '../parquet/row-buffer.js'
export { RowGroupEncoder } from '../parquet/row-group.js'
export { PARQUET_MAGIC, ParquetTableWriter } from '../parquet/table-writer.js'

/** Options of {@link parquetFiles}. */
export interface ParquetFilesOptions {
  /** Folder for the files; created if missing. */
  readonly directory: string
  /** Replace files that exist. Default: false. */
  readonly force?: boolean
  /** Rows of a row group, a multiple of eight from 8 to 1,048,576. Default: 131,072. */
  readonly rowGroupRows?: number
  /** Compression of pages. Default: `none`. */
  readonly codec?: Codec
  /** Add a column `<name>_label` after each code column. Default: false. */
  readonly labels?: boolean
}

/** One file written by {@link parquetFiles}. */
export interface ParquetFileResult {
  readonly segment: string
  /** Absolute path. */
  readonly path: string
  readonly rowCount: number
  readonly byteCount: number
}

/** Rows of a data page: small enough to skip by, large enough that headers do not count. */
const PAGE_ROWS = 16_384

const DEFAULT_ROW_GROUP_ROWS = 131_072
const MAX_ROW_GROUP_ROWS = 1_048_576

/**
 * Writes one Parquet file per table, `<segment>.parquet`, also for tables without rows.
 *
 * @throws {OptionError} OPTION_UNKNOWN or OPTION_INVALID at once; OUTPUT_EXISTS and
 *   OUTPUT_NOT_WRITABLE from `open`
 */
export function parquetFiles(
  options: ParquetFilesOptions,
): BatchSink<readonly ParquetFileResult[]> {
  return new ParquetFilesSink(resolveOptions(options))
}

type ResolvedOptions = Required<ParquetFilesOptions>

interface OpenTable {
  readonly table: SinkTable
  readonly file: AtomicFile
  readonly writer: ParquetTableWriter
  readonly buffer: RowBuffer
}

class ParquetFilesSink implements BatchSink<readonly ParquetFileResult[]> {
  readonly #options: ResolvedOptions
  readonly #files: AtomicFiles
  readonly #tables = new Map<string, OpenTable>()
  #schema: SinkSchema | undefined

  constructor(options: ResolvedOptions) {
    this.#options = options
    this.#files = new AtomicFiles({ directory: options.directory, force: options.force })
  }

  async open(schema: SinkSchema): Promise<void> {
    this.#schema = schema
    const { codec, labels, rowGroupRows } = this.#options
    const writerOptions = { codec, labels, rowGroupRows, pageRows: PAGE_ROWS }
    const encoder = new RowGroupEncoder(writerOptions)
    await this.#files.reserve(schema.tables.map((table) => `${table.name}.parquet`))
    for (const table of schema.tables) {
      const file = await this.#files.open(`${table.name}.parquet`)
      const writer = new ParquetTableWriter(table, { ...writerOptions, encoder })
      const buffer = new RowBuffer(rowGroupRows, (rows) => {
        const group = writer.encode(rows.columns, rows.rowCount)
        writer.place(group, file.position)
        file.write(group.bytes)
      })
      this.#tables.set(table.name, { table, file, writer, buffer })
      file.write(PARQUET_MAGIC)
    }
  }

  async write(batch: SegmentBatch): Promise<void> {
    const open = this.#tables.get(batch.segment)
    if (open === undefined) throw new TypeError(`no table "${batch.segment}" was announced`)
    open.buffer.add(batch)
  }

  async close(): Promise<readonly ParquetFileResult[]> {
    const metadata = this.#schema?.metadata() ?? {}
    const results: ParquetFileResult[] = []
    for (const { table, file, writer, buffer } of this.#tables.values()) {
      buffer.flush()
      file.write(writer.finish(file.position, metadata))
      results.push({
        segment: table.name,
        path: join(resolve(this.#options.directory), file.fileName),
        rowCount: writer.rowCount,
        byteCount: file.position,
      })
    }
    await this.#files.commit()
    return results
  }

  async abort(_reason: unknown): Promise<void> {
    await this.#files.abort()
  }
}

const OPTION_NAMES = new Set(['directory', 'force', 'rowGroupRows', 'codec', 'labels'])

function resolveOptions(options: ParquetFilesOptions): ResolvedOptions {
  for (const name of Object.keys(options)) {
    if (!OPTION_NAMES.has(name)) {
      throw new OptionError(
        'OPTION_UNKNOWN',
        `parquetFiles has no option "${name}"; it takes ${[...OPTION_NAMES].join(', ')}`,
        { option: name },
      )
    }
  }
  const { directory } = options
  const force = options.force ?? false
  const labels = options.labels ?? false
  const codec = options.codec ?? 'none'
  const rowGroupRows = options.rowGroupRows ?? DEFAULT_ROW_GROUP_ROWS
  check('directory', directory, 'a path', typeof directory === 'string' && directory !== '')
  check('force', force, 'true or false', typeof force === 'boolean')
  check('labels', labels, 'true or false', typeof labels === 'boolean')
  check('codec', codec, Object.keys(COMPRESSION).join(', '), Object.hasOwn(COMPRESSION, codec))
  check(
    'rowGroupRows',
    rowGroupRows,
    `a multiple of 8 from 8 to ${MAX_ROW_GROUP_ROWS}`,
    rowGroupRows >= 8 && rowGroupRows <= MAX_ROW_GROUP_ROWS && rowGroupRows % 8 === 0,
  )
  return { directory, force, labels, codec, rowGroupRows }
}

function check(option: string, value: unknown, expected: string, valid: boolean): void {
  if (valid) return
  throw new OptionError(
    'OPTION_INVALID',
    `parquetFiles option "${option}" is ${JSON.stringify(value)}; expected ${expected}`,
    { option },
  )
}
