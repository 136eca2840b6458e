import type { Command } from './args.js'
import type { Terminal } from './terminal.js'

/** What a command works with. */
export interface CommandContext {
  readonly command: Command
  readonly terminal: Terminal
  readonly signal: AbortSignal
}

/** What a command leaves for the end of the program. */
export interface CommandEnd {
  /** For `--json`. */
  readonly json: unknown
  /** For people who asked for data: goes to standard output without `--json`. */
  readonly text?: string
  /** Errors that did not end the run; the exit code is then that of the first. */
  readonly errors?: readonly unknown[]
}
