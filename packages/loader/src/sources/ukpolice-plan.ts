import type { Month, PoliceClient } from '@ukpolice/client'
import { OptionError } from '../errors.js'
import type { UkPoliceDataset } from './ukpolice-tables.js'

/** One force, or one area of the caller's own, and one month. */
export interface ForceMonth {
  /** A force id, `btp`, or the name of an area. */
  readonly force: string
  /** `YYYY-MM`. */
  readonly month: Month
}

/** What to look at. */
export interface PlanOptions {
  readonly dataset: UkPoliceDataset
  /**
   * Force ids, `btp` included. Default: every force the service lists, and for stops also British
   * Transport Police where the list of published months has it.
   */
  readonly forces?: readonly string[]
  /**
   * What to do about a force that the service does not list. Default `refuse`; `leave-out` is for
   * forces that nobody named now, such as those a destination has.
   */
  readonly unlistedForces?: 'refuse' | 'leave-out'
  /** First month. Default: the oldest the API still has. */
  readonly since?: Month
  /** Last month. Default: the newest published. */
  readonly until?: Month
  readonly signal?: AbortSignal
}

/** What is published of what was asked for. */
export interface PublishedPlan {
  /** The service's month of last update, `YYYY-MM`. */
  readonly lastUpdated: Month
  /** Oldest month first, and within a month in the order of the forces. */
  readonly published: readonly ForceMonth[]
  /** Asked for, but the force has not yet published stops for the month. Always empty of crimes. */
  readonly late: readonly ForceMonth[]
  /** Months asked for that the service does not list. */
  readonly unlistedMonths: readonly Month[]
  /** Forces asked for that the service does not list, and that were left out. */
  readonly unlistedForces: readonly string[]
  /** Forces of the default that were not asked for, and have published a month of the range. */
  readonly otherForces: readonly string[]
}

/**
 * Asks the service what is published: at most three requests, whatever the range.
 *
 * Stops are listed by force and month, so a force that is late is known. Of crimes and outcomes the
 * service has no such list: every force is taken to have published every listed month. British
 * Transport Police has nothing of its own there: its crimes are placed at stations and come with the
 * areas of the forces around them, and it has no outcomes.
 *
 * @throws {OptionError} OPTION_INVALID for a range without a month, or a force the service lacks,
 *   unless those are to be left out
 */
export async function planPublished(
  client: PoliceClient,
  options: PlanOptions,
): Promise<PublishedPlan> {
  const { dataset, since, until } = options
  const call = options.signal === undefined ? {} : { signal: options.signal }
  const [availability, lastUpdated, listed] = await Promise.all([
    client.availability.list(call),
    client.availability.lastUpdated(call),
    client.forces.list(call),
  ])
  const ids = listed.map(({ id }) => id)
  const isListed = (force: string) =>
    ids.includes(force) || (force === 'btp' && dataset !== 'outcomes')
  const unlistedForces = (options.forces ?? []).filter((force) => !isListed(force))
  if (options.unlistedForces !== 'leave-out') refuseUnlisted(unlistedForces, dataset, ids)
  const months = availability.map(({ date }) => date).toSorted()
  const inRange = months.filter(
    (month) => (since === undefined || month >= since) && (until === undefined || month <= until),
  )
  if (inRange.length === 0) {
    throw new OptionError(
      'OPTION_INVALID',
      `no month from ${since ?? months[0] ?? 'the first'} to ${until ?? months.at(-1) ?? 'the last'} is published; the API has ${months[0] ?? 'none'} to ${months.at(-1) ?? 'none'}, older months are in the bulk archive`,
      { option: 'since' },
    )
  }
  const hasBtp = availability.some((entry) => entry['stop-and-search']?.includes('btp'))
  const standard = dataset === 'stops' && hasBtp ? [...ids, 'btp'] : ids
  const forces = options.forces?.filter(isListed) ?? standard
  const published: ForceMonth[] = []
  const late: ForceMonth[] = []
  for (const month of inRange) {
    const ofMonth = availability.find(({ date }) => date === month)?.['stop-and-search'] ?? []
    for (const force of forces) {
      const isLate = dataset === 'stops' && !ofMonth.includes(force)
      ;(isLate ? late : published).push({ force, month })
    }
  }
  const otherForces = standard.filter(
    (force) =>
      !forces.includes(force) &&
      (dataset !== 'stops' ||
        availability.some(
          ({ date, 'stop-and-search': ofMonth }) =>
            inRange.includes(date) && (ofMonth ?? []).includes(force),
        )),
  )
  const unlistedMonths = unlisted(months, since, until)
  return { lastUpdated, published, late, unlistedMonths, unlistedForces, otherForces }
}

function refuseUnlisted(
  [force]: readonly string[],
  dataset: UkPoliceDataset,
  listed: readonly string[],
): void {
  if (force === undefined) return
  throw new OptionError(
    'OPTION_INVALID',
    `the service lists no force "${force}"${dataset === 'outcomes' && force === 'btp' ? ' for outcomes' : ''}; expected one of ${listed.toSorted().join(', ')}`,
    { option: 'forces' },
  )
}

function unlisted(
  months: readonly Month[],
  since: Month | undefined,
  until: Month | undefined,
): readonly Month[] {
  const wanted: Month[] = []
  const last = until ?? months.at(-1) ?? ''
  for (let month = since ?? months[0] ?? '9999-99'; month <= last; month = nextMonth(month)) {
    if (!months.includes(month)) wanted.push(month)
  }
  return wanted
}

/** The month after. */
export function nextMonth(month: Month): Month {
  const [year = 0, number = 0] = month.split('-').map(Number)
  return number === 12
    ? `${year + 1}-01`
    : `${String(year).padStart(4, '0')}-${String(number + 1).padStart(2, '0')}`
}

/** A slice that is in the destination. */
export interface LoadedSlice extends ForceMonth {
  /** The service's month of last update when it was last asked for; null when not known. */
  readonly checked: Month | null
}

/** What a sync has to do. */
export interface SyncPlan {
  /** Published and not in the destination: new months, and forces that came late. */
  readonly fresh: readonly ForceMonth[]
  /** In the destination, and the service was updated since: their months may be restated. */
  readonly recheck: readonly ForceMonth[]
}

/**
 * Compares what is published with what is in the destination.
 *
 * The service does not say which months it restated. Whenever its month of last update moves, the
 * newest `recheckMonths` months that are in the destination are asked for again; those whose rows
 * are the same are left as they are.
 *
 * @param recheckMonths 0 for none
 */
export function planSync(
  { published, lastUpdated }: Pick<PublishedPlan, 'published' | 'lastUpdated'>,
  loaded: readonly LoadedSlice[],
  recheckMonths: number,
): SyncPlan {
  const known = new Map(loaded.map((slice) => [keyOf(slice), slice]))
  const fresh: ForceMonth[] = []
  const recheck: ForceMonth[] = []
  const months = [...new Set(published.map(({ month }) => month))].toSorted()
  const oldest = recheckMonths === 0 ? '9999-99' : (months.at(-recheckMonths) ?? months[0] ?? '')
  for (const slice of published) {
    const found = known.get(keyOf(slice))
    if (found === undefined) fresh.push(slice)
    else if (slice.month >= oldest && (found.checked ?? '') < lastUpdated) recheck.push(slice)
  }
  return { fresh, recheck }
}

function keyOf({ force, month }: ForceMonth): string {
  return `${force} ${month}`
}
