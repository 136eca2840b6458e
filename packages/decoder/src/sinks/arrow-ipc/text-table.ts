import type { Dictionary } from '../../batch.js'

/**
 * The UTF-8 bytes of every value of a dictionary, zero-padded to entries of equally many
 * eight-byte words, so that they are copied by words.
 *
 * Words are held as float64: a NaN, whose bits a copy might change, takes a last byte of 0x7F or
 * 0xFF after one of 0xF0 or more, which UTF-8 never has.
 */
export class TextTable {
  words = new Float64Array(0)
  lengths = new Int32Array(0)
  wordsPerText = 1
  #count = 0
  #source: Dictionary | null = null

  /** Makes the table complete for a dictionary as it is now. */
  update(source: Dictionary): void {
    const { values } = source
    if (source !== this.#source) {
      this.#source = source
      this.#count = 0
    }
    if (values.length === this.#count) return
    const texts = values.slice(this.#count).map((value) => Buffer.from(String(value ?? '')))
    const longest = texts.reduce((length, text) => Math.max(length, text.length), 0)
    this.#makeRoom(values.length, Math.max(this.wordsPerText, Math.ceil(longest / 8)))
    const bytes = new Uint8Array(this.words.buffer)
    for (const text of texts) {
      const at = this.#count * this.wordsPerText * 8
      bytes.fill(0, at, at + this.wordsPerText * 8).set(text, at)
      this.lengths[this.#count++] = text.length
    }
  }

  #makeRoom(count: number, wordsPerText: number): void {
    if (count <= this.lengths.length && wordsPerText === this.wordsPerText) return
    const capacity = count <= this.lengths.length ? this.lengths.length : count * 2
    const words = new Float64Array(capacity * wordsPerText)
    for (let index = 0; index < this.#count; index++) {
      for (let word = 0; word < this.wordsPerText; word++) {
        words[index * wordsPerText + word] = this.words[index * this.wordsPerText + word]!
      }
    }
    const lengths = new Int32Array(capacity)
    lengths.set(this.lengths)
    this.words = words
    this.lengths = lengths
    this.wordsPerText = wordsPerText
  }
}
