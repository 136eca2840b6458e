import type { Agency } from './agencies.js'
import { writeGroupBArrest } from './arrests.js'
import { IncidentWriter } from './incidents.js'
import type { SetContext } from './set-context.js'
import { writeWindowArrestee, writeWindowClearance, writeWindowProperty } from './window-records.js'

/** Writes the record sets of an agency: incidents, Group B arrests and window records. */
export class RecordSets {
  readonly #set: SetContext
  readonly #incidents: IncidentWriter

  constructor(set: SetContext) {
    this.#set = set
    this.#incidents = new IncidentWriter(set)
  }

  /** Turns to another agency. */
  turnTo(agency: Agency): void {
    this.#set.turnTo(agency)
  }

  /** Writes a record set of at most `room` records. */
  write(room: number): void {
    const draw = this.#set.random.bits() % 1000
    if (draw < 192) writeGroupBArrest(this.#set)
    else if (draw < 194) writeWindowClearance(this.#set)
    else if (draw < 196) writeWindowProperty(this.#set)
    else if (draw < 199) writeWindowArrestee(this.#set)
    else if (!this.#incidents.write(room)) writeGroupBArrest(this.#set)
  }
}
