import type { BytesColumn, Column, Dictionary, DictionaryColumn } from '../../batch.js'
import { cellValue, type OutputColumn } from '../output-columns.js'
import type { ArrowDictionary } from './arrow-dictionary.js'
import type { ArrowField, ArrowType } from './messages.js'
import { hasZero, lessOne, markBits } from './null-bits.js'
import type { RecordBatchBody } from './record-batch-body.js'
import { TextTable } from './text-table.js'

type Indices = DictionaryColumn['indices']
type Numbers = Indices | Int32Array | Float64Array

/** One Arrow column: gathers rows of batches, and makes buffers of a record batch from them. */
export abstract class ArrowColumn {
  readonly field: ArrowField
  readonly output: OutputColumn
  /** One byte per row: 1 where there is a value. */
  protected marks = new Uint8Array(0)

  constructor(output: OutputColumn, type: ArrowType, dictionary: ArrowField['dictionary'] = null) {
    this.output = output
    const nullable = output.spec.name !== 'record_number' && output.spec.name !== 'record_length'
    this.field = { name: output.name, nullable, type, dictionary }
  }

  /** Adds rows `start` to `end` of a column of a batch, as rows `at` and on. */
  abstract append(column: Column, start: number, end: number, at: number): void

  /** Adds the buffers of rows 0 to `rowCount` to a record batch, and forgets the rows. */
  abstract encode(rowCount: number, body: RecordBatchBody): void

  /** The error for a column held in a way that the decoder never does for its type. */
  protected unexpected(column: Column): TypeError {
    const { name, type } = this.output.spec
    return new TypeError(`column "${name}" of type ${type} cannot be held as ${column.kind} cells`)
  }
}

/** Room for `count` elements, keeping those that are there. */
function withRoom<A extends Numbers>(array: A, count: number): A {
  if (count <= array.length) return array
  const SameType = array.constructor as new (length: number) => A
  const larger = new SameType(Math.max(array.length * 2, count))
  larger.set(array)
  return larger
}

/** Adds the validity buffer, of no length when nothing is null; returns the null count. */
function encodeValidity(marks: Indices, rowCount: number, body: RecordBatchBody): number {
  const nullCount = markBits(marks, rowCount, takeBytes(body, (rowCount + 7) >> 3))
  if (nullCount === 0) body.shorten(0)
  body.nodes.push(rowCount, nullCount)
  return nullCount
}

function takeBytes(body: RecordBatchBody, size: number): Uint8Array {
  const offset = body.take(size)
  return body.bytes.subarray(offset, offset + size)
}

function takeInt32(body: RecordBatchBody, count: number): Int32Array {
  const offset = body.take(count * 4)
  return new Int32Array(body.bytes.buffer, offset, count)
}

/** Codes and labels: an index into a dictionary of texts. */
export class DictionaryArrowColumn extends ArrowColumn {
  readonly dictionary: ArrowDictionary
  readonly #indexBits: 8 | 16 | 32
  /** Rows as the batches hold them, while all come from one dictionary and kind of array. */
  #indices: Indices | null = null
  #source: Dictionary | null = null
  /** Rows as indices of the Arrow dictionary, -1 for null. */
  #positions = new Int32Array(0)

  constructor(output: OutputColumn, dictionary: ArrowDictionary, indexBits: 8 | 16 | 32) {
    super(output, { kind: 'utf8' }, { id: dictionary.id, indexBits })
    this.dictionary = dictionary
    this.#indexBits = indexBits
  }

  override append(column: Column, start: number, end: number, at: number): void {
    if (column.kind === 'dictionary') {
      const indices = column.indices.subarray(start, end)
      if (at === 0) {
        this.#source = column.dictionary
        if (this.#indices?.constructor !== indices.constructor) {
          this.#indices = new (indices.constructor as new () => Indices)()
        }
      }
      if (
        column.dictionary === this.#source &&
        indices.constructor === this.#indices!.constructor
      ) {
        this.#indices = withRoom(this.#indices!, at + end - start)
        this.#indices.set(indices, at)
        return
      }
      this.#translate(at)
      this.#positions = withRoom(this.#positions, at + end - start)
      this.dictionary.translate(column.dictionary, indices, end - start, this.#positions, at)
      return
    }
    this.#translate(at)
    this.#positions = withRoom(this.#positions, at + end - start)
    for (let row = start; row < end; row++) {
      // A code; its label is what the Arrow dictionary makes of it.
      const value = column.get(row)
      this.#positions[at + row - start] = this.dictionary.indexOf(value)
    }
  }

  override encode(rowCount: number, body: RecordBatchBody): void {
    const source = this.#source
    if (source !== null) {
      const indices = this.#indices!
      const matchedCount = this.dictionary.matchedCount(source)
      const mayExceed = source.values.length - 1 > matchedCount
      if (!mayExceed || maxOf(indices, rowCount) <= matchedCount) {
        encodeValidity(indices, rowCount, body)
        this.#encodeLessOne(indices, rowCount, body)
        return
      }
    }
    this.#translate(rowCount)
    const positions = this.#positions
    this.marks = withRoom(this.marks, rowCount)
    for (let row = 0; row < rowCount; row++) this.marks[row] = (positions[row]! >> 31) + 1
    encodeValidity(this.marks, rowCount, body)
    const out = this.#takeIndices(rowCount, body)
    for (let row = 0; row < rowCount; row++) out[row] = Math.max(positions[row]!, 0)
  }

  /** From here on the rows are held as positions. */
  #translate(rowCount: number): void {
    if (this.#source === null) return
    this.#positions = withRoom(this.#positions, rowCount)
    this.dictionary.translate(this.#source, this.#indices!, rowCount, this.#positions, 0)
    this.#source = null
  }

  #encodeLessOne(indices: Indices, rowCount: number, body: RecordBatchBody): void {
    const out = this.#takeIndices(rowCount, body)
    if (out instanceof Uint8Array && indices instanceof Uint8Array) {
      lessOne(indices, rowCount, out)
    } else if (out instanceof Uint16Array && indices instanceof Uint16Array) {
      lessOne(indices, rowCount, out)
    } else {
      for (let row = 0; row < rowCount; row++) out[row] = Math.max(indices[row]! - 1, 0)
    }
  }

  #takeIndices(rowCount: number, body: RecordBatchBody): Uint8Array | Uint16Array | Int32Array {
    const offset = body.take((rowCount * this.#indexBits) / 8)
    const { buffer } = body.bytes
    switch (this.#indexBits) {
      case 8:
        return new Uint8Array(buffer, offset, rowCount)
      case 16:
        return new Uint16Array(buffer, offset, rowCount)
      case 32:
        return new Int32Array(buffer, offset, rowCount)
    }
  }
}

function maxOf(indices: Indices, rowCount: number): number {
  let max = 0
  for (let row = 0; row < rowCount; row++) max = Math.max(max, indices[row]!)
  return max
}

/** Text and identifiers: offsets and UTF-8 bytes. */
export class Utf8ArrowColumn extends ArrowColumn {
  #offsets = new Int32Array(1)
  #data = new Uint8Array(0)
  #view = new DataView(this.#data.buffer)
  readonly #table = new TextTable()
  #characters: readonly string[] = []
  /** For each byte its UTF-8, or null where that is the byte itself. */
  #characterBytes: readonly (Uint8Array | null)[] = []
  /** True when no ASCII byte but NUL stands for another character. */
  #keepsAscii = true

  constructor(output: OutputColumn) {
    super(output, { kind: 'utf8' })
  }

  override append(column: Column, start: number, end: number, at: number): void {
    this.marks = withRoom(this.marks, at + end - start)
    this.#offsets = withRoom(this.#offsets, at + end - start + 1)
    if (column.kind === 'dictionary') this.#appendTexts(column, start, end, at)
    else if (column.kind === 'bytes') this.#appendBytes(column, start, end, at)
    else throw this.unexpected(column)
  }

  override encode(rowCount: number, body: RecordBatchBody): void {
    encodeValidity(this.marks, rowCount, body)
    const length = this.#offsets[rowCount]!
    takeInt32(body, rowCount + 1).set(this.#offsets.subarray(0, rowCount + 1))
    takeBytes(body, length).set(this.#data.subarray(0, length))
  }

  #makeRoom(length: number): void {
    if (length <= this.#data.length) return
    this.#data = withRoom(this.#data, length)
    this.#view = new DataView(this.#data.buffer)
  }

  #appendTexts(column: DictionaryColumn, start: number, end: number, at: number): void {
    this.#table.update(column.dictionary)
    const { words, lengths, wordsPerText } = this.#table
    const { indices } = column
    const offsets = this.#offsets
    const marks = this.marks
    let to = offsets[at]!
    this.#makeRoom(to + (end - start) * wordsPerText * 8 + 8)
    const view = this.#view
    for (let row = start, out = at; row < end; row++, out++) {
      const index = indices[row]!
      const word = index * wordsPerText
      view.setFloat64(to, words[word]!, true)
      for (let k = 1; k < wordsPerText; k++) view.setFloat64(to + k * 8, words[word + k]!, true)
      to += lengths[index]!
      offsets[out + 1] = to
      marks[out] = index === 0 ? 0 : 1
    }
  }

  #appendBytes(column: BytesColumn, start: number, end: number, at: number): void {
    const { width, trim, nonAscii } = column
    this.#learn(column.characters)
    const bytes = column.bytes.subarray(start * width, end * width)
    const valid = column.valid.subarray(start, end)
    this.marks.set(valid, at)
    const offsets = this.#offsets
    let to = offsets[at]!
    // UTF-8 takes at most three bytes for a character of a single-byte encoding.
    this.#makeRoom(to + bytes.length * (nonAscii ? 3 : 1))
    if (!trim && !nonAscii && this.#keepsAscii && !hasZero(bytes) && !hasZero(valid)) {
      // Every value is all of its bytes: no need to look at them one by one.
      this.#data.set(bytes, to)
      for (let row = 1; row <= valid.length; row++) offsets[at + row] = to + row * width
      return
    }
    const data = this.#data
    const characterBytes = this.#characterBytes
    for (let row = 0; row < valid.length; row++) {
      if (valid[row] !== 0) {
        let last = (row + 1) * width
        while (last > row * width && bytes[last - 1] === 0) last--
        if (trim) while (last > row * width && bytes[last - 1] === 0x20) last--
        for (let from = row * width; from < last; from++) {
          const other = characterBytes[bytes[from]!]!
          if (other === null) {
            data[to++] = bytes[from]!
          } else {
            data.set(other, to)
            to += other.length
          }
        }
      }
      offsets[at + row + 1] = to
    }
  }

  #learn(characters: readonly string[]): void {
    if (characters === this.#characters) return
    this.#characters = characters
    this.#characterBytes = characters.map((character, byte) => {
      const encoded = new TextEncoder().encode(character)
      return encoded.length === 1 && encoded[0] === byte ? null : encoded
    })
    this.#keepsAscii = this.#characterBytes.slice(1, 0x80).every((bytes) => bytes === null)
  }
}

/** Numbers: whole ones, decimals as whole multiples of their last digit, dates as days. */
export class NumberArrowColumn extends ArrowColumn {
  readonly #words: 1 | 2 | 4
  #values: Int32Array | Float64Array

  #source: Dictionary | null = null
  /** Value of each index of the source, as far as looked at. */
  #table = new Float64Array(0)
  #tableCount = 0

  /** @param words 32-bit words of a value: one, or two or four in two's complement */
  constructor(output: OutputColumn, type: ArrowType, words: 1 | 2 | 4) {
    super(output, type)
    this.#words = words
    this.#values = words === 1 ? new Int32Array(0) : new Float64Array(0)
  }

  override append(column: Column, start: number, end: number, at: number): void {
    const values = (this.#values = withRoom(this.#values, at + end - start))
    const marks = (this.marks = withRoom(this.marks, at + end - start))
    if (column.kind === 'number') {
      values.set(column.values.subarray(start, end), at)
      if (column.valid === null) marks.fill(1, at, at + end - start)
      else marks.set(column.valid.subarray(start, end), at)
    } else if (column.kind === 'dictionary') {
      const indices = column.indices.subarray(start, end)
      lookUp(indices, this.#tableOf(column.dictionary), values, marks, at)
    } else {
      throw this.unexpected(column)
    }
  }

  override encode(rowCount: number, body: RecordBatchBody): void {
    encodeValidity(this.marks, rowCount, body)
    const out = takeInt32(body, rowCount * this.#words)
    if (this.#words === 1) out.set(this.#values.subarray(0, rowCount))
    else writeWide(this.#values, rowCount, out, this.#words)
  }

  #tableOf(source: Dictionary): Float64Array {
    if (source !== this.#source) {
      this.#source = source
      this.#tableCount = 0
    }
    const { values } = source
    this.#table = withRoom(this.#table, values.length)
    while (this.#tableCount < values.length) {
      this.#table[this.#tableCount] = Number(values[this.#tableCount++])
    }
    return this.#table
  }
}

/** Writes the value each index stands for; one loop per kind of array, which engines make fast. */
function lookUp(
  indices: Indices,
  table: Float64Array,
  values: Int32Array | Float64Array,
  marks: Uint8Array,
  at: number,
): void {
  if (indices instanceof Uint8Array && values instanceof Int32Array) {
    for (let row = 0; row < indices.length; row++) {
      values[at + row] = table[indices[row]!]!
      marks[at + row] = indices[row] === 0 ? 0 : 1
    }
  } else if (indices instanceof Uint16Array && values instanceof Int32Array) {
    for (let row = 0; row < indices.length; row++) {
      values[at + row] = table[indices[row]!]!
      marks[at + row] = indices[row] === 0 ? 0 : 1
    }
  } else {
    for (let row = 0; row < indices.length; row++) {
      values[at + row] = table[indices[row]!]!
      marks[at + row] = indices[row] === 0 ? 0 : 1
    }
  }
}

/** Writes whole numbers as integers of several 32-bit words, in two's complement. */
function writeWide(values: Numbers, rowCount: number, out: Int32Array, words: 2 | 4): void {
  for (let row = 0; row < rowCount; row++) {
    const value = values[row]!
    const high = Math.floor(value / 2 ** 32)
    const at = row * words
    out[at] = value - high * 2 ** 32
    out[at + 1] = high
    if (words === 4) out[at + 2] = out[at + 3] = high >> 31
  }
}

/** Flags. */
export class BoolArrowColumn extends ArrowColumn {
  #values = new Uint8Array(0)

  constructor(output: OutputColumn) {
    super(output, { kind: 'bool' })
  }

  override append(column: Column, start: number, end: number, at: number): void {
    const values = (this.#values = withRoom(this.#values, at + end - start))
    const marks = (this.marks = withRoom(this.marks, at + end - start))
    for (let row = start, out = at; row < end; row++, out++) {
      const value = cellValue(this.output, column, row)
      values[out] = value === true ? 1 : 0
      marks[out] = value === null ? 0 : 1
    }
  }

  override encode(rowCount: number, body: RecordBatchBody): void {
    encodeValidity(this.marks, rowCount, body)
    markBits(this.#values, rowCount, takeBytes(body, (rowCount + 7) >> 3))
  }
}
