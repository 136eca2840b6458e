import type { IndexArray } from './rle.js'

/**
 * Finds which entries of a dictionary occur in each page of a chunk, and in the chunk.
 *
 * Arrays are kept from one chunk to the next: an entry is marked with the number of the page that
 * saw it last, so that nothing needs clearing.
 */
export class DistinctIndexes {
  /** Entries by page, one page after the other; null (0) is left out. */
  readonly found: Uint32Array
  /** Half-open ranges in `found`: page p is `starts[p]` to `starts[p + 1]`. */
  readonly starts: number[] = [0]
  /** Whether page p has a null. */
  readonly hasNull: boolean[] = []
  #marks = new Uint32Array(256)
  #mark = 0

  constructor(rowCapacity: number) {
    this.found = new Uint32Array(rowCapacity)
  }

  /** Starts a chunk whose indexes are below `size`. */
  begin(size: number): void {
    this.starts.length = 1
    this.hasNull.length = 0
    if (this.#marks.length < size) this.#marks = new Uint32Array(size * 2)
    // One mark a page and one a chunk: starts over long before it leaves 32 bits.
    if (this.#mark > 0xf0000000) {
      this.#marks.fill(0)
      this.#mark = 0
    }
  }

  /** Looks through rows `start` to `end` as the next page. */
  addPage(indexes: IndexArray, start: number, end: number): void {
    const marks = this.#marks
    const mark = ++this.#mark
    const { found } = this
    let count = this.starts[this.starts.length - 1]!
    let previous = -1
    for (let row = start; row < end; row++) {
      const index = indexes[row]!
      if (index === previous) continue
      previous = index
      if (marks[index] !== mark) {
        marks[index] = mark
        if (index !== 0) found[count++] = index
      }
    }
    this.starts.push(count)
    this.hasNull.push(marks[0] === mark)
  }

  /** Writes the entries of all pages to `target`, each once, and returns how many they are. */
  union(target: Uint32Array): number {
    const marks = this.#marks
    const mark = ++this.#mark
    const { found } = this
    const end = this.starts[this.starts.length - 1]!
    let count = 0
    for (let i = 0; i < end; i++) {
      const index = found[i]!
      if (marks[index] === mark) continue
      marks[index] = mark
      target[count++] = index
    }
    return count
  }
}
