import { createClient, type Month, type PoliceClient } from '@ukpolice/client'
import { UKPOLICE_DATASETS, type UkPoliceDataset } from '../sources/index.js'
import { type Command, UsageError } from './args.js'

/** Months and forces as the source takes them. */
export function rangeOf(command: Command): {
  since?: Month
  until?: Month
  forces?: readonly string[]
} {
  const [since, until] = [command.month('since'), command.month('until')]
  if (since !== null && until !== null && until < since) {
    throw new UsageError(`--until ${until} is before --since ${since}`)
  }
  return {
    ...(since === null ? {} : { since }),
    ...(until === null ? {} : { until }),
    ...(command.policeForces.length === 0 ? {} : { forces: command.policeForces }),
  }
}

/** The data sets that were asked for, by default all. */
export function datasetsOf({ datasets }: Command): readonly UkPoliceDataset[] {
  return datasets.length === 0 ? UKPOLICE_DATASETS : datasets
}

/** A load of many slices cannot take the place of all: the second would replace the first. */
export function refuseReplace(command: Command): void {
  if (command.disposition !== 'replace') return
  throw new UsageError(
    `"${command.name}" loads many slices, so that --disposition replace would leave only the last; use replace-slice`,
  )
}

/** A client for the server of `--base-url`. */
export function clientOf(command: Command): PoliceClient {
  const baseUrl = command.text('base-url')
  return createClient({ userAgent: 'crimewh', ...(baseUrl === null ? {} : { baseUrl }) })
}

/** The data sets under the names of the bulk archive. */
export const ARCHIVED_AS = {
  crimes: 'street',
  outcomes: 'outcomes',
  stops: 'stop-and-search',
} as const satisfies Record<UkPoliceDataset, string>
