import type { CellValue, Column, DictionaryColumn } from '../../batch.js'
import type { OutputColumn } from '../output-columns.js'
import { cellValue } from '../output-columns.js'
import type { ArrowDictionary } from './arrow-dictionary.js'
import type { ArrowField, ArrowType } from './messages.js'

const MS_PER_DAY = 86_400_000

/** One Arrow column being filled, until its rows leave as part of a record batch. */
export abstract class ArrowColumn {
  readonly field: ArrowField
  readonly output: OutputColumn
  nullCount = 0
  protected capacity = 0
  /** One byte per row: 1 where there is a value. */
  protected valid = new Uint8Array(0)

  constructor(output: OutputColumn, type: ArrowType, dictionary: ArrowField['dictionary'] = null) {
    this.output = output
    const nullable = output.spec.name !== 'record_number' && output.spec.name !== 'record_length'
    this.field = { name: output.name, nullable, type, dictionary }
  }

  /** Appends rows `start` to `end` of a batch's column as rows `at` and on. */
  append(source: Column, start: number, end: number, at: number): void {
    const needed = at + end - start
    if (needed > this.capacity) {
      this.capacity = Math.max(needed, this.capacity * 2)
      this.valid = grown(this.valid, this.capacity)
      this.grow()
    }
    this.fill(source, start, end, at)
  }

  /** The buffers of the first `rowCount` rows as the record batch holds them. */
  buffers(rowCount: number): readonly Uint8Array[] {
    const validity = this.nullCount === 0 ? EMPTY : packBits(this.valid, rowCount)
    return [validity, ...this.values(rowCount)]
  }

  /** Forgets the rows, keeps the room. */
  clear(): void {
    this.nullCount = 0
  }

  /** Makes room for `capacity` rows, keeping what is there. */
  protected abstract grow(): void
  protected abstract fill(source: Column, start: number, end: number, at: number): void
  protected abstract values(rowCount: number): readonly Uint8Array[]

  protected setValid(row: number, value: CellValue): void {
    this.valid[row] = value === null ? 0 : 1
    if (value === null) this.nullCount++
  }
}

const EMPTY = new Uint8Array(0)

function grown<T extends Uint8Array | Uint16Array | Int32Array | BigInt64Array>(
  array: T,
  length: number,
): T {
  const larger = new (array.constructor as new (length: number) => T)(length)
  larger.set(array as never)
  return larger
}

function bytesOf(array: Uint8Array | Uint16Array | Int32Array | BigInt64Array, count: number) {
  return new Uint8Array(array.buffer, array.byteOffset, count * array.BYTES_PER_ELEMENT)
}

/** Bytes of 0 and 1 as bits, lowest bit first. */
function packBits(flags: Uint8Array, count: number): Uint8Array {
  const bits = new Uint8Array((count + 7) >>> 3)
  for (let row = 0; row < count; row++) bits[row >>> 3]! |= flags[row]! << (row & 7)
  return bits
}

/** Codes and labels: an index into a dictionary of texts. */
export class DictionaryArrowColumn extends ArrowColumn {
  readonly dictionary: ArrowDictionary
  #indices: Uint8Array | Uint16Array | Int32Array

  constructor(output: OutputColumn, dictionary: ArrowDictionary, indexBits: 8 | 16 | 32) {
    super(output, { kind: 'utf8' }, { id: dictionary.id, indexBits })
    this.dictionary = dictionary
    this.#indices = new { 8: Uint8Array, 16: Uint16Array, 32: Int32Array }[indexBits](0)
  }

  protected override grow(): void {
    this.#indices = grown(this.#indices, this.capacity)
  }

  protected override fill(source: Column, start: number, end: number, at: number): void {
    const { dictionary } = this
    if (source.kind === 'dictionary') {
      const { isLabel } = this.output
      const map = dictionary.mapOf(source.dictionary, (index) =>
        isLabel ? labelOf(source, index) : source.dictionary.values[index]!,
      )
      const { indices } = source
      const { valid } = this
      const out = this.#indices
      let nulls = 0
      for (let row = start, to = at; row < end; row++, to++) {
        const index = map[indices[row]!]!
        const isNull = index >> 31
        nulls -= isNull
        valid[to] = isNull + 1
        out[to] = index & ~isNull
      }
      this.nullCount += nulls
      return
    }
    for (let row = start, to = at; row < end; row++, to++) {
      const value = cellValue(this.output, source, row)
      this.setValid(to, value)
      this.#indices[to] = value === null ? 0 : dictionary.indexOf(String(value))
    }
  }

  protected override values(rowCount: number): readonly Uint8Array[] {
    return [bytesOf(this.#indices, rowCount)]
  }
}

function labelOf(column: DictionaryColumn, index: number): string | null {
  const value = column.dictionary.values[index]!
  return value === null ? null : (column.codes?.codes.get(String(value))?.label ?? null)
}

/** Text and identifiers: offsets and UTF-8 bytes. */
export class Utf8ArrowColumn extends ArrowColumn {
  #offsets = new Int32Array(1)
  #data = new Uint8Array(0)

  constructor(output: OutputColumn) {
    super(output, { kind: 'utf8' })
  }

  protected override grow(): void {
    this.#offsets = grown(this.#offsets, this.capacity + 1)
  }

  protected override fill(source: Column, start: number, end: number, at: number): void {
    for (let row = start, to = at; row < end; row++, to++) {
      const value = cellValue(this.output, source, row)
      this.setValid(to, value)
      const text = value === null ? '' : String(value)
      const from = this.#offsets[to]!
      if (from + text.length * 3 > this.#data.length) {
        this.#data = grown(this.#data, (from + text.length * 3 + 1024) * 2)
      }
      const { written } = encoder.encodeInto(text, this.#data.subarray(from))
      this.#offsets[to + 1] = from + written
    }
  }

  protected override values(rowCount: number): readonly Uint8Array[] {
    return [bytesOf(this.#offsets, rowCount + 1), this.#data.subarray(0, this.#offsets[rowCount])]
  }
}

const encoder = new TextEncoder()

/** Integers of 32 bits, hours, and dates as days since 1970-01-01. */
export class Int32ArrowColumn extends ArrowColumn {
  #values = new Int32Array(0)

  constructor(output: OutputColumn) {
    const isDate = output.spec.type === 'date'
    super(output, isDate ? { kind: 'date32' } : { kind: 'int', bits: 32, signed: true })
  }

  protected override grow(): void {
    this.#values = grown(this.#values, this.capacity)
  }

  protected override fill(source: Column, start: number, end: number, at: number): void {
    for (let row = start, to = at; row < end; row++, to++) {
      const value = source.get(row)
      this.setValid(to, value)
      this.#values[to] = typeof value === 'string' ? Date.parse(value) / MS_PER_DAY : Number(value)
    }
  }

  protected override values(rowCount: number): readonly Uint8Array[] {
    return [bytesOf(this.#values, rowCount)]
  }
}

/** Integers too wide for 32 bits. */
export class Int64ArrowColumn extends ArrowColumn {
  #values = new BigInt64Array(0)

  constructor(output: OutputColumn) {
    super(output, { kind: 'int', bits: 64, signed: true })
  }

  protected override grow(): void {
    this.#values = grown(this.#values, this.capacity)
  }

  protected override fill(source: Column, start: number, end: number, at: number): void {
    for (let row = start, to = at; row < end; row++, to++) {
      const value = source.get(row)
      this.setValid(to, value)
      this.#values[to] = BigInt(Number(value))
    }
  }

  protected override values(rowCount: number): readonly Uint8Array[] {
    return [bytesOf(this.#values, rowCount)]
  }
}

/** Decimals: whole numbers of 128 bits, to be divided by ten to the scale. */
export class DecimalArrowColumn extends ArrowColumn {
  #halves = new BigInt64Array(0)

  constructor(output: OutputColumn) {
    const { width, scale } = output.spec
    const precision = Math.min(38, Math.max(width, scale, 1))
    super(output, { kind: 'decimal128', precision, scale })
  }

  protected override grow(): void {
    this.#halves = grown(this.#halves, this.capacity * 2)
  }

  protected override fill(source: Column, start: number, end: number, at: number): void {
    const factor = 10 ** this.output.spec.scale
    for (let row = start, to = at; row < end; row++, to++) {
      const value = source.get(row)
      this.setValid(to, value)
      const scaled =
        source.kind === 'number' ? source.values[row]! : Math.round(Number(value) * factor)
      this.#halves[2 * to] = BigInt(value === null ? 0 : scaled)
      this.#halves[2 * to + 1] = value !== null && scaled < 0 ? -1n : 0n
    }
  }

  protected override values(rowCount: number): readonly Uint8Array[] {
    return [bytesOf(this.#halves, rowCount * 2)]
  }
}

/** Flags. */
export class BoolArrowColumn extends ArrowColumn {
  #values = new Uint8Array(0)

  constructor(output: OutputColumn) {
    super(output, { kind: 'bool' })
  }

  protected override grow(): void {
    this.#values = grown(this.#values, this.capacity)
  }

  protected override fill(source: Column, start: number, end: number, at: number): void {
    for (let row = start, to = at; row < end; row++, to++) {
      const value = source.get(row)
      this.setValid(to, value)
      this.#values[to] = value === true ? 1 : 0
    }
  }

  protected override values(rowCount: number): readonly Uint8Array[] {
    return [packBits(this.#values, rowCount)]
  }
}
