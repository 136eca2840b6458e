import { bitWidthOf } from './bit-packing.js'
import { ByteWriter } from './byte-writer.js'
import type { NumericCells } from './column-cells.js'
import type { Bounds, ChunkWriter, ColumnChunk } from './column-chunk.js'
import { MAX_DELTA_RANGE, writeDeltas } from './delta.js'
import type { DictionaryChunkEncoder } from './dictionary-chunk.js'
import type { PhysicalType } from './format.js'
import { NumberInterner } from './intern.js'
import { numberBytes, writeNumber } from './plain-values.js'
import { RankedNumbers } from './ranked-values.js'
import { writeLevels } from './rle.js'
import type { ParquetField } from './schema.js'

interface Range {
  readonly min: number
  readonly max: number
}

/**
 * Encodes chunks of numbers: as a dictionary where that is smallest, else as packed differences, or
 * plain where the differences leave 32 bits.
 */
export class NumberChunkEncoder {
  readonly #pageRows: number
  readonly #dictionaryChunks: DictionaryChunkEncoder
  readonly #interner: NumberInterner
  /** Values of the chunk without nulls, and their low 32 bits. */
  readonly #values: Float64Array
  readonly #low: Int32Array
  readonly #bitmap: Uint8Array
  readonly #page: ByteWriter

  constructor(rowCapacity: number, pageRows: number, dictionaryChunks: DictionaryChunkEncoder) {
    this.#pageRows = pageRows
    this.#dictionaryChunks = dictionaryChunks
    this.#interner = new NumberInterner(rowCapacity)
    this.#values = new Float64Array(pageRows)
    this.#low = new Int32Array(pageRows)
    this.#bitmap = new Uint8Array((pageRows >>> 3) + 8)
    this.#page = new ByteWriter(pageRows * 8 + 1024)
  }

  encode(
    chunk: ChunkWriter,
    field: ParquetField,
    column: NumericCells,
    rowCount: number,
  ): ColumnChunk {
    if (rowCount > 0 && isConstant(column, rowCount)) {
      const ranked = new RankedNumbers(field.physical, [0, column.values[0]!])
      return this.#dictionaryChunks.encodeConstant(chunk, field, rowCount, ranked, 1)
    }
    if (field.ascending && column.valid === null && !(column.values instanceof Float64Array)) {
      return this.#encodeWords(chunk, field, column.values, rowCount)
    }
    const interned = this.#interner.intern(column.values, column.valid, rowCount)
    if (interned !== undefined && isSmaller(field.physical, interned, rowCount)) {
      const ranked = new RankedNumbers(field.physical, interned.distinct)
      return this.#dictionaryChunks.encode(chunk, field, interned.indexes, rowCount, ranked)
    }
    return this.#encodeNumbers(chunk, field, column, rowCount)
  }

  /** Packed differences straight from 32-bit numbers, none of them null. */
  #encodeWords(
    chunk: ChunkWriter,
    field: ParquetField,
    values: Int32Array | Uint32Array,
    rowCount: number,
  ): ColumnChunk {
    const words = new Int32Array(values.buffer, values.byteOffset, values.length)
    const isUnsigned = values instanceof Uint32Array
    chunk.begin()
    let min = Infinity
    let max = -Infinity
    for (let start = 0; start < rowCount; start += this.#pageRows) {
      const end = Math.min(start + this.#pageRows, rowCount)
      const page = rangeOfWords(words, start, end, isUnsigned)
      this.#beginPage(field, end - start, end - start)
      if (page.max - page.min <= MAX_DELTA_RANGE) {
        writeDeltas(this.#page, words, start, end - start, values[start]!)
        this.#endPage(chunk, field, 'deltaBinaryPacked', end - start, end - start, page)
      } else {
        for (let i = start; i < end; i++) writeNumber(this.#page, field.physical, values[i]!)
        this.#endPage(chunk, field, 'plain', end - start, end - start, page)
      }
      min = Math.min(min, page.min)
      max = Math.max(max, page.max)
    }
    return chunk.finish(boundsOf(field.physical, { min, max }), null)
  }

  #encodeNumbers(
    chunk: ChunkWriter,
    field: ParquetField,
    column: NumericCells,
    rowCount: number,
  ): ColumnChunk {
    chunk.begin()
    let min = Infinity
    let max = -Infinity
    for (let start = 0; start < rowCount; start += this.#pageRows) {
      const end = Math.min(start + this.#pageRows, rowCount)
      const count = this.#takeValues(column, start, end)
      const page = rangeOf(this.#values, count)
      this.#beginPage(field, end - start, count)
      if (page.max - page.min <= MAX_DELTA_RANGE) {
        writeDeltas(this.#page, this.#low, 0, count, this.#values[0]!)
        this.#endPage(chunk, field, 'deltaBinaryPacked', end - start, count, page)
      } else {
        for (let i = 0; i < count; i++) writeNumber(this.#page, field.physical, this.#values[i]!)
        this.#endPage(chunk, field, 'plain', end - start, count, page)
      }
      min = Math.min(min, page.min)
      max = Math.max(max, page.max)
    }
    return chunk.finish(boundsOf(field.physical, { min, max }), null)
  }

  #beginPage(field: ParquetField, rowCount: number, valueCount: number): void {
    this.#page.length = 0
    if (field.optional) writeLevels(this.#page, this.#bitmap, rowCount, valueCount)
  }

  #endPage(
    chunk: ChunkWriter,
    field: ParquetField,
    encoding: 'plain' | 'deltaBinaryPacked',
    rowCount: number,
    valueCount: number,
    range: Range,
  ): void {
    const bounds = boundsOf(field.physical, range)
    chunk.dataPage(this.#page.written(), encoding, rowCount, rowCount - valueCount, bounds)
  }

  /** Gathers the values of a page without nulls; returns how many there are. */
  #takeValues(column: NumericCells, start: number, end: number): number {
    const { values: source, valid } = column
    const values = this.#values
    const low = this.#low
    const bitmap = this.#bitmap
    bitmap.fill(0, 0, (end - start + 7) >>> 3)
    let count = 0
    for (let row = start; row < end; row++) {
      if (valid !== null && valid[row] === 0) continue
      bitmap[(row - start) >>> 3]! |= 1 << ((row - start) & 7)
      const value = source[row]!
      values[count] = value
      low[count] = value
      count++
    }
    return count
  }
}

/** Whether every row has the same number. */
function isConstant(column: NumericCells, rowCount: number): boolean {
  const { values, valid } = column
  const first = values[0]
  if (values instanceof Float64Array) {
    for (let row = 1; row < rowCount; row++) if (values[row] !== first) return false
  } else {
    const words = new Int32Array(values.buffer, values.byteOffset, rowCount)
    const word = words[0]
    for (let row = 1; row < rowCount; row++) if (words[row] !== word) return false
  }
  if (valid !== null) for (let row = 0; row < rowCount; row++) if (valid[row] === 0) return false
  return true
}

function rangeOfWords(words: Int32Array, start: number, end: number, isUnsigned: boolean): Range {
  // With the sign bit turned over, signed order is unsigned order.
  const turn = isUnsigned ? 0x80000000 | 0 : 0
  let min = 0x7fffffff
  let max = -0x80000000
  for (let i = start; i < end; i++) {
    const word = words[i]! ^ turn
    if (word < min) min = word
    if (word > max) max = word
  }
  return isUnsigned ? { min: (min ^ turn) >>> 0, max: (max ^ turn) >>> 0 } : { min, max }
}

function rangeOf(values: Float64Array, count: number): Range {
  let min = Infinity
  let max = -Infinity
  for (let i = 0; i < count; i++) {
    const value = values[i]!
    if (value < min) min = value
    if (value > max) max = value
  }
  return { min, max }
}

/** Whether a dictionary takes fewer bits than packed differences would. */
function isSmaller(
  physical: PhysicalType,
  interned: { readonly distinct: readonly number[]; readonly valueCount: number },
  rowCount: number,
): boolean {
  if (physical === 'boolean' || rowCount === 0) return true
  const { distinct, valueCount } = interned
  const valueBits = physical === 'int32' ? 32 : 64
  let min = Infinity
  let max = -Infinity
  for (let i = 1; i < distinct.length; i++) {
    min = Math.min(min, distinct[i]!)
    max = Math.max(max, distinct[i]!)
  }
  const spread = max - min
  const differenceBits = spread > MAX_DELTA_RANGE ? valueBits : bitWidthOf(spread + 1) + 1
  const indexBits = bitWidthOf(distinct.length)
  return distinct.length * valueBits + valueCount * (indexBits - differenceBits) <= 0
}

function boundsOf(physical: PhysicalType, range: Range): Bounds | null {
  if (range.min > range.max) return null
  return {
    min: numberBytes(physical, range.min),
    max: numberBytes(physical, range.max),
    minExact: true,
    maxExact: true,
  }
}
