import type { CompiledSpec } from '../spec/types.js'
import { isValid } from './code-choice.js'
import type { Random } from './random.js'

/** How an agency numbers its incidents. */
export type NumberStyle = 'encrypted' | 'serial' | 'dashed' | 'hexadecimal' | 'zero-filled'

/** One agency of the file: what its header says and how much data follows. */
export interface Agency {
  readonly state: string
  /** Blank for federal agencies. */
  readonly abbreviation: string
  readonly division: string
  readonly region: string
  readonly ori: string
  readonly city: string
  readonly counties: number
  readonly style: NumberStyle
  /** Four characters when the city sends directly, else blank. */
  readonly citySubmission: string
  /** Share of the file's data; 0 for an agency that sent none. */
  readonly weight: number
}

/** Records a header stands for, on average. */
const RECORDS_PER_AGENCY = 2000
const FEDERAL_STATE = '98'
const NAME_PARTS = [
  'SPRING',
  'RIVER',
  'OAK',
  'MILL',
  'NEW',
  'PORT',
  'LAKE',
  'FAIR',
  'CEDAR',
  'GLEN',
]
const NAME_ENDS = [
  'FIELD',
  ' CITY',
  'DALE',
  'TON',
  'BURG',
  ' COUNTY',
  'VILLE',
  'WOOD',
  ' FALLS',
  '',
]
/** Names with bytes above 0x7F, as latin1 text. */
const FOREIGN_NAMES = [
  'CA\u00d1ON CITY',
  'MONTR\u00c9AL',
  'COEUR D\u0092ALENE',
  'PE\u00d1ASCO \u00bd',
]

/**
 * The agencies of a file, sorted as the FBI sorts them: by state code, then ORI.
 *
 * @param mustHave states that the file must not lack, because an overlay is about them
 */
export function planAgencies(
  spec: CompiledSpec,
  random: Random,
  year: number,
  records: number,
  mustHave: readonly string[],
): readonly Agency[] {
  const count = Math.max(
    Math.round(records / RECORDS_PER_AGENCY),
    Math.min(12, Math.ceil(records / 40)),
    1,
  )
  const perState = new Map<string, number>()
  const states = statesOf(spec, year)
  for (let i = 0; i < count; i++) {
    const code = i < mustHave.length ? mustHave[i]! : random.pick(states).code
    perState.set(code, (perState.get(code) ?? 0) + 1)
  }
  const agencies: Agency[] = []
  for (const state of states) {
    let serial = 0
    for (let n = perState.get(state.code) ?? 0; n > 0; n--) {
      serial += 1 + random.below(9)
      agencies.push(agencyOf(random, year, state, serial, mustHave.includes(state.code)))
    }
  }
  return agencies
}

interface State {
  readonly code: string
  readonly abbreviation: string
  readonly division: string
  readonly region: string
}

function statesOf(spec: CompiledSpec, year: number): readonly State[] {
  const fields = spec.layouts.flatMap((layout) => layout.fields)
  const table = fields.find((field) => field.name === 'state_code')!.codes!
  const divisions = fields.find((field) => field.name === 'country_division')?.codes
  return [...table.codes]
    .filter(([, entry]) => isValid(entry, year))
    .map(([code, entry]) => {
      const division = entry.attributes?.['division'] ?? ''
      return {
        code,
        abbreviation: entry.attributes?.['abbreviation'] ?? '',
        division,
        region: divisions?.codes.get(division)?.attributes?.['region'] ?? '',
      }
    })
    .sort((a, b) => (a.code < b.code ? -1 : 1))
}

function agencyOf(
  random: Random,
  year: number,
  state: State,
  serial: number,
  mustReport: boolean,
): Agency {
  const federal = state.code === FEDERAL_STATE
  const prefix = federal ? 'DC' : state.abbreviation
  const county = String(1 + (Math.floor(serial / 100) % 999)).padStart(3, '0')
  const ori = `${prefix}${county}${String(serial % 100).padStart(2, '0')}00`
  const silent = !mustReport && random.chance(0.12)
  const styles: readonly NumberStyle[] = ['serial', 'dashed', 'hexadecimal', 'zero-filled']
  return {
    state: state.code,
    abbreviation: state.abbreviation,
    division: state.division,
    region: state.region,
    ori,
    city: random.chance(0.02)
      ? random.pick(FOREIGN_NAMES)
      : `${random.pick(NAME_PARTS)}${random.pick(NAME_ENDS)}${random.chance(0.1) ? ' TOWNSHIP PD' : ''}`,
    counties: federal ? 0 : random.chance(0.1) ? 2 + random.below(4) : 1,
    style: year <= LAST_ENCRYPTED_YEAR ? 'encrypted' : random.pick(styles),
    citySubmission: random.chance(0.03) ? `${prefix}${10 + random.below(90)}` : '',
    // Few large agencies, many small ones.
    weight: silent ? 0 : Math.exp(3.2 * (random.unit() + random.unit() + random.unit() - 1.5)),
  }
}

/** Incident and arrest numbers are scrambled by the FBI through this data year. */
export const LAST_ENCRYPTED_YEAR = 2020
