import type { BatchSink, CellValue } from '../batch.js'
import { cellValue } from './output-columns.js'
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
import type { TextFormat } from './text-format.js'
import { textWriters } from './text-writer.js'

export type { WriteBytes, WrittenFile, WrittenStream }

/** How NDJSON is written. */
export interface NdjsonOptions extends LabelOptions {
  /** Leave keys with a null value out. Default: false, every row has every key. */
  readonly omitNulls?: boolean
}

/** Options of {@link ndjsonFiles}. */
export interface NdjsonFilesOptions extends NdjsonOptions, FileSinkOptions {}

const NDJSON_OPTIONS = ['labels', 'omitNulls']

/**
 * A sink that writes `<segment>.ndjson` for each segment: one JSON object per line, in UTF-8.
 *
 * The bytes are those `JSON.stringify` gives for the same rows, keys in column order: dates are
 * `YYYY-MM-DD` strings, integers and decimals numbers, flags booleans, nulls are written as null
 * unless `omitNulls`. A segment without rows gives an empty file.
 *
 * @throws {OptionError} OPTION_UNKNOWN, OPTION_INVALID; from `open` also OUTPUT_EXISTS,
 *   OUTPUT_NOT_WRITABLE, and OPTION_CONFLICT when a label's name is taken
 */
export function ndjsonFiles(options: NdjsonFilesOptions): BatchSink<readonly WrittenFile[]> {
  rejectUnknownOptions('ndjsonFiles', options, ['directory', 'force', ...NDJSON_OPTIONS])
  const { force = false } = options
  const directory = requireDirectory('ndjsonFiles', options.directory)
  const { extension, openTable } = ndjsonTables(options)
  return tableFilesSink({ directory, force, extension }, openTable)
}

/** What writes a table as NDJSON: for {@link ndjsonFiles}, and for threads that share its files. */
export function ndjsonTables(options: NdjsonOptions): TableFormat {
  const { labels = false } = options
  return { extension: '.ndjson', openTable: textWriters(ndjsonFormat(options), labels) }
}

/**
 * A sink that sends one segment as NDJSON to `write`, with the same bytes as {@link ndjsonFiles}.
 *
 * @param write takes the bytes in order and may return a promise to slow the decoding down
 * @throws {OptionError} OPTION_UNKNOWN; from `open` OPTION_CONFLICT unless exactly one segment is
 *   selected
 */
export function ndjsonStream(
  write: WriteBytes,
  options: NdjsonOptions = {},
): BatchSink<WrittenStream> {
  rejectUnknownOptions('ndjsonStream', options, NDJSON_OPTIONS)
  return tableStreamSink(write, textWriters(ndjsonFormat(options), options.labels ?? false))
}

/** The NDJSON format under the given options; `JSON.stringify` makes the reference rows. */
export function ndjsonFormat(options: NdjsonOptions): TextFormat {
  const { omitNulls = false } = options
  return {
    header: () => '',
    rows(columns, sources, start, end) {
      let text = ''
      for (let row = start; row < end; row++) {
        const object: Record<string, CellValue> = {}
        for (let index = 0; index < columns.length; index++) {
          const value = cellValue(columns[index]!, sources[index]!, row)
          if (value !== null || !omitNulls) object[columns[index]!.name] = value
        }
        text += JSON.stringify(object) + '\n'
      }
      return text
    },
    parts: {
      rowStart: '{',
      rowEnd: '}\n',
      separator: ',',
      key: (name) => `${JSON.stringify(name)}:`,
      cell: (value) => (value === null && omitNulls ? null : JSON.stringify(value)),
      textQuote: '"',
      specialCharacters: '"\\',
    },
  }
}
