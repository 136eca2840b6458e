import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { generateData, type TestServer } from '../src/testing/index.js'
import { failure, serve, unlimited } from './serve.js'

const square = [
  { lat: 52.5, lng: -1.3 },
  { lat: 52.8, lng: -1.3 },
  { lat: 52.8, lng: -0.9 },
  { lat: 52.5, lng: -0.9 },
]

/** Counts requests that arrive from now on. */
async function silenceAfter(server: TestServer, act: () => Promise<void>): Promise<number> {
  await act()
  await sleep(30) // what was already on its way arrives
  const before = server.requests.length
  await sleep(300)
  return server.requests.length - before
}

describe('after an abort', () => {
  it('nothing is sent, and the reason comes through unchanged, wherever the call was', async () => {
    const reason = new Error('enough')
    for (const delayMs of [0, 1, 5, 20, 40, 80, 120]) {
      const { police, server } = await serve({
        latencyMs: 8,
        limit: 20,
        data: generateData({ crimeCount: 600, monthCount: 1 }),
        client: unlimited,
      })
      const stop = new AbortController()
      const running = failure(police.crimes.streetAll({ within: square }, { signal: stop.signal }))
      await sleep(delayMs)
      const late = await silenceAfter(server, async () => {
        stop.abort(reason)
        expect(await running).toBe(reason)
      })
      expect(late).toBe(0)
    }
  })

  it('during the wait before a repeat, nothing is sent', async () => {
    const { police, server } = await serve({
      fault: () => ({ kind: 'status', status: 500 }),
      client: { ...unlimited, retry: { limit: 9, baseMs: 200, maxMs: 200 } },
    })
    const stop = new AbortController()
    const running = failure(police.request('forces', { signal: stop.signal }))
    await sleep(30)
    const late = await silenceAfter(server, async () => {
      stop.abort()
      expect((await running).name).toBe('AbortError')
    })
    expect(late).toBe(0)
    expect(server.requests.length).toBeLessThan(9)
  })

  it('while waiting for its turn, nothing is sent', async () => {
    const { police, server } = await serve({ client: { limits: { perSecond: 2, burst: 2 } } })
    const stop = new AbortController()
    const running = Array.from({ length: 20 }, () =>
      police.request('forces', { signal: stop.signal }).catch((error: unknown) => error),
    )
    while (server.requests.length < 2) await sleep(5)
    const late = await silenceAfter(server, async () => {
      stop.abort()
      const ends = await Promise.all(running)
      expect(ends.filter((end) => end === stop.signal.reason).length).toBeGreaterThan(17)
    })
    expect(late).toBe(0)
    expect(server.requests).toHaveLength(2)
  })

  it('with a signal that is already aborted nothing is sent at all', async () => {
    const { police, server } = await serve({ client: unlimited })
    const signal = AbortSignal.abort(new Error('no'))
    const options = { signal }
    for (const call of [
      () => police.forces.list(options),
      () => police.availability.lateForces(undefined, options),
      () => police.crimes.street({ within: square }, options),
      () => police.stops.streetAll({ within: square }, options),
      () => police.neighbourhoods.locate({ lat: 52, lng: -1 }, options),
      () => police.request('forces', options),
    ]) {
      expect((await failure(call())).message).toBe('no')
    }
    expect(server.requests).toEqual([])
  })

  it('of one caller, another that waits for the same list still gets it', async () => {
    const { police, server } = await serve({ latencyMs: 50, client: unlimited })
    const stop = new AbortController()
    const first = failure(police.availability.list({ signal: stop.signal }))
    const second = police.availability.list()
    await sleep(10)
    stop.abort()
    expect((await first).name).toBe('AbortError')
    expect(await second).toHaveLength(3)
    expect(server.requests).toHaveLength(1)
  })

  it('leaving the loop over pages stops asking', async () => {
    const { police, server } = await serve({
      latencyMs: 5,
      limit: 20,
      data: generateData({ crimeCount: 600, monthCount: 1 }),
      client: unlimited,
    })
    const late = await silenceAfter(server, async () => {
      for await (const page of police.crimes.streetTiled({ within: square })) {
        expect(page.remainingCellCount).toBeGreaterThan(0)
        break
      }
    })
    expect(late).toBe(0)
  })

  it('a timeout by the caller ends as the caller put it', async () => {
    const { police } = await serve({ latencyMs: 500, client: unlimited })
    const error = await failure(police.forces.list({ signal: AbortSignal.timeout(30) }))
    expect(error).toBeInstanceOf(DOMException)
    expect(error.name).toBe('TimeoutError')
  })
})
