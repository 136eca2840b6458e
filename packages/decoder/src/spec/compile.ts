import { byteRange, compileFields } from './compile-fields.js'
import { compileLayouts } from './compile-layouts.js'
import type { SpecDocument, SpecSource } from './document.js'
import { printedRange } from './expand.js'
import { layOut } from './lay-out.js'
import { compileOverlay } from './overlay.js'
import { TableBuilder } from './table-builder.js'
import type { CompiledSpec, LayoutSpec, SegmentRole, TableSpec } from './types.js'
import { specFault } from './yaml-source.js'

/** Everything one spec is put together from. */
export interface CompileInput extends SpecSource {
  /** The spec whose tables this one fills, when the document names a `shape`. */
  readonly shape?: CompiledSpec
  /** Overlays; a forced one applies whatever the data year. */
  readonly overlays?: readonly (SpecSource & { readonly forced?: boolean })[]
  /** The document that gives id, version, revision, title and years: an overlay loaded by name. */
  readonly identity?: SpecDocument
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
