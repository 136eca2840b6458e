import { existsSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../../../', import.meta.url))

/** A folder of real data beside the repository; null, with a loud line, when it is not there. */
export function sharedFolder(name: string): string | null {
  const data = process.env['CRIME_SHARED_DATA'] ?? path.join(root, '../shared/data')
  const folder = path.join(data, name)
  if (existsSync(folder)) return folder
  console.warn(`SKIPPED (no shared data): ${folder}`)
  return null
}
