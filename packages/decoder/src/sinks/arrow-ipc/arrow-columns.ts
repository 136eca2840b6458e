import type { ColumnCells, FixedWidthCells, IndexCells } from '../../parquet/column-cells.js'
import type { OutputColumn } from '../output-columns.js'
import type { ArrowDictionary } from './arrow-dictionary.js'
import type { ArrowField, ArrowType } from './messages.js'
import { hasZero, lessOne, markBits } from './null-bits.js'
import type { RecordBatchBody } from './record-batch-body.js'
import { TextTable } from './text-table.js'

/** Makes the cells of one column into the buffers of an Arrow array. */
export abstract class ArrowColumn {
  readonly field: ArrowField
  readonly output: OutputColumn

  constructor(output: OutputColumn, type: ArrowType, dictionary: ArrowField['dictionary'] = null) {
    this.output = output
    const nullable = output.spec.name !== 'record_number' && output.spec.name !== 'record_length'
    this.field = { name: output.name, nullable, type, dictionary }
  }

  /** Adds the buffers of the first `rowCount` cells to a record batch. */
  encode(cells: ColumnCells, rowCount: number, body: RecordBatchBody): void {
    const nullCount = this.encodeValidity(cells, rowCount, body)
    body.nodes.push(rowCount, nullCount)
    this.encodeValues(cells, rowCount, body)
  }

  /** Takes the validity buffer, of no length when nothing is null; returns the null count. */
  protected encodeValidity(cells: ColumnCells, rowCount: number, body: RecordBatchBody): number {
    const marks = cells.kind === 'dictionary' ? cells.indices : cells.valid
    if (marks === null) {
      body.take(0)
      return 0
    }
    const bits = takeBytes(body, (rowCount + 7) >> 3)
    const nullCount = markBits(marks, rowCount, bits)
    if (nullCount === 0) body.shorten(0)
    return nullCount
  }

  protected abstract encodeValues(cells: ColumnCells, rowCount: number, body: RecordBatchBody): void

  /** The error for cells of a kind that the decoder never gives for this type. */
  protected unexpected(cells: ColumnCells): TypeError {
    const { name, type } = this.output.spec
    return new TypeError(`column "${name}" of type ${type} cannot be held as ${cells.kind} cells`)
  }
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
  #positions = new Int32Array(0)
  #marks = new Uint8Array(0)

  constructor(output: OutputColumn, dictionary: ArrowDictionary, indexBits: 8 | 16 | 32) {
    super(output, { kind: 'utf8' }, { id: dictionary.id, indexBits })
    this.dictionary = dictionary
    this.#indexBits = indexBits
  }

  override encode(cells: ColumnCells, rowCount: number, body: RecordBatchBody): void {
    if (cells.kind === 'dictionary') {
      const map = this.dictionary.mapOf(cells.dictionary, (value) => this.#textOf(value))
      if (this.dictionary.isLessOne) return super.encode(cells, rowCount, body)
      this.#makeRoom(rowCount)
      const { indices } = cells
      for (let row = 0; row < rowCount; row++) this.#positions[row] = map[indices[row]!]!
    } else {
      this.#makeRoom(rowCount)
      for (let row = 0; row < rowCount; row++) {
        const value = cellText(cells, row, this.output.spec.scale)
        const text = value === null ? null : this.#textOf(value)
        this.#positions[row] = text === null ? -1 : this.dictionary.indexOf(text)
      }
    }
    for (let row = 0; row < rowCount; row++) this.#marks[row] = (this.#positions[row]! >> 31) + 1
    const bits = takeBytes(body, (rowCount + 7) >> 3)
    const nullCount = markBits(this.#marks, rowCount, bits)
    if (nullCount === 0) body.shorten(0)
    body.nodes.push(rowCount, nullCount)
    const out = this.#takeIndices(rowCount, body)
    for (let row = 0; row < rowCount; row++) out[row] = Math.max(this.#positions[row]!, 0)
  }

  protected override encodeValues(
    cells: ColumnCells,
    rowCount: number,
    body: RecordBatchBody,
  ): void {
    if (cells.kind !== 'dictionary') throw this.unexpected(cells)
    const { indices } = cells
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

  #makeRoom(rowCount: number): void {
    if (rowCount <= this.#positions.length) return
    this.#positions = new Int32Array(rowCount)
    this.#marks = new Uint8Array(rowCount)
  }

  #textOf(value: string | number | boolean): string | null {
    const { spec, isLabel } = this.output
    return isLabel ? (spec.codes?.codes.get(String(value))?.label ?? null) : String(value)
  }
}

/** A code that is not held in a dictionary, as text; null for a null cell. */
function cellText(
  cells: Exclude<ColumnCells, IndexCells>,
  row: number,
  scale: number,
): string | null {
  if (cells.valid !== null && cells.valid[row] === 0) return null
  if (cells.kind === 'number') return String(cells.values[row]! / 10 ** scale)
  const end = textEnd(cells, row)
  let text = ''
  for (let at = row * cells.width; at < end; at++) text += cells.characters[cells.bytes[at]!]!
  return text
}

/** Where the text of a row ends: before its padding and, if so declared, its trailing blanks. */
function textEnd({ width, bytes, trim }: FixedWidthCells, row: number): number {
  const start = row * width
  let end = start + width
  while (end > start && bytes[end - 1] === 0) end--
  if (trim) while (end > start && bytes[end - 1] === 0x20) end--
  return end
}

/** Text and identifiers: offsets and UTF-8 bytes. */
export class Utf8ArrowColumn extends ArrowColumn {
  readonly #table = new TextTable()
  #characterBytes: readonly (Uint8Array | null)[] = []
  #characters: readonly string[] = []
  /** True when no ASCII byte but NUL stands for another character. */
  #keepsAscii = true

  constructor(output: OutputColumn) {
    super(output, { kind: 'utf8' })
  }

  protected override encodeValues(
    cells: ColumnCells,
    rowCount: number,
    body: RecordBatchBody,
  ): void {
    if (cells.kind === 'dictionary') this.#copyTexts(cells, rowCount, body)
    else if (cells.kind === 'bytes') this.#copyBytes(cells, rowCount, body)
    else throw this.unexpected(cells)
  }

  #copyTexts(cells: IndexCells, rowCount: number, body: RecordBatchBody): void {
    const { indices } = cells
    this.#table.update(cells.dictionary)
    const { words, lengths, wordsPerText } = this.#table
    const offsetsAt = body.take((rowCount + 1) * 4)
    const dataAt = body.take(rowCount * wordsPerText * 8 + 8)
    const offsets = new Int32Array(body.bytes.buffer, offsetsAt, rowCount + 1)
    const data = new DataView(body.bytes.buffer, dataAt)
    let to = 0
    offsets[0] = 0
    for (let row = 0; row < rowCount; row++) {
      const index = indices[row]!
      const word = index * wordsPerText
      data.setFloat64(to, words[word]!, true)
      for (let k = 1; k < wordsPerText; k++) data.setFloat64(to + k * 8, words[word + k]!, true)
      to += lengths[index]!
      offsets[row + 1] = to
    }
    body.shorten(to)
  }

  #copyBytes(cells: FixedWidthCells, rowCount: number, body: RecordBatchBody): void {
    const { width, bytes, valid, trim, nonAscii } = cells
    this.#learn(cells.characters)
    const isWhole = !trim && !nonAscii && this.#keepsAscii && body.nodes.at(-1) === 0
    if (isWhole && !hasZero(bytes, rowCount * width)) {
      // Every value is all of its bytes: no need to look at them one by one.
      const offsets = takeInt32(body, rowCount + 1)
      for (let row = 0; row <= rowCount; row++) offsets[row] = row * width
      takeBytes(body, rowCount * width).set(bytes.subarray(0, rowCount * width))
      return
    }
    const offsetsAt = body.take((rowCount + 1) * 4)
    // UTF-8 takes at most three bytes for a character of these encodings.
    const dataAt = body.take(rowCount * width * (nonAscii ? 3 : 1))
    const offsets = new Int32Array(body.bytes.buffer, offsetsAt, rowCount + 1)
    const data = body.bytes.subarray(dataAt)
    const characterBytes = this.#characterBytes
    let to = 0
    offsets[0] = 0
    for (let row = 0; row < rowCount; row++) {
      if (valid[row] !== 0) {
        const end = textEnd(cells, row)
        for (let at = row * width; at < end; at++) {
          const other = characterBytes[bytes[at]!]!
          if (other === null) {
            data[to++] = bytes[at]!
          } else {
            data.set(other, to)
            to += other.length
          }
        }
      }
      offsets[row + 1] = to
    }
    body.shorten(to)
  }

  /** For each byte its UTF-8, or null where that is the byte itself. */
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

/** Integers of 32 bits, hours, and dates as days since 1970-01-01. */
export class Int32ArrowColumn extends ArrowColumn {
  constructor(output: OutputColumn) {
    const isDate = output.spec.type === 'date'
    super(output, isDate ? { kind: 'date32' } : { kind: 'int', bits: 32, signed: true })
  }

  protected override encodeValues(
    cells: ColumnCells,
    rowCount: number,
    body: RecordBatchBody,
  ): void {
    if (cells.kind === 'bytes') throw this.unexpected(cells)
    const out = takeInt32(body, rowCount)
    if (cells.kind === 'number') {
      out.set(cells.values.subarray(0, rowCount))
      return
    }
    lookUp(cells.indices, Int32Array.from(cells.dictionary.values, Number), rowCount, out)
  }
}

/** Writes the value each index stands for; one loop per kind of array, which engines make fast. */
function lookUp(
  indices: IndexCells['indices'],
  values: Int32Array,
  rowCount: number,
  out: Int32Array,
): void {
  if (indices instanceof Uint8Array) {
    for (let row = 0; row < rowCount; row++) out[row] = values[indices[row]!]!
  } else if (indices instanceof Uint16Array) {
    for (let row = 0; row < rowCount; row++) out[row] = values[indices[row]!]!
  } else {
    for (let row = 0; row < rowCount; row++) out[row] = values[indices[row]!]!
  }
}

/** Integers too wide for 32 bits. */
export class Int64ArrowColumn extends ArrowColumn {
  constructor(output: OutputColumn) {
    super(output, { kind: 'int', bits: 64, signed: true })
  }

  protected override encodeValues(
    cells: ColumnCells,
    rowCount: number,
    body: RecordBatchBody,
  ): void {
    if (cells.kind !== 'number') throw this.unexpected(cells)
    writeWide(cells.values, rowCount, takeInt32(body, rowCount * 2), 2)
  }
}

/** Decimals: whole numbers of 128 bits, to be divided by ten to the scale. */
export class DecimalArrowColumn extends ArrowColumn {
  constructor(output: OutputColumn) {
    const { width, scale } = output.spec
    const precision = Math.min(38, Math.max(width, scale, 1))
    super(output, { kind: 'decimal128', precision, scale })
  }

  protected override encodeValues(
    cells: ColumnCells,
    rowCount: number,
    body: RecordBatchBody,
  ): void {
    if (cells.kind !== 'number') throw this.unexpected(cells)
    writeWide(cells.values, rowCount, takeInt32(body, rowCount * 4), 4)
  }
}

/** Writes whole numbers as integers of `words` 32-bit words each, in two's complement. */
function writeWide(
  values: Int32Array | Uint32Array | Float64Array,
  rowCount: number,
  out: Int32Array,
  words: 2 | 4,
): void {
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
  #marks = new Uint8Array(0)

  constructor(output: OutputColumn) {
    super(output, { kind: 'bool' })
  }

  protected override encodeValues(
    cells: ColumnCells,
    rowCount: number,
    body: RecordBatchBody,
  ): void {
    if (cells.kind !== 'dictionary') throw this.unexpected(cells)
    const { indices } = cells
    if (this.#marks.length < rowCount) this.#marks = new Uint8Array(rowCount)
    const marks = this.#marks
    const values = Uint8Array.from(cells.dictionary.values, (value) => (value === true ? 1 : 0))
    for (let row = 0; row < rowCount; row++) marks[row] = values[indices[row]!]!
    markBits(marks, rowCount, takeBytes(body, (rowCount + 7) >> 3))
  }
}
