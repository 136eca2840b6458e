// Writes every bundled spec, compiled, into packages/decoder/specs/compiled, so that a program need
// not parse YAML at every start, and what tells them apart, so that it need not load each. Run by the build, after the code is built and the specs are copied.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { listSpecs, loadDetectHints, loadSpec, writeCompiledSpec } from '../dist/spec/build.js'

const folder = fileURLToPath(new URL('../specs/compiled', import.meta.url))
rmSync(folder, { recursive: true, force: true })
const specs = []
const list = await listSpecs()
for (const { id } of list) specs.push(await loadSpec(id))
const hints = await loadDetectHints()
mkdirSync(folder, { recursive: true })
const relative = list.map((item) => ({
  ...item,
  file: path.relative(path.dirname(folder), item.file),
}))
writeFileSync(path.join(folder, 'list.json'), JSON.stringify(relative))
writeFileSync(path.join(folder, 'hints.json'), JSON.stringify(hints))
for (const spec of specs) {
  const file = path.join(folder, `${spec.id.replaceAll('/', '-')}.json`)
  writeFileSync(file, writeCompiledSpec(spec))
}
