import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, open, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { ArchiveError, ConnectionError } from '../errors.js'
import { untilAborted } from '../on-abort.js'
import type { Fetch } from '../transport.js'

/** Bytes that can be read from any place. */
export interface ByteSource {
  readonly name: string
  readonly size: number
  /** Bytes from `start` up to, not including, `end`. */
  stream(start: number, end: number, signal?: AbortSignal): AsyncIterable<Uint8Array>
  close(): Promise<void>
}

/** How a remote archive is read. */
export interface RemoteOptions {
  /** Stands in for the global `fetch`. */
  readonly fetch?: Fetch | undefined
  /** Longest wait for the next bytes in milliseconds, above 0. Default 60,000. */
  readonly timeoutMs?: number | undefined
  /** How often a cut connection is taken up again without progress. Default 5. */
  readonly retryLimit?: number | undefined
  readonly userAgent?: string | undefined
  readonly signal?: AbortSignal | undefined
}

const chunkBytes = 1 << 20

/** Opens a file. @throws {ArchiveError} `ARCHIVE_NOT_READABLE` */
export async function fileSource(file: string): Promise<ByteSource> {
  let size: number
  try {
    const facts = await stat(file)
    if (!facts.isFile()) throw new Error('it is not a file')
    const handle = await open(file, 'r')
    await handle.close()
    size = facts.size
  } catch (error) {
    throw new ArchiveError(
      'ARCHIVE_NOT_READABLE',
      `cannot read the archive ${file}: ${(error as Error).message}; check the path`,
      { context: { source: file }, cause: error },
    )
  }
  return {
    name: file,
    size,
    stream: (start, end, signal) =>
      end <= start
        ? Readable.from([])
        : createReadStream(file, {
            start,
            end: end - 1,
            highWaterMark: chunkBytes,
            ...(signal ? { signal } : {}),
          }),
    close: () => Promise.resolve(),
  }
}

/**
 * Opens an address.
 *
 * Where the server gives ranges, only the needed bytes are fetched and a cut connection is taken
 * up where it broke off; where it does not, the archive is first stored in a temporary file.
 *
 * @throws {ArchiveError} `ARCHIVE_NOT_READABLE`
 * @throws {ConnectionError}
 */
export async function remoteSource(url: URL, options: RemoteOptions = {}): Promise<ByteSource> {
  const probe = await ask(url, 0, 1, options, options.signal)
  if (probe.response.status === 200) return spool(url, probe, options)
  probe.stop()
  const total = /\/(\d+)$/.exec(probe.response.headers.get('content-range') ?? '')
  if (probe.response.status !== 206 || !total) throw refused(url, probe.response)
  const size = Number(total[1])
  const etag = probe.response.headers.get('etag')
  return {
    name: url.href,
    size,
    stream: (start, end, signal) => remoteStream(url, start, end, etag, options, signal),
    close: () => Promise.resolve(),
  }
}

interface Asked {
  readonly response: Response
  readonly signal: AbortSignal
  /** Starts the idle clock anew. */
  readonly touch: () => void
  readonly stop: () => void
}

async function ask(
  url: URL,
  start: number,
  end: number,
  options: RemoteOptions,
  signal: AbortSignal | undefined,
): Promise<Asked> {
  const timeoutMs = options.timeoutMs ?? 60_000
  const idle = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined
  const touch = (): void => {
    clearTimeout(timer)
    timer = setTimeout(() => idle.abort(new Error(`no bytes for ${timeoutMs} ms`)), timeoutMs)
  }
  const joined = signal ? AbortSignal.any([signal, idle.signal]) : idle.signal
  const send: Fetch = options.fetch ?? ((request, init) => fetch(request, init))
  touch()
  try {
    const request = new Request(url, {
      headers: {
        range: `bytes=${start}-${end - 1}`,
        'accept-encoding': 'identity',
        'user-agent': options.userAgent ?? 'ukpolice-client',
      },
    })
    const response = await untilAborted(joined, send(request, { signal: joined }))
    return {
      response,
      signal: joined,
      touch,
      stop: () => {
        clearTimeout(timer)
        idle.abort(new Error('done'))
      },
    }
  } catch (error) {
    clearTimeout(timer)
    signal?.throwIfAborted()
    throw new ConnectionError(
      'CONNECTION_FAILED',
      `cannot reach ${url.href}: ${reasonOf(error)}; check the address and the network`,
      { retryable: true, context: { url: url.href }, cause: error },
    )
  }
}

async function* remoteStream(
  url: URL,
  start: number,
  end: number,
  etag: string | null,
  options: RemoteOptions,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const retryLimit = options.retryLimit ?? 5
  let position = start
  let failures = 0
  while (position < end) {
    signal?.throwIfAborted()
    let asked: Asked | undefined
    try {
      asked = await ask(url, position, end, options, signal)
      const { response } = asked
      if (response.status >= 500 || response.status === 429) throw new Error(`${response.status}`)
      if (response.status !== 206 || !response.body) throw refused(url, response)
      if (response.headers.get('etag') !== etag) {
        throw new ArchiveError(
          'ARCHIVE_DAMAGED',
          `${url.href} changed while it was read; start again`,
          { retryable: true, context: { source: url.href } },
        )
      }
      for await (const chunk of bodyChunks(asked)) {
        const wanted = chunk.subarray(0, end - position)
        position += wanted.length
        failures = 0
        if (wanted.length > 0) yield wanted
      }
      if (position < end) throw new Error('the connection was closed early')
    } catch (error) {
      signal?.throwIfAborted()
      if (error instanceof ArchiveError) throw error
      failures += 1
      if (failures > retryLimit) {
        throw new ConnectionError(
          'CONNECTION_FAILED',
          `${url.href} broke off at byte ${position} of ${end}, ${failures} times without progress: ${reasonOf(error)}; try again later`,
          { retryable: true, context: { url: url.href, position }, cause: error },
        )
      }
      await delay(Math.random() * 250 * 2 ** failures, signal)
    } finally {
      asked?.stop()
    }
  }
}

/** The chunks of a body; each restarts the idle clock, and an abort ends them at once. */
async function* bodyChunks({ response, signal, touch }: Asked): AsyncGenerator<Uint8Array> {
  const reader = response.body?.getReader()
  if (!reader) return
  try {
    for (;;) {
      const { done, value } = await untilAborted(signal, reader.read())
      if (done) return
      touch()
      yield value as Uint8Array
    }
  } finally {
    reader.cancel().catch(() => undefined)
  }
}

/** Stores the body of an answer without ranges in a temporary file, removed on close. */
async function spool(url: URL, asked: Asked, options: RemoteOptions): Promise<ByteSource> {
  const { response } = asked
  const directory = await mkdtemp(path.join(tmpdir(), 'ukpolice-archive-'))
  const remove = (): Promise<void> => rm(directory, { recursive: true, force: true })
  const file = path.join(directory, 'archive.zip')
  try {
    if (!response.body) throw new Error('the answer has no body')
    await pipeline(bodyChunks(asked), createWriteStream(file))
  } catch (error) {
    await remove()
    options.signal?.throwIfAborted()
    throw new ConnectionError(
      'CONNECTION_FAILED',
      `${url.href} broke off: ${reasonOf(error)}; try again`,
      { retryable: true, context: { url: url.href }, cause: error },
    )
  } finally {
    asked.stop()
  }
  return { ...(await fileSource(file)), name: url.href, close: remove }
}

function refused(url: URL, response: Response): ArchiveError {
  return new ArchiveError(
    'ARCHIVE_NOT_READABLE',
    `${url.href} answered ${response.status}; check the month, archives are named YYYY-MM.zip`,
    { retryable: response.status >= 500, context: { source: url.href, status: response.status } },
  )
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? error.cause.message : error.message
}

function delay(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms)
    function done(): void {
      clearTimeout(timer)
      signal?.removeEventListener('abort', done)
      resolve()
    }
    signal?.addEventListener('abort', done, { once: true })
  })
}
