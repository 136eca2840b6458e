/** Stable codes of {@link SpecError}. */
export type SpecErrorCode =
  | 'SPEC_SYNTAX'
  | 'SPEC_SCHEMA'
  | 'SPEC_OVERLAP'
  | 'SPEC_GAP'
  | 'SPEC_PAST_LENGTH'
  | 'SPEC_DUPLICATE_FIELD'
  | 'SPEC_DUPLICATE_LEVEL'
  | 'SPEC_UNKNOWN_CODE_TABLE'
  | 'SPEC_BAD_POSITION'
  | 'SPEC_BAD_WIDTH'
  | 'SPEC_BAD_ENCODING'
  | 'SPEC_BAD_KEY'
  | 'SPEC_SHAPE'
  | 'SPEC_OVERLAY'
  | 'SPEC_NOT_FOUND'
  | 'SPEC_NOT_DETECTED'

/** Stable codes of {@link InputError}. */
export type InputErrorCode =
  | 'INPUT_NOT_FOUND'
  | 'INPUT_NOT_READABLE'
  | 'INPUT_EMPTY'
  | 'INPUT_TRUNCATED'
  | 'INPUT_CORRUPT'
  | 'INPUT_CRC'
  | 'INPUT_BOMB'
  | 'INPUT_NO_ENTRY'
  | 'INPUT_ENCRYPTED'
  | 'INPUT_UNSUPPORTED'
  | 'INPUT_RECORD_TOO_LONG'

/** Stable codes of {@link OptionError}. */
export type OptionErrorCode =
  | 'OPTION_UNKNOWN'
  | 'OPTION_INVALID'
  | 'OPTION_CONFLICT'
  | 'OPTION_SEGMENT_UNKNOWN'
  | 'OUTPUT_EXISTS'
  | 'OUTPUT_NOT_WRITABLE'

/** Context of an error: where it happened, as typed fields beside the sentence. */
export interface ErrorContext {
  /** Path or name of the file the error is about. */
  readonly file?: string
  /** 1-based line in a spec or text file. */
  readonly line?: number
  /** 1-based column in a spec file. */
  readonly column?: number
  /** 0-based byte offset in the input. */
  readonly byteOffset?: number
  /** 1-based record number in the input. */
  readonly recordNumber?: number
  readonly spec?: string
  readonly segment?: string
  readonly field?: string
  readonly fields?: readonly string[]
  readonly option?: string
  readonly cause?: unknown
}

/**
 * Base of everything this package throws on purpose.
 *
 * `code` is stable API; `message` is one sentence: what, where, what was expected, what to do.
 * A caller's abort reason passes through unchanged and is not a `DecoderError`.
 */
export class DecoderError extends Error {
  readonly code: string
  readonly file?: string
  readonly line?: number
  readonly column?: number
  readonly byteOffset?: number
  readonly recordNumber?: number
  readonly spec?: string
  readonly segment?: string
  readonly field?: string
  readonly fields?: readonly string[]
  readonly option?: string

  constructor(code: string, message: string, context: ErrorContext = {}) {
    const { cause, ...rest } = context
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'DecoderError'
    this.code = code
    Object.assign(this, rest)
  }
}

/** A spec is wrong: the message names file, line, field and the mend. */
export class SpecError extends DecoderError {
  declare readonly code: SpecErrorCode
  constructor(code: SpecErrorCode, message: string, context?: ErrorContext) {
    super(code, message, context)
    this.name = 'SpecError'
  }
}

/** An input cannot be read: missing, truncated, corrupt, encrypted or too large. */
export class InputError extends DecoderError {
  declare readonly code: InputErrorCode
  constructor(code: InputErrorCode, message: string, context?: ErrorContext) {
    super(code, message, context)
    this.name = 'InputError'
  }
}

/** An option or argument is wrong, or an output may not be written. */
export class OptionError extends DecoderError {
  declare readonly code: OptionErrorCode
  constructor(code: OptionErrorCode, message: string, context?: ErrorContext) {
    super(code, message, context)
    this.name = 'OptionError'
  }
}

/** The first fault in the data, thrown only under `strict`; `code` is the code. */
export class RecordError extends DecoderError {
  constructor(code: string, message: string, context?: ErrorContext) {
    super(code, message, context)
    this.name = 'RecordError'
  }
}

/** True for every error of this package, also across copies of the package. */
export function isDecoderError(value: unknown): value is DecoderError {
  return (
    value instanceof Error &&
    typeof (value as { code?: unknown }).code === 'string' &&
    ['DecoderError', 'SpecError', 'InputError', 'OptionError', 'RecordError'].includes(value.name)
  )
}
