import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestData } from './data.js'
import { type Answer, answerRequest, indexData, notFoundText } from './answers.js'
import type { BorderRule } from './geometry.js'

/** A request the server has seen. */
export interface SeenRequest {
  /** 1 for the first request of this server. */
  readonly number: number
  readonly method: string
  /** Path below `/api/`, still percent-encoded. */
  readonly path: string
  /** Parameters of the query and the form together. */
  readonly params: URLSearchParams
  readonly headers: IncomingMessage['headers']
  /** Milliseconds since the server started. */
  readonly atMs: number
}

/** A seen request with the status of its answer: 0 while there is none, or after a reset. */
export interface AnsweredRequest extends SeenRequest {
  readonly status: number
}

/** Something that goes wrong on purpose. */
export type Fault =
  | {
      readonly kind: 'status'
      readonly status: number
      readonly body?: string
      readonly headers?: Readonly<Record<string, string>>
    }
  /** A 200 with this body instead of the true one. */
  | { readonly kind: 'body'; readonly body: string; readonly contentType?: string }
  /** The connection closes after half of the true answer. */
  | { readonly kind: 'cut' }
  /** The connection closes without any answer. */
  | { readonly kind: 'reset' }
  /** The true answer, this much later. */
  | { readonly kind: 'delay'; readonly delayMs: number }

// Pages of any origin read the service's answers; no recording says whether this holds for its
// refusals too, nor that it answers a preflight, which this client never causes.
const anyOrigin = { 'access-control-allow-origin': '*' }

/** How the test server behaves; every default is what the reference says of the real service. */
export interface TestServerOptions {
  /** Most records an area may hold before 503. Default 10,000; `Infinity` for no limit. */
  readonly limit?: number
  /** The same for stops, where none is known. Default `Infinity`. */
  readonly stopLimit?: number
  /** The leaky bucket. Default 15 a second and 30 at once; false for none. */
  readonly rate?: { readonly perSecond: number; readonly burst: number } | false
  /** Sent as Retry-After with each 429. Default none. */
  readonly retryAfterSeconds?: number
  /** Points exactly on a border. Default `inside`. */
  readonly border?: BorderRule
  /** Milliseconds before every answer. Default 0. */
  readonly latencyMs?: number
  /** Asked for every request that passed the bucket. */
  readonly fault?: (request: SeenRequest) => Fault | undefined
  /** Zip archives by name without `.zip`, served below `/data/archive/`. */
  readonly archives?: Readonly<Record<string, Uint8Array>>
  /** Whether archives can be read in ranges. Default true. */
  readonly ranges?: boolean
}

/** A running test server. */
export interface TestServer extends AsyncDisposable {
  /** Base address for `createClient({ baseUrl })`. */
  readonly url: string
  /** Address of the folder of the bulk archives. */
  readonly archiveUrl: string
  /** Every request so far, in order of arrival. */
  readonly requests: readonly AnsweredRequest[]
  /** Most requests that were being answered together. */
  readonly peakConcurrency: number
  /** Highest level the leaky bucket reached, refused requests not counted. */
  readonly peakBucketLevel: number
  /** Replaces the data, as a monthly publication does. */
  publish(data: TestData): void
  /** Replaces the fault. */
  setFault(fault: TestServerOptions['fault']): void
  close(): Promise<void>
}

/**
 * Starts a real HTTP server on loopback that behaves like the UK Police API.
 *
 * Statuses, bodies, the 10,000 limit, the rate limit, the month window and the POST rules follow
 * what is known of the service in October 2026, its surprising answers included: an unknown
 * category gives every crime, a month after the newest gives an empty list. Pages of any origin
 * can read the answers of the API, refusals included.
 */
export async function startTestServer(
  data: TestData,
  options: TestServerOptions = {},
): Promise<TestServer> {
  const rate = options.rate === undefined ? { perSecond: 15, burst: 30 } : options.rate
  const started = performance.now()
  const requests: (SeenRequest & { status: number })[] = []
  let current = indexData(data)
  let fault = options.fault
  let seenCount = 0
  let active = 0
  let peakConcurrency = 0
  let level = 0
  let levelAt = started
  let peakBucketLevel = 0

  const overLimit = (): boolean => {
    if (rate === false) return false
    const now = performance.now()
    level = Math.max(0, level - ((now - levelAt) / 1000) * rate.perSecond)
    levelAt = now
    if (level + 1 > rate.burst) return true
    level += 1
    peakBucketLevel = Math.max(peakBucketLevel, level)
    return false
  }

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? '/', 'http://localhost')
    const arrivedMs = performance.now() - started
    seenCount += 1
    const number = seenCount
    active += 1
    peakConcurrency = Math.max(peakConcurrency, active)
    const limited = overLimit()
    const body = await readBody(request)
    const formType = (request.headers['content-type'] ?? '').startsWith(
      'application/x-www-form-urlencoded',
    )
    const params = new URLSearchParams(url.search)
    if (request.method === 'POST' && formType) {
      for (const [key, value] of new URLSearchParams(body)) params.append(key, value)
    }
    const seen: SeenRequest = {
      number,
      method: request.method ?? 'GET',
      path: url.pathname.replace(/^\/api\//, ''),
      params,
      headers: request.headers,
      atMs: arrivedMs,
    }
    const record = { ...seen, status: 0 }
    requests.push(record)
    try {
      if (options.latencyMs) await sleep(options.latencyMs)
      const wrong = limited ? undefined : fault?.(seen)
      if (wrong?.kind === 'delay') await sleep(wrong.delayMs)
      if (wrong?.kind === 'reset') {
        request.socket.destroy()
        return
      }
      const answer = limited
        ? {
            status: 429,
            body: '',
            headers:
              options.retryAfterSeconds === undefined
                ? {}
                : { 'retry-after': String(options.retryAfterSeconds) },
          }
        : wrong?.kind === 'status'
          ? { status: wrong.status, body: wrong.body ?? '', headers: wrong.headers ?? {} }
          : wrong?.kind === 'body'
            ? {
                status: 200,
                body: wrong.body,
                headers: { 'content-type': wrong.contentType ?? 'application/json' },
              }
            : url.pathname.startsWith('/data/archive/')
              ? archiveAnswer(url.pathname, request, options)
              : answerRequest({ ...seen, target: request.url ?? '', formType }, current, options)
      record.status = answer.status
      const bytes = typeof answer.body === 'string' ? Buffer.from(answer.body) : answer.body
      response.writeHead(answer.status, {
        ...(url.pathname.startsWith('/api/') ? anyOrigin : {}),
        ...answer.headers,
        'content-length': String(bytes.length),
      })
      if (wrong?.kind === 'cut') {
        response.write(bytes.subarray(0, Math.floor(bytes.length / 2)), () => {
          request.socket.destroy()
        })
        return
      }
      response.end(request.method === 'HEAD' ? undefined : bytes)
    } finally {
      active -= 1
    }
  }

  const server = createServer({ maxHeaderSize: 65_536 }, (request, response) => {
    handle(request, response).catch(() => response.destroy())
  })
  server.keepAliveTimeout = 60_000
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })

  return {
    url: `http://127.0.0.1:${port}/api`,
    archiveUrl: `http://127.0.0.1:${port}/data/archive`,
    requests,
    get peakConcurrency() {
      return peakConcurrency
    },
    get peakBucketLevel() {
      return peakBucketLevel
    },
    publish(next) {
      current = indexData(next)
    },
    setFault(next) {
      fault = next
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

function archiveAnswer(
  pathname: string,
  request: IncomingMessage,
  options: TestServerOptions,
): Answer {
  const name = pathname.replace('/data/archive/', '').replace(/\.zip$/, '')
  const bytes = options.archives?.[name]
  if (!bytes) return notFoundText
  const headers = { 'content-type': 'application/zip', etag: `"${name}-${bytes.length}"` }
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '')
  if (!range || options.ranges === false) return { status: 200, body: bytes, headers }
  const start = Number(range[1])
  const end = Math.min(range[2] ? Number(range[2]) : bytes.length - 1, bytes.length - 1)
  if (start > end) {
    return { status: 416, body: '', headers: { 'content-range': `bytes */${bytes.length}` } }
  }
  return {
    status: 206,
    body: bytes.subarray(start, end + 1),
    headers: { ...headers, 'content-range': `bytes ${start}-${end}/${bytes.length}` },
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
