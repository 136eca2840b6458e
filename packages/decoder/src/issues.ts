/**
 * Kinds of fault in data. Adding one is a minor change, renaming one a major change.
 *
 * `FIELD_*`: the value became null (except `FIELD_CODE_UNKNOWN`, which keeps the code as sent).
 * `RECORD_UNKNOWN_LEVEL` and `RECORD_TOO_SHORT`: the record was withheld.
 * Others: the record was decoded, and something about it deserves a look.
 */
export type IssueCode =
  | 'FIELD_NOT_NUMERIC'
  | 'FIELD_OVERFLOW'
  | 'FIELD_DATE'
  | 'FIELD_HOUR'
  | 'FIELD_FLAG'
  | 'FIELD_CODE_UNKNOWN'
  | 'FIELD_NUMBER_OR_CODE'
  | 'FIELD_ENCODING'
  | 'FILLER_NOT_BLANK'
  | 'RECORD_UNKNOWN_LEVEL'
  | 'RECORD_TOO_SHORT'
  | 'RECORD_TRAILING_DATA'
  | 'HEADER_REPEATED'
  | 'HEADER_PART_MISSING'
  | 'INCIDENT_KEY_REPEATED'
  | 'INCIDENT_PART_ORPHAN'

/** One fault in the data, with its position. */
export interface Issue {
  readonly code: IssueCode
  /** Segment (table) name; null when the segment level itself is unknown. */
  readonly segment: string | null
  /** Field name; null when the fault is the record's. */
  readonly field: string | null
  /** 1-based line in the (unzipped) source; blank lines count. */
  readonly recordNumber: number
  /** 0-based offset, in the (unzipped) source, of the field's or record's first byte. */
  readonly byteOffset: number
  /** The bytes as text, as found; at most 512 characters. */
  readonly raw: string
}
