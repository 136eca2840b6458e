import { onAbort } from './on-abort.js'

/** A value fetched once for many callers and kept for a while. */
export interface SharedValue<Value> {
  /**
   * The kept value while it is fresh, else a new one. Callers that wait together share one fetch,
   * which is aborted when the last of them has aborted.
   */
  get(signal?: AbortSignal): Promise<Value>
  /** Forgets the kept value. */
  expire(): void
}

/** Wraps a fetch whose result is good for `ttlMs`. */
export function sharedValue<Value>(
  fetchValue: (signal: AbortSignal) => Promise<Value>,
  ttlMs: number,
  now: () => number = () => performance.now(),
): SharedValue<Value> {
  let kept: { readonly value: Value; readonly until: number } | undefined
  let pending:
    { readonly promise: Promise<Value>; stop: AbortController; waiting: number } | undefined

  const start = (): NonNullable<typeof pending> => {
    const stop = new AbortController()
    const promise = fetchValue(stop.signal).then((value) => {
      kept = { value, until: now() + ttlMs }
      return value
    })
    const started = { promise, stop, waiting: 0 }
    const forget = (): void => {
      if (pending === started) pending = undefined
    }
    promise.then(forget, forget)
    return started
  }

  return {
    async get(signal) {
      signal?.throwIfAborted()
      if (kept && now() < kept.until) return kept.value
      const current = (pending ??= start())
      current.waiting += 1
      return new Promise<Value>((resolve, reject) => {
        const forget = onAbort(signal, () => {
          leave()
          if (current.waiting === 0) {
            if (pending === current) pending = undefined
            current.stop.abort(signal?.reason)
          }
          reject(signal?.reason as Error)
        })
        const leave = (): void => {
          forget()
          current.waiting -= 1
        }
        current.promise.then(
          (value) => {
            leave()
            resolve(value)
          },
          (error: unknown) => {
            leave()
            reject(error as Error)
          },
        )
      })
    },
    expire() {
      kept = undefined
    },
  }
}
