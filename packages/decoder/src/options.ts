import { OptionError } from './errors.js'

/** Options of `decode`. */
export interface DecodeOptions {
  /** Segments (tables) to decode, by name. Default: all. Others are counted as not selected. */
  readonly segments?: readonly string[]
  /** Rows per batch at most. Default 8192; 1 to 4,194,304. */
  readonly batchRows?: number
  /** Throw a `RecordError` at the first issue. Default false. */
  readonly strict?: boolean
  /** Stop after this many records. Default: no limit. */
  readonly limit?: number
  /**
   * When any segment's batch is full, cut all segments at that record, so that batches of one
   * flush cover the same stretch of the file. Default true. False: each segment is cut when it is
   * full itself, which gives writers larger batches.
   */
  readonly aligned?: boolean
  /** Use the arrays of a batch again once the next one is asked for. Default false. */
  readonly reuseArrays?: boolean
  /** Use generated code. Default true; false decodes with the readable oracle alone. */
  readonly generated?: boolean
  /** Key-value metadata that sinks write into file footers. */
  readonly metadata?: () => Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

/** {@link DecodeOptions} with defaults filled in and checked. */
export interface ResolvedDecodeOptions {
  readonly segments: readonly string[] | null
  readonly batchRows: number
  readonly strict: boolean
  readonly limit: number
  readonly aligned: boolean
  readonly reuseArrays: boolean
  readonly generated: boolean
  readonly metadata: () => Readonly<Record<string, string>>
  readonly signal: AbortSignal | null
}

const KNOWN = new Set([
  'segments',
  'batchRows',
  'strict',
  'limit',
  'aligned',
  'reuseArrays',
  'generated',
  'metadata',
  'signal',
])

function wholeNumber(name: string, value: number, low: number, high: number): number {
  if (!Number.isInteger(value) || value < low || value > high) {
    throw new OptionError(
      'OPTION_INVALID',
      `option "${name}" is ${String(value)}; expected a whole number from ${low} to ${high}`,
      { option: name },
    )
  }
  return value
}

/** Throws an `OptionError` for any key of `options` that is not in `known`. */
export function rejectUnknownOptions(options: object, known: ReadonlySet<string>): void {
  for (const key of Object.keys(options)) {
    if (!known.has(key)) {
      throw new OptionError(
        'OPTION_UNKNOWN',
        `unknown option "${key}"; expected one of ${[...known].join(', ')}`,
        { option: key },
      )
    }
  }
}

/** Checks options and fills in defaults. */
export function resolveDecodeOptions(options: DecodeOptions = {}): ResolvedDecodeOptions {
  rejectUnknownOptions(options, KNOWN)
  return {
    segments: options.segments ?? null,
    batchRows: wholeNumber('batchRows', options.batchRows ?? 8192, 1, 4_194_304),
    strict: options.strict ?? false,
    limit:
      options.limit === undefined
        ? Infinity
        : wholeNumber('limit', options.limit, 0, Number.MAX_SAFE_INTEGER),
    aligned: options.aligned ?? true,
    reuseArrays: options.reuseArrays ?? false,
    generated: options.generated ?? true,
    metadata: options.metadata ?? (() => ({})),
    signal: options.signal ?? null,
  }
}
