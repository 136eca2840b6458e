/** Exit codes of a program ended by a signal: 128 and the signal's number. */
const EXIT_CODES = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const

type Signal = keyof typeof EXIT_CODES

/** The reason with which work is aborted when the user or the system asks to stop. */
export class Interrupted extends Error {
  readonly exitCode: number

  constructor(readonly signalName: Signal) {
    super(`interrupted by ${signalName}; what was committed stays, and the rest was rolled back`)
    this.name = 'Interrupted'
    this.exitCode = EXIT_CODES[signalName]
  }
}

/** Turns the first SIGINT, SIGTERM or SIGHUP into an abort; a second one ends at once. */
export function watchInterrupts(): { readonly signal: AbortSignal; stop(): void } {
  const controller = new AbortController()
  const names = Object.keys(EXIT_CODES) as Signal[]
  const stop = () => {
    for (const name of names) process.removeListener(name, listener)
  }
  const listener = (name: Signal) => {
    stop()
    controller.abort(new Interrupted(name))
  }
  for (const name of names) process.on(name, listener)
  return { signal: controller.signal, stop }
}
