// Runs a TypeScript script of examples/ on any Node: `npm run example -- examples/first-decode.ts`.
// The types are stripped; nothing is bundled, and the packages must have been built.
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const [script, ...args] = process.argv.slice(2)
if (script === undefined) {
  console.error('usage: npm run example -- examples/<script>.ts [arguments]')
  process.exit(2)
}
const { outputText } = ts.transpileModule(readFileSync(script, 'utf8'), {
  compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
})
const folder = path.join(root, 'node_modules/.cache/examples')
const stripped = path.join(folder, `${path.basename(script, '.ts')}.${process.pid}.mjs`)
mkdirSync(folder, { recursive: true })
writeFileSync(stripped, outputText)
process.exitCode =
  spawnSync(process.execPath, [stripped, ...args], { stdio: 'inherit' }).status ?? 1
