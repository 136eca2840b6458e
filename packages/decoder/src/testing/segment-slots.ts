import type { CompiledSpec, LayoutSpec } from '../spec/types.js'
import type { LineLayout, Slot } from './line-writer.js'
import type { RecordOutput } from './record-output.js'

/** Slots of the four fields that every data segment begins with. */
export interface Key {
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

export function administrativeSlots(layout: LineLayout) {
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

export function offenseSlots(layout: LineLayout) {
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

export function propertySlots(layout: LineLayout) {
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

export function victimSlots(layout: LineLayout) {
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

export function offenderSlots(layout: LineLayout) {
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

export function arresteeSlots(layout: LineLayout) {
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

export type ArresteeSlots = ReturnType<typeof arresteeSlots>

/** Arrestee layouts by state, where an overlay says so. */
interface ByState<T> {
  readonly base: T
  readonly states: ReadonlyMap<string, T>
}

/** The slots of every data segment of a spec. */
export type SegmentSlots = ReturnType<typeof segmentSlots>

/** Finds the fields of all data segments, in the layouts that hold in a data year. */
export function segmentSlots(spec: CompiledSpec, output: RecordOutput, year: number) {
  const base = (segment: string): LineLayout => {
    const table = spec.tables.find(({ name }) => name === segment)!
    const found = spec.layouts.find(
      (layout) => layout.tableIndex === table.index && layout.when === undefined,
    )
    return output.layoutOf(found!)
  }
  const byState = (segment: string): ByState<ArresteeSlots> => {
    const layout = base(segment)
    const states = new Map<string, ArresteeSlots>()
    for (const overlay of overlaysInForce(spec, year)) {
      if (overlay.level !== layout.layout.level) continue
      for (const state of overlay.when!.values) {
        states.set(state, arresteeSlots(output.layoutOf(overlay)))
      }
    }
    return { base: arresteeSlots(layout), states }
  }
  const slots = {
    administrative: administrativeSlots(base('administrative')),
    windowClearance: administrativeSlots(base('window_clearance')),
    offense: offenseSlots(base('offense')),
    property: propertySlots(base('property')),
    windowProperty: propertySlots(base('window_property')),
    victim: victimSlots(base('victim')),
    offender: offenderSlots(base('offender')),
    groupB: arresteeSlots(base('group_b_arrest')),
    arrestee: byState('arrestee'),
    windowArrestee: byState('window_arrestee'),
  }
  checkKeys(slots.administrative, [
    slots.windowClearance,
    slots.offense,
    slots.property,
    slots.windowProperty,
    slots.victim,
    slots.offender,
    slots.arrestee.base,
    ...slots.arrestee.states.values(),
    slots.windowArrestee.base,
    ...slots.windowArrestee.states.values(),
  ])
  return slots
}

interface Keyed {
  readonly layout: LineLayout
  readonly key: Key
}

/** The key fields stand at the same place in every data segment: they are copied as one run. */
function checkKeys({ key, layout }: Keyed, others: readonly Keyed[]): void {
  for (const other of others) {
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

/** Overlay layouts that hold in a data year. */
export function overlaysInForce(spec: CompiledSpec, year: number): readonly LayoutSpec[] {
  return spec.layouts.filter(
    ({ when }) => when !== undefined && year >= when.dataYears[0] && year <= when.dataYears[1],
  )
}
