import type { Destination } from '../destinations/contract.js'
import type { LoadResult, SliceResult } from '../load-result.js'
import { load } from '../load.js'
import type { LoadOptions } from '../options.js'
import type { LoadEvent } from '../progress.js'
import type { Source } from '../source.js'
import { UsageError } from './args.js'
import type { CommandContext } from './context.js'
import { progressListener } from './progress.js'
import { count, sliceLines } from './render.js'

/** Options of a load that every loading command takes. */
export function loadOptions({
  command,
  signal,
}: CommandContext): Omit<LoadOptions, 'source' | 'destination'> {
  const manifestDirectory = command.text('manifests')
  return {
    disposition: command.disposition,
    force: command.is('force'),
    ...(command.contract === null ? {} : { contract: command.contract }),
    ...(command.maxIssues === null ? {} : { maxIssues: command.maxIssues }),
    allowDestructive: command.is('allow-destructive'),
    dryRun: command.is('dry-run'),
    lockWaitMs: command.lockWaitMs,
    ...(manifestDirectory === null ? {} : { manifestDirectory }),
    signal,
  }
}

/** Loads a source and tells about every slice as it is done. */
export async function runLoad(
  context: CommandContext,
  source: Source,
  destination: Destination,
  onEvent: (event: LoadEvent) => void = () => undefined,
): Promise<LoadResult> {
  const { terminal } = context
  using shown = progressListener(terminal)
  const result = await load({
    ...loadOptions(context),
    source,
    destination,
    onProgress: (event) => {
      onEvent(event)
      shown.onEvent(event)
    },
  })
  shown[Symbol.dispose]()
  for (const slice of result.slices) {
    for (const line of sliceLines(source.kind, slice)) terminal.note(line)
  }
  return result
}

/** A slice that could not be loaded. */
export interface FailedSlice {
  readonly slice: string
  readonly error: unknown
}

/** What became of many slices. */
export interface ManyResult {
  readonly slices: readonly SliceResult[]
  readonly failed: readonly FailedSlice[]
  /** Slices left when the run stopped after too many failures in a row. */
  readonly notTried: number
}

/** After so many failures one after the other the fault is not the slices'. */
const MOST_FAILURES_IN_A_ROW = 5

/**
 * Loads many slices, one at a time; one that fails is told and the others go on.
 *
 * What is wrong with the command or the destination would meet every slice and ends the run. Five
 * failures in a row stop it, which is told with the number of slices left.
 */
export async function runMany<Item>(
  context: CommandContext,
  items: Iterable<Item> | AsyncIterable<Item>,
  sourceOf: (item: Item) => Source,
  destination: Destination,
): Promise<ManyResult> {
  const slices: SliceResult[] = []
  const failed: FailedSlice[] = []
  let failuresInARow = 0
  let notTried = 0
  for await (const item of items) {
    context.signal.throwIfAborted()
    if (failuresInARow === MOST_FAILURES_IN_A_ROW) {
      notTried++
      continue
    }
    let current = ''
    try {
      const result = await runLoad(context, sourceOf(item), destination, (event) => {
        if (event.kind === 'slice-start') current = event.slice
      })
      slices.push(...result.slices)
      failuresInARow = 0
    } catch (error) {
      context.signal.throwIfAborted()
      if (!isOfSlice(error)) throw error
      failed.push({ slice: current, error })
      failuresInARow++
      context.terminal.line(`${current || 'a slice'} failed: ${(error as Error).message}`)
    }
  }
  if (notTried > 0) {
    context.terminal.line(
      `stopped after ${MOST_FAILURES_IN_A_ROW} failures in a row; not tried: ${count(notTried)} ${notTried === 1 ? 'slice' : 'slices'}`,
    )
  }
  return { slices, failed, notTried }
}

function isOfSlice(error: unknown): boolean {
  if (error instanceof UsageError || !(error instanceof Error)) return false
  const { code } = error as { code?: unknown }
  if (typeof code !== 'string') return false
  return !/^(OPTION|DESTINATION|DRIFT|SLICE_COVERED)/.test(code)
}
