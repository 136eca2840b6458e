import type { Crime, CrimeReference, Outcome, Stop } from '../types.js'
import {
  crimeCategories,
  type OutcomeCode,
  outcomeCategories,
  stopOutcomes,
  type CrimeCategory,
  type OutcomeName,
} from '../words.js'

/** Kind of a file in the archive. */
export type ArchiveDataset = 'street' | 'outcomes' | 'stop-and-search'

/** A place in the archive: the files have no street numbers, and stops no street names either. */
export interface ArchiveLocation {
  readonly latitude: string
  readonly longitude: string
  readonly street: { readonly id: null; readonly name: string } | null
}

/** Columns of the archive that the API does not have. */
export interface ArchiveExtras {
  /** Display names of forces. */
  readonly reported_by: string
  readonly falls_within: string
  /** Census area of England and Wales, by the boundaries of the time; null where blank. */
  readonly lsoa_code: string | null
  readonly lsoa_name: string | null
}

/** A row of a street file under the keys of the API; what the file lacks is null. */
export interface ArchiveCrime
  extends Omit<Crime, 'id' | 'location' | 'outcome_status'>, ArchiveExtras {
  readonly id: null
  readonly location: ArchiveLocation | null
  /** Without a date. Null where blank, as for anti-social behaviour. */
  readonly outcome_status: { readonly category: OutcomeName; readonly date: null } | null
}

/** A row of an outcomes file under the keys of the API; what the file lacks is null. */
export interface ArchiveOutcome
  extends Omit<Outcome, 'category' | 'person_id' | 'crime'>, ArchiveExtras {
  /** `code` is null for a name that has no known code. */
  readonly category: { readonly code: OutcomeCode | null; readonly name: OutcomeName }
  readonly person_id: null
  /** The file does not tell the month and the category of the crime. */
  readonly crime: Omit<CrimeReference, 'id' | 'location' | 'month' | 'category'> & {
    readonly id: null
    readonly month: null
    readonly category: null
    readonly location: ArchiveLocation | null
  }
}

/** A row of a stop and search file under the keys of the API. */
export interface ArchiveStop extends Omit<Stop, 'location'> {
  readonly location: ArchiveLocation | null
}

/** Row type of each kind of file. */
export interface ArchiveRowTypes {
  readonly street: ArchiveCrime
  readonly outcomes: ArchiveOutcome
  readonly 'stop-and-search': ArchiveStop
}

/** Header lines. Source: archive files of 2011 to 2026. */
export const archiveHeaders: Readonly<Record<ArchiveDataset, readonly string[]>> = {
  street: [
    'Crime ID',
    'Month',
    'Reported by',
    'Falls within',
    'Longitude',
    'Latitude',
    'Location',
    'LSOA code',
    'LSOA name',
    'Crime type',
    'Last outcome category',
    'Context',
  ],
  outcomes: [
    'Crime ID',
    'Month',
    'Reported by',
    'Falls within',
    'Longitude',
    'Latitude',
    'Location',
    'LSOA code',
    'LSOA name',
    'Outcome type',
  ],
  'stop-and-search': [
    'Type',
    'Date',
    'Part of a policing operation',
    'Policing operation',
    'Latitude',
    'Longitude',
    'Gender',
    'Age range',
    'Self-defined ethnicity',
    'Officer-defined ethnicity',
    'Legislation',
    'Object of search',
    'Outcome',
    'Outcome linked to object of search',
    'Removal of more than just outer clothing',
  ],
}

/** What a converter found odd in a row that it could read. */
export type ReportOddity = (
  code: 'ROW_UNKNOWN_WORD' | 'ROW_MONTH' | 'ROW_PLACE',
  field: string,
  value: string,
) => void

const slugOfCrimeType = new Map<string, string>([
  ...Object.entries(crimeCategories).map(([slug, name]): [string, string] => [name, slug]),
  ['Violent crime', 'violent-crime'],
])
const codeOfOutcome = new Map<string, string>([
  ...Object.entries(outcomeCategories).map(([code, name]): [string, string] => [name, code]),
  ['Offender given a penalty notice', 'penalty-notice-issued'],
])
const idOfStopOutcome = new Map<string, string>(
  Object.entries(stopOutcomes).map(([id, name]) => [name, id]),
)

type Cells = readonly string[]

/** Turns the cells of a row, in header order, into a row under the keys of the API. */
export function convertRow<Dataset extends ArchiveDataset>(
  dataset: Dataset,
  cells: Cells,
  force: string,
  month: string,
  report: ReportOddity,
): ArchiveRowTypes[Dataset] {
  const converters: {
    readonly [Key in ArchiveDataset]: (
      cells: Cells,
      force: string,
      month: string,
      report: ReportOddity,
    ) => ArchiveRowTypes[Key]
  } = rowConverters
  return converters[dataset](cells, force, month, report)
}

const rowConverters = {
  street(cells: Cells, force: string, month: string, report: ReportOddity): ArchiveCrime {
    const [
      id,
      rowMonth,
      reportedBy,
      fallsWithin,
      lng,
      lat,
      name,
      lsoaCode,
      lsoaName,
      type,
      last,
      context,
    ] = cells as readonly [
      string,
      string,
      string,
      string,
      string,
      string,
      string,
      string,
      string,
      string,
      string,
      string,
    ]
    if (rowMonth !== month) report('ROW_MONTH', 'Month', rowMonth)
    const slug = slugOfCrimeType.get(type)
    if (slug === undefined) report('ROW_UNKNOWN_WORD', 'Crime type', type)
    if (last !== '' && !codeOfOutcome.has(last)) {
      report('ROW_UNKNOWN_WORD', 'Last outcome category', last)
    }
    const location = streetLocation(lat, lng, name, report)
    return {
      category: (slug ?? slugOf(type)) as CrimeCategory,
      persistent_id: id,
      id: null,
      month: rowMonth,
      location,
      location_type: location === null ? null : force === 'btp' ? 'BTP' : 'Force',
      location_subtype: '',
      context,
      outcome_status: last === '' ? null : { category: last, date: null },
      reported_by: reportedBy,
      falls_within: fallsWithin,
      lsoa_code: lsoaCode || null,
      lsoa_name: lsoaName || null,
    }
  },
  outcomes(cells: Cells, force: string, month: string, report: ReportOddity): ArchiveOutcome {
    const [id, rowMonth, reportedBy, fallsWithin, lng, lat, name, lsoaCode, lsoaName, type] =
      cells as readonly [
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
        string,
      ]
    if (rowMonth !== month) report('ROW_MONTH', 'Month', rowMonth)
    const code = codeOfOutcome.get(type) ?? null
    if (code === null) report('ROW_UNKNOWN_WORD', 'Outcome type', type)
    const location = streetLocation(lat, lng, name, report)
    return {
      category: { code, name: type },
      date: rowMonth,
      person_id: null,
      crime: {
        category: null,
        persistent_id: id,
        id: null,
        month: null,
        location,
        location_type: location === null ? null : force === 'btp' ? 'BTP' : 'Force',
        location_subtype: '',
        context: '',
      },
      reported_by: reportedBy,
      falls_within: fallsWithin,
      lsoa_code: lsoaCode || null,
      lsoa_name: lsoaName || null,
    }
  },
  'stop-and-search'(
    cells: Cells,
    _force: string,
    _month: string,
    report: ReportOddity,
  ): ArchiveStop {
    const [
      type,
      datetime,
      operation,
      operationName,
      lat,
      lng,
      gender,
      age,
      self,
      officer,
      law,
      object,
      outcome,
      linked,
      clothing,
    ] = cells as readonly [
      string,
      string,
      string,
      string,
      string,
      string,
      string,
      string,
      string,
      string,
      string,
      string,
      string,
      string,
      string,
    ]
    return {
      type: type || null,
      involved_person: type !== 'Vehicle search',
      datetime,
      gender: gender || null,
      age_range: age || null,
      self_defined_ethnicity: self || null,
      officer_defined_ethnicity: officer || null,
      legislation: law || null,
      object_of_search: object || null,
      outcome,
      outcome_object: { id: idOfStopOutcome.get(outcome) ?? '', name: outcome },
      outcome_linked_to_object_of_search: flag(
        linked,
        'Outcome linked to object of search',
        report,
      ),
      removal_of_more_than_outer_clothing: flag(
        clothing,
        'Removal of more than just outer clothing',
        report,
      ),
      operation: flag(operation, 'Part of a policing operation', report),
      operation_name: operationName || null,
      location: placed(lat, lng, report) ? { latitude: lat, longitude: lng, street: null } : null,
    }
  },
}

function streetLocation(
  latitude: string,
  longitude: string,
  name: string,
  report: ReportOddity,
): ArchiveLocation | null {
  if (!placed(latitude, longitude, report)) {
    // Street files say "No Location", outcomes files "No location".
    if (name !== '' && name.toLowerCase() !== 'no location') report('ROW_PLACE', 'Location', name)
    return null
  }
  return { latitude, longitude, street: { id: null, name } }
}

function placed(latitude: string, longitude: string, report: ReportOddity): boolean {
  if (latitude === '' && longitude === '') return false
  const good = decimal.test(latitude) && decimal.test(longitude)
  if (!good) report('ROW_PLACE', 'Latitude, Longitude', `${latitude}, ${longitude}`)
  return good
}

const decimal = /^-?\d{1,3}(\.\d+)?$/

function flag(text: string, field: string, report: ReportOddity): boolean | null {
  if (text === '') return null
  if (text === 'True') return true
  if (text === 'False') return false
  report('ROW_UNKNOWN_WORD', field, text)
  return null
}

/** A slug for a crime type that is new: what the service would most likely call it. */
function slugOf(type: string): string {
  return type
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
}
