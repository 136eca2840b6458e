/** The smallest array that is kept. Others have twice as many bytes, or four times, and so on. */
const LEAST_BYTES = 256 << 10

/**
 * Arrays that are used again. A new one for each batch would have the collector run every few dozen
 * megabytes, and the system clear pages.
 *
 * An array is at most twice as large as what was asked for, so that the bytes somebody uses tell what
 * they hold.
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
    if (byteCount < LEAST_BYTES / 2) return new Uint8Array(this.#allocate(byteCount))
    let size = LEAST_BYTES
    while (size < byteCount) size *= 2
    const found = this.#free.findIndex(({ byteLength }) => byteLength === size)
    if (found >= 0) {
      const [buffer] = this.#free.splice(found, 1)
      this.#freeBytes -= size
      return new Uint8Array(buffer!, 0, byteCount)
    }
    return new Uint8Array(this.#allocate(size), 0, byteCount)
  }

  #allocate(size: number): ArrayBufferLike {
    return this.#shared ? new SharedArrayBuffer(size) : Buffer.allocUnsafeSlow(size).buffer
  }

  /** Takes back arrays that nobody reads any more. */
  give(arrays: readonly Uint8Array[]): void {
    for (const { buffer } of arrays) {
      if (buffer.byteLength < LEAST_BYTES) continue
      if (this.#freeBytes + buffer.byteLength > this.#mostBytes) continue
      this.#free.push(buffer)
      this.#freeBytes += buffer.byteLength
    }
  }
}
