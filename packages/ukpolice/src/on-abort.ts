const listening = new WeakMap<AbortSignal, Set<() => void>>()

/**
 * Calls back when a signal aborts, until the returned function is called.
 *
 * Many calls can share one signal; Node warns of a leak from the eleventh listener on, so all
 * callbacks of a signal share one listener.
 */
export function onAbort(signal: AbortSignal | undefined, callback: () => void): () => void {
  if (!signal) return () => undefined
  let callbacks = listening.get(signal)
  if (!callbacks) {
    const created = new Set<() => void>()
    callbacks = created
    listening.set(signal, created)
    signal.addEventListener(
      'abort',
      () => {
        listening.delete(signal)
        // One callback can take back another, which must then not be called any more.
        for (const each of [...created]) if (created.has(each)) each()
      },
      { once: true },
    )
  }
  const joined = callbacks
  joined.add(callback)
  return () => {
    joined.delete(callback)
  }
}

/**
 * The result of a promise, or the signal's reason as soon as it aborts.
 *
 * Node 20's fetch can leave the reading of a body pending for ever when it is aborted between the
 * last bytes and the end, so an abort is never left to it alone.
 */
export function untilAborted<Value>(signal: AbortSignal, promise: Promise<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    const forget = onAbort(signal, () => reject(signal.reason as Error))
    if (signal.aborted) reject(signal.reason as Error)
    promise.then(
      (value) => {
        forget()
        resolve(value)
      },
      (error: unknown) => {
        forget()
        reject(error as Error)
      },
    )
  })
}
