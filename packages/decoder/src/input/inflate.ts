import * as zlib from 'node:zlib'
import { discard } from './discard.js'
import type { PieceCursor } from './pieces.js'

export interface InflateOptions {
  readonly chunkBytes: number
  /** A chunk's memory is freed once the next chunk is asked for. */
  readonly reuseChunks: boolean
}

/**
 * Inflates the raw deflate data at the cursor and leaves the cursor just after its last byte.
 *
 * Node inflates on another thread: while a chunk is being used the next one is made, one and no
 * more as long as `chunkBytes` is at least the 64 KiB a stream buffers. Chunks are whole but for
 * the last of each input piece. Node's default of 16 KiB costs three quarters of the speed, for
 * every chunk is a hand-over between threads.
 *
 * @throws what zlib throws, code Z_BUF_ERROR where the data ends early, Z_DATA_ERROR where it is
 *   wrong; what the source of the cursor throws, unchanged
 */
export async function* inflateRaw(
  cursor: PieceCursor,
  { chunkBytes, reuseChunks }: InflateOptions,
): AsyncGenerator<Uint8Array, void> {
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
    for await (const chunk of inflate as AsyncIterable<Uint8Array>) {
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
