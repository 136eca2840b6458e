// `npm run bench`: builds what is out of date, copies the built packages aside so that a build
// during the run changes nothing, strips the types off the benchmark and starts it. Flags are
// explained by `npm run bench -- --help`; `--no-build` takes the packages as they stand.
import { spawn, spawnSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import ts from 'typescript'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const cache = path.join(root, 'node_modules/.cache/bench')
const run = path.join(cache, `run-${process.pid}`)
const flags = process.argv.slice(2).filter((flag) => flag !== '--no-build')

if (!process.argv.includes('--no-build')) buildWhatIsOld()
let status = 1
try {
  mkdirSync(run, { recursive: true })
  writeFileSync(path.join(run, 'package.json'), '{ "type": "module" }\n')
  for (const name of readdirSync(path.join(root, 'packages'))) {
    const folder = path.join(root, 'packages', name)
    if (existsSync(path.join(folder, 'package.json'))) copyPackage(folder)
    if (existsSync(path.join(folder, 'bench'))) stripTypes(name)
  }
  status = await start()
} finally {
  rmSync(run, { recursive: true, force: true })
}
process.exitCode = status

function buildWhatIsOld() {
  for (const name of ['decoder', 'ukpolice', 'loader']) {
    const folder = path.join(root, 'packages', name)
    if (!existsSync(path.join(folder, 'tsup.config.ts'))) continue
    const built = path.join(folder, 'dist/index.js')
    const sources = filesIn(path.join(folder, 'src'))
    if (name === 'decoder') sources.push(...filesIn(path.join(root, 'specs')))
    const newest = Math.max(...sources.map((file) => statSync(file).mtimeMs))
    if (existsSync(built) && statSync(built).mtimeMs > newest) continue
    console.error(`building packages/${name}`)
    const args = [path.join(root, 'scripts/build.mjs'), name]
    const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' })
    if (status !== 0) process.exit(status ?? 1)
  }
}

/** What npm would publish, where Node finds it from the folder of this run. */
function copyPackage(folder) {
  const { name, files = [] } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'))
  const target = path.join(run, 'node_modules', name)
  for (const file of ['package.json', ...files]) {
    const from = path.join(folder, file)
    if (existsSync(from)) cpSync(from, path.join(target, file), { recursive: true })
  }
  const dependencies = path.join(folder, 'node_modules')
  if (existsSync(dependencies)) symlinkSync(dependencies, path.join(target, 'node_modules'))
}

function stripTypes(name) {
  const folder = path.join(root, 'packages', name, 'bench')
  for (const file of filesIn(folder)) {
    const target = path.join(run, path.relative(root, file)).replace(/\.ts$/, '.js')
    mkdirSync(path.dirname(target), { recursive: true })
    if (!file.endsWith('.ts')) {
      cpSync(file, target)
      continue
    }
    const { outputText } = ts.transpileModule(readFileSync(file, 'utf8'), {
      compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
    })
    writeFileSync(target, outputText)
  }
}

function filesIn(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name))
}

/** Runs the benchmark to its end; an interrupt reaches it too, and what it leaves is removed here. */
function start() {
  const main = path.join(run, 'packages/decoder/bench/main.js')
  const env = {
    ...process.env,
    BENCH_CACHE: cache,
    BENCH_SCRATCH: path.join(run, 'out'),
    BENCH_FLAGS: process.argv.slice(2).join(' '),
  }
  const child = spawn(process.execPath, [main, ...flags], { stdio: 'inherit', env, cwd: root })
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => child.kill())
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('exit', (code) => resolve(code ?? 130))
  })
}
