import type { IndexArray, Kernels, Range } from './kernels/kernels.js'

/** What {@link EntryTables} works in: arrays with an element for each entry of a dictionary. */
export interface EntryArrays {
  /** 1 for entries met in a page, and for ranks met in a chunk; zero in between. */
  readonly marks: Uint8Array
  readonly seen: Uint8Array
  readonly ranks: Uint32Array
  readonly order: Uint32Array
  /** Entry to its place in the dictionary page; only entries of the chunk are current. */
  readonly places: Uint32Array
  /** Entries that occur in the chunk, in ascending order of their values. */
  readonly used: Uint32Array
}

/**
 * Finds which entries of a dictionary occur in a chunk, and their order, by tables rather than lists:
 * nothing is sorted, and nothing allocated per row.
 */
export class EntryTables {
  /** The kernels that reach these tables. */
  readonly kernels: Kernels
  /** Most entries, null included. */
  readonly size: number
  readonly ranks: Uint32Array
  readonly order: Uint32Array
  readonly places: Uint32Array
  readonly used: Uint32Array
  readonly #marks: Uint8Array
  readonly #seen: Uint8Array
  #loadedRanks: Uint32Array | null = null
  #loadedOrder: Uint32Array | null = null

  constructor(kernels: Kernels, size: number, arrays: EntryArrays) {
    this.kernels = kernels
    this.size = size
    this.ranks = arrays.ranks
    this.order = arrays.order
    this.places = arrays.places
    this.used = arrays.used
    this.#marks = arrays.marks
    this.#seen = arrays.seen
  }

  /** Takes in the order of a dictionary, unless it is the one of the chunk before. */
  load(ranks: Uint32Array, order: Uint32Array): void {
    if (ranks !== this.#loadedRanks) this.ranks.set(ranks)
    if (order !== this.#loadedOrder) this.order.set(order)
    this.#loadedRanks = ranks
    this.#loadedOrder = order
  }

  /** Says that the caller has put an order into the tables itself. */
  loaded(): void {
    this.#loadedRanks = this.ranks
    this.#loadedOrder = this.order
  }

  /** Notes `count` values from `start` on, all below `size`; returns their least and greatest rank. */
  survey(values: IndexArray, start: number, count: number, size: number): Range {
    this.kernels.mark(values, start, count, this.#marks)
    return this.kernels.collect(this.#marks, size, this.ranks, this.#seen)
  }

  /** Lists and places what was met since the last call, of `size` ranks; returns how many. */
  place(size: number): number {
    return this.kernels.place(this.#seen, size, this.order, this.used, this.places)
  }
}
