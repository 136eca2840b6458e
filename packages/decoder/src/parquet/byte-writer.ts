/**
 * Bytes being written, in one buffer that grows, or has a fixed size known to be enough.
 *
 * Per-value code asks for room once with `reserve`, then works on `bytes` and `length` itself.
 */
export class ByteWriter {
  bytes: Uint8Array
  view: DataView
  length = 0

  readonly #isFixed: boolean

  /** Starts with a buffer of its own of this size, or with the one given. */
  constructor(initial: number | Uint8Array, size: 'growing' | 'fixed' = 'growing') {
    this.#isFixed = size === 'fixed'
    this.bytes = typeof initial === 'number' ? new Uint8Array(initial) : initial
    this.view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.length)
  }

  /** Makes room for `count` more bytes; may replace `bytes` and `view`. */
  reserve(count: number): void {
    const needed = this.length + count
    if (needed <= this.bytes.length) return
    if (this.#isFixed) throw new RangeError(`${needed} bytes are too many for ${this.bytes.length}`)
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, needed))
    grown.set(this.bytes.subarray(0, this.length))
    this.bytes = grown
    this.view = new DataView(grown.buffer)
  }

  byte(value: number): void {
    if (this.length === this.bytes.length) this.reserve(1)
    this.bytes[this.length++] = value
  }

  uint32(value: number): void {
    this.reserve(4)
    this.view.setUint32(this.length, value, true)
    this.length += 4
  }

  /** Unsigned LEB128 of a whole number from 0 to 2^53 - 1. */
  varint(value: number): void {
    if (value < 128) {
      this.byte(value)
      return
    }
    this.reserve(8)
    let rest = value
    while (rest > 127) {
      this.bytes[this.length++] = (rest & 127) | 128
      rest = Math.floor(rest / 128)
    }
    this.bytes[this.length++] = rest
  }

  /** Zigzag LEB128 of a whole number from -(2^53 - 1) to 2^53 - 1. */
  zigzag(value: number): void {
    if (value >= 0 && value < 64) {
      this.byte(value * 2)
      return
    }
    if (Math.abs(value) < 2 ** 52) {
      this.varint(value >= 0 ? value * 2 : -value * 2 - 1)
      return
    }
    // Twice the number is no longer exact: the lowest seven bits are taken off before doubling.
    const magnitude = value >= 0 ? value : -value - 1
    this.byte(((magnitude % 64) * 2 + (value < 0 ? 1 : 0)) | 128)
    this.varint(Math.floor(magnitude / 64))
  }

  append(source: Uint8Array): void {
    this.reserve(source.length)
    this.bytes.set(source, this.length)
    this.length += source.length
  }

  /** What was written so far, as a view that the next write may overwrite. */
  written(): Uint8Array {
    return this.bytes.subarray(0, this.length)
  }
}
