import { ByteWriter } from './byte-writer.js'
import type { NumericCells } from './column-cells.js'
import type { Bounds, ChunkWriter, ColumnChunk } from './column-chunk.js'
import { MAX_DELTA, writeDeltas } from './delta.js'
import type { Encoding, PhysicalType } from './format.js'
import { numberBytes, writeNumber } from './plain-values.js'
import type { ParquetField } from './schema.js'
import { writeLevels } from './rle.js'

/** Encodes chunks of numbers: packed differences where they are small, else plain. */
export class NumberChunkEncoder {
  readonly #pageRows: number
  readonly #values: Float64Array
  readonly #bitmap: Uint8Array
  readonly #page: ByteWriter

  constructor(pageRows: number) {
    this.#pageRows = pageRows
    this.#values = new Float64Array(pageRows)
    this.#bitmap = new Uint8Array((pageRows >>> 3) + 8)
    this.#page = new ByteWriter(pageRows * 8 + 1024)
  }

  encode(
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
      const valueCount = this.#takeValues(column, start, end)
      const range = rangeOf(this.#values, valueCount)
      const out = this.#page
      out.length = 0
      if (field.optional) writeLevels(out, this.#bitmap, end - start, valueCount)
      const encoding = this.#writeValues(out, field.physical, valueCount)
      chunk.dataPage(out.written(), {
        encoding,
        rowCount: end - start,
        nullCount: end - start - valueCount,
        bounds: boundsOf(field.physical, range.min, range.max),
      })
      min = Math.min(min, range.min)
      max = Math.max(max, range.max)
    }
    return chunk.finish(boundsOf(field.physical, min, max), null)
  }

  #takeValues(column: NumericCells, start: number, end: number): number {
    const { values: source, valid } = column
    const values = this.#values
    if (valid === null) {
      for (let row = start; row < end; row++) values[row - start] = source[row]!
      return end - start
    }
    const bitmap = this.#bitmap
    bitmap.fill(0, 0, (end - start + 7) >>> 3)
    let count = 0
    for (let row = start; row < end; row++) {
      if (valid[row] === 0) continue
      values[count++] = source[row]!
      bitmap[(row - start) >>> 3]! |= 1 << ((row - start) & 7)
    }
    return count
  }

  #writeValues(out: ByteWriter, physical: PhysicalType, count: number): Encoding {
    const values = this.#values
    if (physical === 'boolean') {
      for (let i = 0; i < count; i += 8) {
        let bits = 0
        for (let j = i; j < Math.min(i + 8, count); j++) if (values[j] !== 0) bits |= 1 << (j & 7)
        out.byte(bits)
      }
      return 'plain'
    }
    if (hasSmallDeltas(values, count)) {
      writeDeltas(out, values, count)
      return 'deltaBinaryPacked'
    }
    for (let i = 0; i < count; i++) writeNumber(out, physical, values[i]!)
    return 'plain'
  }
}

function rangeOf(values: Float64Array, count: number): { min: number; max: number } {
  let min = Infinity
  let max = -Infinity
  for (let i = 0; i < count; i++) {
    const value = values[i]!
    if (value < min) min = value
    if (value > max) max = value
  }
  return { min, max }
}

function hasSmallDeltas(values: Float64Array, count: number): boolean {
  let previous = values[0]!
  for (let i = 1; i < count; i++) {
    const delta = values[i]! - previous
    if (delta > MAX_DELTA || delta < -MAX_DELTA) return false
    previous = values[i]!
  }
  return true
}

function boundsOf(physical: PhysicalType, min: number, max: number): Bounds | null {
  if (min > max) return null
  return {
    min: numberBytes(physical, min),
    max: numberBytes(physical, max),
    minExact: true,
    maxExact: true,
  }
}
