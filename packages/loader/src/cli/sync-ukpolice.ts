import type { Month, PoliceClient } from '@ukpolice/client'
import type { Destination } from '../destinations/contract.js'
import {
  apiKind,
  type LoadedSlice,
  planPublished,
  planSync,
  UKPOLICE_DATASETS,
  type UkPoliceDataset,
} from '../sources/index.js'
import type { CommandContext, CommandEnd } from './context.js'
import { destinationOf } from './destination.js'
import { type DatasetResult, datasetsEnd, sourceMaker, tellLate } from './load-ukpolice.js'
import { loadedSlices } from './loaded-slices.js'
import { count } from './render.js'
import { runMany } from './run-load.js'
import { clientOf, datasetsOf, rangeOf, refuseReplace } from './ukpolice-range.js'

const RECHECK_MONTHS = 12

/**
 * `crimewh sync ukpolice`: what is newly published, made to run daily.
 *
 * A day without news costs five requests. Data sets, forces and first month are those that the
 * destination has, unless they are given; an empty destination gets everything.
 */
export async function syncUkPolice(context: CommandContext): Promise<CommandEnd> {
  const { command, terminal, signal } = context
  refuseReplace(command)
  const destination = destinationOf(command)
  const client = clientOf(command)
  const loaded = new Map<UkPoliceDataset, readonly LoadedSlice[]>()
  for (const dataset of UKPOLICE_DATASETS) {
    const slices = await loadedSlices(destination, apiKind(dataset), signal)
    if (slices.length > 0) loaded.set(dataset, slices)
  }
  const isDefault = command.datasets.length === 0 && loaded.size > 0
  const datasets = isDefault ? [...loaded.keys()] : datasetsOf(command)
  const results: DatasetResult[] = []
  for (const dataset of datasets) {
    results.push(await syncDataset({ context, client, destination, dataset, loaded }))
  }
  const end = datasetsEnd(results)
  const changes = results.flatMap(({ slices }) =>
    slices.filter(({ status }) => status !== 'skipped'),
  )
  const failures = results.some(({ failed }) => failed.length > 0)
  const status = failures ? 'failed' : changes.length > 0 ? changes[0]!.status : 'nothing new'
  if (status === 'nothing new') terminal.note('nothing new')
  return { ...end, json: { status, ...(end.json as object) } }
}

interface DatasetSync {
  readonly context: CommandContext
  readonly client: PoliceClient
  readonly destination: Destination
  readonly dataset: UkPoliceDataset
  readonly loaded: ReadonlyMap<UkPoliceDataset, readonly LoadedSlice[]>
}

async function syncDataset(sync: DatasetSync): Promise<DatasetResult> {
  const { context, client, destination, dataset, loaded } = sync
  const { command, terminal, signal } = context
  const own = loaded.get(dataset) ?? []
  // A data set that is new to the warehouse begins with the forces and months of the others.
  const like = own.length > 0 ? own : [...loaded.values()].flat()
  const range = { ...rangeOfLoaded(like, dataset), ...rangeOf(command) }
  const plan = await planPublished(client, { dataset, ...range, signal })
  const recheckMonths = command.whole('recheck', 0, 1200) ?? RECHECK_MONTHS
  const { fresh, recheck } = planSync(plan, own, recheckMonths)
  tellLate(context, plan.late)
  if (fresh.length + recheck.length > 0) {
    terminal.note(
      `${dataset}: ${count(fresh.length)} newly published, ${count(recheck.length)} to check again`,
    )
  }
  const todo = [...fresh, ...recheck]
  const many = await runMany(context, todo, sourceMaker(client, dataset, null), destination)
  return {
    dataset,
    ...many,
    upToDate: plan.published.length - todo.length,
    late: plan.late,
  }
}

function rangeOfLoaded(
  loaded: readonly LoadedSlice[],
  dataset: UkPoliceDataset,
): { forces?: readonly string[]; since?: Month } {
  const [first] = loaded.map(({ month }) => month).toSorted()
  const forces = [...new Set(loaded.map(({ force }) => force))].toSorted()
  // British Transport Police publishes no outcomes.
  const possible = dataset === 'outcomes' ? forces.filter((force) => force !== 'btp') : forces
  return first === undefined ? {} : { forces: possible, since: first }
}
