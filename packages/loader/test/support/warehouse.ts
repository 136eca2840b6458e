import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import type { Destination, SqlValue } from '../../src/index.js'
import { openDestination } from '../../src/index.js'
import { type PostgresServer, startPostgres } from './postgres-server.js'

export type SqlRow = Readonly<Record<string, SqlValue>>

/** An empty place to load into, and a way to look at it that is not the loader's. */
export interface Warehouse {
  readonly url: string
  readonly destination: Destination
  query: Query
  /** The same over one connection. */
  session<Result>(work: (query: Query) => Promise<Result>): Promise<Result>
}

export type Query = (sql: string) => Promise<readonly SqlRow[]>

/** Makes warehouses of one kind for a test file. */
export interface WarehouseKind {
  readonly name: 'duckdb' | 'postgres'
  /** False where it cannot be had on this machine. */
  start(): Promise<boolean>
  make(): Promise<Warehouse>
  /** One where the tables are when no schema is chosen. */
  makeDefault(): Promise<Warehouse>
  stop(): Promise<void>
}

export function duckdbKind(): WarehouseKind {
  const folder = mkdtempSync(path.join(tmpdir(), 'cwduck-'))
  let count = 0
  const make = async () => {
    const file = path.join(folder, `w${++count}.duckdb`)
    return warehouseOf(`duckdb:${file}`, (work) => duckdbSession(file, work))
  }
  return {
    name: 'duckdb',
    start: async () => true,
    make,
    makeDefault: make,
    stop: async () => rmSync(folder, { recursive: true, force: true }),
  }
}

type Session = <Result>(work: (query: Query) => Promise<Result>) => Promise<Result>

function warehouseOf(url: string, session: Session): Warehouse {
  return {
    url,
    destination: openDestination(url),
    session,
    query: (sql) => session((query) => query(sql)),
  }
}

async function duckdbSession<Result>(
  file: string,
  work: (query: Query) => Promise<Result>,
): Promise<Result> {
  const { DuckDBInstance } = await import('@duckdb/node-api')
  const instance = await DuckDBInstance.create(file)
  try {
    const connection = await instance.connect()
    const result = await work(async (sql) => {
      const reader = await connection.runAndReadAll(sql)
      return reader.getRowObjectsJS().map((row) => {
        const cells = Object.entries(row).map(([name, value]) => [name, plain(value)])
        return Object.fromEntries(cells) as SqlRow
      })
    })
    connection.closeSync()
    return result
  } finally {
    instance.closeSync()
  }
}

function plain(value: unknown): SqlValue {
  if (typeof value === 'bigint') return Number(value)
  return value as SqlValue
}

export function postgresKind(): WarehouseKind {
  let server: PostgresServer | null = null
  let count = 0
  return {
    name: 'postgres',
    async start() {
      server = await startPostgres()
      return server !== null
    },
    async make() {
      const schema = `w${++count}`
      const { url } = server!
      return warehouseOf(`${url}&schema=${schema}`, (work) => postgresSession(url, schema, work))
    },
    async makeDefault() {
      const database = `d${++count}`
      await postgresSession(server!.url, 'public', (query) => query(`CREATE DATABASE ${database}`))
      const url = server!.url.replace('/postgres?', `/${database}?`)
      return warehouseOf(url, (work) => postgresSession(url, 'public', work))
    },
    stop: async () => server?.stop(),
  }
}

async function postgresSession<Result>(
  url: string,
  schema: string,
  work: (query: Query) => Promise<Result>,
): Promise<Result> {
  const { default: pg } = await import('pg')
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(`SET search_path = ${schema}`)
    return await work(async (sql) => {
      const { rows } = await client.query<Record<string, SqlValue>>({
        text: sql,
        types: {
          getTypeParser: (oid: number) => (oid === 20 ? Number : pg.types.getTypeParser(oid)),
        },
      } as never)
      return rows
    })
  } finally {
    await client.end()
  }
}

/** Staging tables with rows, or without, as the catalogue knows them. */
export async function stageTables(query: Query): Promise<readonly string[]> {
  const rows = await query(
    `SELECT table_name FROM information_schema.tables
      WHERE table_name LIKE 'stg\\_%' ESCAPE '\\' AND table_name NOT LIKE '%\\_superseded' ESCAPE '\\'
        AND table_schema IN ('main', current_schema()) ORDER BY table_name`,
  )
  return rows.map((row) => String(row['table_name']))
}

/** Row hashes of what is seen, sorted, by table: equal content gives equal lists. */
export async function rowHashes(warehouse: Warehouse): Promise<Record<string, readonly string[]>> {
  return warehouse.session(async (query) => {
    const hashes: Record<string, readonly string[]> = {}
    for (const table of await stageTables(query)) {
      const rows = await query(`SELECT CAST(row_hash AS VARCHAR) AS h FROM ${table}`)
      if (rows.length > 0) hashes[table] = rows.map((row) => String(row['h'])).sort()
    }
    return hashes
  })
}

/** Everything a reader sees, load ids apart: rows by table as text, sorted. */
export async function contents(warehouse: Warehouse): Promise<Record<string, readonly string[]>> {
  return warehouse.session(async (query) => {
    const seen: Record<string, readonly string[]> = {}
    for (const table of await stageTables(query)) {
      const columns = (await columnsOf(query, table)).filter((name) => name !== 'load_id')
      const cells = columns.map((name) => `CAST("${name}" AS VARCHAR) AS "${name}"`).join(', ')
      const texts = (await query(`SELECT ${cells} FROM ${table}`)).map((row) =>
        JSON.stringify(columns.map((name) => row[name])),
      )
      if (texts.length > 0) seen[table] = texts.sort()
    }
    return seen
  })
}

export async function columnsOf(query: Query, table: string): Promise<readonly string[]> {
  const rows = await query(
    `SELECT column_name FROM information_schema.columns
      WHERE table_name = '${table}' AND table_schema IN ('main', current_schema())
      ORDER BY column_name`,
  )
  return rows.map((row) => String(row['column_name']))
}

/** One number of a query. */
export async function single(warehouse: Warehouse, sql: string): Promise<SqlValue> {
  const [row] = await warehouse.query(sql)
  return Object.values(row!)[0]!
}
