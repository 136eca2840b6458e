import type { Disposition } from './options.js'
import type { ContractMode, SourceFile } from './source.js'

/** Counts of one table in a load. */
export interface TableCounts {
  /** Name in the destination: `stg_nibrs_offense`; null for records that belong to no table. */
  readonly table: string | null
  /** Records the source met. `decoded = staged + joined + withheld + notSelected`. */
  readonly decoded: number
  /** Rows written. */
  readonly staged: number
  /** Records that became part of another record's row. */
  readonly joined: number
  /** Records, or rows under `quarantine`, kept out because of a fault. */
  readonly withheld: number
  readonly notSelected: number
  /** Rows whose place was taken by this load. */
  readonly replaced: number
  /** Of those, rows whose content is no longer there. */
  readonly removed: number
  /** Rows whose content was not there before. */
  readonly added: number
}

/** Rows of one load. */
export interface RowsOfLoad {
  readonly loadId: number
  readonly rows: number
}

/**
 * The record of one load, as the JSON manifest holds it. Times are ISO 8601 in UTC. Holds no path,
 * password or URL.
 */
export interface LoadManifest {
  readonly loadId: number
  readonly status: 'committed' | 'superseded' | 'purged'
  readonly source: { readonly kind: string; readonly name: string }
  readonly slice: string
  readonly disposition: Disposition
  /** Absent from loads of versions that did not record it. */
  readonly contract?: ContractMode
  readonly fingerprint: { readonly sha256: string; readonly byteCount: number }
  readonly spec: string
  readonly specRevision: number | null
  /** Packages that made the rows and this package, with versions. */
  readonly producedBy: string
  readonly files: readonly SourceFile[]
  readonly tables: readonly TableCounts[]
  readonly issueCount: number
  /** Issues by code. */
  readonly issues: Readonly<Record<string, number>>
  /** Ids of loads whose rows this one took the place of. */
  readonly supersedes: readonly number[]
  /**
   * Rows that this load, a merge, put aside one by one and that `loads purge` dropped since, by the
   * load they came with: they cannot come back. When the merge is removed, the load that has the
   * place of theirs gets the note. In `crimewh_load` alone, not in the file of the manifest, which is
   * written once; absent where there are none.
   */
  readonly purgedRows?: readonly RowsOfLoad[]
  readonly startedAt: string
  readonly finishedAt: string
  readonly timingsMs: { readonly staging: number; readonly commit: number }
}

/** What a dry run found out about a slice. */
export interface LoadPlan {
  /**
   * Statements that would change the schema, in order, with those that choose it where it is not the
   * default one: run by hand, they leave a load nothing to change.
   */
  readonly ddl: readonly string[]
  /** Those after them that would lose something, and are refused without `allowDestructive`. */
  readonly destructiveDdl: readonly string[]
  /** Loads whose rows would be replaced, with their row counts. */
  readonly supersedes: readonly RowsOfLoad[]
  /** Rows that would be written; null when that cannot be told, for `unreadReason`. */
  readonly expectedRows: number | null
  /** Why the slice was not read to count its rows; null when they are known. */
  readonly unreadReason: string | null
  /**
   * The load of the same slice that is in, when only reading can tell whether it would be replaced
   * or stay; null when it would be replaced for sure, and when there is none.
   */
  readonly inAlready: number | null
}

/** What became of one slice. */
export interface SliceResult {
  readonly slice: string
  /** `planned` under `dryRun`. */
  readonly status: 'loaded' | 'skipped' | 'planned'
  /** The new load, or under `skipped` the one that is already in; null under `planned`. */
  readonly loadId: number | null
  /** Under `loaded`. */
  readonly manifest: LoadManifest | null
  /** Under `planned`. */
  readonly plan: LoadPlan | null
  /** What a person should know although nothing failed, one sentence each. */
  readonly warnings: readonly string[]
}

/** What `load` returns. */
export interface LoadResult {
  /** `loaded` when at least one slice was loaded; `skipped` when all content was already in. */
  readonly status: 'loaded' | 'skipped' | 'planned'
  readonly slices: readonly SliceResult[]
}
