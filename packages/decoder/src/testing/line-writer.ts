import type { CellValue } from '../batch.js'
import type { CompiledSpec, FieldSpec, LayoutSpec, TableSpec } from '../spec/types.js'
import type { Calendar } from './calendar.js'
import type { CodeChoice } from './code-choice.js'

const BLANK = 0x20
const ZERO = 0x30
const BLANK8 = new Float64Array(new Uint8Array(8).fill(BLANK).buffer)[0]!
/** End of a slot that an edition does not have: beyond every line. */
const NOWHERE = 1 << 30

/** Where one field stands in its line, and the sum of the numbers written to it. */
export class Slot {
  /** 0-based, half-open, in the physical line. */
  readonly start: number
  readonly end: number
  /** Digits after the point of a decimal. */
  readonly fractionStart: number
  readonly fractionEnd: number
  readonly column: number
  readonly codeColumn: number
  /** Null when the edition has no such field: then nothing is ever written. */
  readonly field: FieldSpec | null
  /** Of decimals, in units of the last digit. */
  sum = 0

  constructor(field: FieldSpec | null, partOffset: number) {
    this.field = field
    this.start = field === null ? NOWHERE : field.start - partOffset
    this.end = field === null ? NOWHERE : field.end - partOffset
    this.fractionStart = (field?.fraction?.start ?? 0) - partOffset
    this.fractionEnd = (field?.fraction?.end ?? 0) - partOffset
    this.column = field?.columns[0] ?? -1
    this.codeColumn = field?.columns[1] ?? -1
  }
}

/** One layout to write lines of; all positions are those of the spec. */
export class LineLayout {
  readonly layout: LayoutSpec
  readonly table: TableSpec
  readonly length: number
  readonly maxLength: number
  readonly level: Uint8Array
  readonly slots: ReadonlyMap<string, Slot>
  /** Bytes of the line that the spec gives to no field: ignored fillers. */
  readonly ignored: readonly { readonly start: number; readonly end: number }[]
  /** Fillers that must be blank, in the physical line. */
  readonly fillers: readonly {
    readonly name: string
    readonly start: number
    readonly end: number
  }[]
  /** Rows written, withheld ones apart. */
  rows = 0

  constructor(spec: CompiledSpec, layout: LayoutSpec) {
    this.layout = layout
    this.table = spec.tables[layout.tableIndex]!
    this.length = layout.length
    this.maxLength = layout.maxLength
    this.level = Uint8Array.from(layout.level, (character) => character.charCodeAt(0))
    this.slots = new Map(
      layout.fields.map((field) => [field.name, new Slot(field, layout.partOffset)]),
    )
    this.fillers = layout.fillers.map(({ name, start, end }) => ({
      name,
      start: start - layout.partOffset,
      end: end - layout.partOffset,
    }))
    this.ignored = this.#uncovered(layout.part === 0 ? (spec.level?.end ?? 0) : layout.keyLength)
  }

  /** The slot of a field; one that swallows what is written when the edition lacks the field. */
  slot(name: string): Slot {
    return this.slots.get(name) ?? new Slot(null, 0)
  }

  /** The slots `name_1`, `name_2` … as far as the table has such columns. */
  repeats(name: string): readonly Slot[] {
    const slots: Slot[] = []
    while (this.table.columns.some((column) => column.name === `${name}_${slots.length + 1}`)) {
      slots.push(this.slot(`${name}_${slots.length + 1}`))
    }
    return slots
  }

  #uncovered(from: number): { start: number; end: number }[] {
    const taken = new Uint8Array(this.maxLength).fill(1, 0, from)
    for (const slot of this.slots.values()) {
      taken.fill(1, slot.start, slot.end)
      if (slot.fractionEnd > 0) taken.fill(1, slot.fractionStart, slot.fractionEnd)
    }
    for (const { start, end } of this.fillers) taken.fill(1, start, end)
    const ranges: { start: number; end: number }[] = []
    for (let start = taken.indexOf(0); start >= 0;) {
      let end = start
      while (end < taken.length && taken[end] === 0) end++
      ranges.push({ start, end })
      start = taken.indexOf(0, end)
    }
    return ranges
  }
}

/**
 * Writes fields straight into the output buffer; the hot path of the generator.
 *
 * `row` is kept only when somebody needs the values again (truth, faults): it then holds what a
 * decoder must return for the current record, in table order.
 */
export class LineWriter {
  bytes: Uint8Array
  /** Where the current line starts in `bytes`. */
  at = 0
  /** Bytes of the current line so far, without its end. */
  length = 0
  layout: LineLayout | null = null
  row: CellValue[] = []
  readonly recording: boolean
  readonly #calendar: Calendar
  #view: DataView

  constructor(bytes: Uint8Array, calendar: Calendar, recording: boolean) {
    this.bytes = bytes
    this.#view = new DataView(bytes.buffer)
    this.#calendar = calendar
    this.recording = recording
  }

  /** Continues in another buffer. */
  moveTo(bytes: Uint8Array): void {
    this.bytes = bytes
    this.#view = new DataView(bytes.buffer)
    this.at = 0
  }

  /** Starts a line, all blank but for its level; `long` makes room for the optional fields. */
  begin(layout: LineLayout, long: boolean): void {
    const { at, bytes } = this
    this.layout = layout
    this.length = long ? layout.maxLength : layout.length
    const end = at + layout.maxLength
    const view = this.#view
    for (let i = at; i < end; i += 8) view.setFloat64(i, BLANK8, true)
    const { level } = layout
    for (let i = 0; i < level.length; i++) bytes[at + i] = level[i]!
    // Later parts of a joined record go on with the row of the first.
    if (this.recording && layout.layout.part === 0) {
      this.row = new Array<CellValue>(layout.table.columns.length).fill(null)
    }
  }

  /** Copies bytes [start, end) of `source` to the same place of the line. */
  copy(source: Uint8Array, start: number, end: number): void {
    const { at, bytes } = this
    for (let i = start; i < end; i++) bytes[at + i] = source[i]!
  }

  /** Writes a drawn code. */
  code(slot: Slot, choice: CodeChoice, index: number): void {
    if (slot.end > this.length) return
    const from = this.at + slot.start
    const to = this.at + slot.end
    let packed = choice.packed[index]!
    for (let i = from; i < to; i++) {
      this.bytes[i] = packed & 255
      packed >>>= 8
    }
    if (this.recording) this.row[slot.column] = choice.codes[index]!
  }

  /** Writes a `number_or_code` drawn as text: the number half is null for special codes. */
  mixed(slot: Slot, choice: CodeChoice, index: number, numbers: Int32Array): void {
    if (slot.end > this.length) return
    const packed = choice.packed[index]!
    this.bytes[this.at + slot.start] = packed & 255
    this.bytes[this.at + slot.start + 1] = (packed >>> 8) & 255
    const number = numbers[index]!
    if (number >= 0) slot.sum += number
    if (this.recording) {
      this.row[slot.column] = number < 0 ? null : number
      this.row[slot.codeColumn] = choice.codes[index]!
    }
  }

  /** Writes a whole number, zero-filled. */
  integer(slot: Slot, value: number): void {
    if (slot.end > this.length) return
    this.#digits(this.at + slot.start, this.at + slot.end, value)
    slot.sum += value
    if (this.recording) this.row[slot.column] = value
  }

  /** Writes an hour; the same as a number, but its column is of another type. */
  hour(slot: Slot, value: number): void {
    if (slot.end > this.length) return
    this.#digits(this.at + slot.start, this.at + slot.end, value)
    slot.sum += value
    if (this.recording) this.row[slot.column] = value
  }

  /** Writes a decimal with its fraction in digits of its own. */
  decimal(slot: Slot, whole: number, fraction: number): void {
    if (slot.end > this.length) return
    const scale = 10 ** (slot.fractionEnd - slot.fractionStart)
    this.#digits(this.at + slot.start, this.at + slot.end, whole)
    this.#digits(this.at + slot.fractionStart, this.at + slot.fractionEnd, fraction)
    slot.sum += whole * scale + fraction
    if (this.recording) this.row[slot.column] = (whole * scale + fraction) / scale
  }

  /** Writes a day of the calendar. */
  date(slot: Slot, day: number): void {
    if (slot.end > this.length) return
    const { digits } = this.#calendar
    const at = this.at + slot.start
    const from = day * 8
    for (let i = 0; i < 8; i++) this.bytes[at + i] = digits[from + i]!
    if (this.recording) this.row[slot.column] = this.#calendar.text(day)
  }

  /** Writes an all-zero date, which is null. */
  zeroDate(slot: Slot): void {
    if (slot.end > this.length) return
    this.bytes.fill(ZERO, this.at + slot.start, this.at + slot.end)
  }

  /** Writes one character of a flag. */
  flag(slot: Slot, value: boolean): void {
    if (slot.end > this.length) return
    const { yes, no } = slot.field!.flag!
    this.bytes[this.at + slot.start] = (value ? yes : no).charCodeAt(0)
    if (this.recording) this.row[slot.column] = value
  }

  /** Writes latin1 text; identifiers are kept to their full width, blanks included. */
  text(slot: Slot, text: string): void {
    if (slot.end > this.length) return
    const width = slot.end - slot.start
    const written = Math.min(text.length, width)
    for (let i = 0; i < written; i++) this.bytes[this.at + slot.start + i] = text.charCodeAt(i)
    if (this.recording) this.row[slot.column] = this.#textValue(slot, text.slice(0, width))
  }

  /** Writes bytes; the same as {@link text}, without a string in between. */
  rawText(slot: Slot, source: Uint8Array): void {
    if (slot.end > this.length) return
    const at = this.at + slot.start
    const count = Math.min(source.length, slot.end - slot.start)
    for (let i = 0; i < count; i++) this.bytes[at + i] = source[i]!
    if (this.recording) {
      this.row[slot.column] = this.#textValue(slot, latin1(source.subarray(0, count)))
    }
  }

  /** Fills bytes that belong to no field. */
  fill(byte: number, start: number, end: number): void {
    this.bytes.fill(byte, this.at + start, this.at + end)
  }

  #textValue(slot: Slot, text: string): string | null {
    const trimmed = text.replace(/ +$/, '')
    if (trimmed === '') return null
    return slot.field!.type === 'identifier' ? text.padEnd(slot.end - slot.start) : trimmed
  }

  #digits(start: number, end: number, value: number): void {
    const { bytes } = this
    let rest = value | 0
    for (let i = end - 1; i >= start; i--) {
      const next = (rest / 10) | 0
      bytes[i] = ZERO + rest - next * 10
      rest = next
    }
  }
}

/** Text of latin1 bytes. */
export function latin1(bytes: Uint8Array): string {
  let text = ''
  for (let i = 0; i < bytes.length; i++) text += String.fromCharCode(bytes[i]!)
  return text
}
