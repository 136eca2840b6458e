/** Writes deflate data bit by bit, for streams that no compressor would make. */
export class BitWriter {
  readonly #bits: number[] = []

  /** A number, lowest bit first, as all but codes are written. */
  bits(value: number, count: number): this {
    for (let i = 0; i < count; i++) this.#bits.push((value >>> i) & 1)
    return this
  }

  /** A Huffman code, highest bit first. */
  code(value: number, count: number): this {
    for (let i = count - 1; i >= 0; i--) this.#bits.push((value >>> i) & 1)
    return this
  }

  /** Begins a last block with the fixed codes. */
  fixedBlock(): this {
    return this.bits(1, 1).bits(1, 2)
  }

  /** What was written, the last byte filled up with zeros. */
  bytes(): Buffer {
    const bytes = Buffer.alloc(Math.ceil(this.#bits.length / 8))
    this.#bits.forEach((bit, index) => (bytes[index >> 3]! |= bit << (index & 7)))
    return bytes
  }
}
