import type { Placed, PrintedRange } from './document.js'
import type { Provenance } from './types.js'
import type { YamlValue } from './yaml-source.js'

/** Longest record a spec may describe, in bytes. */
export const MAX_RECORD_LENGTH = 65_535

/** Names of segments, fields, code tables and attributes. */
export const NAME = /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/

/** {@link NAME} in words, for messages. */
export const NAME_SHAPE = 'snake_case (letters, digits, single underscores)'

export function expectFormat(value: YamlValue): void {
  if (value.scalar !== 1) {
    const mend = 'this package reads format 1 only; see specs/README.md'
    throw value.fault('SPEC_SCHEMA', `expected format 1, found ${value.found}; ${mend}`)
  }
}

export function readName(value: YamlValue): string {
  return value.expectText('a name', NAME, NAME_SHAPE)
}

/** Text with its place; undefined when the key is absent. */
export function placedText(
  value: YamlValue | undefined,
  what: string,
  pattern?: RegExp,
  shape?: string,
): Placed<string> | undefined {
  if (value === undefined) return undefined
  return { value: value.expectText(what, pattern, shape), where: value.where }
}

export function readYears(value: YamlValue): [number, number | null] {
  const items = value.expectList('two years')
  if (items.length !== 2) {
    const message = `expected [first, last] years, found ${items.length} of them; use null for open`
    throw value.fault('SPEC_SCHEMA', message)
  }
  const first = items[0]!.expectWhole('the first year', 1, 9_999)
  if (items[1]!.scalar === null) return [first, null]
  return [first, items[1]!.expectWhole('the last year, or null,', first, 9_999)]
}

export function readSource(value: YamlValue | undefined): Provenance | undefined {
  if (value === undefined) return undefined
  const keys = ['title', 'date', 'url', 'note', 'confidence'] as const
  const source: Partial<Record<(typeof keys)[number], string>> = {}
  const found = value.expectKeys('source', keys)
  for (const key of keys) {
    const text = found.get(key)?.expectText(`source ${key}`)
    if (text !== undefined) source[key] = text
  }
  return source
}

/** `34-36` or `34`: 1-based, both ends included. */
export function readPosition(value: YamlValue, what = 'pos'): PrintedRange {
  const scalar = value.scalar
  const match = /^([1-9]\d{0,4})(?:-([1-9]\d{0,4}))?$/.exec(
    typeof scalar === 'number' || typeof scalar === 'string' ? String(scalar) : '',
  )
  const start = Number(match?.[1] ?? 0)
  const end = Number(match?.[2] ?? start)
  if (match === null) {
    const message = `expected ${what} as printed, counted from 1, such as 34-36, found ${value.found}`
    throw value.fault('SPEC_BAD_POSITION', message)
  }
  if (end < start) {
    throw value.fault('SPEC_BAD_POSITION', `${what} ${match[0]} ends before it starts; swap them`)
  }
  if (end > MAX_RECORD_LENGTH) {
    const message = `${what} ${match[0]} is past ${MAX_RECORD_LENGTH}, the longest record allowed`
    throw value.fault('SPEC_BAD_POSITION', message)
  }
  return { start, end }
}
