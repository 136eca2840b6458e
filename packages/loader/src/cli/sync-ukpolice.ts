import type { Month, PoliceClient } from '@ukpolice/client'
import type { Destination } from '../destinations/contract.js'
import {
  apiKind,
  archiveKind,
  type LoadedSlice,
  planPublished,
  planSync,
  type PublishedPlan,
  UKPOLICE_DATASETS,
  type UkPoliceDataset,
} from '../sources/index.js'
import type { CommandContext, CommandEnd } from './context.js'
import { destinationOf } from './destination.js'
import { answers, type DatasetResult, manyEnd, sourceMaker, tellLate } from './load-ukpolice.js'
import { loadedSlices } from './loaded-slices.js'
import { count, shortList } from './render.js'
import { runMany } from './run-load.js'
import { ARCHIVED_AS, clientOf, datasetsOf, rangeOf, refuseReplace } from './ukpolice-range.js'

const RECHECK_MONTHS = 12

/**
 * `crimewh sync ukpolice`: what is newly published, made to run daily.
 *
 * A day without news costs five requests. Data sets and forces are those that the destination has,
 * unless they are given; an empty destination gets everything. A force counts for every data set
 * once one has it, so that it may be late. The first month is that of the data set. Load records do
 * not tell whether all forces were meant, so what is published and left out is told. So is a force
 * that the service has dropped from its list, which is an error only for one who names it; and so
 * are months that came and went since the last run.
 */
export async function syncUkPolice(context: CommandContext): Promise<CommandEnd> {
  const { command, terminal } = context
  refuseReplace(command)
  const destination = destinationOf(command)
  const client = clientOf(command)
  const loaded = new Map<UkPoliceDataset, readonly LoadedSlice[]>()
  for (const dataset of UKPOLICE_DATASETS) {
    const slices = await loadedSlices(destination, [apiKind(dataset)], context)
    if (slices.length > 0) loaded.set(dataset, slices)
  }
  const isDefault = command.datasets.length === 0 && loaded.size > 0
  const datasets = isDefault ? [...loaded.keys()] : datasetsOf(command)
  const leftOut = isDefault ? UKPOLICE_DATASETS.filter((dataset) => !loaded.has(dataset)) : []
  if (leftOut.length > 0) {
    const options = leftOut.map((dataset) => ` --dataset ${dataset}`).join('')
    terminal.note(
      `left out, never loaded: ${leftOut.join(', ')}; load once with "load ukpolice${options}"`,
    )
  }
  const results: SyncResult[] = []
  for (const dataset of datasets) {
    results.push(await syncDataset({ context, client, destination, dataset, loaded }))
  }
  const end = manyEnd(results)
  const changes = results.flatMap(({ slices }) =>
    slices.filter(({ status }) => status !== 'skipped'),
  )
  const failures = results.some(({ failed }) => failed.length > 0)
  const status = failures ? 'failed' : changes.length > 0 ? changes[0]!.status : 'nothing new'
  if (status === 'nothing new') terminal.note('nothing new')
  return { ...end, json: { status, leftOutDatasets: leftOut, ...(end.json as object) } }
}

interface SyncResult extends DatasetResult {
  /** Forces that have published a month of the range and of which nothing was ever loaded. */
  readonly leftOutForces: readonly string[]
  /** Forces of the destination that the service no longer lists; what is loaded of them stays. */
  readonly unlistedForces: readonly string[]
  /** Months since the first that is loaded which are neither loaded nor listed by the service. */
  readonly unlistedMonths: readonly Month[]
}

interface DatasetSync {
  readonly context: CommandContext
  readonly client: PoliceClient
  readonly destination: Destination
  readonly dataset: UkPoliceDataset
  readonly loaded: ReadonlyMap<UkPoliceDataset, readonly LoadedSlice[]>
}

async function syncDataset(sync: DatasetSync): Promise<SyncResult> {
  const { context, client, destination, dataset, loaded } = sync
  const { command, terminal, signal } = context
  const own = loaded.get(dataset) ?? []
  // A data set that is new to the warehouse begins with the forces and months of the others.
  const all = [...loaded.values()].flat()
  const range = {
    ...(all.length === 0 ? {} : { forces: forcesOf(all, own, dataset) }),
    ...sinceOf(own.length > 0 ? own : all),
    ...rangeOf(command),
  }
  const areForcesGiven = command.policeForces.length > 0
  const plan = await planPublished(client, {
    dataset,
    ...range,
    unlistedForces: areForcesGiven ? 'refuse' : 'leave-out',
    signal,
  })
  const recheckMonths = command.whole('recheck', 0, 1200) ?? RECHECK_MONTHS
  const { fresh, recheck } = planSync(plan, own, recheckMonths)
  tellLate(context, plan.late)
  const { unlistedForces } = plan
  if (unlistedForces.length > 0) {
    terminal.note(
      `${dataset}: no longer listed by the service, so not asked for: ${shortList(unlistedForces)}; what is loaded stays as it is`,
    )
  }
  const unlistedMonths = await missedMonths(sync, plan)
  if (unlistedMonths.length > 0) {
    terminal.note(
      `${dataset}: neither loaded nor published by the API: ${shortList(unlistedMonths)}; look in the bulk archive, with "load ukpolice-archive"`,
    )
  }
  const leftOutForces = areForcesGiven ? [] : plan.otherForces
  if (leftOutForces.length > 0) {
    const since = range.since === undefined ? '' : ` --since ${range.since}`
    terminal.note(
      `${dataset}: left out, never loaded: ${shortList(leftOutForces)}; to have one, load it once with "load ukpolice --dataset ${dataset} --police-force ${leftOutForces[0]!}${since}"`,
    )
  }
  if (fresh.length + recheck.length > 0) {
    terminal.note(
      `${dataset}: ${count(fresh.length)} newly published, ${count(recheck.length)} to check again`,
    )
  }
  const todo = [...fresh, ...recheck]
  const many = await runMany(context, {
    items: todo,
    sourceOf: sourceMaker(client, dataset, null),
    destination,
    isThere: () => answers(client, signal),
  })
  return {
    dataset,
    ...many,
    upToDate: plan.published.length - todo.length,
    late: plan.late,
    leftOutForces,
    unlistedForces,
    unlistedMonths,
  }
}

/**
 * Months that came and went between two runs, or that the service lacks amid those it has.
 *
 * A month of which the destination has anything of the data set counts as loaded, from the bulk
 * archive too, so that who follows the advice is not told again.
 */
async function missedMonths(
  { context, destination, dataset, loaded }: DatasetSync,
  { unlistedMonths, lastUpdated }: PublishedPlan,
): Promise<readonly Month[]> {
  const hasMonth = (slices: readonly LoadedSlice[], month: Month) =>
    slices.some((slice) => slice.month === month)
  const own = loaded.get(dataset) ?? []
  // A month after the last update is one to come.
  const missing = unlistedMonths.filter((month) => month <= lastUpdated && !hasMonth(own, month))
  if (missing.length === 0) return []
  const archived = await loadedSlices(destination, [archiveKind(ARCHIVED_AS[dataset])], context)
  return missing.filter((month) => !hasMonth(archived, month))
}

function forcesOf(
  loaded: readonly LoadedSlice[],
  own: readonly LoadedSlice[],
  dataset: UkPoliceDataset,
): readonly string[] {
  const forces = [...new Set(loaded.map(({ force }) => force))].toSorted()
  // British Transport Police publishes stops only, unless somebody wants its empty months of crimes.
  const withBtp = dataset === 'stops' || own.some(({ force }) => force === 'btp')
  return withBtp ? forces : forces.filter((force) => force !== 'btp')
}

function sinceOf(loaded: readonly LoadedSlice[]): { since?: Month } {
  const [since] = loaded.map(({ month }) => month).toSorted()
  return since === undefined ? {} : { since }
}
