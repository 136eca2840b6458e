import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { writeMasterFile } from '@nibrs/decoder/testing'
import {
  archiveFiles,
  generateData,
  makeZip,
  startTestServer,
  type TestServer,
} from '@ukpolice/client/testing'
import ts from 'typescript'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { HELP } from '../src/cli/help.js'
import { query } from './cli/query.js'

// Every block of the pages is run, in their order and one folder a page: commands, TypeScript and
// SQL, the last over the database of the command before. The police data come from a test server.

const root = fileURLToPath(new URL('../../..', import.meta.url))
const bin = path.join(root, 'packages/loader/bin/crimewh.js')
const compiled = path.join(root, 'node_modules/.cache/docs', `loader-${process.pid}`)
let server: TestServer
let archive: Uint8Array

const pages = ['packages/loader/README.md', 'docs/guides/warehouse.md']
const data = generateData({ forces: ['leicestershire', 'kent'], crimeCount: 100 })

beforeAll(async () => {
  server = await startTestServer(data, { rate: false })
  archive = makeZip(archiveFiles(data))
  mkdirSync(compiled, { recursive: true })
})
afterAll(async () => {
  await server.close()
  rmSync(compiled, { recursive: true, force: true })
})

function blocksOf(page: string) {
  const text = readFileSync(path.join(root, page), 'utf8')
  return [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language, code]) => ({
    language: language!,
    code: code!,
  }))
}

/** Not in step: the test server of this process has to answer. */
function run(program: string, args: readonly string[], cwd: string) {
  return new Promise<{ code: number | null; output: string }>((resolve, reject) => {
    const env = { ...process.env, UKPOLICE_BASE_URL: server.url }
    const child = spawn(program, args, { cwd, env })
    let output = ''
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, output }))
  })
}

async function runTypeScript(code: string, name: string, cwd: string) {
  const { outputText } = ts.transpileModule(code, {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
  })
  const file = path.join(compiled, `${name}.mjs`)
  writeFileSync(file, outputText)
  const { code: status, output } = await run(process.execPath, [file], cwd)
  expect(status, output).toBe(0)
}

describe.each(pages)('%s', (page) => {
  const name = path.basename(page, '.md')

  test('has blocks that all run', async () => {
    const cwd = mkdtempSync(path.join(os.tmpdir(), 'loader-docs-'))
    try {
      await writeMasterFile(path.join(cwd, 'nibrs-2022.zip'), {
        year: 2022,
        records: 3000,
        faults: { rate: 0.002 },
      })
      writeFileSync(path.join(cwd, 'archive.zip'), archive)
      const ring = '[[-1.3,52.5],[-0.9,52.5],[-0.9,52.8],[-1.3,52.5]]'
      const area = `{ "type": "Polygon", "coordinates": [${ring}] }`
      writeFileSync(path.join(cwd, 'area.geojson'), area)
      let commands = 0
      for (const [index, { language, code }] of blocksOf(page).entries()) {
        if (language === 'ts') await runTypeScript(code, `${name}-${index}`, cwd)
        if (language === 'sql') {
          const rows = await query(path.join(cwd, 'crime.duckdb'), code)
          expect(rows.length, code).toBeGreaterThan(0)
        }
        if (language !== 'sh') continue
        for (const line of code.split('\n').filter((each) => each.startsWith('npx crimewh '))) {
          const args = line.slice('npx crimewh '.length).split(' ')
          const { code: status, output } = await run(process.execPath, [bin, ...args], cwd)
          expect(status, `${line}\n${output}`).toBe(0)
          commands++
        }
      }
      expect(commands).toBeGreaterThan(1)
    } finally {
      rmSync(cwd, { recursive: true, force: true })
    }
  })

  test('has TypeScript that compiles under strict rules', () => {
    const sources = blocksOf(page).filter(({ language }) => language === 'ts')
    const files = sources.map(({ code }, index) => {
      const file = path.join(compiled, `${name}-${index}.mts`)
      writeFileSync(file, code)
      return file
    })
    expect(files.length).toBeGreaterThan(0)
    const program = ts.createProgram(files, {
      strict: true,
      noEmit: true,
      skipLibCheck: true,
      exactOptionalPropertyTypes: true,
      target: ts.ScriptTarget.ES2022,
      module: ts.ModuleKind.NodeNext,
      moduleResolution: ts.ModuleResolutionKind.NodeNext,
      lib: ['lib.es2023.d.ts'],
      types: ['node'],
      typeRoots: [path.join(root, 'node_modules/@types')],
    })
    const messages = ts
      .getPreEmitDiagnostics(program)
      .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))
    expect(messages).toEqual([])
  })
})

test('every option that a page names is one there is', () => {
  for (const page of [...pages, 'examples/cron-monthly.md']) {
    const text = readFileSync(path.join(root, page), 'utf8')
    const named = new Set(text.match(/(?<=[\s`(])--[a-z][a-z-]+/g))
    const missing = [...named].filter((option) => !new RegExp(`${option}\\b(?!-)`).test(HELP))
    expect(missing, page).toEqual([])
    expect(named.size, page).toBeGreaterThan(2)
  }
})
