import type { ArchiveDataset } from '@ukpolice/client/archive'
import type { ColumnKind, TableSchema } from '../schema/table-schema.js'
import { columnSchemas, keyColumn, type KeyColumn, textColumn } from './api-rows.js'

/** What the UK Police API publishes rows of. */
export type UkPoliceDataset = 'crimes' | 'outcomes' | 'stops'

/** Names of {@link UkPoliceDataset}. */
export const UKPOLICE_DATASETS: readonly UkPoliceDataset[] = ['crimes', 'outcomes', 'stops']

/** A staging table with how its rows are read. */
export interface RowTable {
  readonly table: TableSchema
  readonly columns: readonly KeyColumn[]
  /** Paths that are known and have no column. */
  readonly known: readonly string[]
}

const NUMBER: ColumnKind = { kind: 'integer', bits: 64 }
const DEGREES: ColumnKind = { kind: 'decimal', precision: 9, scale: 6 }
const FLAG: ColumnKind = { kind: 'boolean' }

function place(prefix: string): readonly KeyColumn[] {
  return [
    keyColumn(
      `${prefix}location.latitude`,
      DEGREES,
      'Of the map point nearest to the event, WGS84',
    ),
    keyColumn(
      `${prefix}location.longitude`,
      DEGREES,
      'Of the map point nearest to the event, WGS84',
    ),
    keyColumn(`${prefix}location.street.id`, NUMBER, 'The map point; renumbered from time to time'),
    textColumn(`${prefix}location.street.name`),
  ]
}

const CRIME: readonly KeyColumn[] = [
  textColumn('category'),
  textColumn('persistent_id', '64 hexadecimal digits, or empty; not unique'),
  keyColumn('id', NUMBER, "The service's own number, not promised to stay"),
  ...place(''),
  textColumn('location_type', 'Force or BTP'),
  textColumn('location_subtype'),
  textColumn('context'),
  textColumn('outcome_status.category', 'The latest outcome; null for anti-social behaviour'),
  textColumn('outcome_status.date', 'Month of the latest outcome'),
]

const OUTCOME: readonly KeyColumn[] = [
  textColumn('category.code'),
  textColumn('category.name'),
  keyColumn('person_id', NUMBER),
  textColumn('crime.category'),
  textColumn('crime.persistent_id', '64 hexadecimal digits, or empty; not unique'),
  keyColumn('crime.id', NUMBER, "The service's own number, not promised to stay"),
  textColumn('crime.month', 'The month of the crime; it can be years before the outcome'),
  ...place('crime.'),
  textColumn('crime.location_type'),
  textColumn('crime.location_subtype'),
  textColumn('crime.context'),
]

const STOP_FACTS: readonly KeyColumn[] = [
  textColumn('type'),
  keyColumn('involved_person', FLAG),
  keyColumn('datetime', { kind: 'timestamp' }, 'UTC; the service cuts months by UK local time'),
  textColumn('gender'),
  textColumn('age_range'),
  textColumn('self_defined_ethnicity'),
  textColumn('officer_defined_ethnicity'),
  textColumn('legislation'),
  textColumn('object_of_search'),
  textColumn('outcome', 'Empty when not recorded; "false" in old answers: nothing found'),
  textColumn('outcome_object.id'),
  textColumn('outcome_object.name'),
  keyColumn('outcome_linked_to_object_of_search', FLAG),
  keyColumn('removal_of_more_than_outer_clothing', FLAG),
  keyColumn('operation', FLAG),
  textColumn('operation_name'),
]

interface ApiTable {
  readonly route: string
  readonly title: string
  /** Completes "One row per ...". */
  readonly grain: string
  readonly columns: readonly KeyColumn[]
  readonly known: readonly string[]
}

const API: Readonly<Record<UkPoliceDataset, ApiTable>> = {
  crimes: {
    route: 'crimes-street, crimes-no-location',
    title: 'Crimes',
    grain: 'crime in the area of the force, or without a place, in the month',
    columns: CRIME,
    known: ['month'],
  },
  outcomes: {
    route: 'outcomes-at-location',
    title: 'Outcomes of crimes',
    grain: 'outcome recorded in the month for a crime in the area of the force',
    columns: OUTCOME,
    known: ['date'],
  },
  stops: {
    route: 'stops-force',
    title: 'Stops and searches',
    grain: 'stop by the force in the month',
    columns: [...STOP_FACTS, ...place('')],
    known: [],
  },
}

const SINGULAR = { crimes: 'crime', outcomes: 'outcome', stops: 'stop' } as const

/** Kind of a source of the API, which is also its table: `ukpolice_crime`, `ukpolice_area_crime`. */
export function apiKind(dataset: UkPoliceDataset, byArea = false): string {
  return `ukpolice_${byArea ? 'area_' : ''}${SINGULAR[dataset]}`
}

/** The table of a data set of the API, of forces or of areas of the caller's own. */
export function apiTable(dataset: UkPoliceDataset, byArea = false): RowTable {
  const { route, title, grain, columns, known } = API[dataset]
  const origin = byArea && dataset === 'stops' ? 'stops-street' : route
  return {
    columns,
    known,
    table: {
      name: apiKind(dataset, byArea),
      title: byArea ? `${title} in an area` : title,
      grain: byArea
        ? `One row per ${SINGULAR[dataset]} in the area and month`
        : `One row per ${grain}`,
      columns: columnSchemas(columns, origin),
      key: null,
      keepsUnknownKeys: true,
    },
  }
}

const ARCHIVE_PLACE = [
  keyColumn('location.latitude', DEGREES, 'Of the map point nearest to the event, WGS84'),
  keyColumn('location.longitude', DEGREES, 'Of the map point nearest to the event, WGS84'),
]
const ARCHIVE_STREET = [
  textColumn('location.street.name'),
  textColumn('lsoa_code', 'Census area of England and Wales, by the boundaries of the time'),
  textColumn('lsoa_name'),
]
const ARCHIVE_FORCES = [
  textColumn('reported_by', 'Display name of the force'),
  textColumn('falls_within', 'Display name of the force'),
]

const ARCHIVE: Readonly<Record<ArchiveDataset, ApiTable & { readonly name: string }>> = {
  street: {
    name: 'ukpolice_archive_crime',
    route: 'street.csv',
    title: 'Crimes of the bulk archive',
    grain: 'crime that the force published for the month',
    columns: [
      textColumn('persistent_id', 'Crime ID: 64 hexadecimal digits, or empty; not unique'),
      textColumn('category', 'Crime type, as the API writes it'),
      ...ARCHIVE_FORCES,
      ...ARCHIVE_PLACE,
      ...ARCHIVE_STREET,
      textColumn('context'),
      textColumn('outcome_status.category', 'Last outcome category'),
    ],
    // Keys of the API that the files have nothing for, and the month, which the slice tells.
    known: [
      'month',
      'id',
      'location.street.id',
      'location_type',
      'location_subtype',
      'outcome_status.date',
    ],
  },
  outcomes: {
    name: 'ukpolice_archive_outcome',
    route: 'outcomes.csv',
    title: 'Outcomes of the bulk archive',
    grain: 'outcome that the force published for the month; equal rows can be different ones',
    columns: [
      textColumn('crime.persistent_id', 'Crime ID: 64 hexadecimal digits, or empty; not unique'),
      textColumn('category.code', 'Outcome type, as the API writes it; null for a new one'),
      textColumn('category.name', 'Outcome type'),
      ...ARCHIVE_FORCES,
      keyColumn('crime.location.latitude', DEGREES),
      keyColumn('crime.location.longitude', DEGREES),
      textColumn('crime.location.street.name'),
      textColumn('lsoa_code', 'Census area of England and Wales, by the boundaries of the time'),
      textColumn('lsoa_name'),
    ],
    known: [
      'date',
      'person_id',
      'crime.category',
      'crime.id',
      'crime.month',
      'crime.location.street.id',
      'crime.location_type',
      'crime.location_subtype',
      'crime.context',
    ],
  },
  'stop-and-search': {
    name: 'ukpolice_archive_stop',
    route: 'stop-and-search.csv',
    title: 'Stops and searches of the bulk archive',
    grain: 'stop that the force published for the month; equal rows can be different ones',
    columns: [
      ...STOP_FACTS.filter(({ name }) => !name.startsWith('outcome_object_')),
      ...ARCHIVE_PLACE,
    ],
    known: ['outcome_object', 'location.street'],
  },
}

/** Kind of a source of the bulk archive, which is also its table: `ukpolice_archive_crime`. */
export function archiveKind(dataset: ArchiveDataset): string {
  return ARCHIVE[dataset].name
}

/** The table of a kind of file of the bulk archive. */
export function archiveTable(dataset: ArchiveDataset): RowTable {
  const { name, route, title, grain, columns, known } = ARCHIVE[dataset]
  return {
    columns,
    known,
    table: {
      name,
      title,
      grain: `One row per ${grain}`,
      columns: columnSchemas(columns, route),
      key: null,
      keepsUnknownKeys: false,
    },
  }
}
