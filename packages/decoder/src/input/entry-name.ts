/** True when `name` is `pattern`, or fits it as a glob: `?`, `*` (within a folder), `**` (any). */
export function matchesEntry(name: string, pattern: string): boolean {
  if (name === pattern) return true
  const expression = new RegExp(`^${globSource(pattern)}$`, 'su')
  // A pattern without a folder speaks of the file, in whatever folder of the archive it lies.
  return expression.test(pattern.includes('/') ? name : name.slice(name.lastIndexOf('/') + 1))
}

function globSource(pattern: string): string {
  return pattern.replace(/\*{2,}\/?|\*|\?|[\\^$.|+()[\]{}/-]/gu, (part) => {
    if (part.startsWith('**')) return part.endsWith('/') ? '(?:.*/)?' : '.*'
    if (part === '*') return '[^/]*'
    if (part === '?') return '[^/]'
    return part === '-' || part === '/' ? part : `\\${part}`
  })
}

const PACKED = /\.(?:zip|gz|gzip)$/i
const TEXT = /\.(?:txt|dat|asc|data)$/i

/**
 * A name for outputs: the last part of `name` without the endings of packed and text files, and
 * with nothing in it that could be a path or that some file system refuses. May be empty.
 */
export function outputName(name: string): string {
  const base = baseName(name).replace(PACKED, '').replace(TEXT, '')
  return base.replace(/[\u0000-\u001f\u007f<>:"|?*]/g, '_').replace(/^[. ]+|[. ]+$/g, '')
}

/** The part after the last slash of either kind. */
export function baseName(name: string): string {
  return name.slice(Math.max(name.lastIndexOf('/'), name.lastIndexOf('\\')) + 1)
}
