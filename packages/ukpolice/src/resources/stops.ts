import type { LocationArea, PointArea, PolygonArea, PolygonInput } from '../area.js'
import { requireKnownKeys } from '../area.js'
import type { Rows, TiledPage } from '../answer.js'
import type { Caller } from '../caller.js'
import type { Month } from '../month.js'
import { type CallOptions, checkCallOptions } from '../options.js'
import type { Stop } from '../types.js'
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

/** Stops around a point or inside a polygon. */
export type StreetStopsQuery = (PointArea | PolygonArea) & {
  /** Default the newest published month. */
  readonly month?: Month | undefined
}

/** Stops inside an area of any size. */
export interface TiledStopsQuery {
  readonly within: PolygonInput
  readonly month?: Month | undefined
}

/** Stops at one map point. */
export type StopsAtLocationQuery = LocationArea & { readonly month?: Month | undefined }

/** Stops of a force. */
export interface ForceStopsQuery {
  /** A force id, or `btp`. */
  readonly force: string
  /** Default the newest published month. */
  readonly month?: Month | undefined
}

/** Rows of a force with whether it has published the month at all. */
export type ForceStops = Rows<Stop> & {
  /** False when the availability list lacks the force: then no rows means not published. */
  readonly published: boolean
}

/** Stops. Routes `stops-street`, `stops-at-location`, `stops-no-location` and `stops-force`. */
export interface StopsResource {
  /** Stops within a mile of a point or inside one polygon, in one request. */
  street(query: StreetStopsQuery, options?: CallOptions): Promise<Rows<Stop>>
  /** Stops inside an area of any size, a page for each cell. Equal rows stay. */
  streetTiled(query: TiledStopsQuery, options?: TileCallOptions): AsyncGenerator<TiledPage<Stop>>
  /** All pages of {@link streetTiled} together. */
  streetAll(query: TiledStopsQuery, options?: TileCallOptions): Promise<Rows<Stop>>
  /** Stops at one map point. */
  atLocation(query: StopsAtLocationQuery, options?: CallOptions): Promise<Rows<Stop>>
  /** Every stop of a force, with and without a place. */
  force(query: ForceStopsQuery, options?: CallOptions): Promise<ForceStops>
  /** The stops of a force without a place: a part of {@link force}. */
  unplaced(query: ForceStopsQuery, options?: CallOptions): Promise<ForceStops>
}

const placeOf = (stop: Stop): Stop['location'] => stop.location
const streetRoute: AreaRoute<Stop> = {
  path: ['stops-street'],
  shape: 'stops',
  dataset: 'stops',
  placeOf,
}
const locationRoute: AreaRoute<Stop> = { ...streetRoute, path: ['stops-at-location'] }

/** Builds the stops resource. */
export function stopsResource(caller: Caller): StopsResource {
  const { reference } = caller
  const byForce = async (
    route: 'stops-force' | 'stops-no-location',
    query: ForceStopsQuery,
    options: CallOptions,
  ): Promise<ForceStops> => {
    const { signal } = checkCallOptions(options)
    requireKnownKeys(query, ['month', 'force'], 'stops.force')
    const force = await reference.requireForce(query.force, { btp: true, signal })
    const month = await reference.requirePublished(query.month, signal)
    const answer = await caller.call<readonly Stop[]>(
      {
        path: [route],
        params: { force, date: month },
        shape: 'stops',
        cacheVersion: caller.stopVersion(month),
      },
      options,
    )
    const published = (await reference.stopForces(month, signal)).includes(force)
    const rows = answerRows(answer, 'stops', month, { force })
    return Object.defineProperty(rows, 'published', { value: published }) as ForceStops
  }

  const resource: StopsResource = {
    async street(query, options = {}) {
      checkCallOptions(options)
      requireAreaKeys(query, [], 'stops.street')
      const area = areaParams(query, ['at', 'within'], 'stops.street')
      const month = await reference.requirePublished(query.month, options.signal)
      return askArea(caller, streetRoute, area, month, options)
    },
    async *streetTiled(query, options = {}) {
      checkCallOptions(options, tileOptionKeys)
      requireAreaKeys(query, [], 'stops.streetTiled')
      const area = readTiledArea(query.within, options)
      const month = await reference.requirePublished(query.month, options.signal)
      yield* askTiled(caller, streetRoute, area, month, options)
    },
    streetAll: (query, options) => collectPages(resource.streetTiled(query, options)),
    async atLocation(query, options = {}) {
      checkCallOptions(options)
      requireAreaKeys(query, [], 'stops.atLocation')
      const area = areaParams(query, ['location'], 'stops.atLocation')
      const month = await reference.requirePublished(query.month, options.signal)
      return askArea(caller, locationRoute, area, month, options)
    },
    force: (query, options = {}) => byForce('stops-force', query, options),
    unplaced: (query, options = {}) => byForce('stops-no-location', query, options),
  }
  return resource
}
