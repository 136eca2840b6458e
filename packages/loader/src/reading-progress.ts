import type { IssueCounter } from './issue-counter.js'
import type { LoadEvent } from './progress.js'
import { type Repeating, repeating } from './repeating.js'
import type { SliceReading } from './source.js'

/** Milliseconds between two `staging` events. */
const PROGRESS_MS = 250

/** Tells how far the reading of a slice is, also while it gives nothing. */
export class ReadingProgress implements Disposable {
  readonly #slice: string
  readonly #reading: SliceReading
  readonly #issues: IssueCounter
  readonly #onProgress: (event: LoadEvent) => void
  readonly #timer: Repeating
  #rows = 0
  #toldAt = 0

  constructor(
    slice: string,
    reading: SliceReading,
    issues: IssueCounter,
    onProgress: (event: LoadEvent) => void,
  ) {
    this.#slice = slice
    this.#reading = reading
    this.#issues = issues
    this.#onProgress = onProgress
    // Rows that are always at hand leave no time to a timer, and a service that answers no batch.
    this.#timer = repeating(() => this.#tell(PROGRESS_MS / 2), PROGRESS_MS)
  }

  get rows(): number {
    return this.#rows
  }

  /** After each batch. Throws what a listener threw meanwhile. */
  add(rowCount: number): void {
    this.#timer.check()
    this.#rows += rowCount
    this.#tell(PROGRESS_MS)
  }

  #tell(afterMs: number): void {
    if (Date.now() - this.#toldAt < afterMs) return
    this.#toldAt = Date.now()
    this.#onProgress({
      kind: 'staging',
      slice: this.#slice,
      rows: this.#rows,
      issues: this.#issues.count,
      progress: this.#reading.progress(),
    })
  }

  /** At the end of the reading. */
  finish(): void {
    this.#timer.check()
    this[Symbol.dispose]()
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]()
  }
}
