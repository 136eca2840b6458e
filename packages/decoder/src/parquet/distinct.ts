import type { IndexArray } from './rle.js'

/** Dictionaries up to this size have a table of marks that is cleared after each page. */
const SMALL_SIZE = 2048

/**
 * Finds which entries of a dictionary occur in each page of a chunk, and in the chunk.
 *
 * Small dictionaries are marked without looking; in large ones, where clearing the marks would cost
 * more than setting them, an entry is marked with the number of the page that saw it last. Pages
 * are given without their nulls. Nothing is allocated per row.
 */
export class DistinctIndexes {
  /** Entries by page, one page after the other. */
  readonly found: Uint32Array
  /** Half-open ranges in `found`: page p is `starts[p]` to `starts[p + 1]`. */
  readonly starts: number[] = [0]
  readonly #small = new Uint8Array(SMALL_SIZE)
  readonly #smallWords = new Int32Array(this.#small.buffer)
  #size = 0
  #marks = new Uint32Array(SMALL_SIZE)
  #mark = 0

  constructor(rowCapacity: number) {
    this.found = new Uint32Array(rowCapacity + SMALL_SIZE)
  }

  /** Starts a chunk whose indexes are below `size`. */
  begin(size: number): void {
    this.starts.length = 1
    this.#size = size
    if (this.#marks.length < size) this.#marks = new Uint32Array(size * 2)
    // One mark a page and one a chunk: starts over long before it leaves 32 bits.
    if (this.#mark > 0xf0000000) {
      this.#marks.fill(0)
      this.#mark = 0
    }
  }

  /**
   * Looks through `count` values from `start` on as the next page; `words` is the same memory by
   * four bytes, `start` a multiple of eight.
   */
  addPage(values: IndexArray, words: Int32Array, start: number, count: number): void {
    const end = start + count
    if (this.#size > SMALL_SIZE) {
      this.#addLarge(values, start, end)
      return
    }
    const small = this.#small
    const wholeEnd = start + (count & ~7)
    if (values.BYTES_PER_ELEMENT === 1) mark8(words, start >> 2, wholeEnd >> 2, small)
    else if (values.BYTES_PER_ELEMENT === 2) mark16(words, start >> 1, wholeEnd >> 1, small)
    else mark32(words, start, wholeEnd, small)
    for (let i = wholeEnd; i < end; i++) small[values[i]!] = 1
    this.#collectSmall()
  }

  #collectSmall(): void {
    const { found } = this
    const small = this.#small
    const words = this.#smallWords
    let next = this.starts[this.starts.length - 1]!
    for (let w = 0; w * 4 < this.#size; w++) {
      if (words[w] === 0) continue
      for (let i = w * 4; i < w * 4 + 4; i++) {
        found[next] = i
        next += small[i]!
      }
      words[w] = 0
    }
    this.starts.push(next)
  }

  #addLarge(values: IndexArray, start: number, end: number): void {
    const marks = this.#marks
    const mark = ++this.#mark
    const { found } = this
    let next = this.starts[this.starts.length - 1]!
    let previous = -1
    for (let i = start; i < end; i++) {
      const index = values[i]!
      if (index === previous) continue
      previous = index
      if (marks[index] === mark) continue
      marks[index] = mark
      found[next++] = index
    }
    this.starts.push(next)
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

function mark8(words: Int32Array, start: number, end: number, marks: Uint8Array): void {
  let previous = 0
  for (let w = start; w < end; w++) {
    const word = words[w]!
    if (word === previous && w > start) continue
    previous = word
    marks[word & 255] = 1
    marks[(word >> 8) & 255] = 1
    marks[(word >> 16) & 255] = 1
    marks[word >>> 24] = 1
  }
}

function mark16(words: Int32Array, start: number, end: number, marks: Uint8Array): void {
  let previous = 0
  for (let w = start; w < end; w++) {
    const word = words[w]!
    if (word === previous && w > start) continue
    previous = word
    marks[word & 0xffff] = 1
    marks[word >>> 16] = 1
  }
}

function mark32(words: Int32Array, start: number, end: number, marks: Uint8Array): void {
  for (let w = start; w < end; w++) marks[words[w]!] = 1
}
