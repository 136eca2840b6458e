import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { createClient } from '../src/index.js'
import { createRateLimiter } from '../src/rate-limiter.js'
import { generateData } from '../src/testing/index.js'
import { failure, serve } from './serve.js'

describe('rate limiter', () => {
  it('never trips the bucket of the server, with clients and callers in plenty', async () => {
    const { police, server } = await serve({ latencyMs: 5, client: { retry: { limit: 0 } } })
    const second = createClient({ baseUrl: server.url, retry: { limit: 0 } })
    const started = performance.now()
    const calls = Array.from({ length: 90 }, (_, index) =>
      (index % 2 ? police : second).request('forces'),
    )
    await Promise.all(calls)
    const seconds = (performance.now() - started) / 1000
    expect(server.requests.map((request) => request.status)).toEqual(Array(90).fill(200))
    expect(server.peakConcurrency).toBe(4)
    expect(server.peakBucketLevel).toBeLessThanOrEqual(30)
    expect(server.peakBucketLevel).toBeGreaterThan(27)
    // 30 at once, the other 60 at 15 a second: neither faster nor much slower.
    expect(seconds).toBeGreaterThan(3.8)
    expect(seconds).toBeLessThan(7)
    for (const { atMs } of server.requests) {
      const window = server.requests.filter((seen) => seen.atMs >= atMs && seen.atMs < atMs + 1000)
      expect(window.length).toBeLessThanOrEqual(45)
    }
  })

  it('stays below the brim when the network bunches requests up', async () => {
    let number = 0
    const { police, server } = await serve({
      client: {
        retry: { limit: 0 },
        fetch: async (request, init) => {
          number += 1
          // The first ones dawdle on their way, the later ones do not.
          if (number < 28) await sleep(300)
          return fetch(request, init)
        },
      },
    })
    await Promise.all(Array.from({ length: 60 }, () => police.request('forces')))
    expect(server.requests.every((request) => request.status === 200)).toBe(true)
    expect(server.peakBucketLevel).toBeLessThanOrEqual(30)
  })

  it('serves in order and lets a waiting caller leave', async () => {
    const limiter = createRateLimiter({ perSecond: 1000, burst: 1000, concurrency: 1 })
    const order: string[] = []
    const release = await limiter.acquire()
    const leaving = new AbortController()
    const reason = new Error('changed my mind')
    const waiting = ['a', 'b', 'c'].map((name) =>
      limiter.acquire(name === 'b' ? leaving.signal : undefined).then((done) => {
        order.push(name)
        done()
      }),
    )
    leaving.abort(reason)
    expect(await failure(waiting[1] as Promise<void>)).toBe(reason)
    release()
    release()
    await Promise.all([waiting[0], waiting[2]])
    expect(order).toEqual(['a', 'c'])
  })

  it('keeps a bystander when two callers leave together and a turn is overdue', async () => {
    let time = 0
    const limiter = createRateLimiter({ perSecond: 10, burst: 1, concurrency: 4 }, () => time)
    const release = await limiter.acquire()
    release()
    const leaving = new AbortController()
    const gone = [1, 2].map(() => failure(limiter.acquire(leaving.signal)))
    const staying = limiter.acquire()
    time = 1000 // a turn is free, and the timer has not run yet, as in a busy process
    leaving.abort(new Error('gone'))
    expect((await Promise.all(gone)).map((error: Error) => error.message)).toEqual(['gone', 'gone'])
    const done = await Promise.race([staying, sleep(2000)])
    expect(done).toBeTypeOf('function')
  })

  it('uses the strictest limits that clients of a host ask for', async () => {
    const { server } = await serve()
    createClient({ baseUrl: server.url, limits: { concurrency: 3 } })
    const police = createClient({ baseUrl: server.url, limits: { concurrency: 1 } })
    const other = createClient({ baseUrl: server.url })
    await Promise.all([1, 2, 3, 4, 5, 6].map((n) => (n % 2 ? police : other).request('forces')))
    expect(server.peakConcurrency).toBe(1)
  })

  it('does not allow more than the service does on its own host', () => {
    expect(() => createClient({ limits: { perSecond: 16 } })).toThrow(/15 requests a second/)
    expect(() => createClient({ limits: { burst: 31 } })).toThrow(/bursts of 30/)
    expect(() => createClient({ limits: { concurrency: 0 } })).toThrow(/limits\.concurrency/)
  })

  it('waits as long as Retry-After asks, for every caller', async () => {
    let refused = false
    const { police, server } = await serve({
      data: generateData({ monthCount: 1 }),
      fault: () => {
        if (refused) return undefined
        refused = true
        return { kind: 'status', status: 429, headers: { 'retry-after': '1' } }
      },
      client: { retry: { baseMs: 1, maxMs: 5000 } },
    })
    const first = police.request('forces')
    await sleep(100)
    const second = police.request('crime-categories')
    await Promise.all([first, second])
    const [refusal, ...later] = server.requests
    expect(refusal?.status).toBe(429)
    expect(later).toHaveLength(2)
    for (const request of later) {
      expect(request.atMs - (refusal?.atMs ?? 0)).toBeGreaterThanOrEqual(990)
    }
  })

  it('takes a Retry-After that cannot be read for none', async () => {
    const { police, server } = await serve({
      client: { retry: { limit: 1, baseMs: 5 } },
      fault: ({ number }) =>
        number === 1
          ? { kind: 'status', status: 429, headers: { 'retry-after': 'soon' } }
          : undefined,
    })
    const started = performance.now()
    await police.request('forces')
    expect(server.requests.map(({ status }) => status)).toEqual([429, 200])
    expect(performance.now() - started).toBeLessThan(10_000)
  })

  it('does not wait longer than allowed, and passes the wait on', async () => {
    const { police, server } = await serve({
      fault: () => ({ kind: 'status', status: 429, headers: { 'retry-after': '3600' } }),
      client: { retry: { limit: 3, baseMs: 1, maxMs: 50 } },
    })
    const error = await failure(police.request('forces'))
    expect(error).toMatchObject({
      name: 'RateLimitError',
      retryable: true,
      context: { retryAfterMs: 3_600_000 },
    })
    expect(error.message).toContain('in 3600 seconds')
    expect(server.requests).toHaveLength(1)
  })
})
