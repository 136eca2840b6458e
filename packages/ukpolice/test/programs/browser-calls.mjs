// The calls that scripts/check-browser.mjs makes both in Node and in a page of a browser. Nothing
// here knows which of them it runs in.
import * as library from '@ukpolice/client'

const { createClient, coordinates, memoryCache } = library

/** Around every point of the generated data, and with more crimes than one request may give. */
const area = {
  type: 'Polygon',
  coordinates: [
    [
      [-2, 52],
      [0, 52],
      [0, 53],
      [-2, 53],
      [-2, 52],
    ],
    [
      [-1.14, 52.62],
      [-1.1, 52.62],
      [-1.12, 52.65],
      [-1.14, 52.62],
    ],
  ],
}
const outline = [
  { lat: 52, lng: -2 },
  { lat: 53, lng: -2 },
  { lat: 53, lng: 0 },
  { lat: 52, lng: 0 },
]
const month = '2026-07'

/** Every call, by the name it is reported under; each result is plain JSON. */
const calls = {
  async forces({ police }) {
    return await police.forces.list()
  },

  async 'crimes of an area that has to be tiled'({ police }) {
    const crimes = await police.crimes.streetAll({ within: area, month })
    return {
      rows: crimes.map((row) => JSON.stringify(row)).sort(),
      places: crimes.map((row) => JSON.stringify(coordinates(row))).sort(),
      month: crimes.month,
      coverage: crimes.coverage.map(({ id }) => id),
      findings: crimes.findings,
    }
  },

  async 'stops of each month'({ police }) {
    const seen = []
    const run = police.months({ since: '2026-06' }, (each, signal) =>
      police.stops.force({ force: 'leicestershire', month: each }, { signal }),
    )
    for await (const { month: each, status, value } of run) seen.push([each, status, value])
    return { seen, remaining: run.remaining }
  },

  async 'a cached answer'({ baseUrl }) {
    const police = createClient({ baseUrl, cache: memoryCache() })
    const ask = () => police.outcomes.atLocation({ at: { lat: 52.63, lng: -1.13 }, month })
    const answers = [await ask(), await ask()]
    return answers.map((rows) => ({ rows: [...rows], fromCache: rows.fromCache }))
  },

  async 'an answer that is cut once'({ baseUrl }) {
    const attempts = []
    const onRetry = ({ attempt }) => attempts.push(attempt)
    const police = createClient({ baseUrl, onRetry, retry: { baseMs: 10 } })
    return { detail: await police.forces.get('leicestershire'), attempts }
  },

  async 'an abort in flight'({ baseUrl }) {
    const stop = new AbortController()
    const reason = new Error('enough')
    let requests = 0
    const onRequest = () => {
      requests += 1
      setTimeout(() => stop.abort(reason), 200)
    }
    const police = createClient({ baseUrl, onRequest })
    const startedAt = performance.now()
    const error = await failure(police.request('slow', { signal: stop.signal }))
    const atOnce = performance.now() - startedAt < 2000
    const again = await failure(police.forces.list({ signal: stop.signal }))
    return { unchanged: error === reason && again === reason, atOnce, requests }
  },

  async 'an abort amid the tiles'({ baseUrl }) {
    const stop = new AbortController()
    const reason = new Error('enough')
    let requests = 0
    let requestsAtAbort
    const onRequest = () => (requests += 1)
    const police = createClient({ baseUrl, onRequest })
    const pages = police.crimes.streetTiled({ within: area, month }, { signal: stop.signal })
    const error = await failure(
      (async () => {
        for await (const page of pages) {
          if (page.length === 0) continue
          requestsAtAbort = requests
          stop.abort(reason)
        }
      })(),
    )
    await new Promise((resolve) => setTimeout(resolve, 300))
    return { unchanged: error === reason, requestsAfter: requests - requestsAtAbort }
  },

  async 'typed errors'({ police, baseUrl }) {
    const once = createClient({ baseUrl, retry: { limit: 0 } })
    const at = { lat: 52.63, lng: -1.13 }
    const kinds = {
      OptionError: () => police.crimes.street({ at, category: 'burglaries' }),
      NotFoundError: () => police.neighbourhoods.get('leicestershire', 'nowhere'),
      TooManyResultsError: () => police.crimes.street({ within: outline, month }),
      ServerError: () => once.request('outage'),
      TimeoutError: () => once.request('slow', { timeoutMs: 200 }),
      ShapeError: () => once.request('page'),
      ConnectionError: () => once.request('cut'),
    }
    const results = []
    for (const [name, ask] of Object.entries(kinds)) {
      const error = await failure(ask())
      const { code, status, retryable, message } = error
      const typed = error instanceof library[name] && library.isUkPoliceError(error)
      // The reason of a failed connection is in the words of whoever runs this.
      const text = name === 'ConnectionError' ? '' : message.replaceAll(baseUrl, '')
      results.push({ name, typed, code, status, retryable, text })
    }
    return results
  },
}

function failure(promise) {
  return promise.then(
    (value) => {
      throw new Error(`expected a failure, got ${JSON.stringify(value)}`)
    },
    (error) => error,
  )
}

/**
 * Makes all calls, one after the other.
 *
 * @param {string} baseUrl address of a test server made by `scripts/check-browser.mjs`
 * @returns {Promise<Record<string, unknown>>} the result of each call by its name
 */
export async function makeCalls(baseUrl) {
  const police = createClient({ baseUrl })
  const results = {}
  for (const [name, call] of Object.entries(calls)) {
    try {
      results[name] = await call({ police, baseUrl })
    } catch (error) {
      results[name] = { threw: `${error?.name} ${error?.code ?? ''}: ${error?.message}` }
    }
  }
  return JSON.parse(JSON.stringify(results))
}
