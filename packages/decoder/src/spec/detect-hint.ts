import type { CompiledSpec, SegmentRole } from './types.js'

/** A run of bytes of a physical line, 0-based and half-open. */
export interface LineBytes {
  readonly start: number
  readonly end: number
}

/** Lines of one level. */
export interface LevelHint {
  readonly level: string
  /** Nominal length, and that with all optional tails. */
  readonly length: number
  readonly maxLength: number
  /** What the table is that they feed. */
  readonly role: SegmentRole
  /** First byte of their first date; null when they hold none. */
  readonly dateStart: number | null
}

/**
 * What tells an edition from the others at a glance, without decoding a record. Plain data, for the
 * build writes those of the bundled specs as JSON.
 */
export interface DetectHint {
  readonly id: string
  readonly dataYears: readonly [number, number | null] | null
  /** Bytes of the segment level; null when the file has one record type. */
  readonly level: LineBytes | null
  /** Every level, in the spec's order. Overlays are left out. */
  readonly levels: readonly LevelHint[]
  /** Where every line has the agency; null when the spec has no ORI. */
  readonly ori: LineBytes | null
  /** Where a line says its data year, and which line; null when none does. */
  readonly year: ({ readonly level: string } & LineBytes) | null
}

/** Takes the detection hint out of a compiled spec. */
export function detectHint(spec: CompiledSpec): DetectHint {
  const base = spec.layouts.filter((layout) => layout.when === undefined)
  const table = spec.tables.find((item) => item.name === spec.yearField?.table)
  const year = base
    .filter((layout) => layout.tableIndex === table?.index)
    .flatMap((layout) =>
      layout.fields
        .filter((field) => field.name === spec.yearField?.column)
        .map((field) => ({
          level: layout.level,
          start: field.start - layout.partOffset,
          end: field.end - layout.partOffset,
        })),
    )[0]
  const ori = spec.layouts[0]?.keyFields.find((field) => field.name === 'ori')
  return {
    id: spec.id,
    dataYears: spec.dataYears,
    level: spec.level,
    levels: base.map((layout) => {
      const date = layout.fields.find((field) => field.type === 'date')
      return {
        level: layout.level,
        length: layout.length,
        maxLength: layout.maxLength,
        role: spec.tables[layout.tableIndex]!.role,
        dateStart: date === undefined ? null : date.start - layout.partOffset,
      }
    }),
    ori: ori === undefined ? null : { start: ori.start, end: ori.end },
    year: year ?? null,
  }
}
