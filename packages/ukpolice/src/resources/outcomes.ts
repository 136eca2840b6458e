import { type LocationArea, type PointArea, type PolygonArea, type PolygonInput } from '../area.js'
import type { Rows, TiledPage } from '../answer.js'
import type { Caller } from '../caller.js'
import { OptionError } from '../errors.js'
import type { Month } from '../month.js'
import { type CallOptions, checkCallOptions } from '../options.js'
import { shown } from '../shown.js'
import type { CaseHistory, Outcome } from '../types.js'
import {
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

/** Outcomes recorded in a month, for crimes around a point, inside a polygon or at a map point. */
export type OutcomesQuery = (PointArea | PolygonArea | LocationArea) & {
  /** The month the outcome was recorded. Default the newest published month. */
  readonly month?: Month | undefined
}

/** Outcomes for an area of any size. */
export interface TiledOutcomesQuery {
  readonly within: PolygonInput
  readonly month?: Month | undefined
}

/** Outcomes. Routes `outcomes-at-location` and `outcomes-for-crime`. */
export interface OutcomesResource {
  /**
   * Outcomes of an area in one request.
   *
   * @throws {TooManyResultsError} for an area over 10,000 outcomes; use {@link atLocationTiled}
   */
  atLocation(query: OutcomesQuery, options?: CallOptions): Promise<Rows<Outcome>>
  /** Outcomes of an area of any size, a page for each cell. Equal rows stay. */
  atLocationTiled(
    query: TiledOutcomesQuery,
    options?: TileCallOptions,
  ): AsyncGenerator<TiledPage<Outcome>>
  /** All pages of {@link atLocationTiled} together. */
  atLocationAll(query: TiledOutcomesQuery, options?: TileCallOptions): Promise<Rows<Outcome>>
  /**
   * What became of one crime. For Northern Ireland the service may answer with another record.
   *
   * @param persistentId 64 lower-case hexadecimal digits
   * @throws {OptionError} `OPTION_BAD_ID`
   * @throws {NotFoundError} `API_UNKNOWN_CRIME`
   */
  forCrime(persistentId: string, options?: CallOptions): Promise<CaseHistory>
}

const areaRoute: AreaRoute<Outcome> = {
  path: ['outcomes-at-location'],
  shape: 'outcomes',
  dataset: 'outcomes',
  placeOf: (outcome) => outcome.crime.location,
}

/** Builds the outcomes resource. */
export function outcomesResource(caller: Caller): OutcomesResource {
  const resource: OutcomesResource = {
    async atLocation(query, options = {}) {
      checkCallOptions(options)
      requireAreaKeys(query, [], 'outcomes.atLocation')
      const area = areaParams(query, ['at', 'within', 'location'], 'outcomes.atLocation')
      const month = await caller.reference.requirePublished(query.month, options.signal)
      return askArea(caller, areaRoute, area, month, options)
    },
    async *atLocationTiled(query, options = {}) {
      checkCallOptions(options, tileOptionKeys)
      requireAreaKeys(query, [], 'outcomes.atLocationTiled')
      const area = readTiledArea(query.within, options)
      const month = await caller.reference.requirePublished(query.month, options.signal)
      yield* askTiled(caller, areaRoute, area, month, options)
    },
    atLocationAll: (query, options) => collectPages(resource.atLocationTiled(query, options)),
    async forCrime(persistentId, options = {}) {
      checkCallOptions(options)
      const answer = await caller.call<CaseHistory>(
        {
          path: ['outcomes-for-crime', requirePersistentId(persistentId)],
          shape: 'caseHistory',
          cacheVersion: caller.crimeVersion,
        },
        options,
      )
      return answer.value
    },
  }
  return resource
}

function requirePersistentId(text: string): string {
  if (typeof text === 'string' && /^[0-9a-f]{64}$/.test(text)) return text
  const why =
    text === ''
      ? 'is empty, as for anti-social behaviour and British Transport Police, whose crimes have no history'
      : typeof text === 'string' && /^[0-9a-f]{64}$/i.test(text)
        ? 'holds capital letters, which the service does not find; write it in lower case'
        : 'is not 64 hexadecimal digits; use the persistent_id of a row'
  throw new OptionError('OPTION_BAD_ID', `persistentId ${shown(text)} ${why}`, {
    context: { persistentId: text },
  })
}
