import type { Caller } from '../caller.js'
import { addMonths, type Month } from '../month.js'
import { type CallOptions, checkCallOptions } from '../options.js'
import type { Availability, Category } from '../types.js'

/** Forces that are expected but have not published stops for a month. */
export interface LateForces {
  readonly month: Month
  /** Forces that have published stops for the month. */
  readonly published: readonly string[]
  /** Forces that published in any of the three months before, but not in this one. */
  readonly late: readonly string[]
}

/** What is published. Routes `crimes-street-dates` and `crime-last-updated`. */
export interface AvailabilityResource {
  /** Published months, newest first, with the forces that published stops. */
  list(options?: CallOptions): Promise<readonly Availability[]>
  /** Published months, oldest first. */
  months(options?: CallOptions): Promise<readonly Month[]>
  /** The newest crime month; the day the service sends means nothing and is left off. */
  lastUpdated(options?: CallOptions): Promise<Month>
  /**
   * Forces that are late with stops. There is no such list for crimes: a force that skipped a
   * month of crimes cannot be recognised.
   *
   * @param month default the newest published month
   */
  lateForces(month?: Month, options?: CallOptions): Promise<LateForces>
}

/** Categories. Route `crime-categories`. */
export interface CategoriesResource {
  list(options?: CallOptions): Promise<readonly Category[]>
}

/** Builds the availability resource. */
export function availabilityResource({ reference }: Caller): AvailabilityResource {
  return {
    // A copy: inputs are checked against the list itself, which a caller must not change.
    list: async (options = {}) =>
      structuredClone(await reference.availability(checkCallOptions(options).signal)),
    months: (options = {}) => reference.months(checkCallOptions(options).signal),
    lastUpdated: (options = {}) => reference.lastUpdated(checkCallOptions(options).signal),
    async lateForces(wanted, options = {}) {
      const { signal } = checkCallOptions(options)
      const month = await reference.requirePublished(wanted, signal)
      const published = await reference.stopForces(month, signal)
      const before = await Promise.all(
        [1, 2, 3].map((count) => reference.stopForces(addMonths(month, -count), signal)),
      )
      const late = [...new Set(before.flat())].filter((force) => !published.includes(force))
      return { month, published, late: late.toSorted() }
    },
  }
}

/** Builds the categories resource. */
export function categoriesResource({ reference }: Caller): CategoriesResource {
  return {
    list: async (options = {}) =>
      structuredClone(await reference.categories(checkCallOptions(options).signal)),
  }
}
