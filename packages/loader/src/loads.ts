import {
  type LoadRecord,
  type PurgedLoads,
  purgeRecords,
  readLoads,
  requireLoad,
} from './catalog.js'
import type { Connection, Destination } from './destinations/contract.js'
import { type RemovedLoad, removeRecord } from './removal.js'

/** Options of calls that look at or change loads. */
export interface LoadsOptions {
  /** Milliseconds to wait for another loader. Default 0: fail and name it. */
  readonly lockWaitMs?: number
  readonly signal?: AbortSignal
}

/** Options of {@link removeLoad}. */
export interface RemoveLoadOptions extends LoadsOptions {
  /** Takes the load away although what would come back was purged. Default false. */
  readonly force?: boolean
}

/** All loads a destination remembers, oldest first; none where nothing was ever loaded. */
export async function listLoads(
  destination: Destination,
  { signal, lockWaitMs = 0 }: LoadsOptions = {},
): Promise<readonly LoadRecord[]> {
  const connection = await destination.connect({
    readOnly: true,
    lockWaitMs,
    ...(signal === undefined ? {} : { signal }),
  })
  if (connection === null) return []
  await using open = connection
  return await readLoads(open)
}

/**
 * The states of the current loads of a source kind, by slice (`force=btp month=2024-01`): what
 * decides whether something new is published.
 */
export async function readStates(
  destination: Destination,
  sourceKind: string,
  options: LoadsOptions = {},
): Promise<ReadonlyMap<string, Readonly<Record<string, string>>>> {
  const loads = await listLoads(destination, options)
  return new Map(
    loads
      .filter((load) => load.status === 'committed' && load.sourceKind === sourceKind)
      .map(({ manifest, state }) => [manifest.slice, state ?? {}]),
  )
}

/**
 * Takes a load away as if it had never been: the rows whose place it took are current again.
 *
 * Rows that were purged cannot come back: a current load that took their place, or a merge that put
 * them aside, is only removed with `force`. Removing a superseded load changes nothing that is seen,
 * unless it had taken the place of more than the load that came after it.
 *
 * @throws {DestinationError} LOAD_NOT_FOUND, DESTINATION_LOCKED; REMOVE_CONFLICT naming the later loads
 *   that have to be removed first, for they would have met other rows without this one, or the purged
 *   loads or the number of purged rows that cannot come back
 */
export async function removeLoad(
  destination: Destination,
  loadId: number,
  { force = false, ...options }: RemoveLoadOptions = {},
): Promise<RemovedLoad> {
  // Looked up first, so that a name typed wrong makes no new database.
  requireLoad(await listLoads(destination, options), loadId)
  return change(destination, `remove load ${loadId}`, options, async (connection) => {
    requireLoad(await readLoads(connection), loadId)
    return removeRecord(connection, loadId, { force })
  })
}

/**
 * Drops the rows of all superseded loads for good. Their load records stay, as `purged`. So are rows
 * that merges put aside, which `purgedRows` in the manifest of the merge then counts.
 *
 * @throws {DestinationError} DESTINATION_LOCKED
 */
export async function purgeLoads(
  destination: Destination,
  options: LoadsOptions = {},
): Promise<PurgedLoads> {
  if ((await listLoads(destination, options)).length === 0) {
    return { loadIds: [], rows: 0, mergedRows: 0 }
  }
  return change(destination, 'purge superseded loads', options, purgeRecords)
}

/** Runs `work` in one transaction that keeps loaders of every source kind there is away. */
async function change<Result>(
  destination: Destination,
  purpose: string,
  { lockWaitMs = 0, signal }: LoadsOptions,
  work: (connection: Connection) => Promise<Result>,
): Promise<Result> {
  const connection = await destination.connect({
    lockWaitMs,
    ...(signal === undefined ? {} : { signal }),
  })
  await using open = connection!
  const kinds = new Set((await readLoads(open)).map(({ sourceKind }) => sourceKind))
  try {
    await open.begin({
      sourceKinds: [...kinds].sort(),
      slice: null,
      purpose,
      waitMs: lockWaitMs,
      onWait: () => undefined,
      ...(signal === undefined ? {} : { signal }),
    })
    const result = await work(open)
    await open.commit()
    return result
  } catch (error) {
    await open.rollback()
    throw error
  }
}
