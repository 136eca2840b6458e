import type { BatchSink } from '../batch.js'
import { OptionError } from '../errors.js'
import { ArrowTableWriter, type ArrowFormat } from './arrow-ipc/arrow-writer.js'
import { RecordBatchBody } from './arrow-ipc/record-batch-body.js'
import {
  rejectUnknownOptions,
  requireDirectory,
  type FileSinkOptions,
  type LabelOptions,
} from './sink-options.js'
import {
  tableFilesSink,
  type TableFormat,
  tableStreamSink,
  type WriteBytes,
  type WrittenFile,
  type WrittenStream,
} from './table-sink.js'

export type { ArrowFormat, WriteBytes, WrittenFile, WrittenStream }

/** Options of {@link arrowStream}. */
export type ArrowStreamOptions = LabelOptions

/** Options of {@link arrowFiles}. */
export interface ArrowFilesOptions extends LabelOptions, FileSinkOptions {
  /**
   * `file` (the default) is the random access format, `<segment>.arrow`; `stream` the streaming
   * format, `<segment>.arrows`.
   */
  readonly format?: ArrowFormat
}

/**
 * A sink that writes one Arrow IPC file for each segment.
 *
 * Codes and labels are dictionaries of Utf8 that hold all listed codes, used or not, text and identifiers
 * Utf8, integers and hours Int32 (Int64 from ten digits on, and `record_number`), dates Date32,
 * decimals Decimal128, flags Bool. The schema carries the sink's metadata: what is known at the end
 * in `file` format, what is known at the start in `stream` format. A segment without rows gives a
 * file without record batches.
 *
 * @throws {OptionError} OPTION_UNKNOWN, OPTION_INVALID; from `open` also OUTPUT_EXISTS,
 *   OUTPUT_NOT_WRITABLE, and OPTION_CONFLICT when a label's name is taken
 */
export function arrowFiles(options: ArrowFilesOptions): BatchSink<readonly WrittenFile[]> {
  rejectUnknownOptions('arrowFiles', options, ['directory', 'force', 'labels', 'format'])
  const { force = false, format = 'file' } = options
  if (format !== 'file' && format !== 'stream') {
    throw new OptionError(
      'OPTION_INVALID',
      `Arrow format ${JSON.stringify(format)} is neither "file" nor "stream"; pass one of them`,
      { option: 'format' },
    )
  }
  const directory = requireDirectory('arrowFiles', options.directory)
  const { extension, openTable } = arrowTables(options)
  return tableFilesSink({ directory, force, extension }, openTable)
}

/** What writes a table as Arrow IPC: for {@link arrowFiles}, and for threads that share its files. */
export function arrowTables({
  format = 'file',
  labels = false,
}: Omit<ArrowFilesOptions, 'directory' | 'force'>): TableFormat {
  const body = new RecordBatchBody()
  return {
    extension: format === 'file' ? '.arrow' : '.arrows',
    openTable: (table, schema, output) =>
      new ArrowTableWriter(table, schema, { format, labels }, body, output),
  }
}

/**
 * A sink that sends one segment to `write` in the Arrow IPC streaming format.
 *
 * @param write takes the bytes in order and may return a promise to slow the decoding down
 * @throws {OptionError} OPTION_UNKNOWN; from `open` OPTION_CONFLICT unless exactly one segment is
 *   selected
 */
export function arrowStream(
  write: WriteBytes,
  options: ArrowStreamOptions = {},
): BatchSink<WrittenStream> {
  rejectUnknownOptions('arrowStream', options, ['labels'])
  const { labels = false } = options
  return tableStreamSink(write, arrowTables({ format: 'stream', labels }).openTable)
}
