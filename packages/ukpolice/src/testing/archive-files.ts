import type { Location } from '../types.js'
import { crimeCategories } from '../words.js'
import type { TestData } from './data.js'
import type { ZipInput } from './zip.js'

const streetHeader =
  'Crime ID,Month,Reported by,Falls within,Longitude,Latitude,Location,LSOA code,LSOA name,Crime type,Last outcome category,Context'
const outcomesHeader =
  'Crime ID,Month,Reported by,Falls within,Longitude,Latitude,Location,LSOA code,LSOA name,Outcome type'
const stopsHeader =
  'Type,Date,Part of a policing operation,Policing operation,Latitude,Longitude,Gender,Age range,Self-defined ethnicity,Officer-defined ethnicity,Legislation,Object of search,Outcome,Outcome linked to object of search,Removal of more than just outer clothing'

/** The files of a bulk archive with the rows of a test server, in the documented layout. */
export function archiveFiles(data: TestData): ZipInput[] {
  const lines = new Map<string, string[]>()
  const add = (month: string, force: string, kind: string, header: string, cells: unknown[]) => {
    const name = `${month}/${month}-${force}-${kind}.csv`
    const file = lines.get(name) ?? [header]
    lines.set(name, file)
    file.push(cells.map((cell) => quoted(cell)).join(','))
  }
  const nameOf = (force: string): string =>
    data.forces.find((known) => known.id === force)?.name ?? 'British Transport Police'
  const place = (location: Location | null, none: string): string[] =>
    location
      ? [location.longitude, location.latitude, location.street.name, 'E01000001', 'Town, The 001A']
      : ['', '', none, '', '']

  for (const { force, row } of data.crimes ?? []) {
    const name = nameOf(force)
    add(row.month, force, 'street', streetHeader, [
      row.persistent_id,
      row.month,
      name,
      name,
      ...place(row.location, 'No Location'),
      crimeCategories[row.category as keyof typeof crimeCategories],
      row.outcome_status?.category ?? '',
      row.context,
    ])
  }
  for (const { force, row } of data.outcomes ?? []) {
    const name = nameOf(force)
    add(row.date, force, 'outcomes', outcomesHeader, [
      row.crime.persistent_id,
      row.date,
      name,
      name,
      ...place(row.crime.location, 'No location'),
      row.category.name,
    ])
  }
  for (const { force, month, row } of data.stops ?? []) {
    add(month, force, 'stop-and-search', stopsHeader, [
      row.type,
      row.datetime,
      row.operation,
      row.operation_name,
      row.location?.latitude,
      row.location?.longitude,
      row.gender,
      row.age_range,
      row.self_defined_ethnicity,
      row.officer_defined_ethnicity,
      row.legislation,
      row.object_of_search,
      row.outcome,
      row.outcome_linked_to_object_of_search,
      row.removal_of_more_than_outer_clothing,
    ])
  }
  return [...lines].map(([name, file]) => ({ name, content: `${file.join('\n')}\n` }))
}

function quoted(cell: unknown): string {
  if (cell === true) return 'True'
  if (cell === false) return 'False'
  const text = typeof cell === 'string' ? cell : ''
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
