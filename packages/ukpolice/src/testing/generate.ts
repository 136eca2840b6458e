import type { Crime, Force, Location, NeighbourhoodDetail, Outcome, Stop } from '../types.js'
import { addMonths, type Month } from '../month.js'
import { crimeCategories, outcomeCategories, stopOutcomes, stopTypes } from '../words.js'
import {
  currentCategories,
  type HeldCrime,
  type HeldNeighbourhood,
  type HeldOutcome,
  type HeldStop,
  type TestData,
} from './data.js'

/** Options of {@link generateData}. */
export interface GenerateOptions {
  /** Same seed, same data. Default 1. */
  readonly seed?: number
  /** Newest month. Default 2026-08. */
  readonly newest?: Month
  /** Number of published months. Default 3. */
  readonly monthCount?: number
  /** Force ids. Default leicestershire, metropolitan and northern-ireland. */
  readonly forces?: readonly string[]
  /** Crimes in each month, over all forces. Default 300. */
  readonly crimeCount?: number
  /** Outcomes in each month. Default half the crimes. */
  readonly outcomeCount?: number
  /** Stops in each month. Default a third of the crimes. */
  readonly stopCount?: number
  /** Map points everything is snapped to. Default 60. */
  readonly pointCount?: number
  /** Share of rows without a place. Default 0.05. */
  readonly unplacedShare?: number
  /** Where the points lie. Default around Leicester. */
  readonly bounds?: {
    readonly south: number
    readonly west: number
    readonly north: number
    readonly east: number
  }
  /** Exact points to use beside the drawn ones, such as corners of an area. */
  readonly points?: readonly { readonly lat: number; readonly lng: number }[]
  /** Forces that have not yet published stops for the newest month. Default none. */
  readonly lateForces?: readonly string[]
}

/** A small, fast, seeded source of numbers in [0, 1): mulberry32. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/**
 * Invents a service: months, forces, neighbourhoods, crimes, outcomes and stops in the recorded
 * shapes. Rows repeat, share points and lack places as real ones do.
 */
export function generateData(options: GenerateOptions = {}): TestData {
  const random = seededRandom(options.seed ?? 1)
  const newest = options.newest ?? '2026-08'
  const monthCount = options.monthCount ?? 3
  const months = Array.from({ length: monthCount }, (_, back) => addMonths(newest, -back))
  const forceIds = options.forces ?? ['leicestershire', 'metropolitan', 'northern-ireland']
  const forces: Force[] = forceIds.map((id) => ({ id, name: `${titled(id)} Police` }))
  const bounds = options.bounds ?? { south: 52.55, west: -1.25, north: 52.72, east: -1 }
  const crimeCount = options.crimeCount ?? 300
  const unplacedShare = options.unplacedShare ?? 0.05
  const pick = <Item>(items: readonly Item[]): Item =>
    items[Math.floor(random() * items.length)] as Item
  const digit = (): string => Math.floor(random() * 16).toString(16)

  const drawn = Array.from({ length: options.pointCount ?? 60 }, () => ({
    lat: bounds.south + random() * (bounds.north - bounds.south),
    lng: bounds.west + random() * (bounds.east - bounds.west),
  }))
  const locations: Location[] = [...drawn, ...(options.points ?? [])].map((point, index) => ({
    latitude: point.lat.toFixed(6),
    street: {
      id: 1_700_001 + index,
      name: index % 17 === 0 ? 'On or near ' : `On or near Street ${index}`,
    },
    longitude: point.lng.toFixed(6),
  }))
  const place = (): Location | null => (random() < unplacedShare ? null : pick(locations))
  const categories = Object.keys(crimeCategories).filter(
    (slug) => slug !== 'all-crime' && slug !== 'public-disorder-weapons',
  )

  let nextId = 100_000_000
  const crimeOf = (month: Month, location: Location | null): Omit<Crime, 'outcome_status'> => {
    const category = pick(categories)
    nextId += 1
    return {
      category,
      persistent_id:
        category === 'anti-social-behaviour' ? '' : Array.from({ length: 64 }, digit).join(''),
      location_subtype: '',
      id: nextId,
      location,
      context: '',
      month,
      location_type: location ? 'Force' : null,
    }
  }
  const crimes: HeldCrime[] = []
  const outcomes: HeldOutcome[] = []
  const stops: HeldStop[] = []
  for (const month of months) {
    for (let count = 0; count < crimeCount; count += 1) {
      const crime = crimeOf(month, place())
      const quiet = crime.category === 'anti-social-behaviour'
      crimes.push({
        force: pick(forceIds),
        row: {
          ...crime,
          outcome_status: quiet
            ? null
            : { category: pick(Object.values(outcomeCategories)), date: month },
        },
      })
    }
    for (let count = 0; count < (options.outcomeCount ?? crimeCount / 2); count += 1) {
      const code = pick(Object.keys(outcomeCategories)) as keyof typeof outcomeCategories
      const row: Outcome = {
        category: { code, name: outcomeCategories[code] },
        date: month,
        person_id: null,
        crime: crimeOf(addMonths(month, -Math.floor(random() * 20)), place()),
      }
      const force = pick(forceIds)
      outcomes.push({ force, row })
      if (random() < 0.1) outcomes.push({ force, row })
    }
    for (let count = 0; count < (options.stopCount ?? crimeCount / 3); count += 1) {
      const force = pick(forceIds)
      if (month === newest && options.lateForces?.includes(force)) continue
      const row = stopOf(month, place(), random)
      stops.push({ force, month, row })
      if (random() < 0.1) stops.push({ force, month, row })
    }
  }

  return {
    availability: months.map((date) => ({
      date,
      'stop-and-search': forceIds
        .filter((force) => !(date === newest && options.lateForces?.includes(force)))
        .toSorted(),
    })),
    categories: currentCategories,
    forces,
    neighbourhoods: forceIds.flatMap((force, index) => neighbourhoodsOf(force, index, bounds)),
    crimes,
    outcomes,
    stops,
    cases: crimes
      .filter(({ row }) => row.persistent_id !== '')
      .slice(0, 50)
      .map(({ row: { outcome_status: _, ...crime } }) => ({
        crime,
        outcomes: [
          {
            category: { code: 'under-investigation', name: 'Under investigation' },
            date: crime.month,
            person_id: null,
          },
        ],
      })),
  }
}

function stopOf(month: Month, location: Location | null, random: () => number): Stop {
  const pick = <Item>(items: readonly Item[]): Item =>
    items[Math.floor(random() * items.length)] as Item
  const type = pick(stopTypes)
  const day = String(1 + Math.floor(random() * 28)).padStart(2, '0')
  const ids = Object.keys(stopOutcomes) as (keyof typeof stopOutcomes)[]
  const id = random() < 0.05 ? '' : pick(ids)
  const name = id === '' ? '' : stopOutcomes[id]
  return {
    age_range: pick(['10-17', '18-24', '25-34', 'over 34', null]),
    outcome: name,
    involved_person: type !== 'Vehicle search',
    self_defined_ethnicity: pick(['Other ethnic group - Not stated', null]),
    gender: pick(['Male', 'Female', null]),
    legislation: pick(['Misuse of Drugs Act 1971 (section 23)', null]),
    outcome_linked_to_object_of_search: pick([true, false, null]),
    datetime: `${month}-${day}T${random() < 0.3 ? '00:00:00' : '13:40:00'}+00:00`,
    removal_of_more_than_outer_clothing: pick([true, false, null]),
    outcome_object: { id, name },
    location,
    operation: pick([false, null]),
    officer_defined_ethnicity: pick(['White', 'Black', 'Asian', 'Other', null]),
    type,
    operation_name: null,
    object_of_search: pick(['Controlled drugs', 'Offensive weapons', null]),
  }
}

function neighbourhoodsOf(
  force: string,
  index: number,
  bounds: NonNullable<GenerateOptions['bounds']>,
): HeldNeighbourhood[] {
  const width = (bounds.east - bounds.west) / 4
  return ['NC04', '55.CR3001', 'West Side'].map((id, part) => {
    const west = bounds.west + width * part
    const south = bounds.south + index * 0.01
    const corner = (lat: number, lng: number) => ({
      latitude: lat.toFixed(10),
      longitude: lng.toFixed(10),
    })
    const detail: NeighbourhoodDetail = {
      url_force: `http://www.example.test/${force}`,
      contact_details: { telephone: '101' },
      name: `Area ${id}`,
      links: [{ url: '', description: null, title: 'Council' }],
      centre: { latitude: String(south + 0.01), longitude: String(west + width / 2) },
      locations: [],
      description: '<p>Invented.</p>',
      id,
      population: '0',
    }
    return {
      force,
      detail,
      boundary: [
        corner(south, west),
        corner(south, west + width),
        corner(south + 0.08, west + width),
        corner(south + 0.08, west),
        corner(south, west),
      ],
      people: [{ name: 'Officer One', rank: 'Sergeant', bio: null, contact_details: {} }],
      events: [
        {
          contact_details: {},
          description: null,
          title: 'Surgery',
          address: 'Town hall',
          type: 'meeting',
          start_date: '2026-09-17T12:00:00',
          end_date: '2026-09-17T14:00:00',
        },
      ],
      priorities: [
        {
          action: null,
          'issue-date': '2026-07-01T00:00:00',
          'action-date': null,
          issue: '<p>Bicycles.</p>',
        },
      ],
    }
  })
}

function titled(id: string): string {
  return id
    .split('-')
    .map((word) => word.slice(0, 1).toUpperCase() + word.slice(1))
    .join(' ')
}
