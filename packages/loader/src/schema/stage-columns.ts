import type { StoredType } from '../destinations/contract.js'
import type { ColumnSchema, Slice, TableSchema } from './table-schema.js'

/** Before the name of every staging table. */
export const STAGE_PREFIX = 'stg_'
/** After the name of the table that holds superseded rows of a staging table. */
export const SUPERSEDED_SUFFIX = '_superseded'

/** Name of a table in the destination. */
export function stageName(table: { readonly name: string }): string {
  return STAGE_PREFIX + table.name
}

/** Name of the table that keeps replaced rows until `loads purge`. */
export function supersededName(stage: string): string {
  return stage + SUPERSEDED_SUFFIX
}

/** A column of a staging table as it is stored. */
export interface StoredColumn {
  readonly name: string
  readonly type: StoredType
  readonly nullable: boolean
}

const UNKNOWN_KEYS: ColumnSchema = {
  name: 'unknown_keys',
  type: { kind: 'json' },
  description: 'keys that the schema does not know, as JSON; null when there are none',
  provenance: 'the answer as sent',
}

/** Columns that the row hash covers, in order. */
export function dataColumns(table: TableSchema): readonly ColumnSchema[] {
  return table.keepsUnknownKeys ? [...table.columns, UNKNOWN_KEYS] : table.columns
}

/** All columns of a staging table in the order of its CSV lines. */
export function stageColumns(table: TableSchema, slice: Slice): readonly StoredColumn[] {
  return [
    { name: 'load_id', type: { kind: 'integer', bits: 32 }, nullable: false },
    ...slice.map(({ name, type }, index) => ({
      name,
      type:
        type === 'integer' ? ({ kind: 'integer', bits: 32 } as const) : ({ kind: 'text' } as const),
      nullable: index > 0,
    })),
    { name: 'row_hash', type: { kind: 'uuid' }, nullable: false },
    { name: 'source_record', type: { kind: 'integer', bits: 64 }, nullable: false },
    ...dataColumns(table).map(({ name, type }) => ({ name, type, nullable: true })),
  ]
}

/** CSV cells of the columns before `row_hash`, each with its comma. */
export function linePrefix(loadId: number, slice: Slice): string {
  const cells = slice.map(({ value }) => (value === null ? '' : csvCell(String(value))))
  return [loadId, ...cells].join() + ','
}

/**
 * A text as a CSV cell: quoted when it is empty or holds a quote, a comma or a line end, so that an
 * empty cell without quotes is null.
 */
export function csvCell(text: string): string {
  return text === '' || /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
