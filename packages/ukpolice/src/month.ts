import { OptionError } from './errors.js'
import { shown } from './shown.js'

/** A month as the service writes it: `YYYY-MM`. */
export type Month = string

const MONTH = /^(?:19|20)\d{2}-(?:0[1-9]|1[0-2])$/

/** True for `YYYY-MM` text with a month from 01 to 12. */
export function isMonth(text: unknown): text is Month {
  return typeof text === 'string' && MONTH.test(text)
}

/**
 * Returns the text when it is a month.
 *
 * The service answers a malformed date with an empty 404 or 502, so it is refused here.
 *
 * @throws {OptionError} `OPTION_BAD_MONTH`
 */
export function requireMonth(text: unknown, name = 'month'): Month {
  if (isMonth(text)) return text
  throw new OptionError(
    'OPTION_BAD_MONTH',
    `${name} ${shown(text)} is not a month; write four digits, a hyphen and two digits, such as 2024-01`,
    { context: { [name]: text } },
  )
}

/** Whole months since 0000-01. */
export function monthIndex(month: Month): number {
  return Number(month.slice(0, 4)) * 12 + Number(month.slice(5, 7)) - 1
}

/** The month `count` months later; a negative count goes back. */
export function addMonths(month: Month, count: number): Month {
  const index = monthIndex(month) + count
  const year = String(Math.floor(index / 12)).padStart(4, '0')
  return `${year}-${String((index % 12) + 1).padStart(2, '0')}`
}

/** Every month from `since` to `until`, both included; empty when `until` is earlier. */
export function monthsBetween(since: Month, until: Month): Month[] {
  const count = monthIndex(until) - monthIndex(since) + 1
  return Array.from({ length: Math.max(0, count) }, (_, offset) => addMonths(since, offset))
}
