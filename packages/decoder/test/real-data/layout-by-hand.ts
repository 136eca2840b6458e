/**
 * The NIBRS master layout of 2013 on, written down a second time by hand from the FBI's record
 * description and not from the specs, so that the specs have something to disagree with.
 *
 * One row per column: name, first and last position (1-based, both included), and what stands there:
 * `text`, `id` (never trimmed), `int`, `date`, `hour`, `flag` (Y or N), `age` (gives two columns),
 * `thousandths` (nine digits and three more behind the point), or the name of a code list.
 */
export type HandColumn = readonly [name: string, first: number, last: number, kind: string]

const key: readonly HandColumn[] = [
  ['state_code', 3, 4, 'state'],
  ['ori', 5, 13, 'id'],
  ['incident_number', 14, 25, 'id'],
  ['incident_date', 26, 33, 'date'],
]

/** `count` columns of `width`, side by side from `first`: name_1, name_2, ... */
function repeated(name: string, first: number, width: number, count: number, kind: string) {
  return Array.from({ length: count }, (_, i): HandColumn => {
    const start = first + i * width
    return [`${name}_${i + 1}`, start, start + width - 1, kind]
  })
}

const months = [
  'january',
  'february',
  'march',
  'april',
  'may',
  'june',
  'july',
  'august',
  'september',
  'october',
  'november',
  'december',
]

const counties = [106, 130, 154, 178, 202].flatMap((at, i): HandColumn[] => [
  [`current_population_${i + 1}`, at, at + 8, 'int'],
  [`ucr_county_code_${i + 1}`, at + 9, at + 11, 'text'],
  [`msa_code_${i + 1}`, at + 12, at + 14, 'text'],
  [`last_population_${i + 1}`, at + 15, at + 23, 'int'],
])

const drugs = [58, 73, 88].flatMap((at, i): HandColumn[] => [
  [`drug_type_${i + 1}`, at, at, 'drugType'],
  [`drug_quantity_${i + 1}`, at + 1, at + 12, 'thousandths'],
  [`drug_measurement_${i + 1}`, at + 13, at + 14, 'drugMeasurement'],
])

const administrative: readonly HandColumn[] = [
  ...key,
  ['report_date_indicator', 34, 34, 'reportDateIndicator'],
  ['incident_hour', 35, 36, 'hour'],
  ['total_offense_segments', 37, 38, 'int'],
  ['total_victim_segments', 39, 41, 'int'],
  ['total_offender_segments', 42, 43, 'int'],
  ['total_arrestee_segments', 44, 45, 'int'],
  ['city_submission', 46, 49, 'text'],
  ['cleared_exceptionally', 50, 50, 'clearedExceptionally'],
  ['exceptional_clearance_date', 51, 58, 'date'],
]

const property: readonly HandColumn[] = [
  ...key,
  ['property_loss', 34, 34, 'propertyLoss'],
  ['property_description', 35, 36, 'propertyDescription'],
  ['property_value', 37, 45, 'int'],
  ['date_recovered', 46, 53, 'date'],
  ['stolen_motor_vehicles', 54, 55, 'int'],
  ['recovered_motor_vehicles', 56, 57, 'int'],
  ...drugs,
]

const arrestee: readonly HandColumn[] = [
  ...key,
  ['arrestee_sequence', 34, 35, 'int'],
  ['arrest_transaction_number', 36, 47, 'id'],
  ['arrest_date', 48, 55, 'date'],
  ['arrest_type', 56, 56, 'arrestType'],
  ['multiple_arrestee', 57, 57, 'multipleArrestee'],
  ['arrest_offense_code', 58, 60, 'offense'],
  ['armed_with_1', 61, 62, 'arresteeArmedWith'],
  ['automatic_indicator_1', 63, 63, 'automaticIndicator'],
  ['armed_with_2', 64, 65, 'arresteeArmedWith'],
  ['automatic_indicator_2', 66, 66, 'automaticIndicator'],
  ['age', 67, 68, 'age'],
  ['sex', 69, 69, 'sex'],
  ['race', 70, 70, 'race'],
  ['ethnicity', 71, 71, 'ethnicity'],
  ['resident_status', 72, 72, 'residentStatus'],
  ['disposition_under_18', 73, 73, 'dispositionUnder18'],
]

/** Segment name by level. */
export const SEGMENT_OF: Readonly<Record<string, string>> = {
  BH: 'batch_header',
  '01': 'administrative',
  '02': 'offense',
  '03': 'property',
  '04': 'victim',
  '05': 'offender',
  '06': 'arrestee',
  '07': 'group_b_arrest',
  W1: 'window_clearance',
  W3: 'window_property',
  W6: 'window_arrestee',
}

export const BY_HAND: Readonly<Record<string, readonly HandColumn[]>> = {
  batch_header: [
    ['state_code', 3, 4, 'state'],
    ['ori', 5, 13, 'id'],
    ['date_ori_added', 26, 33, 'date'],
    ['date_ori_went_nibrs', 34, 41, 'date'],
    ['city_name', 42, 71, 'text'],
    ['state_abbreviation', 72, 73, 'stateAbbreviation'],
    ['population_group', 74, 75, 'populationGroup'],
    ['country_division', 76, 76, 'countryDivision'],
    ['country_region', 77, 77, 'countryRegion'],
    ['agency_indicator', 78, 78, 'agencyIndicator'],
    ['core_city', 79, 79, 'flag'],
    ['covered_by_ori', 80, 88, 'id'],
    ['fbi_field_office', 89, 92, 'text'],
    ['judicial_district', 93, 96, 'text'],
    ['agency_nibrs_flag', 97, 97, 'agencyNibrsFlag'],
    ['agency_inactive_date', 98, 105, 'date'],
    ...counties,
    ['months_indicator', 226, 227, 'monthsIndicator'],
    ['months_reported', 228, 229, 'int'],
    ['master_file_year', 230, 233, 'int'],
    ...months.flatMap((month, i): HandColumn[] => {
      const at = 234 + 3 * i
      return [
        [`${month}_zero_report`, at, at, 'flag'],
        [`${month}_group_ab`, at + 1, at + 1, 'flag'],
        [`${month}_window`, at + 2, at + 2, 'flag'],
      ]
    }),
    ...repeated('fips_county_code', 270, 3, 5, 'text'),
    ['date_state_began_leoka', 285, 292, 'date'],
  ],
  administrative: [...administrative, ['cargo_theft', 89, 89, 'flag']],
  window_clearance: [
    ...administrative,
    ...repeated('window_offense_code', 59, 3, 10, 'offense'),
    ['cargo_theft', 89, 89, 'flag'],
  ],
  offense: [
    ...key,
    ['offense_code', 34, 36, 'offense'],
    ['attempted_completed', 37, 37, 'attemptedCompleted'],
    ...repeated('suspected_of_using', 38, 1, 3, 'suspectedOfUsing'),
    ['location_type', 41, 42, 'locationType'],
    ['premises_entered', 43, 44, 'int'],
    ['method_of_entry', 45, 45, 'methodOfEntry'],
    ...repeated('criminal_activity', 46, 1, 3, 'criminalActivity'),
    ['weapon_force_1', 49, 50, 'weaponForce'],
    ['automatic_indicator_1', 51, 51, 'automaticIndicator'],
    ['weapon_force_2', 52, 53, 'weaponForce'],
    ['automatic_indicator_2', 54, 54, 'automaticIndicator'],
    ['weapon_force_3', 55, 56, 'weaponForce'],
    ['automatic_indicator_3', 57, 57, 'automaticIndicator'],
    ...repeated('bias_motivation', 58, 2, 5, 'biasMotivation'),
  ],
  property,
  window_property: [...property, ...repeated('window_offense_code', 103, 3, 10, 'offense')],
  victim: [
    ...key,
    ['victim_sequence', 34, 36, 'int'],
    ...repeated('victim_offense_code', 37, 3, 10, 'offense'),
    ['victim_type', 67, 67, 'victimType'],
    ['age', 68, 69, 'age'],
    ['sex', 70, 70, 'sex'],
    ['race', 71, 71, 'race'],
    ['ethnicity', 72, 72, 'ethnicity'],
    ['resident_status', 73, 73, 'residentStatus'],
    ['circumstance_1', 74, 75, 'homicideAssaultCircumstance'],
    ['circumstance_2', 76, 77, 'homicideAssaultCircumstance'],
    ['justifiable_homicide_circumstance', 78, 78, 'justifiableHomicideCircumstance'],
    ...repeated('injury', 79, 1, 5, 'injury'),
    ...Array.from({ length: 10 }, (_, i) => 84 + 4 * i).flatMap((at, i): HandColumn[] => [
      [`related_offender_number_${i + 1}`, at, at + 1, 'int'],
      [`relationship_${i + 1}`, at + 2, at + 3, 'relationship'],
    ]),
    ['officer_activity', 124, 125, 'officerActivity'],
    ['officer_assignment', 126, 126, 'officerAssignment'],
    ['officer_other_ori', 127, 135, 'id'],
  ],
  offender: [
    ...key,
    ['offender_sequence', 34, 35, 'int'],
    ['age', 36, 37, 'age'],
    ['sex', 38, 38, 'sex'],
    ['race', 39, 39, 'race'],
    ['ethnicity', 40, 40, 'ethnicity'],
  ],
  arrestee,
  window_arrestee: [
    ...arrestee,
    ['window_clearance', 74, 74, 'windowClearance'],
    ...repeated('window_offense_code', 75, 3, 10, 'offense'),
  ],
  group_b_arrest: [
    ['state_code', 3, 4, 'state'],
    ['ori', 5, 13, 'id'],
    ['arrest_transaction_number', 14, 25, 'id'],
    ['arrest_date', 26, 33, 'date'],
    ['arrestee_sequence', 34, 35, 'int'],
    ['city_submission', 36, 39, 'text'],
    ['arrest_type', 40, 40, 'arrestType'],
    ['arrest_offense_code', 41, 43, 'offenseGroupB'],
    ['armed_with_1', 44, 45, 'arresteeArmedWith'],
    ['automatic_indicator_1', 46, 46, 'automaticIndicator'],
    ['armed_with_2', 47, 48, 'arresteeArmedWith'],
    ['automatic_indicator_2', 49, 49, 'automaticIndicator'],
    ['age', 50, 51, 'age'],
    ['sex', 52, 52, 'sex'],
    ['race', 53, 53, 'race'],
    ['ethnicity', 54, 54, 'ethnicity'],
    ['resident_status', 55, 55, 'residentStatus'],
    ['disposition_under_18', 56, 56, 'dispositionUnder18'],
  ],
}

const PLAIN = ['text', 'id', 'int', 'date', 'hour', 'flag', 'age', 'thousandths']

/** The code list of a column; null when it has none. */
export function codeListOf([, , , kind]: HandColumn): string | null {
  if (kind === 'age') return 'ageSpecial'
  return PLAIN.includes(kind) ? null : kind
}

/** Names of the output columns of a segment, in order, the record columns last. */
export function columnNames(segment: string): readonly string[] {
  const names = BY_HAND[segment]!.flatMap(([name, , , kind]) =>
    kind === 'age' ? [name, `${name}_code`] : [name],
  )
  return [...names, 'record_number', 'record_length']
}

/**
 * Every column of a line as the text that DuckDB shows for it; null for blank or missing.
 *
 * @param line one record without its line end, one character a byte
 */
export function decodeByHand(line: string): Readonly<Record<string, string | null>> {
  const row: Record<string, string | null> = {}
  const segment = SEGMENT_OF[line.slice(0, 2)]!
  for (const [name, first, last, kind] of BY_HAND[segment]!) {
    const text = line.slice(first - 1, last).replaceAll('\0', ' ')
    if (kind === 'age') {
      const years = /^\d\d$/.test(text) && text !== '00' && text !== '99'
      row[name] = years ? String(Number(text)) : null
      row[`${name}_code`] = text.trim() === '' ? null : text.trimEnd()
    } else if (text.trim() === '') {
      row[name] = null
    } else {
      row[name] = valueByHand(text, kind)
    }
  }
  return row
}

function valueByHand(text: string, kind: string): string | null {
  switch (kind) {
    case 'id':
      return text
    case 'int':
    case 'hour':
      if (!/^ *\d+$/.test(text)) throw new Error(`"${text}" is no number`)
      return String(Number(text))
    case 'date':
      if (!/^\d{8}$/.test(text)) throw new Error(`"${text}" is no date`)
      if (text === '00000000') return null
      return `${text.slice(0, 4)}-${text.slice(4, 6)}-${text.slice(6)}`
    case 'flag':
      if (text !== 'Y' && text !== 'N') throw new Error(`"${text}" is no flag`)
      return String(text === 'Y')
    case 'thousandths':
      if (!/^\d{12}$/.test(text)) throw new Error(`"${text}" is no quantity`)
      return `${Number(text.slice(0, 9))}.${text.slice(9)}`
    default:
      return text.trimEnd()
  }
}
