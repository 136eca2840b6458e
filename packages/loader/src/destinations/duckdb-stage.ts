import { appendFile, readdir, rm, rmdir } from 'node:fs/promises'
import path from 'node:path'
import { quoteName, quoteText, RECORD_TABLES } from '../schema/ddl.js'
import { dataColumns, stageColumns, stageName, type StoredColumn } from '../schema/stage-columns.js'
import type { TableSchema } from '../schema/table-schema.js'
import type { StageIssue } from '../source.js'
import type { HashedRows, Stage, StageRequest } from './contract.js'
import { duckdbDialect } from './duckdb-dialect.js'
import { issueLines } from './issue-lines.js'
import { ParquetStage, STAGED_ROW_HASH } from './parquet-stage.js'

/** What runs statements that change rows of a table, one at a time. */
export interface ChangeRows {
  /** Resolves to how many rows. */
  change(sql: string, table: string): Promise<number>
  /** Ends the statement under way, if there is one, with an error. */
  interrupt(): void
  /**
   * Statements run on one thread, beside the one that makes the rows, until this is called with
   * `false` or the transaction is undone. Rows put in by several threads fill row groups only in
   * part, and DuckDB then packs them twice.
   */
  useOneThread(one: boolean): Promise<void>
}

/** Rows of all tables that go into the database at a time, at most. */
const ROUND_ROWS = 1 << 19
/** Rows of the first round, for the database to begin soon; each round after has twice as many. */
const FIRST_ROUND_ROWS = 1 << 16
/** Rounds that may wait on disk for the database. */
const ROUNDS_AHEAD = 2

/** Bytes of the longest line. */
const LINE_BYTES = 32 << 20

/**
 * How the staged lines are written: see `csvCell`. Without a size DuckDB's buffer would be that of
 * sixteen lines, more than its memory.
 */
const CSV_OPTIONS =
  "header = false, auto_detect = false, delim = ',', quote = '\"', escape = '\"', nullstr = '', " +
  `allow_quoted_nulls = false, parallel = false, max_line_size = ${LINE_BYTES}, buffer_size = ${LINE_BYTES}`

/**
 * Rows on their way into DuckDB: Parquet files beside the database, which go into its tables round
 * by round while the rows of the next round are made, all in the transaction of the load.
 */
export class DuckdbStage implements Stage {
  readonly #connection: ChangeRows
  readonly #request: StageRequest
  readonly #folder: string
  readonly #tables = new Map<string, TableSchema>()
  readonly #lineFiles = new Map<string, string>()
  readonly #written = new Map<string, number>()
  #issueFile: string | null = null
  #roundNumber = 0
  #round: ParquetStage
  /** The rounds that go in, one after another. */
  #inserting: Promise<void> = Promise.resolve()
  /** The end of each of the latest rounds, oldest first. */
  readonly #roundEnds: Promise<void>[] = []
  #failure: { readonly error: unknown } | null = null

  constructor(connection: ChangeRows, request: StageRequest, folder: string) {
    this.#connection = connection
    this.#request = request
    this.#folder = folder
    this.#round = this.#nextRound()
  }

  async write(rows: HashedRows): Promise<void> {
    this.#check()
    if (rows.kind === 'tuples') throw new TypeError('DuckDB takes columns and lines, not tuples')
    const { table } = rows
    this.#tables.set(table.name, table)
    if (rows.kind === 'columns') {
      await this.#round.write(table, rows.batch, rows.hashes)
      if (this.#round.rowCount >= this.#roundRows()) await this.#endRound()
      return
    }
    const file = path.join(this.#folder, `${table.name}.csv`)
    this.#lineFiles.set(table.name, file)
    await appendFile(file, rows.lines)
    this.#request.arrays.give([rows.lines])
  }

  async writeIssues(issues: readonly StageIssue[]): Promise<void> {
    if (issues.length === 0) return
    this.#issueFile = path.join(this.#folder, 'issues.csv')
    await appendFile(this.#issueFile, issueLines(this.#request.loadId, issues))
  }

  async finish(): Promise<ReadonlyMap<string, number>> {
    await this.#endRound()
    await this.#inserting
    this.#check()
    await this.#connection.useOneThread(false)
    for (const [name, file] of this.#lineFiles) {
      const table = this.#tables.get(name)!
      const columns = stageColumns(table, this.#request.slice)
      this.#count(name, await this.#insertLines(stageName(table), columns, file))
    }
    if (this.#issueFile !== null) {
      await this.#insertLines('crimewh_issue', RECORD_TABLES['crimewh_issue']!, this.#issueFile)
    }
    await this.#removeFiles()
    return this.#written
  }

  async abort(): Promise<void> {
    this.#failure ??= { error: new Error('the load was given up') }
    this.#connection.interrupt()
    await this.#inserting
    await this.#round.abort(this.#failure.error)
    await this.#removeFiles()
  }

  #roundRows(): number {
    return Math.min(ROUND_ROWS, FIRST_ROUND_ROWS * 2 ** (this.#roundNumber - 1))
  }

  #nextRound(): ParquetStage {
    this.#roundNumber++
    const folder = path.join(this.#folder, `round-${this.#roundNumber}`)
    return new ParquetStage(folder, this.#request.tables)
  }

  /**
   * Completes the files of the round and has them put in once those before are; waits while too
   * many rounds lie on disk.
   */
  async #endRound(): Promise<void> {
    const files = await this.#round.close()
    this.#round = this.#nextRound()
    this.#inserting = this.#inserting.then(() => this.#insertRound(files))
    this.#roundEnds.push(this.#inserting)
    if (this.#roundEnds.length > ROUNDS_AHEAD) await this.#roundEnds.shift()
  }

  async #insertRound(files: ReadonlyMap<string, string>): Promise<void> {
    try {
      await this.#connection.useOneThread(true)
      for (const [name, file] of files) {
        if (this.#failure !== null) return
        this.#count(name, await this.#insertParquet(this.#tables.get(name)!, file))
        await rm(file, { force: true })
      }
    } catch (error) {
      this.#failure ??= { error } // For the next call to throw.
    }
  }

  #check(): void {
    if (this.#failure !== null) throw this.#failure.error
  }

  #count(name: string, rows: number): void {
    this.#written.set(name, (this.#written.get(name) ?? 0) + rows)
  }

  async #insertParquet(table: TableSchema, file: string): Promise<number> {
    const { loadId, slice } = this.#request
    const columns = stageColumns(table, slice).map(({ name }) => quoteName(name))
    const data = dataColumns(table).map(({ name }) => quoteName(name))
    const values = [
      String(loadId),
      ...slice.map(({ value }) => (typeof value === 'string' ? quoteText(value) : String(value))),
      STAGED_ROW_HASH,
      'record_number',
      ...data,
    ]
    const stage = stageName(table)
    return this.#connection.change(
      `INSERT INTO ${quoteName(stage)} (${columns.join(', ')})
       SELECT ${values.join(', ')} FROM read_parquet(${quoteText(file)})`,
      stage,
    )
  }

  async #insertLines(
    target: string,
    columns: readonly StoredColumn[],
    file: string,
  ): Promise<number> {
    const names = columns.map(({ name }) => quoteName(name)).join(', ')
    const types = columns.map(
      ({ name, type }) => `${quoteText(name)}: ${quoteText(duckdbDialect.typeName(type))}`,
    )
    return this.#connection.change(
      `INSERT INTO ${quoteName(target)} (${names})
       SELECT ${names} FROM read_csv(${quoteText(file)}, columns = {${types.join(', ')}}, ${CSV_OPTIONS})`,
      target,
    )
  }

  async #removeFiles(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true })
    const folder = path.dirname(this.#folder)
    const others = await readdir(folder).catch(() => ['gone'])
    if (others.length === 0) await rmdir(folder).catch(() => undefined) // Another load began.
  }
}
