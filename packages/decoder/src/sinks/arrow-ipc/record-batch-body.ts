const ALIGNMENT = 64

/**
 * The body of a record batch in the making: its buffers one behind the other, each at a multiple of
 * 64 bytes as the format recommends for memory mapping. The room is used again for the next body.
 */
export class RecordBatchBody {
  bytes = new Uint8Array(0)
  /** Offset and length of each buffer, in column order. */
  readonly buffers: number[] = []
  /** Row count and null count of each column. */
  readonly nodes: number[] = []
  length = 0

  clear(): void {
    this.buffers.length = 0
    this.nodes.length = 0
    this.length = 0
  }

  /**
   * Takes a buffer of `size` bytes of unspecified content and returns its offset. Views of `bytes`
   * made before are stale after.
   */
  take(size: number): number {
    const offset = this.length
    this.length = aligned(offset + size)
    this.reserve(this.length)
    this.bytes.fill(0, offset + size, this.length)
    this.buffers.push(offset, size)
    return offset
  }

  /** Makes sure that `bytes` holds `length` bytes, keeping those up to `this.length`. */
  reserve(length: number): void {
    if (length <= this.bytes.length) return
    const larger = new Uint8Array(Math.max(length, this.bytes.length * 2))
    larger.set(this.bytes.subarray(0, Math.min(this.length, this.bytes.length)))
    this.bytes = larger
  }

  /** Shortens the buffer taken last. */
  shorten(size: number): void {
    const offset = this.buffers.at(-2)!
    this.buffers[this.buffers.length - 1] = size
    this.length = aligned(offset + size)
    this.bytes.fill(0, offset + size, this.length)
  }
}

/** The next multiple of 64. */
export function aligned(length: number): number {
  return Math.ceil(length / ALIGNMENT) * ALIGNMENT
}
