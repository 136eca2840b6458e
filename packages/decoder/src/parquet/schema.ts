import type { SinkTable } from '../batch.js'
import { OptionError } from '../errors.js'
import type { ColumnSpec } from '../spec/types.js'
import type { PhysicalType } from './format.js'
import { CONVERTED, PHYSICAL, REPETITION } from './format.js'
import type { ThriftWriter } from './thrift.js'

/** What the bytes of a physical type mean. */
export type LogicalType =
  | { readonly kind: 'string' }
  | { readonly kind: 'date' }
  | { readonly kind: 'integer'; readonly bitWidth: 32 | 64 }
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number }
  | { readonly kind: 'none' }

/** One column of a Parquet file. */
export interface ParquetField {
  readonly name: string
  /** The batch column it is written from. */
  readonly source: string
  /** The cell itself, or the label of its code. */
  readonly part: 'value' | 'label'
  readonly physical: PhysicalType
  readonly logical: LogicalType
  /** False where every row has a value. */
  readonly optional: boolean
  /** Rows come in ascending order of this column. */
  readonly ascending: boolean
}

/** Digits an INT64 decimal can hold. */
const MAX_DECIMAL_PRECISION = 18

/** Widest integer, as printed, whose every value fits 32 bits. */
const MAX_INT32_DIGITS = 9

/**
 * The Parquet columns of a table, in order; with `labels`, `<name>_label` after each code column.
 *
 * @throws {OptionError} OPTION_CONFLICT when the table already has a column of a label's name
 */
export function parquetFields(table: SinkTable, labels: boolean): readonly ParquetField[] {
  const names = new Set(table.columns.map((column) => column.name))
  return table.columns.flatMap((column) => {
    const value = valueField(column)
    if (!labels || column.codes === undefined) return [value]
    const label = labelField(column)
    if (!names.has(label.name)) return [value, label]
    throw new OptionError(
      'OPTION_CONFLICT',
      `segment "${table.name}" has a column "${label.name}" of its own, so the labels of "${column.name}" cannot be called that; turn labels off or rename the field in the spec`,
      { option: 'labels', segment: table.name, field: label.name },
    )
  })
}

function labelField(column: ColumnSpec): ParquetField {
  return {
    name: `${column.name}_label`,
    source: column.name,
    part: 'label',
    physical: 'byteArray',
    logical: { kind: 'string' },
    optional: true,
    ascending: false,
  }
}

function valueField(column: ColumnSpec): ParquetField {
  const isRecordNumber = column.name === 'record_number'
  const isRecordLength = column.name === 'record_length'
  return {
    name: column.name,
    source: column.name,
    part: 'value',
    ...typesOf(column),
    optional: !isRecordNumber && !isRecordLength,
    ascending: isRecordNumber,
  }
}

function typesOf(column: ColumnSpec): Pick<ParquetField, 'physical' | 'logical'> {
  switch (column.type) {
    case 'text':
    case 'identifier':
    case 'code':
      return { physical: 'byteArray', logical: { kind: 'string' } }
    case 'integer':
    case 'hour': {
      const wide = column.width > MAX_INT32_DIGITS && column.name !== 'record_length'
      return wide
        ? { physical: 'int64', logical: { kind: 'integer', bitWidth: 64 } }
        : { physical: 'int32', logical: { kind: 'integer', bitWidth: 32 } }
    }
    case 'decimal': {
      const precision = Math.min(Math.max(column.width, column.scale, 1), MAX_DECIMAL_PRECISION)
      return { physical: 'int64', logical: { kind: 'decimal', precision, scale: column.scale } }
    }
    case 'date':
      return { physical: 'int32', logical: { kind: 'date' } }
    case 'flag':
      return { physical: 'boolean', logical: { kind: 'none' } }
  }
}

/** Writes the schema: the root, then one element per column. */
export function writeSchema(
  thrift: ThriftWriter,
  tableName: string,
  fields: readonly ParquetField[],
): void {
  thrift.element()
  thrift.string(4, tableName)
  thrift.i32(5, fields.length)
  thrift.end()
  for (const field of fields) {
    thrift.element()
    thrift.i32(1, PHYSICAL[field.physical])
    thrift.i32(3, field.optional ? REPETITION.optional : REPETITION.required)
    thrift.string(4, field.name)
    writeLogicalType(thrift, field.logical)
    thrift.end()
  }
}

/** Both forms: the converted type for readers older than 2018, the logical type for the rest. */
function writeLogicalType(thrift: ThriftWriter, type: LogicalType): void {
  switch (type.kind) {
    case 'none':
      return
    case 'string':
      thrift.i32(6, CONVERTED.utf8)
      thrift.struct(10)
      thrift.emptyStruct(1)
      break
    case 'decimal':
      thrift.i32(6, CONVERTED.decimal)
      thrift.i32(7, type.scale)
      thrift.i32(8, type.precision)
      thrift.struct(10)
      thrift.struct(5)
      thrift.i32(1, type.scale)
      thrift.i32(2, type.precision)
      thrift.end()
      break
    case 'date':
      thrift.i32(6, CONVERTED.date)
      thrift.struct(10)
      thrift.emptyStruct(6)
      break
    case 'integer':
      thrift.i32(6, type.bitWidth === 32 ? CONVERTED.int32 : CONVERTED.int64)
      thrift.struct(10)
      thrift.struct(10)
      thrift.i8(1, type.bitWidth)
      thrift.bool(2, true)
      thrift.end()
      break
  }
  thrift.end()
}
