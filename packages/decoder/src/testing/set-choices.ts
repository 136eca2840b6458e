import { choiceOf, CodeChoice, isValid } from './code-choice.js'
import type { Slot } from './line-writer.js'
import { type OffenseKind, offenseKind } from './offense-kind.js'
import type { SegmentSlots } from './segment-slots.js'
import * as shares from './shares.js'

/** What the fields of the data segments are drawn from in a data year. */
export type SetChoices = ReturnType<typeof setChoices>

/** Builds the choices from the code tables of the spec. */
export function setChoices(slots: SegmentSlots, year: number) {
  const choose = (slot: Slot, weights: Record<string, number>, others = true): CodeChoice =>
    slot.field?.codes === undefined
      ? new CodeChoice([['', 1]])
      : choiceOf(slot.field.codes, { year, weights, others })
  const { codes } = slots.offense.offense.field!.codes!
  const offenses = choiceOf(slots.offense.offense.field!.codes!, {
    year,
    weights: shares.OFFENSES,
    only: (_, entry) => entry.attributes?.['group'] !== 'B',
  })
  const offenseKinds: readonly OffenseKind[] = offenses.codes.map((code) =>
    offenseKind(code!, codes.get(code!)?.attributes?.['crime_against'] ?? ''),
  )
  const ages = ageChoice({ '00': 5, NN: 0.02, NB: 0.05, BB: 0.1, '99': 0.1, '': 1.5 })
  const arresteeAges = ageChoice({ '00': 0.5, '99': 0.05 })
  return {
    offenses,
    offenseKinds,
    ages,
    arresteeAges,
    ageNumbers: ageNumbers(ages),
    arresteeAgeNumbers: ageNumbers(arresteeAges),
    reportDate: choose(slots.administrative.reportDate, shares.REPORT_DATE),
    cleared: choose(slots.administrative.cleared, shares.CLEARANCES),
    windowCleared: choose(slots.administrative.cleared, shares.REAL_CLEARANCES, false),
    completed: choose(slots.offense.completed, shares.ATTEMPTED_COMPLETED),
    using: choose(slots.offense.using[0]!, shares.SUSPECTED_OF_USING),
    location: choose(
      slots.offense.location,
      year < 2010 ? shares.LOCATIONS_BEFORE_2010 : shares.LOCATIONS,
    ),
    entry: choose(slots.offense.entry, shares.METHODS_OF_ENTRY),
    activity: choose(slots.offense.activities[0]!, shares.CRIMINAL_ACTIVITIES),
    gang: choose(slots.offense.activities[0]!, shares.GANG_ACTIVITIES, false),
    weapon: choose(slots.offense.weapons[0]!, shares.WEAPONS),
    automatic: choose(slots.offense.automatics[0]!, shares.AUTOMATIC),
    bias: choose(slots.offense.biases[0]!, shares.BIASES),
    loss: new CodeChoice([...slots.property.loss.field!.codes!.codes.keys()].map((c) => [c, 1])),
    stolen: choose(slots.property.description, shares.STOLEN_PROPERTY),
    damaged: choose(slots.property.description, shares.DAMAGED_PROPERTY, false),
    drugProperty: choose(slots.property.description, { '10': 85, '11': 15 }, false),
    vehicle: choose(slots.property.description, { '03': 75, '24': 10, '37': 12, '28': 3 }, false),
    drug: choose(slots.property.drugs[0]!, shares.DRUGS),
    measure: choose(slots.property.measures[0]!, shares.MEASURES),
    personVictim: choose(slots.victim.type, { I: 98, L: 2 }, false),
    victim: choose(slots.victim.type, shares.VICTIM_TYPES, false),
    society: choose(slots.victim.type, { S: 1 }, false),
    sex: choose(slots.victim.sex, shares.SEXES),
    arresteeSex: choose(
      slots.victim.sex,
      year >= 2025 ? shares.SEXES : shares.ARRESTEE_SEXES,
      year >= 2025,
    ),
    race: choose(slots.victim.race, shares.RACES),
    ethnicity: choose(slots.victim.ethnicity, shares.ETHNICITIES),
    resident: choose(slots.victim.resident, shares.RESIDENTS),
    circumstance: choose(slots.victim.circumstances[0]!, shares.CIRCUMSTANCES),
    justifiable: choose(slots.victim.justifiable, {}),
    injury: choose(slots.victim.injuries[0]!, shares.INJURIES),
    relationship: choose(slots.victim.relationships[0]!, shares.RELATIONSHIPS),
    activityOfOfficer: choose(slots.victim.activity, shares.OFFICER_ACTIVITIES),
    assignment: choose(slots.victim.assignment, shares.OFFICER_ASSIGNMENTS),
    arrestType: choose(slots.groupB.type, shares.ARREST_TYPES),
    multiple: choose(slots.arrestee.base.multiple, shares.MULTIPLE_ARRESTEES),
    armed: choose(slots.groupB.armed[0]!, shares.ARMED_WITH),
    disposition: choose(slots.groupB.disposition, shares.DISPOSITIONS),
    groupB: choiceOf(slots.groupB.offense.field!.codes!, {
      year,
      weights: shares.GROUP_B_OFFENSES,
      only: (code) => {
        const entry = codes.get(code)
        return entry === undefined || isValid(entry, year)
      },
    }),
    windowClearance: choose(slots.windowArrestee.base.clearance, shares.WINDOW_CLEARANCES),
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
