// Looks at a warehouse from a process of its own: prints a checksum of what a reader sees, and of
// the loads there are.
//   node inspect.mjs <url>
import { createHash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import path from 'node:path'

const [url] = process.argv.slice(2)

async function duckdbQuery(file) {
  const { DuckDBInstance } = await import('@duckdb/node-api')
  const connection = await (
    await DuckDBInstance.create(file, { access_mode: 'READ_ONLY' })
  ).connect()
  return async (sql) => (await connection.runAndReadAll(sql)).getRowObjectsJson()
}

async function postgresQuery() {
  const { default: pg } = await import('pg')
  const [, server, schema] = /^(.*)&schema=(\w+)$/.exec(url)
  const client = new pg.Client({ connectionString: server })
  await client.connect()
  await client.query(`SET search_path = ${schema}`)
  return async (sql) => (await client.query(sql)).rows
}

const isDuckdb = url.startsWith('duckdb:')
const file = url.slice('duckdb:'.length)
const query = isDuckdb ? await duckdbQuery(file) : await postgresQuery()
const tables = await query(
  `SELECT table_name FROM information_schema.tables
    WHERE table_schema IN ('main', current_schema()) AND table_name LIKE 'stg%'
      AND table_name NOT LIKE '%superseded' ORDER BY table_name`,
)
const hash = createHash('sha256')
let rows = 0
for (const { table_name: table } of tables) {
  const hashes = await query(`SELECT CAST(row_hash AS VARCHAR) AS h FROM ${table} ORDER BY 1`)
  hash.update(`${table} ${hashes.map(({ h }) => h).join()}\n`)
  rows += hashes.length
}
const loads =
  tables.length === 0
    ? []
    : await query('SELECT load_id, status FROM crimewh_load ORDER BY load_id')
const left = isDuckdb
  ? readdirSync(path.dirname(file)).filter((name) =>
      name.startsWith(`${path.basename(file)}.stage`),
    )
  : []
process.stdout.write(
  JSON.stringify({
    checksum: rows === 0 ? 'empty' : hash.digest('hex'),
    rows,
    statuses: loads.map(({ status }) => status),
    left,
  }),
)
process.exit(0)
