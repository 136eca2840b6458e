import type { CacheEntry } from './cache.js'
import { explainRefusal } from './explain.js'
import { ShapeError } from './errors.js'
import type { Month } from './month.js'
import type { CallOptions, ResolvedOptions } from './options.js'
import { encodeSegment } from './path.js'
import { type Reference, createReference } from './reference.js'
import { checkShape, type Finding, type ShapeName } from './shapes.js'
import type { Transport } from './transport.js'

/** A request in terms of the service. */
export interface RouteRequest {
  /** Path segments below the base address, not yet encoded. */
  readonly path: readonly string[]
  readonly params?: Readonly<Record<string, string>> | undefined
  /** Sent as a POST form instead of a query. */
  readonly post?: boolean | undefined
  /** Shape of the answer; undefined leaves it unchecked. */
  readonly shape?: ShapeName | undefined
  /** Part of the cache key; undefined never uses the cache. */
  readonly cacheVersion?: ((signal?: AbortSignal) => Promise<string>) | undefined
}

/** A checked answer. */
export interface RouteAnswer<Value> {
  readonly value: Value
  readonly findings: readonly Finding[]
  readonly fromCache: boolean
}

/** Joins transport, cache, checks and error translation; every resource calls through it. */
export interface Caller {
  readonly options: ResolvedOptions
  readonly reference: Reference
  call<Value>(request: RouteRequest, options?: CallOptions): Promise<RouteAnswer<Value>>
  /** Cache version of crimes and outcomes: the newest published month. */
  readonly crimeVersion: (signal?: AbortSignal) => Promise<string>
  /** Cache version of stops, which change when a late force arrives. */
  readonly stopVersion: (month: Month) => (signal?: AbortSignal) => Promise<string>
}

/** Builds the caller of one client. */
export function createCaller(transport: Transport, options: ResolvedOptions): Caller {
  const send = async <Value>(
    request: RouteRequest,
    callOptions: CallOptions,
  ): Promise<{ readonly answer: RouteAnswer<Value>; readonly text: string }> => {
    const url = new URL(`${options.baseUrl}/${request.path.map(encodeSegment).join('/')}`)
    const params = new URLSearchParams(request.params)
    if (!request.post) url.search = params.toString()
    const answer = await transport({
      url,
      form: request.post ? params : undefined,
      signal: callOptions.signal,
      timeoutMs: callOptions.timeoutMs,
      isAreaTooLarge: isAreaRequest(request) ? () => serviceIsUp(callOptions.signal) : undefined,
    })
    if (answer.status !== 200) {
      throw await explainRefusal(request, answer, caller.reference, callOptions.signal)
    }
    const route = request.path.join('/')
    const findings = request.shape
      ? checkShape(request.shape, answer.value, options.shapes, route)
      : []
    for (const finding of findings) options.onFinding?.(finding, route)
    return {
      answer: { value: answer.value as Value, findings, fromCache: false },
      text: answer.text,
    }
  }

  /** One cheap question when an area answered 503: is the service itself up? */
  const serviceIsUp = async (signal: AbortSignal | undefined): Promise<boolean> => {
    try {
      const answer = await transport({
        url: new URL(`${options.baseUrl}/crime-last-updated`),
        signal,
        retriedStatuses: [429],
      })
      return answer.status < 500
    } catch {
      signal?.throwIfAborted()
      return false
    }
  }

  const readCached = async <Value>(
    key: string,
    request: RouteRequest,
  ): Promise<RouteAnswer<Value> | undefined> => {
    let entry: CacheEntry | undefined
    try {
      entry = await options.cache?.get(key)
      if (!entry) return undefined
      const value = JSON.parse(entry.text) as Value
      const findings = request.shape
        ? checkShape(request.shape, value, options.shapes, request.path.join('/'))
        : []
      return { value, findings, fromCache: true }
    } catch (error) {
      if (!(error instanceof SyntaxError || error instanceof ShapeError)) throw error
      await options.cache?.delete(key)
      return undefined
    }
  }

  const caller: Caller = {
    options,
    reference: createReference(
      (request, signal) => caller.call(request, { signal }),
      options.referenceTtlMs,
    ),
    async call<Value>(request: RouteRequest, callOptions: CallOptions = {}) {
      callOptions.signal?.throwIfAborted()
      if (!options.cache || !request.cacheVersion) {
        return (await send<Value>(request, callOptions)).answer
      }
      const key = cacheKey(options.baseUrl, request, await request.cacheVersion(callOptions.signal))
      const cached = await readCached<Value>(key, request)
      callOptions.signal?.throwIfAborted()
      if (cached) return cached
      const { answer, text } = await send<Value>(request, callOptions)
      await options.cache.set(key, { text })
      return answer
    },
    crimeVersion: (signal) => caller.reference.lastUpdated(signal),
    stopVersion: (month) => async (signal) => {
      const [newest, forces] = await Promise.all([
        caller.reference.lastUpdated(signal),
        caller.reference.stopForces(month, signal),
      ])
      return `${newest} ${forces.join(',')}`
    },
  }
  return caller
}

/** Routes whose 503 can mean that the area holds too much. */
export function isAreaRequest(request: RouteRequest): boolean {
  const [first] = request.path
  const { params = {} } = request
  const hasArea = 'poly' in params || 'lat' in params
  return (
    hasArea &&
    (first === 'crimes-street' || first === 'outcomes-at-location' || first === 'stops-street')
  )
}

function cacheKey(baseUrl: string, request: RouteRequest, version: string): string {
  const params = new URLSearchParams(request.params)
  params.sort()
  return `${baseUrl}/${request.path.map(encodeSegment).join('/')}?${params.toString()} @ ${version}`
}
