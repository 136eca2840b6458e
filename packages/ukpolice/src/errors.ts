/** Every stable error code of this package. Adding one is a minor change, changing one is major. */
export type UkPoliceErrorCode =
  | 'OPTION_UNKNOWN_KEY'
  | 'OPTION_INVALID'
  | 'OPTION_BAD_MONTH'
  | 'OPTION_MONTH_UNPUBLISHED'
  | 'OPTION_UNKNOWN_FORCE'
  | 'OPTION_UNKNOWN_CATEGORY'
  | 'OPTION_BAD_AREA'
  | 'OPTION_BAD_POLYGON'
  | 'OPTION_BAD_ID'
  | 'OPTION_BAD_PATH'
  | 'API_NOT_FOUND'
  | 'API_UNKNOWN_FORCE'
  | 'API_UNKNOWN_NEIGHBOURHOOD'
  | 'API_UNKNOWN_LOCATION'
  | 'API_UNKNOWN_CRIME'
  | 'API_MONTH_OUTSIDE_WINDOW'
  | 'API_BAD_POLYGON'
  | 'API_OUTSIDE_COVERAGE'
  | 'API_BAD_REQUEST'
  | 'API_RATE_LIMITED'
  | 'API_TOO_MANY_RESULTS'
  | 'API_OUTAGE'
  | 'API_UNEXPECTED_STATUS'
  | 'CONNECTION_FAILED'
  | 'TIMED_OUT'
  | 'SHAPE_NOT_JSON'
  | 'SHAPE_MISMATCH'
  | 'SHAPE_UNKNOWN_WORD'
  | 'ARCHIVE_NOT_READABLE'
  | 'ARCHIVE_NOT_A_ZIP'
  | 'ARCHIVE_DAMAGED'
  | 'ARCHIVE_HEADER'
  | 'ARCHIVE_ROW'

/** Typed facts beside the message; which keys are present depends on the error code. */
export type ErrorContext = Readonly<Record<string, unknown>>

/** Construction options shared by every error of this package. */
export interface UkPoliceErrorOptions {
  /** True when the same call may succeed later without any change. Default false. */
  readonly retryable?: boolean | undefined
  /** Facts about the failure, such as `route`, `month`, `force` or `status`. */
  readonly context?: ErrorContext | undefined
  /** The error that led to this one. */
  readonly cause?: unknown
}

/** Base of every error this package throws, except a caller's own abort, which passes unchanged. */
export class UkPoliceError extends Error {
  override readonly name: string = 'UkPoliceError'
  /** Stable identifier of the kind of failure. */
  readonly code: UkPoliceErrorCode
  /** True when the same call may succeed later without any change. */
  readonly retryable: boolean
  /** Facts about the failure, such as `route`, `month`, `force` or `status`. */
  readonly context: ErrorContext

  constructor(code: UkPoliceErrorCode, message: string, options: UkPoliceErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.retryable = options.retryable ?? false
    this.context = options.context ?? {}
  }
}

/** True for any error made by this package, also one from another copy of it. */
export function isUkPoliceError(error: unknown): error is UkPoliceError {
  return (
    error instanceof UkPoliceError ||
    (error instanceof Error && 'code' in error && 'retryable' in error && 'context' in error)
  )
}

/** An option or input was refused before anything was sent. */
export class OptionError extends UkPoliceError {
  override readonly name = 'OptionError'
}

/** True for an {@link OptionError}. */
export function isOptionError(error: unknown): error is OptionError {
  return error instanceof OptionError
}

/** The service answered, and the answer was a refusal; `status` is its HTTP status. */
export class ApiError extends UkPoliceError {
  override readonly name: string = 'ApiError'
  /** HTTP status of the last answer. */
  readonly status: number

  constructor(
    code: UkPoliceErrorCode,
    message: string,
    options: UkPoliceErrorOptions & { readonly status: number },
  ) {
    super(code, message, { ...options, context: { ...options.context, status: options.status } })
    this.status = options.status
  }
}

/** True for an {@link ApiError} of any kind. */
export function isApiError(error: unknown): error is ApiError {
  return error instanceof ApiError
}

/** The service does not know what was asked for; `code` says what exactly. */
export class NotFoundError extends ApiError {
  override readonly name = 'NotFoundError'
}

/** True for a {@link NotFoundError}. */
export function isNotFoundError(error: unknown): error is NotFoundError {
  return error instanceof NotFoundError
}

/** The service kept answering 429 until the retries were used up. */
export class RateLimitError extends ApiError {
  override readonly name = 'RateLimitError'
}

/** True for a {@link RateLimitError}. */
export function isRateLimitError(error: unknown): error is RateLimitError {
  return error instanceof RateLimitError
}

/** A rectangle in decimal degrees, WGS84. */
export interface CellBounds {
  readonly south: number
  readonly west: number
  readonly north: number
  readonly east: number
}

/**
 * The area holds more records than the service gives (10,000) while the service itself is up.
 *
 * Split the area, or use the tiled methods, which do. From a tiled method it means that a cell of
 * the smallest size was still refused, and `cell` is its rectangle.
 */
export class TooManyResultsError extends ApiError {
  override readonly name = 'TooManyResultsError'
  /** The refused cell, when the error comes from a tiled method. */
  readonly cell: CellBounds | undefined

  constructor(
    message: string,
    options: UkPoliceErrorOptions & { readonly status: number; readonly cell?: CellBounds },
  ) {
    super('API_TOO_MANY_RESULTS', message, {
      ...options,
      context: { ...options.context, ...(options.cell ? { cell: options.cell } : {}) },
    })
    this.cell = options.cell
  }
}

/** True for a {@link TooManyResultsError}. */
export function isTooManyResultsError(error: unknown): error is TooManyResultsError {
  return error instanceof TooManyResultsError
}

/** The service failed (5xx) until the retries were used up, and a probe did not clear it. */
export class ServerError extends ApiError {
  override readonly name = 'ServerError'
}

/** True for a {@link ServerError}. */
export function isServerError(error: unknown): error is ServerError {
  return error instanceof ServerError
}

/** No complete answer arrived: name not resolved, connection refused, reset or cut. */
export class ConnectionError extends UkPoliceError {
  override readonly name = 'ConnectionError'
}

/** True for a {@link ConnectionError}. */
export function isConnectionError(error: unknown): error is ConnectionError {
  return error instanceof ConnectionError
}

/** No complete answer arrived within `timeoutMs`, in any attempt. */
export class TimeoutError extends UkPoliceError {
  override readonly name = 'TimeoutError'
}

/** True for a {@link TimeoutError} of this package. */
export function isTimeoutError(error: unknown): error is TimeoutError {
  return error instanceof TimeoutError
}

/** The answer is not JSON, or not of the documented shape. */
export class ShapeError extends UkPoliceError {
  override readonly name = 'ShapeError'
}

/** True for a {@link ShapeError}. */
export function isShapeError(error: unknown): error is ShapeError {
  return error instanceof ShapeError
}

/** A bulk archive cannot be read: missing, not a zip, damaged, or not in the documented layout. */
export class ArchiveError extends UkPoliceError {
  override readonly name = 'ArchiveError'
}

/** True for an {@link ArchiveError}. */
export function isArchiveError(error: unknown): error is ArchiveError {
  return error instanceof ArchiveError
}
