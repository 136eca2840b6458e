import { BytePool } from './byte-pool.js'
import { ContentFingerprint } from './content-fingerprint.js'
import { IssueCounter } from './issue-counter.js'
import type { ResolvedLoadOptions } from './options.js'
import { ReadingProgress } from './reading-progress.js'
import { BatchHasher } from './rows/batch-hasher.js'
import { sliceKey } from './schema/table-schema.js'
import type { Fingerprint, SourceSlice } from './source.js'

/** What a load would write. */
export interface ExpectedRows {
  readonly rows: number
  /** Of the content; the slice's own where it has one. */
  readonly fingerprint: Fingerprint
}

/**
 * Reads a slice as a load would, and writes nothing.
 *
 * @throws what reading throws, {@link SourceError} SOURCE_ISSUES over `maxIssues` among it, and
 *   {@link SchemaDriftError} DRIFT_UNKNOWN_KEYS
 */
export async function countRows(
  slice: SourceSlice,
  { contract: wanted, maxIssues, onProgress, signal }: ResolvedLoadOptions,
): Promise<ExpectedRows> {
  const contract = wanted ?? slice.contract
  const hasher = new BatchHasher({
    loadId: 0,
    slice: slice.slice,
    contract,
    bulk: 'columns',
    arrays: new BytePool(0, { shared: false }),
  })
  const tables = new Map(slice.tables.map((table) => [table.name, table]))
  const issues = new IssueCounter(maxIssues)
  const content = slice.fingerprint === null ? new ContentFingerprint() : null
  const reading = slice.read(signal === undefined ? {} : { signal })
  using progress = new ReadingProgress(sliceKey(slice.slice), reading, issues, onProgress)
  for await (const batch of reading) {
    signal?.throwIfAborted()
    if (batch.kind === 'columns' && content === null && contract !== 'quarantine') {
      issues.add(batch.issues)
      progress.add(batch.batch.rowCount)
      continue
    }
    const table = tables.get(batch.table)
    if (table === undefined) {
      throw new TypeError(`the source gave rows of "${batch.table}", which is not among its tables`)
    }
    const hashed = await hasher.hash(table, batch)
    content?.add(table.name, hashed.hashes, hashed.rowCount, hashed.byteCount)
    issues.add(hashed.issues)
    progress.add(hashed.rowCount)
  }
  progress.finish()
  issues.checkShare(reading.accounting().reduce((sum, { records }) => sum + records, 0))
  return { rows: progress.rows, fingerprint: slice.fingerprint ?? content!.finish() }
}
