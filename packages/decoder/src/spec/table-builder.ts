import type { SegmentNode } from './document.js'
import type { PlainField } from './expand.js'
import type { ColumnSpec, SegmentRole, TableSpec } from './types.js'
import { specFault } from './yaml-source.js'

/** Columns the decoder adds to every table. */
const RESERVED = ['record_number', 'record_length']

/** One table under construction: from its shape, or growing from the fields of its segment. */
export class TableBuilder {
  readonly name: string
  readonly index: number
  readonly shape: TableSpec | null
  readonly columns: ColumnSpec[]
  /** Whether a field may be wider than the shape's column. */
  mayGrow = false
  readonly #byName = new Map<string, number>()
  #title: string
  #role: SegmentRole
  #levels: readonly string[] = []
  #source: TableSpec['source']

  constructor(shape: TableSpec | null, name = shape?.name ?? '', index = shape?.index ?? 0) {
    this.shape = shape
    this.name = name
    this.index = index
    this.columns = shape === null ? [] : [...shape.columns]
    this.columns.forEach((column, at) => this.#byName.set(column.name, at))
    this.#title = shape?.title ?? name
    this.#role = shape?.role ?? 'record'
  }

  describe(segment: SegmentNode): void {
    const role = segment.role ?? this.shape?.role ?? 'record'
    if (this.shape !== null && role !== this.shape.role) {
      throw specFault(
        'SPEC_SHAPE',
        segment.where,
        `role ${role} differs from ${this.shape.role} of the shape; make them equal`,
      )
    }
    this.#role = role
    this.#title = segment.title ?? this.#title
    this.#source = segment.source
    this.#levels = segment.parts.flatMap((part) => (part.level ? [part.level.value] : []))
  }

  find(name: string): number | undefined {
    return this.#byName.get(name)
  }

  add(column: ColumnSpec): number {
    this.#byName.set(column.name, this.columns.length)
    return this.columns.push(column) - 1
  }

  table(): TableSpec {
    return {
      name: this.name,
      index: this.index,
      title: this.#title,
      role: this.#role,
      columns: this.columns,
      levels: this.#levels,
      ...(this.#source === undefined ? {} : { source: this.#source }),
    }
  }
}

/** The index of the field's column: in the shape where there is one, else a new one. */
export function placeColumn(column: ColumnSpec, field: PlainField, builder: TableBuilder): number {
  if (RESERVED.includes(column.name)) {
    const message = `every table already ends with "${column.name}"; rename the field`
    throw specFault('SPEC_DUPLICATE_FIELD', field.where, message)
  }
  const at = builder.find(column.name)
  if (builder.shape === null) {
    if (at === undefined) return builder.add(column)
    const message = `column "${column.name}" is there already (type number_or_code adds _code)`
    throw specFault('SPEC_DUPLICATE_FIELD', field.where, `${message}; rename one field`)
  }
  if (at === undefined) {
    const message = `the shape has no column "${column.name}" in "${builder.name}"`
    throw specFault('SPEC_SHAPE', field.where, `${message}; use a name the shape has`)
  }
  const shaped = builder.columns[at]!
  const difference = shapeDifference(column, shaped, builder.mayGrow)
  if (difference !== null) {
    throw specFault('SPEC_SHAPE', field.where, `column "${column.name}" ${difference}`)
  }
  builder.columns[at] = { ...column, width: Math.max(column.width, shaped.width) }
  return at
}

/** How a column differs from the shape's in a way that would give a different table; or null. */
function shapeDifference(column: ColumnSpec, shaped: ColumnSpec, mayGrow: boolean): string | null {
  const differs = (what: string, here: unknown, there: unknown): string =>
    `has ${what} ${String(here)}, the shape ${String(there)}; make them equal`
  if (column.type !== shaped.type) return differs('type', column.type, shaped.type)
  if (column.mixed !== shaped.mixed) return differs('half', column.mixed, shaped.mixed)
  if (column.scale !== shaped.scale) return differs('scale', column.scale, shaped.scale)
  if (column.codes?.name !== shaped.codes?.name) {
    return differs('code table', column.codes?.name, shaped.codes?.name)
  }
  if (column.width > shaped.width && !mayGrow) {
    return `is ${column.width} wide, the shape ${shaped.width}; correct pos or widen the shape`
  }
  return null
}
