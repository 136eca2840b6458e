import { types } from 'node:util'
import { InputError, OptionError } from '../errors.js'
import { notReadable, type RandomAccess } from './random-access.js'

/** Bytes of a source in order. */
export interface Pieces {
  /** Bytes given out so far. */
  readonly bytesRead: number
  /** The next bytes, valid until `next` is called again; undefined at the end. Never empty. */
  next(): Promise<Uint8Array | undefined>
  /** Closes what is open; any number of times, at any time. */
  close(): Promise<void>
}

/** A piece boundary costs a read on another thread; a larger piece only memory, twice. */
export const PACKED_PIECE_BYTES = 512 * 1024

/** `head`, when there is one, then every piece. */
export async function* eachPiece(
  pieces: Pieces,
  head: Uint8Array = new Uint8Array(0),
): AsyncGenerator<Uint8Array, void> {
  if (head.length > 0) yield head
  for (;;) {
    const piece = await pieces.next()
    if (piece === undefined) return
    yield piece
  }
}

/** Which bytes, in what portions. */
export interface RangeOptions {
  readonly start: number
  readonly end: number
  readonly pieceBytes: number
  /** Two buffers in turn instead of a new one for each piece. */
  readonly reuse: boolean
  readonly label: string
}

/**
 * The bytes `start` to `end` of a file, Blob or memory, one piece read ahead while the piece before
 * is being used.
 */
export function rangePieces(access: RandomAccess, options: RangeOptions): Pieces {
  const { start, end, reuse, label } = options
  const pieceBytes = Math.min(options.pieceBytes, Math.max(1, end - start))
  const { memory } = access
  let position = start
  let bytesRead = 0
  let spare: Uint8Array | null = null
  let inUse: Uint8Array | null = null
  let ahead: Promise<Uint8Array> | null = null
  let closed = false

  function readAhead(): void {
    if (position >= end) return
    const target = spare ?? Buffer.allocUnsafeSlow(pieceBytes)
    spare = null
    const length = Math.min(pieceBytes, end - position)
    const at = position
    position += length
    ahead = access.read(target.subarray(0, length), at).then((count) => {
      if (count === length) return target.subarray(0, length)
      throw new InputError(
        'INPUT_TRUNCATED',
        `${label} became shorter while it was read: it ends at byte ${at + count} of ${end}; ` +
          'start again when nothing writes to it',
        { file: label, byteOffset: at + count },
      )
    })
    ahead.catch(() => undefined) // Reported when it is asked for, if it ever is.
  }

  return {
    get bytesRead() {
      return bytesRead
    },
    async next() {
      if (closed) return undefined
      if (memory !== undefined) {
        const piece = memory.subarray(position, Math.min(position + pieceBytes, end))
        position += piece.length
        bytesRead += piece.length
        return piece.length === 0 ? undefined : piece
      }
      if (ahead === null) readAhead()
      if (ahead === null) return undefined
      const piece: Uint8Array = await ahead
      ahead = null
      if (reuse) {
        spare = inUse
        inUse = new Uint8Array(piece.buffer, 0, piece.buffer.byteLength)
      }
      bytesRead += piece.length
      readAhead()
      return piece
    },
    async close() {
      if (closed) return
      closed = true
      // The descriptor may be closed only when no read is under way on it.
      await ahead?.catch(() => undefined)
      access.close()
    },
  }
}

/** Anything that gives chunks of bytes once: generators, Node streams, web streams. */
export type ByteStream = AsyncIterable<Uint8Array> | ReadableStream<Uint8Array>

/** The chunks of a stream as they come, nothing asked for ahead; `signal` ends a wait at once. */
export function streamPieces(
  stream: ByteStream,
  label: string,
  signal: AbortSignal | undefined,
): Pieces {
  const reader = openReader(stream)
  let bytesRead = 0
  let closed = false
  let waiting = false
  let ended = false
  let rejectNext: ((reason: unknown) => void) | null = null
  const onAbort = () => rejectNext?.(signal?.reason)
  signal?.addEventListener('abort', onAbort)

  return {
    get bytesRead() {
      return bytesRead
    },
    async next() {
      while (!closed && !ended) {
        const aborted = new Promise<never>((_, reject) => {
          rejectNext = reject
        })
        waiting = true
        let chunk: unknown
        try {
          signal?.throwIfAborted()
          chunk = await Promise.race([reader.read(), aborted])
          waiting = false
        } catch (cause) {
          if (signal?.aborted === true) throw signal.reason
          ended = true
          if (cause instanceof InputError || cause instanceof OptionError) throw cause
          throw notReadable(label, cause)
        }
        if (chunk === undefined) ended = true
        else if (!types.isUint8Array(chunk)) {
          throw new OptionError(
            'OPTION_INVALID',
            `${label} gave a ${typeof chunk} where bytes were expected; ` +
              'pass a stream of Uint8Array, without an encoding',
            { option: 'input' },
          )
        } else if (chunk.length > 0) {
          bytesRead += chunk.length
          return chunk
        }
      }
      return undefined
    },
    async close() {
      if (closed) return
      closed = true
      signal?.removeEventListener('abort', onAbort)
      // A generator answers only after the read under way, which may never end.
      const done = reader.cancel().catch(() => undefined)
      if (!waiting) await done
    },
  }
}

interface ChunkReader {
  /** The next chunk, undefined at the end. */
  read(): Promise<unknown>
  cancel(): Promise<void>
}

function openReader(stream: ByteStream): ChunkReader {
  if (typeof (stream as ReadableStream<Uint8Array>).getReader === 'function') {
    const reader = (stream as ReadableStream<Uint8Array>).getReader()
    return {
      read: async () => (await reader.read()).value,
      cancel: () => reader.cancel(),
    }
  }
  const iterator = (stream as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]()
  return {
    async read() {
      const result = await iterator.next()
      return result.done === true ? undefined : result.value
    },
    async cancel() {
      // A Node stream that waits for bytes is ended by `destroy`, never by `return`.
      ;(stream as { destroy?: () => unknown }).destroy?.()
      await iterator.return?.()
    },
  }
}

/** Pieces with a position inside them, for formats whose parts do not end where pieces end. */
export class PieceCursor {
  readonly #pieces: Pieces
  #piece: Uint8Array
  #start = 0
  /** Bytes before the cursor. */
  offset = 0

  /** @param head bytes already taken from `pieces`, which come first */
  constructor(pieces: Pieces, head: Uint8Array = new Uint8Array(0)) {
    this.#pieces = pieces
    this.#piece = head
  }

  /** Makes sure that `rest` has at least one byte; false at the end of the source. */
  async fill(): Promise<boolean> {
    if (this.#start < this.#piece.length) return true
    const piece = await this.#pieces.next()
    if (piece === undefined) return false
    this.#piece = piece
    this.#start = 0
    return true
  }

  /** Bytes after the cursor in the current piece. */
  get rest(): Uint8Array {
    return this.#piece.subarray(this.#start)
  }

  advance(count: number): void {
    this.#start += count
    this.offset += count
  }

  /** Steps back over `bytes`, the last ones that were passed. */
  putBack(bytes: Uint8Array): void {
    this.offset -= bytes.length
    if (bytes.length <= this.#start) {
      this.#start -= bytes.length
      return
    }
    const rest = this.rest
    this.#piece = new Uint8Array(bytes.length + rest.length)
    this.#piece.set(bytes)
    this.#piece.set(rest, bytes.length)
    this.#start = 0
  }

  /** Copies the next `length` bytes out; fewer at the end of the source. */
  async take(length: number): Promise<Uint8Array> {
    const taken = new Uint8Array(length)
    let filled = 0
    while (filled < length && (await this.fill())) {
      const part = this.rest.subarray(0, length - filled)
      taken.set(part, filled)
      filled += part.length
      this.advance(part.length)
    }
    return taken.subarray(0, filled)
  }
}
