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
        for (const each of [...created]) each()
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
