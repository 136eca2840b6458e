// Writes every bundled spec, compiled, into packages/decoder/specs/compiled, so that a program need
// not parse YAML at every start. Run by the build, after the code is built and the specs are copied.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { listSpecs, loadSpec, writeCompiledSpec } from '../dist/spec/build.js'

const folder = fileURLToPath(new URL('../specs/compiled', import.meta.url))
rmSync(folder, { recursive: true, force: true })
const specs = []
for (const { id } of await listSpecs()) specs.push(await loadSpec(id))
mkdirSync(folder, { recursive: true })
for (const spec of specs) {
  const file = path.join(folder, `${spec.id.replaceAll('/', '-')}.json`)
  writeFileSync(file, writeCompiledSpec(spec))
}
