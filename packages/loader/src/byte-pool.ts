/** The smallest array. Others have twice as many bytes, or four times, and so on. */
const LEAST_BYTES = 16 << 10
/** A free array may be so many times as large as need be. */
const MOST_TIMES = 4

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
   * @param mostBytes bytes kept for later at most, of arrays that are not shared. Shared ones are
   *   all kept: their size is nothing that would make the collector run, so that what is dropped
   *   would pile up.
   * @param shared whether other threads may read the arrays. Default false.
   */
  constructor(mostBytes: number, { shared = false }: { readonly shared?: boolean } = {}) {
    this.#mostBytes = shared ? Infinity : mostBytes
    this.#shared = shared
  }

  /** An array of `byteCount` bytes with whatever they held before. */
  take(byteCount: number): Uint8Array {
    let size = LEAST_BYTES
    while (size < byteCount) size *= 2
    for (let fitting = size; fitting <= size * MOST_TIMES; fitting *= 2) {
      const found = this.#free.findIndex(({ byteLength }) => byteLength === fitting)
      if (found < 0) continue
      const [buffer] = this.#free.splice(found, 1)
      this.#freeBytes -= fitting
      return new Uint8Array(buffer!, 0, byteCount)
    }
    const buffer = this.#shared ? new SharedArrayBuffer(size) : Buffer.allocUnsafeSlow(size).buffer
    return new Uint8Array(buffer, 0, byteCount)
  }

  /** Takes back arrays that nobody reads any more. */
  give(arrays: readonly Uint8Array[]): void {
    for (const { buffer } of arrays) {
      if (this.#freeBytes + buffer.byteLength > this.#mostBytes) continue
      this.#free.push(buffer)
      this.#freeBytes += buffer.byteLength
    }
  }
}
