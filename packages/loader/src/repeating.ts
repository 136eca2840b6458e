/** Work that is done again and again until it is disposed of. */
export interface Repeating extends Disposable {
  /** Throws what the work threw, which a timer could tell nobody. */
  check(): void
}

/** Does `work` every so often, without keeping the process alive; stops at its first error. */
export function repeating(work: () => void, everyMs: number): Repeating {
  let failure: { readonly error: unknown } | null = null
  const timer = setInterval(() => {
    try {
      work()
    } catch (error) {
      failure = { error }
      clearInterval(timer)
    }
  }, everyMs)
  timer.unref()
  return {
    check() {
      if (failure !== null) throw failure.error
    },
    [Symbol.dispose]: () => clearInterval(timer),
  }
}
