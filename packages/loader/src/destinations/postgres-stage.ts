import { setImmediate as turn } from 'node:timers/promises'
import { RECORD_TABLES } from '../schema/ddl.js'
import { stageColumns, stageName } from '../schema/stage-columns.js'
import type { StageIssue } from '../source.js'
import type { HashedRows, Stage, StageRequest } from './contract.js'
import { issueLines } from './issue-lines.js'

/** What sends lines to a table, one call at a time. */
export interface CopyLines {
  /** Resolves to the rows the table took. */
  copy(table: string, columns: readonly string[], chunks: readonly Uint8Array[]): Promise<number>
}

const ISSUE_TABLE = 'crimewh_issue'
/** Bytes of a table's lines that are sent in one COPY; each costs a round trip or two. */
const COPY_BYTES = 8 << 20
/** Bytes of lines of all tables that are held back at most, beside those under way. */
const HELD_BYTES = 32 << 20

/** Lines of a table that wait for their COPY. */
interface HeldLines {
  chunks: Uint8Array[]
  byteCount: number
}

/** Rows on their way into PostgreSQL: they are in the transaction as soon as they are taken. */
export class PostgresStage implements Stage {
  readonly #connection: CopyLines
  readonly #request: StageRequest
  readonly #columns = new Map<string, readonly string[]>()
  readonly #held = new Map<string, HeldLines>()
  #heldBytes = 0
  readonly #written = new Map<string, number>()
  /** The COPY under way: the next lines are made while the server takes these. */
  #running: Promise<void> = Promise.resolve()
  #failure: { readonly error: unknown } | null = null

  constructor(connection: CopyLines, request: StageRequest) {
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
    if (rows.kind !== 'lines') throw new TypeError('PostgreSQL takes lines, not columns')
    await this.#hold(stageName(rows.table), rows.lines)
    // Lets the socket take more of the COPY under way, which a busy thread would leave waiting.
    await turn()
  }

  async writeIssues(issues: readonly StageIssue[]): Promise<void> {
    if (issues.length > 0) await this.#hold(ISSUE_TABLE, issueLines(this.#request.loadId, issues))
  }

  async finish(): Promise<ReadonlyMap<string, number>> {
    for (const table of this.#held.keys()) await this.#send(table)
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

  async #hold(table: string, lines: Uint8Array): Promise<void> {
    this.#check()
    const held = this.#held.get(table) ?? { chunks: [], byteCount: 0 }
    this.#held.set(table, held)
    held.chunks.push(lines)
    held.byteCount += lines.length
    this.#heldBytes += lines.length
    if (held.byteCount >= COPY_BYTES) await this.#send(table)
    else if (this.#heldBytes >= HELD_BYTES) await this.#send(this.#largest())
  }

  #largest(): string {
    let [largest, most] = ['', -1]
    for (const [table, { byteCount }] of this.#held) {
      if (byteCount > most) [largest, most] = [table, byteCount]
    }
    return largest
  }

  /** Starts the COPY of a table's lines, once the one before is done. */
  async #send(table: string): Promise<void> {
    await this.#running
    this.#check()
    const held = this.#held.get(table)!
    if (held.byteCount === 0) return
    this.#held.set(table, { chunks: [], byteCount: 0 })
    this.#heldBytes -= held.byteCount
    this.#running = this.#copy(table, held.chunks)
  }

  async #copy(table: string, chunks: readonly Uint8Array[]): Promise<void> {
    try {
      const count = await this.#connection.copy(table, this.#columns.get(table)!, chunks)
      this.#written.set(table, (this.#written.get(table) ?? 0) + count)
    } catch (error) {
      this.#failure = { error } // For the next call to throw.
    }
  }

  #check(): void {
    if (this.#failure !== null) throw this.#failure.error
  }
}
