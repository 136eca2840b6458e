import { createRequire } from 'node:module'
import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { DuckDBInstance } from '@duckdb/node-api'
import {
  type Bench,
  type Command,
  type Finding,
  type Goal,
  peakMemory,
  type Skipped,
} from './bench-kit.js'
import { type BenchServer, startServer } from './postgres-server.js'

type Results = readonly (Finding | Skipped)[]

/** The loader's goals; `npm run bench` finds them here. */
export const goals: readonly Goal[] = [
  {
    id: 'P10',
    title: 'zip to committed staging, against DuckDB and psql',
    run: async (bench) => [...(await intoDuckDb(bench)), ...(await intoPostgres(bench))],
  },
]

/** The bounds of docs/guides/warehouse.md. */
const DUCKDB_MOST_MIB = 950
const POSTGRES_MOST_MIB = 300

const BIN = createRequire(import.meta.url)
  .resolve('@crimewh/loader/package.json')
  .replace(/package\.json$/, 'bin/crimewh.js')
const DUCKDB_SQL = fileURLToPath(new URL('./programs/duckdb-sql.js', import.meta.url))

function sizeName(bytes: number): string {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.round(bytes / 1e6)} MB`
}

/** The product: the built command. */
function crimewh(zip: string, to: string, output?: string): Command {
  const args = [BIN, 'load', 'nibrs', zip, '--to', to, '--quiet']
  return { program: process.execPath, args, ...(output === undefined ? {} : { output }) }
}

function runSql(file: string, plan: string, output: string): Command {
  return { program: process.execPath, args: [DUCKDB_SQL, file, plan], output }
}

async function intoDuckDb(bench: Bench): Promise<Results> {
  const results: Finding[] = []
  const input = await bench.input(bench.sizes.text)
  const output = bench.folder('loader-duckdb')
  const ours = crimewh(input.zip, `duckdb:${path.join(output, 'crime.duckdb')}`, output)

  // Our finished Parquet, once with the columns of the staging tables and once as the decoder has it.
  const reference = path.join(bench.folder('loader-reference'), 'crime.duckdb')
  mkdirSync(path.dirname(reference), { recursive: true })
  bench.note('loading once, for the columns to compare with')
  bench.printed(crimewh(input.zip, `duckdb:${reference}`))
  const tables = await exportTables(reference, path.dirname(reference))
  bench.printed(withOutput(bench.ours(input.zip), bench.folder('loader-decoded')))

  const peerOutput = bench.folder('loader-duckdb-peer')
  const peer = (name: string, statements: readonly string[]) => {
    const plan = path.join(path.dirname(reference), `${name}.json`)
    writeFileSync(plan, JSON.stringify(['BEGIN', ...statements, 'COMMIT']))
    return runSql(path.join(peerOutput, 'peer.duckdb'), plan, peerOutput)
  }
  const create = (table: string, from: string) =>
    `CREATE TABLE "${table}" AS SELECT * FROM read_parquet('${from}')`
  const whole = await bench.contest(
    {
      goal: 'P10',
      work: `zip of ${sizeName(input.bytes)} to committed DuckDB tables with row hashes`,
      against: 'DuckDB CREATE TABLE AS from finished Parquet of the same columns',
      unit: 'of its time',
      target: { relation: 'at most', value: 1.5 },
    },
    ours,
    peer(
      'same-columns',
      tables.map(({ table, file }) => create(table, file)),
    ),
  )
  results.push(whole)
  const decoded = bench.folder('loader-decoded')
  const segments = tables.map(({ table }) => table.replace('stg_nibrs_', ''))
  results.push(
    await bench.contest(
      {
        goal: 'P10',
        work: `zip of ${sizeName(input.bytes)} to committed DuckDB tables with row hashes`,
        against: "DuckDB CREATE TABLE AS from the decoder's Parquet, without row hashes",
        unit: 'of its time',
        target: null,
      },
      ours,
      peer(
        'decoded',
        segments.map((segment) => create(segment, path.join(decoded, `${segment}.parquet`))),
      ),
    ),
  )
  results.push(...peakMemory(whole, `zip of ${sizeName(input.bytes)} to DuckDB`, DUCKDB_MOST_MIB))
  return results
}

function withOutput(command: Command, output: string): Command {
  const args = command.args.map((arg) => (arg === command.output ? output : arg))
  return { ...command, args, output }
}

/** Writes each staging table with rows to Parquet. */
async function exportTables(
  database: string,
  folder: string,
): Promise<readonly { readonly table: string; readonly file: string }[]> {
  const instance = await DuckDBInstance.create(database, { access_mode: 'READ_ONLY' })
  const connection = await instance.connect()
  try {
    const reader = await connection.runAndReadAll(
      `SELECT table_name FROM duckdb_tables() WHERE table_name LIKE 'stg_%'
         AND table_name NOT LIKE '%_superseded' ORDER BY 1`,
    )
    const tables = []
    for (const [name] of reader.getRows()) {
      const table = String(name)
      const file = path.join(folder, `${table}.parquet`)
      await connection.run(`COPY "${table}" TO '${file}' (FORMAT parquet)`)
      tables.push({ table, file })
    }
    return tables
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

async function intoPostgres(bench: Bench): Promise<Results> {
  const server = await startServer()
  if (server === null) {
    return [
      {
        goal: 'P10',
        work: 'zip to committed PostgreSQL staging',
        against: 'psql \\copy',
        skipped: 'no PostgreSQL server with psql on this machine',
      },
    ]
  }
  try {
    return await againstCopy(bench, server)
  } finally {
    await server.stop()
  }
}

async function againstCopy(bench: Bench, server: BenchServer): Promise<Results> {
  const input = await bench.input(bench.sizes.text)
  const folder = bench.folder('loader-postgres')
  mkdirSync(folder, { recursive: true })
  bench.note('loading once, for the rows to copy')
  bench.printed(crimewh(input.zip, `${server.url}&schema=reference`))
  const sql = (text: string) =>
    bench.printed({
      program: server.psql,
      args: [server.url, '-AtX', '-v', 'ON_ERROR_STOP=1', '-c', text],
    })
  const tables = sql(
    `SELECT tablename FROM pg_tables WHERE schemaname = 'reference' AND tablename LIKE 'stg\\_%'
       AND tablename NOT LIKE '%\\_superseded' ORDER BY 1`,
  )
    .trim()
    .split('\n')
  for (const table of tables) {
    sql(`\\copy reference."${table}" TO '${path.join(folder, `${table}.csv`)}' (FORMAT csv)`)
  }
  const rows = tables.map((table) => Number(sql(`SELECT count(*) FROM reference."${table}"`)))
  bench.proved(
    `psql copies the ${rows.reduce((sum, n) => sum + n, 0).toLocaleString('en-US')} rows that the loader staged in PostgreSQL ${server.version}`,
  )

  const results: Finding[] = []
  for (const connections of [1, 2]) {
    const ours = together(connections, (number) => {
      const schema = `ours_${number}`
      const load = crimewh(input.zip, `${server.url}&schema=${schema}`)
      return `${psqlCommand(server, `DROP SCHEMA IF EXISTS ${schema} CASCADE`)} && ${shell(load)}`
    })
    const peer = together(connections, (number) => {
      const schema = `peer_${number}`
      const script = path.join(folder, `${schema}.sql`)
      writeFileSync(script, copyScript(schema, tables, folder))
      const run = {
        program: server.psql,
        args: [server.url, '-qX', '-v', 'ON_ERROR_STOP=1', '-f', script],
      }
      return `${psqlCommand(server, `DROP SCHEMA IF EXISTS ${schema} CASCADE`)} && ${shell(run)}`
    })
    const many = connections === 1 ? '1 connection' : `${connections} connections at a time`
    const found = await bench.contest(
      {
        goal: 'P10',
        work: `zip of ${sizeName(input.bytes)} to committed PostgreSQL staging, ${many}`,
        against: `psql \\copy of the same rows from CSV, ${many}`,
        unit: '% of its speed',
        target: { relation: 'at least', value: 95 },
      },
      ours,
      peer,
    )
    results.push(found)
    if (connections === 1) {
      results.push(
        ...peakMemory(found, `zip of ${sizeName(input.bytes)} to PostgreSQL`, POSTGRES_MOST_MIB),
      )
    }
  }
  return results
}

/** Empty tables like the loader's, filled in one transaction. */
function copyScript(schema: string, tables: readonly string[], folder: string): string {
  const lines = [`BEGIN;`, `CREATE SCHEMA ${schema};`]
  for (const table of tables) {
    lines.push(`CREATE TABLE ${schema}."${table}" (LIKE reference."${table}" INCLUDING ALL);`)
    lines.push(
      `\\copy ${schema}."${table}" FROM '${path.join(folder, `${table}.csv`)}' (FORMAT csv)`,
    )
  }
  return [...lines, 'COMMIT;', ''].join('\n')
}

/** So many commands at a time, one shell for all; fails when one of them does. */
function together(count: number, commandOf: (number: number) => string): Command {
  const starts = Array.from({ length: count }, (_, i) => `(${commandOf(i + 1)}) & p${i + 1}=$!`)
  const waits = Array.from({ length: count }, (_, i) => `wait $p${i + 1} || exit 1`)
  return { program: '/bin/sh', args: ['-c', [...starts, ...waits].join('\n')] }
}

function psqlCommand(server: BenchServer, text: string): string {
  const args = [server.url, '-qX', '-c', `SET client_min_messages = error; ${text}`]
  return shell({ program: server.psql, args })
}

function shell({ program, args }: Command): string {
  return [program, ...args].map((text) => `'${text.replaceAll("'", `'\\''`)}'`).join(' ')
}
