import { OptionError } from './errors.js'
import { onAbort } from './on-abort.js'

/** How fast requests may go to one host. */
export interface RateLimits {
  /** Requests a second over time. Default 15, which is also the service's own limit. */
  readonly perSecond?: number | undefined
  /** Requests at once after a rest. Default 30, which is also the service's own limit. */
  readonly burst?: number | undefined
  /** Requests in flight together. Default 4. */
  readonly concurrency?: number | undefined
}

/** Limits with every default filled in. */
export interface ResolvedRateLimits {
  readonly perSecond: number
  readonly burst: number
  readonly concurrency: number
}

/** The service's published limits (documentation page "Call limits"), four at a time. */
export const defaultRateLimits: ResolvedRateLimits = { perSecond: 15, burst: 30, concurrency: 4 }

/** Paces requests to one host. */
export interface RateLimiter {
  /**
   * Resolves when a request may be sent, in the order of asking.
   *
   * @returns a function to call once, when the answer is complete or the request has failed
   * @throws the signal's reason, when it aborts first
   */
  acquire(signal?: AbortSignal): Promise<() => void>
  /** Holds every request back for `pauseMs`, for a 429 with Retry-After. */
  pause(pauseMs: number): void
  /** Lowers the limits to the given ones where those are stricter. */
  tighten(limits: ResolvedRateLimits): void
  readonly limits: ResolvedRateLimits
}

/** Checks limits and fills in defaults. */
export function resolveRateLimits(limits: RateLimits = {}): ResolvedRateLimits {
  const resolved = {
    perSecond: limits.perSecond ?? defaultRateLimits.perSecond,
    burst: limits.burst ?? defaultRateLimits.burst,
    concurrency: limits.concurrency ?? defaultRateLimits.concurrency,
  }
  for (const [key, value] of Object.entries(resolved)) {
    const whole = key === 'perSecond' || Number.isInteger(value)
    if (typeof value !== 'number' || !(value > 0) || !whole || !Number.isFinite(value)) {
      throw new OptionError(
        'OPTION_INVALID',
        `limits.${key} must be a positive ${key === 'perSecond' ? '' : 'whole '}number, not ${String(value)}`,
        { context: { option: `limits.${key}` } },
      )
    }
  }
  return resolved
}

interface Waiter {
  readonly start: () => void
}

/**
 * A token bucket whose tokens only start to come back when the answer has arrived.
 *
 * A request reaches the server at some unknown moment between sending and answer. Counting it in
 * full until the answer, and letting it drain only from then on, keeps the server's own bucket
 * below its brim whatever the network does to the spacing; the lasting rate is unchanged.
 */
export function createRateLimiter(
  initial: ResolvedRateLimits = defaultRateLimits,
  now: () => number = () => performance.now(),
): RateLimiter {
  let limits = initial
  let level = 0
  let levelAt = now()
  let inFlight = 0
  let pausedUntil = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  const queue: Waiter[] = []

  const drain = (): void => {
    const time = now()
    level = Math.max(0, level - ((time - levelAt) / 1000) * limits.perSecond)
    levelAt = time
  }

  const release = (): (() => void) => {
    let released = false
    return () => {
      if (released) return
      released = true
      drain()
      inFlight -= 1
      level += 1
      serve()
    }
  }

  const serve = (): void => {
    if (timer !== undefined) clearTimeout(timer)
    timer = undefined
    while (queue.length > 0) {
      if (inFlight >= limits.concurrency) return
      drain()
      const excess = level + inFlight + 1 - limits.burst
      const pauseMs = pausedUntil - now()
      if (excess > 1e-9 && level < excess - 1e-9) return // only an answer can make room
      if (excess > 1e-9 || pauseMs > 0) {
        const waitMs = Math.max(pauseMs, (excess / limits.perSecond) * 1000)
        timer = setTimeout(serve, Math.ceil(waitMs))
        return
      }
      const waiter = queue.shift() as Waiter
      inFlight += 1
      waiter.start()
    }
  }

  return {
    get limits() {
      return limits
    },
    acquire(signal) {
      return new Promise((resolve, reject) => {
        if (signal?.aborted) {
          reject(signal.reason as Error)
          return
        }
        const waiter: Waiter = {
          start: () => {
            forget()
            resolve(release())
          },
        }
        const forget = onAbort(signal, () => {
          const place = queue.indexOf(waiter)
          if (place >= 0) queue.splice(place, 1)
          forget()
          reject(signal?.reason as Error)
          // Nobody is served here: the next in line may have aborted with the same signal.
          if (queue.length === 0) clearTimeout(timer)
        })
        queue.push(waiter)
        serve()
      })
    },
    pause(pauseMs) {
      pausedUntil = Math.max(pausedUntil, now() + pauseMs)
      serve()
    },
    tighten(stricter) {
      limits = {
        perSecond: Math.min(limits.perSecond, stricter.perSecond),
        burst: Math.min(limits.burst, stricter.burst),
        concurrency: Math.min(limits.concurrency, stricter.concurrency),
      }
      serve()
    },
  }
}

const registryKey = Symbol.for('@ukpolice/client:rate-limiters')

/**
 * The one limiter of this process for a host.
 *
 * The service counts by client address, so every client of a process shares one bucket; also
 * those of another copy of this package. Where clients ask for different limits the strictest win.
 */
export function sharedRateLimiter(host: string, limits: ResolvedRateLimits): RateLimiter {
  const holder = globalThis as { [registryKey]?: Map<string, RateLimiter> }
  const registry = (holder[registryKey] ??= new Map())
  const existing = registry.get(host)
  if (existing) {
    existing.tighten(limits)
    return existing
  }
  const created = createRateLimiter(limits)
  registry.set(host, created)
  return created
}
