import type { Month } from './month.js'
import type {
  ageRanges,
  CrimeCategory,
  genders,
  locationTypes,
  officerDefinedEthnicities,
  Open,
  OutcomeCode,
  OutcomeName,
  stopLegislation,
  stopObjects,
  stopOutcomeNames,
  stopOutcomes,
  stopTypes,
} from './words.js'

// Key names are the service's own. Source of every shape: recorded answers and the documentation
// pages of data.police.uk, October 2026.

/** One published month. Route `crimes-street-dates`. */
export interface Availability {
  readonly date: Month
  /** Forces, with `btp`, that published stops; the key is absent in answers from before 2015. */
  readonly 'stop-and-search'?: readonly string[]
}

/** Route `crime-last-updated`: the day is always 01 and means nothing. */
export interface LastUpdated {
  readonly date: string
}

/** A crime category: its slug and name. Route `crime-categories`. */
export interface Category {
  readonly url: CrimeCategory
  readonly name: string
}

/** The map point that stands for a street. */
export interface Street {
  /** The `location` of other routes; renumbered from time to time. */
  readonly id: number
  /** Mostly begins "On or near "; that name can be empty, and BTP may give a bare station name. */
  readonly name: string
}

/** A map point. Coordinates are decimal text as sent; `coordinates()` gives numbers. */
export interface Location {
  readonly latitude: string
  readonly longitude: string
  readonly street: Street
}

/** The latest outcome of a crime: a display name, not a code. */
export interface OutcomeStatus {
  readonly category: OutcomeName
  readonly date: Month
}

/** A crime as it appears inside an outcome: without `outcome_status`. */
export interface CrimeReference {
  readonly category: CrimeCategory
  /** 64 hexadecimal digits, or `""` for anti-social behaviour and BTP. Not unique. */
  readonly persistent_id: string
  /** The service's internal number; not promised to stay the same. */
  readonly id: number
  readonly month: Month
  /** Null for a crime without a place. */
  readonly location: Location | null
  /** Null for a crime without a place. */
  readonly location_type: Open<(typeof locationTypes)[number]> | null
  readonly location_subtype: string
  readonly context: string
}

/** A crime. Routes `crimes-street`, `crimes-at-location`, `crimes-no-location`. */
export interface Crime extends CrimeReference {
  /** Null for anti-social behaviour. */
  readonly outcome_status: OutcomeStatus | null
}

/** Kind of an outcome. */
export interface OutcomeCategory {
  readonly code: OutcomeCode
  readonly name: OutcomeName
}

/** One outcome of one crime. Route `outcomes-at-location`. Equal records can be different ones. */
export interface Outcome {
  readonly category: OutcomeCategory
  /** The month the outcome was recorded; the crime can be years older. */
  readonly date: Month
  /** Null today, a whole number in some answers of 2019. */
  readonly person_id: number | null
  readonly crime: CrimeReference
}

/** One step of a case history. */
export interface CaseOutcome {
  readonly category: OutcomeCategory
  readonly date: Month
  readonly person_id?: number | null
}

/** A crime and what became of it. Route `outcomes-for-crime`. */
export interface CaseHistory {
  readonly crime: CrimeReference
  /** Null on some Northern Ireland records. */
  readonly outcomes: readonly CaseOutcome[] | null
}

/** A force in the list. Route `forces`. */
export interface Force {
  readonly id: string
  readonly name: string
}

/** A way to reach a force. */
export interface EngagementMethod {
  /** Absent in older answers. */
  readonly type?: string | null
  readonly title: string | null
  /** May be `""`. */
  readonly url: string | null
  readonly description: string | null
}

/** Route `forces/{force}`. */
export interface ForceDetail extends Force {
  readonly url: string | null
  readonly telephone: string | null
  /** May hold HTML. */
  readonly description: string | null
  readonly engagement_methods: readonly EngagementMethod[]
}

/** Addresses by kind: `email`, `telephone`, `web`, `twitter` and others; may be empty. */
export type ContactDetails = Readonly<Record<string, string | null>>

/** A senior officer or a member of a neighbourhood team. */
export interface Officer {
  readonly name: string
  readonly rank: string | null
  /** May hold HTML. */
  readonly bio?: string | null
  readonly contact_details: ContactDetails
}

/** A neighbourhood in the list of a force. Ids are case-sensitive, unique only in their force. */
export interface Neighbourhood {
  readonly id: string
  readonly name: string
}

/** Decimal text, as sent. */
export interface TextPosition {
  readonly latitude: string
  readonly longitude: string
}

/** A police station or other place of a neighbourhood. */
export interface NeighbourhoodLocation {
  readonly name: string | null
  readonly latitude: string | null
  readonly longitude: string | null
  readonly postcode: string | null
  readonly address: string | null
  readonly type: string | null
  readonly description: string | null
  readonly telephone?: string | null
}

/** A link a neighbourhood team publishes. */
export interface NeighbourhoodLink {
  /** May be `""`. */
  readonly url: string | null
  readonly title: string | null
  readonly description: string | null
}

/** Route `{force}/{neighbourhood}`. */
export interface NeighbourhoodDetail extends Neighbourhood {
  readonly url_force?: string | null
  /** Digits as text, often `"0"`. */
  readonly population?: string | null
  /** HTML; null or absent in some answers. */
  readonly description?: string | null
  readonly centre: TextPosition
  readonly contact_details: ContactDetails
  readonly links: readonly NeighbourhoodLink[]
  readonly locations: readonly NeighbourhoodLocation[]
}

/** Route `{force}/{neighbourhood}/events`. Dates are UK local time without a zone. */
export interface NeighbourhoodEvent {
  readonly title: string
  readonly type: string | null
  /** HTML or null. */
  readonly description: string | null
  readonly address: string | null
  readonly contact_details: ContactDetails
  readonly start_date?: string | null
  readonly end_date?: string | null
}

/** Route `{force}/{neighbourhood}/priorities`. Dates are UK local time without a zone. */
export interface NeighbourhoodPriority {
  readonly issue: string
  readonly action: string | null
  readonly 'issue-date': string
  readonly 'action-date': string | null
}

/** Route `locate-neighbourhood`. */
export interface LocatedNeighbourhood {
  readonly force: string
  readonly neighbourhood: string
}

/** Result of a stop: both texts are `""` when nothing was recorded. */
export interface StopOutcome {
  readonly id: Open<keyof typeof stopOutcomes | ''>
  readonly name: string
}

/** A stop. Routes `stops-*`. There is no identifier: equal rows can be different stops. */
export interface Stop {
  readonly type: Open<(typeof stopTypes)[number]> | null
  readonly involved_person: boolean
  /** ISO 8601 in UTC. Months are cut by UK local time. */
  readonly datetime: string
  readonly gender: Open<(typeof genders)[number]> | null
  readonly age_range: Open<(typeof ageRanges)[number]> | null
  readonly self_defined_ethnicity: string | null
  readonly officer_defined_ethnicity: Open<(typeof officerDefinedEthnicities)[number]> | null
  readonly legislation: Open<(typeof stopLegislation)[number]> | null
  readonly object_of_search: Open<(typeof stopObjects)[number]> | null
  /** `""` when not recorded; `false` in old answers meant that nothing was found. */
  readonly outcome: Open<(typeof stopOutcomeNames)[number]> | false | null
  /** Absent in old answers. */
  readonly outcome_object?: StopOutcome | null
  readonly outcome_linked_to_object_of_search: boolean | null
  readonly removal_of_more_than_outer_clothing: boolean | null
  readonly operation: boolean | null
  readonly operation_name: string | null
  readonly location: Location | null
}
