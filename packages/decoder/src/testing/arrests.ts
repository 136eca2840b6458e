import type { CodeChoice } from './code-choice.js'
import type { ArresteeSlots } from './segment-slots.js'
import type { SetContext } from './set-context.js'

/** The fields that arrestees, window arrestees and Group B arrests share. */
export function writeArrest(
  set: SetContext,
  slots: ArresteeSlots,
  index: number,
  choice: CodeChoice,
  offense: number,
): void {
  const { line, random, choices } = set
  line.integer(slots.sequence, index + 1)
  line.rawText(slots.transaction, set.newTransaction(slots.transaction))
  line.date(slots.date, set.day + (random.bits() & 15))
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
  const { arresteeAges, arresteeAgeNumbers } = choices
  const age = arresteeAges.pick(random)
  line.mixed(slots.age, arresteeAges, age, arresteeAgeNumbers)
  line.code(slots.sex, choices.arresteeSex, choices.arresteeSex.pick(random))
  line.code(slots.race, choices.race, choices.race.pick(random))
  line.code(slots.ethnicity, choices.ethnicity, choices.ethnicity.pick(random))
  line.code(slots.resident, choices.resident, choices.resident.pick(random))
  const years = arresteeAgeNumbers[age]!
  if (years > 0 && years < 18) {
    line.code(slots.disposition, choices.disposition, choices.disposition.pick(random))
  }
}

/** Writes a Group B arrest: a record of its own. */
export function writeGroupBArrest(set: SetContext): void {
  const slots = set.slots.groupB
  const { line, random } = set
  const { citySubmission } = set.agency
  set.day = set.yearStart + random.below(set.yearDays - 16)
  line.begin(slots.layout, set.output.drawTail())
  line.rawText(slots.key.state, set.state)
  line.rawText(slots.key.ori, set.ori)
  const { groupB } = set.choices
  writeArrest(set, slots, 0, groupB, groupB.pick(random))
  if (citySubmission !== '') line.text(slots.city, citySubmission)
  set.output.finish()
}
