import type { NumericCells } from './column-cells.js'
import type { ChunkWriter, ColumnChunk } from './column-chunk.js'
import { MAX_DELTA_RANGE, writeDeltas } from './deltas.js'
import { bitWidthOf, type DictionaryChunkEncoder } from './dictionary-chunk.js'
import type { PhysicalType } from './format.js'
import { type InternResult, MAX_DISTINCT, type Range } from './kernels/kernels.js'
import { writeLevels } from './levels.js'
import { numberBytes, writeNumber } from './plain-values.js'
import { RankedNumbers } from './ranked-values.js'
import type { ParquetField } from './schema.js'
import type { Bounds } from './statistics.js'
import type { Workspace } from './workspace.js'

/**
 * Encodes chunks of numbers: as a dictionary where that is smallest, else as packed differences, or
 * plain where the differences leave 32 bits.
 */
export class NumberChunkEncoder {
  readonly #workspace: Workspace
  readonly #dictionaryChunks: DictionaryChunkEncoder
  /** Values of a page without nulls. */
  readonly #values: Float64Array

  constructor(workspace: Workspace, dictionaryChunks: DictionaryChunkEncoder) {
    this.#workspace = workspace
    this.#dictionaryChunks = dictionaryChunks
    this.#values = new Float64Array(workspace.pageRows)
  }

  encode(
    chunk: ChunkWriter,
    field: ParquetField,
    column: NumericCells,
    rowCount: number,
  ): ColumnChunk {
    const { kernels, distinct } = this.#workspace
    const values = this.#workspace.stage(column.values, rowCount)
    if (column.valid === null && !(values instanceof Float64Array) && rowCount > 0) {
      const range = kernels.rangeOf(values, 0, rowCount)
      if (range.min === range.max) {
        const ranked = new RankedNumbers(field.physical, [0, range.min])
        return this.#dictionaryChunks.encodeConstant(chunk, field, rowCount, ranked, 1)
      }
      if (field.ascending) return this.#encodeWords(chunk, field, values, rowCount)
    }
    const interned = this.#intern(values, column.valid, rowCount)
    if (interned !== null && isSmaller(field.physical, distinct, interned)) {
      const ranked = new RankedNumbers(
        field.physical,
        distinct.subarray(0, interned.distinctCount + 1),
      )
      const { indexes } = this.#workspace
      return this.#dictionaryChunks.encode(chunk, field, indexes, rowCount, ranked)
    }
    return this.#encodeNumbers(chunk, field, column, rowCount)
  }

  #intern(
    values: NumericCells['values'],
    valid: Uint8Array | null,
    rowCount: number,
  ): InternResult | null {
    const { kernels, indexes, distinct } = this.#workspace
    const staged = valid === null ? null : this.#workspace.stageValid(valid, 0, rowCount)
    return kernels.intern(values, staged, rowCount, MAX_DISTINCT, indexes, distinct)
  }

  /** Packed differences straight from staged 32-bit numbers, none of them null. */
  #encodeWords(
    chunk: ChunkWriter,
    field: ParquetField,
    words: Int32Array | Uint32Array,
    rowCount: number,
  ): ColumnChunk {
    const { kernels, page: out, pageRows, source, bitmap } = this.#workspace
    const ranges: Range[] = []
    chunk.begin(field)
    for (let start = 0; start < rowCount; start += pageRows) {
      const count = Math.min(pageRows, rowCount - start)
      const range = kernels.rangeOf(words, start, count)
      out.length = 0
      if (field.optional) writeLevels(kernels, out, bitmap, 0, count, count)
      const isPacked = range.max - range.min <= MAX_DELTA_RANGE
      if (isPacked) writeDeltas(kernels, out, source.int32, start, count, words[start]!)
      else for (let i = 0; i < count; i++) writeNumber(out, field.physical, words[start + i]!)
      this.#endPage(chunk, field, isPacked, count, count, range)
      ranges.push(range)
    }
    return chunk.finish(boundsOf(field.physical, ranges), null)
  }

  #encodeNumbers(
    chunk: ChunkWriter,
    field: ParquetField,
    column: NumericCells,
    rowCount: number,
  ): ColumnChunk {
    const { kernels, page: out, pageRows, bitmap, prefixes: low } = this.#workspace
    const values = this.#values
    const ranges: Range[] = []
    chunk.begin(field)
    for (let start = 0; start < rowCount; start += pageRows) {
      const end = Math.min(start + pageRows, rowCount)
      const count = this.#takeValues(column, start, end, low, bitmap)
      const range = rangeOf(values, count)
      out.length = 0
      if (field.optional) writeLevels(kernels, out, bitmap, 0, end - start, count)
      const isPacked = range.max - range.min <= MAX_DELTA_RANGE
      if (isPacked) writeDeltas(kernels, out, low, 0, count, values[0]!)
      else for (let i = 0; i < count; i++) writeNumber(out, field.physical, values[i]!)
      this.#endPage(chunk, field, isPacked, end - start, count, range)
      ranges.push(range)
    }
    return chunk.finish(boundsOf(field.physical, ranges), null)
  }

  #endPage(
    chunk: ChunkWriter,
    field: ParquetField,
    isPacked: boolean,
    rowCount: number,
    valueCount: number,
    range: Range,
  ): void {
    const bounds = boundsOf(field.physical, [range])
    const encoding = isPacked ? 'deltaBinaryPacked' : 'plain'
    chunk.dataPage(this.#workspace.page, encoding, rowCount, rowCount - valueCount, bounds)
  }

  /** Gathers the values of a page without nulls, and their low 32 bits; returns how many. */
  #takeValues(
    column: NumericCells,
    start: number,
    end: number,
    low: Int32Array,
    bitmap: Uint8Array,
  ): number {
    const { values: source, valid } = column
    const values = this.#values
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
  distinct: Float64Array,
  { distinctCount, valueCount }: InternResult,
): boolean {
  if (physical === 'boolean' || valueCount === 0) return true
  const valueBits = physical === 'int32' ? 32 : 64
  const range = rangeOf(distinct.subarray(1), distinctCount)
  const spread = range.max - range.min
  const differenceBits = spread > MAX_DELTA_RANGE ? valueBits : bitWidthOf(spread + 1) + 1
  const indexBits = bitWidthOf(distinctCount)
  return distinctCount * valueBits + valueCount * (indexBits - differenceBits) <= 0
}

function boundsOf(physical: PhysicalType, ranges: readonly Range[]): Bounds | null {
  let min = Infinity
  let max = -Infinity
  for (const range of ranges) {
    min = Math.min(min, range.min)
    max = Math.max(max, range.max)
  }
  if (min > max) return null
  return {
    min: numberBytes(physical, min),
    max: numberBytes(physical, max),
    minExact: true,
    maxExact: true,
  }
}
