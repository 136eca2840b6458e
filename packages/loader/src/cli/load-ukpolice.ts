import { readFile } from 'node:fs/promises'
import type { PoliceClient, PolygonInput } from '@ukpolice/client'
import type { Destination } from '../destinations/contract.js'
import { areaSha256 } from '../sources/area-sha256.js'
import {
  apiKind,
  type AreaShape,
  type ForceMonth,
  planPublished,
  ukpoliceApi,
  type UkPoliceArea,
  type UkPoliceDataset,
} from '../sources/index.js'
import { API_CONTRACT } from '../sources/ukpolice.js'
import { UsageError } from './args.js'
import type { CommandContext, CommandEnd } from './context.js'
import { destinationOf } from './destination.js'
import { loadedSlices } from './loaded-slices.js'
import { count } from './render.js'
import { type ManyResult, runMany } from './run-load.js'
import { clientOf, datasetsOf, rangeOf, refuseReplace } from './ukpolice-range.js'

/** What became of one data set. */
export interface DatasetResult extends ManyResult {
  readonly dataset: UkPoliceDataset
  /** Published slices that were in already, and for which nothing was asked. */
  readonly upToDate: number
  /** Forces that have not yet published stops for a month. */
  readonly late: readonly ForceMonth[]
}

/** An area of the caller's own. */
interface NamedArea {
  readonly name: string
  readonly within: AreaShape
  /** Of its shape. */
  readonly sha256: string
}

/**
 * `crimewh load ukpolice`: every published month of a range.
 *
 * Made to be run again until it is through: slices that are in under the same contract and were
 * checked since the service was last updated are passed over without a request. An area keeps the
 * shape it was first loaded with, in all data sets, unless all of it is loaded anew.
 */
export async function loadUkPolice(context: CommandContext): Promise<CommandEnd> {
  const { command } = context
  refuseReplace(command)
  const destination = destinationOf(command)
  const area = await readArea(context)
  const client = clientOf(command)
  const results: DatasetResult[] = []
  for (const dataset of datasetsOf(command)) {
    results.push(await loadDataset(context, client, destination, dataset, area))
  }
  return manyEnd(results)
}

async function loadDataset(
  context: CommandContext,
  client: PoliceClient,
  destination: Destination,
  dataset: UkPoliceDataset,
  area: NamedArea | null,
): Promise<DatasetResult> {
  const { command, terminal, signal } = context
  // An area is in nobody's list, so that no month of it can be late.
  const plan = await planPublished(client, {
    dataset: area === null ? dataset : 'crimes',
    ...rangeOf(command),
    signal,
  })
  for (const month of plan.unlistedMonths) {
    terminal.note(`${month} is not published by the API; older months are in the bulk archive`)
  }
  const wanted =
    area === null
      ? plan.published
      : [...new Set(plan.published.map(({ month }) => month))].map((month) => ({
          force: area.name,
          month,
        }))
  const own = await loadedSlices(destination, [apiKind(dataset, area !== null)], context)
  const loaded = new Map(own.map((slice) => [keyOf(slice), slice]))
  const contract = command.contract ?? API_CONTRACT
  const upToDate = (slice: ForceMonth) => {
    const found = loaded.get(keyOf(slice))
    if (found === undefined || (found.contract ?? API_CONTRACT) !== contract) return false
    if (area !== null && (found.areaSha256 ?? area.sha256) !== area.sha256) return false
    return (found.checked ?? '') >= plan.lastUpdated
  }
  const todo = command.is('force') ? wanted : wanted.filter((slice) => !upToDate(slice))
  tellLate(context, plan.late)
  if (todo.length < wanted.length) {
    terminal.note(`${dataset}: ${count(wanted.length - todo.length)} slices are in already`)
  }
  const anew = { datasets: datasetsOf(command), months: wanted.map(({ month }) => month) }
  const sourceOf = sourceMaker(client, dataset, area === null ? null : { ...area, anew })
  const isThere = () => answers(client, signal)
  const many = await runMany(context, { items: todo, sourceOf, destination, isThere })
  return { dataset, ...many, upToDate: wanted.length - todo.length, late: plan.late }
}

/** Sources of one slice each, over one client: an area of a force is asked for once. */
export function sourceMaker(
  client: PoliceClient,
  dataset: UkPoliceDataset,
  area: UkPoliceArea | null,
) {
  return (slice: ForceMonth) =>
    ukpoliceApi({ client, dataset, slices: [slice], ...(area === null ? {} : { area }) })
}

/** Whether the service answers at all: the smallest thing it has, asked for anew. */
export async function answers(client: PoliceClient, signal: AbortSignal): Promise<boolean> {
  try {
    await client.request('crime-last-updated', { signal })
    return true
  } catch {
    signal.throwIfAborted()
    return false
  }
}

/** Says which forces are late with stops, a line for each month. */
export function tellLate({ terminal }: CommandContext, late: readonly ForceMonth[]): void {
  for (const month of new Set(late.map((slice) => slice.month))) {
    const forces = late.filter((slice) => slice.month === month).map(({ force }) => force)
    terminal.note(`stops of ${month} are not yet published by ${forces.join(', ')}`)
  }
}

/** The end of a command over data sets: its errors decide the exit code. */
export function manyEnd(results: readonly ManyResult[]): CommandEnd {
  return {
    json: {
      datasets: results.map((result) => ({
        ...result,
        failed: result.failed.map(({ slice, error }) => ({
          slice,
          message: (error as Error).message,
          code: (error as { code?: string }).code ?? null,
        })),
      })),
    },
    errors: results.flatMap(({ failed }) => failed.map(({ error }) => error)),
  }
}

function keyOf({ force, month }: ForceMonth): string {
  return `${force} ${month}`
}

async function readArea({ command }: CommandContext): Promise<NamedArea | null> {
  const [file, name] = [command.text('within'), command.text('area')]
  if (file === null && name === null) return null
  if (file === null || name === null) throw new UsageError('--within and --area go together')
  if (command.policeForces.length > 0) {
    throw new UsageError('give either --police-force or --within, not both')
  }
  let text: string
  try {
    text = await readFile(file, 'utf8')
  } catch {
    throw new UsageError(`--within ${file} cannot be read; expected a GeoJSON file`)
  }
  let within: AreaShape
  try {
    within = JSON.parse(text) as AreaShape
  } catch {
    throw new UsageError(`--within ${file} is not JSON; expected GeoJSON polygons`)
  }
  return { name, within, sha256: areaSha256(within as PolygonInput) }
}
