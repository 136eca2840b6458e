// Writes every bundled spec, compiled, into packages/decoder/specs/compiled; run by the build after
// the specs are copied and the code is built.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const folder = fileURLToPath(new URL('../specs/compiled', import.meta.url))

export async function writeCompiledSpecs() {
  rmSync(folder, { recursive: true, force: true })
  const { listSpecs, loadSpec, writeCompiledSpec } = await import('../dist/spec/build.js')
  mkdirSync(folder, { recursive: true })
  for (const { id } of await listSpecs()) {
    writeFileSync(
      path.join(folder, `${id.replaceAll('/', '-')}.json`),
      writeCompiledSpec(await loadSpec(id)),
    )
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await writeCompiledSpecs()
