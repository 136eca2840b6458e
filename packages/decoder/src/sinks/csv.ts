import { stringify, type Options } from 'csv-stringify/sync'
import type { BatchSink } from '../batch.js'
import { OptionError } from '../errors.js'
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
import type { TextFormat, TextParts } from './text-format.js'
import { textWriters } from './text-writer.js'

export type { WriteBytes, WrittenFile, WrittenStream }

/** How CSV is written. */
export interface CsvOptions extends LabelOptions {
  /** First line with the column names. Default: true. */
  readonly header?: boolean
  /** Between cells, one character. Default: a comma. */
  readonly delimiter?: string
  /** After each row. Default: a line feed. */
  readonly recordDelimiter?: '\n' | '\r\n'
  /** Quote every cell that is not null. Default: false, only where needed. */
  readonly quoted?: boolean
  /** Begin with the UTF-8 byte order mark, by which Excel knows UTF-8. Default: false. */
  readonly bom?: boolean
  /** Put `'` before a text that a spreadsheet would take for a formula. Default: false. */
  readonly escapeFormulas?: boolean
}

/** Options of {@link csvFiles}. */
export interface CsvFilesOptions extends CsvOptions, FileSinkOptions {}

/** Options of {@link csvStream}. */
export interface CsvStreamOptions extends CsvOptions {
  /**
   * Give `write` bytes that are overwritten later, which saves a copy of all of them: it must have
   * used them when it returns or, when it returns a promise, when that resolves. Default: false.
   */
  readonly reuseBytes?: boolean
}

const CSV_OPTIONS = [
  'labels',
  'header',
  'delimiter',
  'recordDelimiter',
  'quoted',
  'bom',
  'escapeFormulas',
]

/**
 * A sink that writes `<segment>.csv` for each segment, in UTF-8.
 *
 * The bytes are those csv-stringify 6.9 gives for the same rows with `quote_record_delimiter: true`
 * and `cast.boolean` giving `true` and `false`: a cell is quoted when it holds a quote, the
 * delimiter, or a line end; null is an empty cell; dates are `YYYY-MM-DD`; a decimal has as many
 * digits as it needs. A segment without rows gives a file with only the header.
 *
 * @throws {OptionError} OPTION_UNKNOWN, OPTION_INVALID; from `open` also OUTPUT_EXISTS,
 *   OUTPUT_NOT_WRITABLE, and OPTION_CONFLICT when a label's name is taken
 */
export function csvFiles(options: CsvFilesOptions): BatchSink<readonly WrittenFile[]> {
  rejectUnknownOptions('csvFiles', options, ['directory', 'force', ...CSV_OPTIONS])
  const { force = false } = options
  const directory = requireDirectory('csvFiles', options.directory)
  const { extension, openTable } = csvTables(options)
  return tableFilesSink({ directory, force, extension }, openTable)
}

/** What writes a table as CSV: for {@link csvFiles}, and for threads that share its files. */
export function csvTables(options: CsvOptions): TableFormat {
  return { extension: '.csv', openTable: textWriters(csvFormat(options), options.labels ?? false) }
}

/**
 * A sink that sends one segment as CSV to `write`, with the same bytes as {@link csvFiles}.
 *
 * @param write takes the bytes in order and may return a promise to slow the decoding down
 * @throws {OptionError} OPTION_UNKNOWN, OPTION_INVALID; from `open` OPTION_CONFLICT unless exactly
 *   one segment is selected
 */
export function csvStream(
  write: WriteBytes,
  options: CsvStreamOptions = {},
): BatchSink<WrittenStream> {
  rejectUnknownOptions('csvStream', options, ['reuseBytes', ...CSV_OPTIONS])
  const { labels = false, reuseBytes = false } = options
  return tableStreamSink(write, textWriters(csvFormat(options), labels), { reuseBytes })
}

/** Delimiters that cannot stand in a number, a date or a flag. */
const FAST_DELIMITERS = [',', ';', '\t', '|']

/** The CSV format under the given options; csv-stringify makes the reference rows. */
export function csvFormat(options: CsvOptions): TextFormat {
  const { header = true, delimiter = ',', recordDelimiter = '\n', quoted = false } = options
  const { bom = false, escapeFormulas = false } = options
  if (typeof delimiter !== 'string' || delimiter.length !== 1 || /["\r\n]/.test(delimiter)) {
    throw new OptionError(
      'OPTION_INVALID',
      `CSV delimiter ${JSON.stringify(delimiter)} is not one character other than a quote or a line end; pass "," ";" or "\\t"`,
      { option: 'delimiter' },
    )
  }
  if (recordDelimiter !== '\n' && recordDelimiter !== '\r\n') {
    throw new OptionError(
      'OPTION_INVALID',
      `CSV recordDelimiter ${JSON.stringify(recordDelimiter)} is not a line end; pass "\\n" or "\\r\\n"`,
      { option: 'recordDelimiter' },
    )
  }
  const reference: Options = {
    delimiter,
    record_delimiter: recordDelimiter,
    quote_record_delimiter: true,
    quoted,
    escape_formulas: escapeFormulas,
    cast: { boolean: (value) => (value ? 'true' : 'false') },
  }
  const specialPattern = new RegExp(`["\r\n${delimiter === '|' ? '\\|' : delimiter}]`)
  const parts: TextParts = {
    rowStart: '',
    rowEnd: recordDelimiter,
    separator: delimiter,
    key: () => '',
    cell(value) {
      if (typeof value !== 'string') return value === null ? '' : String(value)
      return specialPattern.test(value) ? `"${value.replaceAll('"', '""')}"` : value
    },
    textQuote: '',
    specialCharacters: `"${delimiter}`,
  }
  return {
    header(columns) {
      const names = header ? stringify([columns.map((column) => column.name)], reference) : ''
      return (bom ? '\uFEFF' : '') + names
    },
    rows(columns, sources, start, end) {
      const rows: unknown[][] = []
      for (let row = start; row < end; row++) {
        rows.push(columns.map((column, index) => cellValue(column, sources[index]!, row)))
      }
      return stringify(rows, reference)
    },
    parts: quoted || escapeFormulas || !FAST_DELIMITERS.includes(delimiter) ? null : parts,
  }
}
