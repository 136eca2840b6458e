import * as zlib from 'node:zlib'
import { hasWasm } from '../wasm/web-assembly.js'
import { Inflater } from './inflater.js'
import type { PieceCursor } from './pieces.js'

export interface InflateOptions {
  readonly chunkBytes: number
  /** A chunk's memory is used again, or freed, once the next chunk is asked for. */
  readonly reuseChunks: boolean
}

/** What inflating finds out about the plain bytes; right once it has ended. */
export interface Sum {
  crc32: number
}

/** Plain bytes at a time: what inflates, checks and decodes them finds them in the core's own cache. */
const CHUNK_BYTES = 256 << 10
/** Chunks after which waiting timers, signals and messages get their turn. */
const CHUNKS_IN_A_ROW = 16

/**
 * Inflates the raw deflate data at the cursor and leaves the cursor just after its last byte.
 *
 * On this thread, in WebAssembly: on two cores, which decoding keeps busy as it is, that is worth
 * more than zlib on a thread of its own, for it takes 0.4 s of processor time less a GB: the
 * work is less, and no chunk has to be handed from core to core. Where WebAssembly is not allowed, zlib does it.
 *
 * @throws errors of code Z_BUF_ERROR where the data ends early, Z_DATA_ERROR where it is wrong; what
 *   the source of the cursor throws, unchanged
 */
export function inflateRaw(
  cursor: PieceCursor,
  options: InflateOptions,
  sum: Sum,
): AsyncGenerator<Uint8Array, void> {
  return hasWasm() ? inflateHere(cursor, options, sum) : inflateByZlib(cursor, options, sum)
}

/** See {@link inflateRaw}. */
export async function* inflateHere(
  cursor: PieceCursor,
  { chunkBytes, reuseChunks }: InflateOptions,
  sum: Sum,
): AsyncGenerator<Uint8Array, void> {
  const inflater = takeInflater(Math.min(chunkBytes, CHUNK_BYTES))
  let given = 0
  try {
    while (!inflater.isDone) {
      if (await cursor.fill()) cursor.advance(inflater.take(cursor.rest))
      else inflater.end()
      for (;;) {
        const chunk = inflater.next()
        if (chunk === null) break
        yield reuseChunks ? chunk : chunk.slice()
        if (++given % CHUNKS_IN_A_ROW === 0) await new Promise((resolve) => setImmediate(resolve))
      }
    }
    cursor.putBack(inflater.unused)
    sum.crc32 = inflater.crc32
  } finally {
    spare = inflater
  }
}

/** Kept for the next use: a gzip file may have a hundred thousand members. */
let spare: Inflater | null = null

function takeInflater(chunkBytes: number): Inflater {
  const inflater = spare
  spare = null
  if (inflater?.chunkBytes !== chunkBytes) return new Inflater(chunkBytes)
  inflater.reset()
  return inflater
}

/**
 * See {@link inflateRaw}. Node runs zlib on another thread: while a chunk is being used the next one
 * is made, one and no more as long as `chunkBytes` is at least the 64 KiB a stream buffers. Chunks
 * are whole but for the last of each input piece. Node's default of 16 KiB costs three quarters of
 * the speed, for every chunk is a hand-over between threads.
 */
export async function* inflateByZlib(
  cursor: PieceCursor,
  { chunkBytes, reuseChunks }: InflateOptions,
  sum: Sum,
): AsyncGenerator<Uint8Array, void> {
  const { discard } = await import('./discard.js') // Loads threads, which nothing else here needs.
  const inflate = zlib.createInflateRaw({ chunkSize: chunkBytes })
  const start = cursor.offset
  let sourceFailure: { readonly error: unknown } | null = null

  async function feed(): Promise<void> {
    try {
      while (await cursor.fill()) {
        const piece = cursor.rest
        await new Promise<void>((resolve, reject) => {
          inflate.write(piece, (error) => (error ? reject(error) : resolve()))
        })
        const consumed = start + inflate.bytesWritten - cursor.offset
        cursor.advance(consumed)
        if (consumed < piece.length) return // The deflate data has ended within, or before, it.
      }
    } catch (error) {
      if (inflate.errored === null && !inflate.destroyed) {
        sourceFailure = { error }
        inflate.destroy(new Error('the source failed'))
      }
      return
    }
    inflate.end()
  }

  const feeding = feed()
  try {
    sum.crc32 = 0
    for await (const chunk of inflate as AsyncIterable<Uint8Array>) {
      sum.crc32 = zlib.crc32(chunk, sum.crc32)
      yield chunk
      // zlib writes behind a chunk that does not reach the end of its memory.
      if (reuseChunks && chunk.byteOffset + chunk.length === chunk.buffer.byteLength) discard(chunk)
    }
    await feeding // The cursor is in place only now.
  } catch (error) {
    throw (sourceFailure as { readonly error: unknown } | null)?.error ?? error
  } finally {
    inflate.destroy()
  }
}
