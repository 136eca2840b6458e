import type { InputMessage } from './messages.js'

/** Bytes that are handed over in one piece. */
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
  /** The buffer being filled: every message costs, so chunks are gathered. */
  #open: Uint8Array | null = null
  #filled = 0

  constructor(send: (message: InputMessage, transfer: readonly ArrayBuffer[]) => void) {
    this.#send = send
  }

  /** Resolves once there is room for so many bytes, at most CHUNK_BYTES, or `wake` was called. */
  async ready(byteCount: number): Promise<void> {
    if (this.#hasRoom(byteCount) || this.#spare.length > 0 || this.#made < CHUNKS_AHEAD) return
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

  /** Takes bytes for the other thread; only when `ready` has resolved and no other thread failed. */
  send(bytes: Uint8Array): void {
    if (!this.#hasRoom(bytes.length)) {
      this.#flush()
      let buffer = this.#spare.pop()
      if (buffer === undefined) {
        this.#made++
        buffer = new ArrayBuffer(CHUNK_BYTES)
      }
      this.#open = new Uint8Array(buffer)
    }
    this.#open!.set(bytes, this.#filled)
    this.#filled += bytes.length
    if (this.#filled === CHUNK_BYTES) this.#flush()
  }

  /** Says that no chunk follows. */
  end(): void {
    this.#flush()
    this.#send({ type: 'end' }, [])
  }

  #hasRoom(byteCount: number): boolean {
    return this.#open !== null && this.#filled + byteCount <= CHUNK_BYTES
  }

  #flush(): void {
    if (this.#open === null) return
    const buffer = this.#open.buffer as ArrayBuffer
    this.#send({ type: 'chunk', buffer, byteCount: this.#filled }, [buffer])
    this.#open = null
    this.#filled = 0
  }
}
