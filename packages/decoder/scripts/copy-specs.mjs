// Copies the repository's specs into the package, where the published files find them.
// Run by the build: `node scripts/copy-specs.mjs`, or `copySpecs()` from tsup.config.ts.
import { cpSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const from = fileURLToPath(new URL('../../../specs', import.meta.url))
const to = fileURLToPath(new URL('../specs', import.meta.url))

/** Replaces packages/decoder/specs by a fresh copy. Returns its path. */
export function copySpecs() {
  rmSync(to, { recursive: true, force: true })
  cpSync(from, to, { recursive: true })
  return to
}

if (process.argv[1] === fileURLToPath(import.meta.url)) copySpecs()
