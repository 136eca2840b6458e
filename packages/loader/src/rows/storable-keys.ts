import { holdsStorable, isStorable } from './cell-text.js'

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
  // A key that is as it is comes last, for its value counts where the names become the same.
  const good = Object.entries(unknownKeys).filter(([key]) => !faults.includes(key))
  const entries = [...faults.map((key) => [storableName(key), null] as const), ...good]
  return { keys: Object.fromEntries(entries), faults }
}

function storableName(key: string): string {
  return key.replaceAll('\0', '␀').replaceAll(/\p{Surrogate}/gu, '\ufffd')
}
