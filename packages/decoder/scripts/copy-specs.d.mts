/** Replaces packages/decoder/specs by a fresh copy of the repository's. Returns its path. */
export function copySpecs(): string
