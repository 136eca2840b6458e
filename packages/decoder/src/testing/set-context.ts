import type { CompiledSpec } from '../spec/types.js'
import type { Agency } from './agencies.js'
import type { Calendar } from './calendar.js'
import type { CodeChoice } from './code-choice.js'
import { writeNumber } from './incident-numbers.js'
import type { LineLayout, LineWriter, Slot } from './line-writer.js'
import type { Random } from './random.js'
import type { RecordOutput } from './record-output.js'
import { type ArresteeSlots, type Key, type SegmentSlots, segmentSlots } from './segment-slots.js'
import { type SetChoices, setChoices } from './set-choices.js'

/** What the writers of record sets share: the agency and incident at hand, and where to draw from. */
export class SetContext {
  readonly output: RecordOutput
  readonly line: LineWriter
  readonly random: Random
  readonly calendar: Calendar
  readonly year: number
  /** First day of the data year, as a day number of the calendar, and how many there are. */
  readonly yearStart: number
  readonly yearDays: number
  readonly slots: SegmentSlots
  readonly choices: SetChoices
  readonly state = new Uint8Array(2)
  readonly ori = new Uint8Array(9)
  /** Day of the incident, or arrest, at hand. */
  day = 0
  #agency: Agency | null = null
  // The key fields of the incident at hand, at their places in a line.
  readonly #head: Uint8Array
  readonly #headEnd: number
  readonly #number: Uint8Array
  readonly #transactions = new Map<number, Uint8Array>()
  #numberText = ''
  #serial = 0

  constructor(
    spec: CompiledSpec,
    output: RecordOutput,
    random: Random,
    calendar: Calendar,
    year: number,
  ) {
    this.output = output
    this.line = output.line
    this.random = random
    this.calendar = calendar
    this.year = year
    this.yearStart = calendar.startOf(year)
    this.yearDays = calendar.daysIn(year)
    this.slots = segmentSlots(spec, output, year)
    this.choices = setChoices(this.slots, year)
    const { key, layout } = this.slots.administrative
    this.#head = new Uint8Array(layout.maxLength)
    this.#headEnd = key.date.end
    this.#number = new Uint8Array(key.number.end - key.number.start)
  }

  get agency(): Agency {
    return this.#agency!
  }

  /** Turns to another agency. */
  turnTo(agency: Agency): void {
    this.#agency = agency
    for (let i = 0; i < 2; i++) this.state[i] = agency.state.charCodeAt(i)
    for (let i = 0; i < 9; i++) this.ori[i] = agency.ori.charCodeAt(i)
    const { key } = this.slots.administrative
    this.#head.set(this.state, key.state.start)
    this.#head.set(this.ori, key.ori.start)
  }

  /** Starts an incident of a day, under a number of its own. */
  newNumber(day: number): void {
    const { key } = this.slots.administrative
    const { agency } = this
    writeNumber(this.#number, agency.style, this.year, ++this.#serial, this.random)
    this.#head.set(this.#number, key.number.start)
    const { digits } = this.calendar
    for (let i = 0; i < 8; i++) this.#head[key.date.start + i] = digits[day * 8 + i]!
    this.day = day
    if (this.line.recording) this.#numberText = String.fromCharCode(...this.#number)
  }

  /** A new arrest transaction number as wide as its slot; good until the next one. */
  newTransaction(slot: Slot): Uint8Array {
    const width = slot.end - slot.start
    let target = this.#transactions.get(width)
    if (target === undefined) {
      target = new Uint8Array(width)
      this.#transactions.set(width, target)
    }
    writeNumber(target, this.agency.style, this.year, ++this.#serial, this.random)
    return target
  }

  /** Starts a line of the incident at hand, with its key. */
  begin(slots: { readonly layout: LineLayout; readonly key: Key }, dated: boolean): void {
    const line = this.line
    line.begin(slots.layout, this.output.drawTail())
    const { key } = slots
    line.copy(this.#head, key.state.start, dated ? this.#headEnd : key.number.end)
    if (!line.recording) return
    const { agency } = this
    line.row[key.state.column] = agency.state
    line.row[key.ori.column] = agency.ori
    line.row[key.number.column] = this.#numberText
    if (dated) line.row[key.date.column] = this.calendar.text(this.day)
  }

  /** The arrestee layout that the agency's state uses. */
  of(byState: SegmentSlots['arrestee']): ArresteeSlots {
    return byState.states.get(this.agency.state) ?? byState.base
  }

  /** Writes the direct submission code of an agency that has one. */
  city(slot: Slot): void {
    const { citySubmission } = this.agency
    if (citySubmission !== '') this.line.text(slot, citySubmission)
  }

  /** Writes drawn codes to the first `count` slots. */
  repeat(slots: readonly Slot[], choice: CodeChoice, count: number): void {
    for (let i = 0; i < count && i < slots.length; i++) {
      this.line.code(slots[i]!, choice, choice.pick(this.random))
    }
  }

  /** Writes offenses of the original incident into a window record. */
  windowOffenses(slots: readonly Slot[]): void {
    const random = this.random
    this.repeat(slots, this.choices.offenses, random.chance(0.9) ? 1 : 2 + random.below(9))
  }
}
