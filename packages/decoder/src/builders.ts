import { Arena } from './arena.js'
import type { Column } from './batch.js'
import {
  BytesCells,
  DictionaryCells,
  ENTRY_WORDS,
  GrowingDictionary,
  NineByteDictionary,
  NumberCells,
} from './columns.js'
import { daysOf, FIRST_YEAR, LAST_YEAR } from './field-types.js'
import type { CodeTable, ColumnSpec, TableSpec } from './spec/types.js'

/** Spare entries behind every column array: zeros, so that readers by vectors may overrun. */
const SPARE = 64

/**
 * Set in the entries of look-up tables, above the index. An entry without it is not seen yet, or not
 * clean: the row goes to the oracle. So tables need not be filled beforehand, which would cost more
 * than all else about starting a decoding.
 */
export const KNOWN16 = 0x8000

const DIGIT_0 = 0x30

/** Years times 2^11 packed month and day: the look-up for eight-digit dates. */
const DATE_SLOTS = (LAST_YEAR - FIRST_YEAR + 1) << 11

/** A dictionary together with the direct look-up tables the generated decoders read. */
export class SharedDictionary {
  dictionary: GrowingDictionary | NineByteDictionary
  /** Key of one or two bytes (little-endian), or of three times six bits -> KNOWN16 and index, or 0. */
  readonly table16: Uint16Array | null
  #indexes = new Map<string | number | boolean, number>()
  readonly #codes: CodeTable | null

  constructor(
    codes: CodeTable | null,
    table16: Uint16Array | null,
    dictionary: GrowingDictionary | NineByteDictionary = new GrowingDictionary(codes),
  ) {
    this.#codes = codes
    this.dictionary = dictionary
    this.table16 = table16
  }

  get size(): number {
    return this.dictionary.size
  }

  /** Index of a value, added when new. */
  indexOf(value: string | number | boolean): number {
    let index = this.#indexes.get(value)
    if (index === undefined) {
      index = this.add(value)
      this.#indexes.set(value, index)
    }
    return index
  }

  protected add(value: string | number | boolean): number {
    return (this.dictionary as GrowingDictionary).add(value)
  }

  /** Takes over what generated code has added. */
  sync(): void {}

  /** Starts a new dictionary object: batches already handed out keep the old one. */
  restart(): void {
    this.dictionary = new GrowingDictionary(this.#codes)
    this.#indexes = new Map()
  }
}

/** The whole numbers from 0 to below `end`, written with `width` digits. */
class CountingDictionary extends SharedDictionary {
  readonly #end: number

  constructor(end: number, width: number, table16: Uint16Array) {
    super(null, table16)
    this.#end = end
    for (let value = 0; value < end; value++) {
      const index = this.add(value)
      const ones = DIGIT_0 + (value % 10)
      const tens = DIGIT_0 + (Math.floor(value / 10) % 10)
      const key =
        width === 1
          ? ones
          : width === 2
            ? tens | (ones << 8)
            : key3(DIGIT_0 + Math.floor(value / 100), tens, ones)
      table16[key] = KNOWN16 | index
    }
    table16[keyOf(' '.repeat(width))] = KNOWN16
  }

  override indexOf(value: number): number {
    return value >= 0 && value < this.#end ? value + 1 : super.indexOf(value)
  }
}

/** Slots of an {@link IdentifierDictionary}; it is filled to three quarters. */
export const IDENTIFIER_SLOTS = 1 << 16
export const IDENTIFIER_LIMIT = (IDENTIFIER_SLOTS / 4) * 3

/** Bytes of arena that an {@link IdentifierDictionary} takes. */
const IDENTIFIER_BYTES =
  Arena.sizeOf('i32', (IDENTIFIER_LIMIT + 1) * ENTRY_WORDS) +
  Arena.sizeOf('i32', 4) +
  Arena.sizeOf('i32', IDENTIFIER_SLOTS)

/**
 * Nine-byte identifiers in a hash table that generated code probes and adds to.
 *
 * A slot is the index of an entry (0: free); entries hold the bytes, in order of their index.
 */
export class IdentifierDictionary extends SharedDictionary {
  readonly slots: Int32Array
  /** Entry i (from 1): its bytes as two words and a byte. */
  readonly entries: Int32Array
  /** [0]: values in the dictionary, null included. */
  readonly count: Int32Array

  constructor(arena: Arena) {
    const entries = arena.take('i32', (IDENTIFIER_LIMIT + 1) * ENTRY_WORDS)
    const count = arena.take('i32', 4)
    count[0] = 1
    super(null, null, new NineByteDictionary(entries, count))
    this.slots = arena.take('i32', IDENTIFIER_SLOTS)
    this.entries = entries
    this.count = count
  }

  /** Index of the nine bytes at `offset`, NULs taken as blanks, added when new. */
  indexOfBytes(bytes: Uint8Array, offset: number, text: string): number {
    const words = new Int32Array(ENTRY_WORDS)
    const copy = new Uint8Array(words.buffer, 0, 9)
    for (let i = 0; i < 9; i++) copy[i] = bytes[offset + i] === 0 ? 0x20 : bytes[offset + i]!
    const [a, b, c] = words as unknown as [number, number, number]
    const { slots, entries } = this
    let slot = hashIdentifier(a, b, c)
    for (; slots[slot] !== 0; slot = (slot + 1) & (IDENTIFIER_SLOTS - 1)) {
      const at = slots[slot]! * ENTRY_WORDS
      if (entries[at] === a && entries[at + 1] === b && entries[at + 2] === c) return slots[slot]!
    }
    // Beside the table: what does not fit, and text that other bytes may stand for too.
    if (this.size > IDENTIFIER_LIMIT || copy.some((byte) => byte > 0x7f)) return this.indexOf(text)
    const index = this.size
    slots[slot] = index
    entries.set(words, index * ENTRY_WORDS)
    this.count[0] = index + 1
    return index
  }

  protected override add(value: string): number {
    const index = (this.dictionary as NineByteDictionary).add(value)
    this.count[0] = Math.min(this.size, IDENTIFIER_LIMIT + 1)
    return index
  }

  override restart(): void {
    // Batches already handed out keep the old dictionary, so it gets its texts before its entries go.
    void this.dictionary.values
    super.restart()
    this.slots.fill(0)
    this.count[0] = 1
    this.dictionary = new NineByteDictionary(this.entries, this.count)
  }
}

/** Dates that a look-up table has room for: half of all there are. */
export const DATE_LIMIT = 0x8000

/** Bytes of arena that a {@link DateDictionary} takes. */
const DATE_BYTES =
  Arena.sizeOf('u16', DATE_SLOTS) + Arena.sizeOf('i32', DATE_LIMIT) + Arena.sizeOf('i32', 4)

/**
 * Dates, as days since 1970, in a table that generated code looks into and adds to.
 *
 * Slots stay zero until their date was met, and off the calendar for good. Slots added are also listed
 * in order of their index, so that `sync` can give them their values.
 */
export class DateDictionary extends SharedDictionary {
  override readonly table16: Uint16Array
  readonly entries: Int32Array
  /** [0]: values in the dictionary, null included. */
  readonly count: Int32Array

  constructor(arena: Arena) {
    const table16 = arena.take('u16', DATE_SLOTS)
    super(null, table16)
    this.table16 = table16
    this.entries = arena.take('i32', DATE_LIMIT)
    this.count = arena.take('i32', 4)
    this.count[0] = 1
  }

  override sync(): void {
    for (let index = this.size; index < this.count[0]!; index++) {
      super.indexOf(daysOfSlot(this.entries[index]!))
    }
  }

  override indexOf(days: number): number {
    this.sync()
    const index = super.indexOf(days)
    if (index >= this.count[0]! && index < DATE_LIMIT) {
      const slot = slotOfDays(days)
      this.entries[index] = slot
      this.table16[slot] = KNOWN16 | index
      this.count[0] = index + 1
    }
    return index
  }
}

/** Slot of a date: years since FIRST_YEAR, then month and day, packed digit by digit. */
function slotOf(year: number, month: number, day: number): number {
  return (
    ((year - FIRST_YEAR) << 11) |
    (Math.floor(month / 10) << 10) |
    ((month % 10) << 6) |
    (Math.floor(day / 10) << 4) |
    (day % 10)
  )
}

function slotOfDays(days: number): number {
  const date = new Date(days * 86_400_000)
  return slotOf(date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate())
}

function daysOfSlot(slot: number): number {
  const year = FIRST_YEAR + (slot >> 11)
  const month = ((slot >> 10) & 1) * 10 + ((slot >> 6) & 15)
  const day = ((slot >> 4) & 3) * 10 + (slot & 15)
  return daysOf(year, month, day)!
}

/** First slot of nine bytes; generated code computes the same. */
export function hashIdentifier(a: number, b: number, c: number): number {
  let h = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca77) ^ Math.imul(c, 0xc2b2ae3d)
  h ^= h >>> 15
  h = Math.imul(h, 0x27d4eb2f)
  return (h ^ (h >>> 13)) & (IDENTIFIER_SLOTS - 1)
}

/** Packed key of three printable bytes (0x20-0x5f); -1 outside that range. */
export function key3(a: number, b: number, c: number): number {
  const x = a - 32
  const y = b - 32
  const z = c - 32
  return ((x | y | z) & ~63) === 0 ? x | (y << 6) | (z << 12) : -1
}

/** Key of a text's bytes; -1 where they depend on the encoding, or there are too many. */
function keyOf(text: string): number {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return -1
  if (text.length > 3) return -1
  if (text.length === 1) return text.charCodeAt(0)
  if (text.length === 2) return text.charCodeAt(0) | (text.charCodeAt(1) << 8)
  return key3(text.charCodeAt(0), text.charCodeAt(1), text.charCodeAt(2))
}

/** How a column is held, decided by its type and width alone, so that all editions agree. */
export type Storage = 'index8' | 'index16' | 'index32' | 'int32' | 'float64' | 'bytes'

/** See {@link Storage}. */
export function storageOf(column: ColumnSpec): Storage {
  switch (column.type) {
    case 'text':
      return 'bytes'
    case 'identifier':
      return column.width <= 9 ? 'index32' : 'bytes'
    case 'decimal':
      return 'float64'
    case 'date':
      return 'index16'
    case 'hour':
    case 'flag':
      return 'index8'
    case 'integer':
      return column.width <= 2
        ? 'index8'
        : column.width === 3
          ? 'index16'
          : column.width <= 9
            ? 'int32'
            : 'float64'
    case 'code':
      return column.width === 1 ? 'index8' : column.width <= 3 ? 'index16' : 'index32'
  }
}

/** Bytes of arena a column of `capacity` rows takes. */
export function columnBytes(spec: ColumnSpec, capacity: number): number {
  const size = capacity + SPARE
  const width = { index8: 1, index16: 2, index32: 4, int32: 5, float64: 9, bytes: spec.width + 1 }
  return width[storageOf(spec)] * size + 64
}

/** One column being filled. Its arrays stay in place; generated code writes into them. */
export class ColumnBuilder {
  readonly spec: ColumnSpec
  readonly storage: Storage
  readonly shared: SharedDictionary | null
  readonly characters: readonly string[]
  readonly width: number
  readonly out: Uint8Array | Uint16Array | Uint32Array | Int32Array | Float64Array
  /** Of numbers and bytes only; empty elsewhere. */
  readonly valid: Uint8Array
  nonAscii = false

  constructor(
    spec: ColumnSpec,
    capacity: number,
    shared: SharedDictionary | null,
    characters: readonly string[],
    arena: Arena,
  ) {
    this.spec = spec
    this.storage = storageOf(spec)
    this.shared = shared
    this.characters = characters
    this.width = spec.width
    const size = capacity + SPARE
    const checked =
      this.storage === 'int32' || this.storage === 'float64' || this.storage === 'bytes'
    this.valid = arena.take('u8', checked ? size : 0)
    switch (this.storage) {
      case 'index8':
        this.out = arena.take('u8', size)
        break
      case 'index16':
        this.out = arena.take('u16', size)
        break
      case 'index32':
        this.out = arena.take('u32', size)
        break
      case 'int32':
        this.out = arena.take('i32', size)
        break
      case 'float64':
        this.out = arena.take('f64', size)
        break
      case 'bytes':
        this.out = arena.take('u8', size * this.width)
    }
  }

  /** Zeroes the first `rowCount` rows of the arrays, to use them again. */
  clear(rowCount: number): void {
    this.nonAscii = false
    this.out.fill(0, 0, this.storage === 'bytes' ? rowCount * this.width : rowCount)
    this.valid.fill(0, 0, rowCount)
  }

  /** Stores a decoded value; the slow path. */
  set(row: number, value: string | number | boolean | null): void {
    if (this.storage === 'int32' || this.storage === 'float64') {
      this.out[row] = value === null ? 0 : (value as number)
      this.valid[row] = value === null ? 0 : 1
      return
    }
    this.out[row] = value === null ? 0 : this.shared!.indexOf(value)
  }

  /** Stores raw bytes (NULs become blanks), or null when not `present`; the slow path. */
  setBytes(row: number, source: Uint8Array, start: number, end: number, present: boolean): void {
    const at = row * this.width
    this.out.fill(0, at, at + this.width)
    this.valid[row] = present ? 1 : 0
    if (!present) return
    for (let i = start; i < end; i++) {
      const byte = source[i]!
      if (byte > 0x7f) this.nonAscii = true
      this.out[at + i - start] = byte === 0 ? 0x20 : byte
    }
  }

  /** The first `rowCount` rows as a column, in arrays of its own when `copied`. */
  column(rowCount: number, copied: boolean): Column {
    const size = this.storage === 'bytes' ? rowCount * this.width : rowCount
    const out = copied ? this.out.slice(0, size) : this.out
    const valid = copied ? this.valid.slice(0, rowCount) : this.valid
    switch (this.storage) {
      case 'index8':
      case 'index16':
      case 'index32':
        return new DictionaryCells(
          this.spec,
          rowCount,
          out as Uint8Array | Uint16Array | Uint32Array,
          this.shared!.dictionary,
        )
      case 'int32':
      case 'float64':
        return new NumberCells(this.spec, rowCount, out as Int32Array | Float64Array, valid)
      case 'bytes':
        return new BytesCells(this.spec, rowCount, {
          width: this.width,
          bytes: out as Uint8Array,
          valid,
          trim: this.spec.type === 'text',
          characters: this.characters,
          nonAscii: this.nonAscii,
        })
    }
  }
}

/** What columns that share a dictionary have in common; null for those that have none. */
function dictionaryKey(column: ColumnSpec, table: string): string | null {
  const storage = storageOf(column)
  if (storage === 'int32' || storage === 'float64' || storage === 'bytes') return null
  const owner =
    column.type === 'identifier'
      ? `${table}.${column.name}`
      : column.type === 'code'
        ? `${table}/code`
        : column.type
  return `${owner}/${column.width}/${column.codes?.name ?? ''}/${column.mixed ?? ''}`
}

/** Entries of a look-up table for keys of one to three bytes. */
function slotsOf(width: number): number {
  return width === 1 ? 256 : width === 3 ? 1 << 18 : 65_536
}

/** Most bytes of arena that the dictionary of a column takes. */
function lookUpBytes({ type, width }: ColumnSpec): number {
  if (type === 'identifier') return width === 9 ? IDENTIFIER_BYTES : 0
  if (type === 'date') return DATE_BYTES
  return width <= 3 ? Arena.sizeOf('u16', slotsOf(width)) : 0
}

/**
 * Dictionaries of one decoding, shared by columns that hold the same kind of value, so that a
 * look-up table exists once per kind and not once per column. Those that grow with the data belong
 * to one table: their order then depends on that table's rows alone, whatever else is decoded.
 * Identifiers have one per column, which begins anew when the table is cut.
 */
export class DictionaryPool {
  readonly #byKey = new Map<string, SharedDictionary>()
  readonly #arena: Arena

  constructor(arena: Arena) {
    this.#arena = arena
  }

  /** Bytes of arena that the dictionaries of some tables take. */
  static bytes(tables: readonly TableSpec[]): number {
    const byKey = new Map<string, number>()
    for (const { name, columns } of tables) {
      for (const column of columns) {
        const key = dictionaryKey(column, name)
        if (key !== null) byKey.set(key, lookUpBytes(column))
      }
    }
    let sum = 0
    for (const bytes of byKey.values()) sum += bytes
    return sum
  }

  /** The dictionary of a column; null for columns that hold numbers or bytes. */
  for(column: ColumnSpec, table: string): SharedDictionary | null {
    const key = dictionaryKey(column, table)
    if (key === null) return null
    let shared = this.#byKey.get(key)
    if (shared === undefined) {
      shared = this.#create(column)
      this.#byKey.set(key, shared)
    }
    return shared
  }

  #create(column: ColumnSpec): SharedDictionary {
    const { type, width } = column
    const codes = column.codes ?? null
    const table16 = (slots: number): Uint16Array => this.#arena.take('u16', slots)
    if (type === 'identifier') {
      return width === 9 ? new IdentifierDictionary(this.#arena) : new SharedDictionary(null, null)
    }
    if (type === 'date') return new DateDictionary(this.#arena)
    if (column.mixed !== undefined) {
      return new SharedDictionary(column.mixed === 'code' ? codes : null, null)
    }
    const slots = slotsOf(width)
    if (type === 'integer') {
      return new CountingDictionary(10 ** width, width, table16(slots))
    }
    if (type === 'hour') return new CountingDictionary(24, 2, table16(65_536))
    if (type === 'flag') {
      const shared = new SharedDictionary(null, null)
      shared.indexOf(false)
      shared.indexOf(true)
      return shared
    }
    if (width > 3) return new SharedDictionary(codes, null)
    // Listed codes first, in list order.
    const shared = new SharedDictionary(codes, table16(slots))
    const table = shared.table16!
    for (const code of codes?.codes.keys() ?? []) {
      if (code.length > width) continue
      const key = keyOf(code.padEnd(width))
      if (key < 0) continue
      const index = shared.indexOf(code)
      if (index < KNOWN16) table[key] = KNOWN16 | index
    }
    table[keyOf(' '.repeat(width))] = KNOWN16
    return shared
  }
}

/**
 * Look-up table of a `number_or_code` field two characters wide: index of the number with KNOWN16 in
 * the low half, index of the code in the high half.
 */
export function mixedTable(
  table: Uint32Array,
  range: readonly [number, number],
  special: CodeTable | null,
  numbers: SharedDictionary,
  codes: SharedDictionary,
): void {
  for (const code of special?.codes.keys() ?? []) {
    const key = keyOf(code.padEnd(2))
    if (key >= 0) table[key] = codes.indexOf(code) * 0x10000 + KNOWN16
  }
  for (let value = range[0]; value <= range[1]; value++) {
    const text = String(value).padStart(2, '0')
    table[keyOf(text)] = codes.indexOf(text) * 0x10000 + KNOWN16 + numbers.indexOf(value)
  }
  table[keyOf('  ')] = KNOWN16
}
