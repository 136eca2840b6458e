import type { CodeTable, Encoding, FieldType, Provenance, SegmentRole } from './types.js'
import type { Where } from './yaml-source.js'

/** Bytes as printed: 1-based, both ends included. */
export interface PrintedRange {
  readonly start: number
  readonly end: number
}

/** A value of a spec with its place, for errors that only show when parts are put together. */
export interface Placed<T> {
  readonly value: T
  readonly where: Where
}

/** A field as written: one entry of `fields`, repeats not yet unrolled. */
export interface FieldNode {
  readonly kind: 'field'
  readonly name: string
  readonly where: Where
  readonly position: PrintedRange
  readonly type: FieldType | 'filler'
  readonly repeat?: number
  readonly optional: boolean
  /** First repetition that is optional; those before it must be there. */
  readonly optionalFrom?: number
  readonly codes?: Placed<string>
  readonly element?: string
  readonly description?: string
  readonly fraction?: PrintedRange
  readonly scale?: number
  readonly range?: readonly [number, number]
  readonly flag?: { readonly yes: string; readonly no: string }
  /** Filler that may hold anything. */
  readonly ignore: boolean
}

/** Fields that repeat together, with the positions of the first repetition. */
export interface GroupNode {
  readonly kind: 'group'
  readonly name: string
  readonly where: Where
  readonly repeat: number
  /** One name per repetition, put before the field names; without them `_1`, `_2`, … go behind. */
  readonly prefixes?: readonly string[]
  readonly fields: readonly FieldNode[]
}

/** One physical record of a segment. */
export interface PartNode {
  readonly where: Where
  readonly level?: Placed<string>
  readonly length: number
  readonly fields: readonly (FieldNode | GroupNode)[]
}

/** A segment as written. */
export interface SegmentNode {
  readonly name: string
  readonly where: Where
  readonly title?: string
  readonly role?: SegmentRole
  readonly key: readonly Placed<string>[]
  readonly source?: Provenance
  readonly parts: readonly PartNode[]
}

/** A spec file, checked for form, not yet put together with what it refers to. */
export interface SpecDocument {
  readonly file: string
  readonly where: Where
  /** `nibrs/master@2013` */
  readonly id: string
  readonly family: string
  readonly version: string
  readonly revision: number
  readonly title: string
  readonly dataYears: readonly [number, number | null] | null
  readonly encoding: Encoding
  readonly source?: Provenance
  readonly level?: {
    readonly position: PrintedRange
    readonly codes?: Placed<string>
    where: Where
  }
  readonly yearField?: Placed<string>
  readonly incidentKey?: Placed<readonly string[]>
  readonly codeFolder?: string
  readonly codeTables: ReadonlyMap<string, CodeTable>
  readonly shape?: Placed<string>
  readonly overlays: readonly Placed<string>[]
  readonly extends?: Placed<string>
  readonly appliesTo?: {
    readonly where: Where
    readonly field: string
    readonly values: readonly string[]
    readonly dataYears: readonly [number, number | null]
  }
  readonly segments: readonly SegmentNode[]
}

/** A spec file and the code tables its fields name. */
export interface SpecSource {
  readonly document: SpecDocument
  readonly codeTables: ReadonlyMap<string, CodeTable>
}
