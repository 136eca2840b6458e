import { OptionError } from '../errors.js'
import type { OutputStyle } from './args.js'

type Style = 'red' | 'yellow' | 'dim' | 'bold'

const SEQUENCES: Readonly<Record<Style, string>> = {
  red: '\u001b[31m',
  yellow: '\u001b[33m',
  dim: '\u001b[2m',
  bold: '\u001b[1m',
}
const RESET = '\u001b[0m'

/** The reader of standard output went away, as `head` does: no error, and nothing more to do. */
export class StdoutClosed extends Error {
  constructor() {
    super('standard output was closed')
    this.name = 'StdoutClosed'
  }
}

/** Standard error for people, standard output for data. */
export class Terminal {
  readonly quiet: boolean
  readonly interactive: boolean
  readonly #color: boolean
  #drawn = false

  constructor(style: OutputStyle) {
    this.quiet = style.quiet
    this.interactive = process.stderr.isTTY === true && process.env['TERM'] !== 'dumb'
    const wanted = style.color && (process.env['NO_COLOR'] ?? '') === ''
    this.#color = wanted && this.interactive
    // Nobody reads the messages any more: that is no reason to lose the work.
    process.stderr.on('error', () => {})
    // Each write to standard output learns of its own failure.
    process.stdout.on('error', () => {})
  }

  /** A line on standard error. */
  line(text: string): void {
    this.redraw('')
    process.stderr.write(`${text}\n`)
  }

  /** A line on standard error, unless quiet. */
  note(text: string): void {
    if (!this.quiet) this.line(text)
  }

  /** Puts `text` in place of the line drawn last; the empty text takes that line away. */
  redraw(text: string): void {
    if (text === '' && !this.#drawn) return
    // A terminal that does not know its width says 0.
    const width = process.stderr.columns || 80
    process.stderr.write(`\r\u001b[2K${text.slice(0, width - 1)}`)
    this.#drawn = text !== ''
  }

  style(style: Style, text: string): string {
    return this.#color ? `${SEQUENCES[style]}${text}${RESET}` : text
  }
}

/**
 * Writes to standard output and waits until it is ready for more.
 *
 * @throws {StdoutClosed} when its reader has gone
 * @throws {OptionError} OUTPUT_NOT_WRITABLE, when what it leads to is full or gone
 */
export function writeStdout(bytes: Uint8Array | string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(bytes, (error) => {
      if (error === null || error === undefined) resolve()
      else if ((error as NodeJS.ErrnoException).code === 'EPIPE') reject(new StdoutClosed())
      else reject(notWritable(error))
    })
  })
}

function notWritable(cause: Error): OptionError {
  return new OptionError(
    'OUTPUT_NOT_WRITABLE',
    `cannot write to standard output: ${cause.message}; check what it leads to, then run again`,
    { cause },
  )
}
