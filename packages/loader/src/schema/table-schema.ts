/**
 * What a column of the warehouse holds, the same on every destination.
 *
 * `timestamp` is UTC without a zone; `json` is JSON as text.
 */
export type ColumnKind =
  | { readonly kind: 'text' }
  | { readonly kind: 'integer'; readonly bits: 32 | 64 }
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number }
  | { readonly kind: 'date' }
  | { readonly kind: 'timestamp' }
  | { readonly kind: 'boolean' }
  | { readonly kind: 'json' }

/** One data column of a staging table. Every data column may be null. */
export interface ColumnSchema {
  /** Snake case, or the API's own key with dots as underscores; at most 55 bytes. */
  readonly name: string
  readonly type: ColumnKind
  /** One phrase. */
  readonly description?: string
  /**
   * Where the value comes from: `nibrs/master@2013 offense.offense_code (34-36), data element 6`,
   * or `crimes-street category`.
   */
  readonly provenance: string
}

/** One staging table, `stg_<name>`. */
export interface TableSchema {
  /** Without the prefix: `nibrs_offense`, `ukpolice_crime`. At most 40 bytes of `a-z 0-9 _`. */
  readonly name: string
  readonly title: string
  /** What one row is, as a sentence: "One row per victim in an incident". */
  readonly grain: string
  /**
   * Data columns in order, those that the row hash covers. The loader adds slice columns, lineage
   * columns and, where unknown keys are kept, `unknown_keys`.
   */
  readonly columns: readonly ColumnSchema[]
  /** Columns whose values are unique within the table; null where the data has no key. */
  readonly key: readonly string[] | null
  /** Whether the table has a column `unknown_keys` (JSON) for keys the schema does not know. */
  readonly keepsUnknownKeys: boolean
}

/** A column that tells slices apart, with its value for all rows of a load. */
export interface SliceColumn {
  readonly name: string
  readonly type: 'text' | 'integer'
  /** Null stands for "all": a whole year rather than one state of it. Only the last may be null. */
  readonly value: string | number | null
}

/** One unit of publication: what a `replace-slice` load takes the place of. */
export type Slice = readonly SliceColumn[]

/** The slice as text: `data_year=2022 state=VT`; a null value is `*`. */
export function sliceKey(slice: Slice): string {
  return slice.map(({ name, value }) => `${name}=${value ?? '*'}`).join(' ')
}

/** True when `outer` holds all that `inner` holds, or the same. */
export function covers(outer: Slice, inner: Slice): boolean {
  return outer.every(({ value }, index) => value === null || value === inner[index]?.value)
}
