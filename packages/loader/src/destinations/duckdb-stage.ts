import { appendFile, readdir, rm, rmdir } from 'node:fs/promises'
import path from 'node:path'
import { quoteName, quoteText, RECORD_TABLES } from '../schema/ddl.js'
import { dataColumns, stageColumns, stageName, type StoredColumn } from '../schema/stage-columns.js'
import type { TableSchema } from '../schema/table-schema.js'
import type { StageIssue } from '../source.js'
import type { HashedRows, Stage, StageRequest } from './contract.js'
import { duckdbDialect } from './duckdb-dialect.js'
import { issueLines } from './issue-lines.js'
import { ParquetStage } from './parquet-stage.js'

/** What runs a statement that changes rows of a table. */
export interface ChangeRows {
  /** Resolves to how many rows. */
  change(sql: string, table: string): Promise<number>
}

/** How the staged lines are written: see `csvCell`. */
const CSV_OPTIONS =
  "header = false, auto_detect = false, delim = ',', quote = '\"', escape = '\"', nullstr = '', " +
  'allow_quoted_nulls = false, parallel = false, max_line_size = 33554432'

/** Rows on their way into DuckDB: files beside the database until `finish`. */
export class DuckdbStage implements Stage {
  readonly #connection: ChangeRows
  readonly #request: StageRequest
  readonly #folder: string
  readonly #parquet: ParquetStage
  readonly #tables = new Map<string, TableSchema>()
  readonly #lineFiles = new Map<string, string>()
  #issueFile: string | null = null

  constructor(connection: ChangeRows, request: StageRequest, folder: string) {
    this.#connection = connection
    this.#request = request
    this.#folder = folder
    this.#parquet = new ParquetStage(folder, request.tables)
  }

  async write(rows: HashedRows): Promise<void> {
    const { table } = rows
    this.#tables.set(table.name, table)
    if (rows.kind === 'columns') return this.#parquet.write(table, rows.batch, rows.hashes)
    const file = path.join(this.#folder, `${table.name}.csv`)
    this.#lineFiles.set(table.name, file)
    await appendFile(file, rows.lines)
  }

  async writeIssues(issues: readonly StageIssue[]): Promise<void> {
    if (issues.length === 0) return
    this.#issueFile = path.join(this.#folder, 'issues.csv')
    await appendFile(this.#issueFile, issueLines(this.#request.loadId, issues))
  }

  async finish(): Promise<ReadonlyMap<string, number>> {
    const written = new Map<string, number>()
    const add = (name: string, count: number) => written.set(name, (written.get(name) ?? 0) + count)
    for (const [name, file] of await this.#parquet.close()) {
      add(name, await this.#insertParquet(this.#tables.get(name)!, file))
    }
    for (const [name, file] of this.#lineFiles) {
      const table = this.#tables.get(name)!
      const columns = stageColumns(table, this.#request.slice)
      add(name, await this.#insertLines(stageName(table), columns, file))
    }
    if (this.#issueFile !== null) {
      await this.#insertLines('crimewh_issue', RECORD_TABLES['crimewh_issue']!, this.#issueFile)
    }
    await this.#removeFiles()
    return written
  }

  async abort(): Promise<void> {
    await this.#parquet.abort(new Error('the load was given up'))
    await this.#removeFiles()
  }

  async #insertParquet(table: TableSchema, file: string): Promise<number> {
    const { loadId, slice } = this.#request
    const columns = stageColumns(table, slice).map(({ name }) => quoteName(name))
    const data = dataColumns(table).map(({ name }) => quoteName(name))
    const values = [
      String(loadId),
      ...slice.map(({ value }) => (typeof value === 'string' ? quoteText(value) : String(value))),
      'row_hash::UUID',
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
