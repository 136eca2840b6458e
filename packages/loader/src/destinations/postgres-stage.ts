import { setImmediate as turn } from 'node:timers/promises'
import { RECORD_TABLES } from '../schema/ddl.js'
import { stageColumns, stageName } from '../schema/stage-columns.js'
import type { StageIssue } from '../source.js'
import type { HashedRows, Stage, StageRequest } from './contract.js'
import { issueLines } from './issue-lines.js'

/** How rows are sent: as CSV lines, or as tuples of the binary format. */
export type CopyFormat = 'csv' | 'binary'

/** What sends rows to a table, one call at a time. */
export interface CopyRows {
  /** Resolves to the rows the table took. */
  copy(
    table: string,
    columns: readonly string[],
    format: CopyFormat,
    chunks: readonly Uint8Array[],
  ): Promise<number>
}

const ISSUE_TABLE = 'crimewh_issue'
/** Bytes of a table's rows that are worth a COPY; each costs a round trip or two. */
const COPY_BYTES = 256 << 10
/** Bytes of rows of all tables that are held back at most, beside those under way. */
const HELD_BYTES = 32 << 20

/** Rows of a table that wait for their COPY. */
interface HeldRows {
  readonly table: string
  readonly format: CopyFormat
  chunks: Uint8Array[]
  byteCount: number
}

/** Rows on their way into PostgreSQL: they are in the transaction as soon as they are taken. */
export class PostgresStage implements Stage {
  readonly #connection: CopyRows
  readonly #request: StageRequest
  readonly #columns = new Map<string, readonly string[]>()
  readonly #held = new Map<string, HeldRows>()
  #heldBytes = 0
  readonly #written = new Map<string, number>()
  /** The COPY under way: the next rows are made while the server takes these. */
  #running: Promise<void> = Promise.resolve()
  #isRunning = false
  #failure: { readonly error: unknown } | null = null

  constructor(connection: CopyRows, request: StageRequest) {
    this.#connection = connection
    this.#request = request
    for (const table of request.tables) {
      const columns = stageColumns(table, request.slice).map(({ name }) => name)
      this.#columns.set(stageName(table), columns)
    }
    const issueColumns = RECORD_TABLES[ISSUE_TABLE]!.map(({ name }) => name)
    this.#columns.set(ISSUE_TABLE, issueColumns)
  }

  async write(rows: HashedRows): Promise<void> {
    if (rows.kind === 'columns') throw new TypeError('PostgreSQL takes tuples and lines')
    const table = stageName(rows.table)
    if (rows.kind === 'tuples') await this.#hold(table, 'binary', rows.tuples)
    else await this.#hold(table, 'csv', rows.lines)
    // Lets the socket take more of the COPY under way, which a busy thread would leave waiting.
    await turn()
  }

  async writeIssues(issues: readonly StageIssue[]): Promise<void> {
    if (issues.length === 0) return
    await this.#hold(ISSUE_TABLE, 'csv', issueLines(this.#request.loadId, issues))
  }

  async finish(): Promise<ReadonlyMap<string, number>> {
    for (const held of this.#held.values()) await this.#send(held)
    await this.#running
    this.#check()
    return new Map(
      this.#request.tables.map((table) => [table.name, this.#written.get(stageName(table)) ?? 0]),
    )
  }

  async abort(): Promise<void> {
    this.#held.clear()
    await this.#running
  }

  async #hold(table: string, format: CopyFormat, bytes: Uint8Array): Promise<void> {
    this.#check()
    const key = `${format} ${table}`
    const held = this.#held.get(key) ?? { table, format, chunks: [], byteCount: 0 }
    this.#held.set(key, held)
    held.chunks.push(bytes)
    held.byteCount += bytes.length
    this.#heldBytes += bytes.length
    if (this.#isRunning) {
      if (this.#heldBytes >= HELD_BYTES) await this.#send(this.#largest())
      return
    }
    const largest = this.#largest()
    if (largest.byteCount >= COPY_BYTES) await this.#send(largest)
  }

  #largest(): HeldRows {
    return [...this.#held.values()].reduce((a, b) => (b.byteCount > a.byteCount ? b : a))
  }

  /** Starts the COPY of a table's rows, once the one before is done. */
  async #send(held: HeldRows): Promise<void> {
    await this.#running
    this.#check()
    const { table, format, chunks, byteCount } = held
    if (byteCount === 0) return
    held.chunks = []
    held.byteCount = 0
    this.#heldBytes -= byteCount
    this.#isRunning = true
    this.#running = this.#copy(table, format, chunks)
  }

  async #copy(table: string, format: CopyFormat, chunks: readonly Uint8Array[]): Promise<void> {
    try {
      const count = await this.#connection.copy(table, this.#columns.get(table)!, format, chunks)
      this.#written.set(table, (this.#written.get(table) ?? 0) + count)
      // The server has answered for all of them.
      if (table !== ISSUE_TABLE) this.#request.arrays.give(chunks)
    } catch (error) {
      this.#failure = { error } // For the next call to throw.
    } finally {
      this.#isRunning = false
    }
  }

  #check(): void {
    if (this.#failure !== null) throw this.#failure.error
  }
}
