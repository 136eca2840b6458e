import type { Column } from './batch.js'
import { BytesCells, DictionaryCells, GrowingDictionary, NumberCells } from './columns.js'
import { daysOf, FIRST_YEAR, LAST_YEAR } from './field-types.js'
import type { CodeTable, ColumnSpec } from './spec/types.js'

/** Spare entries behind every column array, so that word-wise readers may overrun. */
const SPARE = 16

/** Marks "not seen yet, or not clean": the row goes to the oracle. */
export const SLOW16 = 0x8000
export const SLOW32 = 0x80000000

/** Years times 2^11 packed month and day: the look-up for eight-digit dates. */
export const DATE_SLOTS = (LAST_YEAR - FIRST_YEAR + 1) << 11

/** A dictionary together with the direct look-up tables the generated decoders read. */
export class SharedDictionary {
  dictionary: GrowingDictionary
  /** Key (one byte; two bytes big-endian; three bytes of six bits) -> index, or SLOW16. */
  readonly table16: Uint16Array | null
  /** Three-byte keys of codes: index, or SLOW32. */
  readonly table32: Uint32Array | null
  #indexes = new Map<string | number | boolean, number>()
  readonly #codes: CodeTable | null

  constructor(codes: CodeTable | null, table16: Uint16Array | null, table32: Uint32Array | null) {
    this.#codes = codes
    this.dictionary = new GrowingDictionary(codes)
    this.table16 = table16
    this.table32 = table32
  }

  get size(): number {
    return this.dictionary.values.length
  }

  /** Index of a value, added when new. */
  indexOf(value: string | number | boolean): number {
    let index = this.#indexes.get(value)
    if (index === undefined) {
      index = this.dictionary.add(value)
      this.#indexes.set(value, index)
    }
    return index
  }

  /** Starts a new dictionary object: batches already handed out keep the old one. */
  restart(): void {
    this.dictionary = new GrowingDictionary(this.#codes)
    this.#indexes = new Map()
  }
}

/** Nine-byte identifiers by three words; grows with what is seen since the last restart. */
export class IdentifierDictionary extends SharedDictionary {
  #keys = new Int32Array(3 << 12)
  #slots = new Uint32Array(1 << 12)
  #mask = (1 << 12) - 1
  #count = 0
  readonly characters: readonly string[]

  constructor(characters: readonly string[]) {
    super(null, null, null)
    this.characters = characters
  }

  /** Index of the nine bytes at `offset`, given as two little-endian words and a byte. */
  find(bytes: Uint8Array, offset: number, a: number, b: number, c: number): number {
    const keys = this.#keys
    let slot = hash3(a, b, c) & this.#mask
    for (;;) {
      const index = this.#slots[slot]!
      if (index === 0) break
      const k = slot * 3
      if (keys[k] === a && keys[k + 1] === b && keys[k + 2] === c) return index
      slot = (slot + 1) & this.#mask
    }
    let text = ''
    for (let i = offset; i < offset + 9; i++) text += this.characters[bytes[i]!]!
    const index = this.indexOf(text)
    keys[slot * 3] = a
    keys[slot * 3 + 1] = b
    keys[slot * 3 + 2] = c
    this.#slots[slot] = index
    if (++this.#count * 2 > this.#mask) this.#grow()
    return index
  }

  #grow(): void {
    const oldKeys = this.#keys
    const oldSlots = this.#slots
    const size = (this.#mask + 1) * 2
    this.#mask = size - 1
    this.#keys = new Int32Array(size * 3)
    this.#slots = new Uint32Array(size)
    for (let old = 0; old < oldSlots.length; old++) {
      if (oldSlots[old] === 0) continue
      const a = oldKeys[old * 3]!
      const b = oldKeys[old * 3 + 1]!
      const c = oldKeys[old * 3 + 2]!
      let slot = hash3(a, b, c) & this.#mask
      while (this.#slots[slot] !== 0) slot = (slot + 1) & this.#mask
      this.#keys[slot * 3] = a
      this.#keys[slot * 3 + 1] = b
      this.#keys[slot * 3 + 2] = c
      this.#slots[slot] = oldSlots[old]!
    }
  }

  override restart(): void {
    super.restart()
    this.#keys = new Int32Array(3 << 12)
    this.#slots = new Uint32Array(1 << 12)
    this.#mask = (1 << 12) - 1
    this.#count = 0
  }
}

function hash3(a: number, b: number, c: number): number {
  let h = Math.imul(a, 0x9e3779b1) ^ Math.imul(b, 0x85ebca77) ^ Math.imul(c + 0x5bd1, 0xc2b2ae3d)
  h ^= h >>> 15
  h = Math.imul(h, 0x27d4eb2f)
  return (h ^ (h >>> 13)) >>> 0
}

/** Packed key of three printable bytes (0x20-0x5f); -1 outside that range. */
export function key3(a: number, b: number, c: number): number {
  const x = a - 32
  const y = b - 32
  const z = c - 32
  return ((x | y | z) & ~63) === 0 ? x | (y << 6) | (z << 12) : -1
}

function keyOf(text: string): number {
  if (text.length === 1) return text.charCodeAt(0)
  if (text.length === 2) return (text.charCodeAt(0) << 8) | text.charCodeAt(1)
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

/**
 * One column being filled. Fields are plain and public: generated code reads them directly.
 * `out`, `valid` and `bytes` are replaced when a batch is handed out and not reused.
 */
export class ColumnBuilder {
  readonly spec: ColumnSpec
  readonly storage: Storage
  readonly shared: SharedDictionary | null
  readonly characters: readonly string[]
  readonly capacity: number
  readonly width: number
  out: Uint8Array | Uint16Array | Uint32Array | Int32Array | Float64Array
  valid: Uint8Array
  bytes: Uint8Array
  view: DataView
  nonAscii = false

  constructor(
    spec: ColumnSpec,
    capacity: number,
    shared: SharedDictionary | null,
    characters: readonly string[],
  ) {
    this.spec = spec
    this.storage = storageOf(spec)
    this.shared = shared
    this.capacity = capacity
    this.characters = characters
    this.width = spec.width
    this.out = EMPTY
    this.valid = EMPTY
    this.bytes = EMPTY
    this.view = new DataView(EMPTY.buffer)
    this.allocate()
  }

  /** Takes fresh, zeroed arrays. */
  allocate(): void {
    const size = this.capacity + SPARE
    this.nonAscii = false
    switch (this.storage) {
      case 'index8':
        this.out = new Uint8Array(size)
        return
      case 'index16':
        this.out = new Uint16Array(size)
        return
      case 'index32':
        this.out = new Uint32Array(size)
        return
      case 'int32':
        this.out = new Int32Array(size)
        this.valid = new Uint8Array(size)
        return
      case 'float64':
        this.out = new Float64Array(size)
        this.valid = new Uint8Array(size)
        return
      case 'bytes':
        this.valid = new Uint8Array(size)
        this.bytes = new Uint8Array(this.capacity * this.width + SPARE)
        this.view = new DataView(this.bytes.buffer)
    }
  }

  /** Zeroes the first `rowCount` rows of the arrays, to use them again. */
  clear(rowCount: number): void {
    this.nonAscii = false
    if (this.storage === 'bytes') {
      this.valid.fill(0, 0, rowCount)
      this.bytes.fill(0, 0, rowCount * this.width)
      return
    }
    this.out.fill(0, 0, rowCount)
    if (this.storage === 'int32' || this.storage === 'float64') this.valid.fill(0, 0, rowCount)
  }

  /** Stores a decoded value; the slow path. */
  set(row: number, value: string | number | boolean | null): void {
    if (this.storage === 'bytes') {
      throw new TypeError(`column "${this.spec.name}" takes bytes`)
    }
    if (this.storage === 'int32' || this.storage === 'float64') {
      this.out[row] = value === null ? 0 : (value as number)
      this.valid[row] = value === null ? 0 : 1
      return
    }
    this.out[row] = value === null ? 0 : this.shared!.indexOf(value)
  }

  /** Stores raw bytes (NULs become blanks), or null when `present` is false; the slow path. */
  setBytes(row: number, source: Uint8Array, start: number, end: number, present: boolean): void {
    const at = row * this.width
    this.bytes.fill(0, at, at + this.width)
    this.valid[row] = present ? 1 : 0
    if (!present) return
    for (let i = start; i < end; i++) {
      const byte = source[i]!
      if (byte > 0x7f) this.nonAscii = true
      this.bytes[at + i - start] = byte === 0 ? 0x20 : byte
    }
  }

  /** The first `rowCount` rows as a column. */
  column(rowCount: number): Column {
    switch (this.storage) {
      case 'index8':
      case 'index16':
      case 'index32':
        return new DictionaryCells(
          this.spec,
          rowCount,
          this.out as Uint8Array | Uint16Array | Uint32Array,
          this.shared!.dictionary,
        )
      case 'int32':
      case 'float64':
        return new NumberCells(
          this.spec,
          rowCount,
          this.out as Int32Array | Float64Array,
          this.valid,
        )
      case 'bytes':
        return new BytesCells(this.spec, rowCount, {
          width: this.width,
          bytes: this.bytes,
          valid: this.valid,
          trim: this.spec.type === 'text',
          characters: this.characters,
          nonAscii: this.nonAscii,
        })
    }
  }
}

const EMPTY = new Uint8Array(0)

/**
 * Dictionaries of one decoding, shared by columns that hold the same kind of value, so that a
 * look-up table exists once per kind and not once per column.
 */
export class DictionaryPool {
  readonly #byKey = new Map<string, SharedDictionary>()
  readonly #characters: readonly string[]

  constructor(characters: readonly string[]) {
    this.#characters = characters
  }

  /** The dictionary of a column; null for columns that hold numbers or bytes. */
  for(column: ColumnSpec): SharedDictionary | null {
    const storage = storageOf(column)
    if (storage === 'int32' || storage === 'float64' || storage === 'bytes') return null
    const key = `${column.type}/${column.width}/${column.codes?.name ?? ''}/${column.mixed ?? ''}`
    let shared = this.#byKey.get(key)
    if (shared === undefined) {
      shared = this.#create(column)
      this.#byKey.set(key, shared)
    }
    return shared
  }

  /** Dictionaries that have outgrown `limit` values begin anew; call only between flushes. */
  restartLarge(limit: number): void {
    for (const [key, shared] of this.#byKey) {
      if (key.startsWith('identifier/') && shared.size > limit) shared.restart()
    }
  }

  #create(column: ColumnSpec): SharedDictionary {
    const { type, width } = column
    if (type === 'identifier') {
      return width === 9
        ? new IdentifierDictionary(this.#characters)
        : new SharedDictionary(null, null, null)
    }
    if (type === 'date') {
      return new SharedDictionary(null, new Uint16Array(DATE_SLOTS).fill(SLOW16), null)
    }
    const wide = width === 3
    const slots = width === 1 ? 256 : wide ? 1 << 18 : 65536
    const codes = column.codes ?? null
    if (type === 'integer' && column.mixed === undefined) {
      const shared = new SharedDictionary(null, new Uint16Array(slots).fill(SLOW16), null)
      for (let value = 0; value < 10 ** width; value++) {
        shared.table16![keyOf(String(value).padStart(width, '0'))] = shared.indexOf(value)
      }
      shared.table16![keyOf(' '.repeat(width))] = 0
      return shared
    }
    if (type === 'hour') {
      const shared = new SharedDictionary(null, new Uint16Array(65536).fill(SLOW16), null)
      for (let hour = 0; hour < 24; hour++) {
        shared.table16![keyOf(String(hour).padStart(2, '0'))] = shared.indexOf(hour)
      }
      shared.table16![keyOf('  ')] = 0
      return shared
    }
    if (type === 'flag') {
      const shared = new SharedDictionary(null, null, null)
      shared.indexOf(false)
      shared.indexOf(true)
      return shared
    }
    // Codes, and both halves of mixed fields: listed codes first, in list order.
    const shared =
      width <= 2 && column.mixed === undefined
        ? new SharedDictionary(codes, new Uint16Array(slots).fill(SLOW16), null)
        : wide && column.mixed === undefined
          ? new SharedDictionary(codes, null, new Uint32Array(slots).fill(SLOW32))
          : new SharedDictionary(column.mixed === 'number' ? null : codes, null, null)
    if (column.mixed !== undefined || width > 3) return shared
    const table = (shared.table16 ?? shared.table32)!
    if (codes !== null) {
      for (const code of codes.codes.keys()) {
        if (code.length > width) continue
        const key = keyOf(code.padEnd(width))
        if (key >= 0) table[key] = shared.indexOf(code)
      }
    }
    table[keyOf(' '.repeat(width))] = 0
    return shared
  }
}

/** Look-up tables of a `number_or_code` field two characters wide: number index and code index. */
export class MixedTables {
  readonly numbers = new Uint16Array(65536).fill(SLOW16)
  readonly codes = new Uint16Array(65536).fill(SLOW16)

  constructor(
    range: readonly [number, number],
    special: CodeTable | null,
    numbers: SharedDictionary,
    codes: SharedDictionary,
  ) {
    for (let value = range[0]; value <= range[1]; value++) {
      const text = String(value).padStart(2, '0')
      this.numbers[keyOf(text)] = numbers.indexOf(value)
      this.codes[keyOf(text)] = codes.indexOf(text)
    }
    for (const code of special?.codes.keys() ?? []) {
      const key = keyOf(code.padEnd(2))
      if (this.numbers[key] !== SLOW16) continue
      this.numbers[key] = 0
      this.codes[key] = codes.indexOf(code)
    }
    this.numbers[keyOf('  ')] = 0
    this.codes[keyOf('  ')] = 0
  }
}

/** Fills the slot of a packed date on first sight; returns its index, or 0 when off the calendar. */
export function addDate(shared: SharedDictionary, slot: number): number {
  const year = (slot >>> 11) + FIRST_YEAR
  const month = ((slot >>> 10) & 1) * 10 + ((slot >>> 6) & 15)
  const day = ((slot >>> 4) & 3) * 10 + (slot & 15)
  const days = daysOf(year, month, day)
  if (days === undefined) return 0
  const index = shared.indexOf(days)
  shared.table16![slot] = index
  return index
}
