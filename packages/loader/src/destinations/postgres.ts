import { readFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { DestinationError, OptionError } from '../errors.js'
import { rejectUnknownOptions } from '../options.js'
import { quoteName } from '../schema/ddl.js'
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
import { lockNames } from './lock-names.js'
import { postgresDialect } from './postgres-dialect.js'
import { PostgresStage } from './postgres-stage.js'
import { startThread, threadWire } from './postgres-thread.js'
import { DirectWire, NO_DRIVER, type Wire, WireError, type WireResult } from './postgres-wire.js'

/** Options of {@link postgres}. */
export interface PostgresOptions {
  /**
   * `postgres://user@host:5432/database`, with libpq's parameters such as `sslmode`. Without a
   * password: that comes from `passwordFile`, `PGPASSWORD` or the file that `PGPASSFILE` names.
   */
  readonly url: string
  /** Schema of all tables, created if missing. Default `public`. */
  readonly schema?: string
  /** File whose first line is the password. */
  readonly passwordFile?: string
}

const CAPABILITIES: Capabilities = {
  transactionalDdl: true,
  maxIdentifierBytes: 63,
  bulk: 'tuples',
  batchRows: 8192,
  concurrentLoaders: true,
}

/** Classes of SQLSTATE, or whole states, after which the same work may succeed. */
const RETRYABLE = /^(08...|40001|40P01|53300|57P0[1-3]|55P03)$/
const LOST = new Set(['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN'])
const DEFAULT_SCHEMA = 'public'
const POLL_MS = 200
/** A server takes a moment to notice that a loader was killed and to let its locks go. */
const GRACE_MS = 1500
const RETAKE_MS = 5
/** SQLSTATE of a lock that another has. */
const LOCK_NOT_AVAILABLE = '55P03'

/**
 * PostgreSQL 12 or later as a destination. Needs the packages `pg` and `pg-copy-streams`.
 *
 * A load is one transaction: rows arrive by COPY and are seen by others at its commit.
 *
 * @throws {OptionError} OPTION_UNKNOWN, OPTION_INVALID, also for a password in the URL
 */
export function postgres(options: PostgresOptions): Destination {
  rejectUnknownOptions('postgres', options, ['url', 'schema', 'passwordFile'])
  const { url, schema = DEFAULT_SCHEMA, passwordFile } = options
  const name = describe(url)
  return {
    name,
    dialect: postgresDialect,
    capabilities: CAPABILITIES,
    prepare() {
      startThread()
    },
    async connect({ signal, readOnly = false, manyRows = false }: ConnectOptions = {}) {
      signal?.throwIfAborted()
      const checked = withCheckedCertificate(url)
      const whole = passwordFile === undefined ? checked : withPassword(checked, passwordFile)
      const wire = manyRows ? threadWire(whole) : new DirectWire(whole)
      const connection = new PostgresConnection(wire, { name, schema, signal })
      await connection.open(readOnly)
      return connection
    },
  }
}

/** Stands for the host where the URL gives none: a socket, or what `host=` and PGHOST say. */
const NO_HOST = 'local'

/** The URL without user, password and parameters. */
function describe(url: string): string {
  let parsed: URL
  try {
    parsed = new URL(url.replace(/^(postgres(?:ql)?:\/\/(?:[^/@]*@)?)(?=[/?]|$)/i, `$1${NO_HOST}`))
  } catch {
    throw new OptionError(
      'OPTION_INVALID',
      'the PostgreSQL URL cannot be read; expected postgres://user@host:5432/database',
      { option: 'url' },
    )
  }
  if (parsed.protocol !== 'postgres:' && parsed.protocol !== 'postgresql:') {
    throw new OptionError(
      'OPTION_INVALID',
      `the PostgreSQL URL begins with ${parsed.protocol}; expected postgres://user@host:5432/database`,
      { option: 'url' },
    )
  }
  if (parsed.password !== '' || parsed.searchParams.has('password')) {
    throw new OptionError(
      'OPTION_INVALID',
      'the PostgreSQL URL holds a password, which other programs could see; put it in PGPASSWORD, the file of PGPASSFILE, or a password file',
      { option: 'url' },
    )
  }
  const host = parsed.hostname === NO_HOST ? '' : parsed.host
  return `postgres://${host}${parsed.pathname}`
}

/**
 * The driver checks the certificate under `prefer`, `require` and `verify-ca` as under `verify-full`,
 * with a warning on standard error that a later version will not. Said outright there is none, and
 * it stays so. With `uselibpqcompat=true` they mean what libpq says.
 */
function withCheckedCertificate(url: string): string {
  if (/[?&]uselibpqcompat=true(?=&|$)/.test(url)) return url
  return url.replace(/([?&]sslmode=)(?:prefer|require|verify-ca)(?=&|$)/, '$1verify-full')
}

/** The driver takes what the URL says, also nothing, over its option `password`. */
function withPassword(url: string, file: string): string {
  const password = encodeURIComponent(readPassword(file))
  return `${url}${url.includes('?') ? '&' : '?'}password=${password}`
}

function readPassword(file: string): string {
  try {
    return readFileSync(file, 'utf8').split(/\r?\n/, 1)[0]!
  } catch (cause) {
    throw new DestinationError(
      'DESTINATION_AUTH',
      `the password file ${file} cannot be read; check its path and permissions`,
      { cause },
    )
  }
}

interface ConnectionFacts {
  readonly name: string
  readonly schema: string
  readonly signal: AbortSignal | undefined
}

class PostgresConnection implements Connection {
  readonly dialect = postgresDialect
  readonly capabilities = CAPABILITIES
  readonly #wire: Wire
  readonly #facts: ConnectionFacts
  #inTransaction = false
  #readOnly = false
  #isLost = false
  // The server ends a transaction whose connection is gone, whatever it is doing.
  readonly #onAbort = () => this.#wire.destroy()

  constructor(wire: Wire, facts: ConnectionFacts) {
    this.#wire = wire
    this.#facts = facts
  }

  async open(readOnly: boolean): Promise<void> {
    const { name, schema, signal } = this.#facts
    this.#readOnly = readOnly
    signal?.addEventListener('abort', this.#onAbort)
    try {
      await this.#wire.connect()
      await this.query("SET client_encoding = 'UTF8'")
      await this.query(`SET search_path = ${quoteName(schema)}`)
      await this.query("SET datestyle = 'ISO'")
      await this.query("SET timezone = 'UTC'")
      if (readOnly) await this.query('SET default_transaction_read_only = on')
      // Notices in the middle of a long statement, too, that the loader is gone (PostgreSQL 14).
      // A server on a system that cannot tell refuses, and is none the worse for it.
      await this.query(
        `SELECT set_config('client_connection_check_interval', '2000', false)
          WHERE current_setting('server_version_num')::integer >= 140000`,
      ).catch((error: unknown) => {
        const INVALID_VALUE = '22023'
        if ((error as DestinationError).databaseCode !== INVALID_VALUE) throw error
      })
    } catch (error) {
      await this[Symbol.asyncDispose]()
      throw connectError(error, name, signal)
    }
  }

  async begin(lock: LockRequest | null): Promise<void> {
    await this.query(this.#readOnly ? 'BEGIN READ ONLY' : 'BEGIN')
    this.#inTransaction = true
    if (lock === null) return
    try {
      const label = `crimewh ${process.pid}@${hostname()}: ${lock.purpose}`
      await this.query("SELECT set_config('application_name', $1, true)", [label.slice(0, 63)])
      for (const { name, shared } of lockNames(lock)) {
        await this.#take(`${this.#facts.schema} ${name}`, shared, lock)
      }
    } catch (error) {
      await this.rollback()
      throw error
    }
  }

  async #take(name: string, shared: boolean, lock: LockRequest): Promise<void> {
    const take = shared ? 'pg_try_advisory_xact_lock_shared' : 'pg_try_advisory_xact_lock'
    await this.#whenFree(
      lock,
      async () => {
        const [row] = await this.query(`SELECT ${take}(hashtextextended($1, 0)) AS taken`, [name])
        return row?.['taken'] === true
      },
      () => this.#holderOf(name),
    )
  }

  /**
   * Locks a table against all others, as a statement that changes it will. Asks again and again: a
   * lock that is waited for keeps those away who come later and would not have to wait.
   */
  async #lockTable(table: string, lock: LockRequest): Promise<void> {
    await this.#whenFree(
      lock,
      async () => {
        await this.query('SAVEPOINT crimewh_lock')
        try {
          await this.query(`LOCK TABLE ${quoteName(table)} IN ACCESS EXCLUSIVE MODE NOWAIT`)
        } catch (error) {
          if ((error as DestinationError).databaseCode !== LOCK_NOT_AVAILABLE) throw error
          await this.query('ROLLBACK TO SAVEPOINT crimewh_lock')
          return false
        }
        await this.query('RELEASE SAVEPOINT crimewh_lock')
        return true
      },
      () => this.#userOf(table),
    )
  }

  /** Tries until it is given, or until the wait is over; `holder` says who has it, null for nobody. */
  async #whenFree(
    lock: LockRequest,
    attempt: () => Promise<boolean>,
    holder: () => Promise<string | null>,
  ): Promise<void> {
    const deadline = Date.now() + Math.max(lock.waitMs, GRACE_MS)
    let told = false
    while (!(await attempt())) {
      const found = await holder()
      const isOver = Date.now() >= deadline
      lock.signal?.throwIfAborted()
      if (found === null && !isOver) {
        await sleep(RETAKE_MS) // Let go in between.
        continue
      }
      const who = found ?? 'a transaction without a session'
      if (isOver) {
        throw new DestinationError(
          'DESTINATION_LOCKED',
          `${lock.purpose} has to wait for ${who}; run it again later, or let it wait with lockWaitMs (--lock-wait)`,
          { retryable: true, holder: who },
        )
      }
      if (!told && lock.waitMs > 0) lock.onWait(who)
      told = true
      await sleep(POLL_MS)
    }
  }

  async #holderOf(name: string): Promise<string | null> {
    return this.#whoHolds(
      `l.locktype = 'advisory' AND l.objsubid = 1
       AND ((l.classid::bigint << 32) | l.objid::bigint) = hashtextextended($1, 0)`,
      name,
    )
  }

  async #userOf(table: string): Promise<string | null> {
    return this.#whoHolds(
      `l.locktype = 'relation' AND l.relation = to_regclass($1)`,
      quoteName(table),
    )
  }

  async #whoHolds(condition: string, value: string): Promise<string | null> {
    const [row] = await this.query(
      `SELECT a.pid, a.application_name AS label, a.usename AS role, host(a.client_addr) AS client,
              to_char(a.xact_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') AS since
         FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
        WHERE l.granted AND a.pid <> pg_backend_pid()
          AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
          AND ${condition}
        ORDER BY a.xact_start LIMIT 1`,
      [value],
    )
    if (row === undefined) return null
    const { pid, label, role, client, since } = row
    return `"${label}" (backend ${pid}, user ${role}, from ${client ?? 'this host'}, since ${since})`
  }

  async lockSchema(lock: LockRequest, changed: readonly string[]): Promise<void> {
    const { schema } = this.#facts
    await this.#take(`crimewh schema ${schema}`, false, lock)
    for (const table of changed) await this.#lockTable(table, lock)
    if (!(await this.#hasSchema())) await this.query(`CREATE SCHEMA ${quoteName(schema)}`)
  }

  async #hasSchema(): Promise<boolean> {
    const { schema } = this.#facts
    const sql = 'SELECT 1 AS found FROM pg_namespace WHERE nspname = $1'
    return (await this.query(sql, [schema])).length > 0
  }

  async firstStatements() {
    const schema = quoteName(this.#facts.schema)
    const use = `SET search_path = ${schema}`
    if (!(await this.#hasSchema())) return [`CREATE SCHEMA ${schema}`, use]
    return this.#facts.schema === DEFAULT_SCHEMA ? [] : [use]
  }

  async commit(): Promise<void> {
    await this.query('COMMIT')
    this.#inTransaction = false
  }

  async rollback(): Promise<void> {
    if (!this.#inTransaction) return
    this.#inTransaction = false
    if (this.#isLost || this.#facts.signal?.aborted === true) return
    await this.query('ROLLBACK').catch(() => undefined) // The server has ended it already.
  }

  async query(sql: string, values: readonly SqlValue[] = []) {
    return (await this.#run(sql, values)).rows
  }

  async remove(table: string, where: string): Promise<number> {
    return (await this.#run(`DELETE FROM ${quoteName(table)} WHERE ${where}`, [])).rowCount
  }

  async #run(sql: string, values: readonly SqlValue[]): Promise<WireResult> {
    try {
      return await this.#wire.query(sql, values)
    } catch (error) {
      throw this.#wrap(error)
    }
  }

  async columnsOf(tables: readonly string[]) {
    const rows = await this.query(
      `SELECT c.relname AS table_name, a.attname AS column_name,
              format_type(a.atttypid, a.atttypmod) AS type_name
         FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
         JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = $1 AND c.relname IN (SELECT jsonb_array_elements_text($2::jsonb))
          AND c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped
        ORDER BY c.relname, a.attnum`,
      [this.#facts.schema, JSON.stringify(tables)],
    )
    const existing = new Map<string, Map<string, string>>()
    for (const { table_name: table, column_name: column, type_name: type } of rows) {
      const columns = existing.get(String(table)) ?? new Map<string, string>()
      existing.set(String(table), columns.set(String(column), String(type)))
    }
    return existing
  }

  async openStage(request: StageRequest): Promise<Stage> {
    return new PostgresStage(this.#wire, request, (error) => this.#wrap(error))
  }

  #wrap(error: unknown): unknown {
    const { signal, name } = this.#facts
    if (signal?.aborted === true) return signal.reason
    if (!(error instanceof WireError)) return error
    const { message, code, where, detail, table, lost } = error.fault
    if (code === NO_DRIVER) return noDriver(error)
    this.#isLost ||= lost
    const isGone = lost || LOST.has(code) || /terminated|closed/.test(message)
    const place = where === undefined ? '' : ` (${firstLine(where)})`
    const isRow = code.startsWith('22') || code.startsWith('23')
    const more = detail === undefined || isRow ? '' : `; ${detail}`
    return new DestinationError(
      isRow && table !== undefined ? 'DESTINATION_ROW' : 'DESTINATION_FAILED',
      `${name}${table === undefined ? '' : `, table ${table}`}: ${message}${place}${more}`,
      {
        retryable: isGone || RETRYABLE.test(code),
        ...(code === '' ? {} : { databaseCode: code }),
        ...(table === undefined ? {} : { table }),
        cause: error,
      },
    )
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#facts.signal?.removeEventListener('abort', this.#onAbort)
    await this.#wire.end().catch(() => undefined) // Gone already.
  }
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0]!
}

function connectError(error: unknown, name: string, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted === true) return signal.reason
  const cause = error instanceof DestinationError ? (error.cause ?? error) : error
  if (!(cause instanceof WireError)) return error
  const { code, message } = cause.fault
  if (code === NO_DRIVER) return noDriver(cause)
  const isAuth = code.startsWith('28') || /password|SASL|SCRAM/i.test(message)
  if (isAuth) {
    return new DestinationError(
      'DESTINATION_AUTH',
      `${name} did not accept the user or password; check the user in the URL and PGPASSWORD, PGPASSFILE or the password file`,
      { databaseCode: code },
    )
  }
  const reason = message === '' ? code : message
  return new DestinationError(
    'DESTINATION_CONNECT',
    `cannot connect to ${name}: ${reason}; check that the server runs and the URL is right`,
    { retryable: LOST.has(code) || RETRYABLE.test(code), databaseCode: code, cause },
  )
}

function noDriver(error: WireError): DestinationError {
  return new DestinationError(
    'DESTINATION_DRIVER',
    'the packages pg and pg-copy-streams are needed for PostgreSQL and could not be loaded; run npm install pg pg-copy-streams',
    { cause: error.cause ?? error },
  )
}
