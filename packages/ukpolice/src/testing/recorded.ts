import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import type {
  CaseHistory,
  Category,
  Crime,
  Force,
  ForceDetail,
  NeighbourhoodDetail,
  NeighbourhoodEvent,
  NeighbourhoodPriority,
  Neighbourhood,
  Officer,
  Outcome,
  Stop,
  TextPosition,
} from '../types.js'
import { currentCategories, type HeldCrime, type HeldStop, type TestData } from './data.js'

/**
 * Reads a folder of recorded answers, `<route>/<name>.json`, into what a test server answers from.
 *
 * The folder of a route is its path with hyphens: `crimes-street`, `stops-force`, `forces`,
 * `force`, `neighbourhood-boundary` and so on. Where an answer does not tell its force and month,
 * its file name does: `<force>-<YYYY-MM>...json` for `stops-force`, `stops-no-location` and
 * `crimes-no-location`, `<force>-<neighbourhood>.json` for `neighbourhood` and below. Answers
 * saved as a single element are taken as lists of one.
 */
export function readRecordedData(directory: string): TestData {
  const read = <Value>(route: string): { readonly name: string; readonly value: Value }[] => {
    const folder = path.join(directory, route)
    if (!existsSync(folder)) return []
    return readdirSync(folder)
      .filter((file) => file.endsWith('.json'))
      .sort()
      .map((file) => ({
        name: file.replace(/\.json$/, '').replace(/^official-/, ''),
        value: JSON.parse(readFileSync(path.join(folder, file), 'utf8')) as Value,
      }))
  }
  const rows = <Row>(route: string): Row[] =>
    read<Row | Row[]>(route).flatMap(({ value }) => value as Row[])
  const named = <Row>(route: string) =>
    read<Row | Row[]>(route).flatMap(({ name, value }) => {
      const [, force = '', month = ''] = /^([a-z-]+?)-(\d{4}-\d{2})/.exec(name) ?? []
      return (Array.isArray(value) ? value : [value]).map((row) => ({ force, month, row }))
    })

  const crimes: HeldCrime[] = [
    ...rows<Crime>('crimes-street').map((row) => ({ force: '', row })),
    ...named<Crime>('crimes-no-location'),
  ]
  const stops: HeldStop[] = [
    ...named<Stop>('stops-force'),
    ...[...rows<Stop>('stops-street'), ...rows<Stop>('stops-at-location')].map((row) => ({
      force: '',
      month: row.datetime.slice(0, 7),
      row,
    })),
  ]
  const outcomes = rows<Outcome>('outcomes-at-location').map((row) => ({ force: '', row }))
  const months = new Set([
    ...crimes.map(({ row }) => row.month),
    ...outcomes.map(({ row }) => row.date),
    ...stops.map(({ month }) => month),
  ])
  const categories = rows<Category>('crime-categories')
  const parts = <Value>(route: string, key: string): Value | undefined =>
    read<Value>(route).find(({ name }) => name === key)?.value
  return {
    availability: [...months]
      .sort()
      .reverse()
      .map((date) => ({
        date,
        'stop-and-search': [
          ...new Set(
            stops.filter(({ month, force }) => month === date && force).map((s) => s.force),
          ),
        ].sort(),
      })),
    categories: categories.length > 2 ? categories : currentCategories,
    forces: rows<Force>('forces'),
    forceDetails: read<ForceDetail>('force').map(({ value }) => value),
    officers: {},
    neighbourhoods: read<NeighbourhoodDetail>('neighbourhood')
      .filter(({ value }) => 'id' in value)
      .map(({ name, value: detail }) => ({
        force: name.slice(0, -detail.id.length - 1),
        detail,
        boundary: parts<TextPosition[]>('neighbourhood-boundary', name) ?? [],
        people: parts<Officer[]>('neighbourhood-people', name) ?? [],
        events: parts<NeighbourhoodEvent[]>('neighbourhood-events', name) ?? [],
        priorities: parts<NeighbourhoodPriority[]>('neighbourhood-priorities', name) ?? [],
      })),
    neighbourhoodLists: Object.fromEntries(
      read<Neighbourhood[]>('neighbourhoods').map(({ name, value }) => [name, value]),
    ),
    crimes,
    outcomes,
    stops,
    cases: read<CaseHistory>('outcomes-for-crime').map(({ value }) => value),
  }
}
