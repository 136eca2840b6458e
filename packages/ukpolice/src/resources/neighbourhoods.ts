import {
  type GeoJsonMultiPolygon,
  type GeoJsonPosition,
  type LatLng,
  decimalText,
  isUsableArea,
  requirePoint,
} from '../area.js'
import type { Caller } from '../caller.js'
import { type CallOptions, checkCallOptions } from '../options.js'
import { requireSegment } from '../path.js'
import type { ShapeName } from '../shapes.js'
import type {
  LocatedNeighbourhood,
  Neighbourhood,
  NeighbourhoodDetail,
  NeighbourhoodEvent,
  NeighbourhoodPriority,
  Officer,
  TextPosition,
} from '../types.js'

/**
 * Neighbourhoods. Routes `{force}/neighbourhoods`, `{force}/{neighbourhood}` and below, and
 * `locate-neighbourhood`. Every method throws `OPTION_UNKNOWN_FORCE` for a force that is not
 * listed, `OPTION_BAD_PATH` for an id that cannot be one, and `API_UNKNOWN_NEIGHBOURHOOD`.
 */
export interface NeighbourhoodsResource {
  list(force: string, options?: CallOptions): Promise<readonly Neighbourhood[]>
  get(force: string, id: string, options?: CallOptions): Promise<NeighbourhoodDetail>
  /** The border, ready to be used as `within`. */
  boundary(force: string, id: string, options?: CallOptions): Promise<readonly TextPosition[]>
  /** Members of the team. */
  people(force: string, id: string, options?: CallOptions): Promise<readonly Officer[]>
  /** Events to come, by start. */
  events(force: string, id: string, options?: CallOptions): Promise<readonly NeighbourhoodEvent[]>
  priorities(
    force: string,
    id: string,
    options?: CallOptions,
  ): Promise<readonly NeighbourhoodPriority[]>
  /**
   * The boundaries of all neighbourhoods of a force as one area for the tiled methods. It takes a
   * request for each neighbourhood: 26 for Northern Ireland, 679 for the Metropolitan Police.
   */
  forceArea(force: string, options?: CallOptions): Promise<ForceArea>
  /** The neighbourhood that covers a point. @throws {NotFoundError} `API_OUTSIDE_COVERAGE` */
  locate(point: LatLng, options?: CallOptions): Promise<LocatedNeighbourhood>
}

/** The area of a force, ready to be used as `within`. */
export interface ForceArea extends GeoJsonMultiPolygon {
  /**
   * Neighbourhoods whose boundary is no polygon and could not be asked for: empty, of fewer than
   * three distinct vertices, on one line, or outside the United Kingdom. The area lacks them.
   */
  readonly withoutBoundary: readonly string[]
}

/** Builds the neighbourhoods resource. */
export function neighbourhoodsResource(caller: Caller): NeighbourhoodsResource {
  const ask = async <Value>(
    force: string,
    rest: readonly string[],
    shape: ShapeName,
    options: CallOptions = {},
  ): Promise<Value> => {
    const { signal } = checkCallOptions(options)
    for (const segment of rest) requireSegment(segment, 'neighbourhood')
    const id = await caller.reference.requireForce(force, { signal })
    const answer = await caller.call<Value>(
      { path: [id, ...rest], shape, cacheVersion: caller.crimeVersion },
      options,
    )
    return answer.value
  }

  const resource: NeighbourhoodsResource = {
    list: (force, options) => ask(force, ['neighbourhoods'], 'neighbourhoods', options),
    get: (force, id, options) => ask(force, [id], 'neighbourhood', options),
    boundary: (force, id, options) => ask(force, [id, 'boundary'], 'boundary', options),
    people: (force, id, options) => ask(force, [id, 'people'], 'officers', options),
    events: (force, id, options) => ask(force, [id, 'events'], 'events', options),
    priorities: (force, id, options) => ask(force, [id, 'priorities'], 'priorities', options),
    async forceArea(force, options = {}) {
      const all = await resource.list(force, options)
      const stop = new AbortController()
      const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal
      try {
        const boundaries = await Promise.all(
          all.map(({ id }) => resource.boundary(force, id, { ...options, signal })),
        )
        const usable = boundaries.map((boundary) => isUsableArea(boundary))
        return {
          type: 'MultiPolygon',
          coordinates: boundaries
            .filter((_, index) => usable[index])
            .map((boundary) => [boundary.map(positionOf)]),
          withoutBoundary: all.filter((_, index) => !usable[index]).map(({ id }) => id),
        }
      } finally {
        stop.abort() // after a failure the other boundaries are not asked for
      }
    },
    async locate(point, options = {}) {
      checkCallOptions(options)
      const { lat, lng } = requirePoint(point, 'point')
      const answer = await caller.call<LocatedNeighbourhood>(
        {
          path: ['locate-neighbourhood'],
          params: { q: `${decimalText(lat)},${decimalText(lng)}` },
          shape: 'located',
          cacheVersion: caller.crimeVersion,
        },
        options,
      )
      return answer.value
    },
  }
  return resource
}

function positionOf({ latitude, longitude }: TextPosition): GeoJsonPosition {
  return [Number(longitude), Number(latitude)]
}
