import type { Dictionary } from '../../batch.js'
import type { ColumnSpec } from '../../spec/types.js'

/** The dictionary of one Arrow column: texts in order of first sight, listed ones first. */
export class ArrowDictionary {
  readonly id: number
  readonly texts: string[] = []
  readonly #indexes = new Map<string, number>()
  #source: Dictionary | null = null
  /** Index here of each index of the batch's dictionary; -1 for null. */
  #map = new Int32Array(0)
  #mappedCount = 0

  /** @param listed texts every file of this layout has, in this order, whether used or not */
  constructor(id: number, listed: Iterable<string>) {
    this.id = id
    for (const text of listed) this.indexOf(text)
  }

  /** Index of a text, added when new. */
  indexOf(text: string): number {
    let index = this.#indexes.get(text)
    if (index === undefined) {
      index = this.texts.length
      this.texts.push(text)
      this.#indexes.set(text, index)
    }
    return index
  }

  /** Where each index of a batch's dictionary leads here; `textOf` gives its text, or null. */
  mapOf(
    source: Dictionary,
    textOf: (index: number) => string | number | boolean | null,
  ): Int32Array {
    const count = source.values.length
    if (source !== this.#source) {
      this.#source = source
      this.#mappedCount = 0
    }
    if (count > this.#map.length) {
      const map = new Int32Array(count * 2)
      map.set(this.#map)
      this.#map = map
    }
    for (; this.#mappedCount < count; this.#mappedCount++) {
      const text = textOf(this.#mappedCount)
      this.#map[this.#mappedCount] = text === null ? -1 : this.indexOf(String(text))
    }
    return this.#map
  }
}

/** The codes a column can hold, or their labels, as a dictionary lists them. */
export function listedTexts(spec: ColumnSpec, labels: boolean): readonly string[] {
  const fitting = [...(spec.codes?.codes ?? [])].filter(([code]) => code.length <= spec.width)
  return fitting.map(([code, { label }]) => (labels ? label : code))
}
