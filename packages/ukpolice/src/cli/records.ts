import type { ArchiveCrime, ArchiveOutcome, ArchiveStop } from '../archive/index.js'
import type { Crime, Outcome, Stop } from '../types.js'
import { position } from '../values.js'

/** A flat record: the columns of CSV and the properties of GeoJSON. */
export type FlatRecord = Readonly<Record<string, string | number | boolean | null>>

/** One row on its way out: as it came, flat, and its place. */
export interface OutRecord {
  readonly raw: object
  readonly flat: FlatRecord
  readonly place: { readonly lat: number; readonly lng: number } | null
  /** A GeoJSON geometry to use instead of the place. */
  readonly geometry?: object
}

interface Place {
  readonly latitude: string
  readonly longitude: string
  readonly street: { readonly id: number | null; readonly name: string } | null
}

function placeColumns(location: Place | null): FlatRecord {
  return {
    latitude: location?.latitude ?? null,
    longitude: location?.longitude ?? null,
    street_id: location?.street?.id ?? null,
    street_name: location?.street?.name ?? null,
  }
}

function extraColumns(row: object): FlatRecord {
  if (!('reported_by' in row)) return {}
  const { reported_by, falls_within, lsoa_code, lsoa_name } = row as ArchiveCrime
  return { reported_by, falls_within, lsoa_code, lsoa_name }
}

/** The record of a crime, of the API or the archive. */
export function crimeRecord(row: Crime | ArchiveCrime, origin: FlatRecord): OutRecord {
  return {
    raw: { ...origin, ...row },
    flat: {
      ...origin,
      category: row.category,
      persistent_id: row.persistent_id,
      id: row.id,
      ...placeColumns(row.location),
      location_type: row.location_type,
      location_subtype: row.location_subtype,
      context: row.context,
      outcome_category: row.outcome_status?.category ?? null,
      outcome_date: row.outcome_status?.date ?? null,
      ...extraColumns(row),
    },
    place: row.location && position(row.location),
  }
}

/** The record of an outcome, of the API or the archive. */
export function outcomeRecord(row: Outcome | ArchiveOutcome, origin: FlatRecord): OutRecord {
  const { crime } = row
  return {
    raw: { ...origin, ...row },
    flat: {
      ...origin,
      outcome_code: row.category.code,
      outcome_name: row.category.name,
      person_id: row.person_id,
      crime_category: crime.category,
      crime_persistent_id: crime.persistent_id,
      crime_id: crime.id,
      crime_month: crime.month,
      ...placeColumns(crime.location),
      location_type: crime.location_type,
      location_subtype: crime.location_subtype,
      context: crime.context,
      ...extraColumns(row),
    },
    place: crime.location && position(crime.location),
  }
}

/** The record of a stop, of the API or the archive. */
export function stopRecord(row: Stop | ArchiveStop, origin: FlatRecord): OutRecord {
  return {
    raw: { ...origin, ...row },
    flat: {
      ...origin,
      type: row.type,
      datetime: row.datetime,
      involved_person: row.involved_person,
      gender: row.gender,
      age_range: row.age_range,
      self_defined_ethnicity: row.self_defined_ethnicity,
      officer_defined_ethnicity: row.officer_defined_ethnicity,
      legislation: row.legislation,
      object_of_search: row.object_of_search,
      outcome: row.outcome,
      outcome_id: row.outcome_object?.id ?? null,
      outcome_linked_to_object_of_search: row.outcome_linked_to_object_of_search,
      removal_of_more_than_outer_clothing: row.removal_of_more_than_outer_clothing,
      operation: row.operation,
      operation_name: row.operation_name,
      ...placeColumns(row.location),
    },
    place: row.location && position(row.location),
  }
}

/** The columns of a table without rows. */
export function columnsOf(
  kind: 'crimes' | 'outcomes' | 'stops',
  origin: FlatRecord,
  source: 'api' | 'archive',
): FlatRecord {
  const extra =
    source === 'api' ? {} : { reported_by: '', falls_within: '', lsoa_code: null, lsoa_name: null }
  switch (kind) {
    case 'crimes':
      return crimeRecord(extra as Crime, origin).flat
    case 'outcomes':
      return outcomeRecord({ category: {}, crime: {}, ...extra } as Outcome, origin).flat
    case 'stops':
      return stopRecord({} as Stop, origin).flat
  }
}
