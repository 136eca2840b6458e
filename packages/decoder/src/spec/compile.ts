import { expandFields, printedPosition, printedRange, type PlainField } from './expand.js'
import {
  MAX_DIGITS,
  type PartNode,
  type PrintedRange,
  type SegmentNode,
  type SpecDocument,
} from './schema.js'
import type {
  CodeTable,
  ColumnSpec,
  CompiledSpec,
  FieldSpec,
  LayoutSpec,
  SegmentRole,
  TableSpec,
} from './types.js'
import { specFault, type Where } from './yaml-source.js'

/** A spec file and the code tables its fields name. */
export interface SpecSource {
  readonly document: SpecDocument
  readonly codeTables: ReadonlyMap<string, CodeTable>
}

/** Everything one spec is put together from. */
export interface CompileInput extends SpecSource {
  /** The spec whose tables this one fills, when the document names a `shape`. */
  readonly shape?: CompiledSpec
  /** Overlays; a forced one applies whatever the data year. */
  readonly overlays?: readonly (SpecSource & { readonly forced?: boolean })[]
  /** The document that gives id, version, revision, title and years: an overlay loaded by name. */
  readonly identity?: SpecDocument
}

/** Columns the decoder adds to every table. */
const RESERVED = ['record_number', 'record_length']
/** `dataYears` of an overlay that was asked for by name. */
const EVERY_YEAR: readonly [number, number] = [0, 9_999]

type Range = { readonly start: number; readonly end: number }

/** A physical record while it is compiled: fields still carry their places in the file. */
interface Part {
  readonly node: PartNode
  readonly index: number
  readonly offset: number
  readonly maxLength: number
  readonly fields: readonly PlainField[]
}

/**
 * Checks a spec and turns printed positions into byte offsets. Pure: no files, no clock.
 *
 * @throws {SpecError} with file, line, column, segment and field, for anything that cannot be
 * decoded as written: overlaps, gaps, fields past the length, unknown code tables, a key that is
 * no field, a table that differs from its shape, an overlay that replaces nothing.
 */
export function compileSpec(input: CompileInput): CompiledSpec {
  const { document, shape, overlays = [], identity = document } = input
  const level = document.level === undefined ? null : byteRange(document.level.position)
  checkLevels(input)

  const builders = new Map<string, TableBuilder>()
  for (const table of shape?.tables ?? []) builders.set(table.name, new TableBuilder(table))
  const layouts: LayoutSpec[] = []
  for (const segment of document.segments) {
    const parts = layOut(segment, document)
    let builder = builders.get(segment.name)
    if (builder === undefined) {
      if (shape !== undefined) {
        throw specFault(
          'SPEC_SHAPE',
          segment.where,
          `the shape ${shape.id} has no such table; drop the segment or the shape`,
        )
      }
      builder = new TableBuilder(null, segment.name, builders.size)
      builders.set(segment.name, builder)
    }
    builder.describe(segment)
    const fields = compileFields(parts, input, builder, segment)
    layouts.push(...compileLayouts(parts, segment, segment.key, fields, level, builder.index))
  }
  for (const overlay of overlays) {
    layouts.push(...compileOverlay(overlay, input, builders, layouts, level))
  }

  const tables = [...builders.values()].map((builder) => builder.table())
  checkRoles(document, tables)
  return {
    id: identity.id,
    family: identity.family,
    version: identity.version,
    revision: identity.revision,
    title: identity.title,
    dataYears: identity.appliesTo?.dataYears ?? identity.dataYears,
    encoding: document.encoding,
    ...(identity.source === undefined ? {} : { source: identity.source }),
    level,
    tables,
    layouts,
    yearField: compileYearField(document, tables),
    incidentKey: compileIncidentKey(document, tables),
  }
}

/** 1-based inclusive to 0-based half-open, the only place where this is done. */
function byteRange({ start, end }: PrintedRange, offset = 0): { start: number; end: number } {
  return { start: start - 1 + offset, end: end + offset }
}

/** One table under construction: from its shape, or growing from the fields of its segment. */
class TableBuilder {
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

function checkLevels({ document, codeTables }: SpecSource): void {
  const { level, segments } = document
  if (level === undefined) {
    const named = segments.flatMap((segment) => segment.parts).find((part) => part.level)
    if (named !== undefined) {
      throw specFault(
        'SPEC_SCHEMA',
        named.level!.where,
        'a level needs "segment_level" at the top of the spec; say at which position it stands',
      )
    }
    const second = segments[1]
    if (second !== undefined) {
      throw specFault(
        'SPEC_SCHEMA',
        { ...second.where, segment: second.name },
        'a spec without "segment_level" has one segment; add segment_level or drop this segment',
      )
    }
    return
  }
  const width = level.position.end - level.position.start + 1
  const table = level.codes === undefined ? undefined : codeTables.get(level.codes.value)
  const seen = new Map<string, string>()
  for (const segment of segments) {
    for (const part of segment.parts) {
      const where = { ...part.where, segment: segment.name }
      if (part.level === undefined) {
        const message = 'a segment needs "level", the code its records begin with; add it'
        throw specFault('SPEC_SCHEMA', where, message)
      }
      const { value } = part.level
      const at = part.level.where
      if (value.length !== width) {
        const printed = printedRange(level.position)
        const message =
          `level "${value}" is ${value.length} wide, but segment_level (${printed}) is ${width}; ` +
          `write ${width} characters`
        throw specFault('SPEC_BAD_WIDTH', at, message)
      }
      const before = seen.get(value)
      if (before !== undefined) {
        const message = `level "${value}" is taken by segment "${before}"; a level has one layout`
        throw specFault('SPEC_DUPLICATE_LEVEL', at, message)
      }
      if (table !== undefined && !table.codes.has(value.trimEnd())) {
        const message = `level "${value}" is not in code table "${table.name}"; add it there`
        throw specFault('SPEC_SCHEMA', at, message)
      }
      seen.set(value, segment.name)
    }
  }
}

/** Unrolls the fields of every part and checks that they cover its bytes, once each. */
function layOut(segment: SegmentNode, document: SpecDocument): readonly Part[] {
  const parts: Part[] = []
  let offset = 0
  for (const [index, node] of segment.parts.entries()) {
    const fields = expandFields(node.fields)
    const isLast = index === segment.parts.length - 1
    checkNames(fields)
    for (const field of fields) checkLength(field, node.length, isLast)
    checkCover(fields, node, document, segment)
    const maxLength = Math.max(node.length, ...fields.map((field) => field.extent.end))
    parts.push({ node, index, offset, maxLength, fields })
    offset += node.length
  }
  return parts
}

function checkNames(fields: readonly PlainField[]): void {
  const seen = new Set<string>()
  for (const field of fields) {
    if (seen.has(field.name)) {
      const message = 'the name is taken by a field above (repeats count too); rename one'
      throw specFault('SPEC_DUPLICATE_FIELD', field.where, message)
    }
    seen.add(field.name)
  }
}

function checkLength(field: PlainField, length: number, isLastPart: boolean): void {
  const { start, end } = field.extent
  const printed = printedPosition(field)
  if (field.optional && !isLastPart) {
    throw specFault(
      'SPEC_PAST_LENGTH',
      field.where,
      'only the last part of a joined record may have optional fields; drop "optional"',
    )
  }
  if (field.optional && start <= length) {
    throw specFault(
      'SPEC_PAST_LENGTH',
      field.where,
      `pos ${printed} begins within length ${length}; drop "optional" or shorten length`,
    )
  }
  if (!field.optional && end > length) {
    throw specFault(
      'SPEC_PAST_LENGTH',
      field.where,
      `pos ${printed} ends past length ${length}; correct pos or length, or mark it optional`,
    )
  }
}

/** Every byte belongs to the segment level or to one field or filler: no overlap, no gap. */
function checkCover(
  fields: readonly PlainField[],
  part: PartNode,
  document: SpecDocument,
  segment: SegmentNode,
): void {
  type Taken = PrintedRange & { readonly name: string; readonly where: Where }
  const taken: Taken[] = fields.flatMap((field) =>
    [field.position, ...(field.fraction === undefined ? [] : [field.fraction])].map((range) => ({
      ...range,
      name: field.name,
      where: field.where,
    })),
  )
  if (document.level !== undefined) {
    taken.push({ ...document.level.position, name: 'segment_level', where: document.level.where })
  }
  taken.sort((a, b) => a.start - b.start || a.end - b.end)
  const end = Math.max(part.length, ...taken.map((range) => range.end))
  let next = 1
  let last: Taken | undefined
  for (const range of taken) {
    if (last !== undefined && range.start < next) {
      const [named, other] = range.name === 'segment_level' ? [last, range] : [range, last]
      const message =
        `pos ${printedRange(named)} overlaps "${other.name}" ` +
        `(${printedRange(other)}); check the positions against the printed page`
      throw specFault('SPEC_OVERLAP', named.where, message, [other.name, named.name])
    }
    if (range.start > next) throw gap(next, range.start - 1, range.where)
    next = range.end + 1
    last = range
  }
  if (next <= end) throw gap(next, end, { ...part.where, segment: segment.name })
}

function gap(start: number, end: number, where: Where): Error {
  const printed = printedRange({ start, end })
  const bytes = start === end ? `byte ${printed} belongs` : `bytes ${printed} belong`
  const filler = `filler_${start}: { pos: ${printed}, type: filler }`
  const message = `${bytes} to no field; correct the positions about it, or add ${filler}`
  return specFault('SPEC_GAP', where, message)
}

/** Fields of all parts, joined; a field that several parts repeat (the key) is kept once. */
function compileFields(
  parts: readonly Part[],
  source: SpecSource,
  builder: TableBuilder,
  segment: SegmentNode,
): readonly FieldSpec[][] {
  const first = new Map<string, PlainField>()
  return parts.map((part) =>
    part.fields.flatMap((field): FieldSpec[] => {
      if (field.type === 'filler') return []
      const before = part.index === 0 ? undefined : first.get(field.name)
      if (before !== undefined) {
        const isKey = segment.key.some((key) => key.value === field.name)
        const isSame =
          before.type === field.type && widthOf(before.position) === widthOf(field.position)
        // The levels of one joined record all begin with the same state and key.
        if (isSame && (isKey || samePlace(before.position, field.position))) return []
        const message =
          'an earlier part has a field of this name, but of another type, width or position; ' +
          'rename one or make them equal'
        throw specFault('SPEC_DUPLICATE_FIELD', field.where, message)
      }
      first.set(field.name, field)
      return [compileField(field, part.offset, source, builder)]
    }),
  )
}

function samePlace(a: PrintedRange, b: PrintedRange): boolean {
  return a.start === b.start && a.end === b.end
}

function widthOf({ start, end }: PrintedRange): number {
  return end - start + 1
}

function compileField(
  field: PlainField,
  offset: number,
  source: SpecSource,
  builder: TableBuilder,
): FieldSpec {
  const codes = codeTableOf(field, source)
  checkWidth(field, codes)
  let bytes = byteRange(field.position, offset)
  let fraction = field.fraction === undefined ? undefined : byteRange(field.fraction, offset)
  if (field.scale !== undefined) {
    // An implied point: the last digits of the field itself are the fraction.
    fraction = { start: bytes.end - field.scale, end: bytes.end }
    bytes = { start: bytes.start, end: fraction.start }
  }
  const columns = columnsOf(field, codes, fraction).map((column) =>
    placeColumn(column, field, builder),
  )
  const type = field.type as FieldSpec['type']
  return {
    name: field.name,
    type,
    ...bytes,
    printed: printedPosition(field),
    ...(fraction === undefined ? {} : { fraction }),
    ...(codes === undefined ? {} : { codes }),
    ...(field.range === undefined ? {} : { range: field.range }),
    ...(field.flag === undefined ? {} : { flag: field.flag }),
    optional: field.optional,
    columns,
  }
}

function codeTableOf(field: PlainField, source: SpecSource): CodeTable | undefined {
  if (field.codes === undefined) return undefined
  const table = source.codeTables.get(field.codes.value)
  if (table !== undefined) return table
  const known = [...source.codeTables.keys()].sort().join(', ')
  throw specFault(
    'SPEC_UNKNOWN_CODE_TABLE',
    { ...field.where, ...placeOf(field.codes.where) },
    `there is no code table "${field.codes.value}"; ` +
      (known === '' ? 'add it under code_tables' : `add it under code_tables or use: ${known}`),
  )
}

function placeOf({ file, line, column }: Where): Where {
  return { file, line, column }
}

function checkWidth(field: PlainField, codes: CodeTable | undefined): void {
  const width = widthOf(field.position)
  const wrong = (expected: string): Error =>
    specFault(
      'SPEC_BAD_WIDTH',
      field.where,
      `pos ${printedPosition(field)} is ${width} wide, but ${expected}`,
    )
  switch (field.type) {
    case 'date':
      if (width !== 8) throw wrong('a date is yyyymmdd, 8 wide; correct pos or the type')
      break
    case 'hour':
      if (width !== 2) throw wrong('an hour is 00 to 23, 2 wide; correct pos or the type')
      break
    case 'integer':
      if (width > MAX_DIGITS) throw wrong(`an integer has at most ${MAX_DIGITS} digits; use text`)
      break
    case 'decimal': {
      const digits = width + (field.fraction === undefined ? 0 : widthOf(field.fraction))
      if (digits > MAX_DIGITS)
        throw wrong(`a decimal has at most ${MAX_DIGITS} digits in all; use text`)
      if (field.scale === undefined && field.fraction === undefined) {
        throw wrong('nothing says where its point is; add scale or fraction, or use type integer')
      }
      if (field.scale !== undefined && field.scale >= width) {
        throw wrong(`scale ${field.scale} leaves no whole digit; lower the scale`)
      }
      break
    }
    case 'flag':
      for (const text of [field.flag!.yes, field.flag!.no]) {
        if (text.length > width) throw wrong(`"${text}" is longer; shorten it or widen pos`)
      }
      break
    case 'number_or_code':
    case 'text':
    case 'identifier':
    case 'code':
    case 'filler':
      break
  }
  if (field.range !== undefined && String(field.range[1]).length > width) {
    throw wrong(`its range goes to ${field.range[1]}; lower the range or widen pos`)
  }
  if (codes === undefined || field.type === 'flag' || field.type === 'hour') return
  for (const code of codes.codes.keys()) {
    if (code.length > width) {
      throw wrong(`code "${code}" of table "${codes.name}" is longer; correct pos or the table`)
    }
  }
}

function columnsOf(
  field: PlainField,
  codes: CodeTable | undefined,
  fraction: Range | undefined,
): ColumnSpec[] {
  const width = widthOf(field.position) + (field.fraction ? widthOf(field.fraction) : 0)
  const about = {
    ...(field.element === undefined ? {} : { element: field.element }),
    ...(field.description === undefined ? {} : { description: field.description }),
  }
  if (field.type === 'number_or_code') {
    return [
      { name: field.name, type: 'integer', width, scale: 0, ...about, mixed: 'number' },
      {
        name: `${field.name}_code`,
        type: 'code',
        width,
        scale: 0,
        ...(codes === undefined ? {} : { codes }),
        ...about,
        mixed: 'code',
      },
    ]
  }
  return [
    {
      name: field.name,
      type: field.type as ColumnSpec['type'],
      width,
      scale: fraction === undefined ? 0 : fraction.end - fraction.start,
      // Hours and flags are values, not codes: their tables only serve the documentation.
      ...(field.type === 'code' && codes !== undefined ? { codes } : {}),
      ...about,
    },
  ]
}

/** The index of the field's column: in the shape where there is one, else a new one. */
function placeColumn(column: ColumnSpec, field: PlainField, builder: TableBuilder): number {
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

function compileLayouts(
  parts: readonly Part[],
  segment: SegmentNode,
  key: SegmentNode['key'],
  fields: readonly (readonly FieldSpec[])[],
  level: Range | null,
  tableIndex: number,
): LayoutSpec[] {
  return parts.map((part) => {
    const keyFields = key.map(({ value, where }) => {
      const field = part.fields.find((item) => item.name === value)
      if (field === undefined || field.type === 'filler' || field.optional) {
        const problem =
          field === undefined ? 'is no field' : field.optional ? 'is optional' : 'is filler'
        throw specFault(
          'SPEC_BAD_KEY',
          { ...where, segment: segment.name, field: value },
          `named as key, but ${problem} of this segment; name fields every record has`,
        )
      }
      return { name: value, ...byteRange(field.extent) }
    })
    return {
      level: part.node.level?.value ?? '',
      tableIndex,
      part: part.index,
      partCount: parts.length,
      partOffset: part.offset,
      length: part.node.length,
      maxLength: part.maxLength,
      keyLength: Math.max(level?.end ?? 0, ...keyFields.map((field) => field.end)),
      keyFields,
      fields: fields[part.index]!,
      fillers: part.fields
        .filter((field) => field.type === 'filler' && !field.ignore)
        .map((field) => ({ name: field.name, ...byteRange(field.position, part.offset) })),
    }
  })
}

/** Layouts of an overlay: same tables, other positions, for the records it applies to. */
function compileOverlay(
  overlay: SpecSource & { readonly forced?: boolean },
  base: SpecSource,
  builders: ReadonlyMap<string, TableBuilder>,
  layouts: readonly LayoutSpec[],
  level: Range | null,
): LayoutSpec[] {
  const { document } = overlay
  const appliesTo = document.appliesTo!
  const refuse = (where: Where, message: string): Error => specFault('SPEC_OVERLAY', where, message)
  if (document.family !== base.document.family) {
    const message = `overlay ${document.id} and ${base.document.id} are of different families`
    throw refuse(document.where, `${message}; give them the same id`)
  }
  const years = base.document.dataYears
  const [first, last] = appliesTo.dataYears
  if (years !== null && (first < years[0] || (last ?? Infinity) > (years[1] ?? Infinity))) {
    const message = `data_years ${first} to ${last ?? 'now'} lie outside those of ${base.document.id}`
    throw refuse(appliesTo.where, `${message}; correct data_years or extends`)
  }
  return document.segments.flatMap((segment) => {
    const { where } = segment
    const replaced = base.document.segments.find((item) => item.name === segment.name)
    const builder = builders.get(segment.name)
    if (replaced === undefined || builder === undefined) {
      throw refuse(
        where,
        `${base.document.id} has no segment "${segment.name}" to replace; correct the name`,
      )
    }
    if (segment.parts.length > 1 || replaced.parts.length > 1) {
      throw refuse(where, 'a record in parts cannot be replaced; give it an edition of its own')
    }
    if (segment.role !== undefined && segment.role !== replaced.role) {
      throw refuse(where, 'the role is that of the replaced segment; remove it here')
    }
    const baseLayout = layouts.find((layout) => layout.tableIndex === builder.index)!
    const levelHere = segment.parts[0]!.level?.value ?? ''
    if (levelHere !== baseLayout.level) {
      const message = `level "${levelHere}" differs from "${baseLayout.level}" of the replaced one`
      throw refuse(where, `${message}; make them equal`)
    }
    const parts = layOut(segment, { ...document, ...levelOf(base.document) })
    const decider = parts[0]!.fields.find((field) => field.name === appliesTo.field)
    const baseDecider = baseLayout.fields.find((field) => field.name === appliesTo.field)
    if (decider === undefined || baseDecider === undefined) {
      const message = `applies_to names "${appliesTo.field}", which is no field of both layouts`
      throw refuse({ ...where, ...placeOf(appliesTo.where) }, `${message}; name one they share`)
    }
    const bytes = byteRange(decider.position)
    if (bytes.start !== baseDecider.start || bytes.end !== baseDecider.end) {
      const message = `pos ${printedPosition(decider)} is not where the replaced layout has it`
      const mend = 'applies_to needs a field that does not move'
      throw refuse(decider.where, `${message} (${baseDecider.printed}); ${mend}`)
    }
    const shaped = new TableBuilder(builder.table())
    // Vermont's arrest number is wider than the column it goes into: the column grows.
    shaped.mayGrow = true
    const fields = compileFields(parts, overlay, shaped, segment)
    shaped.columns.forEach((column, at) => {
      builder.columns[at] = { ...builder.columns[at]!, width: column.width }
    })
    const key = segment.key.length > 0 ? segment.key : replaced.key
    return compileLayouts(parts, segment, key, fields, level, builder.index).map((layout) => ({
      ...layout,
      when: {
        dataYears: overlay.forced === true ? EVERY_YEAR : [first, last ?? EVERY_YEAR[1]],
        ...bytes,
        values: appliesTo.values,
      },
    }))
  })
}

function levelOf(document: SpecDocument): Pick<SpecDocument, 'level'> {
  return document.level === undefined ? {} : { level: document.level }
}

function checkRoles(document: SpecDocument, tables: readonly TableSpec[]): void {
  const having = (role: SegmentRole): readonly TableSpec[] =>
    tables.filter((table) => table.role === role)
  const refuse = (table: TableSpec, message: string): Error => {
    const segment = document.segments.find((item) => item.name === table.name)
    return specFault('SPEC_SCHEMA', segment?.where ?? document.where, message)
  }
  for (const role of ['header', 'incident', 'group_b'] as const) {
    const [first, second] = having(role)
    if (second === undefined) continue
    throw refuse(second, `role ${role} is taken by segment "${first!.name}"; one may have it`)
  }
  const [incident] = having('incident')
  const [child] = having('child')
  if (child !== undefined && incident === undefined) {
    throw refuse(child, 'role child needs a segment with role incident; set the role of one')
  }
  if (document.incidentKey !== undefined && incident === undefined) {
    const message = 'incident_key needs a segment with role incident; set the role of one'
    throw specFault('SPEC_BAD_KEY', document.incidentKey.where, message)
  }
}

function compileYearField(
  document: SpecDocument,
  tables: readonly TableSpec[],
): CompiledSpec['yearField'] {
  const placed = document.yearField
  if (placed === undefined) return null
  const [table, column] = placed.value.split('.') as [string, string]
  const found = tables.find((item) => item.name === table)
  const type = found?.columns.find((item) => item.name === column)?.type
  if (type !== 'integer') {
    const problem = type === undefined ? 'is no field' : `is of type ${type}, not integer`
    const message = `year_field "${placed.value}" ${problem}; name a segment and an integer field`
    throw specFault('SPEC_BAD_KEY', placed.where, message)
  }
  return { table, column }
}

function compileIncidentKey(
  document: SpecDocument,
  tables: readonly TableSpec[],
): CompiledSpec['incidentKey'] {
  const placed = document.incidentKey
  if (placed === undefined) return null
  for (const table of tables) {
    if (table.role !== 'incident' && table.role !== 'child') continue
    for (const name of placed.value) {
      if (table.columns.some((column) => column.name === name)) continue
      const message = `incident_key "${name}" is no field of segment "${table.name}"`
      throw specFault(
        'SPEC_BAD_KEY',
        placed.where,
        `${message}; every segment of an incident has it`,
      )
    }
  }
  return placed.value
}
