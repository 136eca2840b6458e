// Builds the packages in dependency order: `node scripts/build.mjs [package...]`.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import path from 'node:path'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const order = ['decoder', 'ukpolice', 'loader']
const wanted = process.argv.slice(2)
for (const name of order) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  const cwd = path.join(root, 'packages', name)
  if (!existsSync(path.join(cwd, 'tsup.config.ts'))) continue
  const bin = path.join(root, 'node_modules', 'tsup', 'dist', 'cli-default.js')
  const result = spawnSync(process.execPath, [bin, '--silent'], { cwd, stdio: 'inherit' })
  if (result.status !== 0) {
    console.error(`build of packages/${name} failed`)
    process.exit(result.status ?? 1)
  }
}
