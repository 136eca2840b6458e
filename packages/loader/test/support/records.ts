import type { Query, Warehouse } from './warehouse.js'
import { columnsOf } from './warehouse.js'

/** Rows by table, each as a line of JSON, sorted. */
export type Records = Readonly<Record<string, readonly string[]>>

/** What differs from run to run. */
const TIMES = ['started_at', 'finished_at', 'startedAt', 'finishedAt', 'timingsMs']
const IDS = ['load_id', 'superseded_by', 'loadId']

/**
 * Everything that the loader keeps: what is seen, what was replaced, its own tables with manifests.
 *
 * Times are left out. Load ids become the rank of the load, for a try that failed or was skipped
 * may use up a number.
 */
export async function records(warehouse: Warehouse): Promise<Records> {
  return warehouse.session(async (query) => {
    const tables = await loaderTables(query)
    if (!tables.includes('crimewh_load')) return {}
    const loads = await query('SELECT load_id FROM crimewh_load ORDER BY load_id')
    const ranks = new Map(loads.map((row, index) => [Number(row['load_id']), index + 1]))
    const found: Record<string, readonly string[]> = {}
    for (const table of tables) {
      const columns = await columnsOf(query, table)
      const cells = columns.map((name) => `CAST("${name}" AS VARCHAR) AS "${name}"`).join(', ')
      const rows = await query(`SELECT ${cells} FROM ${table}`)
      if (rows.length === 0) continue
      found[table] = rows.map((row) => JSON.stringify(comparable(row, ranks))).sort()
    }
    return found
  })
}

async function loaderTables(query: Query): Promise<readonly string[]> {
  const rows = await query(
    `SELECT table_name FROM information_schema.tables
      WHERE (table_name LIKE 'stg\\_%' ESCAPE '\\' OR table_name LIKE 'crimewh\\_%' ESCAPE '\\')
        AND table_schema IN ('main', current_schema()) ORDER BY table_name`,
  )
  return rows.map((row) => String(row['table_name']))
}

/** The value without times, with ranks for ids, and with JSON as what it says. */
function comparable(value: unknown, ranks: ReadonlyMap<number, number>): unknown {
  if (Array.isArray(value)) return value.map((part) => comparable(part, ranks))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).flatMap(([name, part]): [string, unknown][] => {
    if (TIMES.includes(name)) return []
    if (IDS.includes(name)) return [[name, part === null ? null : ranks.get(Number(part))]]
    if (name === 'supersedes') return [[name, (part as number[]).map((id) => ranks.get(id))]]
    const isJson = ['manifest', 'unknown_keys', 'state'].includes(name) && typeof part === 'string'
    return [[name, comparable(isJson ? JSON.parse(part) : part, ranks)]]
  })
  return Object.fromEntries(entries.sort(([a], [b]) => (a < b ? -1 : 1)))
}
