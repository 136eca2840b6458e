import { ByteWriter } from './byte-writer.js'
import type { ChunkWriter, ColumnChunk } from './column-chunk.js'
import type { EntryTables } from './entry-tables.js'
import { type IndexArray, NO_RANK } from './kernels/kernels.js'
import { writeLevels } from './levels.js'
import type { RankedLabels, RankedValues } from './ranked-values.js'
import type { ParquetField } from './schema.js'
import { type Bounds, shortenBounds } from './statistics.js'
import type { Workspace } from './workspace.js'

/** One page: its rows, where its values stand among those of the chunk, and their ranks. */
interface PageValues {
  row: number
  rowCount: number
  start: number
  count: number
  /** Above `greatest` when there are no values. */
  least: number
  greatest: number
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
  /** What the dictionary of the chunk at hand is looked up in. */
  #tables: EntryTables
  #usedCount = 0
  #nullCount = 0
  readonly #pages: PageValues[] = []
  /** Columns of which a chunk had nulls. */
  readonly #withNulls = new WeakSet<ParquetField>()
  /** Values of the chunk without nulls. */
  #values: IndexArray
  readonly #dictionaryPage = new ByteWriter(1 << 14)
  /** Values that stand behind a page while its last octet is filled up. */
  readonly #behind = new Uint32Array(8)
  /** Label indexes of rows, for codes of which some have no label. */
  #translated = new Uint32Array(0)

  constructor(workspace: Workspace) {
    this.#workspace = workspace
    this.#tables = workspace.tablesFor(0)
    this.#values = workspace.dense[1]
  }

  encode(
    chunk: ChunkWriter,
    field: ParquetField,
    indexes: IndexArray,
    rowCount: number,
    ranked: RankedValues,
  ): ColumnChunk {
    const staged = this.#workspace.stage(indexes, rowCount)
    const found = this.#surveyWhole(field, staged, rowCount, ranked)
    if (found !== null) {
      this.#nullCount = 0
      this.#usedCount = found
    } else {
      const valueCount = this.#dropNulls(staged, rowCount)
      this.#nullCount = rowCount - valueCount
      this.#usedCount = 0
      if (valueCount > 0) this.#usedCount = this.#survey(ranked.size, ranked.ranks, ranked)
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
    const codes = this.#tables.used.slice(0, this.#usedCount)
    if (codes.some((code) => labelOf[code] === 0)) {
      if (this.#translated.length < rowCount) this.#translated = new Uint32Array(rowCount)
      const translated = this.#translated
      for (let row = 0; row < rowCount; row++) translated[row] = labelOf[indexes[row]!]!
      return this.encode(chunk, field, translated, rowCount, ranked)
    }
    const labelCount = codes.length === 0 ? 0 : this.#survey(labelOf.length, labels.ranks, ranked)
    const { places } = this.#tables
    const placeOf = places.slice(0, ranked.size)
    for (const code of codes) places[code] = placeOf[labelOf[code]!]!
    return this.#encodeUsed(chunk, field, rowCount, ranked, labelCount)
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
      ranked.writePlain(this.#dictionaryPage, [index], 1)
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

  /**
   * Surveys a chunk whose column had no nulls so far, which spares looking for them first; returns
   * how many different values it has, or null when there are nulls after all.
   */
  #surveyWhole(
    field: ParquetField,
    indexes: IndexArray,
    rowCount: number,
    ranked: RankedValues,
  ): number | null {
    if (indexes[0] === 0) this.#withNulls.add(field)
    // The last octet of values is filled up in place.
    if (this.#withNulls.has(field) || indexes.length < ((rowCount + 7) & ~7)) return null
    const { pageRows } = this.#workspace
    const pages = this.#pages
    this.#values = indexes
    pages.length = 0
    for (let row = 0; row < rowCount; row += pageRows) {
      const count = Math.min(pageRows, rowCount - row)
      pages.push({ row, rowCount: count, start: row, count, least: NO_RANK, greatest: 0 })
    }
    this.#joinThinPages(rowCount, rowCount)
    const usedCount = this.#survey(ranked.size, ranked.ranks, ranked)
    // Null has the least rank of all.
    if (pages.every(({ least }) => least > 0)) return usedCount
    this.#withNulls.add(field)
    return null
  }

  /** Makes one page of all when they would have few values. */
  #joinThinPages(rowCount: number, valueCount: number): void {
    const pages = this.#pages
    if (valueCount >= pages.length * MIN_PAGE_VALUES) return
    pages.length = 1
    pages[0] = { row: 0, rowCount, start: 0, count: valueCount, least: NO_RANK, greatest: 0 }
  }

  /** Finds the values of every page; returns how many there are in the chunk. */
  #dropNulls(indexes: IndexArray, rowCount: number): number {
    const { kernels, dense, bitmap, pageRows } = this.#workspace
    const values = dense[indexes.BYTES_PER_ELEMENT as 1 | 2 | 4]
    this.#values = values
    const pages = this.#pages
    pages.length = 0
    let start = 0
    for (let row = 0; row < rowCount; row += pageRows) {
      const end = row + pageRows < rowCount ? row + pageRows : rowCount
      const count = kernels.dropNulls(indexes, row, end, values, start, bitmap)
      pages.push({ row, rowCount: end - row, start, count, least: NO_RANK, greatest: 0 })
      start += count
    }
    this.#joinThinPages(rowCount, start)
    return start
  }

  /**
   * Finds and places what occurs in the pages; returns how many different values that is.
   *
   * @param size entries that the values of the pages point into
   * @param ranks their places in the order of `ranked`
   */
  #survey(size: number, ranks: Uint32Array, ranked: RankedValues): number {
    const tables = this.#workspace.tablesFor(Math.max(size, ranked.size))
    this.#tables = tables
    tables.load(ranks, ranked.order)
    for (const page of this.#pages) {
      const { min, max } = tables.survey(this.#values, page.start, page.count, size)
      page.least = min
      page.greatest = max
    }
    return tables.place(ranked.size)
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
      return this.encodeConstant(chunk, field, rowCount, ranked, this.#tables.used[0]!)
    }
    chunk.begin(field)
    if (field.physical !== 'boolean') this.#writeDictionary(chunk, ranked, usedCount)
    else this.#placeTruths(ranked, usedCount)
    for (const page of this.#pages) this.#encodePage(chunk, field, page, ranked, usedCount)
    const { used } = this.#tables
    return chunk.finish(boundsOf(ranked, used[0]!, used[usedCount - 1]!), usedCount)
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
    ranked.writePlain(body, this.#tables.used, usedCount)
    chunk.dictionaryPage(body, usedCount)
  }

  #encodePage(
    chunk: ChunkWriter,
    field: ParquetField,
    { row, rowCount, start, count, least, greatest }: PageValues,
    ranked: RankedValues,
    usedCount: number,
  ): void {
    const { kernels, page: out, bitmap } = this.#workspace
    out.length = 0
    if (field.optional) writeLevels(kernels, out, bitmap, row, rowCount, count)
    const isBoolean = field.physical === 'boolean'
    if (isBoolean) this.#writeTruths(out, start, count)
    else this.#writePlaces(out, start, count, bitWidthOf(usedCount))
    const { order } = ranked
    const bounds = least > greatest ? null : boundsOf(ranked, order[least]!, order[greatest]!)
    const encoding = isBoolean ? 'plain' : 'rleDictionary'
    chunk.dataPage(out, encoding, rowCount, rowCount - count, bounds)
  }

  #writePlaces(out: ByteWriter, start: number, count: number, bitWidth: number): void {
    const { kernels, places } = this.#tables
    out.byte(bitWidth)
    out.reserve(((count >>> 3) + 1) * (bitWidth + 3) + 64)
    const last = count === 0 ? 0 : this.#values[start + count - 1]!
    this.#withFilledOctet(start, count, last, (values) => {
      const { bytes, length } = out
      out.length = kernels.writeIndexes(values, start, count, bitWidth, places, bytes, length)
    })
  }

  /** For plain booleans: a value's place is its bit. */
  #placeTruths(ranked: RankedValues, usedCount: number): void {
    const { used, places } = this.#tables
    places[0] = 0
    for (let i = 0; i < usedCount; i++) places[used[i]!] = ranked.valueBytes(used[i]!)[0]!
  }

  /** Plain booleans: one bit a value, zeros behind the last. */
  #writeTruths(out: ByteWriter, start: number, count: number): void {
    const { kernels, places } = this.#tables
    out.reserve((count >>> 3) + 16)
    this.#withFilledOctet(start, count, 0, (values) => {
      const { bytes, length } = out
      out.length = kernels.pack(values, start, count, 1, places, bytes, length)
    })
  }

  /** Runs `write` while what stands behind the values is `filler` up to a multiple of eight. */
  #withFilledOctet(
    start: number,
    count: number,
    filler: number,
    write: (values: IndexArray) => void,
  ): void {
    const values = this.#values
    const behind = this.#behind
    const end = start + count
    const octetEnd = start + ((count + 7) & ~7)
    for (let i = end; i < octetEnd; i++) {
      behind[i - end] = values[i]!
      values[i] = filler
    }
    write(values)
    for (let i = end; i < octetEnd; i++) values[i] = behind[i - end]!
  }
}

function boundsOf(ranked: RankedValues, least: number, greatest: number): Bounds {
  return shortenBounds(ranked.valueBytes(least), ranked.valueBytes(greatest))
}
