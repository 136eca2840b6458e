import { bitWidthOf, indexPacker } from './bit-packing.js'
import { ByteWriter } from './byte-writer.js'
import type { Bounds, ChunkWriter, ColumnChunk } from './column-chunk.js'
import { DistinctIndexes } from './distinct.js'
import { dropNulls16, dropNulls32, dropNulls8 } from './null-octets.js'
import type { RankedLabels, RankedValues } from './ranked-values.js'
import type { IndexArray } from './rle.js'
import { wordsOf, writeIndexes, writeLevels } from './rle.js'
import type { ParquetField } from './schema.js'
import { shortenBounds } from './statistics.js'

/** Values of one page: where they are, without nulls. */
interface PageValues {
  readonly start: number
  readonly end: number
  /** One bit a row; only written when the page has both nulls and values. */
  readonly bitmap: Uint8Array
  values: IndexArray
  words: Int32Array
  valueStart: number
  valueCount: number
}

/**
 * Encodes chunks from dictionary indexes: a dictionary page of the values that occur, in ascending
 * order, then runs and bit-packed places in it.
 *
 * The bytes depend on the values alone, not on the numbers a decoder gave them. Buffers are kept
 * from one chunk to the next; nothing is allocated per row.
 */
export class DictionaryChunkEncoder {
  readonly #pageRows: number
  readonly #distinct: DistinctIndexes
  readonly #used: Uint32Array
  readonly #dense: { readonly [bytes: number]: { values: IndexArray; words: Int32Array } }
  readonly #pages: readonly PageValues[]
  readonly #dictionaryPage = new ByteWriter(1 << 14)
  readonly #page: ByteWriter
  /** Dictionary index to place in the dictionary page; only entries of the chunk are current. */
  #places = new Uint32Array(256)
  #usedCount = 0
  #nullCount = 0
  /** Label indexes of rows, for codes of which some have no label. */
  #translated = new Uint32Array(0)

  constructor(rowCapacity: number, pageRows: number) {
    this.#pageRows = pageRows
    this.#distinct = new DistinctIndexes(rowCapacity)
    this.#used = new Uint32Array(rowCapacity)
    const pageCount = Math.ceil(rowCapacity / pageRows)
    // Each page of dense values begins at a multiple of eight and may be overrun by eight.
    const capacity = pageCount * (pageRows + 8)
    this.#dense = {
      1: withWords(new Uint8Array(capacity)),
      2: withWords(new Uint16Array(capacity)),
      4: withWords(new Uint32Array(capacity)),
    }
    this.#pages = Array.from({ length: pageCount }, (_, i) => ({
      start: i * pageRows,
      end: (i + 1) * pageRows,
      bitmap: new Uint8Array((pageRows >>> 3) + 8),
      values: this.#dense[1]!.values,
      words: this.#dense[1]!.words,
      valueStart: 0,
      valueCount: 0,
    }))
    this.#page = new ByteWriter(pageRows * 2)
  }

  encode(
    chunk: ChunkWriter,
    field: ParquetField,
    indexes: IndexArray,
    rowCount: number,
    ranked: RankedValues,
  ): ColumnChunk {
    const pageCount = Math.ceil(rowCount / this.#pageRows)
    const valueCount = this.#dropNulls(indexes, rowCount, pageCount)
    this.#nullCount = rowCount - valueCount
    this.#usedCount = 0
    chunk.begin()
    if (valueCount === 0) return this.#encodeNulls(chunk, rowCount)
    this.#distinct.begin(ranked.size)
    for (let i = 0; i < pageCount; i++) {
      const { values, words, valueStart, valueCount } = this.#pages[i]!
      this.#distinct.addPage(values, words, valueStart, valueCount)
    }
    const usedCount = this.#placeUsed(ranked)
    return this.#encodeUsed(chunk, field, rowCount, ranked, usedCount)
  }

  /**
   * The labels of the codes that the last call of `encode` wrote. Where every code has a label, the
   * values found for the codes serve again under other places.
   */
  encodeLabels(
    chunk: ChunkWriter,
    field: ParquetField,
    indexes: IndexArray,
    rowCount: number,
    labels: RankedLabels,
  ): ColumnChunk {
    const { labelOf, ranked } = labels
    const usedCount = this.#placeLabels(labels)
    if (usedCount === undefined) {
      if (this.#translated.length < rowCount) this.#translated = new Uint32Array(rowCount)
      const translated = this.#translated
      for (let row = 0; row < rowCount; row++) translated[row] = labelOf[indexes[row]!]!
      return this.encode(chunk, field, translated, rowCount, ranked)
    }
    chunk.begin()
    if (usedCount === 0) return this.#encodeNulls(chunk, rowCount)
    return this.#encodeUsed(chunk, field, rowCount, ranked, usedCount)
  }

  /** Encodes the pages found, whose values have places by now. */
  #encodeUsed(
    chunk: ChunkWriter,
    field: ParquetField,
    rowCount: number,
    ranked: RankedValues,
    usedCount: number,
  ): ColumnChunk {
    if (usedCount === 1 && this.#nullCount === 0) {
      return this.encodeConstant(chunk, field, rowCount, ranked, this.#used[0]!)
    }
    const pageCount = Math.ceil(rowCount / this.#pageRows)
    if (field.physical !== 'boolean') this.#writeDictionary(chunk, ranked, usedCount)
    for (let i = 0; i < pageCount; i++) {
      this.#encodePage(chunk, field, i, Math.min(this.#pageRows, rowCount - i * this.#pageRows), {
        ranked,
        usedCount,
      })
    }
    return chunk.finish(this.#bounds(ranked, 0, usedCount - 1), usedCount)
  }

  /** A chunk of the same value in every row: one page, however many rows. */
  encodeConstant(
    chunk: ChunkWriter,
    field: ParquetField,
    rowCount: number,
    ranked: RankedValues,
    index: number,
  ): ColumnChunk {
    const bounds = shortenBounds(ranked.valueBytes(index), ranked.valueBytes(index))
    const out = this.#page
    out.length = 0
    chunk.begin()
    if (field.physical !== 'boolean') {
      ranked.writePlain(out, index)
      chunk.dictionaryPage(out.written(), 1)
      out.length = 0
    }
    if (field.optional) writeLevels(out, this.#pages[0]!.bitmap, rowCount, rowCount)
    if (field.physical === 'boolean') {
      const byteCount = (rowCount + 7) >>> 3
      out.reserve(byteCount)
      out.bytes.fill(-ranked.valueBytes(index)[0]!, out.length, out.length + byteCount)
      out.length += byteCount
    } else {
      out.byte(1)
      out.varint(rowCount * 2)
      out.byte(0)
    }
    const encoding = field.physical === 'boolean' ? 'plain' : 'rleDictionary'
    chunk.dataPage(out.written(), encoding, rowCount, 0, bounds)
    return chunk.finish(bounds, 1)
  }

  /** Finds the values of every page; returns how many there are in the chunk. */
  #dropNulls(source: IndexArray, rowCount: number, pageCount: number): number {
    const indexes = source.byteOffset % 4 === 0 ? source : source.slice(0, rowCount)
    const words = wordsOf(indexes)
    const dense = this.#dense[indexes.BYTES_PER_ELEMENT]!
    let total = 0
    let at = 0
    for (let i = 0; i < pageCount; i++) {
      const page = this.#pages[i]!
      const { start, bitmap } = page
      const end = Math.min(page.end, rowCount)
      let count: number
      if (indexes instanceof Uint8Array) {
        count = dropNulls8(indexes, words, start, end, dense.values as Uint8Array, at, bitmap)
      } else if (indexes instanceof Uint16Array) {
        count = dropNulls16(indexes, words, start, end, dense.values as Uint16Array, at, bitmap)
      } else {
        count = dropNulls32(indexes, start, end, dense.values as Uint32Array, at, bitmap)
      }
      const isFull = count === end - start
      page.values = isFull ? indexes : dense.values
      page.words = isFull ? words : dense.words
      page.valueStart = isFull ? start : at
      page.valueCount = count
      if (!isFull) at = (at + count + 7) & ~7
      total += count
    }
    return total
  }

  /** Fills `used` with the entries that occur, ascending, and `places` with their places. */
  #placeUsed(ranked: RankedValues): number {
    const used = this.#used
    const count = this.#distinct.union(used)
    const { ranks, order } = ranked
    for (let i = 0; i < count; i++) used[i] = ranks[used[i]!]!
    sortAscending(used, count)
    if (this.#places.length < ranked.size) this.#places = new Uint32Array(ranked.size * 2)
    for (let i = 0; i < count; i++) {
      const index = order[used[i]!]!
      used[i] = index
      this.#places[index] = i
    }
    this.#usedCount = count
    return count
  }

  /**
   * Turns `used` and `places` from codes to their labels, of which there may be fewer; returns how
   * many, or undefined when a code has none.
   */
  #placeLabels({ labelOf, ranked }: RankedLabels): number | undefined {
    const codes = this.#used.slice(0, this.#usedCount)
    if (codes.some((code) => labelOf[code] === 0)) return undefined
    const ranks = Uint32Array.from(codes, (code) => ranked.ranks[labelOf[code]!]!)
    const ascending = [...new Set(ranks)].sort((a, b) => a - b)
    const placeOf = new Map(ascending.map((rank, place) => [rank, place]))
    ascending.forEach((rank, place) => (this.#used[place] = ranked.order[rank]!))
    codes.forEach((code, i) => (this.#places[code] = placeOf.get(ranks[i]!)!))
    return ascending.length
  }

  #encodeNulls(chunk: ChunkWriter, rowCount: number): ColumnChunk {
    const page = this.#page
    page.length = 0
    writeLevels(page, this.#pages[0]!.bitmap, rowCount, 0)
    chunk.dataPage(page.written(), 'plain', rowCount, rowCount, null)
    return chunk.finish(null, null)
  }

  #writeDictionary(chunk: ChunkWriter, ranked: RankedValues, usedCount: number): void {
    const body = this.#dictionaryPage
    body.length = 0
    for (let i = 0; i < usedCount; i++) ranked.writePlain(body, this.#used[i]!)
    chunk.dictionaryPage(body.written(), usedCount)
  }

  #encodePage(
    chunk: ChunkWriter,
    field: ParquetField,
    pageNumber: number,
    rowCount: number,
    dictionary: { readonly ranked: RankedValues; readonly usedCount: number },
  ): void {
    const { values, words, valueStart, valueCount, bitmap } = this.#pages[pageNumber]!
    const { ranked, usedCount } = dictionary
    const out = this.#page
    out.length = 0
    if (field.optional) writeLevels(out, bitmap, rowCount, valueCount)
    const isBoolean = field.physical === 'boolean'
    if (isBoolean) {
      this.#writeBooleans(out, values, valueStart, valueCount, ranked)
    } else {
      const bitWidth = bitWidthOf(usedCount)
      out.byte(bitWidth)
      writeIndexes(out, values, words, valueStart, valueCount, bitWidth, this.#places)
    }
    chunk.dataPage(
      out.written(),
      isBoolean ? 'plain' : 'rleDictionary',
      rowCount,
      rowCount - valueCount,
      this.#pageBounds(ranked, pageNumber),
    )
  }

  /** Plain booleans: one bit a value. */
  #writeBooleans(
    out: ByteWriter,
    values: IndexArray,
    start: number,
    count: number,
    ranked: RankedValues,
  ): void {
    const truths = new Uint32Array(ranked.size)
    for (let i = 1; i < ranked.size; i++) truths[i] = ranked.valueBytes(i)[0]!
    const octets = count >>> 3
    out.reserve(octets + 1)
    const pack = indexPacker(values, 1)
    out.length = pack(values, start, octets, truths, out.bytes, out.length)
    let bits = 0
    for (let i = octets * 8; i < count; i++) bits |= truths[values[start + i]!]! << (i & 7)
    if (octets * 8 < count) out.byte(bits)
  }

  #pageBounds(ranked: RankedValues, page: number): Bounds | null {
    const { found, starts } = this.#distinct
    const start = starts[page]!
    const end = starts[page + 1]!
    if (start === end) return null
    let least = 0xffffffff
    let greatest = 0
    for (let i = start; i < end; i++) {
      const place = this.#places[found[i]!]!
      if (place < least) least = place
      if (place > greatest) greatest = place
    }
    return this.#bounds(ranked, least, greatest)
  }

  /** Bounds of values by their places. */
  #bounds(ranked: RankedValues, least: number, greatest: number): Bounds {
    const used = this.#used
    return shortenBounds(ranked.valueBytes(used[least]!), ranked.valueBytes(used[greatest]!))
  }
}

function withWords(values: IndexArray): { values: IndexArray; words: Int32Array } {
  return { values, words: wordsOf(values) }
}

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
