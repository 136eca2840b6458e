import type { CompiledSpec, LayoutSpec } from '../spec/types.js'
import type { Agency } from './agencies.js'
import type { Calendar } from './calendar.js'
import { choiceOf, CodeChoice, isValid } from './code-choice.js'
import { writeNumber } from './incident-numbers.js'
import type { LineLayout, LineWriter, Slot } from './line-writer.js'
import type { Random } from './random.js'
import type { RecordOutput } from './record-output.js'
import * as shares from './shares.js'

/** Victims of one incident at most; the format allows 999. */
const MAX_VICTIMS = 120
const MAX_OFFENDERS = 40
const HANDGUN_TO_OTHER = new Set(['11', '12', '13', '14', '15'])
const VEHICLES = new Set(['03', '05', '24', '28', '37'])
const DRUGS = '10'
/** Years that a window record's incident may lie back. */
const WINDOW_YEARS = 3

/** What a drawn offense brings with it. */
interface OffenseKind {
  readonly against: 'person' | 'property' | 'society'
  readonly hasActivity: boolean
  readonly hasGang: boolean
  readonly hasWeapon: boolean
  readonly isBurglary: boolean
  readonly isVehicleTheft: boolean
  readonly isDrugs: boolean
  readonly isAssault: boolean
  readonly hasRelations: boolean
  readonly hasInjuries: boolean
  /** Property loss codes of its property records, empty for none. */
  readonly losses: readonly string[]
}

/** Sizes of an incident, drawn before it is written. */
interface Sizes {
  offenses: number
  properties: number
  victims: number
  offenders: number
  arrestees: number
}

/** Slots of the four fields that every data segment begins with. */
interface Key {
  readonly state: Slot
  readonly ori: Slot
  readonly number: Slot
  readonly date: Slot
}

function keyOf(layout: LineLayout): Key {
  return {
    state: layout.slot('state_code'),
    ori: layout.slot('ori'),
    number: layout.slot('incident_number'),
    date: layout.slot('incident_date'),
  }
}

function administrativeSlots(layout: LineLayout) {
  return {
    layout,
    key: keyOf(layout),
    reportDate: layout.slot('report_date_indicator'),
    hour: layout.slot('incident_hour'),
    offenses: layout.slot('total_offense_segments'),
    victims: layout.slot('total_victim_segments'),
    offenders: layout.slot('total_offender_segments'),
    arrestees: layout.slot('total_arrestee_segments'),
    city: layout.slot('city_submission'),
    cleared: layout.slot('cleared_exceptionally'),
    clearanceDate: layout.slot('exceptional_clearance_date'),
    cargo: layout.slot('cargo_theft'),
    windowOffenses: layout.repeats('window_offense_code'),
  }
}

function offenseSlots(layout: LineLayout) {
  return {
    layout,
    key: keyOf(layout),
    offense: layout.slot('offense_code'),
    completed: layout.slot('attempted_completed'),
    using: layout.repeats('suspected_of_using'),
    location: layout.slot('location_type'),
    premises: layout.slot('premises_entered'),
    entry: layout.slot('method_of_entry'),
    activities: layout.repeats('criminal_activity'),
    weapons: layout.repeats('weapon_force'),
    automatics: layout.repeats('automatic_indicator'),
    biases: layout.repeats('bias_motivation'),
  }
}

function propertySlots(layout: LineLayout) {
  return {
    layout,
    key: keyOf(layout),
    loss: layout.slot('property_loss'),
    description: layout.slot('property_description'),
    value: layout.slot('property_value'),
    recovered: layout.slot('date_recovered'),
    stolenVehicles: layout.slot('stolen_motor_vehicles'),
    recoveredVehicles: layout.slot('recovered_motor_vehicles'),
    drugs: layout.repeats('drug_type'),
    quantities: layout.repeats('drug_quantity'),
    measures: layout.repeats('drug_measurement'),
    windowOffenses: layout.repeats('window_offense_code'),
  }
}

function victimSlots(layout: LineLayout) {
  return {
    layout,
    key: keyOf(layout),
    sequence: layout.slot('victim_sequence'),
    offenses: layout.repeats('victim_offense_code'),
    type: layout.slot('victim_type'),
    age: layout.slot('age'),
    sex: layout.slot('sex'),
    race: layout.slot('race'),
    ethnicity: layout.slot('ethnicity'),
    resident: layout.slot('resident_status'),
    circumstances: layout.repeats('circumstance'),
    justifiable: layout.slot('justifiable_homicide_circumstance'),
    injuries: layout.repeats('injury'),
    related: layout.repeats('related_offender_number'),
    relationships: layout.repeats('relationship'),
    activity: layout.slot('officer_activity'),
    assignment: layout.slot('officer_assignment'),
    otherOri: layout.slot('officer_other_ori'),
  }
}

function offenderSlots(layout: LineLayout) {
  return {
    layout,
    key: keyOf(layout),
    sequence: layout.slot('offender_sequence'),
    age: layout.slot('age'),
    sex: layout.slot('sex'),
    race: layout.slot('race'),
    ethnicity: layout.slot('ethnicity'),
  }
}

function arresteeSlots(layout: LineLayout) {
  return {
    layout,
    key: keyOf(layout),
    sequence: layout.slot('arrestee_sequence'),
    transaction: layout.slot('arrest_transaction_number'),
    date: layout.slot('arrest_date'),
    city: layout.slot('city_submission'),
    type: layout.slot('arrest_type'),
    multiple: layout.slot('multiple_arrestee'),
    offense: layout.slot('arrest_offense_code'),
    armed: layout.repeats('armed_with'),
    automatics: layout.repeats('automatic_indicator'),
    age: layout.slot('age'),
    sex: layout.slot('sex'),
    race: layout.slot('race'),
    ethnicity: layout.slot('ethnicity'),
    resident: layout.slot('resident_status'),
    disposition: layout.slot('disposition_under_18'),
    clearance: layout.slot('window_clearance'),
    windowOffenses: layout.repeats('window_offense_code'),
  }
}

type ArresteeSlots = ReturnType<typeof arresteeSlots>

/** Arrestee layouts by state, where an overlay says so. */
interface ByState<T> {
  readonly base: T
  readonly states: ReadonlyMap<string, T>
}

/** Writes the record sets of an agency: incidents, Group B arrests and window records. */
export class RecordSets {
  readonly #output: RecordOutput
  readonly #line: LineWriter
  readonly #random: Random
  readonly #calendar: Calendar
  readonly #year: number
  readonly #yearStart: number
  readonly #yearDays: number
  readonly #administrative
  readonly #offense
  readonly #property
  readonly #victim
  readonly #offender
  readonly #windowClearance
  readonly #windowProperty
  readonly #arrestee: ByState<ArresteeSlots>
  readonly #windowArrestee: ByState<ArresteeSlots>
  readonly #groupB

  readonly #offenses: CodeChoice
  readonly #offenseKinds: readonly OffenseKind[]
  readonly #choices
  readonly #ages: CodeChoice
  readonly #arresteeAges: CodeChoice
  readonly #ageNumbers: Int32Array
  readonly #arresteeAgeNumbers: Int32Array

  // The current incident: its key fields, ready to be copied, and its offenses.
  readonly #head: Uint8Array
  readonly #headEnd: number
  readonly #number: Uint8Array
  readonly #transaction: Uint8Array
  readonly #state = new Uint8Array(2)
  readonly #ori = new Uint8Array(9)
  readonly #offenseCodes = new Int32Array(10)
  readonly #sizes: Sizes = { offenses: 1, properties: 0, victims: 1, offenders: 1, arrestees: 0 }
  #agency: Agency | null = null
  #numberText = ''
  #day = 0
  #serial = 0

  constructor(
    spec: CompiledSpec,
    output: RecordOutput,
    random: Random,
    calendar: Calendar,
    year: number,
  ) {
    this.#output = output
    this.#line = output.line
    this.#random = random
    this.#calendar = calendar
    this.#year = year
    this.#yearStart = calendar.startOf(year)
    this.#yearDays = calendar.daysIn(year)

    const base = (segment: string): LineLayout => {
      const table = spec.tables.find(({ name }) => name === segment)!
      const found = spec.layouts.find(
        (layout) => layout.tableIndex === table.index && layout.when === undefined,
      )
      return output.layoutOf(found!)
    }
    this.#administrative = administrativeSlots(base('administrative'))
    this.#windowClearance = administrativeSlots(base('window_clearance'))
    this.#offense = offenseSlots(base('offense'))
    this.#property = propertySlots(base('property'))
    this.#windowProperty = propertySlots(base('window_property'))
    this.#victim = victimSlots(base('victim'))
    this.#offender = offenderSlots(base('offender'))
    this.#groupB = arresteeSlots(base('group_b_arrest'))
    const byState = (segment: string): ByState<ArresteeSlots> => {
      const layout = base(segment)
      return {
        base: arresteeSlots(layout),
        states: new Map(
          overlaysInForce(spec, year)
            .filter(({ level }) => level === layout.layout.level)
            .flatMap((overlay) =>
              overlay.when!.values.map((state): [string, ArresteeSlots] => [
                state,
                arresteeSlots(output.layoutOf(overlay)),
              ]),
            ),
        ),
      }
    }
    this.#arrestee = byState('arrestee')
    this.#windowArrestee = byState('window_arrestee')

    const { key, layout } = this.#administrative
    this.#head = new Uint8Array(layout.maxLength)
    this.#headEnd = key.date.end
    this.#number = new Uint8Array(key.number.end - key.number.start)
    this.#transaction = new Uint8Array(
      Math.max(
        ...[this.#arrestee.base, ...this.#arrestee.states.values(), this.#groupB].map(
          ({ transaction }) => transaction.end - transaction.start,
        ),
      ),
    )
    this.#checkKeys()

    const choose = (slot: Slot, weights: Record<string, number>, others = true): CodeChoice =>
      slot.field?.codes === undefined
        ? new CodeChoice([['', 1]])
        : choiceOf(slot.field.codes, { year, weights, others })
    this.#offenses = choiceOf(this.#offense.offense.field!.codes!, {
      year,
      weights: shares.OFFENSES,
      only: (_, entry) => entry.attributes?.['group'] !== 'B',
    })
    const codes = this.#offense.offense.field!.codes!.codes
    this.#offenseKinds = this.#offenses.codes.map((code) =>
      offenseKind(code!, codes.get(code!)?.attributes?.['crime_against'] ?? ''),
    )
    this.#choices = {
      reportDate: choose(this.#administrative.reportDate, shares.REPORT_DATE),
      cleared: choose(this.#administrative.cleared, shares.CLEARANCES),
      windowCleared: choose(this.#administrative.cleared, shares.REAL_CLEARANCES, false),
      completed: choose(this.#offense.completed, shares.ATTEMPTED_COMPLETED),
      using: choose(this.#offense.using[0]!, shares.SUSPECTED_OF_USING),
      location: choose(
        this.#offense.location,
        year < 2010 ? shares.LOCATIONS_BEFORE_2010 : shares.LOCATIONS,
      ),
      entry: choose(this.#offense.entry, shares.METHODS_OF_ENTRY),
      activity: choose(this.#offense.activities[0]!, shares.CRIMINAL_ACTIVITIES),
      gang: choose(this.#offense.activities[0]!, shares.GANG_ACTIVITIES, false),
      weapon: choose(this.#offense.weapons[0]!, shares.WEAPONS),
      automatic: choose(this.#offense.automatics[0]!, shares.AUTOMATIC),
      bias: choose(this.#offense.biases[0]!, shares.BIASES),
      loss: new CodeChoice([...this.#property.loss.field!.codes!.codes.keys()].map((c) => [c, 1])),
      stolen: choose(this.#property.description, shares.STOLEN_PROPERTY),
      damaged: choose(this.#property.description, shares.DAMAGED_PROPERTY, false),
      drugProperty: choose(this.#property.description, { '10': 85, '11': 15 }, false),
      vehicle: choose(this.#property.description, { '03': 75, '24': 10, '37': 12, '28': 3 }, false),
      drug: choose(this.#property.drugs[0]!, shares.DRUGS),
      measure: choose(this.#property.measures[0]!, shares.MEASURES),
      personVictim: choose(this.#victim.type, { I: 98, L: 2 }, false),
      victim: choose(this.#victim.type, shares.VICTIM_TYPES, false),
      society: choose(this.#victim.type, { S: 1 }, false),
      sex: choose(this.#victim.sex, shares.SEXES),
      arresteeSex: choose(
        this.#victim.sex,
        year >= 2025 ? shares.SEXES : shares.ARRESTEE_SEXES,
        year >= 2025,
      ),
      race: choose(this.#victim.race, shares.RACES),
      ethnicity: choose(this.#victim.ethnicity, shares.ETHNICITIES),
      resident: choose(this.#victim.resident, shares.RESIDENTS),
      circumstance: choose(this.#victim.circumstances[0]!, shares.CIRCUMSTANCES),
      justifiable: choose(this.#victim.justifiable, {}),
      injury: choose(this.#victim.injuries[0]!, shares.INJURIES),
      relationship: choose(this.#victim.relationships[0]!, shares.RELATIONSHIPS),
      activityOfOfficer: choose(this.#victim.activity, shares.OFFICER_ACTIVITIES),
      assignment: choose(this.#victim.assignment, shares.OFFICER_ASSIGNMENTS),
      arrestType: choose(this.#groupB.type, shares.ARREST_TYPES),
      multiple: choose(this.#arrestee.base.multiple, shares.MULTIPLE_ARRESTEES),
      armed: choose(this.#groupB.armed[0]!, shares.ARMED_WITH),
      disposition: choose(this.#groupB.disposition, shares.DISPOSITIONS),
      groupB: choiceOf(this.#groupB.offense.field!.codes!, {
        year,
        weights: shares.GROUP_B_OFFENSES,
        only: (code) => {
          const entry = codes.get(code)
          return entry === undefined || isValid(entry, year)
        },
      }),
      windowClearance: choose(this.#windowArrestee.base.clearance, shares.WINDOW_CLEARANCES),
    }
    this.#ages = ageChoice({ '00': 5, NN: 0.02, NB: 0.05, BB: 0.1, '99': 0.1, '': 1.5 })
    this.#arresteeAges = ageChoice({ '00': 0.5, '99': 0.05 })
    this.#ageNumbers = ageNumbers(this.#ages)
    this.#arresteeAgeNumbers = ageNumbers(this.#arresteeAges)
  }

  /** The key fields stand at the same place in every data segment: they are copied as one run. */
  #checkKeys(): void {
    const { key, layout } = this.#administrative
    const all = [this.#offense, this.#property, this.#victim, this.#offender, this.#arrestee.base]
    for (const other of [...all, this.#windowClearance, this.#windowProperty]) {
      for (const name of ['state', 'ori', 'number', 'date'] as const) {
        if (other.key[name].start === key[name].start && other.key[name].end === key[name].end) {
          continue
        }
        throw new Error(
          `generator: ${name} of ${other.layout.table.name} stands elsewhere than in ` +
            `${layout.table.name}; write it field by field`,
        )
      }
    }
  }

  /** Turns to another agency. */
  turnTo(agency: Agency): void {
    this.#agency = agency
    for (let i = 0; i < 2; i++) this.#state[i] = agency.state.charCodeAt(i)
    for (let i = 0; i < 9; i++) this.#ori[i] = agency.ori.charCodeAt(i)
    const { key } = this.#administrative
    this.#head.set(this.#state, key.state.start)
    this.#head.set(this.#ori, key.ori.start)
  }

  /** Writes a record set of at most `room` records. */
  write(room: number): void {
    const draw = this.#random.bits() % 1000
    if (draw < 192) this.#writeGroupB()
    else if (draw < 194) this.#writeWindowClearance()
    else if (draw < 196) this.#writeWindowProperty()
    else if (draw < 199) this.#writeWindowArrestee()
    else if (!this.#writeIncident(room)) this.#writeGroupB()
  }

  #newNumber(day: number): void {
    const { key } = this.#administrative
    const agency = this.#agency!
    writeNumber(this.#number, agency.style, this.#year, ++this.#serial, this.#random)
    this.#head.set(this.#number, key.number.start)
    const { digits } = this.#calendar
    for (let i = 0; i < 8; i++) this.#head[key.date.start + i] = digits[day * 8 + i]!
    this.#day = day
    if (this.#line.recording) this.#numberText = String.fromCharCode(...this.#number)
  }

  #newTransaction(slot: Slot): Uint8Array {
    const target = this.#transaction.subarray(0, slot.end - slot.start)
    writeNumber(target, this.#agency!.style, this.#year, ++this.#serial, this.#random)
    return target
  }

  #begin(slots: { readonly layout: LineLayout; readonly key: Key }, dated: boolean): void {
    const line = this.#line
    line.begin(slots.layout, this.#output.drawTail())
    const { key } = slots
    line.copy(this.#head, key.state.start, dated ? this.#headEnd : key.number.end)
    if (!line.recording) return
    const agency = this.#agency!
    line.row[key.state.column] = agency.state
    line.row[key.ori.column] = agency.ori
    line.row[key.number.column] = this.#numberText
    if (dated) line.row[key.date.column] = this.#calendar.text(this.#day)
  }

  #writeIncident(room: number): boolean {
    const random = this.#random
    const sizes = this.#sizes
    this.#drawSizes()
    const kind = this.#offenseKinds[this.#offenseCodes[0]!]!
    const size =
      1 + sizes.offenses + sizes.properties + sizes.victims + sizes.offenders + sizes.arrestees
    if (size > room) return false
    this.#newNumber(this.#yearStart + random.below(this.#yearDays))
    this.#writeAdministrative()
    for (let i = 0; i < sizes.offenses; i++) this.#writeOffense(this.#offenseCodes[i]!)
    for (let i = 0; i < sizes.properties; i++) this.#writeProperty(kind, i)
    for (let i = 0; i < sizes.victims; i++) this.#writeVictim(i)
    const known = sizes.offenders > 1 || random.chance(0.66)
    for (let i = 0; i < sizes.offenders; i++) this.#writeOffender(i, known)
    const arrestee = this.#of(this.#arrestee)
    for (let i = 0; i < sizes.arrestees; i++) {
      this.#begin(arrestee, true)
      this.#writeArrest(arrestee, i, this.#offenses, this.#offenseCodes[0]!)
      this.#output.finish()
    }
    return true
  }

  #of(byState: ByState<ArresteeSlots>): ArresteeSlots {
    return byState.states.get(this.#agency!.state) ?? byState.base
  }

  #drawSizes(): void {
    const random = this.#random
    const sizes = this.#sizes
    const draw = random.bits() & 1023
    sizes.offenses = draw < 930 ? 1 : draw < 1012 ? 2 : draw < 1021 ? 3 : 4 + random.below(7)
    let count = 0
    for (let tries = 0; count < sizes.offenses && tries < 40; tries++) {
      const code = this.#offenses.pick(random)
      if (this.#offenseCodes.subarray(0, count).includes(code)) continue
      this.#offenseCodes[count++] = code
    }
    sizes.offenses = count
    const kind = this.#offenseKinds[this.#offenseCodes[0]!]!
    if (kind.losses.length === 0) {
      sizes.properties = 0
    } else {
      const items = random.bits() & 255
      sizes.properties = items < 170 ? 1 : items < 225 ? 2 : items < 248 ? 3 : 4 + random.below(6)
    }
    sizes.victims = 1
    if (kind.against !== 'society') {
      const victims = random.bits() & 4095
      if (victims > 3650) sizes.victims = victims < 4000 ? 2 : 3 + random.below(4)
      if (victims === 4095 && random.chance(0.2)) {
        sizes.victims = random.between(8, MAX_VICTIMS)
      }
    }
    const offenders = random.bits() & 4095
    sizes.offenders =
      offenders < 3900 ? 1 : offenders < 4060 ? 2 : offenders < 4094 ? 3 : 4 + random.below(12)
    if (offenders === 4095 && random.chance(0.1)) sizes.offenders = MAX_OFFENDERS
    const arrested = random.bits() & 255
    sizes.arrestees = arrested < 190 ? 0 : arrested < 245 ? 1 : arrested < 254 ? 2 : 3
  }

  #writeAdministrative(): void {
    const slots = this.#administrative
    const line = this.#line
    const random = this.#random
    const sizes = this.#sizes
    const choices = this.#choices
    this.#begin(slots, true)
    line.code(slots.reportDate, choices.reportDate, choices.reportDate.pick(random))
    if (!random.chance(0.03)) line.hour(slots.hour, random.below(24))
    line.integer(slots.offenses, sizes.offenses)
    line.integer(slots.victims, sizes.victims)
    line.integer(slots.offenders, sizes.offenders)
    line.integer(slots.arrestees, sizes.arrestees)
    this.#city(slots.city)
    const cleared = choices.cleared.pick(random)
    line.code(slots.cleared, choices.cleared, cleared)
    if (choices.cleared.codes[cleared] !== 'N') {
      line.date(slots.clearanceDate, this.#day + random.below(60))
    }
    if (slots.cargo.field !== null) line.flag(slots.cargo, random.chance(0.002))
    this.#output.finish()
  }

  #city(slot: Slot): void {
    const { citySubmission } = this.#agency!
    if (citySubmission !== '') this.#line.text(slot, citySubmission)
  }

  #writeOffense(offense: number): void {
    const slots = this.#offense
    const line = this.#line
    const random = this.#random
    const choices = this.#choices
    const kind = this.#offenseKinds[offense]!
    this.#begin(slots, true)
    line.code(slots.offense, this.#offenses, offense)
    line.code(slots.completed, choices.completed, choices.completed.pick(random))
    this.#repeat(slots.using, choices.using, random.chance(0.97) ? 1 : 2 + random.below(2))
    const location = choices.location.pick(random)
    line.code(slots.location, choices.location, location)
    if (kind.isBurglary) {
      const place = choices.location.codes[location]
      if (place === '14' || place === '19') line.integer(slots.premises, 1 + random.below(12))
      line.code(slots.entry, choices.entry, choices.entry.pick(random))
    }
    if (kind.hasActivity) {
      this.#repeat(
        slots.activities,
        choices.activity,
        random.chance(0.88) ? 1 : 2 + random.below(2),
      )
    } else if (kind.hasGang && random.chance(0.8)) {
      line.code(slots.activities[0]!, choices.gang, choices.gang.pick(random))
    }
    if (kind.hasWeapon) {
      const count = random.chance(0.96) ? 1 : 2 + random.below(2)
      for (let i = 0; i < count; i++) {
        const weapon = choices.weapon.pick(random)
        line.code(slots.weapons[i]!, choices.weapon, weapon)
        if (HANDGUN_TO_OTHER.has(choices.weapon.codes[weapon] ?? '')) {
          line.code(slots.automatics[i]!, choices.automatic, choices.automatic.pick(random))
        }
      }
    }
    line.code(slots.biases[0]!, choices.bias, choices.bias.pick(random))
    if (line.length > slots.layout.length) {
      for (let i = 1; i < slots.biases.length && random.chance(0.3); i++) {
        line.code(slots.biases[i]!, choices.bias, choices.bias.pick(random))
      }
    }
    this.#output.finish()
  }

  #repeat(slots: readonly Slot[], choice: CodeChoice, count: number): void {
    for (let i = 0; i < count && i < slots.length; i++) {
      this.#line.code(slots[i]!, choice, choice.pick(this.#random))
    }
  }

  #writeProperty(kind: OffenseKind, index: number): void {
    const slots = this.#property
    const line = this.#line
    const random = this.#random
    const choices = this.#choices
    this.#begin(slots, true)
    const loss = kind.losses[(random.bits() & 0xff) % kind.losses.length]!
    line.code(slots.loss, choices.loss, choices.loss.indexOf(loss))
    if (loss !== '1' && loss !== '8') this.#writeItem(kind, loss, index)
    this.#output.finish()
  }

  #writeItem(kind: OffenseKind, loss: string, index: number): void {
    const slots = this.#property
    const line = this.#line
    const random = this.#random
    const choices = this.#choices
    const choice =
      loss === '6' && kind.isDrugs
        ? choices.drugProperty
        : kind.isVehicleTheft && index === 0
          ? choices.vehicle
          : loss === '4' || loss === '2'
            ? choices.damaged
            : choices.stolen
    const item = choice.pick(random)
    const description = choice.codes[item]!
    line.code(slots.description, choice, item)
    if (description === DRUGS && kind.isDrugs) {
      this.#drugs()
      return
    }
    line.integer(slots.value, this.#value())
    if (loss === '5') line.date(slots.recovered, this.#day + random.below(30))
    if (kind.isVehicleTheft && VEHICLES.has(description)) {
      const count = random.chance(0.97) ? 1 : random.below(5)
      if (loss === '7') line.integer(slots.stolenVehicles, count)
      if (loss === '5') line.integer(slots.recoveredVehicles, count)
    }
  }

  #drugs(): void {
    const slots = this.#property
    const line = this.#line
    const random = this.#random
    const { drug, measure } = this.#choices
    const count = random.chance(0.85) ? 1 : 2 + random.below(2)
    for (let i = 0; i < count && i < slots.drugs.length; i++) {
      line.code(slots.drugs[i]!, drug, drug.pick(random))
      if (random.chance(0.04)) continue
      const unit = measure.pick(random)
      if (measure.codes[unit] === 'XX') line.decimal(slots.quantities[i]!, 1, 0)
      else
        line.decimal(
          slots.quantities[i]!,
          random.below(300),
          random.chance(0.5) ? 0 : random.below(1000),
        )
      line.code(slots.measures[i]!, measure, unit)
    }
  }

  /** Whole dollars: often unknown (1), mostly small, now and then large. */
  #value(): number {
    const random = this.#random
    const draw = random.bits()
    const kind = draw & 127
    if (kind < 15) return 1
    if (kind < 90) return 20 + ((draw >>> 8) % 600)
    if (kind < 125) return 100 + ((draw >>> 8) % 30_000)
    return random.bits() % 999_999_999
  }

  #writeVictim(index: number): void {
    const slots = this.#victim
    const line = this.#line
    const random = this.#random
    const choices = this.#choices
    const sizes = this.#sizes
    const offense = this.#offenseCodes[index % sizes.offenses]!
    const kind = this.#offenseKinds[offense]!
    this.#begin(slots, true)
    line.integer(slots.sequence, index + 1)
    line.code(slots.offenses[0]!, this.#offenses, offense)
    if (sizes.offenses > 1 && sizes.victims === 1) {
      for (let i = 1; i < sizes.offenses; i++) {
        line.code(slots.offenses[i]!, this.#offenses, this.#offenseCodes[i]!)
      }
    }
    const types =
      kind.against === 'society'
        ? choices.society
        : kind.against === 'person'
          ? choices.personVictim
          : choices.victim
    const type = types.pick(random)
    line.code(slots.type, types, type)
    const code = types.codes[type]!
    if (code === 'I' || code === 'L') {
      line.mixed(slots.age, this.#ages, this.#ages.pick(random), this.#ageNumbers)
      line.code(slots.sex, choices.sex, choices.sex.pick(random))
      line.code(slots.race, choices.race, choices.race.pick(random))
      line.code(slots.ethnicity, choices.ethnicity, choices.ethnicity.pick(random))
      line.code(slots.resident, choices.resident, choices.resident.pick(random))
      if (kind.isAssault) {
        this.#repeat(slots.circumstances, choices.circumstance, random.chance(0.95) ? 1 : 2)
        if (random.chance(0.002)) {
          line.code(slots.justifiable, choices.justifiable, choices.justifiable.pick(random))
        }
      }
      if (kind.hasInjuries) {
        this.#repeat(slots.injuries, choices.injury, random.chance(0.95) ? 1 : 2 + random.below(4))
      }
      if (kind.hasRelations) this.#relationships()
      if (code === 'L') this.#officer()
    }
    this.#output.finish()
  }

  #relationships(): void {
    const slots = this.#victim
    const line = this.#line
    const random = this.#random
    const { relationship } = this.#choices
    const count = Math.min(this.#sizes.offenders, slots.related.length)
    for (let i = 0; i < count; i++) {
      if (count === 1 && random.chance(0.1)) {
        line.integer(slots.related[i]!, 0)
        continue
      }
      line.integer(slots.related[i]!, i + 1)
      line.code(slots.relationships[i]!, relationship, relationship.pick(random))
    }
  }

  #officer(): void {
    const slots = this.#victim
    const line = this.#line
    const random = this.#random
    const { activityOfOfficer, assignment } = this.#choices
    line.code(slots.activity, activityOfOfficer, activityOfOfficer.pick(random))
    line.code(slots.assignment, assignment, assignment.pick(random))
    if (slots.otherOri.field !== null && random.chance(0.1)) line.rawText(slots.otherOri, this.#ori)
  }

  #writeOffender(index: number, known: boolean): void {
    const slots = this.#offender
    const line = this.#line
    const random = this.#random
    const choices = this.#choices
    this.#begin(slots, true)
    // An unknown offender is one record with number 00 and nothing else.
    line.integer(slots.sequence, known ? index + 1 : 0)
    if (known) {
      line.mixed(slots.age, this.#ages, this.#ages.pick(random), this.#ageNumbers)
      line.code(slots.sex, choices.sex, choices.sex.pick(random))
      line.code(slots.race, choices.race, choices.race.pick(random))
      line.code(slots.ethnicity, choices.ethnicity, choices.ethnicity.pick(random))
    }
    this.#output.finish()
  }

  /** The fields that arrestees, window arrestees and Group B arrests share. */
  #writeArrest(slots: ArresteeSlots, index: number, choice: CodeChoice, offense: number): void {
    const line = this.#line
    const random = this.#random
    const choices = this.#choices
    line.integer(slots.sequence, index + 1)
    line.rawText(slots.transaction, this.#newTransaction(slots.transaction))
    line.date(slots.date, this.#day + (random.bits() & 15))
    line.code(slots.type, choices.arrestType, choices.arrestType.pick(random))
    line.code(slots.multiple, choices.multiple, choices.multiple.pick(random))
    line.code(slots.offense, choice, offense)
    const armed = choices.armed.pick(random)
    line.code(slots.armed[0]!, choices.armed, armed)
    if (choices.armed.codes[armed] !== '01') {
      line.code(slots.automatics[0]!, choices.automatic, choices.automatic.pick(random))
      if (random.chance(0.05)) {
        line.code(slots.armed[1]!, choices.armed, choices.armed.pick(random))
      }
    }
    const age = this.#arresteeAges.pick(random)
    line.mixed(slots.age, this.#arresteeAges, age, this.#arresteeAgeNumbers)
    line.code(slots.sex, choices.arresteeSex, choices.arresteeSex.pick(random))
    line.code(slots.race, choices.race, choices.race.pick(random))
    line.code(slots.ethnicity, choices.ethnicity, choices.ethnicity.pick(random))
    line.code(slots.resident, choices.resident, choices.resident.pick(random))
    const years = this.#arresteeAgeNumbers[age]!
    if (years > 0 && years < 18) {
      line.code(slots.disposition, choices.disposition, choices.disposition.pick(random))
    }
  }

  #writeGroupB(): void {
    const slots = this.#groupB
    const line = this.#line
    const random = this.#random
    const agency = this.#agency!
    this.#day = this.#yearStart + random.below(this.#yearDays - 16)
    line.begin(slots.layout, this.#output.drawTail())
    line.rawText(slots.key.state, this.#state)
    line.rawText(slots.key.ori, this.#ori)
    const { groupB } = this.#choices
    this.#writeArrest(slots, 0, groupB, groupB.pick(random))
    if (agency.citySubmission !== '') line.text(slots.city, agency.citySubmission)
    this.#output.finish()
  }

  #writeWindowClearance(): void {
    const slots = this.#windowClearance
    const line = this.#line
    const random = this.#random
    const { windowCleared, reportDate } = this.#choices
    this.#newNumber(this.#windowDay())
    this.#begin(slots, true)
    line.code(slots.reportDate, reportDate, reportDate.pick(random))
    if (random.chance(0.3)) line.hour(slots.hour, random.below(24))
    // The four totals are zero.
    line.integer(slots.offenses, 0)
    line.integer(slots.victims, 0)
    line.integer(slots.offenders, 0)
    line.integer(slots.arrestees, 0)
    this.#city(slots.city)
    line.code(slots.cleared, windowCleared, windowCleared.pick(random))
    line.date(slots.clearanceDate, this.#yearStart + random.below(this.#yearDays))
    if (random.chance(0.5)) this.#windowOffenses(slots.windowOffenses)
    if (slots.cargo.field !== null) line.flag(slots.cargo, false)
    this.#output.finish()
  }

  #writeWindowProperty(): void {
    const slots = this.#windowProperty
    const line = this.#line
    const random = this.#random
    const { loss, stolen, vehicle } = this.#choices
    this.#newNumber(this.#windowDay())
    this.#begin(slots, random.chance(0.05))
    line.code(slots.loss, loss, loss.indexOf('5'))
    const isVehicle = random.chance(0.6)
    const choice = isVehicle ? vehicle : stolen
    line.code(slots.description, choice, choice.pick(random))
    line.integer(slots.value, this.#value())
    line.date(slots.recovered, this.#yearStart + random.below(this.#yearDays))
    if (isVehicle) line.integer(slots.recoveredVehicles, 1)
    if (random.chance(0.5)) this.#windowOffenses(slots.windowOffenses)
    this.#output.finish()
  }

  #writeWindowArrestee(): void {
    const slots = this.#of(this.#windowArrestee)
    const random = this.#random
    const { windowClearance } = this.#choices
    this.#newNumber(this.#windowDay())
    this.#begin(slots, random.chance(0.05))
    this.#day = this.#yearStart + random.below(this.#yearDays - 16)
    this.#writeArrest(slots, 0, this.#offenses, this.#offenses.pick(random))
    this.#line.code(slots.clearance, windowClearance, windowClearance.pick(random))
    if (random.chance(0.5)) this.#windowOffenses(slots.windowOffenses)
    this.#output.finish()
  }

  #windowDay(): number {
    const from = this.#calendar.startOf(this.#year - WINDOW_YEARS)
    return this.#random.between(from, this.#yearStart - 1)
  }

  #windowOffenses(slots: readonly Slot[]): void {
    const random = this.#random
    this.#repeat(slots, this.#offenses, random.chance(0.9) ? 1 : 2 + random.below(9))
  }
}

/** Overlay layouts that hold in a data year. */
export function overlaysInForce(spec: CompiledSpec, year: number): readonly LayoutSpec[] {
  return spec.layouts.filter(
    ({ when }) => when !== undefined && year >= when.dataYears[0] && year <= when.dataYears[1],
  )
}

function offenseKind(code: string, crimeAgainst: string): OffenseKind {
  const person = crimeAgainst === 'Person' || crimeAgainst === 'Not a crime'
  const against = person ? 'person' : crimeAgainst === 'Society' ? 'society' : 'property'
  const isDrugs = code === '35A'
  const violent = /^(09|100|11|120|13)/.test(code)
  const losses =
    code === '290' || code === '200'
      ? ['4', '4', '4', code === '200' ? '2' : '4']
      : isDrugs || code === '35B' || code === '520'
        ? ['6', '6', '6', '1']
        : code === '250'
          ? ['3', '3', '6', '8']
          : code === '100'
            ? ['1', '8']
            : against === 'property'
              ? ['7', '7', '7', '7', '7', '7', '5', code === '220' ? '1' : '8']
              : []
  return {
    against,
    hasActivity: /^(250|280|35|370|39C|510|520|720)/.test(code),
    hasGang: violent,
    hasWeapon: violent || code === '520' || code === '64A',
    isBurglary: code === '220',
    isVehicleTheft: code === '240',
    isDrugs,
    isAssault: code === '13A' || code.startsWith('09'),
    hasRelations: person || code === '120',
    hasInjuries: violent && !code.startsWith('09'),
    losses,
  }
}

/** Ages 01 to 98 by stage of life, and the codes given. */
function ageChoice(special: Readonly<Record<string, number>>): CodeChoice {
  const entries: [string, number][] = Object.entries(special)
  for (let age = 1; age < 99; age++) {
    let share = 0
    for (let i = 0; i < shares.AGES.length && share === 0; i += 2) {
      if (age < shares.AGES[i]!) share = shares.AGES[i + 1]!
    }
    entries.push([String(age).padStart(2, '0'), share])
  }
  return new CodeChoice(entries)
}

/** The number half of each age: -1 where there is none. */
function ageNumbers(choice: CodeChoice): Int32Array {
  return Int32Array.from(choice.codes, (code) => {
    const age = code === null ? 0 : Number(code)
    return age >= 1 && age <= 98 ? age : -1
  })
}
