import type { IssueCode } from '../issues.js'

/** Faults that can be put into a file; each shows as the issue of the same code. */
export type FaultKind = Extract<
  IssueCode,
  | 'FIELD_NOT_NUMERIC'
  | 'FIELD_OVERFLOW'
  | 'FIELD_DATE'
  | 'FIELD_HOUR'
  | 'FIELD_FLAG'
  | 'FIELD_CODE_UNKNOWN'
  | 'FIELD_NUMBER_OR_CODE'
  | 'FILLER_NOT_BLANK'
  | 'RECORD_UNKNOWN_LEVEL'
  | 'RECORD_TOO_SHORT'
  | 'RECORD_TRAILING_DATA'
  | 'HEADER_REPEATED'
  | 'HEADER_PART_MISSING'
>

/**
 * Every {@link FaultKind}. `FIELD_ENCODING` is not among them: the master files are latin1, which
 * has a character for each byte.
 */
export const FAULT_KINDS: readonly FaultKind[] = [
  'FIELD_NOT_NUMERIC',
  'FIELD_OVERFLOW',
  'FIELD_DATE',
  'FIELD_HOUR',
  'FIELD_FLAG',
  'FIELD_CODE_UNKNOWN',
  'FIELD_NUMBER_OR_CODE',
  'FILLER_NOT_BLANK',
  'RECORD_UNKNOWN_LEVEL',
  'RECORD_TOO_SHORT',
  'RECORD_TRAILING_DATA',
  'HEADER_REPEATED',
  'HEADER_PART_MISSING',
]
