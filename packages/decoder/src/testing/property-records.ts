import type { OffenseKind } from './offense-kind.js'
import type { Random } from './random.js'
import type { SetContext } from './set-context.js'

const VEHICLES = new Set(['03', '05', '24', '28', '37'])
const DRUGS = '10'

/** Writes a property record of an incident with offenses of a kind. */
export function writeProperty(set: SetContext, kind: OffenseKind, index: number): void {
  const slots = set.slots.property
  const { line, random, choices } = set
  set.begin(slots, true)
  const loss = kind.losses[(random.bits() & 0xff) % kind.losses.length]!
  line.code(slots.loss, choices.loss, choices.loss.indexOf(loss))
  if (loss !== '1' && loss !== '8') writeItem(set, kind, loss, index)
  set.output.finish()
}

function writeItem(set: SetContext, kind: OffenseKind, loss: string, index: number): void {
  const slots = set.slots.property
  const { line, random, choices } = set
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
    writeDrugs(set)
    return
  }
  line.integer(slots.value, drawValue(random))
  if (loss === '5') line.date(slots.recovered, set.day + random.below(30))
  if (kind.isVehicleTheft && VEHICLES.has(description)) {
    const count = random.chance(0.97) ? 1 : random.below(5)
    if (loss === '7') line.integer(slots.stolenVehicles, count)
    if (loss === '5') line.integer(slots.recoveredVehicles, count)
  }
}

function writeDrugs(set: SetContext): void {
  const slots = set.slots.property
  const { line, random } = set
  const { drug, measure } = set.choices
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
export function drawValue(random: Random): number {
  const draw = random.bits()
  const kind = draw & 127
  if (kind < 15) return 1
  if (kind < 90) return 20 + ((draw >>> 8) % 600)
  if (kind < 125) return 100 + ((draw >>> 8) % 30_000)
  return random.bits() % 999_999_999
}
