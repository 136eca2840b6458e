import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isServerError, isTooManyResultsError, isUkPoliceError } from '../src/index.js'
import { type Fault, generateData, seededRandom } from '../src/testing/index.js'
import { failure, serve, sorted, unlimited } from './serve.js'

const square = [
  { lat: 52.5, lng: -1.3 },
  { lat: 52.8, lng: -1.3 },
  { lat: 52.8, lng: -0.9 },
  { lat: 52.5, lng: -0.9 },
]
const storm = { ...unlimited, retry: { limit: 14, baseMs: 1, maxMs: 20 } }

describe('a lasting fault ends in its own error', () => {
  const cases: [name: string, fault: Fault, wanted: object][] = [
    ['500', { kind: 'status', status: 500 }, { name: 'ServerError', code: 'API_OUTAGE' }],
    [
      '503 with HTML',
      { kind: 'status', status: 503, body: '<html>down</html>' },
      { name: 'ServerError', code: 'API_OUTAGE', retryable: true, status: 503 },
    ],
    [
      '429',
      { kind: 'status', status: 429, headers: { 'retry-after': '0' } },
      { name: 'RateLimitError', code: 'API_RATE_LIMITED', retryable: true },
    ],
    ['reset', { kind: 'reset' }, { name: 'ConnectionError', code: 'CONNECTION_FAILED' }],
    ['cut', { kind: 'cut' }, { name: 'ConnectionError', code: 'CONNECTION_FAILED' }],
    [
      'HTML under status 200',
      { kind: 'body', body: '<html>welcome</html>' },
      { name: 'ShapeError', code: 'SHAPE_NOT_JSON' },
    ],
    ['half a JSON', { kind: 'body', body: '[{"id": 1' }, { code: 'SHAPE_NOT_JSON' }],
    ['wrong JSON', { kind: 'body', body: '{"error": 1}' }, { code: 'SHAPE_MISMATCH' }],
    ['teapot', { kind: 'status', status: 418 }, { code: 'API_UNEXPECTED_STATUS' }],
    ['slow', { kind: 'delay', delayMs: 400 }, { name: 'TimeoutError', code: 'TIMED_OUT' }],
  ]
  for (const [name, fault, wanted] of cases) {
    it(name, async () => {
      const { police, server } = await serve({
        fault: () => fault,
        client: { ...unlimited, timeoutMs: 100, retry: { limit: 2, baseMs: 1 } },
      })
      expect(await failure(police.forces.list())).toMatchObject(wanted)
      const final = ['SHAPE_MISMATCH', 'API_UNEXPECTED_STATUS']
      const once = final.includes((wanted as { code: string }).code)
      expect(server.requests).toHaveLength(once ? 1 : 3)
    })
  }

  it('a server that is not there', async () => {
    const { police, server } = await serve({ client: { ...unlimited, retry: { limit: 1 } } })
    await server.close()
    const error = await failure(police.forces.list())
    expect(error).toMatchObject({ name: 'ConnectionError', retryable: true })
    expect(error.message).toMatch(/2 attempts.*ECONNREFUSED/)
  })
})

describe('503 is two things', () => {
  it('an area with too much is asked for once, then the service is probed once', async () => {
    const { police, server } = await serve({ limit: 10, client: unlimited })
    const error = await failure(police.crimes.street({ within: square, month: '2026-07' }))
    expect(isTooManyResultsError(error)).toBe(true)
    expect(error).toMatchObject({ code: 'API_TOO_MANY_RESULTS', status: 503, retryable: false })
    expect(server.requests.slice(-2).map(({ method, path }) => `${method} ${path}`)).toEqual([
      'POST crimes-street/all-crime',
      'GET crime-last-updated',
    ])
    expect(server.requests.filter(({ path }) => path.startsWith('crimes-street/'))).toHaveLength(1)
  })

  it('is told apart also when nothing may be repeated', async () => {
    const { police } = await serve({
      limit: 10,
      client: { ...unlimited, retry: { limit: 0 } },
    })
    const query = { within: square, month: '2026-07' }
    expect(isTooManyResultsError(await failure(police.crimes.street(query)))).toBe(true)
  })

  it('is told apart when the probe itself meets a fault', async () => {
    for (const fault of [
      { kind: 'status', status: 429, headers: { 'retry-after': '0' } },
      { kind: 'cut' },
      { kind: 'body', body: '<html></html>' },
    ] as const) {
      let faults = 2
      const { police, server } = await serve({
        limit: 10,
        client: unlimited,
        fault: ({ path }) => (path === 'crime-last-updated' && faults-- > 0 ? fault : undefined),
      })
      const query = { within: square, month: '2026-07' }
      expect(isTooManyResultsError(await failure(police.crimes.street(query)))).toBe(true)
      const asked = server.requests.filter(({ path }) => path.startsWith('crimes-street/'))
      expect(asked).toHaveLength(1)
    }
  })

  it('an outage is repeated and then named', async () => {
    const { police, server } = await serve({
      client: { ...unlimited, retry: { limit: 2, baseMs: 1 } },
    })
    await police.availability.list()
    await police.categories.list()
    server.setFault(() => ({ kind: 'status', status: 503 }))
    const error = await failure(police.crimes.street({ within: square, month: '2026-07' }))
    expect(isServerError(error)).toBe(true)
    expect(error.code).toBe('API_OUTAGE')
    expect(server.requests.filter(({ path }) => path.startsWith('crimes-street/'))).toHaveLength(3)
  })

  it('an outage that passes ends in the answer', async () => {
    const { police, server } = await serve({ client: unlimited })
    await police.availability.list()
    await police.categories.list()
    let left = 4
    server.setFault(() => (left-- > 0 ? { kind: 'status', status: 503 } : undefined))
    const crimes = await police.crimes.street({ within: square, month: '2026-07' })
    expect(crimes.length).toBeGreaterThan(100)
  })
})

describe('a storm of mixed faults', () => {
  const faults: readonly Fault[] = [
    { kind: 'status', status: 503 },
    { kind: 'status', status: 503, body: '<html>busy</html>', headers: { 'retry-after': '0' } },
    { kind: 'status', status: 429, headers: { 'retry-after': '0' } },
    { kind: 'status', status: 502, body: '<html></html>' },
    { kind: 'cut' },
    { kind: 'reset' },
    { kind: 'body', body: '<html>login</html>', contentType: 'text/html' },
    { kind: 'body', body: '[{"category":' },
    { kind: 'delay', delayMs: 5 },
  ]

  it('ends in the complete result of a tiled area', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 1e6 }), async (seed) => {
        const random = seededRandom(seed)
        const data = generateData({ seed, crimeCount: 400, monthCount: 1 })
        const { police, server } = await serve({ data, limit: 120, client: storm })
        server.setFault(() =>
          random() < 0.3 ? faults[Math.floor(random() * faults.length)] : undefined,
        )
        const wanted = data.crimes?.map(({ row }) => row).filter((row) => row.location) ?? []
        const crimes = await police.crimes.streetAll({ within: square })
        expect(sorted(crimes)).toEqual(sorted(wanted))
        const stops = await police.stops.streetAll({ within: square })
        const wantedStops = data.stops?.map(({ row }) => row).filter((row) => row.location) ?? []
        expect(sorted(stops)).toEqual(sorted(wantedStops))
      }),
      { numRuns: 20 },
    )
  })

  it('too heavy to survive still ends in an error of ours', async () => {
    const random = seededRandom(7)
    const { police, server } = await serve({
      client: { ...unlimited, retry: { limit: 2, baseMs: 1, maxMs: 5 } },
    })
    server.setFault(() =>
      random() < 0.9 ? faults[Math.floor(random() * faults.length)] : undefined,
    )
    const codes = new Set<string>()
    for (let index = 0; index < 40; index += 1) {
      const error = await police.crimes
        .streetAll({ within: square, month: '2026-07' })
        .catch((caught: unknown) => caught)
      if (isUkPoliceError(error)) codes.add(error.code)
      else expect(Array.isArray(error)).toBe(true)
    }
    expect(codes.size).toBeGreaterThan(2)
  })
})
