import type { LatLng } from './area.js'
import { type Month, requireMonth } from './month.js'

// Helpers that read numbers and dates out of the text the service sends; rows stay as they are.

/**
 * Coordinates of a row as numbers, or null for a row without a place.
 *
 * Both zero means that the true place is more than 20 km from any map point, so it is null too.
 */
export function coordinates(row: {
  readonly location: { readonly latitude: string; readonly longitude: string } | null
}): LatLng | null {
  return row.location ? position(row.location) : null
}

/** Decimal text as numbers, or null when either is missing, is not a number, or both are zero. */
export function position(text: {
  readonly latitude: string | null
  readonly longitude: string | null
}): LatLng | null {
  const lat = decimal(text.latitude)
  const lng = decimal(text.longitude)
  if (lat === null || lng === null || (lat === 0 && lng === 0)) return null
  return { lat, lng }
}

function decimal(text: string | null): number | null {
  if (text === null || !/^\s*-?\d+(\.\d+)?\s*$/.test(text)) return null
  return Number(text)
}

/** A whole number written as digits, such as `population`; null for other text. */
export function wholeNumber(text: string | null | undefined): number | null {
  return text !== null && text !== undefined && /^\d+$/.test(text) ? Number(text) : null
}

/** Midnight UTC on the first day of a month. @throws {OptionError} `OPTION_BAD_MONTH` */
export function monthStart(month: Month): Date {
  return new Date(`${requireMonth(month)}-01T00:00:00Z`)
}

/** The time of a stop, or null for text that is not an ISO time. */
export function stopTime(stop: { readonly datetime: string }): Date | null {
  const time = new Date(stop.datetime)
  return Number.isNaN(time.getTime()) ? null : time
}

/**
 * The month of a stop by UK local time, which is how the service cuts months: a stop at 23:30 UTC
 * on 31 May belongs to June.
 */
export function stopMonth(stop: { readonly datetime: string }): Month | null {
  const time = stopTime(stop)
  return time ? londonText(time).slice(0, 7) : null
}

/**
 * The instant of a UK local time without a zone, such as `2016-09-17T12:00:00` in events and
 * priorities; null for missing or other text. Times that the spring change skips move forward.
 */
export function ukLocalTime(text: string | null | undefined): Date | null {
  if (!text || !/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?$/.test(text)) return null
  const asUtc = new Date(`${text}Z`)
  if (Number.isNaN(asUtc.getTime())) return null
  const summer = new Date(asUtc.getTime() - 3_600_000)
  const wanted = text.length === 16 ? `${text}:00` : text
  return londonText(summer) === wanted ? summer : asUtc
}

let london: Intl.DateTimeFormat | undefined

function londonText(time: Date): string {
  london ??= new Intl.DateTimeFormat('sv-SE', {
    timeZone: 'Europe/London',
    dateStyle: 'short',
    timeStyle: 'medium',
  })
  return london.format(time).replace(' ', 'T')
}
