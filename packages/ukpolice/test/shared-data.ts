import { existsSync, readdirSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../../..')
const folder = path.join(
  process.env['CRIME_SHARED_DATA'] ?? path.resolve(root, '../shared/data'),
  'ukpolice',
)

/** The folder of recorded answers, or undefined with a loud line when it is not there. */
export function recordedFolder(): string | undefined {
  if (existsSync(folder)) return folder
  console.warn(`SKIPPED (no shared data): ${folder}`)
  return undefined
}

/** Every file below a folder, as paths relative to it. */
export function filesBelow(start: string): string[] {
  return readdirSync(start, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(start, path.join(entry.parentPath, entry.name)))
    .sort()
}
