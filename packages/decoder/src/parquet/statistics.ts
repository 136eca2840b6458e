/** Least and greatest value of a page or chunk. */
export interface Bounds {
  readonly min: Uint8Array
  readonly max: Uint8Array
  /** False where the bound was shortened: it still bounds, but is no value of the column. */
  readonly minExact: boolean
  readonly maxExact: boolean
}

/** Bytes a bound may have; longer strings are shortened and marked inexact. */
const MAX_BOUND_BYTES = 64

/** Bounds of at most {@link MAX_BOUND_BYTES}, cut between characters of UTF-8. */
export function shortenBounds(min: Uint8Array, max: Uint8Array): Bounds {
  const shortMax = max.length > MAX_BOUND_BYTES ? shortenMax(max) : max
  return {
    min: min.length > MAX_BOUND_BYTES ? min.slice(0, characterStart(min)) : min,
    max: shortMax,
    minExact: min.length <= MAX_BOUND_BYTES,
    maxExact: shortMax === max,
  }
}

/** Start of the character that stands across, or begins at, the limit. */
function characterStart(bytes: Uint8Array): number {
  let end = MAX_BOUND_BYTES
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end--
  return end
}

/**
 * The shortened string with its last ASCII character made one greater: above every string that
 * begins like it. Whole when there is none to raise.
 */
function shortenMax(bytes: Uint8Array): Uint8Array {
  for (let last = characterStart(bytes) - 1; last >= 0; last--) {
    if (bytes[last]! >= 0x7f) continue
    const bound = bytes.slice(0, last + 1)
    bound[last]!++
    return bound
  }
  return bytes
}
