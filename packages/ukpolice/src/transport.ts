import ky, { HTTPError, type KyInstance } from 'ky'
import { ConnectionError, ShapeError, TimeoutError } from './errors.js'
import { untilAborted } from './on-abort.js'
import type { RateLimiter } from './rate-limiter.js'

/** How failed attempts are repeated. */
export interface RetryPolicy {
  /** Attempts after the first. Default 4. */
  readonly limit?: number | undefined
  /** Longest wait before the first repeat; it doubles each time, with full jitter. Default 500. */
  readonly baseMs?: number | undefined
  /** Longest wait before any repeat; a Retry-After beyond it ends the call. Default 60,000. */
  readonly maxMs?: number | undefined
}

/** A request about to be sent, for hooks. */
export interface RequestEvent {
  readonly method: 'GET' | 'POST'
  readonly url: string
  /** 1 for the first try. */
  readonly attempt: number
}

/** An attempt that failed and will be repeated, for hooks. */
export interface RetryEvent {
  readonly method: 'GET' | 'POST'
  readonly url: string
  /** Number of the attempt to come: 2 for the first repeat. */
  readonly attempt: number
  readonly error: unknown
}

/** The part of `fetch` that is used; anything of this form can stand in for it. */
export type Fetch = (request: Request, init?: RequestInit) => Promise<Response>

/** What the transport needs to know. */
export interface TransportOptions {
  readonly limiter: RateLimiter
  readonly fetch: Fetch | undefined
  readonly userAgent: string | undefined
  readonly timeoutMs: number
  readonly retry: Required<{ readonly [Key in keyof RetryPolicy]: number }>
  readonly onRequest: ((event: RequestEvent) => void) | undefined
  readonly onRetry: ((event: RetryEvent) => void) | undefined
}

/** One call: where to, with what, and when to give up. */
export interface TransportCall {
  readonly url: URL
  /** Sent as a POST form when present. */
  readonly form?: URLSearchParams | undefined
  readonly signal?: AbortSignal | undefined
  readonly timeoutMs?: number | undefined
  /** Statuses to repeat after, beside network faults. Default 429 and 5xx. */
  readonly retriedStatuses?: readonly number[] | undefined
  /**
   * Asked when an area answers 503: true when the service is up, so that the area is too large
   * and must not be asked for again.
   */
  readonly isAreaTooLarge?: (() => Promise<boolean>) | undefined
}

/** The last answer of a call. */
export interface TransportAnswer {
  readonly status: number
  /** The text of the body. */
  readonly text: string
  /** The parsed body of a 200, otherwise undefined. */
  readonly value: unknown
  /** What Retry-After of a refusal asks for. */
  readonly retryAfterMs: number | undefined
  /** True for the 503 of an over-large area. */
  readonly tooLarge: boolean
}

/** Sends a call with pacing, timeouts and retries. */
export type Transport = (call: TransportCall) => Promise<TransportAnswer>

const usuallyRetried: readonly number[] = [429, 500, 502, 503, 504]

/**
 * Builds the transport on ky.
 *
 * ky repeats attempts; a `fetch` of our own inside it waits for the rate limiter, limits the time
 * of one attempt including its body, and reads and parses that body, so that a cut connection or
 * an HTML page under status 200 counts as a failed attempt too.
 */
export function createTransport(options: TransportOptions): Transport {
  const http: KyInstance = ky.create({
    timeout: false,
    ...(options.userAgent ? { headers: { 'user-agent': options.userAgent } } : {}),
  })
  const send: Fetch = options.fetch ?? ((request, init) => globalThis.fetch(request, init))

  return async (call) => {
    const method = call.form ? 'POST' : 'GET'
    const url = call.url.href
    const timeoutMs = call.timeoutMs ?? options.timeoutMs
    const retriedStatuses = call.retriedStatuses ?? usuallyRetried
    let attempt = 0
    let tooLarge = false
    let value: unknown
    let hookFailure: { readonly error: unknown } | undefined
    const callHook = (hook: () => void): void => {
      try {
        hook()
      } catch (error) {
        hookFailure = { error }
        throw error
      }
    }

    const attemptOnce = async (request: Request): Promise<Response> => {
      const release = await options.limiter.acquire(call.signal)
      const timer = new AbortController()
      const timeout = setTimeout(() => timer.abort(), timeoutMs)
      const signal = call.signal ? AbortSignal.any([call.signal, timer.signal]) : timer.signal
      try {
        signal.throwIfAborted() // by another call's hook, between the turn and here
        attempt += 1
        callHook(() => options.onRequest?.({ method, url, attempt }))
        const redirect = call.form ? 'manual' : 'follow'
        const response = await untilAborted(signal, send(request, { signal, redirect }))
        const text = await untilAborted(signal, response.text())
        if (response.status === 429) {
          const waitMs = retryAfterMs(response.headers) ?? 1000
          options.limiter.pause(Math.min(waitMs, options.retry.maxMs))
        }
        value = response.status === 200 ? parseJson(text, url) : undefined
        const status = response.status === 0 ? 302 : response.status // an opaque redirect
        const headers = new Headers(response.headers)
        // ky would take one that cannot be read for the longest wait of all.
        if (retryAfterMs(headers) === undefined) headers.delete('retry-after')
        return new Response([204, 205, 304].includes(status) ? null : text, { status, headers })
      } catch (error) {
        if (call.signal?.aborted) throw call.signal.reason
        if (timer.signal.aborted) {
          throw new TimeoutError(
            'TIMED_OUT',
            `${method} ${shortUrl(url)} was not answered in full within ${timeoutMs} ms; raise timeoutMs, or ask for a smaller area`,
            { retryable: true, context: { url, timeoutMs }, cause: error },
          )
        }
        throw error
      } finally {
        clearTimeout(timeout)
        release()
      }
    }
    const attemptFetch = async (request: Request): Promise<Response> => {
      const response = await attemptOnce(request)
      const ambiguous = response.status === 503 && !response.headers.has('retry-after')
      if (ambiguous && call.isAreaTooLarge) tooLarge = await call.isAreaTooLarge()
      return response
    }

    try {
      const response = await http(url, {
        method,
        ...(call.form ? { body: call.form } : {}),
        ...(call.signal ? { signal: call.signal } : {}),
        fetch: attemptFetch as typeof globalThis.fetch,
        throwHttpErrors: (status) => retriedStatuses.includes(status),
        retry: {
          limit: options.retry.limit,
          methods: ['get', 'post'],
          statusCodes: [...retriedStatuses],
          afterStatusCodes: [429, 503],
          maxRetryAfter: options.retry.maxMs,
          backoffLimit: options.retry.maxMs,
          delay: (count) => options.retry.baseMs * 2 ** (count - 1),
          jitter: true,
          retryOnTimeout: true,
          shouldRetry: ({ error }) => {
            if (call.signal?.aborted || hookFailure || tooLarge) return false
            // A wait longer than allowed is for the caller to decide about.
            if (error instanceof HTTPError) {
              const waitMs = retryAfterMs(error.response.headers)
              if (waitMs !== undefined && waitMs > options.retry.maxMs) return false
            }
            return undefined
          },
        },
        hooks: {
          beforeRetry: [
            ({ error }) => {
              callHook(() => options.onRetry?.({ method, url, attempt: attempt + 1, error }))
            },
          ],
        },
      })
      return {
        status: response.status,
        text: await response.text(),
        value,
        retryAfterMs: undefined,
        tooLarge,
      }
    } catch (error) {
      if (call.signal?.aborted) throw call.signal.reason
      if (hookFailure) throw hookFailure.error
      if (error instanceof HTTPError) {
        const { response } = error
        return {
          status: response.status,
          text: await response.text(),
          value: undefined,
          retryAfterMs: retryAfterMs(response.headers),
          tooLarge,
        }
      }
      if (error instanceof TimeoutError || error instanceof ShapeError) throw error
      throw new ConnectionError(
        'CONNECTION_FAILED',
        `${method} ${shortUrl(url)} failed after ${attempt} attempt${attempt === 1 ? '' : 's'}: ${reasonOf(error)}; check the network and try again`,
        { retryable: true, context: { url, attempts: attempt }, cause: error },
      )
    }
  }
}

/** Milliseconds a Retry-After header asks for, as seconds or as a date. */
function retryAfterMs(headers: Headers): number | undefined {
  const text = headers.get('retry-after')
  if (text === null) return undefined
  const seconds = Number(text)
  const waitMs = Number.isFinite(seconds) ? seconds * 1000 : Date.parse(text) - Date.now()
  return Number.isFinite(waitMs) ? Math.max(0, waitMs) : undefined
}

function parseJson(text: string, url: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    throw new ShapeError(
      'SHAPE_NOT_JSON',
      `${shortUrl(url)} answered 200 with a body that is not JSON (${text.length} characters); a proxy may stand in between, or the answer was cut: try again`,
      { retryable: true, context: { url, length: text.length }, cause: error },
    )
  }
}

function shortUrl(url: string): string {
  return url.length > 200 ? `${url.slice(0, 200)}…` : url
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { cause } = error
  return cause instanceof Error && cause.message ? cause.message : error.message
}
