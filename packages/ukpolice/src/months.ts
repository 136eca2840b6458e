import type { Reference } from './reference.js'
import { requireKnownKeys } from './area.js'
import { isOptionError, isUkPoliceError, OptionError, type UkPoliceError } from './errors.js'
import { type Month, monthsBetween, requireMonth } from './month.js'

/** Which months to go through. */
export type MonthRange =
  | {
      /** First month. */
      readonly since: Month
      /** Last month. Default the newest published. */
      readonly until?: Month | undefined
      readonly months?: never
    }
  | {
      /** Exactly these, such as the `remaining` of an earlier run. */
      readonly months: readonly Month[]
      readonly since?: never
      readonly until?: never
    }

/** One month of a run: every month of the range comes up exactly once. */
export type MonthResult<Value> =
  | { readonly status: 'done'; readonly month: Month; readonly value: Value }
  | {
      /** The month failed; it stays in `remaining`. */
      readonly status: 'failed'
      readonly month: Month
      readonly error: UkPoliceError
    }
  | {
      /** The service does not list the month, so it was not asked for. */
      readonly status: 'unpublished'
      readonly month: Month
      readonly reason: 'before-window' | 'after-newest' | 'not-listed'
    }

/** How far a run is. */
export interface MonthProgress {
  readonly doneCount: number
  readonly failedCount: number
  readonly unpublishedCount: number
  /** Months of the range; 0 until the published months are known. */
  readonly totalCount: number
}

/** Options of a run. */
export interface MonthRunOptions {
  readonly signal?: AbortSignal | undefined
  /** Called after every month. */
  readonly onProgress?: ((progress: MonthProgress, month: Month) => void) | undefined
}

/** A run over months, to be iterated once. */
export interface MonthRun<Value> extends AsyncIterable<MonthResult<Value>> {
  /**
   * Published months that failed or were not reached, oldest first: pass them as `months` to go on
   * later. Complete once the published months are known, which is before the first result.
   */
  readonly remaining: readonly Month[]
  readonly progress: MonthProgress
}

/**
 * Goes through the published months of a range, oldest first, one at a time.
 *
 * A month that fails is reported and the run goes on; an abort, a wrong input and a programming
 * error, which would meet every month, end it.
 */
export function runMonths<Value>(
  reference: Reference,
  range: MonthRange,
  fetchMonth: (month: Month, signal: AbortSignal | undefined) => Promise<Value>,
  options: MonthRunOptions = {},
): MonthRun<Value> {
  requireKnownKeys(range, ['since', 'until', 'months'], 'a month range')
  requireKnownKeys(options, ['signal', 'onProgress'], 'the options of a month run')
  if (typeof fetchMonth !== 'function') {
    throw new OptionError(
      'OPTION_INVALID',
      `months takes a function that asks for one month, not ${typeof fetchMonth}`,
    )
  }
  const explicit = range.months?.map((month) => requireMonth(month, 'months'))
  if ((range.since === undefined) === (explicit === undefined)) {
    throw new OptionError('OPTION_BAD_MONTH', 'a month range takes either since or months')
  }
  if (range.since !== undefined) requireMonth(range.since, 'since')
  if (range.until !== undefined) requireMonth(range.until, 'until')
  if (range.since !== undefined && range.until !== undefined && range.until < range.since) {
    throw new OptionError(
      'OPTION_BAD_MONTH',
      `until ${range.until} is before since ${range.since}; swap them`,
    )
  }

  const { signal } = options
  const remaining = new Set<Month>(explicit?.toSorted() ?? [])
  let progress: MonthProgress = {
    doneCount: 0,
    failedCount: 0,
    unpublishedCount: 0,
    totalCount: 0,
  }
  let started = false

  async function* iterate(): AsyncGenerator<MonthResult<Value>> {
    if (started) {
      throw new OptionError(
        'OPTION_INVALID',
        'a month run can be iterated once; start another with its remaining months',
      )
    }
    started = true
    signal?.throwIfAborted()
    const published = await reference.months(signal)
    const oldest = published[0] ?? '9999-12'
    const newest = published.at(-1) ?? '0000-01'
    const since = range.since ?? ''
    // Without an end, the range also reaches what is newest in the list and not in the calendar.
    const until = range.until ?? (newest > since ? newest : since)
    const wanted = explicit ? [...new Set(explicit)].toSorted() : monthsBetween(since, until)
    remaining.clear()
    for (const month of wanted) if (published.includes(month)) remaining.add(month)
    progress = { ...progress, totalCount: wanted.length }
    const report = (key: 'doneCount' | 'failedCount' | 'unpublishedCount', month: Month): void => {
      progress = { ...progress, [key]: progress[key] + 1 }
      options.onProgress?.(progress, month)
    }

    for (const month of wanted) {
      signal?.throwIfAborted()
      if (!published.includes(month)) {
        report('unpublishedCount', month)
        const reason =
          month < oldest ? 'before-window' : month > newest ? 'after-newest' : 'not-listed'
        yield { status: 'unpublished', month, reason }
        continue
      }
      let result: MonthResult<Value>
      try {
        result = { status: 'done', month, value: await fetchMonth(month, signal) }
        remaining.delete(month)
        report('doneCount', month)
      } catch (error) {
        signal?.throwIfAborted()
        if (!isUkPoliceError(error) || isWrongInput(error)) throw error
        result = { status: 'failed', month, error }
        report('failedCount', month)
      }
      yield result
    }
  }

  return {
    get remaining() {
      return [...remaining]
    },
    get progress() {
      return progress
    },
    [Symbol.asyncIterator]: iterate,
  }
}

function isWrongInput(error: UkPoliceError): boolean {
  return isOptionError(error) && error.code !== 'OPTION_MONTH_UNPUBLISHED'
}
