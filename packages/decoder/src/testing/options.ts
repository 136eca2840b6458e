import { OptionError } from '../errors.js'
import { rejectUnknownOptions } from '../options.js'
import { FAULT_KINDS, type FaultKind } from './fault-kinds.js'

/** Options of the generator. The same options give the same bytes. */
export interface GenerateOptions {
  /** Data year, 1991 to 2025: picks the edition, the codes in force and the padding. */
  readonly year: number
  /** Records (lines) to write, header lines included. Default 10,000. */
  readonly records?: number
  /** Seed of the random numbers: any whole number. Default 1. */
  readonly seed?: number
  /** Default `lf`; `mixed` draws one per line. */
  readonly lineEnd?: 'lf' | 'crlf' | 'mixed'
  /** Whether the last line has its end. Default true. */
  readonly finalNewline?: boolean
  /** Puts the end mark 0x1A of old systems at the end. Default false. */
  readonly endMark?: boolean
  /** Cut trailing blanks off no line (default), about half of them, or all. */
  readonly trim?: 'none' | 'some' | 'all'
  /** Pads shorter lines with blanks to this length, as tapes did to 132. Default: none. */
  readonly padTo?: number
  /** Half of the lines with optional fields at their end have them. Default false. */
  readonly tails?: boolean
  /** Share of records that a blank line follows, 0 to 1. Default 0. */
  readonly blankLines?: number
  /**
   * Share of headers that are repeated, as the files of 1991 to 2012 do now and then; each raises
   * a `HEADER_REPEATED`. Default 0.02 through 2012, 0 from 2013.
   */
  readonly repeatedHeaders?: number
  /** Faults to put in; every one is an expected issue. Default: none. */
  readonly faults?: FaultOptions
  /** Bytes of a chunk, about. Default 1 MiB. */
  readonly chunkBytes?: number
}

/** Which faults, and how many. */
export interface FaultOptions {
  /** Share of records with a fault, 0 to 1. */
  readonly rate: number
  /** Default: all. Kinds that a year's layouts cannot have are left out. */
  readonly kinds?: readonly FaultKind[]
}

/** {@link GenerateOptions} with defaults filled in and checked. */
export interface ResolvedGenerateOptions {
  readonly year: number
  readonly records: number
  readonly seed: number
  readonly lineEnd: 'lf' | 'crlf' | 'mixed'
  readonly finalNewline: boolean
  readonly endMark: boolean
  readonly trim: 'none' | 'some' | 'all'
  readonly padTo: number
  readonly tails: boolean
  readonly blankLines: number
  readonly repeatedHeaders: number
  readonly faults: { readonly rate: number; readonly kinds: readonly FaultKind[] } | null
  readonly chunkBytes: number
}

/** Names of all generator options. */
export const GENERATE_OPTIONS: ReadonlySet<string> = new Set([
  'year',
  'records',
  'seed',
  'lineEnd',
  'finalNewline',
  'endMark',
  'trim',
  'padTo',
  'tails',
  'blankLines',
  'repeatedHeaders',
  'faults',
  'chunkBytes',
])

/** Last data year with batch headers in three parts. */
const LAST_THREE_PART_YEAR = 2012

/**
 * Checks options and fills in defaults.
 *
 * @throws {OptionError} for an unknown option or an impossible value
 */
export function resolveGenerateOptions(options: GenerateOptions): ResolvedGenerateOptions {
  rejectUnknownOptions(options, GENERATE_OPTIONS)
  const { faults } = options
  if (faults !== undefined) rejectUnknownOptions(faults, new Set(['rate', 'kinds']))
  for (const kind of faults?.kinds ?? []) {
    if (!FAULT_KINDS.includes(kind)) {
      throw invalid('faults.kinds', kind, `one of ${FAULT_KINDS.join(', ')}`)
    }
  }
  const year = whole('year', options.year, 1991, 2025)
  return {
    year,
    records: whole('records', options.records ?? 10_000, 1, 1e10),
    seed: whole('seed', options.seed ?? 1, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
    lineEnd: oneOf('lineEnd', options.lineEnd ?? 'lf', ['lf', 'crlf', 'mixed']),
    finalNewline: options.finalNewline ?? true,
    endMark: options.endMark ?? false,
    trim: oneOf('trim', options.trim ?? 'none', ['none', 'some', 'all']),
    padTo: whole('padTo', options.padTo ?? 0, 0, 1000),
    tails: options.tails ?? false,
    blankLines: share('blankLines', options.blankLines ?? 0),
    repeatedHeaders: share(
      'repeatedHeaders',
      options.repeatedHeaders ?? (year <= LAST_THREE_PART_YEAR ? 0.02 : 0),
    ),
    faults:
      faults === undefined
        ? null
        : { rate: share('faults.rate', faults.rate), kinds: faults.kinds ?? FAULT_KINDS },
    chunkBytes: whole('chunkBytes', options.chunkBytes ?? 1 << 20, 1, 1 << 26),
  }
}

function invalid(option: string, value: unknown, expected: string): OptionError {
  return new OptionError(
    'OPTION_INVALID',
    `option "${option}" is ${String(value)}; expected ${expected}`,
    { option },
  )
}

function whole(option: string, value: number, low: number, high: number): number {
  if (Number.isInteger(value) && value >= low && value <= high) return value
  throw invalid(option, value, `a whole number from ${low} to ${high}`)
}

function share(option: string, value: number): number {
  if (value >= 0 && value <= 1) return value
  throw invalid(option, value, 'a share from 0 to 1')
}

function oneOf<T extends string>(option: string, value: T, known: readonly T[]): T {
  if (known.includes(value)) return value
  throw invalid(option, value, `one of ${known.join(', ')}`)
}
