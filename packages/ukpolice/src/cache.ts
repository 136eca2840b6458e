/** A stored answer. */
export interface CacheEntry {
  /** The body as the service sent it. */
  readonly text: string
}

/**
 * Where answers can be kept. Keys are made of the base address, the route, its parameters and
 * the newest published month, so a new publication makes every older entry unreachable; nothing else expires.
 * An error thrown by a cache ends the call it was thrown in, unchanged.
 */
export interface Cache {
  get(key: string): Promise<CacheEntry | undefined> | CacheEntry | undefined
  set(key: string, entry: CacheEntry): Promise<void> | void
  delete(key: string): Promise<void> | void
}

/** Options of {@link memoryCache}. */
export interface MemoryCacheOptions {
  /** Most characters kept, keys included. Default 100,000,000. */
  readonly maxCharacters?: number
}

/** Keeps answers in memory; the ones not used for longest give way first. */
export function memoryCache(options: MemoryCacheOptions = {}): Cache {
  const maxCharacters = options.maxCharacters ?? 100_000_000
  const entries = new Map<string, CacheEntry>()
  let characters = 0
  const remove = (key: string): void => {
    const entry = entries.get(key)
    if (!entry) return
    entries.delete(key)
    characters -= key.length + entry.text.length
  }
  return {
    get(key) {
      const entry = entries.get(key)
      if (entry) {
        entries.delete(key)
        entries.set(key, entry)
      }
      return entry
    },
    set(key, entry) {
      remove(key)
      const size = key.length + entry.text.length
      if (size > maxCharacters) return
      entries.set(key, entry)
      characters += size
      for (const oldest of entries.keys()) {
        if (characters <= maxCharacters) break
        remove(oldest)
      }
    },
    delete: remove,
  }
}
