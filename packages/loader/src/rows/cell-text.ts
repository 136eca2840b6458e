import { csvCell } from '../schema/stage-columns.js'
import type { ColumnKind } from '../schema/table-schema.js'
import type { RowValue } from '../source.js'

const DATE = /^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/
const TIMESTAMP = /^(\d{4}-\d{2}-\d{2}) (?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?$/
const DECIMAL = /^(-?)0*(\d+)(?:\.(\d*))?$/
const INTEGER = /^-?\d+$/
const INT32 = 2n ** 31n
const INT64 = 2n ** 63n

/**
 * A value in the canonical text that the row hash covers, as a CSV cell: null is nothing, text that
 * is empty or holds a quote, a comma or a line end is quoted, whole numbers have no leading zeros,
 * decimals as many digits as they need, flags are `true` or `false`.
 *
 * @returns undefined when the value does not fit the column
 */
export function cellText(type: ColumnKind, value: RowValue): string | undefined {
  if (value === null) return ''
  switch (type.kind) {
    case 'text':
      return typeof value === 'string' && isStorable(value) ? csvCell(value) : undefined
    case 'json':
      return typeof value === 'string' && isStorableJson(value) ? csvCell(value) : undefined
    case 'boolean':
      return typeof value === 'boolean' ? String(value) : undefined
    case 'integer':
      return integerText(value, type.bits === 32 ? INT32 : INT64)
    case 'decimal':
      return decimalText(value, type.precision, type.scale)
    case 'date':
      return isDate(value) ? value : undefined
    case 'timestamp':
      return typeof value === 'string' && isDate(TIMESTAMP.exec(value)?.[1])
        ? value.replace(/\.?0+$/, (tail) => (value.includes('.') ? '' : tail))
        : undefined
  }
}

/** NUL is not a character of any text column, and half a surrogate pair is none of UTF-8. */
export function isStorable(text: string): boolean {
  return !text.includes('\0') && !/\p{Surrogate}/u.test(text)
}

/** Whether all text in a value of JSON is storable, names of keys among it, however deep. */
export function holdsStorable(value: unknown): boolean {
  if (typeof value === 'string') return isStorable(value)
  if (typeof value !== 'object' || value === null) return true
  return Object.entries(value).every(([key, inner]) => isStorable(key) && holdsStorable(inner))
}

function isStorableJson(text: string): boolean {
  try {
    return holdsStorable(JSON.parse(text))
  } catch {
    return false
  }
}

function integerText(value: RowValue, limit: bigint): string | undefined {
  if (typeof value === 'boolean' || !INTEGER.test(String(value))) return undefined
  const number = BigInt(value!)
  return number >= -limit && number < limit ? String(number) : undefined
}

function decimalText(value: RowValue, precision: number, scale: number): string | undefined {
  const match = typeof value === 'boolean' ? null : DECIMAL.exec(String(value))
  if (match === null) return undefined
  const fraction = (match[3] ?? '').replace(/0+$/, '')
  const whole = match[2]!
  if (fraction.length > scale || (whole === '0' ? 0 : whole.length) > precision - scale) {
    return undefined
  }
  const text = fraction === '' ? whole : `${whole}.${fraction}`
  return text === '0' ? text : match[1] + text
}

function isDate(value: unknown): value is string {
  if (typeof value !== 'string' || !DATE.test(value)) return false
  const time = Date.parse(`${value}T00:00:00Z`)
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(value)
}
