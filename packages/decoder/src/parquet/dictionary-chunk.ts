import { bitWidthOf, indexPacker } from './bit-packing.js'
import { ByteWriter } from './byte-writer.js'
import type { Bounds, ChunkWriter, ColumnChunk } from './column-chunk.js'
import { DistinctIndexes } from './distinct.js'
import type { ParquetField } from './schema.js'
import { dropNulls } from './null-octets.js'
import type { RankedValues } from './ranked-values.js'
import type { IndexArray } from './rle.js'
import { writeIndexes, writeLevels } from './rle.js'
import { shortenBounds } from './statistics.js'

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
  readonly #values8: Uint8Array
  readonly #values16: Uint16Array
  readonly #values32: Uint32Array
  readonly #bitmap: Uint8Array
  readonly #dictionaryPage = new ByteWriter(1 << 14)
  readonly #page: ByteWriter
  /** Dictionary index to place in the dictionary page; only entries of the chunk are current. */
  #places = new Uint32Array(256)

  constructor(rowCapacity: number, pageRows: number) {
    this.#pageRows = pageRows
    this.#distinct = new DistinctIndexes(rowCapacity)
    this.#used = new Uint32Array(rowCapacity)
    this.#values8 = new Uint8Array(pageRows + 8)
    this.#values16 = new Uint16Array(pageRows + 8)
    this.#values32 = new Uint32Array(pageRows + 8)
    this.#bitmap = new Uint8Array((pageRows >>> 3) + 8)
    this.#page = new ByteWriter(pageRows * 2)
  }

  encode(
    chunk: ChunkWriter,
    field: ParquetField,
    indexes: IndexArray,
    rowCount: number,
    ranked: RankedValues,
  ): ColumnChunk {
    const distinct = this.#distinct
    distinct.begin(ranked.size)
    for (let start = 0; start < rowCount; start += this.#pageRows) {
      distinct.addPage(indexes, start, Math.min(start + this.#pageRows, rowCount))
    }
    const usedCount = this.#placeUsed(ranked)
    chunk.begin()
    if (usedCount === 0) return this.#encodeNulls(chunk, rowCount)
    if (field.physical !== 'boolean') this.#writeDictionary(chunk, ranked, usedCount)
    for (let page = 0; page * this.#pageRows < rowCount; page++) {
      const start = page * this.#pageRows
      const end = Math.min(start + this.#pageRows, rowCount)
      this.#encodePage(chunk, field, indexes, start, end, page, ranked, usedCount)
    }
    return chunk.finish(this.#bounds(ranked, this.#used[0]!, this.#used[usedCount - 1]!), usedCount)
  }

  /** Fills `used` with the entries that occur, ascending, and `places` with their places. */
  #placeUsed(ranked: RankedValues): number {
    const count = this.#distinct.union(this.#used)
    const used = this.#used.subarray(0, count)
    const { ranks, order } = ranked
    for (let i = 0; i < count; i++) used[i] = ranks[used[i]!]!
    used.sort()
    if (this.#places.length < ranked.size) this.#places = new Uint32Array(ranked.size * 2)
    for (let i = 0; i < count; i++) {
      const index = order[used[i]!]!
      used[i] = index
      this.#places[index] = i
    }
    return count
  }

  #encodeNulls(chunk: ChunkWriter, rowCount: number): ColumnChunk {
    const page = this.#page
    page.length = 0
    writeLevels(page, this.#bitmap, rowCount, 0)
    chunk.dataPage(page.written(), {
      encoding: 'plain',
      rowCount,
      nullCount: rowCount,
      bounds: null,
    })
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
    indexes: IndexArray,
    start: number,
    end: number,
    page: number,
    ranked: RankedValues,
    usedCount: number,
  ): void {
    const out = this.#page
    out.length = 0
    const rowCount = end - start
    let values: IndexArray = indexes
    let valueStart = start
    let valueCount = rowCount
    if (this.#distinct.hasNull[page]!) {
      values = this.#scratchLike(indexes)
      valueStart = 0
      valueCount = dropNulls(indexes, start, end, values, this.#bitmap)
    }
    if (field.optional) writeLevels(out, this.#bitmap, rowCount, valueCount)
    if (field.physical === 'boolean') {
      this.#writeBooleans(out, values, valueStart, valueCount, ranked)
    } else {
      const bitWidth = bitWidthOf(usedCount)
      out.byte(bitWidth)
      writeIndexes(out, values, valueStart, valueCount, bitWidth, this.#places)
    }
    chunk.dataPage(out.written(), {
      encoding: field.physical === 'boolean' ? 'plain' : 'rleDictionary',
      rowCount,
      nullCount: rowCount - valueCount,
      bounds: this.#pageBounds(ranked, page),
    })
  }

  /** Plain booleans are the places themselves, bit by bit, once places are made truth values. */
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

  #scratchLike(indexes: IndexArray): IndexArray {
    if (indexes instanceof Uint8Array) return this.#values8
    return indexes instanceof Uint16Array ? this.#values16 : this.#values32
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
    return this.#bounds(ranked, this.#used[least]!, this.#used[greatest]!)
  }

  #bounds(ranked: RankedValues, least: number, greatest: number): Bounds {
    return shortenBounds(ranked.valueBytes(least), ranked.valueBytes(greatest))
  }
}
