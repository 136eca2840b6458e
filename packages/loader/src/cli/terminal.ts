/** The reader of standard output went away, as `head` does: no error, and nothing more to do. */
export class StdoutClosed extends Error {
  constructor() {
    super('standard output was closed')
    this.name = 'StdoutClosed'
  }
}

interface TerminalStream extends NodeJS.WritableStream {
  readonly isTTY?: boolean
  readonly columns?: number
}

/** Standard error for people: lines, and on a terminal one line that is drawn again and again. */
export class Terminal {
  readonly quiet: boolean
  readonly interactive: boolean
  readonly #stream: TerminalStream
  #drawn = false

  /** @param stream instead of standard error */
  constructor({ quiet }: { readonly quiet: boolean }, stream: TerminalStream = process.stderr) {
    this.quiet = quiet
    this.#stream = stream
    this.interactive = stream.isTTY === true && process.env['TERM'] !== 'dumb'
    // Nobody reads the messages any more: that is no reason to lose the work.
    stream.on('error', () => {})
    // Each write to standard output learns of its own failure.
    process.stdout.on('error', () => {})
  }

  /** A line on standard error. */
  line(text: string): void {
    this.redraw('')
    this.#stream.write(`${text}\n`)
  }

  /** A line on standard error, unless quiet. */
  note(text: string): void {
    if (!this.quiet) this.line(text)
  }

  /** Puts `text` in place of the line drawn last; the empty text takes that line away. */
  redraw(text: string): void {
    if (text === '' && !this.#drawn) return
    const width = this.#stream.columns ?? 80
    this.#stream.write(`\r\u001b[2K${text.slice(0, width - 1)}`)
    this.#drawn = text !== ''
  }
}

/**
 * Writes to standard output and waits until it is ready for more.
 *
 * @throws {StdoutClosed} when its reader has gone
 */
export function writeStdout(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => {
      if (error === null || error === undefined) resolve()
      else if ((error as NodeJS.ErrnoException).code === 'EPIPE') reject(new StdoutClosed())
      else reject(error)
    })
  })
}
