import { writeArrest } from './arrests.js'
import { writeProperty } from './property-records.js'
import type { SetContext } from './set-context.js'

/** Victims of one incident at most; the format allows 999. */
const MAX_VICTIMS = 120
const MAX_OFFENDERS = 40
const FIREARMS = new Set(['11', '12', '13', '14', '15'])

/** Sizes of an incident, drawn before it is written. */
interface Sizes {
  offenses: number
  properties: number
  victims: number
  offenders: number
  arrestees: number
}

/** Writes incidents: an administrative record and what belongs to it. */
export class IncidentWriter {
  readonly #set: SetContext
  /** The offenses of the incident at hand, as indexes of the offense choice. */
  readonly #offenseCodes = new Int32Array(10)
  readonly #sizes: Sizes = { offenses: 1, properties: 0, victims: 1, offenders: 1, arrestees: 0 }

  constructor(set: SetContext) {
    this.#set = set
  }

  /** Writes an incident of at most `room` records; false, and nothing written, if it takes more. */
  write(room: number): boolean {
    const { random } = this.#set
    const sizes = this.#sizes
    this.#drawSizes()
    const kind = this.#set.choices.offenseKinds[this.#offenseCodes[0]!]!
    const size =
      1 + sizes.offenses + sizes.properties + sizes.victims + sizes.offenders + sizes.arrestees
    if (size > room) return false
    this.#set.newNumber(this.#set.yearStart + random.below(this.#set.yearDays))
    this.#writeAdministrative()
    for (let i = 0; i < sizes.offenses; i++) this.#writeOffense(this.#offenseCodes[i]!)
    for (let i = 0; i < sizes.properties; i++) writeProperty(this.#set, kind, i)
    for (let i = 0; i < sizes.victims; i++) this.#writeVictim(i)
    const known = sizes.offenders > 1 || random.chance(0.66)
    for (let i = 0; i < sizes.offenders; i++) this.#writeOffender(i, known)
    const arrestee = this.#set.of(this.#set.slots.arrestee)
    for (let i = 0; i < sizes.arrestees; i++) {
      this.#set.begin(arrestee, true)
      writeArrest(this.#set, arrestee, i, this.#set.choices.offenses, this.#offenseCodes[0]!)
      this.#set.output.finish()
    }
    return true
  }

  #drawSizes(): void {
    const { random } = this.#set
    const sizes = this.#sizes
    const draw = random.bits() & 1023
    sizes.offenses = draw < 930 ? 1 : draw < 1012 ? 2 : draw < 1021 ? 3 : 4 + random.below(7)
    let count = 0
    for (let tries = 0; count < sizes.offenses && tries < 40; tries++) {
      const code = this.#set.choices.offenses.pick(random)
      if (this.#isDrawn(code, count)) continue
      this.#offenseCodes[count++] = code
    }
    sizes.offenses = count
    const kind = this.#set.choices.offenseKinds[this.#offenseCodes[0]!]!
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

  #isDrawn(code: number, count: number): boolean {
    for (let i = 0; i < count; i++) if (this.#offenseCodes[i] === code) return true
    return false
  }

  #writeAdministrative(): void {
    const slots = this.#set.slots.administrative
    const { line, random, choices } = this.#set
    const sizes = this.#sizes
    this.#set.begin(slots, true)
    line.code(slots.reportDate, choices.reportDate, choices.reportDate.pick(random))
    if (!random.chance(0.03)) line.hour(slots.hour, random.below(24))
    line.integer(slots.offenses, sizes.offenses)
    line.integer(slots.victims, sizes.victims)
    line.integer(slots.offenders, sizes.offenders)
    line.integer(slots.arrestees, sizes.arrestees)
    this.#set.city(slots.city)
    const cleared = choices.cleared.pick(random)
    line.code(slots.cleared, choices.cleared, cleared)
    if (choices.cleared.codes[cleared] !== 'N') {
      line.date(slots.clearanceDate, this.#set.day + random.below(60))
    }
    if (slots.cargo.field !== null) line.flag(slots.cargo, random.chance(0.002))
    this.#set.output.finish()
  }

  #writeOffense(offense: number): void {
    const slots = this.#set.slots.offense
    const { line, random, choices } = this.#set
    const kind = this.#set.choices.offenseKinds[offense]!
    this.#set.begin(slots, true)
    line.code(slots.offense, this.#set.choices.offenses, offense)
    line.code(slots.completed, choices.completed, choices.completed.pick(random))
    this.#set.repeat(slots.using, choices.using, random.chance(0.97) ? 1 : 2 + random.below(2))
    const location = choices.location.pick(random)
    line.code(slots.location, choices.location, location)
    if (kind.isBurglary) {
      const place = choices.location.codes[location]
      if (place === '14' || place === '19') line.integer(slots.premises, 1 + random.below(12))
      line.code(slots.entry, choices.entry, choices.entry.pick(random))
    }
    if (kind.hasActivity) {
      this.#set.repeat(
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
        if (FIREARMS.has(choices.weapon.codes[weapon] ?? '')) {
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
    this.#set.output.finish()
  }

  #writeVictim(index: number): void {
    const slots = this.#set.slots.victim
    const { line, random, choices } = this.#set
    const sizes = this.#sizes
    const offense = this.#offenseCodes[index % sizes.offenses]!
    const kind = this.#set.choices.offenseKinds[offense]!
    this.#set.begin(slots, true)
    line.integer(slots.sequence, index + 1)
    line.code(slots.offenses[0]!, this.#set.choices.offenses, offense)
    if (sizes.offenses > 1 && sizes.victims === 1) {
      for (let i = 1; i < sizes.offenses; i++) {
        line.code(slots.offenses[i]!, this.#set.choices.offenses, this.#offenseCodes[i]!)
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
      line.mixed(
        slots.age,
        this.#set.choices.ages,
        this.#set.choices.ages.pick(random),
        this.#set.choices.ageNumbers,
      )
      line.code(slots.sex, choices.sex, choices.sex.pick(random))
      line.code(slots.race, choices.race, choices.race.pick(random))
      line.code(slots.ethnicity, choices.ethnicity, choices.ethnicity.pick(random))
      line.code(slots.resident, choices.resident, choices.resident.pick(random))
      if (kind.isAssault) {
        this.#set.repeat(slots.circumstances, choices.circumstance, random.chance(0.95) ? 1 : 2)
        if (random.chance(0.002)) {
          line.code(slots.justifiable, choices.justifiable, choices.justifiable.pick(random))
        }
      }
      if (kind.hasInjuries) {
        this.#set.repeat(
          slots.injuries,
          choices.injury,
          random.chance(0.95) ? 1 : 2 + random.below(4),
        )
      }
      if (kind.hasRelations) this.#relationships()
      if (code === 'L') this.#officer()
    }
    this.#set.output.finish()
  }

  #relationships(): void {
    const slots = this.#set.slots.victim
    const { line, random } = this.#set
    const { relationship } = this.#set.choices
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
    const slots = this.#set.slots.victim
    const { line, random } = this.#set
    const { activityOfOfficer, assignment } = this.#set.choices
    line.code(slots.activity, activityOfOfficer, activityOfOfficer.pick(random))
    line.code(slots.assignment, assignment, assignment.pick(random))
    if (slots.otherOri.field !== null && random.chance(0.1))
      line.rawText(slots.otherOri, this.#set.ori)
  }

  #writeOffender(index: number, known: boolean): void {
    const slots = this.#set.slots.offender
    const { line, random, choices } = this.#set
    this.#set.begin(slots, true)
    // An unknown offender is one record with number 00 and nothing else.
    line.integer(slots.sequence, known ? index + 1 : 0)
    if (known) {
      line.mixed(
        slots.age,
        this.#set.choices.ages,
        this.#set.choices.ages.pick(random),
        this.#set.choices.ageNumbers,
      )
      line.code(slots.sex, choices.sex, choices.sex.pick(random))
      line.code(slots.race, choices.race, choices.race.pick(random))
      line.code(slots.ethnicity, choices.ethnicity, choices.ethnicity.pick(random))
    }
    this.#set.output.finish()
  }
}
