import type {
  BytesColumn,
  CellValue,
  Column,
  Dictionary,
  DictionaryColumn,
  NumberColumn,
} from './batch.js'
import type { CodeTable, ColumnSpec, ColumnType } from './spec/types.js'

const MS_PER_DAY = 86_400_000

/** `YYYY-MM-DD` for whole days since 1970-01-01. */
export function isoDate(days: number): string {
  return new Date(days * MS_PER_DAY).toISOString().slice(0, 10)
}

function checkRow(row: number, limit: number): void {
  if (!(row >= 0 && row < limit) || !Number.isInteger(row)) {
    throw new RangeError(`row ${row} is outside this batch: expected 0 to ${limit - 1}`)
  }
}

/** A growing {@link Dictionary}: index 0 is null, an index never changes its meaning. */
export class GrowingDictionary implements Dictionary {
  readonly values: (string | number | boolean | null)[] = [null]
  readonly labels: (string | null)[] | null
  readonly #codes: CodeTable | null

  get size(): number {
    return this.values.length
  }

  constructor(codes: CodeTable | null) {
    this.#codes = codes
    this.labels = codes === null ? null : [null]
  }

  /** Adds a value and returns its index. The caller makes sure it is new. */
  add(value: string | number | boolean): number {
    const index = this.values.length
    this.values.push(value)
    if (this.labels !== null) {
      this.labels.push(this.#codes?.codes.get(String(value))?.label ?? null)
    }
    return index
  }
}

/** Words an entry of a {@link NineByteDictionary} takes: eight bytes, and one with three to spare. */
export const ENTRY_WORDS = 3

const asciiDecoder = new TextDecoder()

/**
 * A growing {@link Dictionary} of nine-byte identifiers that generated code lists in memory. They get
 * their text when somebody asks for it: writers that want bytes never do, and there are 20,000
 * agencies in each of ten tables.
 */
export class NineByteDictionary implements Dictionary {
  readonly labels = null
  readonly #values: (string | null)[] = [null]
  readonly #entries: Int32Array
  readonly #count: Int32Array
  /** Bytes of entry i, from i times twelve on; null once a value came that was not listed there. */
  bytes: Uint8Array | null

  /**
   * @param entries bytes of entry i as two words and a byte
   * @param count [0]: entries there are, that of null included
   */
  constructor(entries: Int32Array, count: Int32Array) {
    this.#entries = entries
    this.#count = count
    this.bytes = new Uint8Array(entries.buffer, entries.byteOffset, entries.byteLength)
  }

  get size(): number {
    return Math.max(this.#values.length, this.#count[0]!)
  }

  get values(): readonly (string | null)[] {
    const from = this.#values.length
    const to = this.#count[0]!
    if (from < to) {
      // Generated code lists plain ASCII only.
      const words = this.#entries.subarray(from * ENTRY_WORDS, to * ENTRY_WORDS)
      const bytes = new Uint8Array(words.buffer, words.byteOffset, words.byteLength)
      const text = asciiDecoder.decode(bytes)
      for (let at = 0; at < text.length; at += 12) this.#values.push(text.slice(at, at + 9))
    }
    return this.#values
  }

  /** Adds a value that is not among the entries and returns its index. */
  add(value: string): number {
    const index = this.values.length
    this.#values.push(value)
    this.bytes = null
    return index
  }
}

abstract class BaseColumn {
  readonly name: string
  readonly type: ColumnType
  readonly scale: number
  readonly codes: CodeTable | null
  readonly rowCount: number

  constructor(spec: ColumnSpec, rowCount: number) {
    this.name = spec.name
    this.type = spec.type
    this.scale = spec.scale
    this.codes = spec.codes ?? null
    this.rowCount = rowCount
  }

  abstract get(row: number): CellValue

  label(row: number): string | null {
    if (this.codes === null) return null
    const value = this.get(row)
    return value === null ? null : (this.codes.codes.get(String(value))?.label ?? null)
  }
}

/** See {@link DictionaryColumn}. */
export class DictionaryCells extends BaseColumn implements DictionaryColumn {
  readonly kind = 'dictionary'
  readonly indices: Uint8Array | Uint16Array | Uint32Array
  readonly dictionary: Dictionary

  constructor(
    spec: ColumnSpec,
    rowCount: number,
    indices: Uint8Array | Uint16Array | Uint32Array,
    dictionary: Dictionary,
  ) {
    super(spec, rowCount)
    this.indices = indices
    this.dictionary = dictionary
  }

  get(row: number): CellValue {
    checkRow(row, this.rowCount)
    const value = this.dictionary.values[this.indices[row]!]!
    return this.type === 'date' && typeof value === 'number' ? isoDate(value) : value
  }
}

/** See {@link NumberColumn}. */
export class NumberCells extends BaseColumn implements NumberColumn {
  readonly kind = 'number'
  readonly values: Int32Array | Uint32Array | Float64Array
  readonly valid: Uint8Array | null

  constructor(
    spec: ColumnSpec,
    rowCount: number,
    values: Int32Array | Uint32Array | Float64Array,
    valid: Uint8Array | null,
  ) {
    super(spec, rowCount)
    this.values = values
    this.valid = valid
  }

  get(row: number): CellValue {
    checkRow(row, this.rowCount)
    if (this.valid !== null && this.valid[row] === 0) return null
    const value = this.values[row]!
    return this.scale === 0 ? value : value / 10 ** this.scale
  }
}

/** See {@link BytesColumn}. */
export class BytesCells extends BaseColumn implements BytesColumn {
  readonly kind = 'bytes'
  readonly width: number
  readonly bytes: Uint8Array
  readonly valid: Uint8Array
  readonly trim: boolean
  readonly characters: readonly string[]
  readonly nonAscii: boolean

  constructor(
    spec: ColumnSpec,
    rowCount: number,
    cells: {
      readonly width: number
      readonly bytes: Uint8Array
      readonly valid: Uint8Array
      readonly trim: boolean
      readonly characters: readonly string[]
      readonly nonAscii: boolean
    },
  ) {
    super(spec, rowCount)
    this.width = cells.width
    this.bytes = cells.bytes
    this.valid = cells.valid
    this.trim = cells.trim
    this.characters = cells.characters
    this.nonAscii = cells.nonAscii
  }

  get(row: number): CellValue {
    checkRow(row, this.rowCount)
    if (this.valid[row] === 0) return null
    const start = row * this.width
    let end = start + this.width
    while (end > start && this.bytes[end - 1] === 0) end--
    if (this.trim) while (end > start && this.bytes[end - 1] === 0x20) end--
    let text = ''
    for (let i = start; i < end; i++) text += this.characters[this.bytes[i]!]!
    return text
  }
}

/** The two columns every table ends with. `record_number` is exact to 2^32 - 1 lines. */
export const RECORD_COLUMNS: readonly ColumnSpec[] = [
  {
    name: 'record_number',
    type: 'integer',
    width: 10,
    scale: 0,
    description: '1-based line in the source; the first line of a joined header',
  },
  {
    name: 'record_length',
    type: 'integer',
    width: 10,
    scale: 0,
    description: 'bytes of the line without its end: a field beyond it is missing, not blank',
  },
]

/** Columns of a batch by name, in table order. */
export function columnMap(columns: readonly Column[]): ReadonlyMap<string, Column> {
  return new Map(columns.map((column) => [column.name, column]))
}
