import { quoteName } from '../schema/ddl.js'

/** How rows are sent: as CSV lines, or as tuples of the binary format. */
export type CopyFormat = 'csv' | 'binary'

/** Columns of each table, in the order of its rows. */
export type TableColumns = ReadonlyMap<string, readonly string[]>

/** Runs one COPY; resolves to the rows the table took. */
export type Copy = (
  table: string,
  statement: string,
  format: CopyFormat,
  chunks: readonly Uint8Array[],
) => Promise<number>

/** What those who give rows are told. */
export interface CopyEvents {
  /** The server has answered for these rows; nobody reads the arrays any more. */
  onTaken(chunks: readonly Uint8Array[]): void
  /** A COPY failed. Nothing more is sent. */
  onFailed(error: unknown): void
}

/** Bytes of a table's rows that are worth a COPY; each costs a round trip or two. */
const COPY_BYTES = 256 << 10

/** Rows of a table that wait for their COPY. */
interface HeldRows {
  readonly table: string
  readonly format: CopyFormat
  chunks: Uint8Array[]
  byteCount: number
}

/**
 * Rows of several tables on their way over one connection, which copies to one table at a time: when
 * a COPY is done, the table with the most rows waiting is next.
 */
export class CopyQueue {
  readonly #copy: Copy
  readonly #columns: TableColumns
  readonly #events: CopyEvents
  readonly #held = new Map<string, HeldRows>()
  readonly #written = new Map<string, number>()
  #running: Promise<void> | null = null
  #isEnding = false
  #failure: { readonly error: unknown } | null = null

  constructor(copy: Copy, columns: TableColumns, events: CopyEvents) {
    this.#copy = copy
    this.#columns = columns
    this.#events = events
  }

  /** Takes rows; the array must not change until it is told to be taken. */
  add(table: string, format: CopyFormat, bytes: Uint8Array): void {
    if (this.#failure !== null) return
    const key = `${format} ${table}`
    const held = this.#held.get(key) ?? { table, format, chunks: [], byteCount: 0 }
    this.#held.set(key, held)
    held.chunks.push(bytes)
    held.byteCount += bytes.length
    this.#sendNext()
  }

  /** Sends what is left; resolves to the rows each table took. */
  async finish(): Promise<ReadonlyMap<string, number>> {
    this.#isEnding = true
    this.#sendNext()
    while (this.#running !== null) await this.#running
    if (this.#failure !== null) throw this.#failure.error
    return this.#written
  }

  /** Forgets rows that are not under way, and waits for those that are. */
  async drop(): Promise<void> {
    this.#held.clear()
    while (this.#running !== null) await this.#running
  }

  #sendNext(): void {
    if (this.#running !== null || this.#failure !== null) return
    let largest: HeldRows | null = null
    for (const held of this.#held.values()) {
      if (held.byteCount > (largest?.byteCount ?? 0)) largest = held
    }
    if (largest === null || (largest.byteCount < COPY_BYTES && !this.#isEnding)) return
    const { table, format, chunks } = largest
    largest.chunks = []
    largest.byteCount = 0
    this.#running = this.#send(table, format, chunks)
  }

  async #send(table: string, format: CopyFormat, chunks: readonly Uint8Array[]): Promise<void> {
    try {
      const names = this.#columns.get(table)!.map(quoteName).join(', ')
      const statement = `COPY ${quoteName(table)} (${names}) FROM STDIN (FORMAT ${format})`
      const count = await this.#copy(table, statement, format, chunks)
      this.#written.set(table, (this.#written.get(table) ?? 0) + count)
      this.#events.onTaken(chunks)
    } catch (error) {
      this.#failure = { error }
      this.#held.clear()
      this.#events.onFailed(error)
    }
    this.#running = null
    this.#sendNext()
  }
}
