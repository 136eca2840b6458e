import type { CellValue, Dictionary, DictionaryColumn } from '../batch.js'
import { isoDate } from '../columns.js'
import type { TextParts } from './text-format.js'
import type { TextMemory } from './text-memory.js'
import type { TextUnit } from './text-units.js'

/** Longest entry of a table. */
export const MAX_ENTRY_BYTES = 1024
/** Bytes at the end of an entry that hold the length of its text. */
const LENGTH_BYTES = 2

/**
 * The text of every value of a dictionary, ready to be copied: an entry of `stride` bytes for each
 * index, with the text at its start and its length in the last two bytes.
 */
export class CellTable {
  /** Address of entry 0. */
  address = 0
  stride = 0
  /** False once a text is too long for a table of equally wide entries to make sense. */
  fits = true
  #count = 0
  #capacity = 0
  readonly #memory: TextMemory
  readonly #textOf: (value: string | number | boolean | null) => string

  constructor(memory: TextMemory, textOf: (value: string | number | boolean | null) => string) {
    this.#memory = memory
    this.#textOf = textOf
  }

  /** Adds the values the dictionary has gained. */
  extend({ values }: Dictionary): void {
    if (values.length === this.#count || !this.fits) return
    const texts: string[] = []
    let longest = 0
    for (let index = this.#count; index < values.length; index++) {
      const text = this.#textOf(values[index]!)
      texts.push(text)
      longest = Math.max(longest, Buffer.byteLength(text))
    }
    this.fits = longest <= MAX_ENTRY_BYTES - LENGTH_BYTES
    if (!this.fits) return
    this.#makeRoom(values.length, Math.max(this.stride, strideFor(longest)))
    const { bytes } = this.#memory
    for (const text of texts) {
      const at = this.address + this.#count++ * this.stride
      const length = writeText(bytes, at, text)
      bytes[at + this.stride - 2] = length & 0xff
      bytes[at + this.stride - 1] = length >> 8
    }
  }

  #makeRoom(count: number, stride: number): void {
    if (count <= this.#capacity && stride === this.stride) return
    const capacity = count <= this.#capacity ? this.#capacity : Math.max(count, this.#capacity * 2)
    const before = this.byteLength
    const address = this.#memory.take(capacity * stride)
    const { bytes } = this.#memory
    for (let index = 0; index < this.#count; index++) {
      const from = this.address + index * this.stride
      const lengthAt = from + this.stride - LENGTH_BYTES
      const to = address + index * stride
      bytes.copyWithin(to, from, lengthAt)
      bytes.copyWithin(to + stride - LENGTH_BYTES, lengthAt, lengthAt + LENGTH_BYTES)
    }
    if (before > 0) this.#memory.giveBack(this.address, before)
    this.address = address
    this.stride = stride
    this.#capacity = capacity
  }

  /** Room taken. */
  get byteLength(): number {
    return this.#capacity * this.stride
  }

  /** Gives the room back; the table must not be used after. */
  release(): void {
    if (this.byteLength > 0) this.#memory.giveBack(this.address, this.byteLength)
  }
}

/** Writes a text as UTF-8 and returns its length in bytes. */
function writeText(bytes: Uint8Array, at: number, text: string): number {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    // Short ASCII texts are the rule, and quicker written here than by a call.
    if (unit > 0x7f) return encoder.encodeInto(text, bytes.subarray(at)).written
    bytes[at + i] = unit
  }
  return text.length
}

const encoder = new TextEncoder()

function strideFor(length: number): number {
  const needed = length + LENGTH_BYTES
  return needed <= 8 ? 8 : Math.ceil(needed / 16) * 16
}

/** Bytes of tables beyond which they are made anew from the dictionaries still in use. */
const KEPT_BYTES = 16 << 20

/** Cell tables by dictionary: columns and segments that show the same cells share them. */
export class CellTables {
  readonly #memory: TextMemory
  readonly #parts: TextParts
  readonly #tables = new Map<Dictionary, Map<string, CellTable>>()
  #byteLength = 0

  constructor(memory: TextMemory, parts: TextParts) {
    this.#memory = memory
    this.#parts = parts
  }

  /** The cells of a column (and of its labels), complete for the dictionary as it is now. */
  of(column: DictionaryColumn, unit: TextUnit): CellTable {
    const { dictionary } = column
    const kind = column.type === 'date' ? 'date' : 'value'
    const label = unit.label === null ? '' : this.#parts.key(unit.label.name)
    const key = unit.label === null ? kind : `${kind} ${column.codes?.name} ${label}`
    let tables = this.#tables.get(dictionary)
    if (tables === undefined) this.#tables.set(dictionary, (tables = new Map()))
    let table = tables.get(key)
    if (table === undefined) {
      table = new CellTable(this.#memory, (value) => this.#textOf(value, column, unit))
      tables.set(key, table)
    }
    const before = table.byteLength
    table.extend(dictionary)
    this.#byteLength += table.byteLength - before
    return table
  }

  /** Gives up all tables once they take much room: their dictionaries may be gone. */
  tidy(): void {
    if (this.#byteLength <= KEPT_BYTES) return
    for (const byKey of this.#tables.values()) {
      for (const table of byKey.values()) table.release()
    }
    this.#tables.clear()
    this.#byteLength = 0
  }

  #textOf(value: CellValue, column: DictionaryColumn, { label }: TextUnit): string {
    const { key, cell, separator } = this.#parts
    const shown = column.type === 'date' && typeof value === 'number' ? isoDate(value) : value
    const text = (cell(shown) ?? '') + separator
    if (label === null) return text
    const labelText = cell(
      value === null ? null : (column.codes?.codes.get(String(value))?.label ?? null),
    )
    return labelText === null ? text : text + key(label.name) + labelText + separator
  }
}
