import { ByteWriter } from './byte-writer.js'
import type { ChunkWriter, ColumnChunk } from './column-chunk.js'
import { DistinctIndexes } from './distinct.js'
import type { IndexArray } from './kernels/kernels.js'
import { plainKernels } from './kernels/plain-kernels.js'
import { writeLevels } from './levels.js'
import type { RankedLabels, RankedValues } from './ranked-values.js'
import type { ParquetField } from './schema.js'
import { type Bounds, shortenBounds } from './statistics.js'
import type { Workspace } from './workspace.js'

/** One page: its rows, and where its values stand among those of the chunk. */
interface PageValues {
  row: number
  rowCount: number
  start: number
  count: number
}

/**
 * Values a page has at least on average; below that a chunk is one page, since a page's header and
 * place in the index then cost more than passing over it saves.
 */
const MIN_PAGE_VALUES = 1024

/** Bits needed for values 0 to `count - 1`; at least one, since not every reader takes zero. */
export function bitWidthOf(count: number): number {
  return count <= 2 ? 1 : 32 - Math.clz32(count - 1)
}

/**
 * Encodes chunks from dictionary indexes: a dictionary page of the values that occur, in ascending
 * order, then runs and bit-packed places in it.
 *
 * The bytes depend on the values alone, not on the numbers a decoder gave them. Buffers are kept
 * from one chunk to the next; nothing is allocated per row.
 */
export class DictionaryChunkEncoder {
  readonly #workspace: Workspace
  readonly #distinct: DistinctIndexes
  /** Entries that occur in the chunk, in ascending order of their values. */
  readonly #used: Uint32Array
  #usedCount = 0
  #nullCount = 0
  readonly #pages: PageValues[] = []
  /** Values of the chunk without nulls. */
  #values: IndexArray
  readonly #dictionaryPage = new ByteWriter(1 << 14)
  /** Dictionary index to place in the dictionary page; only entries of the chunk are current. */
  #places: Uint32Array
  /** Values that stand behind a page while its last octet is filled up. */
  readonly #behind = new Uint32Array(8)
  /** Label indexes of rows, for codes of which some have no label. */
  #translated = new Uint32Array(0)

  constructor(rowCapacity: number, workspace: Workspace) {
    this.#workspace = workspace
    this.#distinct = new DistinctIndexes(rowCapacity, workspace)
    this.#used = new Uint32Array(rowCapacity)
    this.#places = workspace.places
    this.#values = workspace.dense[1]
  }

  encode(
    chunk: ChunkWriter,
    field: ParquetField,
    indexes: IndexArray,
    rowCount: number,
    ranked: RankedValues,
  ): ColumnChunk {
    const valueCount = this.#dropNulls(indexes, rowCount)
    this.#nullCount = rowCount - valueCount
    this.#usedCount = 0
    if (valueCount > 0) {
      this.#findUsed(ranked)
      this.#place(ranked)
    }
    return this.#encodeUsed(chunk, field, rowCount, ranked, this.#usedCount)
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
    const labelCount = this.#placeLabels(labels)
    if (labelCount !== undefined) {
      return this.#encodeUsed(chunk, field, rowCount, ranked, labelCount)
    }
    if (this.#translated.length < rowCount) this.#translated = new Uint32Array(rowCount)
    const translated = this.#translated
    for (let row = 0; row < rowCount; row++) translated[row] = labelOf[indexes[row]!]!
    return this.encode(chunk, field, translated, rowCount, ranked)
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
    const { kernels, page: out, bitmap } = this.#workspace
    const isBoolean = field.physical === 'boolean'
    chunk.begin(field)
    if (!isBoolean) {
      this.#dictionaryPage.length = 0
      ranked.writePlain(this.#dictionaryPage, index)
      chunk.dictionaryPage(this.#dictionaryPage, 1)
    }
    out.length = 0
    if (field.optional) writeLevels(kernels, out, bitmap, 0, rowCount, rowCount)
    if (isBoolean) {
      const byteCount = (rowCount + 7) >>> 3
      out.reserve(byteCount)
      out.bytes.fill(-ranked.valueBytes(index)[0]!, out.length, out.length + byteCount)
      out.length += byteCount
    } else {
      out.byte(bitWidthOf(1))
      out.varint(rowCount * 2)
      out.byte(0)
    }
    chunk.dataPage(out, isBoolean ? 'plain' : 'rleDictionary', rowCount, 0, bounds)
    return chunk.finish(bounds, 1)
  }

  /** Finds the values of every page; returns how many there are in the chunk. */
  #dropNulls(source: IndexArray, rowCount: number): number {
    const { kernels, dense, bitmap, pageRows } = this.#workspace
    const indexes = this.#workspace.stage(source, rowCount)
    const values = dense[indexes.BYTES_PER_ELEMENT as 1 | 2 | 4]
    this.#values = values
    const pages = this.#pages
    pages.length = 0
    let start = 0
    for (let row = 0; row < rowCount; row += pageRows) {
      const end = row + pageRows < rowCount ? row + pageRows : rowCount
      const count = kernels.dropNulls(indexes, row, end, values, start, bitmap)
      pages.push({ row, rowCount: end - row, start, count })
      start += count
    }
    if (start < pages.length * MIN_PAGE_VALUES) {
      pages.length = 1
      pages[0] = { row: 0, rowCount, start: 0, count: start }
    }
    return start
  }

  #findUsed(ranked: RankedValues): void {
    this.#distinct.begin(ranked.size)
    for (const { start, count } of this.#pages) {
      this.#distinct.addPage(this.#values, start, count)
    }
    this.#usedCount = this.#distinct.union(ranked, this.#used)
  }

  #place({ size }: RankedValues): void {
    if (this.#places.length < size) this.#places = new Uint32Array(size * 2)
    const used = this.#used
    const places = this.#places
    for (let i = 0; i < this.#usedCount; i++) places[used[i]!] = i
  }

  /**
   * Turns `used` and the places from codes to their labels, of which there may be fewer; returns
   * how many, or undefined when a code has none.
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

  /** Encodes the pages found, whose values have places by now. */
  #encodeUsed(
    chunk: ChunkWriter,
    field: ParquetField,
    rowCount: number,
    ranked: RankedValues,
    usedCount: number,
  ): ColumnChunk {
    if (usedCount === 0) return this.#encodeNulls(chunk, field, rowCount)
    if (usedCount === 1 && this.#nullCount === 0) {
      return this.encodeConstant(chunk, field, rowCount, ranked, this.#used[0]!)
    }
    chunk.begin(field)
    if (field.physical !== 'boolean') this.#writeDictionary(chunk, ranked, usedCount)
    for (let i = 0; i < this.#pages.length; i++) {
      this.#encodePage(chunk, field, i, ranked, usedCount)
    }
    return chunk.finish(this.#bounds(ranked, 0, usedCount - 1), usedCount)
  }

  #encodeNulls(chunk: ChunkWriter, field: ParquetField, rowCount: number): ColumnChunk {
    const { kernels, page, bitmap } = this.#workspace
    page.length = 0
    writeLevels(kernels, page, bitmap, 0, rowCount, 0)
    chunk.begin(field)
    chunk.dataPage(page, 'plain', rowCount, rowCount, null)
    return chunk.finish(null, null)
  }

  #writeDictionary(chunk: ChunkWriter, ranked: RankedValues, usedCount: number): void {
    const body = this.#dictionaryPage
    body.length = 0
    for (let i = 0; i < usedCount; i++) ranked.writePlain(body, this.#used[i]!)
    chunk.dictionaryPage(body, usedCount)
  }

  #encodePage(
    chunk: ChunkWriter,
    field: ParquetField,
    pageNumber: number,
    ranked: RankedValues,
    usedCount: number,
  ): void {
    const { kernels, page: out, bitmap } = this.#workspace
    const { row, rowCount, start, count } = this.#pages[pageNumber]!
    out.length = 0
    if (field.optional) writeLevels(kernels, out, bitmap, row, rowCount, count)
    const isBoolean = field.physical === 'boolean'
    if (isBoolean) this.#writeBooleans(out, start, count, ranked)
    else this.#writePlaces(out, start, count, bitWidthOf(usedCount))
    const bounds = this.#pageBounds(ranked, pageNumber)
    const encoding = isBoolean ? 'plain' : 'rleDictionary'
    chunk.dataPage(out, encoding, rowCount, rowCount - count, bounds)
  }

  #writePlaces(out: ByteWriter, start: number, count: number, bitWidth: number): void {
    const { kernels, places } = this.#workspace
    const values = this.#values
    const behind = this.#behind
    const end = start + count
    const octetEnd = start + ((count + 7) & ~7)
    for (let i = end; i < octetEnd; i++) {
      behind[i - end] = values[i]!
      values[i] = values[end - 1]!
    }
    out.byte(bitWidth)
    out.reserve(((count >>> 3) + 1) * (bitWidth + 3) + 64)
    // Dictionaries too large for the workspace have their places elsewhere.
    const { writeIndexes } = this.#places === places ? kernels : plainKernels
    const { bytes, length } = out
    out.length = writeIndexes(values, start, count, bitWidth, this.#places, bytes, length)
    for (let i = end; i < octetEnd; i++) values[i] = behind[i - end]!
  }

  /** Plain booleans: one bit a value. */
  #writeBooleans(out: ByteWriter, start: number, count: number, ranked: RankedValues): void {
    const values = this.#values
    const truths = Uint8Array.from({ length: ranked.size }, (_, i) =>
      i === 0 ? 0 : ranked.valueBytes(i)[0]!,
    )
    out.reserve((count >>> 3) + 1)
    for (let i = 0; i < count; i += 8) {
      let bits = 0
      const end = i + 8 < count ? i + 8 : count
      for (let j = i; j < end; j++) bits |= truths[values[start + j]!]! << (j & 7)
      out.bytes[out.length++] = bits
    }
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
