import type { Destination } from './destinations/contract.js'
import { OptionError } from './errors.js'
import type { LoadEvent } from './progress.js'
import type { ContractMode, Source } from './source.js'

/**
 * What happens to rows already there. `replace-slice`: the load takes the place of its slice.
 * `replace`: of every earlier load of its source kind. `append`: nothing is replaced. `merge`: rows
 * with the same key are replaced, in tables that declare one; rows whose key is null are added.
 */
export type Disposition = 'replace-slice' | 'replace' | 'append' | 'merge'

/** How many faults a load may have: a count, or a share of its records (`{ share: 0.005 }`). */
export type MaxIssues = number | { readonly share: number }

/** Options of `load`. */
export interface LoadOptions {
  readonly source: Source
  readonly destination: Destination
  /** Default `replace-slice`. */
  readonly disposition?: Disposition
  /** Load although the same content is already in; the earlier load is then superseded. */
  readonly force?: boolean
  /** Default: the source's own. */
  readonly contract?: ContractMode
  /** More faults than this fail the load before anything is committed. Default: no limit. */
  readonly maxIssues?: MaxIssues
  /** Carry out schema changes that lose something. Default false: they are refused and printed. */
  readonly allowDestructive?: boolean
  /** Work out what would happen and write nothing. Default false. */
  readonly dryRun?: boolean
  /** Milliseconds to wait for another loader of the same slice. Default 0: fail and name it. */
  readonly lockWaitMs?: number
  /** Further tries after an error that may pass (connection lost, deadlock). Default 3; 0 to 20. */
  readonly retries?: number
  /** Folder for one JSON manifest per load, `load-<id>.json`; created if missing. Default: none. */
  readonly manifestDirectory?: string
  /** Told about each step and, about four times a second, how far the reading is. */
  readonly onProgress?: (event: LoadEvent) => void
  readonly signal?: AbortSignal
}

/** {@link LoadOptions} with defaults filled in and checked. */
export interface ResolvedLoadOptions {
  readonly source: Source
  readonly destination: Destination
  readonly disposition: Disposition
  readonly force: boolean
  readonly contract: ContractMode | null
  readonly maxIssues: MaxIssues | null
  readonly allowDestructive: boolean
  readonly dryRun: boolean
  readonly lockWaitMs: number
  readonly retries: number
  readonly manifestDirectory: string | null
  readonly onProgress: (event: LoadEvent) => void
  readonly signal: AbortSignal | undefined
}

const LOAD_OPTIONS = [
  'source',
  'destination',
  'disposition',
  'force',
  'contract',
  'maxIssues',
  'allowDestructive',
  'dryRun',
  'lockWaitMs',
  'retries',
  'manifestDirectory',
  'onProgress',
  'signal',
]

/** @throws {OptionError} OPTION_UNKNOWN, OPTION_INVALID */
export function resolveLoadOptions(options: LoadOptions): ResolvedLoadOptions {
  rejectUnknownOptions('load', options, LOAD_OPTIONS)
  const { source, destination } = options
  if (typeof source?.slices !== 'function') {
    throw invalid('source', source, 'a source, such as nibrsFile(path)')
  }
  if (typeof destination?.connect !== 'function') {
    throw invalid('destination', destination, 'a destination, such as duckdb({ path })')
  }
  return {
    source,
    destination,
    disposition: oneOf('disposition', options.disposition ?? 'replace-slice', DISPOSITIONS),
    force: options.force ?? false,
    contract:
      options.contract === undefined ? null : oneOf('contract', options.contract, CONTRACT_MODES),
    maxIssues: resolveMaxIssues(options.maxIssues),
    allowDestructive: options.allowDestructive ?? false,
    dryRun: options.dryRun ?? false,
    lockWaitMs: numberWithin('lockWaitMs', options.lockWaitMs ?? 0, 0, 86_400_000),
    retries: numberWithin('retries', options.retries ?? 3, 0, 20),
    manifestDirectory: options.manifestDirectory ?? null,
    onProgress: options.onProgress ?? (() => undefined),
    signal: options.signal,
  }
}

/** Names of {@link Disposition}. */
export const DISPOSITIONS: readonly Disposition[] = ['replace-slice', 'replace', 'append', 'merge']

/** Names of {@link ContractMode}. */
export const CONTRACT_MODES: readonly ContractMode[] = ['freeze', 'evolve', 'quarantine']

/**
 * Reads `12` or `0.5%`.
 *
 * @throws {OptionError} OPTION_INVALID
 */
export function parseMaxIssues(text: string): MaxIssues {
  const match = /^(\d+(?:\.\d+)?)(%?)$/.exec(text.trim())
  if (match === null || (match[2] === '' && match[1]!.includes('.'))) {
    throw invalid('maxIssues', text, 'a count such as 100, or a share such as 0.5%')
  }
  const number = Number(match[1])
  return match[2] === '%' ? { share: number / 100 } : number
}

function resolveMaxIssues(value: MaxIssues | undefined): MaxIssues | null {
  if (value === undefined) return null
  const isCount = typeof value === 'number' && Number.isInteger(value) && value >= 0
  const isShare = typeof value === 'object' && value.share >= 0 && value.share <= 1
  if (isCount || isShare) return value
  throw invalid('maxIssues', JSON.stringify(value), 'a count, or { share } from 0 to 1')
}

/** Throws OPTION_UNKNOWN for a key that is not in `known`, so that a misspelt one is not ignored. */
export function rejectUnknownOptions(
  caller: string,
  options: object,
  known: readonly string[],
): void {
  for (const key of Object.keys(options)) {
    if (known.includes(key)) continue
    throw new OptionError(
      'OPTION_UNKNOWN',
      `${caller} has no option "${key}"; expected ${known.join(', ')}`,
      { option: key },
    )
  }
}

function numberWithin(option: string, value: number, low: number, high: number): number {
  if (Number.isInteger(value) && value >= low && value <= high) return value
  throw invalid(option, value, `a whole number from ${low} to ${high}`)
}

function oneOf<T extends string>(option: string, value: T, known: readonly T[]): T {
  if (known.includes(value)) return value
  throw invalid(option, value, `one of ${known.join(', ')}`)
}

function invalid(option: string, value: unknown, expected: string): OptionError {
  return new OptionError(
    'OPTION_INVALID',
    `option "${option}" is ${String(value)}; expected ${expected}`,
    { option },
  )
}
