// Looks at warehouses from a process of its own. For each URL on a line of its input it prints, as a
// line of JSON, all there is: every table with its columns and a checksum of its rows, the superseded
// ones too, every load, and what was left behind. Load ids are numbered anew from 1, and times are
// left out, so that equal states are equal however often a load was tried.
import { createHash } from 'node:crypto'
import { readdirSync } from 'node:fs'
import path from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'

const GONE_MS = 20_000

for await (const url of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await look(url))}\n`)
}

async function look(url) {
  if (url.startsWith('duckdb:')) return lookAtDuckdb(url.slice('duckdb:'.length))
  return lookAtPostgres(url)
}

async function lookAtDuckdb(file) {
  const { DuckDBInstance } = await import('@duckdb/node-api')
  const database = path.basename(file)
  // The log of a database that was not closed is a part of it.
  const left = readdirSync(path.dirname(file)).filter(
    (name) => name !== database && name !== `${database}.wal`,
  )
  const instance = await DuckDBInstance.create(file, { access_mode: 'READ_ONLY' })
  try {
    const connection = await instance.connect()
    const query = async (sql) => (await connection.runAndReadAll(sql)).getRowObjectsJson()
    const state = await stateOf(query, 'main')
    const others = await query(
      `SELECT 'sequence ' || sequence_name AS name FROM duckdb_sequences()
       UNION ALL SELECT 'index ' || index_name FROM duckdb_indexes()
       UNION ALL SELECT 'view ' || view_name FROM duckdb_views() WHERE NOT internal ORDER BY 1`,
    )
    connection.closeSync()
    return { ...state, others: others.map(({ name }) => name), left }
  } finally {
    instance.closeSync()
  }
}

async function lookAtPostgres(url) {
  const { default: pg } = await import('pg')
  const [, server, schema] = /^(.*)&schema=(\w+)$/.exec(url)
  const client = new pg.Client({ connectionString: server })
  await client.connect()
  try {
    const query = async (sql) => (await client.query(sql)).rows
    const left = await othersOf(query)
    await query(`SET search_path = ${schema}`)
    await query("SET timezone = 'UTC'")
    await query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    const state = await stateOf(query, schema)
    const found = await query(
      `SELECT CASE relkind WHEN 'S' THEN 'sequence ' ELSE 'index ' END || relname AS name
         FROM pg_class WHERE relnamespace = to_regnamespace('${schema}') AND relkind NOT IN ('r', 't')
        ORDER BY 1`,
    )
    const loose = await query(
      `SELECT 'prepared transaction ' || gid AS name FROM pg_prepared_xacts
        WHERE database = current_database()
       UNION ALL SELECT 'advisory lock of backend ' || pid FROM pg_locks
        WHERE locktype = 'advisory'
          AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
       UNION ALL SELECT 'relation ' || n.nspname || '.' || relname
         FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
        WHERE nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
          AND (nspname <> '${schema}' OR relpersistence <> 'p' OR relkind NOT IN ('r', 'S', 'i'))
        ORDER BY 1`,
    )
    left.push(...loose.map(({ name }) => name))
    return { ...state, others: found.map(({ name }) => name), left }
  } finally {
    await client.end()
  }
}

/** Waits for the server to end the sessions of processes that are gone; those that stay. */
async function othersOf(query) {
  const deadline = Date.now() + GONE_MS
  for (;;) {
    const others = await query(
      `SELECT 'session ' || application_name || ' ' || state AS name FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid()
          AND backend_type = 'client backend'`,
    )
    if (others.length === 0 || Date.now() > deadline) return others.map(({ name }) => name)
    await sleep(10)
  }
}

async function stateOf(query, schema) {
  const columns = await query(
    `SELECT table_name, column_name, data_type, numeric_precision, numeric_scale, is_nullable
       FROM information_schema.columns WHERE table_schema = '${schema}'
      ORDER BY table_name, ordinal_position`,
  )
  const byTable = new Map()
  for (const column of columns) {
    byTable.set(column.table_name, [...(byTable.get(column.table_name) ?? []), column])
  }
  const records = byTable.has('crimewh_load')
    ? await query('SELECT * FROM crimewh_load ORDER BY load_id')
    : []
  const numbers = new Map(records.map(({ load_id: id }, index) => [String(id), index + 1]))
  const numberOf = (id) => (id === null ? null : (numbers.get(String(id)) ?? `unknown ${id}`))
  const tables = {}
  for (const [table, described] of byTable) {
    const shape = described.map((column) =>
      [
        column.column_name,
        column.data_type,
        column.numeric_precision,
        column.numeric_scale,
        column.is_nullable,
      ].join(' '),
    )
    const names = described.map(({ column_name: name }) => name)
    if (table === 'crimewh_load') {
      tables[table] = shape.join()
      continue
    }
    const rows = await query(
      `SELECT ${names.map((name) => `CAST("${name}" AS VARCHAR) AS "${name}"`).join()} FROM "${table}"`,
    )
    const texts = rows.map((row) =>
      JSON.stringify(
        names.map((name) =>
          name === 'load_id' || name === 'superseded_by' ? numberOf(row[name]) : row[name],
        ),
      ),
    )
    const hash = createHash('sha256')
    hash.update(`${shape.join()}\n${texts.sort().join('\n')}`)
    tables[table] = `${rows.length} rows ${hash.digest('hex')}`
  }
  const loads = records.map((found) => {
    const record = { ...found }
    const manifest = JSON.parse(record.manifest)
    for (const name of ['started_at', 'finished_at']) delete record[name]
    for (const name of ['startedAt', 'finishedAt', 'timingsMs']) delete manifest[name]
    return {
      ...record,
      load_id: numberOf(record.load_id),
      superseded_by: numberOf(record.superseded_by),
      manifest: {
        ...manifest,
        loadId: numberOf(manifest.loadId),
        // A load that was removed since has no number any more.
        supersedes: manifest.supersedes.map((id) => numbers.get(String(id)) ?? 'removed'),
      },
    }
  })
  return { tables, loads }
}
