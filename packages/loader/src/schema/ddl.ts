import type { Dialect } from '../destinations/contract.js'
import { sameType, widens } from './column-types.js'
import { stageColumns, stageName, type StoredColumn, supersededName } from './stage-columns.js'
import type { Slice, TableSchema } from './table-schema.js'

/** A name in double quotes. */
export function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** A text in single quotes. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

/** What has to be done to the schema before a load. */
export interface SchemaPlan {
  /** Statements that lose nothing, in order. */
  readonly safe: readonly string[]
  /** Statements that may lose something. */
  readonly destructive: readonly string[]
  /** Tables there are that the statements change. */
  readonly changed: readonly string[]
}

/** A plan that is being made. */
interface OpenPlan {
  readonly safe: string[]
  readonly destructive: string[]
  readonly changed: string[]
}

/** Columns there are, by table and name, with their types as the catalogue calls them. */
export type ExistingColumns = ReadonlyMap<string, ReadonlyMap<string, string>>

const INTEGER = { kind: 'integer', bits: 32 } as const
const BIGINT = { kind: 'integer', bits: 64 } as const
const TEXT = { kind: 'text' } as const
const TIMESTAMP = { kind: 'timestamp' } as const

function required(name: string, type: StoredColumn['type']): StoredColumn {
  return { name, type, nullable: false }
}

function optional(name: string, type: StoredColumn['type']): StoredColumn {
  return { name, type, nullable: true }
}

/** Tables of the loader's own records. */
export const RECORD_TABLES: Readonly<Record<string, readonly StoredColumn[]>> = {
  crimewh_load: [
    required('load_id', INTEGER),
    required('status', TEXT),
    required('source_kind', TEXT),
    required('source_name', TEXT),
    required('slice', TEXT),
    required('disposition', TEXT),
    required('fingerprint_sha256', TEXT),
    required('fingerprint_bytes', BIGINT),
    required('spec', TEXT),
    optional('spec_revision', INTEGER),
    required('produced_by', TEXT),
    required('issue_count', BIGINT),
    optional('superseded_by', INTEGER),
    required('started_at', TIMESTAMP),
    required('finished_at', TIMESTAMP),
    optional('state', TEXT),
    required('manifest', TEXT),
  ],
  crimewh_load_table: [
    required('load_id', INTEGER),
    optional('table_name', TEXT),
    required('decoded', BIGINT),
    required('staged', BIGINT),
    required('joined', BIGINT),
    required('withheld', BIGINT),
    required('not_selected', BIGINT),
    required('replaced', BIGINT),
    required('removed', BIGINT),
    required('added', BIGINT),
  ],
  crimewh_issue: [
    required('load_id', INTEGER),
    optional('table_name', TEXT),
    optional('file', TEXT),
    required('record_number', BIGINT),
    optional('byte_offset', BIGINT),
    optional('field', TEXT),
    required('code', TEXT),
    optional('raw', TEXT),
  ],
}

/** Gives load ids; a number is never used twice, not even after a load that failed. */
export const LOAD_SEQUENCE = 'crimewh_load_id'

/** Statements that make the loader's own tables, where they are missing. */
export function recordTablesPlan(dialect: Dialect, existing: ExistingColumns): SchemaPlan {
  const plan: OpenPlan = { safe: [], destructive: [], changed: [] }
  for (const [table, columns] of Object.entries(RECORD_TABLES)) {
    planTable(dialect, existing, table, columns, plan)
  }
  if (!existing.has('crimewh_load')) {
    plan.safe.unshift(`CREATE SEQUENCE IF NOT EXISTS ${LOAD_SEQUENCE}`)
  }
  return plan
}

/** Statements that make the staging tables hold what the given tables need. */
export function stageTablesPlan(
  dialect: Dialect,
  existing: ExistingColumns,
  tables: readonly TableSchema[],
  slice: Slice,
): SchemaPlan {
  const plan: OpenPlan = { safe: [], destructive: [], changed: [] }
  for (const table of tables) {
    const stage = stageName(table)
    const columns = stageColumns(table, slice)
    if (planTable(dialect, existing, stage, columns, plan)) {
      plan.safe.push(...dialect.indexes(stage))
    }
    const kept = [...columns, required('superseded_by', INTEGER)]
    planTable(dialect, existing, supersededName(stage), kept, plan)
  }
  return plan
}

/** Names of the tables that {@link recordTablesPlan} and {@link stageTablesPlan} look at. */
export function tableNames(tables: readonly TableSchema[]): readonly string[] {
  const stages = tables.map(stageName)
  return [...Object.keys(RECORD_TABLES), ...stages, ...stages.map(supersededName)]
}

/** Adds what one table needs; true when it is new. */
function planTable(
  dialect: Dialect,
  existing: ExistingColumns,
  table: string,
  columns: readonly StoredColumn[],
  plan: OpenPlan,
): boolean {
  const there = existing.get(table)
  if (there === undefined) {
    plan.safe.push(createTable(dialect, table, columns))
    return true
  }
  const statementCount = plan.safe.length + plan.destructive.length
  for (const { name, type } of columns) {
    const present = there.get(name)
    const wanted = dialect.typeName(type)
    if (present === undefined) {
      plan.safe.push(`ALTER TABLE ${quoteName(table)} ADD COLUMN ${quoteName(name)} ${wanted}`)
    } else if (!sameType(present, wanted)) {
      const statement = dialect.alterType(table, name, type)
      if (widens(present, wanted)) plan.safe.push(statement)
      else plan.destructive.push(statement)
    }
  }
  if (plan.safe.length + plan.destructive.length > statementCount) plan.changed.push(table)
  return false
}

function createTable(dialect: Dialect, table: string, columns: readonly StoredColumn[]): string {
  const lines = columns.map(
    ({ name, type, nullable }) =>
      `  ${quoteName(name)} ${dialect.typeName(type)}${nullable ? '' : ' NOT NULL'}`,
  )
  return `CREATE TABLE ${quoteName(table)} (\n${lines.join(',\n')}\n)`
}
