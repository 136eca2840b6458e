import { archiveUrl } from '@ukpolice/client/archive'
import { isLoaderError } from '../errors.js'
import type { SliceResult } from '../load-result.js'
import { ukpoliceArchive, type UkPoliceDataset } from '../sources/index.js'
import type { CommandContext, CommandEnd } from './context.js'
import { destinationOf } from './destination.js'
import { runLoad } from './run-load.js'
import { datasetsOf, rangeOf, refuseReplace } from './ukpolice-range.js'

const FILES = { crimes: 'street', outcomes: 'outcomes', stops: 'stop-and-search' } as const

/** `crimewh load ukpolice-archive <file>` */
export async function loadUkPoliceArchive(context: CommandContext): Promise<CommandEnd> {
  const { command } = context
  refuseReplace(command)
  const destination = destinationOf(command)
  const [given] = command.operands as [string]
  const place = given === 'latest' || /^\d{4}-\d{2}$/.test(given) ? archiveUrl(given) : given
  const range = rangeOf(command)
  const datasets: { dataset: UkPoliceDataset; slices: readonly SliceResult[] }[] = []
  const absent: unknown[] = []
  for (const dataset of datasetsOf(command)) {
    const source = ukpoliceArchive(place, { dataset: FILES[dataset], ...range })
    try {
      const { slices } = await runLoad(context, source, destination)
      datasets.push({ dataset, slices })
    } catch (error) {
      // An archive can be made without a data set; that none is in it is an error.
      if (!isLoaderError(error) || error.code !== 'SOURCE_NO_SLICE') throw error
      absent.push(error)
    }
  }
  if (datasets.length === 0) throw absent[0]
  return { json: { datasets } }
}
