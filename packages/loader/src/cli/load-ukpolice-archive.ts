import { type ArchiveDataset, archiveUrl } from '@ukpolice/client/archive'
import type { Source, SourceSlice } from '../source.js'
import { type ForceMonth, ukpoliceArchive, type UkPoliceDataset } from '../sources/index.js'
import {
  type ArchiveDatasetPlan,
  type ArchivePlan,
  planArchive,
} from '../sources/ukpolice-archive-plan.js'
import type { CommandContext, CommandEnd } from './context.js'
import { destinationOf } from './destination.js'
import { manyEnd } from './load-ukpolice.js'
import { shortList } from './render.js'
import { type ManyResult, runMany } from './run-load.js'
import { ARCHIVED_AS, datasetsOf, rangeOf, refuseReplace } from './ukpolice-range.js'

/** What became of one data set of the archive. */
interface ArchiveResult extends ManyResult {
  readonly dataset: UkPoliceDataset
  /** Forces that were named and have no file of this data set. */
  readonly absentForces: readonly string[]
  /** Months of the range that the archive has no file for. */
  readonly absentMonths: readonly string[]
  /** In other months, forces without a file. */
  readonly absentFiles: readonly ForceMonth[]
}

/**
 * `crimewh load ukpolice-archive <file>`: a file that fails is told and the others go on.
 *
 * What was named and is not in the archive is refused before anything is loaded; other gaps and
 * files of unusual names are told.
 */
export async function loadUkPoliceArchive(context: CommandContext): Promise<CommandEnd> {
  const { command, signal } = context
  refuseReplace(command)
  const destination = destinationOf(command)
  const [given] = command.operands as [string]
  const place = given === 'latest' || /^\d{4}-\d{2}$/.test(given) ? archiveUrl(given) : given
  const range = rangeOf(command)
  const plan = await planArchive(place, {
    datasets: datasetsOf(command).map((dataset) => ARCHIVED_AS[dataset]),
    areNamed: command.datasets.length > 0,
    ...range,
    signal,
  })
  tellGaps(context, plan)
  const results: ArchiveResult[] = []
  for (const { dataset, forces, ...gaps } of plan.datasets) {
    const source = ukpoliceArchive(place, {
      dataset,
      ...range,
      ...(forces === undefined ? {} : { forces }),
    })
    const many = await runMany(context, {
      items: source.slices({ signal }),
      sourceOf: (slice) => sourceOf(source, slice),
      destination,
      isThere: (error) => Promise.resolve(!isOfConnection(error)),
    })
    const { absentForces, absentMonths, absentFiles } = gaps
    results.push({ dataset: nameOf(dataset), ...many, absentForces, absentMonths, absentFiles })
  }
  const end = manyEnd(results)
  const { absentDatasets, otherNames } = plan
  return {
    ...end,
    json: { ...(end.json as object), absentDatasets: absentDatasets.map(nameOf), otherNames },
  }
}

/** Says what the archive lacks, and what in it is not read. */
function tellGaps({ terminal }: CommandContext, plan: ArchivePlan): void {
  const { name, absentDatasets, datasets, otherNames } = plan
  for (const dataset of absentDatasets) {
    terminal.note(`${name} has no file of ${nameOf(dataset)} for what was asked`)
  }
  for (const dataset of datasets) {
    for (const gap of gapsOf(dataset)) {
      terminal.note(`${name} has no file of ${nameOf(dataset.dataset)} ${gap}`)
    }
  }
  if (otherNames.length === 0) return
  terminal.note(
    `${name}: not read, for the name is not one like 2026-01-kent-street.csv: ${shortList(otherNames)}`,
  )
}

function gapsOf(plan: ArchiveDatasetPlan): readonly string[] {
  const { absentForces, absentMonths, absentFiles } = plan
  const months = [...new Set(absentFiles.map(({ month }) => month))]
  return [
    ...(absentForces.length === 0 ? [] : [`by ${shortList(absentForces)}`]),
    ...(absentMonths.length === 0 ? [] : [`for ${shortList(absentMonths)}`]),
    ...months.map((month) => {
      const forces = absentFiles.filter((file) => file.month === month).map(({ force }) => force)
      return `for ${month} by ${shortList(forces)}`
    }),
  ]
}

/** The data set as the commands name it. */
function nameOf(dataset: ArchiveDataset): UkPoliceDataset {
  return (Object.keys(ARCHIVED_AS) as UkPoliceDataset[]).find(
    (name) => ARCHIVED_AS[name] === dataset,
  )!
}

/** An archive at an address that no longer answers; the faults of a file are its own. */
function isOfConnection(error: unknown): boolean {
  return (error as { retryable?: unknown }).retryable === true
}

/** One slice of a source as a source, to be loaded while the archive is open. */
function sourceOf({ kind, name }: Source, slice: SourceSlice): Source {
  return {
    kind,
    name,
    async *slices() {
      yield await Promise.resolve(slice)
    },
  }
}
