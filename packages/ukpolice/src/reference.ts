import type { RouteAnswer, RouteRequest } from './caller.js'
import { OptionError } from './errors.js'
import { type Month, requireMonth } from './month.js'
import { sharedValue } from './shared-value.js'
import { shown } from './shown.js'
import type { Availability, Category, Force, LastUpdated } from './types.js'

/**
 * What the service publishes, asked for once in a while and used to check inputs, because the
 * service itself answers many wrong ones with plausible rows or an empty list.
 */
export interface Reference {
  availability(signal?: AbortSignal): Promise<readonly Availability[]>
  forces(signal?: AbortSignal): Promise<readonly Force[]>
  categories(signal?: AbortSignal): Promise<readonly Category[]>
  /** The newest crime month, `YYYY-MM`. */
  lastUpdated(signal?: AbortSignal): Promise<Month>
  /** Published months, oldest first. */
  months(signal?: AbortSignal): Promise<readonly Month[]>
  /** Forces that published stops for a month, sorted. */
  stopForces(month: Month, signal?: AbortSignal): Promise<readonly string[]>
  /** The month itself when it is published, or the newest for undefined. */
  requirePublished(month: Month | undefined, signal?: AbortSignal): Promise<Month>
  /** @throws {OptionError} `OPTION_UNKNOWN_FORCE` */
  requireForce(
    force: string,
    options?: { readonly btp?: boolean; readonly signal?: AbortSignal | undefined },
  ): Promise<string>
  /** @throws {OptionError} `OPTION_UNKNOWN_CATEGORY` */
  requireCategory(category: string, signal?: AbortSignal): Promise<string>
  /** Forgets everything kept. */
  expire(): void
}

type Ask = (request: RouteRequest, signal: AbortSignal) => Promise<RouteAnswer<unknown>>

/** Builds the reference of one client. */
export function createReference(ask: Ask, ttlMs: number): Reference {
  const shared = <Value>(request: RouteRequest) =>
    sharedValue(async (signal) => (await ask(request, signal)).value as Value, ttlMs)
  const availability = shared<readonly Availability[]>({
    path: ['crimes-street-dates'],
    shape: 'availability',
  })
  const forces = shared<readonly Force[]>({ path: ['forces'], shape: 'forces' })
  const categories = shared<readonly Category[]>({
    path: ['crime-categories'],
    shape: 'categories',
  })
  const lastUpdated = shared<LastUpdated>({ path: ['crime-last-updated'], shape: 'lastUpdated' })

  const reference: Reference = {
    availability: (signal) => availability.get(signal),
    forces: (signal) => forces.get(signal),
    categories: (signal) => categories.get(signal),
    lastUpdated: async (signal) => (await lastUpdated.get(signal)).date.slice(0, 7),
    months: async (signal) =>
      (await availability.get(signal)).map((entry) => entry.date).toSorted(),
    stopForces: async (month, signal) => {
      const entry = (await availability.get(signal)).find((known) => known.date === month)
      return (entry?.['stop-and-search'] ?? []).toSorted()
    },
    async requirePublished(month, signal) {
      if (month !== undefined) requireMonth(month)
      const months = await reference.months(signal)
      const newest = months.at(-1)
      if (newest === undefined) {
        throw new OptionError(
          'OPTION_MONTH_UNPUBLISHED',
          'the service lists no published month; try again later',
          { retryable: true },
        )
      }
      if (month === undefined || months.includes(month)) return month ?? newest
      const oldest = months[0] as Month
      const why =
        month < oldest
          ? `the API reaches back to ${oldest} only; read older months from the bulk archive`
          : month > newest
            ? `the newest month is ${newest}; ask for that one or wait for the next publication`
            : 'the service lists the months around it but not this one; read it from the bulk archive'
      throw new OptionError('OPTION_MONTH_UNPUBLISHED', `${month} is not published: ${why}`, {
        context: { month, oldest, newest },
      })
    },
    async requireForce(force, { btp = false, signal } = {}) {
      const known = (await forces.get(signal)).map((entry) => entry.id)
      if (btp && force === 'btp') return force
      if (known.includes(force)) return force
      const hint = nearestWord(force, known)
      throw new OptionError(
        'OPTION_UNKNOWN_FORCE',
        force === 'btp'
          ? 'btp (British Transport Police) has no page and no neighbourhoods in the service; it is accepted only for stops of a force and crimes without a location'
          : `there is no force ${shown(force)}${hint ? `; did you mean "${hint}"?` : '; forces.list() gives the known ids'}`,
        { context: { force } },
      )
    },
    async requireCategory(category, signal) {
      const known = (await categories.get(signal)).map((entry) => entry.url)
      if (known.includes(category)) return category
      const hint = nearestWord(category, known)
      throw new OptionError(
        'OPTION_UNKNOWN_CATEGORY',
        `there is no category ${shown(category)}${hint ? `; did you mean "${hint}"?` : '; categories.list() gives the known ones'} (the service would answer it with all crimes)`,
        { context: { category } },
      )
    },
    expire() {
      for (const value of [availability, forces, categories, lastUpdated]) value.expire()
    },
  }
  return reference
}

/** The known word with most letter pairs in common, when that is at least half of them. */
function nearestWord(text: unknown, known: readonly string[]): string | undefined {
  if (typeof text !== 'string') return undefined
  const pairsOf = (word: string): Set<string> => {
    const plain = word.toLowerCase().replace(/[^a-z]/g, '')
    return new Set(Array.from(plain).map((_, index) => plain.slice(index, index + 2)))
  }
  const wanted = pairsOf(text)
  let best: string | undefined
  let bestScore = 0.5
  for (const word of known) {
    const pairs = pairsOf(word)
    const common = [...pairs].filter((pair) => wanted.has(pair)).length
    const score = (2 * common) / (pairs.size + wanted.size)
    if (score >= bestScore) {
      best = word
      bestScore = score
    }
  }
  return best
}
