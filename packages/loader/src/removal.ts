import {
  columnList,
  isKept,
  loadAround,
  type LoadRecord,
  loadsWithin,
  notePurgedRows,
  readLoads,
  requireLoad,
  sliceOf,
} from './catalog.js'
import type { Connection } from './destinations/contract.js'
import { DestinationError } from './errors.js'
import type { RowsOfLoad } from './load-result.js'
import { quoteName } from './schema/ddl.js'
import { supersededName } from './schema/stage-columns.js'

/** What `removeLoad` did. */
export interface RemovedLoad {
  readonly loadId: number
  /** Loads whose rows are current again. */
  readonly restored: readonly number[]
  /** Rows taken away, and rows that came back. */
  readonly removedRows: number
  readonly restoredRows: number
}

/** Options of {@link removeRecord}. */
export interface RemoveRecordOptions {
  /** Takes a load away although rows that would come back were purged. */
  readonly force: boolean
}

/**
 * Takes a load away as if it had never been: rows whose place it took come back, unless a later load
 * takes their place then.
 *
 * @throws {DestinationError} LOAD_NOT_FOUND; REMOVE_CONFLICT, before anything is changed
 */
export async function removeRecord(
  connection: Connection,
  loadId: number,
  { force }: RemoveRecordOptions,
): Promise<RemovedLoad> {
  const loads = await readLoads(connection)
  const load = requireLoad(loads, loadId)
  const removal = planRemoval(loads, load)
  if (!force) {
    requireUnpurged(loads, load)
    requireUnpurgedRows(loads, load, removal)
  }
  removal.requireUncovered()
  const stages = load.manifest.tables.flatMap(({ table }) => table ?? [])
  const owners = new Map<string, readonly number[]>()
  for (const stage of stages) {
    const rows = await connection.query(
      `SELECT DISTINCT load_id FROM ${quoteName(supersededName(stage))} WHERE superseded_by = ${loadId}`,
    )
    const ids = rows.map((row) => Number(row['load_id']))
    for (const owner of ids) removal.requireClear(owner, stage)
    owners.set(stage, ids)
  }
  let [removedRows, restoredRows] = [0, 0]
  for (const stage of stages) {
    const [table, kept] = [quoteName(stage), quoteName(supersededName(stage))]
    removedRows += await connection.remove(stage, `load_id = ${loadId}`)
    removedRows += await connection.remove(supersededName(stage), `load_id = ${loadId}`)
    const columns = await columnList(connection, stage)
    for (const owner of owners.get(stage)!) {
      const where = `superseded_by = ${loadId} AND load_id = ${owner}`
      const heir = removal.heirOf(owner)
      if (heir !== null) {
        await connection.query(`UPDATE ${kept} SET superseded_by = ${heir} WHERE ${where}`)
        continue
      }
      await connection.query(
        `INSERT INTO ${table} (${columns}) SELECT ${columns} FROM ${kept} WHERE ${where}`,
      )
      restoredRows += await connection.remove(supersededName(stage), where)
    }
  }
  await handOnPurgedRows(connection, loads, load, removal)
  for (const table of ['crimewh_issue', 'crimewh_load_table', 'crimewh_load']) {
    await connection.query(`DELETE FROM ${table} WHERE load_id = ${loadId}`)
  }
  const restored: number[] = []
  for (const replaced of loads.filter(({ supersededBy }) => supersededBy === loadId)) {
    const heir = isKept(replaced) ? removal.heirOf(replaced.loadId) : load.supersededBy
    const isRestored = isKept(replaced) && heir === null
    if (isRestored) restored.push(replaced.loadId)
    await connection.query(
      `UPDATE crimewh_load SET superseded_by = ${heir ?? 'NULL'}${isRestored ? ", status = 'committed'" : ''}
        WHERE load_id = ${replaced.loadId}`,
    )
  }
  return { loadId, restored, removedRows, restoredRows }
}

/**
 * Makes sure that what a current load took the place of is still there to come back.
 *
 * @throws {DestinationError} REMOVE_CONFLICT
 */
function requireUnpurged(loads: readonly LoadRecord[], { loadId, status }: LoadRecord): void {
  if (status !== 'committed') return
  const purged = loads
    .filter((load) => load.supersededBy === loadId && load.status === 'purged')
    .map((load) => load.loadId)
  if (purged.length === 0) return
  const [names, were] =
    purged.length === 1 ? [`load ${purged[0]}`, 'was'] : [`loads ${purged.join(', ')}`, 'were']
  throw new DestinationError(
    'REMOVE_CONFLICT',
    `load ${loadId} took the place of ${names}, which ${were} purged and cannot come back: nothing would be left in that place; take it away all the same with force (--force), or load what should be there instead`,
    { loadId },
  )
}

/**
 * Makes sure that the single rows a merge put aside are still there to come back.
 *
 * Rows do not have to where their own load is gone, or where a later one takes its place.
 *
 * @throws {DestinationError} REMOVE_CONFLICT
 */
function requireUnpurgedRows(
  loads: readonly LoadRecord[],
  { loadId, manifest }: LoadRecord,
  removal: Removal,
): void {
  const current = loads.filter(
    (load) => load.status !== 'purged' && removal.heirOf(load.loadId) === null,
  )
  const lost = (manifest.purgedRows ?? []).filter((rows) =>
    current.some((load) => load.loadId === rows.loadId),
  )
  if (lost.length === 0) return
  const count = lost.reduce((sum, { rows }) => sum + rows, 0)
  const [rows, were, they] = count === 1 ? ['row', 'was', 'it'] : ['rows', 'were', 'they']
  const owners = `load${lost.length === 1 ? '' : 's'} ${lost.map((rows) => rows.loadId).join(', ')}`
  throw new DestinationError(
    'REMOVE_CONFLICT',
    `load ${loadId} put ${count} ${rows} of ${owners} aside, which ${were} purged and cannot come back, as ${they} would have to; take it away all the same with force (--force), or load what should be there instead`,
    { loadId },
  )
}

/** Leaves the note of purged rows to the loads that take the place of their owners then. */
async function handOnPurgedRows(
  connection: Connection,
  loads: readonly LoadRecord[],
  { manifest }: LoadRecord,
  removal: Removal,
): Promise<void> {
  const byHeir = new Map<number, RowsOfLoad[]>()
  for (const rows of manifest.purgedRows ?? []) {
    const heir = removal.heirOf(rows.loadId)
    if (heir !== null) byHeir.set(heir, [...(byHeir.get(heir) ?? []), rows])
  }
  for (const [heir, rows] of byHeir) {
    await notePurgedRows(connection, requireLoad(loads, heir), rows)
  }
}

/** What becomes of rows whose place a load took, once that load had never been. */
interface Removal {
  /** The later load that takes the place of a load then; null when that load is current. */
  heirOf(loadId: number): number | null
  /**
   * Makes sure that rows of a load, put aside by the one that is removed, can be told to come back
   * or to stay away.
   *
   * @throws {DestinationError} REMOVE_CONFLICT when a later merge decided on rows it did not see
   */
  requireClear(owner: number, table: string): void
  /** @throws {DestinationError} REMOVE_CONFLICT when a later load could not have been loaded then */
  requireUncovered(): void
}

/**
 * Goes through the loads of its source kind again without one of them.
 *
 * Purged loads play no part: whatever they took the place of is gone with them.
 *
 * @param loads all loads there are, by id, which is their order in time
 */
function planRemoval(loads: readonly LoadRecord[], removed: LoadRecord): Removal {
  const kept = loads.filter(
    ({ sourceKind, status }) => sourceKind === removed.sourceKind && status !== 'purged',
  )
  const others = kept.filter(({ loadId }) => loadId !== removed.loadId)
  const { heirs, covered } = replay(others)
  const merges = others.filter(
    ({ loadId, manifest }) => manifest.disposition === 'merge' && loadId > removed.loadId,
  )
  const heirOf = (loadId: number) => heirs.get(loadId) ?? null
  return {
    heirOf,
    requireClear(owner, table) {
      const end = heirOf(owner) ?? Infinity
      const later = merges
        .filter(({ manifest }) => manifest.tables.some((counts) => counts.table === table))
        .map(({ loadId }) => loadId)
        .filter((loadId) => loadId < end)
      if (later.length === 0) return
      throw conflict(
        removed.loadId,
        later,
        `it put rows of load ${owner} in ${table} aside, and what was merged later might have taken their place as well`,
      )
    },
    requireUncovered() {
      const already = replay(kept).covered
      for (const [loadId, around] of covered) {
        if (already.has(loadId)) continue
        throw conflict(
          removed.loadId,
          [loadId],
          `load ${around} would be current again and hold rows of the same slice as load ${loadId}`,
        )
      }
    },
  }
}

function conflict(loadId: number, later: readonly number[], reason: string): DestinationError {
  const names = later.length === 1 ? `load ${later[0]}` : `loads ${later.join(', ')}`
  return new DestinationError(
    'REMOVE_CONFLICT',
    `load ${loadId} cannot be taken away exactly: ${reason}; remove ${names} first, the newest before the others`,
    { loadId },
  )
}

interface History {
  /** Who took a load's place, for loads that are not current at the end. */
  readonly heirs: ReadonlyMap<number, number>
  /** Loads that would have been refused, with the load that holds their slice and more. */
  readonly covered: ReadonlyMap<number, number>
}

function replay(loads: readonly LoadRecord[]): History {
  const current = new Map<number, LoadRecord>()
  const heirs = new Map<number, number>()
  const covered = new Map<number, number>()
  for (const load of loads) {
    const { loadId, manifest } = load
    const all = [...current.values()]
    let victims: readonly LoadRecord[] = []
    if (manifest.disposition === 'replace') victims = all
    if (manifest.disposition === 'replace-slice') {
      const slice = sliceOf(manifest.slice)
      victims = loadsWithin(all, slice)
      const around = loadAround(all, slice)
      if (around !== undefined) covered.set(loadId, around.loadId)
    }
    for (const victim of victims) {
      heirs.set(victim.loadId, loadId)
      current.delete(victim.loadId)
    }
    current.set(loadId, load)
  }
  return { heirs, covered }
}
