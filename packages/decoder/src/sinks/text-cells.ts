import type { Dictionary, DictionaryColumn } from '../batch.js'
import { isoDate } from '../columns.js'
import type { TextParts } from './text-format.js'
import type { TextUnit } from './text-units.js'

/** Longest cell kept in a table; columns with longer ones are written cell by cell. */
const MAX_CELL_BYTES = 1024

/**
 * The text of every value of a dictionary, ready to be copied: for index `i`, `lengths[i]` bytes
 * from word `i * wordsPerCell` of `words`, padded with zeros.
 *
 * A cell is copied as whole eight-byte words, held as float64: no run of eight bytes of UTF-8 is a
 * NaN, which a copy could change (that takes a last byte of 0x7F or 0xFF after one of 0xF0 or more,
 * and UTF-8 has neither 0xFF nor 0x7F there).
 */
export class CellTable {
  words = new Float64Array(0)
  lengths = new Uint16Array(0)
  wordsPerCell = 1
  /** Bytes of the longest cell. */
  maxLength = 0
  /** False once a cell is too long for a table of equally wide cells to make sense. */
  fits = true
  #count = 0
  #cells: Buffer = Buffer.alloc(0)
  readonly #textOf: (value: string | number | boolean | null) => string

  constructor(textOf: (value: string | number | boolean | null) => string) {
    this.#textOf = textOf
  }

  /** Adds the values the dictionary has gained. */
  extend({ values }: Dictionary): void {
    if (values.length === this.#count || !this.fits) return
    const texts: string[] = []
    let longest = this.maxLength
    for (let index = this.#count; index < values.length; index++) {
      const text = this.#textOf(values[index]!)
      texts.push(text)
      longest = Math.max(longest, Buffer.byteLength(text))
    }
    this.maxLength = longest
    this.fits = longest <= MAX_CELL_BYTES
    if (!this.fits) return
    this.#makeRoom(values.length, Math.max(1, Math.ceil(longest / 8)))
    for (const text of texts) {
      const at = this.#count * this.wordsPerCell * 8
      this.lengths[this.#count++] = this.#cells.write(text, at)
    }
  }

  #makeRoom(count: number, wordsPerCell: number): void {
    const capacity = this.lengths.length
    if (count <= capacity && wordsPerCell === this.wordsPerCell) return
    const larger = count <= capacity ? capacity : Math.max(count, capacity * 2)
    const cells = Buffer.alloc(larger * wordsPerCell * 8)
    for (let index = 0; index < this.#count; index++) {
      const from = index * this.wordsPerCell * 8
      this.#cells.copy(cells, index * wordsPerCell * 8, from, from + this.lengths[index]!)
    }
    const lengths = new Uint16Array(larger)
    lengths.set(this.lengths)
    this.lengths = lengths
    this.#cells = cells
    this.words = new Float64Array(cells.buffer, cells.byteOffset, cells.length / 8)
    this.wordsPerCell = wordsPerCell
  }
}

/** Cell tables by dictionary: columns and segments that show the same cells share them. */
export class CellTables {
  readonly #parts: TextParts
  readonly #tables = new WeakMap<Dictionary, Map<string, CellTable>>()

  constructor(parts: TextParts) {
    this.#parts = parts
  }

  /** The cells of a column (and of its labels), complete for the dictionary as it is now. */
  of(column: DictionaryColumn, unit: TextUnit): CellTable {
    const { dictionary } = column
    const afterCode = unit.label === null ? '' : this.#parts.key(unit.label.name)
    const kind = column.type === 'date' ? 'date' : 'value'
    const key = unit.label === null ? kind : `${kind} ${column.codes?.name} ${afterCode}`
    let tables = this.#tables.get(dictionary)
    if (tables === undefined) this.#tables.set(dictionary, (tables = new Map()))
    let table = tables.get(key)
    if (table === undefined) {
      const { cell, separator } = this.#parts
      const codes = column.codes?.codes
      table = new CellTable((value) => {
        const shown = kind === 'date' && typeof value === 'number' ? isoDate(value) : value
        const text = cell(shown) ?? ''
        if (unit.label === null) return text + separator
        const label = value === null ? null : (codes?.get(String(value))?.label ?? null)
        const labelText = cell(label)
        return text + separator + (labelText === null ? '' : afterCode + labelText + separator)
      })
      tables.set(key, table)
    }
    table.extend(dictionary)
    return table
  }
}
