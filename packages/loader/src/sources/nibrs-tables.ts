import type { ColumnSpec, CompiledSpec, TableSpec } from '@nibrs/decoder'
import type { ColumnKind, ColumnSchema, TableSchema } from '../schema/table-schema.js'

/** Prefix of the staging tables of NIBRS: `nibrs_offense`. */
export const NIBRS_PREFIX = 'nibrs_'

/** Staging tables of a spec: one for each segment, with its columns in their order. */
export function nibrsTables(spec: CompiledSpec): readonly TableSchema[] {
  return spec.tables.map((table) => ({
    name: `${NIBRS_PREFIX}${table.name}`,
    title: table.title,
    grain: GRAINS[table.role],
    columns: [
      ...table.columns.map((column, index) => columnSchema(spec, table, column, index)),
      RECORD_LENGTH,
    ],
    key: null,
    keepsUnknownKeys: false,
  }))
}

const GRAINS: Readonly<Record<TableSpec['role'], string>> = {
  header: 'One row per agency and data year',
  incident: 'One row per incident',
  child: 'One row per record of the segment in an incident',
  window: 'One row per record about an incident that was sent before the agency began NIBRS',
  group_b: 'One row per arrest for a Group B offense',
  record: 'One row per record',
}

/** Tells a field that is missing, because the line ends before it, from one that is blank. */
const RECORD_LENGTH: ColumnSchema = {
  name: 'record_length',
  type: { kind: 'integer', bits: 32 },
  description: 'Bytes of the line without its end; a field beyond it is missing, not blank',
  provenance: 'length of the line',
}

function columnSchema(
  spec: CompiledSpec,
  table: TableSpec,
  column: ColumnSpec,
  index: number,
): ColumnSchema {
  const layouts = spec.layouts.filter(({ tableIndex }) => tableIndex === table.index)
  const ordinary = layouts.filter(({ when }) => when === undefined)
  const field = [...ordinary, ...layouts]
    .flatMap(({ fields }) => fields)
    .find(({ columns }) => columns.includes(index))
  const place = field === undefined ? '' : ` (${field.printed})`
  const element = column.element === undefined ? '' : `, data element ${column.element}`
  return {
    name: column.name,
    type: columnKind(column),
    ...(column.description === undefined ? {} : { description: column.description }),
    provenance: `${spec.id} ${table.name}.${column.name}${place}${element}`,
  }
}

function columnKind({ type, width, scale }: ColumnSpec): ColumnKind {
  switch (type) {
    case 'text':
    case 'identifier':
    case 'code':
      return { kind: 'text' }
    case 'integer':
    case 'hour':
      return { kind: 'integer', bits: width > 9 ? 64 : 32 }
    case 'decimal':
      return { kind: 'decimal', precision: Math.max(width, scale + 1), scale }
    case 'date':
      return { kind: 'date' }
    case 'flag':
      return { kind: 'boolean' }
  }
}
