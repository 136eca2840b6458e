import { type Archive, type ArchiveDataset, openArchive } from '@ukpolice/client/archive'
import type { Month } from '@ukpolice/client'
import {
  archiveName,
  forcesOf,
  noFile,
  requireForces,
  requireOneFileEach,
} from './ukpolice-archive.js'
import { type ForceMonth, nextMonth } from './ukpolice-plan.js'

/** What to look for in an archive. */
export interface ArchivePlanOptions {
  readonly datasets: readonly ArchiveDataset[]
  /** True when someone named the data sets; one of a default may be missing. */
  readonly areNamed: boolean
  /** Force ids that someone named. Default: all in the archive. */
  readonly forces?: readonly string[]
  /** First month. Default: the first in the archive. */
  readonly since?: Month
  /** Last month. Default: the last in the archive. */
  readonly until?: Month
  readonly signal?: AbortSignal
}

/** What an archive has of one data set. */
export interface ArchiveDatasetPlan {
  readonly dataset: ArchiveDataset
  /** Those named that have a file; undefined when none was named. */
  readonly forces: readonly string[] | undefined
  /** Those named that have no file of this data set, but of another. */
  readonly absentForces: readonly string[]
  /** Months of the range that no force has a file for. */
  readonly absentMonths: readonly Month[]
  /** In other months: forces that have files of the data set, and none for the month. */
  readonly absentFiles: readonly ForceMonth[]
}

/** What an archive has of what was asked for. */
export interface ArchivePlan {
  /** Base name of the archive. */
  readonly name: string
  /** Data sets with at least one file to load. */
  readonly datasets: readonly ArchiveDatasetPlan[]
  readonly absentDatasets: readonly ArchiveDataset[]
  /** Files in the archive that are not named as its files are, and are not read. */
  readonly otherNames: readonly string[]
}

/**
 * Looks into an archive before anything is loaded from it: what was named and is not there is an
 * error, and every other gap is told.
 *
 * @throws {OptionError} OPTION_INVALID for a named force without a file
 * @throws {SourceError} SOURCE_NO_SLICE for a named data set without a file to load, or when there is
 *   none at all; SOURCE_SLICE_TWICE
 * @throws {UkPoliceError} ARCHIVE_NOT_READABLE and others
 */
export async function planArchive(
  source: string | URL,
  options: ArchivePlanOptions,
): Promise<ArchivePlan> {
  const { datasets, areNamed, forces, since, until, signal } = options
  await using archive = await openArchive(source, signal === undefined ? {} : { signal })
  const name = archiveName(source)
  // Of a default, one data set with a file of the force is enough: some publish no outcomes.
  for (const named of areNamed ? datasets.map((dataset) => [dataset]) : [datasets]) {
    requireForces(name, archive, named, forces)
  }
  const filesOf = (dataset: ArchiveDataset) => archive.select(dataset, { forces, since, until })
  const absentDatasets = datasets.filter((dataset) => filesOf(dataset).length === 0)
  const [absent] = absentDatasets
  if (absent !== undefined && (areNamed || absentDatasets.length === datasets.length)) {
    throw noFile(name, absent, archive)
  }
  requireOneFileEach(name, datasets.flatMap(filesOf))
  return {
    name,
    datasets: datasets
      .filter((dataset) => !absentDatasets.includes(dataset))
      .map((dataset) => planDataset(archive, dataset, options)),
    absentDatasets,
    otherNames: archive.otherNames,
  }
}

function planDataset(
  archive: Archive,
  dataset: ArchiveDataset,
  { forces, since, until }: ArchivePlanOptions,
): ArchiveDatasetPlan {
  const entries = archive.select(dataset)
  const ids = forcesOf(entries)
  const present = forces?.filter((force) => ids.includes(force))
  const held = new Set(entries.map(({ force, month }) => `${force} ${month}`))
  const heldMonths = new Set(entries.map(({ month }) => month))
  const months = monthsOf(archive, since, until)
  return {
    dataset,
    forces: present,
    absentForces: forces?.filter((force) => !ids.includes(force)) ?? [],
    absentMonths: months.filter((month) => !heldMonths.has(month)),
    absentFiles: months
      .filter((month) => heldMonths.has(month))
      .flatMap((month) => (present ?? ids).map((force) => ({ force, month })))
      .filter(({ force, month }) => !held.has(`${force} ${month}`)),
  }
}

/** Every month of the range, whether there is a file for it or not. */
function monthsOf({ entries }: Archive, since?: Month, until?: Month): readonly Month[] {
  const known = entries.map(({ month }) => month).toSorted()
  const months: Month[] = []
  const last = until ?? known.at(-1) ?? ''
  for (let month = since ?? known[0] ?? '9999-99'; month <= last; month = nextMonth(month)) {
    months.push(month)
  }
  return months
}
