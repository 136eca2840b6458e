import { createHash } from 'node:crypto'
import {
  type Archive,
  type ArchiveDataset,
  type ArchiveEntry,
  archiveHeaders,
  type ArchiveIssue,
  openArchive,
} from '@ukpolice/client/archive'
import type { Month } from '@ukpolice/client'
import { OptionError, SourceError } from '../errors.js'
import { rejectUnknownOptions } from '../options.js'
import type {
  ReadOptions,
  ReadProgress,
  SliceReading,
  Source,
  SourceFile,
  SourceSlice,
  StageBatch,
  StageIssue,
  StageRow,
  TableAccounting,
} from '../source.js'
import { type RowConverter, rowConverter } from './api-rows.js'
import { packageVersion } from './package-version.js'
import { archiveKind, archiveTable, type RowTable } from './ukpolice-tables.js'

/** Names of the data sets of the archive, which are also the ends of its file names. */
export const ARCHIVE_DATASETS = Object.keys(archiveHeaders) as readonly ArchiveDataset[]

/** Options of {@link ukpoliceArchive}. */
export interface UkPoliceArchiveOptions {
  /** Which files: `street` (crimes), `outcomes` or `stop-and-search`. */
  readonly dataset: ArchiveDataset
  /** Force ids, `btp` included. Default: all in the archive. */
  readonly forces?: readonly string[]
  /** First month, `YYYY-MM`. Default: the first in the archive. */
  readonly since?: Month
  /** Last month. Default: the last in the archive. */
  readonly until?: Month
}

const OPTIONS = ['dataset', 'forces', 'since', 'until']

/**
 * A bulk archive of data.police.uk as a source: a path, or an https address, of which then only
 * the files wanted are read. One slice is one CSV file: one force and month of a data set.
 *
 * @throws {OptionError} OPTION_UNKNOWN, OPTION_INVALID at once; OPTION_INVALID before the first slice
 *   for a force that the archive has no such file of
 * @throws {SourceError} before the first slice: SOURCE_NO_SLICE when the archive has no such file,
 *   SOURCE_SLICE_TWICE when it has several of one force and month
 * @throws {UkPoliceError} when loading: ARCHIVE_NOT_READABLE, ARCHIVE_HEADER and others
 */
export function ukpoliceArchive(source: string | URL, options: UkPoliceArchiveOptions): Source {
  rejectUnknownOptions('ukpoliceArchive', options, OPTIONS)
  const { dataset, forces, since, until } = options
  if (!ARCHIVE_DATASETS.includes(dataset)) {
    throw new OptionError(
      'OPTION_INVALID',
      `option "dataset" is ${String(dataset)}; expected ${ARCHIVE_DATASETS.join(', ')}`,
      { option: 'dataset' },
    )
  }
  const name = archiveName(source)
  const rowTable = archiveTable(dataset)
  return {
    kind: archiveKind(dataset),
    name,
    async *slices({ signal }) {
      await using archive = await openArchive(source, signal === undefined ? {} : { signal })
      const entries = archive.select(dataset, { forces, since, until })
      requireForces(name, archive, [dataset], forces)
      if (entries.length === 0) throw noFile(name, dataset, archive)
      requireOneFileEach(name, entries)
      const isRemote = source instanceof URL || /^https?:/i.test(source)
      for (const entry of entries) yield sliceOf(archive, rowTable, entry, isRemote)
    },
  }
}

/** The last part of a path or address, without credentials or query. */
export function archiveName(source: string | URL): string {
  const text = String(source).replace(/[?#].*$/, '')
  return text.split(/[\\/]/).findLast((part) => part !== '') ?? text
}

/**
 * Makes sure that every force that was named has a file of one of the data sets, in whatever month.
 *
 * Of data sets that have no file at all it says nothing: then it is not the force that is missing.
 *
 * @throws {OptionError} OPTION_INVALID, with the forces that are there
 */
export function requireForces(
  name: string,
  { entries }: Archive,
  datasets: readonly ArchiveDataset[],
  forces: readonly string[] = [],
): void {
  const ids = forcesOf(entries.filter(({ dataset }) => datasets.includes(dataset)))
  const absent = forces.find((force) => !ids.includes(force))
  if (absent === undefined || ids.length === 0) return
  throw new OptionError(
    'OPTION_INVALID',
    `${name} has no ${datasets.join(', ')} file of a force "${absent}"; expected one of ${ids.join(', ')}`,
    { option: 'forces', source: name },
  )
}

/** Ids of forces, each once, in order. */
export function forcesOf(entries: readonly ArchiveEntry[]): readonly string[] {
  return [...new Set(entries.map(({ force }) => force))].toSorted()
}

/**
 * Makes sure that no two files, of folders of an archive that someone put together, are the same
 * slice: each would take the place of the other.
 *
 * @param name that of the archive
 * @throws {SourceError} SOURCE_SLICE_TWICE
 */
export function requireOneFileEach(name: string, entries: readonly ArchiveEntry[]): void {
  const seen = new Map<string, ArchiveEntry>()
  for (const entry of entries) {
    const { dataset, force, month } = entry
    const key = `${dataset} ${force} ${month}`
    const other = seen.get(key)
    seen.set(key, entry)
    if (other === undefined) continue
    throw new SourceError(
      'SOURCE_SLICE_TWICE',
      `${name} has two ${dataset} files of ${force} for ${month}, ${other.name} and ${entry.name}, and one slice can only be one of them; take the other out of the archive, or leave the force or month out with --police-force, --since and --until (options forces, since, until)`,
      { source: name, slice: `force=${force} month=${month}` },
    )
  }
}

/** SOURCE_NO_SLICE: says what an archive has instead of the files that were asked for. */
export function noFile(name: string, dataset: ArchiveDataset, archive: Archive): SourceError {
  return new SourceError(
    'SOURCE_NO_SLICE',
    `${name} has no ${dataset} file of the forces and months asked for; it has ${contentsOf(archive)}`,
    { source: name },
  )
}

function contentsOf({ entries }: Archive): string {
  const months = [...new Set(entries.map(({ month }) => month))].toSorted()
  if (months.length === 0) return 'no file of the archive at all'
  const datasets = [...new Set(entries.map(({ dataset }) => dataset))].toSorted()
  return `${entries.length} files (${datasets.join(', ')}) of ${forcesOf(entries).length} forces, ${months[0]} to ${months.at(-1)}`
}

function sliceOf(
  archive: Archive,
  rowTable: RowTable,
  entry: ArchiveEntry,
  isRemote: boolean,
): SourceSlice {
  const { force, month, name, size } = entry
  return {
    slice: [
      { name: 'force', type: 'text', value: force },
      { name: 'month', type: 'text', value: month },
    ],
    tables: [rowTable.table],
    provenance: {
      spec: 'data.police.uk archive',
      specRevision: null,
      producedBy: packageVersion('@ukpolice/client'),
    },
    contract: 'freeze',
    fingerprint: null,
    files: [{ name, sha256: null, byteCount: size }],
    expectedRows: null,
    ...(isRemote
      ? {
          unreadReason: `a load downloads the file, ${size.toLocaleString('en-US')} bytes unpacked`,
        }
      : {}),
    state: null,
    rereadable: true,
    read: (options) => new ArchiveReading(archive, rowTable, entry, options),
  }
}

class ArchiveReading implements SliceReading {
  readonly #archive: Archive
  readonly #rowTable: RowTable
  readonly #entry: ArchiveEntry
  readonly #signal: AbortSignal | undefined
  readonly #converter: RowConverter
  #bytes = 0
  #records = 0
  #rows = 0
  #withheld = 0
  #sha256: string | null = null

  constructor(archive: Archive, rowTable: RowTable, entry: ArchiveEntry, { signal }: ReadOptions) {
    this.#archive = archive
    this.#rowTable = rowTable
    this.#entry = entry
    this.#signal = signal
    this.#converter = rowConverter(rowTable.table, rowTable.columns, rowTable.known)
  }

  progress(): ReadProgress {
    return { done: this.#bytes, total: this.#entry.size, unit: 'bytes' }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<StageBatch> {
    const { dataset, force, month, name } = this.#entry
    const table = this.#rowTable.table.name
    const hash = createHash('sha256')
    const batches = this.#archive.batches(dataset, {
      forces: [force],
      months: [month],
      signal: this.#signal,
      onBytes: (_entry, bytes) => {
        hash.update(bytes)
      },
    })
    for await (const { rows: found, issues: faults } of batches) {
      const issues: StageIssue[] = faults.map((fault) => this.#issue(fault))
      const rows: StageRow[] = []
      for (const { row, lineNumber, byteOffset } of found) {
        rows.push(this.#converter.convert(row, lineNumber, { byteOffset, file: name }, issues))
      }
      this.#rows += rows.length
      this.#withheld += faults.filter(({ withheld }) => withheld).length
      this.#records = Math.max(
        this.#records,
        found.at(-1)?.rowNumber ?? 0,
        faults.at(-1)?.rowNumber ?? 0,
      )
      this.#bytes = found.at(-1)?.byteOffset ?? this.#bytes
      yield { kind: 'rows', table, rows, issues, file: name }
    }
    this.#bytes = this.#entry.size
    this.#sha256 = hash.digest('hex')
  }

  files(): readonly SourceFile[] {
    const { name, size } = this.#entry
    return [{ name, sha256: this.#sha256, byteCount: size }]
  }

  accounting(): readonly TableAccounting[] {
    return [
      {
        table: this.#rowTable.table.name,
        records: this.#records,
        rows: this.#rows,
        joined: 0,
        withheld: this.#withheld,
        notSelected: 0,
      },
    ]
  }

  #issue({ code, field, lineNumber, byteOffset, value }: ArchiveIssue): StageIssue {
    return {
      code,
      table: this.#rowTable.table.name,
      field: field ?? null,
      recordNumber: lineNumber,
      byteOffset,
      raw: value,
      file: this.#entry.name,
    }
  }
}
