import { existsSync, readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** The folder of this package. */
export const packageFolder = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..')

/** The folder of the repository. */
export const repositoryFolder = path.resolve(packageFolder, '../..')

/**
 * Stops a test that runs the built package when that is missing or older than the source, so that
 * it never passes on yesterday's code.
 */
export function requireFreshBuild(): void {
  const built = path.join(packageFolder, 'dist/index.js')
  const source = path.join(packageFolder, 'src')
  const newest = Math.max(
    ...readdirSync(source, { recursive: true })
      .map((file) => path.join(source, String(file)))
      .filter((file) => file.endsWith('.ts'))
      .map((file) => statSync(file).mtimeMs),
  )
  if (existsSync(built) && statSync(built).mtimeMs >= newest) return
  throw new Error('dist is older than src: run "node scripts/build.mjs ukpolice" first')
}
