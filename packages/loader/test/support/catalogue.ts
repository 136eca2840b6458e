import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type { Query, Warehouse } from './warehouse.js'

/** What a database has been made to hold, one line an object; equal databases give equal lists. */
export type Catalogue = readonly string[]

/**
 * Tables, columns with types and nullability, indexes, constraints and sequences of the warehouse's
 * schema, without its name, so that two schemas can be compared.
 */
export async function structure(warehouse: Warehouse): Promise<Catalogue> {
  return warehouse.session(async (query) => {
    if (isDuckdb(warehouse)) return duckdbStructure(query)
    return postgresStructure(query, 'n.nspname = current_schema()')
  })
}

/**
 * All there is, so that whatever is written shows: of DuckDB the bytes of all files; of PostgreSQL
 * the objects of every schema, how far sequences are, and each row with the transaction that wrote
 * it and the place it is in.
 */
export async function everything(warehouse: Warehouse): Promise<Catalogue> {
  if (isDuckdb(warehouse)) return filesAround(warehouse.url.slice('duckdb:'.length))
  return warehouse.session(async (query) => {
    const objects = await postgresStructure(query, USERS_SCHEMAS)
    return [...objects, ...(await postgresStorage(query)), ...(await settings(query))]
  })
}

function isDuckdb({ url }: Warehouse): boolean {
  return url.startsWith('duckdb:')
}

function filesAround(file: string): Catalogue {
  const [folder, base] = [path.dirname(file), path.basename(file)]
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .map((entry) => ({ entry, name: path.join(entry.parentPath, entry.name) }))
    .filter(({ name }) => path.relative(folder, name).startsWith(base))
    .map(({ entry, name }) => {
      if (!entry.isFile()) return name
      return `${name} ${createHash('sha256').update(readFileSync(name)).digest('hex')}`
    })
    .sort()
}

async function lines(query: Query, sql: string): Promise<Catalogue> {
  return (await query(sql)).map((row) => JSON.stringify(row)).sort()
}

async function duckdbStructure(query: Query): Promise<Catalogue> {
  const found = [
    `SELECT table_name, column_index, column_name, data_type, is_nullable, column_default
       FROM duckdb_columns() WHERE NOT internal`,
    'SELECT table_name, index_name, sql FROM duckdb_indexes()',
    'SELECT table_name, constraint_type, constraint_text FROM duckdb_constraints()',
    'SELECT sequence_name, increment_by FROM duckdb_sequences()',
    'SELECT view_name FROM duckdb_views() WHERE NOT internal',
  ]
  return (await Promise.all(found.map((sql) => lines(query, sql)))).flat()
}

const USERS_SCHEMAS = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"

async function postgresStructure(query: Query, where: string): Promise<Catalogue> {
  const isWhole = where === USERS_SCHEMAS
  const schema = isWhole ? 'n.nspname' : "''"
  const found = [
    ...(isWhole ? [`SELECT n.nspname AS schema FROM pg_namespace n WHERE ${where}`] : []),
    `SELECT ${schema} AS schema, c.relkind, c.relname, a.attnum, a.attname, a.attnotnull,
            format_type(a.atttypid, a.atttypmod) AS type, pg_get_expr(d.adbin, d.adrelid) AS value
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
       LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum WHERE ${where}`,
    `SELECT replace(pg_get_indexdef(i.indexrelid), n.nspname || '.', ${schema} || '.') AS index
       FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
       JOIN pg_namespace n ON n.oid = c.relnamespace WHERE ${where}`,
    `SELECT ${schema} AS schema, t.conrelid::regclass::text AS table, t.conname,
            pg_get_constraintdef(t.oid) AS text
       FROM pg_constraint t JOIN pg_namespace n ON n.oid = t.connamespace WHERE ${where}`,
    `SELECT ${schema} AS schema, p.proname FROM pg_proc p
       JOIN pg_namespace n ON n.oid = p.pronamespace WHERE ${where}`,
    `SELECT ${schema} AS schema, s.sequencename, s.data_type::text, s.start_value, s.increment_by
            ${isWhole ? ', s.last_value' : ''}
       FROM pg_sequences s JOIN pg_namespace n ON n.nspname = s.schemaname WHERE ${where}`,
  ]
  const catalogue: string[] = []
  for (const sql of found) catalogue.push(...(await lines(query, sql)))
  return catalogue
}

async function postgresStorage(query: Query): Promise<Catalogue> {
  const relations = await query(
    `SELECT format('%I.%I', n.nspname, c.relname) AS name, c.relkind = 'r' AS is_table,
            pg_relation_filenode(c.oid) AS file
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE ${USERS_SCHEMAS}
      ORDER BY 1`,
  )
  const found: string[] = []
  for (const { name, is_table: isTable, file } of relations) {
    found.push(`${name} in file ${file}`)
    if (isTable !== true) continue
    const rows = await lines(
      query,
      `SELECT count(*), md5(string_agg(concat(t.ctid, t.xmin, t.xmax, t::text), ' ' ORDER BY t.ctid))
         FROM ${name} t`,
    )
    found.push(`${name} ${rows.join()}`)
  }
  return found
}

/** What would stay behind without being an object of a schema. */
async function settings(query: Query): Promise<Catalogue> {
  const found = [
    'SELECT rolname FROM pg_roles',
    'SELECT datname FROM pg_database',
    'SELECT extname FROM pg_extension',
    'SELECT setconfig::text FROM pg_db_role_setting',
  ]
  const all: string[] = []
  for (const sql of found) all.push(...(await lines(query, sql)))
  return all
}
