import { requireKnownKeys } from '../area.js'
import { type CoverageNote, findCoverageNotes } from '../coverage.js'
import { ArchiveError, OptionError } from '../errors.js'
import { isMonth, type Month, requireMonth } from '../month.js'
import { requireCount, requireDuration, resolveBaseUrl } from '../options.js'
import { shown } from '../shown.js'
import { type ByteSource, fileSource, type RemoteOptions, remoteSource } from './byte-source.js'
import { type CsvRecord, readCsvRecords } from './csv.js'
import { type ArchiveDataset, archiveHeaders, type ArchiveRowTypes, convertRow } from './rows.js'
import { readZipEntries, readZipEntry, type ZipEntry } from './zip.js'

/** One CSV file of the archive. */
export interface ArchiveEntry {
  /** Its name in the zip, such as `2026-08/2026-08-kent-street.csv`. */
  readonly name: string
  readonly dataset: ArchiveDataset
  /** A force id, or `btp`. */
  readonly force: string
  readonly month: Month
  /** Bytes unpacked. */
  readonly size: number
  /** Known holes in what this force publishes. */
  readonly coverage: readonly CoverageNote[]
}

/** A row and where it comes from. */
export interface ArchiveRow<Row> {
  readonly row: Row
  /** The cells as they stand in the file, in the order of its header. */
  readonly cells: readonly string[]
  readonly entry: string
  readonly force: string
  readonly month: Month
  /** 1 for the first row after the header. */
  readonly rowNumber: number
  /** 1-based line of the file, so 2 for the first row. */
  readonly lineNumber: number
  /** 0-based offset of its first byte in the unpacked file. */
  readonly byteOffset: number
}

/** A fault in the data of an archive. */
export interface ArchiveIssue {
  /**
   * `ROW_CELL_COUNT` and `ROW_QUOTES`: the row cannot be read and is withheld. `ROW_ENCODING`:
   * bytes that are not UTF-8. `ROW_UNKNOWN_WORD`: a new word in a closed column. `ROW_MONTH`: not
   * the month of the file. `ROW_PLACE`: coordinates and place name contradict each other.
   */
  readonly code:
    | 'ROW_CELL_COUNT'
    | 'ROW_QUOTES'
    | 'ROW_ENCODING'
    | 'ROW_UNKNOWN_WORD'
    | 'ROW_MONTH'
    | 'ROW_PLACE'
  readonly entry: string
  readonly rowNumber: number
  readonly lineNumber: number
  readonly byteOffset: number
  /** The column, where one is at fault. */
  readonly field: string | undefined
  /** The value at fault, shortened. */
  readonly value: string
  /** True when the row is not delivered. */
  readonly withheld: boolean
}

/** Rows of one file, and the faults among them. */
export interface ArchiveBatch<Row> {
  readonly entry: ArchiveEntry
  readonly rows: readonly ArchiveRow<Row>[]
  readonly issues: readonly ArchiveIssue[]
}

/** Which files to read and how. */
export interface ArchiveReadOptions {
  /** Force ids, with `btp`. Default all. */
  readonly forces?: readonly string[] | undefined
  /** Months. Default all. */
  readonly months?: readonly Month[] | undefined
  /** First month. */
  readonly since?: Month | undefined
  /** Last month. */
  readonly until?: Month | undefined
  /** Throw `ARCHIVE_ROW` on the first issue. Default false. */
  readonly strict?: boolean | undefined
  /** Called for each issue; batches carry them too. */
  readonly onIssue?: ((issue: ArchiveIssue) => void) | undefined
  /** Called with the unpacked bytes of each file as they are read, to hash them for example. */
  readonly onBytes?: ((entry: ArchiveEntry, bytes: Uint8Array) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

/** An open archive. */
export interface Archive extends AsyncDisposable {
  /** The CSV files it holds, by month, force and kind. A missing file was not supplied. */
  readonly entries: readonly ArchiveEntry[]
  /** Names of files of another form, which are not read. */
  readonly otherNames: readonly string[]
  /** The entries that a filter lets through. */
  select(dataset: ArchiveDataset, options?: ArchiveReadOptions): readonly ArchiveEntry[]
  /** Rows one by one. Rows are never joined: equal rows are different events. */
  rows<Dataset extends ArchiveDataset>(
    dataset: Dataset,
    options?: ArchiveReadOptions,
  ): AsyncGenerator<ArchiveRow<ArchiveRowTypes[Dataset]>>
  /** The same in batches of up to a few thousand rows, faster to go through. */
  batches<Dataset extends ArchiveDataset>(
    dataset: Dataset,
    options?: ArchiveReadOptions,
  ): AsyncGenerator<ArchiveBatch<ArchiveRowTypes[Dataset]>>
  close(): Promise<void>
}

const entryName = /(?:^|\/)(\d{4}-\d{2})-([a-z][a-z-]*?)-(street|outcomes|stop-and-search)\.csv$/

/** Options of {@link archiveUrl}. */
export interface ArchiveUrlOptions {
  /** Address of the API beside which the archives lie. Default as for `createClient`. */
  readonly baseUrl?: string | undefined
}

/**
 * Address of the archive of a month; `latest` is the newest. Archives lie in `data/archive` beside
 * the API: those of `https://data.police.uk/api` in `https://data.police.uk/data/archive`.
 *
 * @throws {OptionError} `OPTION_BAD_MONTH`, `OPTION_INVALID`
 */
export function archiveUrl(month: Month | 'latest', options: ArchiveUrlOptions = {}): string {
  if (month !== 'latest') requireMonth(month)
  requireKnownKeys(options, ['baseUrl'], 'archiveUrl')
  const api = resolveBaseUrl(options.baseUrl).href.replace(/\/+$/, '')
  return new URL(`data/archive/${month}.zip`, api).href
}

/**
 * Opens a bulk archive: a path, or an `https` address.
 *
 * Only the list of files is read now; of the files, later, only those asked for.
 *
 * @throws {OptionError} `OPTION_UNKNOWN_KEY`, `OPTION_INVALID`
 * @throws {ArchiveError} `ARCHIVE_NOT_READABLE`, `ARCHIVE_NOT_A_ZIP`
 */
export async function openArchive(
  source: string | URL,
  options: RemoteOptions = {},
): Promise<Archive> {
  requireKnownKeys(
    options,
    ['fetch', 'timeoutMs', 'retryLimit', 'userAgent', 'signal'],
    'openArchive',
  )
  if (options.timeoutMs !== undefined) requireDuration(options.timeoutMs, 'timeoutMs')
  if (options.retryLimit !== undefined) requireCount(options.retryLimit, 'retryLimit')
  options.signal?.throwIfAborted()
  const bytes = await openSource(source, options)
  let zipEntries: readonly ZipEntry[]
  try {
    zipEntries = await readZipEntries(bytes, options.signal)
  } catch (error) {
    await bytes.close()
    throw error
  }
  const zipEntryOf = new Map<ArchiveEntry, ZipEntry>()
  const otherNames: string[] = []
  for (const zipEntry of zipEntries) {
    const match = entryName.exec(zipEntry.name)
    const [, month, force, kind] = match ?? []
    if (!month || !force || !isMonth(month)) {
      if (!zipEntry.name.endsWith('/')) otherNames.push(zipEntry.name)
      continue
    }
    const dataset = kind as ArchiveDataset
    const entry: ArchiveEntry = {
      name: zipEntry.name,
      dataset,
      force,
      month,
      size: zipEntry.size,
      coverage: findCoverageNotes({ dataset: coverageNames[dataset], month, force }),
    }
    zipEntryOf.set(entry, zipEntry)
  }
  const entries = [...zipEntryOf.keys()].sort((a, b) =>
    `${a.month} ${a.force} ${a.dataset}` < `${b.month} ${b.force} ${b.dataset}` ? -1 : 1,
  )

  const archive: Archive = {
    entries,
    otherNames,
    select: (dataset, readOptions = {}) => selectEntries(entries, dataset, readOptions),
    async *rows(dataset, readOptions) {
      for await (const batch of archive.batches(dataset, readOptions)) yield* batch.rows
    },
    async *batches(dataset, readOptions = {}) {
      const { signal } = readOptions
      try {
        for (const entry of selectEntries(entries, dataset, readOptions)) {
          signal?.throwIfAborted()
          const zipEntry = zipEntryOf.get(entry) as ZipEntry
          yield* readEntry(bytes, zipEntry, entry, dataset, readOptions, signal)
        }
      } catch (error) {
        signal?.throwIfAborted()
        throw error
      }
    },
    close: () => bytes.close(),
    [Symbol.asyncDispose]: () => bytes.close(),
  }
  return archive
}

const coverageNames = {
  street: 'crimes',
  outcomes: 'outcomes',
  'stop-and-search': 'stops',
} as const

async function openSource(source: string | URL, options: RemoteOptions): Promise<ByteSource> {
  const text = String(source)
  if (!(source instanceof URL) && !/^https?:\/\//i.test(text)) return fileSource(text)
  const url = new URL(text)
  const loopback = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname)
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && loopback)) {
    throw new OptionError(
      'OPTION_INVALID',
      `an archive is a path or an https address, not ${url.protocol}//`,
      { context: { source: text } },
    )
  }
  return remoteSource(url, options)
}

function selectEntries(
  entries: readonly ArchiveEntry[],
  dataset: ArchiveDataset,
  options: ArchiveReadOptions,
): readonly ArchiveEntry[] {
  requireKnownKeys(
    options,
    ['forces', 'months', 'since', 'until', 'strict', 'onIssue', 'onBytes', 'signal'],
    'reading an archive',
  )
  if (!(dataset in archiveHeaders)) {
    throw new OptionError(
      'OPTION_INVALID',
      `there is no data set ${shown(dataset)}; use street, outcomes or stop-and-search`,
    )
  }
  for (const key of ['forces', 'months'] as const) {
    if (options[key] === undefined || Array.isArray(options[key])) continue
    throw new OptionError(
      'OPTION_INVALID',
      `${key} must be an array, not ${shown(options[key])}; write [${shown(options[key])}] for a single one`,
      { context: { option: key } },
    )
  }
  options.months?.forEach((month) => requireMonth(month, 'months'))
  if (options.since !== undefined) requireMonth(options.since, 'since')
  if (options.until !== undefined) requireMonth(options.until, 'until')
  if (options.since !== undefined && options.until !== undefined && options.until < options.since) {
    throw new OptionError(
      'OPTION_BAD_MONTH',
      `until ${options.until} is before since ${options.since}; swap them`,
    )
  }
  return entries.filter(
    (entry) =>
      entry.dataset === dataset &&
      (!options.forces || options.forces.includes(entry.force)) &&
      (!options.months || options.months.includes(entry.month)) &&
      (options.since === undefined || entry.month >= options.since) &&
      (options.until === undefined || entry.month <= options.until),
  )
}

async function* telling(
  chunks: AsyncIterable<Uint8Array>,
  onBytes: (bytes: Uint8Array) => void,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    onBytes(chunk)
    yield chunk
  }
}

async function* readEntry<Dataset extends ArchiveDataset>(
  source: ByteSource,
  zipEntry: ZipEntry,
  entry: ArchiveEntry,
  dataset: Dataset,
  options: ArchiveReadOptions,
  signal: AbortSignal | undefined,
): AsyncGenerator<ArchiveBatch<ArchiveRowTypes[Dataset]>> {
  const header = archiveHeaders[dataset]
  let headerSeen = false
  const records = readCsvRecords(
    telling(readZipEntry(source, zipEntry, signal), (bytes) => options.onBytes?.(entry, bytes)),
  )
  for await (const found of records) {
    signal?.throwIfAborted()
    const rows: ArchiveRow<ArchiveRowTypes[Dataset]>[] = []
    const issues: ArchiveIssue[] = []
    for (const record of found) {
      if (!headerSeen) {
        headerSeen = true
        checkHeader(entry, record, header)
        continue
      }
      readRecord(entry, dataset, record, header.length, options, rows, issues)
    }
    if (rows.length > 0 || issues.length > 0) yield { entry, rows, issues }
  }
  if (!headerSeen) {
    throw new ArchiveError(
      'ARCHIVE_HEADER',
      `${entry.name} is empty; every file of the archive begins with a header`,
      { context: { entry: entry.name } },
    )
  }
}

function checkHeader(entry: ArchiveEntry, record: CsvRecord, header: readonly string[]): void {
  const same =
    record.cells.length === header.length &&
    header.every((name, index) => record.cells[index] === name)
  if (same) return
  throw new ArchiveError(
    'ARCHIVE_HEADER',
    `${entry.name} begins with the columns "${shorten(record.cells.join(','))}" instead of "${header.join(',')}"; the layout has changed, look for a newer release of this package`,
    { context: { entry: entry.name } },
  )
}

function readRecord<Dataset extends ArchiveDataset>(
  entry: ArchiveEntry,
  dataset: Dataset,
  record: CsvRecord,
  cellCount: number,
  options: ArchiveReadOptions,
  rows: ArchiveRow<ArchiveRowTypes[Dataset]>[],
  issues: ArchiveIssue[],
): void {
  const { cells, lineNumber, byteOffset } = record
  const rowNumber = record.recordNumber - 1
  const report = (
    code: ArchiveIssue['code'],
    field: string | undefined,
    value: string,
    withheld = false,
  ): void => {
    const issue: ArchiveIssue = {
      code,
      entry: entry.name,
      rowNumber,
      lineNumber,
      byteOffset,
      field,
      value: shorten(value),
      withheld,
    }
    if (options.strict) {
      throw new ArchiveError(
        'ARCHIVE_ROW',
        `${entry.name}, line ${lineNumber}: ${code}${field ? ` in ${field}` : ''}, found "${issue.value}"; leave strict off to get such rows as issues`,
        { context: { ...issue } },
      )
    }
    issues.push(issue)
    options.onIssue?.(issue)
  }
  if (record.fault === 'quotes') {
    report('ROW_QUOTES', undefined, cells.join(','), true)
    return
  }
  if (cells.length !== cellCount) {
    report('ROW_CELL_COUNT', undefined, cells.join(','), true)
    return
  }
  if (record.fault === 'encoding') report('ROW_ENCODING', undefined, cells.join(','))
  const row = convertRow(dataset, cells, entry.force, entry.month, report)
  const { name, force, month } = entry
  rows.push({ row, cells, entry: name, force, month, rowNumber, lineNumber, byteOffset })
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}
