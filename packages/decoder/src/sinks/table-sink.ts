import type { BatchSink, SegmentBatch, SinkSchema, SinkTable } from '../batch.js'
import { OptionError } from '../errors.js'
import { AtomicFiles } from './atomic-files.js'

/** One file a sink has completed. */
export interface WrittenFile {
  readonly segment: string
  /** Absolute path under its final name. */
  readonly path: string
  readonly rowCount: number
  readonly byteCount: number
}

/** What a sink has sent to a stream. */
export interface WrittenStream {
  readonly segment: string
  readonly rowCount: number
  readonly byteCount: number
}

/**
 * Takes the bytes of a stream, in order. Each array is fresh and may be kept.
 *
 * The next one comes only when a returned promise has resolved.
 */
export type WriteBytes = (bytes: Uint8Array) => void | Promise<void>

/**
 * Takes finished bytes of a table. They may be overwritten once the call has returned and, when it
 * gave a promise, that has resolved.
 */
export type Output = (bytes: Uint8Array) => void | Promise<void>

/** Turns one table's batches into bytes. */
export interface TableWriter {
  /** Writes what stands before the first row. */
  start(): Promise<void>
  write(batch: SegmentBatch): Promise<void>
  /** Writes what is still held back and what stands after the last row. */
  end(): Promise<void>
}

/** Makes the writer of one table. */
export type OpenTable = (table: SinkTable, schema: SinkSchema, output: Output) => TableWriter

/** A file format: how files are named, and what writes the bytes of a table. */
export interface TableFormat {
  readonly extension: string
  readonly openTable: OpenTable
}

/**
 * One more file beside the tables. It is written when they are complete but have no final names yet,
 * and gets its own last: where it stands, all tables do.
 */
export interface ClosingFile {
  /** Base name. */
  readonly fileName: string
  /** Its bytes, from the tables as they will stand. */
  bytes(tables: readonly WrittenFile[]): Uint8Array
}

/** Writes the closing file, if there is one, and gives all files of `files` their final names. */
export async function commitTables(
  files: AtomicFiles,
  tables: readonly WrittenFile[],
  closing: ClosingFile | undefined,
): Promise<void> {
  if (closing !== undefined) {
    const file = await files.open(closing.fileName)
    file.write(closing.bytes(tables))
  }
  await files.commit()
}

interface OpenedTable {
  readonly table: SinkTable
  readonly writer: TableWriter
  rowCount: number
  byteCount: number
}

/** Bytes given to a stream at a time: what a pipe holds, and memory that is soon used again. */
const STREAM_BYTES = 65_536

/** Options of {@link tableFilesSink}. */
export interface TableFilesOptions {
  readonly directory: string
  readonly force: boolean
  readonly extension: string
  readonly closing?: ClosingFile
}

/** A sink that writes each table to `<table><extension>` in one folder, all files or none. */
export function tableFilesSink(
  { directory, force, extension, closing }: TableFilesOptions,
  openTable: OpenTable,
): BatchSink<readonly WrittenFile[]> {
  const files = new AtomicFiles({ directory, force })
  const opened = new Map<string, OpenedTable>()
  const paths = new Map<string, string>()
  return {
    async open(schema) {
      await files.reserve(fileNames(schema.tables, extension, closing))
      for (const table of schema.tables) {
        const file = await files.open(table.name + extension)
        paths.set(table.name, file.finalPath)
        await start(opened, table, schema, openTable, (bytes) => file.write(bytes))
      }
    },
    write: (batch) => writeBatch(opened, batch),
    async close() {
      for (const { writer } of opened.values()) await writer.end()
      const written = [...opened.values()].map(({ table, rowCount, byteCount }) => ({
        segment: table.name,
        path: paths.get(table.name)!,
        rowCount,
        byteCount,
      }))
      await commitTables(files, written, closing)
      return written
    },
    abort: () => files.abort(),
  }
}

/** Base names of the tables' files and of the closing one. */
export function fileNames(
  tables: readonly { readonly name: string }[],
  extension: string,
  closing: ClosingFile | undefined,
): readonly string[] {
  const names = tables.map(({ name }) => name + extension)
  return closing === undefined ? names : [...names, closing.fileName]
}

/**
 * A sink that sends one table's bytes to `write`.
 *
 * `open` throws OPTION_CONFLICT unless exactly one segment is selected. What has been sent cannot
 * be taken back, so `abort` only stops. With `reuseBytes` the bytes may be overwritten once `write`
 * has returned and, when it gave a promise, that has resolved.
 */
export function tableStreamSink(
  write: WriteBytes,
  openTable: OpenTable,
  { reuseBytes = false }: { readonly reuseBytes?: boolean } = {},
): BatchSink<WrittenStream> {
  const opened = new Map<string, OpenedTable>()
  return {
    async open(schema) {
      const table = onlyTable(schema)
      await start(opened, table, schema, openTable, async (bytes) => {
        for (let at = 0; at < bytes.length; at += STREAM_BYTES) {
          const piece = bytes.subarray(at, at + STREAM_BYTES)
          await write(reuseBytes ? piece : copyOf(piece))
        }
      })
    },
    write: (batch) => writeBatch(opened, batch),
    async close() {
      const [entry] = [...opened.values()] as [OpenedTable]
      await entry.writer.end()
      return { segment: entry.table.name, rowCount: entry.rowCount, byteCount: entry.byteCount }
    },
    async abort() {},
  }
}

/**
 * The one table that a stream takes.
 *
 * @throws {OptionError} OPTION_CONFLICT for none or several
 */
export function onlyTable({ tables }: SinkSchema): SinkTable {
  const [table] = tables
  if (table !== undefined && tables.length === 1) return table
  throw new OptionError(
    'OPTION_CONFLICT',
    `a stream takes one segment, and ${tables.length} are selected; select one of them or write files`,
    { option: 'segments' },
  )
}

/** A copy in memory of its own, not zeroed first. */
function copyOf(bytes: Uint8Array): Uint8Array {
  const copy = Buffer.allocUnsafeSlow(bytes.length)
  copy.set(bytes)
  return copy
}

async function start(
  opened: Map<string, OpenedTable>,
  table: SinkTable,
  schema: SinkSchema,
  openTable: OpenTable,
  output: Output,
): Promise<void> {
  const entry: OpenedTable = {
    table,
    rowCount: 0,
    byteCount: 0,
    writer: openTable(table, schema, (bytes) => {
      entry.byteCount += bytes.length
      return output(bytes)
    }),
  }
  opened.set(table.name, entry)
  await entry.writer.start()
}

async function writeBatch(
  opened: ReadonlyMap<string, OpenedTable>,
  batch: SegmentBatch,
): Promise<void> {
  const entry = opened.get(batch.segment)
  if (entry === undefined) {
    throw new TypeError(`segment "${batch.segment}" was not among the tables given to open`)
  }
  await entry.writer.write(batch)
  entry.rowCount += batch.rowCount
}
