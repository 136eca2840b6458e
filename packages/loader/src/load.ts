import { randomUUID } from 'node:crypto'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import path from 'node:path'
import {
  isMerged,
  loadAround,
  type LoadRecord,
  loadsWithin,
  merge,
  readLoads,
  type Replacement,
  replacementOf,
  requireAllTables,
  requireRows,
  supersede,
  writeRecord,
  writeState,
} from './catalog.js'
import { BytePool } from './byte-pool.js'
import { ContentFingerprint } from './content-fingerprint.js'
import { countRows } from './count-rows.js'
import type { Connection, Destination, LockRequest, Stage } from './destinations/contract.js'
import { DestinationError, OptionError, SchemaDriftError } from './errors.js'
import { IssueCounter } from './issue-counter.js'
import type { LoadManifest, LoadResult, SliceResult, TableCounts } from './load-result.js'
import { type LoadOptions, resolveLoadOptions, type ResolvedLoadOptions } from './options.js'
import { ReadingProgress } from './reading-progress.js'
import { reconcile } from './reconcile.js'
import { retrying } from './retry.js'
import { BatchHasher } from './rows/batch-hasher.js'
import {
  LOAD_SEQUENCE,
  recordTablesPlan,
  type SchemaPlan,
  stageTablesPlan,
  tableNames,
} from './schema/ddl.js'
import { stageName } from './schema/stage-columns.js'
import { sliceKey } from './schema/table-schema.js'
import type { ContractMode, Fingerprint, SourceContext, SourceFile, SourceSlice } from './source.js'
import { PACKAGE_VERSION } from './version.js'

/** Bytes of arrays for rows that are kept for the next ones. */
const SPARE_BYTES = 32 << 20
/** Arrays that one slice leaves to the next of the same destination. */
const pools = new WeakMap<Destination, BytePool>()

/**
 * Loads a source into a destination, one transaction per slice: a reader sees the slice as it was
 * or as it is, and a run that dies at any point leaves it as it was.
 *
 * Each slice goes through: fingerprint (already in: `skipped`), stage, reconcile, commit. Nothing
 * is committed unless every record the source met is accounted for.
 *
 * A manifest that cannot be written after the commit is among the result's `warnings`.
 *
 * @throws {OptionError} OPTION_UNKNOWN, OPTION_INVALID (also for a folder of manifests that cannot be
 *   written to, before anything is loaded), OPTION_CONFLICT
 * @throws {SourceError} SOURCE_ISSUES over `maxIssues`; SOURCE_COUNTS when counts do not balance
 * @throws {SchemaDriftError} DRIFT_DESTRUCTIVE, with the statements, unless `allowDestructive`;
 *   DRIFT_UNKNOWN_KEYS under `freeze`
 * @throws {DestinationError} DESTINATION_LOCKED naming the holder; SLICE_COVERED; DESTINATION_COUNTS
 *   when rows that are in already were changed by something else; and whatever the source or
 *   database throws. Slices loaded before the failure stay.
 */
export async function load(options: LoadOptions): Promise<LoadResult> {
  const resolved = resolveLoadOptions(options)
  const { source, signal } = resolved
  const results: SliceResult[] = []
  signal?.throwIfAborted()
  if (!resolved.dryRun) {
    resolved.destination.prepare?.()
    await prepareManifests(resolved.manifestDirectory)
  }
  const context: SourceContext = {
    onHashing: (byteCount) =>
      resolved.onProgress({ kind: 'hashing', source: source.name, byteCount }),
    ...(signal === undefined ? {} : { signal }),
  }
  for await (const slice of source.slices(context)) {
    const key = sliceKey(slice.slice)
    resolved.onProgress({ kind: 'slice-start', slice: key })
    const result = resolved.dryRun
      ? await planSlice(slice, resolved)
      : await loadSlice(slice, resolved)
    results.push(result)
    const { status, loadId } = result
    resolved.onProgress({ kind: 'slice-end', slice: key, status, loadId })
  }
  const statuses = results.map(({ status }) => status)
  const status = statuses.includes('loaded')
    ? 'loaded'
    : statuses.includes('planned')
      ? 'planned'
      : 'skipped'
  return { status, slices: results }
}

async function loadSlice(slice: SourceSlice, options: ResolvedLoadOptions): Promise<SliceResult> {
  const { destination, signal, onProgress } = options
  const key = sliceKey(slice.slice)
  const result = await retrying(
    async () => {
      const connection = await destination.connect({
        manyRows: true,
        lockWaitMs: options.lockWaitMs,
        onWait: (holder) => onProgress({ kind: 'waiting', slice: key, holder }),
        ...(signal === undefined ? {} : { signal }),
      })
      await using open = connection!
      return await new SliceLoad(slice, options, open).run()
    },
    {
      retries: slice.rereadable ? options.retries : 0,
      signal,
      onRetry: (attempt, waitMs, error) =>
        onProgress({ kind: 'retry', slice: key, attempt, waitMs, error }),
    },
  )
  if (result.manifest === null || options.manifestDirectory === null) return result
  try {
    await writeManifest(options.manifestDirectory, result.manifest)
    return result
  } catch (error) {
    // The rows are committed: whoever asks must not be told that they are not.
    const warning = `load ${result.manifest.loadId} is in, but its manifest could not be written to ${options.manifestDirectory}: ${(error as Error).message}; crimewh_load has it too`
    return { ...result, warnings: [...result.warnings, warning] }
  }
}

/**
 * Makes the folder for manifests and writes to it once, before anything is loaded.
 *
 * @throws {OptionError} OPTION_INVALID
 */
async function prepareManifests(directory: string | null): Promise<void> {
  if (directory === null) return
  const trial = path.join(directory, `.${randomUUID()}.part`)
  try {
    await mkdir(directory, { recursive: true })
    await writeFile(trial, '')
    await rm(trial)
  } catch (cause) {
    throw new OptionError(
      'OPTION_INVALID',
      `option "manifestDirectory" (--manifests) is ${directory}, where no file can be written: ${(cause as Error).message}; name a folder that can be written to`,
      { option: 'manifestDirectory', cause },
    )
  }
}

async function writeManifest(directory: string, manifest: LoadManifest): Promise<void> {
  const file = path.join(directory, `load-${manifest.loadId}.json`)
  const part = `${file}.part`
  try {
    await writeFile(part, `${JSON.stringify(manifest, null, 2)}\n`)
    await rename(part, file)
  } catch (error) {
    await rm(part, { force: true }).catch(() => undefined)
    throw error
  }
}

/** What a dry run says; connects without the right to write. */
async function planSlice(slice: SourceSlice, options: ResolvedLoadOptions): Promise<SliceResult> {
  const { destination, force } = options
  const slicePlan = { slice: sliceKey(slice.slice), manifest: null, warnings: leftOut(slice) }
  const skipped = ({ loadId }: LoadRecord) =>
    ({ ...slicePlan, status: 'skipped', loadId, plan: null }) as const
  const found = await lookUp(slice, options, slice.fingerprint)
  const { existing, loads, victims, first } = found
  if (found.same !== undefined) return skipped(found.same)
  let { expectedRows, unreadReason = null } = slice
  let inAlready =
    slice.fingerprint === null && !force ? findContent(loads, victims, slice, options) : null
  if (expectedRows !== null) unreadReason = null
  else if (unreadReason === null && !slice.rereadable) unreadReason = 'it can be read only once'
  else if (unreadReason === null) {
    const { rows, fingerprint } = await countRows(slice, options)
    expectedRows = rows
    inAlready = null
    if (slice.fingerprint === null) {
      const { same } = await lookUp(slice, options, fingerprint)
      if (same !== undefined) return skipped(same)
    }
  }
  const plans = [
    recordTablesPlan(destination.dialect, existing),
    stageTablesPlan(destination.dialect, existing, slice.tables, slice.slice),
  ]
  const ddl = plans.flatMap(({ safe }) => safe)
  const destructiveDdl = plans.flatMap(({ destructive }) => destructive)
  return {
    ...slicePlan,
    status: 'planned',
    loadId: null,
    plan: {
      ddl: ddl.length + destructiveDdl.length === 0 ? [] : [...first, ...ddl],
      destructiveDdl,
      supersedes: victims.map((load) => ({ loadId: load.loadId, rows: rowsOf([load]) })),
      expectedRows,
      unreadReason,
      inAlready: inAlready?.loadId ?? null,
    },
  }
}

interface FoundInPlace {
  /** Columns by table. */
  readonly existing: ReadonlyMap<string, ReadonlyMap<string, string>>
  /** Those of the source kind that count. */
  readonly loads: readonly LoadRecord[]
  /** Those whose place the slice would take. */
  readonly victims: readonly LoadRecord[]
  /** The load because of which the slice would be skipped. */
  readonly same: LoadRecord | undefined
  /** Statements to run before any others by hand. */
  readonly first: readonly string[]
}

/** What a destination holds of a slice, without the right to write. */
async function lookUp(
  slice: SourceSlice,
  options: ResolvedLoadOptions,
  fingerprint: Fingerprint | null,
): Promise<FoundInPlace> {
  const { destination, source, disposition, force, lockWaitMs, signal } = options
  const connection = await destination.connect({
    readOnly: true,
    lockWaitMs,
    ...(signal === undefined ? {} : { signal }),
  })
  if (connection === null) {
    return { existing: new Map(), loads: [], victims: [], same: undefined, first: [] }
  }
  await using open = connection
  await requireFit(open, slice, options)
  const existing = await open.columnsOf(tableNames(slice.tables))
  const loads = committedOf(await readLoads(open, source.kind))
  const victims = victimsOf(loads, slice, disposition)
  const contract = contractOf(slice, options)
  const candidates = standing(loads, victims, disposition)
  const found = force ? undefined : findSame(candidates, slice, fingerprint, contract)
  const isIn = found !== undefined && (await isInPlace(open, found, slice, options, loads))
  const same = isIn ? found : undefined
  if (same !== undefined) await requireRows(open, same, loads)
  return { existing, loads, victims, same, first: await open.firstStatements() }
}

/** The load of a slice whose content has to be asked for before it can be told whether it is new. */
function findContent(
  loads: readonly LoadRecord[],
  victims: readonly LoadRecord[],
  slice: SourceSlice,
  options: ResolvedLoadOptions,
): LoadRecord | null {
  const contract = contractOf(slice, options)
  const candidates = standing(loads, victims, options.disposition)
  return candidates.find((load) => isSameSource(load, slice, contract)) ?? null
}

function poolOf(destination: Destination, shared: boolean): BytePool {
  const pool = pools.get(destination) ?? new BytePool(SPARE_BYTES, { shared })
  pools.set(destination, pool)
  return pool
}

function committedOf(loads: readonly LoadRecord[]): readonly LoadRecord[] {
  return loads.filter(({ status }) => status === 'committed')
}

/** Rows that loads staged. */
function rowsOf(loads: readonly LoadRecord[]): number {
  const tables = loads.flatMap(({ manifest }) => manifest.tables)
  return tables.reduce((sum, { staged }) => sum + staged, 0)
}

function contractOf(slice: SourceSlice, { contract }: ResolvedLoadOptions): ContractMode {
  return contract ?? slice.contract
}

/** Says of an archive of several files that one of them was read. */
function leftOut({ files }: SourceSlice): readonly string[] {
  return files.flatMap(({ name, entry, entryCount }) =>
    entry === undefined
      ? []
      : `${name} holds ${entryCount ?? 'several'} files and only ${entry} was read; name another one with entry (--entry)`,
  )
}

function entriesOf(files: readonly SourceFile[]): string {
  return JSON.stringify(files.flatMap(({ entry }) => entry ?? []))
}

/**
 * The load that has the same content of the same slice, the same file of its archive read by the
 * same spec under the same contract, in all its tables.
 *
 * A load that did not record its contract counts as one under the source's own.
 */
function findSame(
  loads: readonly LoadRecord[],
  slice: SourceSlice,
  fingerprint: Fingerprint | null,
  contract: ContractMode,
): LoadRecord | undefined {
  return loads.find(
    (load) =>
      load.manifest.fingerprint.sha256 === fingerprint?.sha256 &&
      isSameSource(load, slice, contract),
  )
}

/** Of the same slice, read from the same place in the same way, whatever was in it. */
function isSameSource(
  { manifest }: LoadRecord,
  slice: SourceSlice,
  contract: ContractMode,
): boolean {
  const { spec, specRevision } = slice.provenance
  const loaded = new Set(manifest.tables.map(({ table }) => table))
  return (
    manifest.slice === sliceKey(slice.slice) &&
    manifest.spec === spec &&
    manifest.specRevision === specRevision &&
    (manifest.contract ?? slice.contract) === contract &&
    entriesOf(manifest.files) === entriesOf(slice.files) &&
    slice.tables.map(stageName).every((table) => loaded.has(table))
  )
}

/**
 * The loads because of which one of the same content can be skipped: then the destination has to
 * hold what the disposition promises.
 *
 * A load that takes the place of others promises that its rows are there alone. So it can stand for
 * one other load, and never for one of several. Of a merge the newest comes first: it has put the rows
 * of older ones of the same content aside.
 */
function standing(
  committed: readonly LoadRecord[],
  victims: readonly LoadRecord[],
  disposition: ResolvedLoadOptions['disposition'],
): readonly LoadRecord[] {
  if (disposition === 'append') return committed
  if (disposition === 'merge') return committed.toReversed()
  return victims.length === 1 ? victims : []
}

/**
 * False for a merge of content that is in but not in place any more, because a later load put rows
 * of it aside or has rows of the same keys.
 */
async function isInPlace(
  connection: Connection,
  same: LoadRecord,
  { tables }: SourceSlice,
  { disposition }: ResolvedLoadOptions,
  committed: readonly LoadRecord[],
): Promise<boolean> {
  return disposition !== 'merge' || (await isMerged(connection, same, tables, committed))
}

/** Lets the source refuse to load a slice beside what is in. */
async function requireFit(
  connection: Connection,
  slice: SourceSlice,
  { force, disposition }: ResolvedLoadOptions,
): Promise<void> {
  if (slice.requireFit === undefined) return
  slice.requireFit(committedOf(await readLoads(connection)), { force, disposition })
}

function victimsOf(
  committed: readonly LoadRecord[],
  { slice, tables }: SourceSlice,
  disposition: ResolvedLoadOptions['disposition'],
): readonly LoadRecord[] {
  switch (disposition) {
    case 'append':
      return []
    case 'merge': {
      const keyless = tables.find(({ key }) => key === null)
      if (keyless === undefined) return []
      throw new OptionError(
        'OPTION_CONFLICT',
        `disposition "merge" needs tables that declare a key, and ${stageName(keyless)} has none; use "replace-slice"`,
        { option: 'disposition', table: stageName(keyless) },
      )
    }
    case 'replace':
      return committed
    case 'replace-slice': {
      const around = loadAround(committed, slice)
      if (around === undefined) return loadsWithin(committed, slice)
      const key = sliceKey(slice)
      throw new DestinationError(
        'SLICE_COVERED',
        `${key} is part of load ${around.loadId} (${around.manifest.slice}), whose rows it would double; remove that load first, or load all of ${around.manifest.slice}`,
        { slice: key, loadId: around.loadId },
      )
    }
  }
}

/** One try to load one slice: all of it is one transaction. */
class SliceLoad {
  readonly #slice: SourceSlice
  readonly #options: ResolvedLoadOptions
  readonly #connection: Connection
  readonly #key: string
  readonly #startedAt = new Date()
  #stage: Stage | null = null

  constructor(slice: SourceSlice, options: ResolvedLoadOptions, connection: Connection) {
    this.#slice = slice
    this.#options = options
    this.#connection = connection
    this.#key = sliceKey(slice.slice)
  }

  async run(): Promise<SliceResult> {
    await this.#connection.begin(this.#lock())
    try {
      return await this.#runLocked()
    } catch (error) {
      await this.#stage?.abort()
      await this.#connection.rollback()
      throw error
    }
  }

  #lock(): LockRequest {
    const { source, disposition, lockWaitMs, onProgress, signal } = this.#options
    const wholeKind = disposition === 'replace' || disposition === 'merge'
    return {
      sourceKinds: [source.kind],
      slice: wholeKind ? null : this.#slice.slice,
      purpose: `load ${source.kind} ${this.#key}`,
      waitMs: lockWaitMs,
      onWait: (holder) => onProgress({ kind: 'waiting', slice: this.#key, holder }),
      ...(signal === undefined ? {} : { signal }),
    }
  }

  async #runLocked(): Promise<SliceResult> {
    const { source, disposition, force } = this.#options
    const { fingerprint } = this.#slice
    await requireFit(this.#connection, this.#slice, this.#options)
    const committed = committedOf(await readLoads(this.#connection, source.kind))
    const contract = contractOf(this.#slice, this.#options)
    const victims = victimsOf(committed, this.#slice, disposition)
    const candidates = force ? [] : standing(committed, victims, disposition)
    const same = findSame(candidates, this.#slice, fingerprint, contract)
    const isIn = (load: LoadRecord) =>
      isInPlace(this.#connection, load, this.#slice, this.#options, committed)
    if (same !== undefined && (await isIn(same))) {
      await requireRows(this.#connection, same, committed)
      return this.#skip(same)
    }
    requireAllTables(this.#slice.tables, victims)
    await this.#prepareSchema()
    const loadId = await this.#nextLoadId()
    const staged = await this.#stageRows(loadId)
    if (fingerprint === null) {
      const sameContent = findSame(candidates, this.#slice, staged.fingerprint, contract)
      if (sameContent !== undefined && (await isIn(sameContent))) {
        await this.#connection.rollback()
        await this.#connection.begin(this.#lock())
        await requireRows(this.#connection, sameContent, committed)
        return this.#skip(sameContent)
      }
    }
    return this.#commit(loadId, staged, committed, victims)
  }

  async #skip(same: LoadRecord): Promise<SliceResult> {
    const { state } = this.#slice
    const changed = state !== null && JSON.stringify(state) !== JSON.stringify(same.state)
    if (changed) {
      await writeState(this.#connection, same.loadId, state)
      await this.#connection.commit()
    } else {
      await this.#connection.rollback()
    }
    const { loadId } = same
    const warnings = leftOut(this.#slice)
    return { slice: this.#key, status: 'skipped', loadId, manifest: null, plan: null, warnings }
  }

  async #prepareSchema(): Promise<void> {
    const isNeeded = ({ safe, destructive }: SchemaPlan) => safe.length + destructive.length > 0
    const first = await this.#planSchema()
    if (!isNeeded(first)) return
    await this.#connection.lockSchema(this.#lock(), first.changed)
    const { safe, destructive } = await this.#planSchema() // Another may have done it meanwhile.
    if (destructive.length > 0 && !this.#options.allowDestructive) {
      const ddl = [...(await this.#connection.firstStatements()), ...destructive]
      throw new SchemaDriftError(
        'DRIFT_DESTRUCTIVE',
        `the tables of ${this.#options.destination.name} would lose something to hold ${this.#slice.provenance.spec}; run this after a backup, or load with allowDestructive (--allow-destructive): ${ddl.join('; ')}`,
        { ddl, slice: this.#key },
      )
    }
    for (const statement of [...safe, ...destructive]) await this.#connection.query(statement)
  }

  async #planSchema(): Promise<SchemaPlan> {
    const { tables, slice } = this.#slice
    const { dialect } = this.#connection
    const existing = await this.#connection.columnsOf(tableNames(tables))
    const records = recordTablesPlan(dialect, existing)
    const stages = stageTablesPlan(dialect, existing, tables, slice)
    return {
      safe: [...records.safe, ...stages.safe],
      destructive: [...records.destructive, ...stages.destructive],
      changed: [...records.changed, ...stages.changed],
    }
  }

  async #nextLoadId(): Promise<number> {
    const [row] = await this.#connection.query(
      `SELECT CAST(nextval('${LOAD_SEQUENCE}') AS INTEGER) AS load_id`,
    )
    return Number(row!['load_id'])
  }

  async #stageRows(loadId: number): Promise<StagedRows> {
    const { slice, tables } = this.#slice
    const { signal, maxIssues } = this.#options
    const { bulk, batchRows } = this.#connection.capabilities
    const arrays = poolOf(this.#options.destination, bulk === 'tuples')
    const stage = await this.#connection.openStage({
      loadId,
      slice,
      tables,
      arrays,
      ...(signal === undefined ? {} : { signal }),
    })
    this.#stage = stage
    const contract = contractOf(this.#slice, this.#options)
    const hasher = new BatchHasher({ loadId, slice, contract, bulk, arrays })
    const byName = new Map(tables.map((table) => [table.name, table]))
    const content = this.#slice.fingerprint === null ? new ContentFingerprint() : null
    const issues = new IssueCounter(maxIssues)
    const given = new Map<string, { rows: number; withheld: number }>()
    const reading = this.#slice.read({ batchRows, ...(signal === undefined ? {} : { signal }) })
    using progress = new ReadingProgress(this.#key, reading, issues, this.#options.onProgress)
    for await (const batch of reading) {
      signal?.throwIfAborted()
      const table = byName.get(batch.table)
      if (table === undefined) {
        throw new TypeError(
          `the source gave rows of "${batch.table}", which is not among its tables`,
        )
      }
      const hashed = await hasher.hash(table, batch)
      content?.add(table.name, hashed.hashes, hashed.rowCount, hashed.byteCount)
      issues.add(hashed.issues)
      await stage.writeIssues(hashed.issues)
      if (hashed.rows !== null) await stage.write(hashed.rows)
      const counts = given.get(table.name) ?? { rows: 0, withheld: 0 }
      given.set(table.name, {
        rows: counts.rows + hashed.rowCount + hashed.withheld,
        withheld: counts.withheld + hashed.withheld,
      })
      progress.add(hashed.rowCount)
    }
    progress.finish()
    const rowCount = progress.rows
    const stagedAt = Date.now()
    this.#options.onProgress({ kind: 'storing', slice: this.#key, rows: rowCount })
    const accounting = reading.accounting()
    issues.checkShare(accounting.reduce((sum, { records }) => sum + records, 0))
    const written = await stage.finish()
    this.#stage = null
    const tableCounts = reconcile(accounting, given, written)
    const fingerprint = this.#slice.fingerprint ?? content!.finish()
    const files = reading.files?.() ?? this.#slice.files
    return { stagedAt, rowCount, files, tableCounts, issues, fingerprint }
  }

  async #commit(
    loadId: number,
    staged: StagedRows,
    committed: readonly LoadRecord[],
    victims: readonly LoadRecord[],
  ): Promise<SliceResult> {
    const { source, disposition, onProgress } = this.#options
    const { tables, provenance, state } = this.#slice
    const aside = disposition === 'merge' ? committed : victims
    if (aside.length > 0) {
      onProgress({ kind: 'replacing', slice: this.#key, rows: rowsOf(aside) })
    }
    const replacements: ReadonlyMap<string, Replacement> =
      disposition === 'merge'
        ? await merge(this.#connection, loadId, tables, committed)
        : await supersede(this.#connection, loadId, tables, victims)
    onProgress({ kind: 'committing', slice: this.#key, rows: staged.rowCount })
    const finishedAt = new Date()
    const manifest: LoadManifest = {
      loadId,
      status: 'committed',
      source: { kind: source.kind, name: source.name },
      slice: this.#key,
      disposition,
      contract: contractOf(this.#slice, this.#options),
      fingerprint: staged.fingerprint,
      spec: provenance.spec,
      specRevision: provenance.specRevision,
      producedBy: `${provenance.producedBy}, @crimewh/loader ${PACKAGE_VERSION}`,
      files: staged.files,
      tables: staged.tableCounts.map((counts) => ({
        ...counts,
        ...(counts.table === null ? {} : replacementOf(replacements, counts.table, counts.staged)),
      })),
      issueCount: staged.issues.count,
      issues: staged.issues.byCode,
      supersedes: victims.map((victim) => victim.loadId),
      startedAt: this.#startedAt.toISOString(),
      finishedAt: finishedAt.toISOString(),
      timingsMs: {
        staging: staged.stagedAt - this.#startedAt.getTime(),
        commit: finishedAt.getTime() - staged.stagedAt,
      },
    }
    await writeRecord(this.#connection, source.kind, manifest, state)
    await this.#connection.commit()
    const warnings = leftOut(this.#slice)
    return { slice: this.#key, status: 'loaded', loadId, manifest, plan: null, warnings }
  }
}

interface StagedRows {
  readonly stagedAt: number
  readonly rowCount: number
  readonly files: readonly SourceFile[]
  readonly tableCounts: readonly TableCounts[]
  readonly issues: IssueCounter
  readonly fingerprint: Fingerprint
}
