import { isStorable } from './cell-text.js'

/** Unknown keys of a row as every destination can keep them. */
export interface StorableKeys {
  readonly keys: Readonly<Record<string, unknown>>
  /** Keys whose value, or own name, holds what no destination can keep. */
  readonly faults: readonly string[]
}

/**
 * Makes null of each value that holds a NUL character or half a surrogate pair, however deep: JSON
 * can write both, and PostgreSQL's `jsonb` takes neither. In a key's name NUL shows as ␀ and half a
 * pair as U+FFFD.
 */
export function storableKeys(unknownKeys: Readonly<Record<string, unknown>>): StorableKeys {
  const faults = Object.keys(unknownKeys).filter(
    (key) => !isStorable(key) || !holdsStorable(unknownKeys[key]),
  )
  if (faults.length === 0) return { keys: unknownKeys, faults }
  const entries = Object.entries(unknownKeys).map(([key, value]) =>
    faults.includes(key) ? [storableName(key), null] : [key, value],
  )
  return { keys: Object.fromEntries(entries) as Record<string, unknown>, faults }
}

function holdsStorable(value: unknown): boolean {
  if (typeof value === 'string') return isStorable(value)
  if (typeof value !== 'object' || value === null) return true
  return Object.entries(value).every(([key, inner]) => isStorable(key) && holdsStorable(inner))
}

function storableName(key: string): string {
  return key.replaceAll('\0', '␀').replaceAll(/\p{Surrogate}/gu, '\ufffd')
}
