import type {
  Availability,
  CaseHistory,
  Category,
  Crime,
  Force,
  ForceDetail,
  Neighbourhood,
  NeighbourhoodDetail,
  NeighbourhoodEvent,
  NeighbourhoodPriority,
  Officer,
  Outcome,
  Stop,
  TextPosition,
} from '../types.js'
import type { Month } from '../month.js'
import { crimeCategories } from '../words.js'

/** A row the server holds, with the force it belongs to where the row itself does not say. */
export interface HeldCrime {
  readonly force: string
  readonly row: Crime
}

/** An outcome and the force that recorded it. */
export interface HeldOutcome {
  readonly force: string
  readonly row: Outcome
}

/** A stop, its force, and the month it is published under. */
export interface HeldStop {
  readonly force: string
  readonly month: Month
  readonly row: Stop
}

/** A neighbourhood with everything its routes answer. */
export interface HeldNeighbourhood {
  readonly force: string
  readonly detail: NeighbourhoodDetail
  readonly boundary: readonly TextPosition[]
  readonly people?: readonly Officer[]
  readonly events?: readonly NeighbourhoodEvent[]
  readonly priorities?: readonly NeighbourhoodPriority[]
}

/** Everything the test server answers from. */
export interface TestData {
  /** Published months, newest first, with the forces that published stops. */
  readonly availability: readonly Availability[]
  readonly categories: readonly Category[]
  readonly forces: readonly Force[]
  readonly forceDetails?: readonly ForceDetail[]
  readonly officers?: Readonly<Record<string, readonly Officer[]>>
  readonly neighbourhoods?: readonly HeldNeighbourhood[]
  readonly neighbourhoodLists?: Readonly<Record<string, readonly Neighbourhood[]>>
  readonly crimes?: readonly HeldCrime[]
  readonly outcomes?: readonly HeldOutcome[]
  readonly stops?: readonly HeldStop[]
  readonly cases?: readonly CaseHistory[]
}

/** The categories the service lists today. */
export const currentCategories: readonly Category[] = Object.entries(crimeCategories)
  .filter(([url]) => url !== 'public-disorder-weapons')
  .map(([url, name]) => ({ url, name }))
