import type { InputMessage } from './messages.js'

/** Largest chunk that is handed over in one piece. */
export const CHUNK_BYTES = 1 << 20
/** Chunks a thread may be behind the one that reads. */
export const CHUNKS_AHEAD = 16

/**
 * Hands input to another thread in buffers that change hands: a copy is sent, and its buffer comes
 * back to be filled again.
 *
 * Memory of both threads at once would spare the copy, but JavaScript copies from and to shared
 * memory several times slower than from and to its own.
 */
export class ChunkFeed {
  readonly #send: (message: InputMessage, transfer: readonly ArrayBuffer[]) => void
  readonly #spare: ArrayBuffer[] = []
  #made = 0
  #onSpare: (() => void) | null = null

  constructor(send: (message: InputMessage, transfer: readonly ArrayBuffer[]) => void) {
    this.#send = send
  }

  /** Resolves once a buffer is free, or `wake` was called. */
  async ready(): Promise<void> {
    if (this.#spare.length > 0 || this.#made < CHUNKS_AHEAD) return
    await new Promise<void>((resolve) => (this.#onSpare = resolve))
    this.#onSpare = null
  }

  /** Takes back a buffer that the other thread has used up. */
  takeBack(buffer: ArrayBuffer): void {
    this.#spare.push(buffer)
    this.wake()
  }

  /** Ends a wait: nothing may ever come back from a thread that failed. */
  wake(): void {
    this.#onSpare?.()
  }

  /** Sends at most CHUNK_BYTES bytes; only when `ready` has resolved and no other thread failed. */
  send(bytes: Uint8Array): void {
    let buffer = this.#spare.pop()
    if (buffer === undefined) {
      this.#made++
      buffer = new ArrayBuffer(CHUNK_BYTES)
    }
    new Uint8Array(buffer).set(bytes)
    this.#send({ type: 'chunk', buffer, byteCount: bytes.length }, [buffer])
  }

  /** Says that no chunk follows. */
  end(): void {
    this.#send({ type: 'end' }, [])
  }
}
