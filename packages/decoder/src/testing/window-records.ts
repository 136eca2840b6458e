import { writeArrest } from './arrests.js'
import { drawValue } from './property-records.js'
import type { SetContext } from './set-context.js'

/** Years that a window record's incident may lie back. */
const WINDOW_YEARS = 3

/** Writes an exceptional clearance of an incident of an earlier year. */
export function writeWindowClearance(set: SetContext): void {
  const slots = set.slots.windowClearance
  const { line, random } = set
  const { windowCleared, reportDate } = set.choices
  set.newNumber(windowDay(set))
  set.begin(slots, true)
  line.code(slots.reportDate, reportDate, reportDate.pick(random))
  if (random.chance(0.3)) line.hour(slots.hour, random.below(24))
  // The four totals are zero.
  line.integer(slots.offenses, 0)
  line.integer(slots.victims, 0)
  line.integer(slots.offenders, 0)
  line.integer(slots.arrestees, 0)
  set.city(slots.city)
  line.code(slots.cleared, windowCleared, windowCleared.pick(random))
  line.date(slots.clearanceDate, set.yearStart + random.below(set.yearDays))
  if (random.chance(0.5)) set.windowOffenses(slots.windowOffenses)
  if (slots.cargo.field !== null) line.flag(slots.cargo, false)
  set.output.finish()
}

/** Writes a recovery of property of an earlier year. */
export function writeWindowProperty(set: SetContext): void {
  const slots = set.slots.windowProperty
  const { line, random } = set
  const { loss, stolen, vehicle } = set.choices
  set.newNumber(windowDay(set))
  set.begin(slots, random.chance(0.05))
  line.code(slots.loss, loss, loss.indexOf('5'))
  const isVehicle = random.chance(0.6)
  const choice = isVehicle ? vehicle : stolen
  line.code(slots.description, choice, choice.pick(random))
  line.integer(slots.value, drawValue(random))
  line.date(slots.recovered, set.yearStart + random.below(set.yearDays))
  if (isVehicle) line.integer(slots.recoveredVehicles, 1)
  if (random.chance(0.5)) set.windowOffenses(slots.windowOffenses)
  set.output.finish()
}

/** Writes an arrest for an incident of an earlier year. */
export function writeWindowArrestee(set: SetContext): void {
  const slots = set.of(set.slots.windowArrestee)
  const random = set.random
  const { windowClearance } = set.choices
  set.newNumber(windowDay(set))
  set.begin(slots, random.chance(0.05))
  set.day = set.yearStart + random.below(set.yearDays - 16)
  writeArrest(set, slots, 0, set.choices.offenses, set.choices.offenses.pick(random))
  set.line.code(slots.clearance, windowClearance, windowClearance.pick(random))
  if (random.chance(0.5)) set.windowOffenses(slots.windowOffenses)
  set.output.finish()
}

function windowDay(set: SetContext): number {
  const from = set.calendar.startOf(set.year - WINDOW_YEARS)
  return set.random.between(from, set.yearStart - 1)
}
