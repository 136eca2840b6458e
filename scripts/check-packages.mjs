// Checks the packages as their users get them: `node scripts/check-packages.mjs`, after a build.
// publint and attw look at each; then all are packed, the tarballs installed into an empty folder,
// every entry imported there, and the commands run there.
import { spawnSync } from 'node:child_process'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
let passed = 0
let failed = 0

const packages = readdirSync(path.join(root, 'packages'))
  .map((folder) => path.join(root, 'packages', folder))
  .filter((folder) => existsSync(path.join(folder, 'package.json')))
  .map((folder) => ({
    folder,
    manifest: JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')),
  }))
  .filter(({ manifest }) => manifest.private !== true)
  .filter(({ folder, manifest }) => {
    if (manifest.exports === undefined || existsSync(path.join(folder, 'tsup.config.ts')))
      return true
    console.log(`NOT CHECKED: ${manifest.name} cannot be built yet, it has no tsup.config.ts`)
    return false
  })

const temporary = mkdtempSync(path.join(os.tmpdir(), 'packages-'))
try {
  for (const item of packages) checkOne(item)
  checkInstalled()
} finally {
  rmSync(temporary, { recursive: true, force: true })
}
console.log(`packages: ${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1

function checkOne({ folder, manifest }) {
  for (const file of manifest.files.filter((name) => /^[A-Z]/.test(name))) {
    check(`${manifest.name} has ${file}`, () => existsSync(path.join(folder, file)) || 'missing')
  }
  check(`publint ${manifest.name}`, () => tool('publint', ['--strict', folder]))
  if (manifest.exports === undefined) return // attw looks at types, and a mere command has none.
  check(`attw ${manifest.name}`, () => tool('attw', ['--pack', folder, '--profile', 'esm-only']))
}

function checkInstalled() {
  const tarballs = packages.map(({ folder }) => {
    const args = ['pack', folder, '--pack-destination', temporary, '--json', '--ignore-scripts']
    const [{ filename }] = JSON.parse(spawn('npm', args, root).stdout)
    return path.join(temporary, filename)
  })
  const home = path.join(temporary, 'home')
  const project = { name: 'empty', private: true, type: 'module' }
  mkdirSync(home)
  writeFileSync(path.join(home, 'package.json'), JSON.stringify(project))
  const install = ['install', '--no-audit', '--no-fund', '--ignore-scripts', ...tarballs]
  check('install of the tarballs into an empty folder', () => result(spawn('npm', install, home)))

  for (const { manifest } of packages) {
    for (const [entry, target] of Object.entries(manifest.exports ?? {})) {
      if (typeof target === 'string') continue
      const name = path.posix.join(manifest.name, entry)
      const script = `const m = await import(${JSON.stringify(name)}); if (Object.keys(m).length === 0) throw new Error('no exports')`
      check(`import ${name}`, () => node(['--input-type=module', '-e', script], home))
    }
    for (const command of Object.keys(manifest.bin ?? {})) {
      check(`npx ${command} --version`, () => {
        const { stdout, ...rest } = spawn('npx', ['--no-install', command, '--version'], home)
        const failure = result({ stdout, ...rest })
        return failure === true ? stdout.trim() === manifest.version || stdout : failure
      })
    }
  }
  checkDecoding(home)
}

/** The main job, in a folder that holds nothing but what the registry would give. */
function checkDecoding(home) {
  const script = `import { writeMasterFile } from '@nibrs/decoder/testing'
    await writeMasterFile('nibrs-2022.zip', { year: 2022, records: 5000 })`
  check('generate nibrs-2022.zip', () => node(['--input-type=module', '-e', script], home))
  for (const threads of ['1', '2']) {
    const args = ['--no-install', 'nibrs-decode', 'nibrs-2022.zip', '-o', `out-${threads}`]
    check(`npx nibrs-decode nibrs-2022.zip --threads ${threads}`, () => {
      const failure = result(spawn('npx', [...args, '--threads', threads, '--strict'], home))
      if (failure !== true) return failure
      const file = path.join(home, `out-${threads}`, 'manifest.json')
      const { stats, files } = JSON.parse(readFileSync(file, 'utf8'))
      const complete = files.every(({ file: name, bytes }) => {
        return readFileSync(path.join(home, `out-${threads}`, name)).length === bytes
      })
      return (stats.records === 5000 && complete) || JSON.stringify(stats)
    })
  }
}

/** Runs a check: true is good, anything else says what is wrong. */
function check(name, run) {
  const outcome = run()
  if (outcome === true) passed++
  else failed++
  console.log(outcome === true ? `ok      ${name}` : `FAILED  ${name}\n${outcome}`)
}

function tool(name, args) {
  return node([path.join(root, 'node_modules', packageOf(name), binOf(name)), ...args], root)
}

function packageOf(name) {
  return name === 'attw' ? '@arethetypeswrong/cli' : name
}

function binOf(name) {
  const file = path.join(root, 'node_modules', packageOf(name), 'package.json')
  const { bin } = JSON.parse(readFileSync(file, 'utf8'))
  return typeof bin === 'string' ? bin : bin[name]
}

function node(args, cwd) {
  return result(spawn(process.execPath, args, cwd))
}

function spawn(command, args, cwd) {
  return spawnSync(command, args, { cwd, encoding: 'utf8', maxBuffer: 1 << 26 })
}

function result({ status, stdout, stderr, error }) {
  return status === 0 || `${error?.message ?? ''}${stdout}${stderr}`
}
