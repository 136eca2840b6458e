import { setImmediate as turn } from 'node:timers/promises'
import { RECORD_TABLES } from '../schema/ddl.js'
import { stageColumns, stageName } from '../schema/stage-columns.js'
import type { StageIssue } from '../source.js'
import type { HashedRows, Stage, StageRequest } from './contract.js'
import type { CopyFormat } from './copy-queue.js'
import { issueLines } from './issue-lines.js'
import type { Copies, Wire } from './postgres-wire.js'

const ISSUE_TABLE = 'crimewh_issue'
/** Bytes of rows on their way at most: with as many, the next ones wait. */
const UNDER_WAY_BYTES = 24 << 20

/** Rows on their way into PostgreSQL: they are in the transaction as soon as they are taken. */
export class PostgresStage implements Stage {
  readonly #request: StageRequest
  readonly #copies: Copies
  readonly #wrap: (error: unknown) => unknown
  readonly #issueArrays = new WeakSet<Uint8Array>()
  #underWay = 0
  #failure: { readonly error: unknown } | null = null
  #wake: () => void = () => {}

  /** @param wrap makes an error of the connection one of this package */
  constructor(wire: Wire, request: StageRequest, wrap: (error: unknown) => unknown) {
    this.#request = request
    this.#wrap = wrap
    const columns = new Map<string, readonly string[]>()
    for (const table of request.tables) {
      const names = stageColumns(table, request.slice).map(({ name }) => name)
      columns.set(stageName(table), names)
    }
    columns.set(
      ISSUE_TABLE,
      RECORD_TABLES[ISSUE_TABLE]!.map(({ name }) => name),
    )
    this.#copies = wire.openCopies(columns, {
      onTaken: (chunks) => this.#onTaken(chunks),
      onFailed: (error) => {
        this.#failure = { error } // For the next call to throw.
        this.#wake()
      },
    })
  }

  async write(rows: HashedRows): Promise<void> {
    if (rows.kind === 'columns') throw new TypeError('PostgreSQL takes tuples and lines')
    const table = stageName(rows.table)
    if (rows.kind === 'tuples') this.#add(table, 'binary', rows.tuples)
    else this.#add(table, 'csv', rows.lines)
    // Lets a socket of this thread take more, which a busy thread would leave waiting.
    await turn()
    while (this.#underWay >= UNDER_WAY_BYTES && this.#failure === null) {
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
    this.#check()
  }

  async writeIssues(issues: readonly StageIssue[]): Promise<void> {
    this.#check()
    if (issues.length === 0) return
    const lines = issueLines(this.#request.loadId, issues)
    this.#issueArrays.add(lines)
    this.#add(ISSUE_TABLE, 'csv', lines)
  }

  async finish(): Promise<ReadonlyMap<string, number>> {
    this.#check()
    const written = await this.#copies.finish().catch((error: unknown) => {
      throw this.#wrap(error)
    })
    return new Map(
      this.#request.tables.map((table) => [table.name, written.get(stageName(table)) ?? 0]),
    )
  }

  async abort(): Promise<void> {
    await this.#copies.drop().catch(() => undefined) // The connection is gone, and its rows with it.
  }

  #add(table: string, format: CopyFormat, bytes: Uint8Array): void {
    this.#underWay += bytes.length
    this.#copies.add(table, format, bytes)
  }

  #onTaken(chunks: readonly Uint8Array[]): void {
    for (const { length } of chunks) this.#underWay -= length
    this.#request.arrays.give(chunks.filter((chunk) => !this.#issueArrays.has(chunk)))
    this.#wake()
  }

  #check(): void {
    if (this.#failure !== null) throw this.#wrap(this.#failure.error)
  }
}
