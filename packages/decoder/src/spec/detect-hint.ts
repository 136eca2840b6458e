import type { CompiledSpec } from './types.js'

/** What tells an edition from the others at a glance, without decoding a record. */
export interface DetectHint {
  readonly id: string
  readonly dataYears: readonly [number, number | null] | null
  /** 0-based half-open bytes of the segment level; null when the file has one record type. */
  readonly level: { readonly start: number; readonly end: number } | null
  /** Every level with its nominal and its longest length. Overlays are left out. */
  readonly levels: ReadonlyMap<string, { readonly length: number; readonly maxLength: number }>
  /** Where a physical line says its data year: level and 0-based half-open bytes. */
  readonly year: { readonly level: string; readonly start: number; readonly end: number } | null
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
  return {
    id: spec.id,
    dataYears: spec.dataYears,
    level: spec.level,
    levels: new Map(
      base.map(({ level, length, maxLength }) => [level, { length, maxLength }] as const),
    ),
    year: year ?? null,
  }
}
