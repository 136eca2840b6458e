import { existsSync, realpathSync } from 'node:fs'
import { mkdir, readdir, rm, rmdir } from 'node:fs/promises'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { DestinationError, OptionError } from '../errors.js'
import { rejectUnknownOptions } from '../options.js'
import { quoteName, quoteText } from '../schema/ddl.js'
import type {
  Capabilities,
  Connection,
  ConnectOptions,
  Destination,
  LockRequest,
  SqlValue,
  Stage,
  StageRequest,
} from './contract.js'
import { duckdbDialect } from './duckdb-dialect.js'
import { type ChangeRows, DuckdbStage } from './duckdb-stage.js'

/** Options of {@link duckdb}. */
export interface DuckdbOptions {
  /** The database file; made if missing, in a folder that exists. */
  readonly path: string
  /**
   * Most memory DuckDB takes, such as `1GB`. Default `400MB`, whatever the size of the input; rows
   * that are replaced or removed take 16 bytes each beside it, until their transaction ends.
   */
  readonly memoryLimit?: string
  /** Threads of DuckDB. Default: its own, one per core. */
  readonly threads?: number
}

const DEFAULT_MEMORY_LIMIT = '400MB'

/** DuckDB keeps eight bytes for a row deleted in a transaction, and cannot put them on disk. */
const DELETED_ROW_BYTES = 16

/** Settings under which the memory of a load does not grow with its input. */
const LEVEL_MEMORY = {
  // Full row groups go to disk one by one. The default, five of each table at a time, is more than
  // the limit in tables as wide as these.
  write_buffer_row_group_count: '1',
  // Staged files are read once.
  enable_external_file_cache: 'false',
} as const

const CAPABILITIES: Capabilities = {
  transactionalDdl: true,
  maxIdentifierBytes: 255,
  bulk: 'columns',
  batchRows: 16_384,
  concurrentLoaders: false,
}

/**
 * A DuckDB file as a destination. Needs the package `@duckdb/node-api`; nothing is fetched.
 *
 * Rows are staged as files in `<path>.stage`, beside the database, and go into their tables while
 * the next ones are made, in one transaction. One process at a time has the file open; what a killed
 * load left behind is removed when the next one opens it.
 *
 * @throws {OptionError} OPTION_UNKNOWN, OPTION_INVALID
 */
export function duckdb(options: DuckdbOptions): Destination {
  rejectUnknownOptions('duckdb', options, ['path', 'memoryLimit', 'threads'])
  if (typeof options.path !== 'string' || options.path === '' || options.path === ':memory:') {
    throw new OptionError(
      'OPTION_INVALID',
      `duckdb needs "path", the path of a database file; got ${JSON.stringify(options.path)}`,
      { option: 'path' },
    )
  }
  const file = path.resolve(options.path)
  const name = `duckdb:${path.basename(file)}`
  return {
    name,
    dialect: duckdbDialect,
    capabilities: CAPABILITIES,
    async connect(connect: ConnectOptions = {}) {
      const { signal, readOnly = false } = connect
      signal?.throwIfAborted()
      if (readOnly && !existsSync(file)) return null
      const database = await openUnlocked(file, name, options, connect)
      return DuckdbConnection.open(database, name, signal)
    },
  }
}

/** A database file this process has open, for all its connections. */
interface OpenDatabase {
  readonly instance: DuckDBInstance
  readonly stageFolder: string
  readonly readOnly: boolean
  /** Threads of statements, unless a load says otherwise. */
  readonly threads: number
  /** Bytes of memory, unless rows are deleted. */
  readonly memoryLimit: number
  users: number
  /** Settles when the loader before has ended its transaction; loads of a process take turns. */
  turn: Promise<void>
  /** What the loader whose turn it is does. */
  holder: string | null
  close(): Promise<void>
}

/** By path; DuckDB's own lock does not keep a process from opening a file twice. */
const opened = new Map<string, Promise<OpenDatabase>>()

const POLL_MS = 250

/** Opens the file, waiting as long as it is asked to for another process that has it open. */
async function openUnlocked(
  file: string,
  name: string,
  options: DuckdbOptions,
  { signal, readOnly = false, lockWaitMs = 0, onWait }: ConnectOptions,
): Promise<OpenDatabase> {
  const deadline = Date.now() + lockWaitMs
  for (let told = false; ; told = true) {
    try {
      return await openDatabase(file, name, options, readOnly)
    } catch (error) {
      const left = deadline - Date.now()
      const isLocked = error instanceof DestinationError && error.code === 'DESTINATION_LOCKED'
      if (!isLocked || left <= 0) throw error
      if (!told) onWait?.(error.holder ?? 'another process')
      await sleep(Math.min(POLL_MS, left), undefined, signal === undefined ? {} : { signal }).catch(
        () => undefined,
      )
      signal?.throwIfAborted()
    }
  }
}

async function openDatabase(
  file: string,
  name: string,
  options: DuckdbOptions,
  readOnly: boolean,
): Promise<OpenDatabase> {
  const folder = existsSync(path.dirname(file)) ? realpathSync(path.dirname(file)) : null
  if (folder === null) {
    throw new DestinationError(
      'DESTINATION_CONNECT',
      `cannot open ${name}: there is no folder ${path.dirname(file)}; make it first`,
    )
  }
  const key = path.join(folder, path.basename(file))
  for (;;) {
    // Noted before anything is waited for: whoever comes next must find it.
    let opening = opened.get(key)
    if (opening === undefined) {
      opening = openFile(key, name, options, readOnly)
      opened.set(key, opening)
    }
    let database: OpenDatabase
    try {
      database = await opening
    } catch (error) {
      if (opened.get(key) === opening) opened.delete(key)
      throw error
    }
    if (opened.get(key) !== opening) continue // Closed meanwhile.
    if (database.readOnly && !readOnly) {
      const holder = `this process (${process.pid}), which reads`
      throw new DestinationError(
        'DESTINATION_LOCKED',
        `${name} is open in ${holder}; close that first, or let this wait with lockWaitMs (--lock-wait)`,
        { retryable: true, holder },
      )
    }
    database.users++
    return database
  }
}

async function openFile(
  file: string,
  name: string,
  { memoryLimit = DEFAULT_MEMORY_LIMIT, threads }: DuckdbOptions,
  readOnly: boolean,
): Promise<OpenDatabase> {
  const { DuckDBInstance } = await importDriver()
  let instance: DuckDBInstance
  try {
    instance = await DuckDBInstance.create(file, {
      // Nothing may reach for the network.
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
      ...(readOnly ? { access_mode: 'READ_ONLY' } : {}),
      memory_limit: memoryLimit,
      ...LEVEL_MEMORY,
      ...(threads === undefined ? {} : { threads: String(threads) }),
    })
  } catch (cause) {
    throw openError(cause, name)
  }
  const stageFolder = `${file}.stage`
  const settings = await readSettings(instance)
  // Whoever has the file open is alone with it: what is here was left by a process that died.
  if (!readOnly) {
    await rm(stageFolder, { recursive: true, force: true })
    await removeSpilled(`${file}.tmp`)
  }
  const database: OpenDatabase = {
    instance,
    stageFolder,
    readOnly,
    ...settings,
    users: 0,
    turn: Promise.resolve(),
    holder: null,
    async close() {
      if (--database.users > 0) return
      opened.delete(file)
      instance.closeSync()
    },
  }
  return database
}

/** Removes what DuckDB put on disk because its memory could not hold it, and nothing else. */
async function removeSpilled(folder: string): Promise<void> {
  const names = await readdir(folder).catch(() => [])
  const spilled = names.filter((name) => name.startsWith('duckdb_temp_'))
  for (const name of spilled) await rm(path.join(folder, name))
  if (spilled.length > 0 && spilled.length === names.length) await rmdir(folder)
}

async function readSettings(
  instance: DuckDBInstance,
): Promise<{ readonly threads: number; readonly memoryLimit: number }> {
  const connection = await instance.connect()
  try {
    const reader = await connection.runAndReadAll(
      "SELECT current_setting('threads'), current_setting('memory_limit')",
    )
    const [threads, memoryLimit] = reader.getRows()[0]!
    return { threads: Number(threads), memoryLimit: bytesOf(String(memoryLimit)) }
  } finally {
    connection.closeSync()
  }
}

const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB']

/** Reads a size as DuckDB writes it: `381.4 MiB`. */
function bytesOf(text: string): number {
  const [number, unit = 'bytes'] = text.split(' ')
  return Math.floor(Number(number) * 1024 ** Math.max(UNITS.indexOf(unit), 0))
}

async function importDriver() {
  try {
    return await import('@duckdb/node-api')
  } catch (cause) {
    throw new DestinationError(
      'DESTINATION_DRIVER',
      'the package @duckdb/node-api is needed for DuckDB and could not be loaded; run npm install @duckdb/node-api',
      { cause },
    )
  }
}

function openError(cause: unknown, name: string): DestinationError {
  const message = cause instanceof Error ? cause.message : String(cause)
  const process = /\(PID (\d+)\)/.exec(message)?.[1]
  if (/lock on file/i.test(message)) {
    const holder = process === undefined ? 'another process' : `the process with PID ${process}`
    return new DestinationError(
      'DESTINATION_LOCKED',
      `${name} is open in ${holder}, and DuckDB lets one process at a time have a file; close it there, run this again later, or let it wait with lockWaitMs (--lock-wait)`,
      { retryable: true, holder, cause },
    )
  }
  return new DestinationError(
    'DESTINATION_CONNECT',
    `cannot open ${name}: ${message.split('\n', 1)[0]}; check the path, and that it is a DuckDB file`,
    { cause },
  )
}

class DuckdbConnection implements Connection, ChangeRows {
  readonly dialect = duckdbDialect
  readonly capabilities = CAPABILITIES
  readonly #database: OpenDatabase
  readonly #connection: DuckDBConnection
  readonly #name: string
  readonly #signal: AbortSignal | undefined
  #endTurn: (() => void) | null = null
  #inTransaction = false
  #usesOneThread = false
  #deletedRows = 0
  readonly #onAbort = () => this.interrupt()

  static async open(
    database: OpenDatabase,
    name: string,
    signal: AbortSignal | undefined,
  ): Promise<DuckdbConnection> {
    return new DuckdbConnection(database, await database.instance.connect(), name, signal)
  }

  private constructor(
    database: OpenDatabase,
    connection: DuckDBConnection,
    name: string,
    signal: AbortSignal | undefined,
  ) {
    this.#database = database
    this.#connection = connection
    this.#name = name
    this.#signal = signal
    signal?.addEventListener('abort', this.#onAbort)
  }

  async begin(lock: LockRequest | null): Promise<void> {
    if (lock !== null) await this.#takeTurn(lock)
    try {
      await this.query('BEGIN TRANSACTION')
      this.#inTransaction = true
    } catch (error) {
      this.#giveTurn()
      throw error
    }
  }

  async #takeTurn(lock: LockRequest): Promise<void> {
    const database = this.#database
    const deadline = Date.now() + lock.waitMs
    let told = false
    while (database.holder !== null) {
      const holder = `this process (${process.pid}), which does: ${database.holder}`
      if (Date.now() >= deadline) {
        throw new DestinationError(
          'DESTINATION_LOCKED',
          `${lock.purpose} has to wait for ${holder}; run it again later, or let it wait with lockWaitMs (--lock-wait)`,
          { retryable: true, holder },
        )
      }
      if (!told) lock.onWait(holder)
      told = true
      const timer = sleep(deadline - Date.now(), undefined, {
        ref: false,
        ...(lock.signal === undefined ? {} : { signal: lock.signal }),
      })
      await Promise.race([database.turn, timer.catch(() => undefined)])
      lock.signal?.throwIfAborted()
    }
    database.holder = lock.purpose
    database.turn = new Promise((resolve) => {
      this.#endTurn = () => {
        database.holder = null
        resolve()
      }
    })
  }

  #giveTurn(): void {
    this.#endTurn?.()
    this.#endTurn = null
  }

  async lockSchema(): Promise<void> {
    // Loads of one file take turns.
  }

  async firstStatements() {
    return []
  }

  async commit(): Promise<void> {
    // A commit is the work of one thread: a second one would only ask, again and again, whether
    // there is something to do.
    await this.useOneThread(true)
    await this.query('COMMIT')
    this.#inTransaction = false
    // The load is in, whatever comes now, such as an abort; closing tries this again.
    await this.#resetSettings().catch(() => undefined)
    this.#giveTurn()
  }

  async rollback(): Promise<void> {
    try {
      // DuckDB may have ended the transaction itself after an error.
      if (this.#inTransaction) await this.#connection.run('ROLLBACK').catch(() => undefined)
      // Only a file that is broken refuses, and the error that says so is on its way.
      await this.#resetSettings().catch(() => undefined)
    } finally {
      this.#inTransaction = false
      this.#giveTurn()
    }
  }

  async #resetSettings(): Promise<void> {
    await this.useOneThread(false)
    if (this.#deletedRows === 0) return
    await this.query(`SET memory_limit = '${this.#database.memoryLimit}B'`)
    this.#deletedRows = 0
  }

  async query(sql: string, values: readonly SqlValue[] = []) {
    try {
      const reader = await this.#connection.runAndReadAll(sql, [...values])
      return reader.getRowObjectsJS().map((row) => {
        const entries = Object.entries(row).map(([name, value]) => [name, plainValue(value)])
        return Object.fromEntries(entries) as Record<string, SqlValue>
      })
    } catch (error) {
      throw this.wrap(error)
    }
  }

  /** Runs a statement that changes rows and returns how many. */
  async change(sql: string, table: string): Promise<number> {
    try {
      const result = await this.#connection.run(sql)
      return result.rowsChanged
    } catch (error) {
      throw this.wrap(error, table)
    }
  }

  async remove(table: string, where: string): Promise<number> {
    const condition = `FROM ${quoteName(table)} WHERE ${where}`
    const [row] = await this.query(`SELECT count(*) AS n ${condition}`)
    const rows = Number(row!['n'])
    if (rows === 0) return 0
    this.#deletedRows += rows
    const limit = this.#database.memoryLimit + this.#deletedRows * DELETED_ROW_BYTES
    await this.query(`SET memory_limit = '${limit}B'`)
    return this.change(`DELETE ${condition}`, table)
  }

  interrupt(): void {
    this.#connection.interrupt()
  }

  async useOneThread(one: boolean): Promise<void> {
    if (one === this.#usesOneThread) return
    await this.query(`SET threads = ${one ? 1 : this.#database.threads}`)
    this.#usesOneThread = one
  }

  async columnsOf(tables: readonly string[]) {
    const names = tables.map(quoteText).join(', ')
    const rows = await this.query(
      `SELECT table_name, column_name, data_type FROM duckdb_columns()
        WHERE database_name = current_database() AND schema_name = 'main' AND table_name IN (${names})
        ORDER BY table_name, column_index`,
    )
    const existing = new Map<string, Map<string, string>>()
    for (const { table_name: table, column_name: column, data_type: type } of rows) {
      const columns = existing.get(String(table)) ?? new Map<string, string>()
      existing.set(String(table), columns.set(String(column), String(type)))
    }
    return existing
  }

  async openStage(request: StageRequest): Promise<Stage> {
    const folder = path.join(this.#database.stageFolder, `load-${request.loadId}`)
    await mkdir(folder, { recursive: true })
    return new DuckdbStage(this, request, folder)
  }

  wrap(error: unknown, table?: string): unknown {
    if (this.#signal?.aborted === true) return this.#signal.reason
    if (!(error instanceof Error)) return error
    const message = error.message.split('\n', 1)[0]
    const isRow = /Conversion Error|CSV Error|Constraint Error/i.test(error.message)
    return new DestinationError(
      isRow && table !== undefined ? 'DESTINATION_ROW' : 'DESTINATION_FAILED',
      `${this.#name}${table === undefined ? '' : `, table ${table}`}: ${message}`,
      {
        retryable: /Transaction conflict|write-write conflict/i.test(error.message),
        ...(table === undefined ? {} : { table }),
        cause: error,
      },
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#signal?.removeEventListener('abort', this.#onAbort)
    await this.rollback()
    this.#connection.closeSync()
    await this.#database.close()
  }
}

function plainValue(value: unknown): SqlValue {
  if (typeof value === 'bigint') return Number(value)
  if (value === null || typeof value === 'number' || typeof value === 'boolean') return value
  return String(value)
}
