import type { SegmentBatch } from '@nibrs/decoder'
import type { LoadRecord } from './catalog.js'
import type { Disposition } from './options.js'
import type { Slice, TableSchema } from './schema/table-schema.js'

/**
 * What is done with data that the schema does not know. `freeze`: unknown keys fail the load.
 * `evolve`: they are kept as JSON in `unknown_keys`. `quarantine`: a row with unknown keys, or with
 * a value that does not fit its column, is withheld and reported.
 */
export type ContractMode = 'freeze' | 'evolve' | 'quarantine'

/**
 * A cell of a row. Dates `YYYY-MM-DD`, timestamps `YYYY-MM-DD HH:MM:SS` in UTC with up to six digits
 * of a fraction, JSON as text.
 */
export type RowValue = string | number | boolean | null

/** One row of an API answer or a CSV file. */
export interface StageRow {
  /** 1-based position in the source: line of a file, or element of an answer. */
  readonly sourceRecord: number
  /** One value per data column of the table, in order. Decimals may be text, exactly as sent. */
  readonly values: readonly RowValue[]
  /** Keys that have no column; absent or empty when there are none. */
  readonly unknownKeys?: Readonly<Record<string, unknown>>
}

/** One fault in the data, with its position. */
export interface StageIssue {
  readonly code: string
  /** Table name without prefix; null when the record belongs to no table. */
  readonly table: string | null
  readonly field: string | null
  /** 1-based position in the source. */
  readonly recordNumber: number
  /** 0-based offset of the first byte in the unzipped source; null where there are no bytes. */
  readonly byteOffset: number | null
  /** The value as found, at most 512 characters. */
  readonly raw: string | null
  /** File within the source (an archive's entry, a route with its query); null for the source. */
  readonly file?: string | null
}

/** Rows of one table, by column (NIBRS, from the decoder) or row by row (APIs, CSV). */
export type StageBatch =
  | {
      readonly kind: 'columns'
      readonly table: string
      /**
       * Has a column for each data column of the table, by name. Its arrays may be used again once
       * the next batch is asked for. `recordNumbers` become `source_record`.
       */
      readonly batch: SegmentBatch
      readonly issues: readonly StageIssue[]
    }
  | {
      readonly kind: 'rows'
      readonly table: string
      readonly rows: readonly StageRow[]
      /** File within the source, or answer, for issues that the loader finds; see {@link StageIssue}. */
      readonly file?: string | null
      /** Under `quarantine` a row is withheld when an issue of its batch has its number. */
      readonly issues: readonly StageIssue[]
    }

/**
 * What became of the records a source met, by table. The loader holds its own counts against it:
 * `records = rows + joined + withheld + notSelected`, and `rows` is what the batches held.
 */
export interface TableAccounting {
  /** Table name without prefix; null for records that belong to no known table. */
  readonly table: string | null
  readonly records: number
  readonly rows: number
  /** Records that became part of another record's row. */
  readonly joined: number
  /** Records not given out because of a fault; each has an issue. */
  readonly withheld: number
  /** Records of tables that were not asked for. */
  readonly notSelected: number
}

/** Progress of reading, for people. */
export interface ReadProgress {
  /** Bytes or requests done. */
  readonly done: number
  /** Bytes or requests in all; null when unknown. */
  readonly total: number | null
  readonly unit: 'bytes' | 'requests'
}

/** One reading of a slice: batches to iterate over, once. */
export interface SliceReading extends AsyncIterable<StageBatch> {
  progress(): ReadProgress
  /** Final once the iteration has ended. */
  accounting(): readonly TableAccounting[]
  /** The slice's files with what only reading tells, such as their hashes; once it has ended. */
  files?(): readonly SourceFile[]
}

/** What identifies the content of a slice. */
export interface Fingerprint {
  /** SHA-256, in hex, of the source as given (the archive, not what is in it). */
  readonly sha256: string
  readonly byteCount: number
}

/** Where the rows' meaning comes from. */
export interface SliceProvenance {
  /** `nibrs/master@2013`, or `data.police.uk`. */
  readonly spec: string
  /** Revision of the spec; null where there is none. */
  readonly specRevision: number | null
  /** Packages that made the rows, with versions: `@nibrs/decoder 0.1.0`. */
  readonly producedBy: string
}

/** A file or answer that a slice was read from, for the manifest. */
export interface SourceFile {
  readonly name: string
  /**
   * Of the file as given; of a file of the bulk archive as unpacked; of an answer of the API as the
   * elements it held, each as JSON with a line feed, sorted. Null when it was not read.
   */
  readonly sha256: string | null
  readonly byteCount: number | null
  /**
   * The one file that was read of an archive that holds several, by its name there; absent where
   * there was nothing to choose. Another one is other content, though the archive is the same.
   */
  readonly entry?: string
  /** Files in that archive; with `entry` alone. */
  readonly entryCount?: number
}

/** How a slice is loaded, for what a source has to say to it. */
export interface SliceSettings {
  readonly force: boolean
  readonly disposition: Disposition
}

/** What a source gives for one slice: one load, one transaction. */
export interface SourceSlice {
  readonly slice: Slice
  /** Tables of the load; a table without rows still takes part (its old rows are replaced). */
  readonly tables: readonly TableSchema[]
  readonly provenance: SliceProvenance
  /** Default of the load's `contract`. */
  readonly contract: ContractMode
  /**
   * Known before reading (a file's hash), or null: then the loader makes it from the rows while
   * they are staged, and a load that turns out to be the same is rolled back as `skipped`.
   */
  readonly fingerprint: Fingerprint | null
  readonly files: readonly SourceFile[]
  /** Rows expected, for dry runs; null when only reading can tell. */
  readonly expectedRows: number | null
  /** Why a dry run must not read it to count its rows, such as requests that this would take. */
  readonly unreadReason?: string
  /**
   * Facts to keep as the slice's state in the same transaction as the data, such as
   * `{ published: "2024-03-01" }`; null for none.
   */
  readonly state: Readonly<Record<string, string>> | null
  /** False when it can be read only once (a stream): then a failed try is not repeated. */
  readonly rereadable: boolean
  /**
   * Looks at what is in before the slice is loaded or skipped, and throws when the slice must not
   * stand beside it. Absent where anything may.
   *
   * @param current loads of every source kind whose rows are the current ones, by id
   */
  requireFit?(current: readonly LoadRecord[], settings: SliceSettings): void
  read(options: ReadOptions): SliceReading
}

/** Options of {@link SourceSlice.read}. */
export interface ReadOptions {
  /** Rows of a batch that suit the destination. */
  readonly batchRows?: number
  readonly signal?: AbortSignal
}

/** What the loader tells a source before the first slice. */
export interface SourceContext {
  readonly signal?: AbortSignal
  /** To be called before a file is hashed, which can take long, with its bytes. */
  readonly onHashing?: (byteCount: number) => void
}

/**
 * Something to load from. Its slices are asked for one at a time and each is loaded, or skipped,
 * before the next one is made; leaving the iteration closes what is open.
 */
export interface Source {
  /** Family of loads: slices, fingerprints and state are told apart by it. `nibrs`, `ukpolice`. */
  readonly kind: string
  /** For messages and the load record: a base name or a service, never a full path or credential. */
  readonly name: string
  slices(context: SourceContext): AsyncIterable<SourceSlice>
}
