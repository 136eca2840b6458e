/** What a field holds. `number_or_code` (age) yields two columns, every other type one. */
export type FieldType =
  | 'text'
  | 'identifier'
  | 'integer'
  | 'decimal'
  | 'date'
  | 'hour'
  | 'code'
  | 'flag'
  | 'number_or_code'

/** What a column holds: the field types without the mixed one. */
export type ColumnType = Exclude<FieldType, 'number_or_code'>

/** Single-byte encodings a spec may name. */
export type Encoding = 'ascii' | 'latin1' | 'windows-1252'

/** One code with its label and the data years it is valid in, where known. */
export interface CodeEntry {
  readonly label: string
  /** First data year of the code; absent when always valid or not known. */
  readonly from?: number
  /** Last data year of the code, inclusive. */
  readonly to?: number
  readonly note?: string
  /** Further facts about the code, such as an offense's `group` and `crime_against`. */
  readonly attributes?: Readonly<Record<string, string>>
}

/** A code list: codes are trimmed of trailing blanks. */
export interface CodeTable {
  readonly name: string
  readonly title: string
  readonly source?: string
  readonly note?: string
  readonly codes: ReadonlyMap<string, CodeEntry>
}

/** Where a spec or a segment was taken from. */
export interface Provenance {
  readonly title?: string
  readonly date?: string
  readonly url?: string
  readonly note?: string
  readonly confidence?: string
}

/** One column of an output table. */
export interface ColumnSpec {
  readonly name: string
  readonly type: ColumnType
  /** Characters of the widest value as printed in the file (fraction included). */
  readonly width: number
  /** Digits after the point of a decimal; 0 otherwise. */
  readonly scale: number
  readonly codes?: CodeTable
  /** FBI data element number, where the documents give one. */
  readonly element?: string
  readonly description?: string
  /** For the code half of a `number_or_code` field: digits may stand in it too. */
  readonly mixed?: 'number' | 'code'
}

/** A run of bytes to decode. Offsets are 0-based and half-open, in the joined record. */
export interface FieldSpec {
  readonly name: string
  readonly type: FieldType
  readonly start: number
  readonly end: number
  /** Position as printed, for messages and docs: "34-36" of the level it stands in. */
  readonly printed: string
  /** Digits after the point of a decimal, in bytes of their own. */
  readonly fraction?: { readonly start: number; readonly end: number }
  /** The code list; of an hour or flag it only labels the documentation. */
  readonly codes?: CodeTable
  /** Inclusive range of the number half of `number_or_code`, and of integers where declared. */
  readonly range?: readonly [number, number]
  /** `flag`: the characters that mean true and false. */
  readonly flag?: { readonly yes: string; readonly no: string }
  /** Beyond the nominal record length: read when the line is that long. */
  readonly optional: boolean
  /** Indexes into the table's columns: one, or [number, code]. */
  readonly columns: readonly number[]
}

/** One physical record type, in one variant. */
export interface LayoutSpec {
  /** Characters of the segment level; '' when the file has one record type and no level. */
  readonly level: string
  readonly tableIndex: number
  /** 0-based part of a record that is spread over several lines, and how many there are. */
  readonly part: number
  readonly partCount: number
  /** Offset of this part's first byte in the joined record (0 for single-line records). */
  readonly partOffset: number
  /** Nominal length in bytes, without the line end. */
  readonly length: number
  /** Length with all optional tails. */
  readonly maxLength: number
  /** Bytes a line must have to be placed: through its last key field. Shorter lines are withheld. */
  readonly keyLength: number
  /** Bytes of each key field in the physical line: 0-based, half-open, in the spec's order. */
  readonly keyFields: readonly {
    readonly name: string
    readonly start: number
    readonly end: number
  }[]
  readonly fields: readonly FieldSpec[]
  /** Ranges, in the joined record, that must be blank. */
  readonly fillers: readonly {
    readonly name: string
    readonly start: number
    readonly end: number
  }[]
  /** Overlay condition: absent for the base layout. */
  readonly when?: {
    /** Inclusive data years, read from the header's year field. */
    readonly dataYears: readonly [number, number]
    /** 0-based half-open range of the deciding field and the values that select this layout. */
    readonly start: number
    readonly end: number
    readonly values: readonly string[]
  }
}

/** What a table's records are to an incident. */
export type SegmentRole = 'header' | 'incident' | 'child' | 'window' | 'group_b' | 'record'

/** One output table. Column order and names are the same in every edition of a spec family. */
export interface TableSpec {
  readonly name: string
  readonly index: number
  readonly title: string
  readonly role: SegmentRole
  /** Field columns, then `record_number` and `record_length` are added by the decoder. */
  readonly columns: readonly ColumnSpec[]
  /** Levels that feed this table, in part order. */
  readonly levels: readonly string[]
  readonly source?: Provenance
}

/** A spec, checked and ready to decode with. Made by `compileSpec`. */
export interface CompiledSpec {
  /** `nibrs/master@2013` */
  readonly id: string
  readonly family: string
  readonly version: string
  readonly revision: number
  readonly title: string
  readonly dataYears: readonly [number, number | null] | null
  readonly encoding: Encoding
  readonly source?: Provenance
  /** 0-based half-open byte range of the segment level; null when there is none. */
  readonly level: { readonly start: number; readonly end: number } | null
  readonly tables: readonly TableSpec[]
  readonly layouts: readonly LayoutSpec[]
  /** Where the data year stands: a column of a header table; null when the spec has none. */
  readonly yearField: { readonly table: string; readonly column: string } | null
  /** Columns that form the incident key, in order (ORI, incident number); null when none. */
  readonly incidentKey: readonly string[] | null
}
