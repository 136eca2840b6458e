import type { PoliceClient } from '@ukpolice/client'
import type { Destination } from '../destinations/contract.js'
import {
  apiKind,
  type LoadedSlice,
  planPublished,
  planSync,
  type UkPoliceDataset,
} from '../sources/index.js'
import type { CommandContext, CommandEnd } from './context.js'
import { destinationOf } from './destination.js'
import { type DatasetResult, datasetsEnd, sourceMaker, tellLate } from './load-ukpolice.js'
import { loadedSlices } from './loaded-slices.js'
import { count } from './render.js'
import { runMany } from './run-load.js'
import { clientOf, rangeOf, refuseReplace } from './ukpolice-range.js'

const RECHECK_MONTHS = 12

/**
 * `crimewh sync ukpolice`: what is newly published, made to run daily.
 *
 * A day without news costs five requests. Forces and first month are those that the destination
 * has, unless they are given; an empty destination gets everything.
 */
export async function syncUkPolice(context: CommandContext): Promise<CommandEnd> {
  const { command, terminal } = context
  refuseReplace(command)
  const destination = destinationOf(command)
  const client = clientOf(command)
  const results: DatasetResult[] = []
  for (const dataset of command.datasets) {
    results.push(await syncDataset(context, client, destination, dataset))
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

async function syncDataset(
  context: CommandContext,
  client: PoliceClient,
  destination: Destination,
  dataset: UkPoliceDataset,
): Promise<DatasetResult> {
  const { command, terminal, signal } = context
  const loaded = await loadedSlices(destination, apiKind(dataset), signal)
  const range = rangeOf(command)
  const plan = await planPublished(client, { dataset, ...defaults(loaded), ...range, signal })
  const recheckMonths = command.whole('recheck', 0, 1200) ?? RECHECK_MONTHS
  const { fresh, recheck } = planSync(plan, loaded, recheckMonths)
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

function defaults(loaded: readonly LoadedSlice[]): { forces?: readonly string[]; since?: string } {
  const [first] = loaded.map(({ month }) => month).toSorted()
  if (first === undefined) return {}
  return { forces: [...new Set(loaded.map(({ force }) => force))].toSorted(), since: first }
}
