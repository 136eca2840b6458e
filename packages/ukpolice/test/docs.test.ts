import { execFile } from 'node:child_process'
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import path from 'node:path'
import { promisify } from 'node:util'
import ts from 'typescript'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import * as errors from '../src/errors.js'
import { archiveFiles, generateData, makeZip, startTestServer } from '../src/testing/index.js'
import type { TestServer } from '../src/testing/index.js'
import { packageFolder, repositoryFolder, requireFreshBuild } from './dist.js'

// Below the repository, so that the programs find the package by its name.
const folder = path.join(repositoryFolder, `node_modules/.cache/ukpolice-docs-${process.pid}`)

interface Program {
  readonly name: string
  readonly source: string
  readonly code: string
}

const programs: Program[] = []
for (const file of ['packages/ukpolice/README.md', 'docs/guides/ukpolice.md']) {
  const text = readFileSync(path.join(repositoryFolder, file), 'utf8')
  const blocks = [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)]
  blocks.forEach(([, code], index) => {
    const name = `${path.basename(file, '.md')}-${index + 1}`
    programs.push({ name, source: `${file}, block ${index + 1}`, code: code as string })
  })
}
const examples = path.join(repositoryFolder, 'examples')
for (const file of readdirSync(examples).filter((each) => /^ukpolice-.*\.ts$/.test(each))) {
  const code = readFileSync(path.join(examples, file), 'utf8')
  programs.push({ name: path.basename(file, '.ts'), source: `examples/${file}`, code })
}

let server: TestServer

beforeAll(async () => {
  requireFreshBuild()
  const data = generateData({ monthCount: 6, crimeCount: 400 })
  server = await startTestServer(data, { limit: 250 })
  mkdirSync(folder, { recursive: true })
  for (const { name, code } of programs) writeFileSync(path.join(folder, `${name}.mts`), code)
  writeFileSync(path.join(folder, '2026-08.zip'), makeZip(archiveFiles(data)))
  writeFileSync(
    path.join(folder, 'area.geojson'),
    '{"type":"Polygon","coordinates":[[[-2,52],[0,52],[0,53],[-2,53],[-2,52]]]}',
  )
})
afterAll(async () => {
  await server.close()
  await rm(folder, { recursive: true, force: true })
})

describe('every example', () => {
  it('is there to be tested', () => {
    expect(programs.length).toBeGreaterThanOrEqual(12)
  })

  const faultsOf = (names: readonly string[], options: ts.CompilerOptions): string[] => {
    const program = ts.createProgram(
      names.map((name) => path.join(folder, `${name}.mts`)),
      {
        target: ts.ScriptTarget.ES2022,
        strict: true,
        exactOptionalPropertyTypes: true,
        noUncheckedIndexedAccess: true,
        noEmit: true,
        typeRoots: [path.join(repositoryFolder, 'node_modules/@types')],
        ...options,
      },
    )
    return ts.getPreEmitDiagnostics(program).map((each) => {
      const text = ts.flattenDiagnosticMessageText(each.messageText, '\n')
      return `${path.basename(each.file?.fileName ?? '')}: ${text}`
    })
  }

  it('compiles against the built package in a strict Node project', () => {
    const options: ts.CompilerOptions = {
      lib: ['lib.es2022.d.ts'],
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      types: ['node'],
    }
    expect(
      faultsOf(
        programs.map(({ name }) => name),
        options,
      ),
    ).toEqual([])
  })

  it('of the main entry compiles in a browser project without Node types', () => {
    const options: ts.CompilerOptions = {
      lib: ['lib.es2022.d.ts', 'lib.dom.d.ts'],
      module: ts.ModuleKind.ESNext,
      moduleResolution: ts.ModuleResolutionKind.Bundler,
      types: [],
    }
    expect(faultsOf(['README-1', 'README-2', 'README-3', 'ukpolice-3'], options)).toEqual([])
  })

  for (const { name, source, code } of programs) {
    it(`${source} runs`, async () => {
      const script = path.join(folder, `${name}.mjs`)
      const { outputText } = ts.transpileModule(code, {
        compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
      })
      writeFileSync(script, outputText)
      const { stdout, stderr } = await promisify(execFile)(process.execPath, [script], {
        cwd: folder,
        env: { ...process.env, UKPOLICE_BASE_URL: server.url },
      })
      expect(`${stdout}${stderr}`.trim().length > 0 || source.endsWith('block 5')).toBe(true)
    })
  }

  it('gives the output that the README shows', async () => {
    const text = readFileSync(path.join(packageFolder, 'README.md'), 'utf8')
    const [, shown] = /^```text\n([\s\S]*?)^```$/m.exec(text) ?? []
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [path.join(folder, 'README-1.mjs')],
      { cwd: folder, env: { ...process.env, UKPOLICE_BASE_URL: server.url } },
    )
    expect(stdout).toBe(shown)
  })

  it('of the command line in the README runs', async () => {
    const text = readFileSync(path.join(packageFolder, 'README.md'), 'utf8')
    const commands = [...text.matchAll(/^npx @ukpolice\/client (.*?)(?: > \S+)?$/gm)].map(
      ([, args]) => (args as string).split(' '),
    )
    expect(commands).toHaveLength(4)
    for (const args of commands) {
      const bin = path.join(packageFolder, 'bin/ukpolice.js')
      const { stdout } = await promisify(execFile)(process.execPath, [bin, ...args], {
        cwd: folder,
        env: { ...process.env, UKPOLICE_BASE_URL: server.url },
      })
      expect(stdout.length > 0 || args.includes('-o')).toBe(true)
    }
  })
})

describe('the README', () => {
  it('names every error class and every code, and no other', () => {
    const text = readFileSync(path.join(packageFolder, 'README.md'), 'utf8')
    const table = text.slice(text.indexOf('## Errors'), text.indexOf('## Not supported'))
    const source = readFileSync(path.join(packageFolder, 'src/errors.ts'), 'utf8')
    const codes = [...source.matchAll(/^ {2}\| '([A-Z_]+)'/gm)].map(([, code]) => code)
    const named = [...table.matchAll(/`([A-Z]+_[A-Z_]+)`/g)].map(([, code]) => code)
    expect(named.sort()).toEqual(codes.sort())
    const classes = Object.keys(errors).filter((name) => /^[A-Z].*Error$/.test(name))
    const listed = [...table.matchAll(/^\| `(\w+Error)`/gm)].map(([, name]) => name)
    expect([...listed, 'UkPoliceError'].sort()).toEqual(classes.sort())
  })
})
