import type { Connection, SqlValue } from './destinations/contract.js'
import { DestinationError, OptionError } from './errors.js'
import type { LoadManifest, RowsOfLoad, TableCounts } from './load-result.js'
import { quoteName } from './schema/ddl.js'
import { stageName, supersededName } from './schema/stage-columns.js'
import { covers, type Slice, sliceKey, type TableSchema } from './schema/table-schema.js'

/** One load as the destination remembers it. */
export interface LoadRecord {
  readonly loadId: number
  /** `committed`: its rows are the current ones; `superseded`: kept until `loads purge`. */
  readonly status: 'committed' | 'superseded' | 'purged'
  readonly supersededBy: number | null
  readonly sourceKind: string
  /** Facts kept with the load, such as when the service last published. */
  readonly state: Readonly<Record<string, string>> | null
  readonly manifest: LoadManifest
}

/** True when anything was ever loaded. */
export async function hasRecords(connection: Connection): Promise<boolean> {
  return (await connection.columnsOf(['crimewh_load'])).size > 0
}

/** Loads by id; an empty list where nothing was ever loaded. */
export async function readLoads(
  connection: Connection,
  sourceKind?: string,
): Promise<readonly LoadRecord[]> {
  if (!(await hasRecords(connection))) return []
  const rows = await connection.query(
    `SELECT load_id, status, superseded_by, source_kind, state, manifest FROM crimewh_load
      ${sourceKind === undefined ? '' : 'WHERE source_kind = $1'} ORDER BY load_id`,
    sourceKind === undefined ? [] : [sourceKind],
  )
  return rows.map((row) => {
    const status = row['status'] as LoadRecord['status']
    const manifest = JSON.parse(String(row['manifest'])) as LoadManifest
    return {
      loadId: Number(row['load_id']),
      status,
      supersededBy: row['superseded_by'] === null ? null : Number(row['superseded_by']),
      sourceKind: String(row['source_kind']),
      state:
        row['state'] === null ? null : (JSON.parse(String(row['state'])) as LoadRecord['state']),
      manifest: { ...manifest, status },
    }
  })
}

/** The slice a load was for, from its text. */
export function sliceOf(text: string): Slice {
  return text.split(' ').map((part) => {
    const at = part.indexOf('=')
    const value = part.slice(at + 1)
    return { name: part.slice(0, at), type: 'text', value: value === '*' ? null : value }
  })
}

/** Loads in `loads` whose slice lies within `slice`. */
export function loadsWithin(loads: readonly LoadRecord[], slice: Slice): readonly LoadRecord[] {
  const outer = sliceOf(sliceKey(slice))
  return loads.filter(({ manifest }) => covers(outer, sliceOf(manifest.slice)))
}

/**
 * Makes sure that a load is in as it was committed, before another one is skipped because of it.
 *
 * Where a merge has put rows aside one by one, and a purge may have dropped them, counts tell
 * nothing.
 *
 * @param committed all loads of its source kind that count
 * @throws {DestinationError} DESTINATION_COUNTS when something else took rows away or added some
 */
export async function requireRows(
  connection: Connection,
  { loadId, manifest }: LoadRecord,
  committed: readonly LoadRecord[],
): Promise<void> {
  if (committed.some((load) => load.manifest.disposition === 'merge')) return
  const tables = manifest.tables.flatMap(({ table, staged }) =>
    table === null ? [] : [{ table, staged }],
  )
  const existing = await connection.columnsOf(tables.map(({ table }) => table))
  for (const { table, staged } of tables) {
    const found = existing.has(table)
      ? await countRows(connection, quoteName(table), `load_id = ${loadId}`)
      : 0
    if (found === staged) continue
    throw new DestinationError(
      'DESTINATION_COUNTS',
      `load ${loadId} put ${staged} rows into ${table}, and ${found} are there: something else changed the table; load again with force (--force) to put them back`,
      { table, loadId },
    )
  }
}

/** A load whose slice holds `slice` and more, if there is one. */
export function loadAround(loads: readonly LoadRecord[], slice: Slice): LoadRecord | undefined {
  const key = sliceKey(slice)
  return loads.find(
    ({ manifest }) => manifest.slice !== key && covers(sliceOf(manifest.slice), sliceOf(key)),
  )
}

/** Rows that a load took the place of, by stage name. */
export interface Replacement {
  readonly replaced: number
  readonly removed: number
  readonly added: number
}

const NOTHING_REPLACED: Replacement = { replaced: 0, removed: 0, added: 0 }

/**
 * Puts the rows of earlier loads aside, for the new load to take their place.
 *
 * @returns what was replaced, by stage name
 */
export async function supersede(
  connection: Connection,
  loadId: number,
  tables: readonly TableSchema[],
  victims: readonly LoadRecord[],
): Promise<ReadonlyMap<string, Replacement>> {
  const replacements = new Map<string, Replacement>()
  if (victims.length === 0) return replacements
  const ids = victims.map((victim) => victim.loadId).join(', ')
  for (const table of tables) {
    const stage = stageName(table)
    const where = `load_id IN (${ids})`
    const counts = await compare(connection, stage, loadId, where)
    await moveAway(connection, stage, loadId, where)
    replacements.set(stage, counts)
  }
  await connection.query(
    `UPDATE crimewh_load SET status = 'superseded', superseded_by = ${loadId} WHERE load_id IN (${ids})`,
  )
  return replacements
}

/**
 * Puts the rows aside whose keys the new load has again.
 *
 * @throws {DestinationError} DESTINATION_ROW when a key is twice in the new load
 */
export async function merge(
  connection: Connection,
  loadId: number,
  tables: readonly TableSchema[],
  committed: readonly LoadRecord[],
): Promise<ReadonlyMap<string, Replacement>> {
  const replacements = new Map<string, Replacement>()
  for (const table of tables) {
    const stage = stageName(table)
    const key = table.key!.map(quoteName)
    const [twice] = await connection.query(
      `SELECT count(*) AS keys FROM (SELECT ${key.join(', ')} FROM ${quoteName(stage)}
        WHERE load_id = ${loadId} AND ${key.map((name) => `${name} IS NOT NULL`).join(' AND ')}
        GROUP BY ${key.join(', ')} HAVING count(*) > 1) AS repeated`,
    )
    if (Number(twice!['keys']) > 0) {
      throw new DestinationError(
        'DESTINATION_ROW',
        `${String(twice!['keys'])} keys (${table.key!.join(', ')}) of ${stage} are more than once in this load; merge needs them to be unique, so load with another disposition`,
        { table: stage },
      )
    }
    if (committed.length === 0) continue
    const where = withKeysOf(loadId, table, committed)
    const counts = await compare(connection, stage, loadId, where)
    await moveAway(connection, stage, loadId, where)
    replacements.set(stage, counts)
  }
  return replacements
}

/** Rows of `others` that have a key of a load, as a condition. */
function withKeysOf(loadId: number, table: TableSchema, others: readonly LoadRecord[]): string {
  const stage = quoteName(stageName(table))
  const ids = others.map((load) => load.loadId).join(', ')
  const same = table.key!.map((name) => `n.${quoteName(name)} = ${stage}.${quoteName(name)}`)
  return `load_id IN (${ids}) AND EXISTS (SELECT 1 FROM ${stage} AS n
    WHERE n.load_id = ${loadId} AND ${same.join(' AND ')})`
}

/**
 * True when to merge the content of a load once more would change nothing that is seen: its rows are
 * all there, and no other row has a key of theirs.
 *
 * @param committed all loads of its source kind that count
 */
export async function isMerged(
  connection: Connection,
  { loadId, manifest }: LoadRecord,
  tables: readonly TableSchema[],
  committed: readonly LoadRecord[],
): Promise<boolean> {
  const others = committed.filter((load) => load.loadId !== loadId)
  const existing = await connection.columnsOf(tables.map(stageName))
  for (const table of tables) {
    const stage = stageName(table)
    if (!existing.has(stage)) return false
    const count = (where: string) => countRows(connection, quoteName(stage), where)
    const counts = manifest.tables.find((each) => each.table === stage)
    if ((await count(`load_id = ${loadId}`)) !== counts?.staged) return false
    if (others.length === 0) continue
    if ((await count(withKeysOf(loadId, table, others))) > 0) return false
  }
  return true
}

/** Holds the rows about to be replaced against the new ones, equal rows counted as often as they are. */
async function compare(
  connection: Connection,
  stage: string,
  loadId: number,
  where: string,
): Promise<Replacement> {
  const table = quoteName(stage)
  const [row] = await connection.query(
    `SELECT coalesce(sum(before), 0) AS replaced,
            coalesce(sum(CASE WHEN before > after THEN before - after ELSE 0 END), 0) AS removed,
            coalesce(sum(CASE WHEN after > before THEN after - before ELSE 0 END), 0) AS added
       FROM (SELECT sum(old) AS before, sum(new) AS after
               FROM (SELECT row_hash, 1 AS old, 0 AS new FROM ${table} WHERE ${where}
                     UNION ALL
                     SELECT row_hash, 0 AS old, 1 AS new FROM ${table} WHERE load_id = ${loadId})
                    AS rows_of_both
              GROUP BY row_hash) AS hashes`,
  )
  return {
    replaced: Number(row!['replaced']),
    removed: Number(row!['removed']),
    added: Number(row!['added']),
  }
}

async function moveAway(
  connection: Connection,
  stage: string,
  loadId: number,
  where: string,
): Promise<void> {
  const columns = await columnList(connection, stage)
  await connection.query(
    `INSERT INTO ${quoteName(supersededName(stage))} (${columns}, superseded_by)
     SELECT ${columns}, ${loadId} FROM ${quoteName(stage)} WHERE ${where}`,
  )
  await connection.remove(stage, where)
}

/** Columns of a table, for a statement. */
export async function columnList(connection: Connection, table: string): Promise<string> {
  const existing = await connection.columnsOf([table])
  return [...existing.get(table)!.keys()].map(quoteName).join(', ')
}

/** Counts of a table that took no one's place. */
export function replacementOf(
  replacements: ReadonlyMap<string, Replacement>,
  stage: string,
  staged: number,
): Replacement {
  return replacements.get(stage) ?? { ...NOTHING_REPLACED, added: staged }
}

/** Writes the load's own rows. */
export async function writeRecord(
  connection: Connection,
  sourceKind: string,
  manifest: LoadManifest,
  state: Readonly<Record<string, string>> | null,
): Promise<void> {
  const { loadId, fingerprint, source } = manifest
  const values: readonly SqlValue[] = [
    loadId,
    'committed',
    sourceKind,
    source.name,
    manifest.slice,
    manifest.disposition,
    fingerprint.sha256,
    fingerprint.byteCount,
    manifest.spec,
    manifest.specRevision,
    manifest.producedBy,
    manifest.issueCount,
    databaseTime(manifest.startedAt),
    databaseTime(manifest.finishedAt),
    state === null ? null : JSON.stringify(state),
    JSON.stringify(manifest),
  ]
  await connection.query(
    `INSERT INTO crimewh_load (load_id, status, source_kind, source_name, slice, disposition,
       fingerprint_sha256, fingerprint_bytes, spec, spec_revision, produced_by, issue_count,
       started_at, finished_at, state, manifest)
     VALUES (${values.map((_, index) => parameter(index)).join(', ')})`,
    values,
  )
  for (const counts of manifest.tables) await writeCounts(connection, loadId, counts)
}

const TIMESTAMP_PARAMETERS = [12, 13]

function parameter(index: number): string {
  const name = `$${index + 1}`
  return TIMESTAMP_PARAMETERS.includes(index) ? `CAST(${name} AS TIMESTAMP)` : name
}

function databaseTime(iso: string): string {
  return iso.replace('T', ' ').replace('Z', '')
}

async function writeCounts(
  connection: Connection,
  loadId: number,
  counts: TableCounts,
): Promise<void> {
  await connection.query(
    `INSERT INTO crimewh_load_table (load_id, table_name, decoded, staged, joined, withheld,
       not_selected, replaced, removed, added)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    [
      loadId,
      counts.table,
      counts.decoded,
      counts.staged,
      counts.joined,
      counts.withheld,
      counts.notSelected,
      counts.replaced,
      counts.removed,
      counts.added,
    ],
  )
}

/** Puts newer facts with a load whose content did not change. */
export async function writeState(
  connection: Connection,
  loadId: number,
  state: Readonly<Record<string, string>>,
): Promise<void> {
  await connection.query('UPDATE crimewh_load SET state = $1 WHERE load_id = $2', [
    JSON.stringify(state),
    loadId,
  ])
}

/**
 * Refuses a load that would hide tables it does not hold itself.
 *
 * @throws {OptionError} OPTION_CONFLICT
 */
export function requireAllTables(
  tables: readonly TableSchema[],
  victims: readonly LoadRecord[],
): void {
  const names = new Set(tables.map(stageName))
  for (const { loadId, manifest } of victims) {
    for (const { table, staged } of manifest.tables) {
      if (table === null || staged === 0 || names.has(table)) continue
      throw new OptionError(
        'OPTION_CONFLICT',
        `load ${loadId} of ${manifest.slice} holds rows of ${table}, which this load does not; load all tables, or remove load ${loadId} first`,
        { option: 'source' },
      )
    }
  }
}

/** True for a load whose rows wait for `loads purge`. */
export function isKept({ status }: LoadRecord): boolean {
  return status === 'superseded'
}

/** @throws {DestinationError} LOAD_NOT_FOUND */
export function requireLoad(loads: readonly LoadRecord[], loadId: number): LoadRecord {
  const load = loads.find((candidate) => candidate.loadId === loadId)
  if (load !== undefined) return load
  const ids = loads.map((candidate) => candidate.loadId)
  const known = ids.length === 0 ? 'there are none' : `the latest is ${ids.at(-1)}`
  throw new DestinationError(
    'LOAD_NOT_FOUND',
    `there is no load ${loadId} (${known}); list them with crimewh loads list`,
    { loadId },
  )
}

async function countRows(connection: Connection, table: string, where: string): Promise<number> {
  const [row] = await connection.query(`SELECT count(*) AS n FROM ${table} WHERE ${where}`)
  return Number(row!['n'])
}

/** What `purgeLoads` did. */
export interface PurgedLoads {
  /** Loads whose rows are gone for good; they cannot come back. */
  readonly loadIds: readonly number[]
  /** Rows that are gone. */
  readonly rows: number
  /** How many of them merges had put aside one by one; the loads they came with are current still. */
  readonly mergedRows: number
}

/**
 * Notes with a load that rows it put aside are gone, beside those that were noted before.
 *
 * @param more by the load they came with
 */
export async function notePurgedRows(
  connection: Connection,
  { loadId, manifest }: LoadRecord,
  more: readonly RowsOfLoad[],
): Promise<void> {
  const rowsByLoad = new Map<number, number>()
  for (const { loadId: owner, rows } of [...(manifest.purgedRows ?? []), ...more]) {
    rowsByLoad.set(owner, (rowsByLoad.get(owner) ?? 0) + rows)
  }
  const purgedRows: readonly RowsOfLoad[] = [...rowsByLoad]
    .map(([owner, rows]) => ({ loadId: owner, rows }))
    .sort((a, b) => a.loadId - b.loadId)
  // The status of the document is that of the commit; the column has the one of now.
  const written: LoadManifest = { ...manifest, status: 'committed', purgedRows }
  await connection.query('UPDATE crimewh_load SET manifest = $1 WHERE load_id = $2', [
    JSON.stringify(written),
    loadId,
  ])
}

/**
 * Notes with each merge the rows it put aside that are about to be dropped; returns how many.
 *
 * Those of loads that are superseded as a whole need no note: the records of these tell.
 */
async function noteMergedRows(
  connection: Connection,
  loads: readonly LoadRecord[],
  stages: Iterable<string>,
): Promise<number> {
  const merges = loads.filter(({ manifest }) => manifest.disposition === 'merge')
  if (merges.length === 0) return 0
  let mergedRows = 0
  const dropped = new Map<number, RowsOfLoad[]>()
  for (const stage of stages) {
    const found = await connection.query(
      `SELECT kept.superseded_by AS merge_id, kept.load_id, count(*) AS n
         FROM ${quoteName(supersededName(stage))} AS kept
         JOIN crimewh_load AS owner ON owner.load_id = kept.load_id AND owner.status = 'committed'
        GROUP BY kept.superseded_by, kept.load_id`,
    )
    for (const row of found) {
      const merge = Number(row['merge_id'])
      const rows = { loadId: Number(row['load_id']), rows: Number(row['n']) }
      dropped.set(merge, [...(dropped.get(merge) ?? []), rows])
      mergedRows += rows.rows
    }
  }
  for (const merge of merges) {
    const rows = dropped.get(merge.loadId)
    if (rows !== undefined) await notePurgedRows(connection, merge, rows)
  }
  return mergedRows
}

/** Drops all superseded rows. */
export async function purgeRecords(connection: Connection): Promise<PurgedLoads> {
  const loads = await readLoads(connection)
  const stages = new Set(
    loads.flatMap(({ manifest }) => manifest.tables.flatMap(({ table }) => table ?? [])),
  )
  const mergedRows = await noteMergedRows(connection, loads, stages)
  let rows = 0
  for (const stage of stages) {
    rows += await connection.remove(supersededName(stage), 'true')
  }
  await connection.query(`UPDATE crimewh_load SET status = 'purged' WHERE status = 'superseded'`)
  return { loadIds: loads.filter(isKept).map(({ loadId }) => loadId), rows, mergedRows }
}
