/** Sizes are multiples of this, so that an array serves requests that differ a little. */
const STEP_BYTES = 256 << 10
/** An array serves a request of at least this part of its size. */
const LEAST_SHARE = 1 / 4

/**
 * Arrays that are used again. A new one for each batch would have the collector run every few dozen
 * megabytes, and the system clear pages.
 */
export class BytePool {
  readonly #free: ArrayBufferLike[] = []
  readonly #mostBytes: number
  readonly #shared: boolean
  #freeBytes = 0

  /**
   * @param mostBytes bytes kept for later at most
   * @param shared whether other threads may read the arrays. Default false.
   */
  constructor(mostBytes: number, { shared = false }: { readonly shared?: boolean } = {}) {
    this.#mostBytes = mostBytes
    this.#shared = shared
  }

  /** An array of `byteCount` bytes with whatever they held before. */
  take(byteCount: number): Uint8Array {
    const found = this.#free.findIndex(
      ({ byteLength }) => byteLength >= byteCount && byteCount >= byteLength * LEAST_SHARE,
    )
    if (found >= 0) {
      const [buffer] = this.#free.splice(found, 1)
      this.#freeBytes -= buffer!.byteLength
      return new Uint8Array(buffer!, 0, byteCount)
    }
    const size = Math.ceil(byteCount / STEP_BYTES) * STEP_BYTES
    const buffer = this.#shared ? new SharedArrayBuffer(size) : Buffer.allocUnsafeSlow(size).buffer
    return new Uint8Array(buffer, 0, byteCount)
  }

  /** Takes back arrays that nobody reads any more. */
  give(arrays: readonly Uint8Array[]): void {
    for (const { buffer } of arrays) {
      if (this.#freeBytes + buffer.byteLength > this.#mostBytes) return
      this.#free.push(buffer)
      this.#freeBytes += buffer.byteLength
    }
  }
}
