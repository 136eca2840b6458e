import { archiveUrl } from '@ukpolice/client/archive'
import { isLoaderError } from '../errors.js'
import type { Source, SourceSlice } from '../source.js'
import { ukpoliceArchive, type UkPoliceDataset } from '../sources/index.js'
import type { CommandContext, CommandEnd } from './context.js'
import { destinationOf } from './destination.js'
import { manyEnd } from './load-ukpolice.js'
import { type ManyResult, runMany } from './run-load.js'
import { datasetsOf, rangeOf, refuseReplace } from './ukpolice-range.js'

const FILES = { crimes: 'street', outcomes: 'outcomes', stops: 'stop-and-search' } as const

/** `crimewh load ukpolice-archive <file>`: a file that fails is told and the others go on. */
export async function loadUkPoliceArchive(context: CommandContext): Promise<CommandEnd> {
  const { command } = context
  refuseReplace(command)
  const destination = destinationOf(command)
  const [given] = command.operands as [string]
  const place = given === 'latest' || /^\d{4}-\d{2}$/.test(given) ? archiveUrl(given) : given
  const range = rangeOf(command)
  const results: (ManyResult & { readonly dataset: UkPoliceDataset })[] = []
  const absent: unknown[] = []
  for (const dataset of datasetsOf(command)) {
    const source = ukpoliceArchive(place, { dataset: FILES[dataset], ...range })
    try {
      const slices = source.slices({ signal: context.signal })
      const many = await runMany(context, {
        items: slices,
        sourceOf: (slice) => sourceOf(source, slice),
        destination,
        isThere: (error) => Promise.resolve(!isOfConnection(error)),
      })
      results.push({ dataset, ...many })
    } catch (error) {
      // An archive can be made without a data set; that none is in it is an error.
      if (!isLoaderError(error) || error.code !== 'SOURCE_NO_SLICE') throw error
      absent.push(error)
    }
  }
  if (results.length === 0) throw absent[0]
  return manyEnd(results)
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
