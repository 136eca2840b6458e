import type { Dictionary } from '../../batch.js'

const UNSEEN = -2
const NULL = -1

/**
 * The dictionary of one Arrow column: what is listed, then what else the column's own rows hold, in
 * their order. It does not depend on what other columns or segments hold, although the decoder's
 * dictionaries, which several columns share, do.
 */
export class ArrowDictionary {
  readonly id: number
  readonly texts: string[] = []
  readonly #indexes = new Map<string, number>()
  readonly #textOf: (value: string | number | boolean) => string | null
  #source: Dictionary | null = null
  #map = new Int32Array(0)
  #matchedCount = 0

  /**
   * @param listed texts that every file of this layout has, whether they occur or not
   * @param textOf the text of a value; null for a value that has none
   */
  constructor(
    id: number,
    listed: readonly string[],
    textOf: (value: string | number | boolean) => string | null,
  ) {
    this.id = id
    this.#textOf = textOf
    for (const text of listed) this.#indexOfText(text)
  }

  /** Index of a value's text, added when new; -1 for null. */
  indexOf(value: string | number | boolean | null): number {
    const text = value === null ? null : this.#textOf(value)
    return text === null ? NULL : this.#indexOfText(text)
  }

  /**
   * Leading values of a batch's dictionary, null apart, that stand here in the same order: up to
   * this index of the batch, an index here is one less.
   */
  matchedCount(source: Dictionary): number {
    this.#follow(source)
    const { values } = source
    const { texts } = this
    let count = this.#matchedCount
    const limit = Math.min(texts.length, values.length - 1)
    while (count < limit && this.#textOf(values[count + 1]!) === texts[count]) count++
    this.#matchedCount = count
    return count
  }

  /** Writes where each of a batch's indices leads here to `to`, from `at` on; -1 for null. */
  translate(
    source: Dictionary,
    indices: Uint8Array | Uint16Array | Uint32Array,
    rowCount: number,
    to: Int32Array,
    at: number,
  ): void {
    this.#follow(source)
    const { values } = source
    if (values.length > this.#map.length) {
      const map = new Int32Array(values.length * 2).fill(UNSEEN)
      map.set(this.#map)
      this.#map = map
    }
    const map = this.#map
    for (let row = 0; row < rowCount; row++) {
      const index = indices[row]!
      let here = map[index]!
      if (here === UNSEEN) {
        here = this.indexOf(values[index]!)
        map[index] = here
      }
      to[at + row] = here
    }
  }

  #follow(source: Dictionary): void {
    if (source === this.#source) return
    this.#source = source
    this.#map.fill(UNSEEN)
    this.#matchedCount = 0
  }

  #indexOfText(text: string): number {
    let index = this.#indexes.get(text)
    if (index === undefined) {
      index = this.texts.length
      this.texts.push(text)
      this.#indexes.set(text, index)
    }
    return index
  }
}
