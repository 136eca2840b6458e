/** Arrays of dictionary indexes. */
export type IndexArray = Uint8Array | Uint16Array | Uint32Array

/** Least and greatest of some numbers. */
export interface Range {
  readonly min: number
  readonly max: number
}

/** What interning numbers came to. */
export interface InternResult {
  readonly distinctCount: number
  /** Rows that are not null. */
  readonly valueCount: number
}

/** Least rank where no entry was marked. */
export const NO_RANK = 0xffffffff

/** Most distinct numbers that are interned. */
export const MAX_DISTINCT = 1 << 15

/** A page of text in cells of the same width, and where what is found out about it goes. */
export interface TextPage {
  /** Rows one after the other. */
  readonly bytes: Uint8Array
  /** One that {@link splitsWidth} allows. */
  readonly width: number
  /** Whether blanks at the end are no part of the text; only of cells of up to eight bytes. */
  readonly trim: boolean
  readonly valid: Uint8Array
  readonly rowCount: number
  /** One bit a row: it has a value. */
  readonly bitmap: Uint8Array
  /** By value: bytes shared with the value before it, and bytes that are not. */
  readonly prefixes: Int32Array
  readonly suffixes: Int32Array
  /** The bytes that are not shared, one value after the other. */
  readonly body: Uint8Array
}

/** What a page of text came to. */
export interface TextSplit {
  readonly valueCount: number
  readonly bodyLength: number
  /** Rows of the least and greatest value; 0 when there is none. */
  readonly minRow: number
  readonly maxRow: number
}

/** Widest cells whose text may be of any length when a page is split. */
export const SHORT_TEXT_BYTES = 8

/** Length of the one longer kind of text that is split: identifiers, a NUL behind them or not. */
export const LONG_TEXT_BYTES = 12

/** Whether {@link Kernels.splitText} takes cells of this width. */
export function splitsWidth(width: number, trim: boolean): boolean {
  if (width <= SHORT_TEXT_BYTES) return width > 0
  return (width === LONG_TEXT_BYTES || width === LONG_TEXT_BYTES + 1) && !trim
}

/**
 * The loops over values that take nearly all of a writer's time.
 *
 * There are two implementations with the same results to the last byte: readable ones, and
 * WebAssembly, which is several times as fast and takes only arrays of the arena it was made for.
 * It works by vectors, so arrays need 64 bytes of room behind what is counted, and rows of a source
 * are zero there.
 */
export interface Kernels {
  /**
   * Splits rows `start` to `end` into a bitmap (bit r set = row r has a value) and the values
   * without the nulls, written to `values` from `at` on. Zero is null, `start` a multiple of 64.
   * Returns how many rows have a value.
   */
  dropNulls(
    source: IndexArray,
    start: number,
    end: number,
    values: IndexArray,
    at: number,
    bitmap: Uint8Array,
  ): number

  /**
   * The same for `count` rows of numbers from `start` on, where `valid[row]` is 1 for a value and 0
   * for null. What is written begins with the page: bit 0 is row `start`.
   */
  dropInvalid<Numbers extends Int32Array | Uint32Array | Float64Array>(
    values: Numbers,
    valid: Uint8Array,
    start: number,
    count: number,
    out: Numbers,
    bitmap: Uint8Array,
  ): number

  /** Sets `marks[value]` to 1 for each of `count` values from `start` on. */
  mark(values: IndexArray, start: number, count: number, marks: Uint8Array): void

  /**
   * Clears the marks of a dictionary of `size` entries and sets `seen[rank]` to 1 for the rank of
   * each that was marked. Returns the least and greatest of these ranks; least is above greatest
   * when there is none.
   */
  collect(marks: Uint8Array, size: number, ranks: Uint32Array, seen: Uint8Array): Range

  /**
   * Clears `seen`, lists the entry of each rank that was seen in ascending order in `used`, and
   * notes at `places[entry]` where it stands there. Returns how many they are.
   *
   * @param order entry by rank, for `size` ranks
   */
  place(
    seen: Uint8Array,
    size: number,
    order: Uint32Array,
    used: Uint32Array,
    places: Uint32Array,
  ): number

  /**
   * Turns numbers into indexes of distinct ones, in the order they come; null (`valid` 0) is 0.
   * Null when there are more than `limit`, at most {@link MAX_DISTINCT}.
   *
   * @param distinct takes the distinct numbers, from index 1 on
   */
  intern(
    values: Int32Array | Uint32Array | Float64Array,
    valid: Uint8Array | null,
    rowCount: number,
    limit: number,
    indexes: Uint16Array,
    distinct: Float64Array,
  ): InternResult | null

  /**
   * Writes indexes 1 to `count` of different numbers to `order`, in ascending order of the numbers,
   * after a 0, and the inverse of that to `ranks`.
   */
  rank(numbers: Float64Array, count: number, order: Uint32Array, ranks: Uint32Array): void

  /**
   * Runs and bit-packed groups of `places[value]` for `count` values from `start` on, to `out` at
   * `position`; returns the position after them. Behind the values, the last one is repeated up to a
   * multiple of eight. Source: RLE/bit-packing hybrid, Encodings.md.
   */
  writeIndexes(
    values: IndexArray,
    start: number,
    count: number,
    bitWidth: number,
    places: Uint32Array,
    out: Uint8Array,
    position: number,
  ): number

  /** The same as one bit-packed group, without a header. */
  pack(
    values: IndexArray,
    start: number,
    count: number,
    bitWidth: number,
    places: Uint32Array,
    out: Uint8Array,
    position: number,
  ): number

  /**
   * Runs and groups of bits of a bitmap: definition levels of the page of `rowCount` rows from `start` on,
   * a multiple of eight.
   */
  writeLevels(
    bitmap: Uint8Array,
    start: number,
    rowCount: number,
    out: Uint8Array,
    position: number,
  ): number

  /**
   * Blocks of DELTA_BINARY_PACKED, without the header, for the low 32 bits of numbers no more than
   * 2^31 - 1 apart. Source: Encodings.md, "Delta Encoding".
   */
  writeDeltas(
    values: Int32Array,
    start: number,
    count: number,
    out: Uint8Array,
    position: number,
  ): number

  /** Least and greatest of `count` values from `start` on; at least one. */
  rangeOf(values: Int32Array | Uint32Array | Float64Array, start: number, count: number): Range

  /**
   * Splits plain ASCII text for DELTA_BYTE_ARRAY. Null when a value has a NUL or a byte above 0x7F;
   * in cells of twelve bytes or thirteen also when it has another length than twelve.
   */
  splitText(page: TextPage): TextSplit | null
}

/** Equal octets from which a run of values pays for its headers, by bit width. */
export function minRunOctets(bitWidth: number): number {
  return bitWidth === 1 ? 5 : bitWidth === 2 ? 3 : 2
}

/** Equal octets from which a run of definition levels pays. */
export const MIN_LEVEL_OCTETS = 5

/** Values of a block and of a miniblock of packed differences. */
export const BLOCK_VALUES = 128
export const MINIBLOCK_VALUES = 32
