import type { LocationArea, PointArea, PolygonArea, PolygonInput } from '../area.js'
import { requireKnownKeys } from '../area.js'
import type { Rows, TiledPage } from '../answer.js'
import type { Caller } from '../caller.js'
import type { Month } from '../month.js'
import { type CallOptions, checkCallOptions } from '../options.js'
import type { Crime } from '../types.js'
import type { CrimeCategory } from '../words.js'
import {
  answerRows,
  areaParams,
  type AreaRoute,
  askArea,
  askTiled,
  collectPages,
  readTiledArea,
  requireAreaKeys,
  type TileCallOptions,
  tileOptionKeys,
} from './areas.js'

interface MonthAndCategory {
  /** Default the newest published month. */
  readonly month?: Month | undefined
  /** Default `all-crime`. */
  readonly category?: CrimeCategory | undefined
}

/** Crimes around a point or inside a polygon. */
export type StreetCrimesQuery = (PointArea | PolygonArea) & MonthAndCategory

/** Crimes inside an area of any size. */
export interface TiledCrimesQuery extends MonthAndCategory {
  readonly within: PolygonInput
}

/** Crimes at one map point: by its id, or the one nearest to a point. */
export type CrimesAtLocationQuery = (LocationArea | PointArea) & {
  readonly month?: Month | undefined
}

/** Crimes of a force that have no place. */
export interface UnplacedCrimesQuery extends MonthAndCategory {
  /** A force id, or `btp`. */
  readonly force: string
}

/** Crimes. Routes `crimes-street`, `crimes-at-location` and `crimes-no-location`. */
export interface CrimesResource {
  /**
   * Crimes within a mile of a point or inside one polygon, in one request.
   *
   * @throws {TooManyResultsError} for an area over some 10,000 crimes; use {@link streetTiled}
   */
  street(query: StreetCrimesQuery, options?: CallOptions): Promise<Rows<Crime>>
  /** Crimes inside an area of any size, a page for each cell. */
  streetTiled(query: TiledCrimesQuery, options?: TileCallOptions): AsyncGenerator<TiledPage<Crime>>
  /** All pages of {@link streetTiled} together. */
  streetAll(query: TiledCrimesQuery, options?: TileCallOptions): Promise<Rows<Crime>>
  /** Crimes at one map point. */
  atLocation(query: CrimesAtLocationQuery, options?: CallOptions): Promise<Rows<Crime>>
  /** Crimes of a force without a place. */
  unplaced(query: UnplacedCrimesQuery, options?: CallOptions): Promise<Rows<Crime>>
}

/** Builds the crimes resource. */
export function crimesResource(caller: Caller): CrimesResource {
  const { reference } = caller
  const streetRoute = async (
    category: CrimeCategory = 'all-crime',
    signal: AbortSignal | undefined,
  ): Promise<AreaRoute<Crime>> => ({
    path: ['crimes-street', await reference.requireCategory(category, signal)],
    shape: 'crimes',
    dataset: 'crimes',
    placeOf: (crime) => crime.location,
  })

  const resource: CrimesResource = {
    async street(query, options = {}) {
      checkCallOptions(options)
      requireAreaKeys(query, ['category'], 'crimes.street')
      const area = areaParams(query, ['at', 'within'], 'crimes.street')
      const route = await streetRoute(query.category, options.signal)
      const month = await reference.requirePublished(query.month, options.signal)
      return askArea(caller, route, area, month, options)
    },
    async *streetTiled(query, options = {}) {
      checkCallOptions(options, tileOptionKeys)
      requireAreaKeys(query, ['category'], 'crimes.streetTiled')
      const area = readTiledArea(query.within, options)
      const route = await streetRoute(query.category, options.signal)
      const month = await reference.requirePublished(query.month, options.signal)
      yield* askTiled(caller, route, area, month, options)
    },
    streetAll: (query, options) => collectPages(resource.streetTiled(query, options)),
    async atLocation(query, options = {}) {
      checkCallOptions(options)
      requireAreaKeys(query, [], 'crimes.atLocation')
      const area = areaParams(query, ['location', 'at'], 'crimes.atLocation')
      const month = await reference.requirePublished(query.month, options.signal)
      const route: AreaRoute<Crime> = {
        path: ['crimes-at-location'],
        shape: 'crimes',
        dataset: 'crimes',
        placeOf: (crime) => crime.location,
      }
      return askArea(caller, route, area, month, options)
    },
    async unplaced(query, options = {}) {
      const { signal } = checkCallOptions(options)
      requireKnownKeys(query, ['month', 'category', 'force'], 'crimes.unplaced')
      const force = await reference.requireForce(query.force, { btp: true, signal })
      const category = await reference.requireCategory(query.category ?? 'all-crime', signal)
      const month = await reference.requirePublished(query.month, signal)
      const answer = await caller.call<readonly Crime[]>(
        {
          path: ['crimes-no-location'],
          params: { category, force, date: month },
          shape: 'crimes',
          cacheVersion: caller.crimeVersion,
        },
        options,
      )
      return answerRows(answer, 'crimes', month, { force })
    },
  }
  return resource
}
