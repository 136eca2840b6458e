import type { InputMessage } from './messages.js'

/** Bytes that are handed over in one message, as a rule. */
export const CHUNK_BYTES = 1 << 20
/** Bytes from which a message is not kept for more. */
const ENOUGH_BYTES = (CHUNK_BYTES / 4) * 3
/** Chunks a thread may be behind the one that reads. */
export const CHUNKS_AHEAD = 8

/**
 * Hands lines to another thread in buffers that change hands: a copy is sent, and its buffer comes
 * back to be filled again. Lines sent together are given to the decoder there together.
 *
 * Memory of both threads at once would spare the copy, but JavaScript copies from and to shared
 * memory several times slower than from and to its own.
 */
export class ChunkFeed {
  readonly #send: (message: InputMessage, transfer: readonly ArrayBuffer[]) => void
  readonly #spare: ArrayBuffer[] = []
  /** Buffers the other thread has. */
  #away = 0
  #onSpare: (() => void) | null = null
  /** The buffer being filled: every message costs, so portions are gathered. */
  #open: Uint8Array | null = null
  /** Where the portions in it end. */
  #ends: number[] = []

  constructor(send: (message: InputMessage, transfer: readonly ArrayBuffer[]) => void) {
    this.#send = send
  }

  /**
   * Resolves once the other thread is not too far behind, or `wake` was called. What is sent until it
   * is asked again is taken in any case.
   */
  async ready(): Promise<void> {
    if (this.#away < CHUNKS_AHEAD) return
    await new Promise<void>((resolve) => (this.#onSpare = resolve))
    this.#onSpare = null
  }

  /** Takes back a buffer that the other thread has used up. */
  takeBack(buffer: ArrayBuffer): void {
    this.#away--
    if (buffer.byteLength === CHUNK_BYTES) this.#spare.push(buffer)
    this.wake()
  }

  /** Ends a wait: nothing may ever come back from a thread that failed. */
  wake(): void {
    this.#onSpare?.()
  }

  /** Takes a portion of lines, which may be overwritten at once. */
  send(lines: Uint8Array): void {
    let start = this.#ends.at(-1) ?? 0
    if (this.#open !== null && start + lines.length > this.#open.length) {
      this.#flush()
      start = 0
    }
    this.#open ??= new Uint8Array(this.#bufferFor(lines.length))
    this.#open.set(lines, start)
    this.#ends.push(start + lines.length)
    if (start + lines.length >= ENOUGH_BYTES) this.#flush()
  }

  /** Says that no lines follow. */
  end(): void {
    this.#flush()
    this.#send({ type: 'end' }, [])
  }

  #bufferFor(byteCount: number): ArrayBuffer {
    // A single line may be larger than all others of a chunk together.
    if (byteCount > CHUNK_BYTES) return new ArrayBuffer(byteCount)
    const spare = this.#spare.pop()
    if (spare !== undefined) return spare
    return new ArrayBuffer(CHUNK_BYTES)
  }

  #flush(): void {
    if (this.#open === null) return
    const buffer = this.#open.buffer as ArrayBuffer
    this.#away++
    this.#send({ type: 'chunk', buffer, ends: this.#ends }, [buffer])
    this.#open = null
    this.#ends = []
  }
}
