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
    ...(command.retries === null ? {} : { retries: command.retries }),
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
  /** Slices left when the run stopped because what it loads from was gone. */
  readonly notTried: number
}

/** After so many failures one after the other the fault may not be the slices'. */
const FAILURES_IN_A_ROW = 5

/** What {@link runMany} loads. */
export interface ManyLoads<Item> {
  readonly items: Iterable<Item> | AsyncIterable<Item>
  readonly sourceOf: (item: Item) => Source
  readonly destination: Destination
  /**
   * Asked after every five failures in a row, with the last of them. A run of slices that cannot be
   * had goes past them; one whose service or file is gone stops.
   */
  readonly isThere: (lastError: unknown) => Promise<boolean>
}

/**
 * Loads many slices, one at a time; one that fails is told and the others go on.
 *
 * What is wrong with the command or the destination would meet every slice and ends the run. It
 * stops when what it loads from is gone, which is told with the number of slices left.
 */
export async function runMany<Item>(
  context: CommandContext,
  { items, sourceOf, destination, isThere }: ManyLoads<Item>,
): Promise<ManyResult> {
  const slices: SliceResult[] = []
  const failed: FailedSlice[] = []
  let failuresInARow = 0
  let notTried = 0
  let isGone = false
  for await (const item of items) {
    context.signal.throwIfAborted()
    if (isGone) {
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
      context.terminal.line(`${current || 'a slice'} failed: ${(error as Error).message}`)
      if (++failuresInARow % FAILURES_IN_A_ROW === 0) isGone = !(await isThere(error))
    }
  }
  if (notTried > 0) {
    context.terminal.line(
      `stopped after ${failuresInARow} failures in a row, for nothing answers any more; not tried: ${count(notTried)} ${notTried === 1 ? 'slice' : 'slices'}`,
    )
  }
  return { slices, failed, notTried }
}

/** Faults of a destination or of a schema that lie in the rows of one slice. */
const OF_ROWS = ['DESTINATION_ROW', 'DESTINATION_COUNTS', 'DRIFT_UNKNOWN_KEYS']

function isOfSlice(error: unknown): boolean {
  if (error instanceof UsageError || !(error instanceof Error)) return false
  const { code } = error as { code?: unknown }
  if (typeof code !== 'string') return false
  return OF_ROWS.includes(code) || !/^(OPTION|DESTINATION|DRIFT|SLICE_COVERED)/.test(code)
}
