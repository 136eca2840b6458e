import { createCaller } from './caller.js'
import { requireKnownKeys } from './area.js'
import { OptionError } from './errors.js'
import type { Month } from './month.js'
import { type MonthRange, type MonthRun, type MonthRunOptions, runMonths } from './months.js'
import {
  type CallOptions,
  checkCallOptions,
  type ClientOptions,
  resolveClientOptions,
} from './options.js'
import { requireSegment } from './path.js'
import { sharedRateLimiter } from './rate-limiter.js'
import {
  type AvailabilityResource,
  availabilityResource,
  type CategoriesResource,
  categoriesResource,
} from './resources/availability.js'
import { type CrimesResource, crimesResource } from './resources/crimes.js'
import { type ForcesResource, forcesResource } from './resources/forces.js'
import { type NeighbourhoodsResource, neighbourhoodsResource } from './resources/neighbourhoods.js'
import { type OutcomesResource, outcomesResource } from './resources/outcomes.js'
import { type StopsResource, stopsResource } from './resources/stops.js'
import { createTransport } from './transport.js'

/** Options of the escape hatch. */
export interface RawRequestOptions extends CallOptions {
  /** Query parameters, or form fields for a POST. */
  readonly params?: Readonly<Record<string, string | number>> | undefined
  /** `POST` sends the parameters as a form, as polygons need. Default `GET`. */
  readonly method?: 'GET' | 'POST' | undefined
}

/** A client of the UK Police API. */
export interface PoliceClient {
  readonly availability: AvailabilityResource
  readonly categories: CategoriesResource
  readonly crimes: CrimesResource
  readonly forces: ForcesResource
  readonly neighbourhoods: NeighbourhoodsResource
  readonly outcomes: OutcomesResource
  readonly stops: StopsResource
  /**
   * Goes through the published months of a range.
   *
   * @param fetchMonth asks for one month; give it any call of this client
   */
  months<Value>(
    range: MonthRange,
    fetchMonth: (month: Month, signal: AbortSignal | undefined) => Promise<Value>,
    options?: MonthRunOptions,
  ): MonthRun<Value>
  /**
   * Any route by its path, under the same limits, retries and errors; the answer is neither
   * checked nor cached.
   *
   * @param path below `/api`, such as `crimes-street-dates` or `leicestershire/NC04`, not encoded
   * @throws {OptionError} `OPTION_BAD_PATH`
   */
  request<Value = unknown>(path: string, options?: RawRequestOptions): Promise<Value>
}

/**
 * Makes a client. Clients are cheap; all of a process share one rate limit for each host.
 *
 * @throws {OptionError} for an unknown or unusable option
 */
export function createClient(options: ClientOptions = {}): PoliceClient {
  const resolved = resolveClientOptions(options)
  const transport = createTransport({
    ...resolved,
    limiter: sharedRateLimiter(resolved.host, resolved.limits),
  })
  const caller = createCaller(transport, resolved)
  return {
    availability: availabilityResource(caller),
    categories: categoriesResource(caller),
    crimes: crimesResource(caller),
    forces: forcesResource(caller),
    neighbourhoods: neighbourhoodsResource(caller),
    outcomes: outcomesResource(caller),
    stops: stopsResource(caller),
    months: (range, fetchMonth, runOptions) =>
      runMonths(caller.reference, range, fetchMonth, runOptions),
    async request<Value>(path: string, requestOptions: RawRequestOptions = {}) {
      checkCallOptions(requestOptions, ['params', 'method'])
      const { params = {}, method = 'GET', ...callOptions } = requestOptions
      requireKnownKeys({ [method]: true }, ['GET', 'POST'], 'method')
      if (typeof path !== 'string') {
        throw new OptionError('OPTION_BAD_PATH', `path must be text, not ${typeof path}`)
      }
      if (typeof params !== 'object' || params === null) {
        throw new OptionError('OPTION_INVALID', `params must be an object, not ${String(params)}`)
      }
      const answer = await caller.call<Value>(
        {
          path: path.split('/').map((segment) => requireSegment(segment, 'path segment')),
          params: Object.fromEntries(
            Object.entries(params).map(([key, value]) => [key, String(value)]),
          ),
          post: method === 'POST',
        },
        callOptions,
      )
      return answer.value
    },
  }
}
