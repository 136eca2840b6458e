import type { ColumnKind, ColumnSchema, TableSchema } from '../schema/table-schema.js'
import type { RowValue, StageIssue, StageRow } from '../source.js'

/** A column read from an object by its keys. */
export interface KeyColumn {
  readonly name: string
  /** Keys from the outside in: `['location', 'street', 'id']`. */
  readonly path: readonly string[]
  readonly type: ColumnKind
  readonly description?: string
}

/** Text column of a path; its name is the path with underscores. */
export function textColumn(path: string, description?: string): KeyColumn {
  return keyColumn(path, { kind: 'text' }, description)
}

/** Column of a path such as `location.street.id`; its name is the path with underscores. */
export function keyColumn(path: string, type: ColumnKind, description?: string): KeyColumn {
  return {
    name: path.replaceAll('.', '_'),
    path: path.split('.'),
    type,
    ...(description === undefined ? {} : { description }),
  }
}

/** Columns of a table as the schema has them. */
export function columnSchemas(
  columns: readonly KeyColumn[],
  origin: string,
): readonly ColumnSchema[] {
  return columns.map(({ name, path, type, description }) => ({
    name,
    type,
    ...(description === undefined ? {} : { description }),
    provenance: `${origin} ${path.join('.')}`,
  }))
}

/** Turns objects of one table into rows. */
export interface RowConverter {
  /**
   * @param row an element of an answer
   * @param sourceRecord its position
   * @param place where it stands, for issues
   * @param issues faults are added here; the value in question becomes null
   */
  convert(row: object, sourceRecord: number, place: RowPlace, issues: StageIssue[]): StageRow
}

/** Position of a row for issues. */
export interface RowPlace {
  readonly byteOffset: number | null
  readonly file: string | null
}

/** ISO 8601 with a zone; without one it would be read as local time. */
const TIMESTAMP =
  /^(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(?::(\d\d)(?:\.(\d+))?)?(Z|[+-](?:[01]\d|2[0-3]):?[0-5]\d)$/
/** Digits of a second that every destination stores. */
const FRACTION_DIGITS = 6

type KnownKeys = Map<string, KnownKeys | null>

/**
 * Makes the converter of a table.
 *
 * @param known paths that are known and need no column, such as a month the slice tells
 */
export function rowConverter(
  table: TableSchema,
  columns: readonly KeyColumn[],
  known: readonly string[] = [],
): RowConverter {
  const keys: KnownKeys = new Map()
  for (const path of [...columns.map((column) => column.path), ...known.map((k) => k.split('.'))]) {
    let level = keys
    for (const [depth, key] of path.entries()) {
      if (depth === path.length - 1) {
        if (!level.has(key)) level.set(key, null)
      } else {
        const next = level.get(key) ?? new Map<string, KnownKeys | null>()
        level.set(key, next)
        level = next
      }
    }
  }
  return {
    convert(row, sourceRecord, { byteOffset, file }, issues) {
      const values = columns.map((column) => {
        const found = valueAt(row, column.path)
        const value = cellOf(found, column.type)
        if (value !== undefined) return value
        issues.push({
          code: `FIELD_${column.type.kind.toUpperCase()}`,
          table: table.name,
          field: column.name,
          recordNumber: sourceRecord,
          byteOffset,
          raw: rawText(found),
          file,
        })
        return null
      })
      // Without a prototype, so that a key named __proto__ is one like any other.
      const unknownKeys = Object.create(null) as Record<string, unknown>
      collectUnknown(row, keys, '', unknownKeys)
      return Object.keys(unknownKeys).length === 0
        ? { sourceRecord, values }
        : { sourceRecord, values, unknownKeys }
    },
  }
}

/** A value as text for an issue, at most 512 characters. */
export function rawText(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
  return text.slice(0, 512)
}

function valueAt(row: object, path: readonly string[]): unknown {
  let value: unknown = row
  for (const key of path) {
    if (typeof value !== 'object' || value === null) return null
    value = (value as Record<string, unknown>)[key]
  }
  return value ?? null
}

/** The value as the column holds it; undefined when it does not fit. */
function cellOf(value: unknown, type: ColumnKind): RowValue | undefined {
  if (value === null || value === undefined) return null
  switch (type.kind) {
    case 'text':
      // NUL is the one character that PostgreSQL's text cannot hold.
      if (typeof value === 'string') return value.includes('\0') ? undefined : value
      return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined
    case 'integer':
      return wholeNumber(value, type.bits)
    case 'decimal':
      return decimalText(value, type.precision, type.scale)
    case 'boolean':
      return typeof value === 'boolean' ? value : undefined
    case 'timestamp':
      return typeof value === 'string' ? timestampText(value) : undefined
    case 'date':
      return typeof value === 'string' && /^\d{4}-\d{2}-\d{2}$/.test(value) ? value : undefined
    case 'json':
      return JSON.stringify(value)
  }
}

function wholeNumber(value: unknown, bits: 32 | 64): number | undefined {
  const limit = bits === 32 ? 2 ** 31 - 1 : Number.MAX_SAFE_INTEGER
  const fits = typeof value === 'number' && Number.isInteger(value) && Math.abs(value) <= limit
  return fits ? value : undefined
}

/** The digits as they were sent, when none would be lost. */
function decimalText(value: unknown, precision: number, scale: number): string | undefined {
  const text = typeof value === 'number' ? String(value) : value
  if (typeof text !== 'string') return undefined
  const [, whole = '', fraction = ''] = /^-?(\d+)(?:\.(\d+))?$/.exec(text) ?? []
  const fits =
    whole !== '' &&
    whole.replace(/^0+/, '').length <= precision - scale &&
    fraction.replace(/0+$/, '').length <= scale
  return fits ? text : undefined
}

/** The time in UTC; undefined for one that no calendar or clock has, or that is finer than 1 µs. */
function timestampText(value: string): string | undefined {
  const [, date, hour = '', second = '00', decimals = '', zone] = TIMESTAMP.exec(value) ?? []
  const written = `${date}T${hour}:${second}`
  const fraction = decimals.replace(/0+$/, '')
  if (zone === undefined || fraction.length > FRACTION_DIGITS) return undefined
  // A Date makes the 2nd of March of the 30th of February, and the next day of 24:00.
  if (secondsOf(`${written}Z`) !== written) return undefined
  const text = secondsOf(`${written}${zone}`)?.replace('T', ' ')
  return text === undefined || fraction === '' ? text : `${text}.${fraction}`
}

/** A time in UTC as `YYYY-MM-DDTHH:MM:SS`; undefined when it is none of a year of four digits. */
function secondsOf(text: string): string | undefined {
  const time = new Date(text)
  if (Number.isNaN(time.getTime())) return undefined
  const iso = time.toISOString()
  return /^\d{4}-/.test(iso) ? iso.slice(0, 19) : undefined
}

function collectUnknown(
  value: object,
  keys: KnownKeys,
  prefix: string,
  unknown: Record<string, unknown>,
): void {
  for (const [key, found] of Object.entries(value) as [string, unknown][]) {
    const inner = keys.get(key)
    if (inner === undefined) unknown[`${prefix}${key}`] = found
    else if (inner !== null && typeof found === 'object' && found !== null) {
      collectUnknown(found, inner, `${prefix}${key}.`, unknown)
    }
  }
}
