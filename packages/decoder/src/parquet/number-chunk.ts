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

/** Range of no numbers. */
const NO_RANGE: Range = { min: Infinity, max: -Infinity }

/**
 * Encodes chunks of numbers: as a dictionary where that is smallest, else as packed differences, or
 * plain where the differences leave 32 bits.
 */
export class NumberChunkEncoder {
  readonly #workspace: Workspace
  readonly #dictionaryChunks: DictionaryChunkEncoder

  constructor(workspace: Workspace, dictionaryChunks: DictionaryChunkEncoder) {
    this.#workspace = workspace
    this.#dictionaryChunks = dictionaryChunks
  }

  encode(
    chunk: ChunkWriter,
    field: ParquetField,
    column: NumericCells,
    rowCount: number,
  ): ColumnChunk {
    const { kernels, indexes, distinct } = this.#workspace
    const values = this.#workspace.stage(column.values, rowCount)
    const valid = column.valid === null ? null : this.#workspace.stageValid(column.valid, rowCount)
    if (valid === null) {
      const range = this.#rangeOf(values, 0, rowCount)
      if (range.min === range.max) {
        const number = Float64Array.of(0, range.min)
        const ranked = new RankedNumbers(field.physical, number, 2, this.#workspace.tablesFor(2))
        return this.#dictionaryChunks.encodeConstant(chunk, field, rowCount, ranked, 1)
      }
    }
    if (!field.ascending) {
      const interned = kernels.intern(values, valid, rowCount, MAX_DISTINCT, indexes, distinct)
      if (interned !== null && this.#isSmaller(field.physical, interned)) {
        const size = interned.distinctCount + 1
        const tables = this.#workspace.tablesFor(size)
        kernels.rank(distinct, interned.distinctCount, tables.order, tables.ranks)
        tables.loaded()
        const ranked = new RankedNumbers(field.physical, distinct, size, tables)
        return this.#dictionaryChunks.encode(chunk, field, indexes, rowCount, ranked)
      }
    }
    return this.#encodeNumbers(chunk, field, values, valid, rowCount)
  }

  /** Whether a dictionary takes fewer bits than packed differences would. */
  #isSmaller(physical: PhysicalType, { distinctCount, valueCount }: InternResult): boolean {
    if (physical === 'boolean' || valueCount === 0) return true
    const valueBits = physical === 'int32' ? 32 : 64
    const { min, max } = this.#rangeOf(this.#workspace.distinct, 1, distinctCount)
    const spread = max - min
    const differenceBits = spread > MAX_DELTA_RANGE ? valueBits : bitWidthOf(spread + 1) + 1
    const indexBits = bitWidthOf(distinctCount)
    return distinctCount * valueBits + valueCount * (indexBits - differenceBits) <= 0
  }

  #encodeNumbers(
    chunk: ChunkWriter,
    field: ParquetField,
    staged: NumericCells['values'],
    valid: Uint8Array | null,
    rowCount: number,
  ): ColumnChunk {
    const { kernels, page: out, pageRows, bitmap } = this.#workspace
    const ranges: Range[] = []
    chunk.begin(field)
    for (let start = 0; start < rowCount; start += pageRows) {
      const pageRowCount = Math.min(pageRows, rowCount - start)
      let values = staged
      let at = start
      let count = pageRowCount
      if (valid !== null) {
        values = this.#denseLike(staged)
        at = 0
        count = kernels.dropInvalid(staged, valid, start, pageRowCount, values, bitmap)
      }
      const range = this.#rangeOf(values, at, count)
      out.length = 0
      if (field.optional) writeLevels(kernels, out, bitmap, 0, pageRowCount, count)
      const isPacked = range.max - range.min <= MAX_DELTA_RANGE
      if (isPacked) this.#writeDeltas(values, at, count)
      else for (let i = at; i < at + count; i++) writeNumber(out, field.physical, values[i]!)
      const encoding = isPacked ? 'deltaBinaryPacked' : 'plain'
      const bounds = boundsOf(field.physical, [range])
      chunk.dataPage(out, encoding, pageRowCount, pageRowCount - count, bounds)
      ranges.push(range)
    }
    return chunk.finish(boundsOf(field.physical, ranges), null)
  }

  #denseLike(values: NumericCells['values']): typeof values {
    const { dense } = this.#workspace
    if (values instanceof Float64Array) return dense.float64
    return values instanceof Int32Array ? dense.int32 : dense[4]
  }

  #rangeOf(values: NumericCells['values'], start: number, count: number): Range {
    if (count === 0) return NO_RANGE
    return this.#workspace.kernels.rangeOf(values, start, count)
  }

  #writeDeltas(values: NumericCells['values'], start: number, count: number): void {
    const { kernels, page: out, prefixes: low } = this.#workspace
    const first = values[start]!
    if (values instanceof Float64Array) {
      for (let i = 0; i < count; i++) low[i] = values[start + i]!
      writeDeltas(kernels, out, low, 0, count, first)
    } else {
      const { buffer, byteOffset, length } = values
      writeDeltas(kernels, out, new Int32Array(buffer, byteOffset, length), start, count, first)
    }
  }
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
