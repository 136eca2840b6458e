import type { BatchSink, SegmentBatch, SinkSchema } from './batch.js'

/** Options of {@link drain}. */
export interface DrainOptions {
  /**
   * Stops between batches or while the source is waiting; the reason is thrown as it is. Give the
   * same signal to `openInput` and `decode`, so that a read under way ends too.
   */
  readonly signal?: AbortSignal
}

/** What {@link drain} reads: decoded batches that know the tables they belong to. */
export interface DrainSource extends AsyncIterable<SegmentBatch> {
  readonly sinkSchema: SinkSchema
}

/**
 * Writes every batch to `sink`, one at a time in order, and closes it.
 *
 * The next batch is asked for only when the sink has taken the one before, so at most one batch is
 * under way. On any failure (source, sink or abort) the source is closed, `sink.abort` is called
 * once, and the first error is thrown unchanged; what fails while cleaning up is added to it as
 * `cleanupErrors`.
 *
 * @returns what the sink's `close` gives, for file sinks what was written where
 * @throws whatever the source or the sink throws, or the signal's reason
 */
export async function drain<Result>(
  batches: DrainSource,
  sink: BatchSink<Result>,
  options: DrainOptions = {},
): Promise<Result> {
  const { signal } = options
  const source = new Source(batches, signal)
  try {
    signal?.throwIfAborted()
    await sink.open(batches.sinkSchema)
    for (;;) {
      signal?.throwIfAborted()
      const batch = await source.next()
      if (batch === undefined) break
      await sink.write(batch)
    }
    signal?.throwIfAborted()
    return await sink.close()
  } catch (error) {
    const cleanups = [(async () => sink.abort(error))(), source.close()]
    const outcomes = await Promise.allSettled(cleanups)
    attach(error, outcomes)
    throw error
  } finally {
    source.forgetSignal()
  }
}

class Source {
  readonly #iterator: AsyncIterator<SegmentBatch>
  readonly #signal: AbortSignal | undefined
  #state: 'idle' | 'reading' | 'ended' = 'idle'
  #rejectNext: ((reason: unknown) => void) | null = null
  readonly #onAbort = () => this.#rejectNext?.(this.#signal?.reason)

  constructor(batches: AsyncIterable<SegmentBatch>, signal: AbortSignal | undefined) {
    this.#iterator = batches[Symbol.asyncIterator]()
    this.#signal = signal
    signal?.addEventListener('abort', this.#onAbort)
  }

  /** The next batch, or undefined at the end; rejects at once when the signal aborts. */
  async next(): Promise<SegmentBatch | undefined> {
    this.#state = 'reading'
    return new Promise((resolve, reject) => {
      this.#rejectNext = reject
      this.#iterator.next().then(
        (result) => {
          this.#state = result.done === true ? 'ended' : 'idle'
          resolve(result.done === true ? undefined : result.value)
        },
        (error: unknown) => {
          this.#state = 'ended'
          reject(error)
        },
      )
    })
  }

  async close(): Promise<void> {
    if (this.#state === 'ended') return
    const closed = this.#iterator.return?.()
    // A generator answers `return` only after the `next` under way, which an abort has given up on.
    if (this.#state === 'reading') closed?.catch(() => undefined)
    else await closed
  }

  forgetSignal(): void {
    this.#signal?.removeEventListener('abort', this.#onAbort)
  }
}

function attach(error: unknown, outcomes: readonly PromiseSettledResult<unknown>[]): void {
  const cleanupErrors = outcomes.flatMap((outcome): unknown[] =>
    outcome.status === 'rejected' ? [outcome.reason] : [],
  )
  if (cleanupErrors.length === 0 || !(error instanceof Error) || !Object.isExtensible(error)) return
  Object.assign(error, { cleanupErrors })
}
