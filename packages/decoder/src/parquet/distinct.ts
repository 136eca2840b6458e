import type { IndexArray } from './kernels/kernels.js'
import type { RankedValues } from './ranked-values.js'
import { MARK_TABLE_SIZE, type Workspace } from './workspace.js'

/**
 * Finds which entries of a dictionary occur in each page of a chunk, and in the chunk.
 *
 * Entries of small dictionaries are marked in a table without looking. In large ones, where clearing
 * the marks would cost more than setting them, only those that follow another are looked at, and
 * marked with the number of the page that saw them last. Pages are given without their nulls.
 * Nothing is allocated per row.
 */
export class DistinctIndexes {
  /** Entries by page, one page after the other. */
  readonly found: Uint32Array
  /** Half-open ranges in `found`: page p is `starts[p]` to `starts[p + 1]`. */
  readonly starts: number[] = [0]
  readonly #workspace: Workspace
  readonly #tableWords: Int32Array
  #size = 0
  #marks = new Uint32Array(MARK_TABLE_SIZE)
  #mark = 0

  constructor(rowCapacity: number, workspace: Workspace) {
    this.found = new Uint32Array(rowCapacity + MARK_TABLE_SIZE)
    this.#workspace = workspace
    const { buffer, byteOffset, length } = workspace.marks
    this.#tableWords = new Int32Array(buffer, byteOffset, length / 4)
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

  /** Looks through `count` values from `start` on as the next page. */
  addPage(values: IndexArray, start: number, count: number): void {
    if (this.#size > MARK_TABLE_SIZE) {
      this.#addLarge(values, start, count)
      return
    }
    this.#workspace.kernels.mark(values, start, count, this.#workspace.marks)
    this.#collect()
  }

  /** Turns the marks of the table into entries, and clears them. */
  #collect(): void {
    const { found } = this
    const table = this.#workspace.marks
    const words = this.#tableWords
    let next = this.starts[this.starts.length - 1]!
    for (let word = 0; word * 4 < this.#size; word++) {
      if (words[word] === 0) continue
      for (let i = word * 4; i < word * 4 + 4; i++) {
        found[next] = i
        next += table[i]!
      }
      words[word] = 0
    }
    this.starts.push(next)
  }

  #addLarge(values: IndexArray, start: number, count: number): void {
    const { changes } = this.#workspace
    const changeCount = this.#workspace.kernels.changes(values, start, count, changes)
    const marks = this.#marks
    const mark = ++this.#mark
    const { found } = this
    let next = this.starts[this.starts.length - 1]!
    for (let i = 0; i < changeCount; i++) {
      const index = changes[i]!
      if (marks[index] === mark) continue
      marks[index] = mark
      found[next++] = index
    }
    this.starts.push(next)
  }

  /**
   * Writes the entries of all pages to `target`, each once, in ascending order of their values;
   * returns how many they are.
   */
  union({ ranks, order, size }: RankedValues, target: Uint32Array): number {
    const marks = this.#marks
    const mark = ++this.#mark
    const { found } = this
    const end = this.starts[this.starts.length - 1]!
    let count = 0
    for (let i = 0; i < end; i++) {
      const index = found[i]!
      if (marks[index] === mark) continue
      marks[index] = mark
      target[count++] = ranks[index]!
    }
    if (count * SORT_COST > size) {
      // Most entries occur: reading them off in order is faster than sorting.
      count = 0
      for (let place = 1; place < size; place++) {
        const index = order[place]!
        target[count] = index
        if (marks[index] === mark) count++
      }
      return count
    }
    sortAscending(target, count)
    for (let i = 0; i < count; i++) target[i] = order[target[i]!]!
    return count
  }
}

/** Entries of a dictionary that are looked at in the time it takes to sort one. */
const SORT_COST = 16

/** Numbers up to which a plain insertion sort beats the call of the built-in one. */
const INSERTION_SORT_COUNT = 24

function sortAscending(numbers: Uint32Array, count: number): void {
  if (count > INSERTION_SORT_COUNT) {
    numbers.subarray(0, count).sort()
    return
  }
  for (let i = 1; i < count; i++) {
    const number = numbers[i]!
    let j = i
    for (; j > 0 && numbers[j - 1]! > number; j--) numbers[j] = numbers[j - 1]!
    numbers[j] = number
  }
}
