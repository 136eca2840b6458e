import { OptionError } from './errors.js'
import { shown } from './shown.js'

/**
 * Checks one path segment.
 *
 * Ids may hold dots and spaces (Dorset `55.CR3001`, Northern Ireland), but nothing that could
 * lead to another route.
 *
 * @throws {OptionError} `OPTION_BAD_PATH`
 */
export function requireSegment(segment: string, name: string): string {
  const bad =
    typeof segment !== 'string' ||
    segment.trim() === '' ||
    segment === '.' ||
    segment === '..' ||
    /[/\\?#\p{Cc}\p{Cs}]/u.test(segment) ||
    segment.length > 200
  if (!bad) return segment
  throw new OptionError(
    'OPTION_BAD_PATH',
    `${name} ${shown(segment)} cannot be part of an address; use an id as the service lists it, without / \\ ? # and not . or ..`,
    { context: { [name]: segment } },
  )
}

/** A segment as it is sent. */
export function encodeSegment(segment: string): string {
  return encodeURIComponent(segment)
}
