import * as fs from 'node:fs'
import path from 'node:path'
import { manifestPath } from './manifest.js'
import type { OutputSummary } from './summary.js'

/** Names of the tables that the manifest in a folder lists; none without one that can be read. */
export function earlierTables(directory: string): readonly string[] {
  try {
    const { files } = JSON.parse(fs.readFileSync(manifestPath(directory), 'utf8')) as {
      files: readonly { readonly file: unknown }[]
    }
    return files.flatMap(({ file }) => (typeof file === 'string' ? [path.basename(file)] : []))
  } catch {
    return []
  }
}

/**
 * Tables of an earlier run that still stand beside those of this one, though the manifest, which is
 * new, no longer lists them. They are not ours to remove.
 */
export function leftOver(
  directory: string,
  earlier: readonly string[],
  written: readonly OutputSummary[],
): readonly string[] {
  const names = new Set(written.map(({ file }) => (file === null ? null : path.basename(file))))
  return earlier.filter((name) => !names.has(name) && fs.existsSync(path.join(directory, name)))
}
