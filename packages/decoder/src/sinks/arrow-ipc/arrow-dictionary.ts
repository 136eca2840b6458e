import type { Dictionary } from '../../batch.js'

/**
 * The dictionary of one Arrow column: what the batches' dictionary holds, in the same order and
 * without the null, so that an index is one less here; then what else is listed.
 */
export class ArrowDictionary {
  readonly id: number
  readonly #listed: readonly string[]
  readonly #texts: string[] = []
  readonly #indexes = new Map<string, number>()
  #source: Dictionary | null = null
  #map = new Int32Array(0)
  #mappedCount = 0
  /** True when the map given last makes every index one less, and only zero -1. */
  isLessOne = true

  /** @param listed texts that every file of this layout has, whether they occur or not */
  constructor(id: number, listed: readonly string[]) {
    this.id = id
    this.#listed = listed
  }

  /** All texts so far, the listed ones included. */
  texts(): readonly string[] {
    for (const text of this.#listed) this.indexOf(text)
    return this.#texts
  }

  /** Index of a text, added when new. */
  indexOf(text: string): number {
    let index = this.#indexes.get(text)
    if (index === undefined) {
      index = this.#texts.length
      this.#texts.push(text)
      this.#indexes.set(text, index)
    }
    return index
  }

  /**
   * Where each index of a batch's dictionary leads here, -1 for null.
   *
   * @param textOf the text of a value; null where it has none
   */
  mapOf(
    source: Dictionary,
    textOf: (value: string | number | boolean) => string | null,
  ): Int32Array {
    const count = source.values.length
    if (source !== this.#source) {
      this.#source = source
      this.#mappedCount = 0
      this.isLessOne = true
    }
    if (count > this.#map.length) {
      const map = new Int32Array(count * 2)
      map.set(this.#map.subarray(0, this.#mappedCount))
      this.#map = map
    }
    for (; this.#mappedCount < count; this.#mappedCount++) {
      const value = source.values[this.#mappedCount]!
      const text = value === null ? null : textOf(value)
      const index = text === null ? -1 : this.indexOf(text)
      this.#map[this.#mappedCount] = index
      this.isLessOne &&= index === this.#mappedCount - 1
    }
    return this.#map
  }
}
