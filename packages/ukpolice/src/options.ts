import type { Cache } from './cache.js'
import { OptionError } from './errors.js'
import { requireKnownKeys } from './area.js'
import {
  defaultRateLimits,
  type RateLimits,
  type ResolvedRateLimits,
  resolveRateLimits,
} from './rate-limiter.js'
import type { Finding, ShapeMode } from './shapes.js'
import { shown } from './shown.js'
import type { Fetch, RequestEvent, RetryEvent, RetryPolicy } from './transport.js'

/** Options of `createClient`; every one is optional. */
export interface ClientOptions {
  /**
   * Names your program to the service, such as `my-app/1.0`. Default `ukpolice-client`. Browsers
   * send their own instead.
   */
  readonly userAgent?: string | undefined
  /**
   * Address of the API. Default the environment variable `UKPOLICE_BASE_URL` where there is one,
   * else `https://data.police.uk/api`. Must be https, except on loopback: over http the service
   * turns a POST into a GET without its polygon.
   */
  readonly baseUrl?: string | undefined
  /** Pacing, shared by all clients of a process and host. The service's own host takes no more. */
  readonly limits?: RateLimits | undefined
  /**
   * Longest time for one attempt in milliseconds, its body included, waiting for its turn not.
   * Default 120,000: some months take the service 53 seconds.
   */
  readonly timeoutMs?: number | undefined
  /** How failed attempts are repeated. */
  readonly retry?: RetryPolicy | undefined
  /** Stands in for the global `fetch`. */
  readonly fetch?: Fetch | undefined
  /** Keeps answers; see `memoryCache` and, for Node, `diskCache`. Default none. */
  readonly cache?: Cache | undefined
  /** `tolerant` accepts and reports unknown keys and words, `strict` throws. Default `tolerant`. */
  readonly shapes?: ShapeMode | undefined
  /** How long the lists of months, forces and categories are trusted. Default 600,000. */
  readonly referenceTtlMs?: number | undefined
  /** Called before every attempt. */
  readonly onRequest?: ((event: RequestEvent) => void) | undefined
  /** Called before every repeated attempt, after its failure. */
  readonly onRetry?: ((event: RetryEvent) => void) | undefined
  /** Called for every unknown key or word of an answer, once per answer. */
  readonly onFinding?: ((finding: Finding, route: string) => void) | undefined
}

/** Options of one call. */
export interface CallOptions {
  /** Ends the call; its reason is thrown unchanged and nothing more is sent. */
  readonly signal?: AbortSignal | undefined
  /** As in {@link ClientOptions}, for this call. */
  readonly timeoutMs?: number | undefined
}

/** Client options with every default filled in. */
export interface ResolvedOptions {
  readonly userAgent: string | undefined
  readonly baseUrl: string
  readonly host: string
  readonly limits: ResolvedRateLimits
  readonly timeoutMs: number
  readonly retry: { readonly limit: number; readonly baseMs: number; readonly maxMs: number }
  readonly fetch: Fetch | undefined
  readonly cache: Cache | undefined
  readonly shapes: ShapeMode
  readonly referenceTtlMs: number
  readonly onRequest: ClientOptions['onRequest']
  readonly onRetry: ClientOptions['onRetry']
  readonly onFinding: ClientOptions['onFinding']
}

/** Address of the real service. */
export const serviceBaseUrl = 'https://data.police.uk/api'

const clientKeys: readonly (keyof ClientOptions)[] = [
  'userAgent',
  'baseUrl',
  'limits',
  'timeoutMs',
  'retry',
  'fetch',
  'cache',
  'shapes',
  'referenceTtlMs',
  'onRequest',
  'onRetry',
  'onFinding',
]

/** Checks client options once. @throws {OptionError} */
export function resolveClientOptions(options: ClientOptions): ResolvedOptions {
  requireKnownKeys(options, clientKeys, 'createClient')
  requireKnownKeys(options.limits ?? {}, ['perSecond', 'burst', 'concurrency'], 'limits')
  requireKnownKeys(options.retry ?? {}, ['limit', 'baseMs', 'maxMs'], 'retry')
  const base = resolveBaseUrl(options.baseUrl)
  const limits = resolveRateLimits(options.limits)
  if (
    base.host === 'data.police.uk' &&
    (limits.perSecond > defaultRateLimits.perSecond || limits.burst > defaultRateLimits.burst)
  ) {
    throw new OptionError(
      'OPTION_INVALID',
      'data.police.uk allows 15 requests a second and bursts of 30; lower limits.perSecond and limits.burst to that or less',
      { context: { limits } },
    )
  }
  const shapes = options.shapes ?? 'tolerant'
  if (shapes !== 'tolerant' && shapes !== 'strict') {
    throw new OptionError(
      'OPTION_INVALID',
      `shapes must be "tolerant" or "strict", not ${String(shapes)}`,
    )
  }
  return {
    userAgent: sendsOwnUserAgent() ? undefined : (options.userAgent ?? 'ukpolice-client'),
    baseUrl: base.href.replace(/\/+$/, ''),
    host: base.host,
    limits,
    timeoutMs: requireDuration(options.timeoutMs ?? 120_000, 'timeoutMs'),
    retry: {
      limit: requireCount(options.retry?.limit ?? 4, 'retry.limit'),
      baseMs: requireDuration(options.retry?.baseMs ?? 500, 'retry.baseMs'),
      maxMs: requireDuration(options.retry?.maxMs ?? 60_000, 'retry.maxMs'),
    },
    fetch: options.fetch,
    cache: options.cache,
    shapes,
    referenceTtlMs: requireCount(options.referenceTtlMs ?? 600_000, 'referenceTtlMs'),
    onRequest: options.onRequest,
    onRetry: options.onRetry,
    onFinding: options.onFinding,
  }
}

/** Checks the options of one call. @throws {OptionError} */
export function checkCallOptions(
  options: CallOptions,
  extraKeys: readonly string[] = [],
): CallOptions {
  requireKnownKeys(options, ['signal', 'timeoutMs', ...extraKeys], 'the options of a call')
  if (options.timeoutMs !== undefined) requireDuration(options.timeoutMs, 'timeoutMs')
  return options
}

// The longest delay a timer of Node or a browser can take.
const longestTimerMs = 2_147_483_647

/** Checks a time in milliseconds. @throws {OptionError} `OPTION_INVALID` */
export function requireDuration(value: number, name: string): number {
  if (typeof value === 'number' && value > 0 && value <= longestTimerMs) return value
  throw new OptionError(
    'OPTION_INVALID',
    `${name} must be milliseconds above 0 and at most ${longestTimerMs}, not ${String(value)}`,
    { context: { option: name } },
  )
}

/** Checks a whole number of at least 0. @throws {OptionError} `OPTION_INVALID` */
export function requireCount(value: number, name: string): number {
  if (Number.isInteger(value) && value >= 0) return value
  throw new OptionError(
    'OPTION_INVALID',
    `${name} must be a whole number of at least 0, not ${String(value)}`,
    { context: { option: name } },
  )
}

/**
 * The address of the API: as given, else as the environment names it, else the real service.
 *
 * @throws {OptionError} `OPTION_INVALID`
 */
export function resolveBaseUrl(given: string | undefined): URL {
  const text = given ?? environmentBaseUrl() ?? serviceBaseUrl
  let url: URL
  try {
    url = new URL(text)
  } catch (error) {
    throw new OptionError(
      'OPTION_INVALID',
      `baseUrl ${shown(text)} is not an address; write it as ${serviceBaseUrl}`,
      { cause: error },
    )
  }
  const loopback = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(url.hostname)
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && loopback)) {
    throw new OptionError(
      'OPTION_INVALID',
      `baseUrl ${url.origin} must use https: over http the service loses the polygon of a POST`,
    )
  }
  if (url.search || url.hash || url.username) {
    throw new OptionError(
      'OPTION_INVALID',
      'baseUrl must be a plain address without a query, a fragment or credentials',
    )
  }
  return url
}

function environmentBaseUrl(): string | undefined {
  const { process } = globalThis as {
    process?: { env?: Record<string, string | undefined> | undefined }
  }
  return process?.env?.['UKPOLICE_BASE_URL'] || undefined
}

/** In a browser a user-agent header of ours would only cause a CORS preflight. */
function sendsOwnUserAgent(): boolean {
  return 'document' in globalThis || 'WorkerGlobalScope' in globalThis
}
