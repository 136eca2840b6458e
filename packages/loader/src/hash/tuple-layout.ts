import { dataColumns } from '../schema/stage-columns.js'
import type { ColumnKind, Slice, TableSchema } from '../schema/table-schema.js'
import type { TupleLayout } from './line-hasher.js'

/** Before the code of a decimal's scale. */
const DECIMAL_CODE = 16
/** Most digits of a decimal that are worked with in 64 bits. */
const DECIMAL_DIGITS = 16

/** The number by which row-hash.wat knows a type; undefined for one it cannot write. */
function columnCode(type: ColumnKind): number | undefined {
  switch (type.kind) {
    case 'text':
      return 0
    case 'integer':
      return type.bits === 32 ? 1 : 2
    case 'date':
      return 3
    case 'boolean':
      return 4
    case 'decimal':
      return type.precision <= DECIMAL_DIGITS ? DECIMAL_CODE + type.scale : undefined
    case 'timestamp':
    case 'json':
      return undefined
  }
}

/**
 * How rows of a table become tuples of PostgreSQL's binary COPY, in the order of `stageColumns`;
 * null for a table with a column that only goes as text.
 */
export function tupleLayout(table: TableSchema, loadId: number, slice: Slice): TupleLayout | null {
  const columns = dataColumns(table)
  const codes = columns.flatMap(({ type }) => columnCode(type) ?? [])
  if (codes.length < columns.length) return null
  const fieldCount = Buffer.alloc(2)
  fieldCount.writeInt16BE(slice.length + 3 + columns.length)
  const fields = slice.map(({ value }) => field(value))
  return {
    prefix: Buffer.concat([fieldCount, field(loadId), ...fields]),
    codes: Uint8Array.from(codes),
  }
}

/** Length and bytes of a value before the row hash. */
function field(value: string | number | null): Buffer {
  if (value === null) return int32(-1)
  if (typeof value === 'number') return Buffer.concat([int32(4), int32(value)])
  const text = Buffer.from(value)
  return Buffer.concat([int32(text.length), text])
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}
