import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { detectHint, type DetectHint } from './detect-hint.js'
import { listSpecs, loadSpec, specsFolder } from './load.js'

let loading: Promise<readonly DetectHint[]> | null = null

/**
 * Hints of the bundled NIBRS editions, oldest first: as the build has written them, so that only the
 * edition found need be loaded; in source, taken out of the specs.
 */
export function loadDetectHints(): Promise<readonly DetectHint[]> {
  loading ??= readHints()
  return loading
}

async function readHints(): Promise<readonly DetectHint[]> {
  const file = path.join(specsFolder(), 'compiled', 'hints.json')
  const text = await readFile(file, 'utf8').catch(() => null)
  if (text !== null) return JSON.parse(text) as readonly DetectHint[]
  const editions = (await listSpecs()).filter(
    ({ id, extends: base }) => id.startsWith('nibrs/master@') && base === null,
  )
  return Promise.all(editions.map(async ({ id }) => detectHint(await loadSpec(id))))
}
