import type { CellBounds } from './errors.js'
import type { Month } from './month.js'

/** What kind of rows a note is about. */
export type Dataset = 'crimes' | 'outcomes' | 'stops'

/** A known hole or weakness in what is published. */
export interface CoverageNote {
  /** Stable identifier. */
  readonly id: string
  /** One sentence for a reader. */
  readonly text: string
  readonly datasets: readonly Dataset[]
  /** Forces it is about; empty for places without a force in the service. */
  readonly forces: readonly string[]
  /** First and last month it holds for; absent where open. */
  readonly since?: Month
  readonly until?: Month
  /** A generous rectangle around the place, to match areas. */
  readonly bounds: CellBounds
  /** The date on which this was known to be so. */
  readonly knownOn: string
}

const knownOn = '2026-10-01'
const everywhere: CellBounds = { south: 49, west: -9, north: 61, east: 3 }
const scotland: CellBounds = { south: 54.6, west: -8.7, north: 61, east: -0.7 }
const northernIreland: CellBounds = { south: 54, west: -8.2, north: 55.4, east: -5.4 }

/**
 * Every coverage note of this release.
 *
 * Source: pages "About" and "Changelog" of data.police.uk as known in October 2026, and answers
 * recorded then.
 */
export const coverageNotes: readonly CoverageNote[] = [
  {
    id: 'greater-manchester-none',
    text: 'Greater Manchester Police has published no crimes, outcomes or stops since July 2019.',
    datasets: ['crimes', 'outcomes', 'stops'],
    forces: ['greater-manchester'],
    since: '2019-07',
    bounds: { south: 53.32, west: -2.74, north: 53.69, east: -1.9 },
    knownOn,
  },
  {
    id: 'northern-ireland-crimes-only',
    text: 'The Police Service of Northern Ireland publishes crimes only: no outcomes (each crime shows the placeholder "Under investigation"), no stops, and unreliable persistent ids.',
    datasets: ['crimes', 'outcomes', 'stops'],
    forces: ['northern-ireland'],
    bounds: northernIreland,
    knownOn,
  },
  {
    id: 'btp-stations',
    text: 'British Transport Police crimes are placed at stations and come without outcomes, persistent ids and anti-social behaviour.',
    datasets: ['crimes', 'outcomes'],
    forces: ['btp'],
    bounds: everywhere,
    knownOn,
  },
  {
    id: 'scotland-btp-only',
    text: 'Police Scotland publishes nothing here: in Scotland only British Transport Police records appear.',
    datasets: ['crimes', 'outcomes', 'stops'],
    forces: [],
    bounds: scotland,
    knownOn,
  },
  {
    id: 'devon-and-cornwall-outcomes',
    text: 'Outcomes of Devon and Cornwall Police are unreliable since November 2022.',
    datasets: ['crimes', 'outcomes'],
    forces: ['devon-and-cornwall'],
    since: '2022-11',
    bounds: { south: 49.8, west: -6.5, north: 51.25, east: -2.9 },
    knownOn,
  },
  {
    id: 'avon-and-somerset-unplaced',
    text: 'Avon and Somerset publishes about 2,000 crimes a month without coordinates; no area holds them.',
    datasets: ['crimes'],
    forces: ['avon-and-somerset'],
    bounds: { south: 50.8, west: -3.85, north: 51.7, east: -2.2 },
    knownOn,
  },
  {
    id: 'stops-withheld',
    text: 'Gwent, Humberside and West Midlands have withheld or paused stop and search data at times.',
    datasets: ['stops'],
    forces: ['gwent', 'humberside', 'west-midlands'],
    bounds: everywhere,
    knownOn,
  },
  {
    id: 'court-results-unpublished',
    text: 'Court results from June 2019 on are not published; "Court result unavailable" stands for them.',
    datasets: ['outcomes'],
    forces: [],
    since: '2019-06',
    bounds: everywhere,
    knownOn,
  },
]

/** What to find notes for; a part left out matches all. */
export interface CoverageQuery {
  readonly dataset?: Dataset | undefined
  readonly month?: Month | undefined
  readonly force?: string | undefined
  /** The rectangle around an area; a note matches when it may touch it. */
  readonly bounds?: CellBounds | undefined
}

/**
 * The notes that may bear on a question.
 *
 * With an area they are hints: the rectangles are generous, so a note can concern a neighbour.
 */
export function findCoverageNotes(query: CoverageQuery): readonly CoverageNote[] {
  return coverageNotes.filter((note) => {
    if (query.dataset && !note.datasets.includes(query.dataset)) return false
    if (query.month && note.since && query.month < note.since) return false
    if (query.month && note.until && query.month > note.until) return false
    if (query.force !== undefined) {
      const general = note.forces.length === 0 && note.bounds === everywhere
      if (!general && !note.forces.includes(query.force)) return false
    }
    if (query.bounds && !overlap(query.bounds, note.bounds)) return false
    return true
  })
}

function overlap(a: CellBounds, b: CellBounds): boolean {
  return a.south <= b.north && a.north >= b.south && a.west <= b.east && a.east >= b.west
}
