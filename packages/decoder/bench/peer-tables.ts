import type { CompiledSpec, FieldSpec } from '@nibrs/decoder'

/** What a peer must make of a run of bytes; `integer` with a range is null outside it. */
export type PeerKind =
  'text' | 'identifier' | 'code' | 'integer' | 'decimal' | 'date' | 'hour' | 'flag'

/** One column as every peer decodes it. Offsets are 0-based within the line. */
export interface PeerColumn {
  readonly name: string
  readonly kind: PeerKind
  readonly start: number
  readonly width: number
  /** Of a decimal: where the digits after the point stand, and how many there are. */
  readonly fraction: { readonly start: number; readonly width: number } | null
  readonly range: readonly [number, number] | null
  readonly flag: { readonly yes: string; readonly no: string } | null
  /** Columns with the same code list may share a look-up table. */
  readonly codes: string | null
  /** Beyond the nominal length: never there in a file whose lines are all of that length. */
  readonly optional: boolean
}

/** One table: the lines that begin with `level`, all of `length` bytes. */
export interface PeerTable {
  readonly name: string
  readonly level: string
  readonly length: number
  readonly columns: readonly PeerColumn[]
}

/**
 * The tables of a spec in the plain form that peers are generated from, so that ours and theirs
 * decode the same bytes to the same columns.
 *
 * @throws {Error} for a spec whose records are joined from several lines, or have no level at the
 *   start of the line: peers are not taught those
 */
export function peerTables(spec: CompiledSpec): readonly PeerTable[] {
  if (spec.level?.start !== 0) throw new Error(`${spec.id}: records have no level to begin with`)
  return spec.tables.map((table) => {
    const [layout, ...more] = spec.layouts.filter(
      ({ tableIndex, when }) => tableIndex === table.index && when === undefined,
    )
    if (layout === undefined || more.length > 0) {
      throw new Error(`${spec.id}: "${table.name}" is read from several kinds of lines`)
    }
    const columns = layout.fields.flatMap((field) =>
      field.columns.map((index, half): PeerColumn & { readonly index: number } => {
        const mixed = field.type === 'number_or_code'
        return {
          index,
          name: table.columns[index]!.name,
          kind: mixed ? (half === 0 ? 'integer' : 'code') : kindOf(field),
          start: field.start,
          width: field.end - field.start,
          fraction: fractionOf(field),
          range: mixed && half === 1 ? null : (field.range ?? null),
          flag: field.flag ?? null,
          codes: field.codes?.name ?? null,
          optional: field.optional,
        }
      }),
    )
    columns.sort((a, b) => a.index - b.index)
    if (columns.length !== table.columns.length) {
      throw new Error(`${spec.id}: "${table.name}" has columns that its lines lack`)
    }
    return { name: table.name, level: layout.level, length: layout.length, columns }
  })
}

function kindOf({ type }: FieldSpec): PeerKind {
  if (type === 'number_or_code') throw new Error('a mixed field is two columns')
  return type
}

function fractionOf({ fraction }: FieldSpec): PeerColumn['fraction'] {
  return fraction === undefined
    ? null
    : { start: fraction.start, width: fraction.end - fraction.start }
}
