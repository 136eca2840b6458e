import { setTimeout as sleep } from 'node:timers/promises'

/** Options of {@link retrying}. */
export interface RetryOptions {
  /** Further tries after the first. */
  readonly retries: number
  readonly signal: AbortSignal | undefined
  readonly onRetry: (attempt: number, waitMs: number, error: Error) => void
}

const FIRST_WAIT_MS = 250
const LONGEST_WAIT_MS = 30_000

/**
 * Does `work` again after an error that says it may pass (`retryable`), waiting about twice as long
 * each time, or as long as the error asks for. A lock held by another is no such error here: how
 * long to wait for it has an option of its own.
 */
export async function retrying<Result>(
  work: () => Promise<Result>,
  { retries, signal, onRetry }: RetryOptions,
): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (attempt > retries || signal?.aborted === true || !isRetryable(error)) throw error
      const waitMs = waitBefore(attempt, error)
      onRetry(attempt, waitMs, error)
      await sleep(waitMs, undefined, signal === undefined ? {} : { signal }).catch(() => undefined)
      signal?.throwIfAborted()
    }
  }
}

interface RetryableError extends Error {
  readonly code?: unknown
  readonly retryable: true
  readonly retryAfterMs?: unknown
  /** Where the police client's errors keep theirs. */
  readonly context?: { readonly retryAfterMs?: unknown }
}

function isRetryable(error: unknown): error is RetryableError {
  return (
    error instanceof Error &&
    (error as { retryable?: unknown }).retryable === true &&
    (error as { code?: unknown }).code !== 'DESTINATION_LOCKED'
  )
}

/** Between half and all of a span that doubles, so that two loaders do not keep meeting. */
function waitBefore(attempt: number, { retryAfterMs, context }: RetryableError): number {
  const asked = retryAfterMs ?? context?.retryAfterMs
  if (typeof asked === 'number') return asked
  const span = Math.min(FIRST_WAIT_MS * 2 ** (attempt - 1), LONGEST_WAIT_MS)
  return Math.round(span * (0.5 + Math.random() / 2))
}
