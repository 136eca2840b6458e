/** Stable codes of {@link OptionError}. */
export type OptionErrorCode = 'OPTION_UNKNOWN' | 'OPTION_INVALID' | 'OPTION_CONFLICT'

/** Stable codes of {@link SourceError}. */
export type SourceErrorCode =
  | 'SOURCE_CHANGED'
  | 'SOURCE_NOT_A_FILE'
  | 'SOURCE_NO_SLICE'
  | 'SOURCE_SLICE_TWICE'
  | 'SOURCE_ISSUES'
  | 'SOURCE_COUNTS'

/** Stable codes of {@link DestinationError}. */
export type DestinationErrorCode =
  | 'DESTINATION_DRIVER'
  | 'DESTINATION_CONNECT'
  | 'DESTINATION_AUTH'
  | 'DESTINATION_LOCKED'
  | 'DESTINATION_FAILED'
  | 'DESTINATION_ROW'
  | 'DESTINATION_COUNTS'
  | 'LOAD_NOT_FOUND'
  | 'REMOVE_CONFLICT'
  | 'SLICE_COVERED'

/** Stable codes of {@link SchemaDriftError}. */
export type SchemaDriftErrorCode = 'DRIFT_DESTRUCTIVE' | 'DRIFT_UNKNOWN_KEYS'

/** Context of an error: where it happened, as typed fields beside the sentence. */
export interface ErrorContext {
  /** True when the same call may succeed later without any change. Default false. */
  readonly retryable?: boolean
  readonly option?: string
  /** Table of the destination, without schema. */
  readonly table?: string
  readonly column?: string
  /** Load the error is about. */
  readonly loadId?: number
  /** Slice the error is about, such as `data_year=2022`. */
  readonly slice?: string
  /** File or other source the error is about; never a credential. */
  readonly source?: string
  /** The database's own code, such as an SQLSTATE. */
  readonly databaseCode?: string
  /** Statements that a person would have to agree to. */
  readonly ddl?: readonly string[]
  /** Who holds a lock, in words. */
  readonly holder?: string
  /** Milliseconds the service asked to wait before another try. */
  readonly retryAfterMs?: number
  readonly cause?: unknown
}

/**
 * Base of everything this package throws on purpose.
 *
 * `code` is stable API; `message` is one sentence: what, where, what was expected, what to do.
 * A caller's abort reason passes through unchanged, and so do errors of a source's own package.
 */
export class LoaderError extends Error {
  readonly code: string
  /** True when the same call may succeed later without any change. */
  readonly retryable: boolean
  readonly option?: string
  readonly table?: string
  readonly column?: string
  readonly loadId?: number
  readonly slice?: string
  readonly source?: string
  readonly databaseCode?: string
  readonly ddl?: readonly string[]
  readonly holder?: string
  readonly retryAfterMs?: number

  constructor(code: string, message: string, context: ErrorContext = {}) {
    const { cause, retryable = false, ...rest } = context
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'LoaderError'
    this.code = code
    this.retryable = retryable
    Object.assign(this, rest)
  }
}

/** An option or argument is wrong. */
export class OptionError extends LoaderError {
  declare readonly code: OptionErrorCode
  constructor(code: OptionErrorCode, message: string, context?: ErrorContext) {
    super(code, message, context)
    this.name = 'OptionError'
  }
}

/** A source cannot be loaded: not readable, too many faults, or counts that do not balance. */
export class SourceError extends LoaderError {
  declare readonly code: SourceErrorCode
  constructor(code: SourceErrorCode, message: string, context?: ErrorContext) {
    super(code, message, context)
    this.name = 'SourceError'
  }
}

/** A destination refused: not reachable, locked by another, or rows it did not take. */
export class DestinationError extends LoaderError {
  declare readonly code: DestinationErrorCode
  constructor(code: DestinationErrorCode, message: string, context?: ErrorContext) {
    super(code, message, context)
    this.name = 'DestinationError'
  }
}

/** The tables there are and the tables wanted differ in a way that would lose something. */
export class SchemaDriftError extends LoaderError {
  declare readonly code: SchemaDriftErrorCode
  constructor(code: SchemaDriftErrorCode, message: string, context?: ErrorContext) {
    super(code, message, context)
    this.name = 'SchemaDriftError'
  }
}

const NAMES = ['LoaderError', 'OptionError', 'SourceError', 'DestinationError', 'SchemaDriftError']

/** True for every error of this package, also across copies of the package. */
export function isLoaderError(value: unknown): value is LoaderError {
  return (
    value instanceof Error &&
    typeof (value as { code?: unknown }).code === 'string' &&
    typeof (value as { retryable?: unknown }).retryable === 'boolean' &&
    NAMES.includes(value.name)
  )
}
