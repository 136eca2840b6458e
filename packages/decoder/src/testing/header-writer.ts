import type { CompiledSpec } from '../spec/types.js'
import type { Agency } from './agencies.js'
import type { Calendar } from './calendar.js'
import { choiceOf, type CodeChoice } from './code-choice.js'
import type { FaultMaker } from './fault-maker.js'
import type { LineLayout, Slot } from './line-writer.js'
import type { Random } from './random.js'
import type { RecordOutput } from './record-output.js'

const MONTHS = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
]
const DISTRICTS = ['N', 'S', 'E', 'W', 'M', 'C', 'A']
const BLANK = 0x20
const ZERO = 0x30
/** Headers carry twelve NUL bytes through this data year, zeros from 2020 on. */
const LAST_NUL_YEAR = 2016
const FIRST_ZERO_YEAR = 2020
/** Month flags are Y or blank before this data year, Y or N from then on. */
const FIRST_NO_YEAR = 2020
/** The file of 2000 lacks the current populations. */
const YEAR_WITHOUT_POPULATION = 2000

/** Writes the batch header of an agency, in one line or in three. */
export class HeaderWriter {
  /** Lines of a header. */
  readonly lineCount: number
  readonly #parts: readonly LineLayout[]
  readonly #output: RecordOutput
  readonly #random: Random
  readonly #calendar: Calendar
  readonly #year: number
  readonly #faults: FaultMaker | null
  readonly #choices = new Map<string, CodeChoice>()
  readonly #seen = new Set<string>()

  constructor(
    spec: CompiledSpec,
    output: RecordOutput,
    random: Random,
    calendar: Calendar,
    year: number,
    faults: FaultMaker | null,
  ) {
    const table = spec.tables.find(({ role }) => role === 'header')!
    this.#parts = spec.layouts
      .filter((layout) => layout.tableIndex === table.index && layout.when === undefined)
      .map((layout) => output.layoutOf(layout))
    this.lineCount = this.#parts.length
    this.#output = output
    this.#random = random
    this.#calendar = calendar
    this.#year = year
    this.#faults = faults
    const choose = (name: string, weights: Record<string, number>): void => {
      this.#choices.set(name, choiceOf(this.#slot(name).field!.codes!, { year, weights }))
    }
    choose('population_group', { '7': 20, '6': 15, '5': 8, '4': 5, '8D': 8, '8C': 6, '9C': 5 })
    choose('agency_indicator', { '1': 60, '2': 22, '3': 6, '4': 4, '5': 3, '6': 2 })
    choose('months_indicator', { '12': 80, '06': 12, '01': 6 })
  }

  /** Whether the header just written is to be repeated as a fault. */
  drawsRepeat(): boolean {
    return this.#faults?.drawHeaderFault('HEADER_REPEATED') ?? false
  }

  /**
   * Writes a header.
   *
   * @param agency whose header
   * @param mayFail false for the first header of a file, which says what year it is
   */
  write(agency: Agency, mayFail: boolean): void {
    const output = this.#output
    const missing =
      mayFail && this.lineCount > 1 && this.#faults?.drawHeaderFault('HEADER_PART_MISSING') === true
        ? this.#faults.below(this.lineCount)
        : -1
    const first = { recordNumber: 0, byteOffset: 0 }
    let length = 0
    let written = 0
    const key = `${agency.state}${agency.ori}`
    this.#parts.forEach((part, index) => {
      output.line.begin(part, output.drawTail())
      this.#writePart(part, agency)
      if (index === missing) {
        this.#forgetPart(part)
        return
      }
      if (written === 0) {
        first.recordNumber = output.lineNumber
        first.byteOffset = output.offset
      } else {
        output.manifest.joinedHeaderParts++
      }
      const partLength = output.finishLine(mayFail)
      if (partLength < 0) return
      length += partLength
      written++
    })
    if (written === 0) return
    output.addRow(this.#parts[0]!, first.recordNumber, length)
    const issue = (code: 'HEADER_PART_MISSING' | 'HEADER_REPEATED', raw: string): void =>
      output.addIssue({
        code,
        segment: this.#parts[0]!.table.name,
        field: null,
        ...first,
        raw,
      })
    if (missing >= 0) issue('HEADER_PART_MISSING', this.#parts[missing]!.layout.level)
    if (this.#seen.has(key)) issue('HEADER_REPEATED', key)
    this.#seen.add(key)
  }

  /** A part that is not written: its fields are null, but for the key that the others repeat. */
  #forgetPart(part: LineLayout): void {
    const { row } = this.#output.line
    for (const [name, slot] of part.slots) {
      if (name === 'state_code' || name === 'ori') continue
      const value = row[slot.column]
      if (typeof value === 'number') slot.sum -= value
      row[slot.column] = null
    }
  }

  #slot(name: string): Slot {
    return this.#parts.map((part) => part.slot(name)).find((slot) => slot.field !== null)!
  }

  #writePart(part: LineLayout, agency: Agency): void {
    const { line } = this.#output
    const random = this.#random
    const year = this.#year
    const [first] = this.#parts
    // Every part begins with state and ORI, where the first part has them.
    const state = first!.slot('state_code')
    const ori = first!.slot('ori')
    if (part === first) {
      line.text(state, agency.state)
      line.text(ori, agency.ori)
    } else {
      for (let i = 0; i < 2; i++) {
        line.bytes[line.at + state.start + i] = agency.state.charCodeAt(i)
      }
      for (let i = 0; i < agency.ori.length; i++) {
        line.bytes[line.at + ori.start + i] = agency.ori.charCodeAt(i)
      }
    }
    const filler = year <= LAST_NUL_YEAR ? 0 : year >= FIRST_ZERO_YEAR ? ZERO : BLANK
    for (const { start, end } of part.ignored) line.fill(filler, start, end)

    const silent = agency.weight === 0
    const add = (name: string, day: number): void => line.date(part.slot(name), day)
    if (random.chance(0.7)) add('date_ori_added', this.#dayBefore(40))
    if (random.chance(0.9)) add('date_ori_went_nibrs', this.#dayBefore(30))
    line.text(part.slot('city_name'), agency.city)
    line.text(part.slot('state_abbreviation'), agency.abbreviation)
    this.#code(part, 'population_group')
    line.text(part.slot('country_division'), agency.division)
    line.text(part.slot('country_region'), agency.region)
    this.#code(part, 'agency_indicator')
    const core = part.slot('core_city')
    if (core.field !== null && random.chance(0.9)) line.flag(core, random.chance(0.06))
    if (random.chance(0.05)) {
      line.text(part.slot('covered_by_ori'), `${agency.ori.slice(0, 5)}0000`)
    }
    line.text(part.slot('fbi_field_office'), String(3000 + random.below(600)))
    line.text(
      part.slot('judicial_district'),
      `${String(20 + random.below(900)).padStart(3, '0')}${random.pick(DISTRICTS)}`,
    )
    if (!silent || random.chance(0.5)) line.text(part.slot('agency_nibrs_flag'), 'A')
    const inactive = part.slot('agency_inactive_date')
    if (silent && random.chance(0.4)) line.date(inactive, this.#dayBefore(10))
    else if (inactive.field !== null && random.chance(0.05)) line.zeroDate(inactive)
    this.#counties(part, agency)
    this.#months(part, silent)
    if (random.chance(0.5)) add('date_state_began_leoka', this.#dayBefore(15))
  }

  #dayBefore(years: number): number {
    const calendar = this.#calendar
    const from = calendar.startOf(Math.max(calendar.firstYear, this.#year - years))
    return this.#random.between(from, calendar.startOf(this.#year))
  }

  #code(part: LineLayout, name: string): void {
    const choice = this.#choices.get(name)!
    const slot = part.slot(name)
    if (slot.field !== null) this.#output.line.code(slot, choice, choice.pick(this.#random))
  }

  #counties(part: LineLayout, agency: Agency): void {
    const { line } = this.#output
    const random = this.#random
    const year = this.#year
    for (let n = 1; n <= 5; n++) {
      const there = n <= agency.counties
      const population = there ? Math.round(Math.exp(6 + 6 * random.unit())) : 0
      const current = part.slot(`current_population_${n}`)
      if (year !== YEAR_WITHOUT_POPULATION) line.integer(current, population)
      const last = year >= FIRST_ZERO_YEAR ? 0 : Math.round(population * 0.93)
      line.integer(part.slot(`last_population_${n}`), last)
      if (!there) continue
      const county = String(1 + random.below(200)).padStart(3, '0')
      // Now and then the county code is left-justified, one character short.
      const text = random.chance(0.03) ? `${county.slice(1)} ` : county
      line.text(part.slot(`ucr_county_code_${n}`), text)
      line.text(part.slot(`msa_code_${n}`), String(random.below(400)).padStart(3, '0'))
      const fips = random.chance(0.01) ? 'UCR' : String(1 + 2 * random.below(150)).padStart(3, '0')
      if (random.chance(0.98)) line.text(part.slot(`fips_county_code_${n}`), fips)
    }
  }

  #months(part: LineLayout, silent: boolean): void {
    const slot = part.slot('months_reported')
    if (slot.field === null) return
    const { line } = this.#output
    const random = this.#random
    const reported = silent ? (random.chance(0.5) ? 0 : 12) : random.chance(0.8) ? 12 : 6
    if (reported > 0) this.#code(part, 'months_indicator')
    line.integer(slot, reported)
    line.integer(part.slot('master_file_year'), this.#year)
    const write = (field: Slot, value: boolean): void => {
      if (value || this.#year >= FIRST_NO_YEAR) line.flag(field, value)
    }
    MONTHS.forEach((month, index) => {
      const sent = index < reported
      write(part.slot(`${month}_zero_report`), sent && silent)
      write(part.slot(`${month}_group_ab`), sent && !silent)
      write(part.slot(`${month}_window`), sent && !silent && random.chance(0.05))
    })
  }
}
