import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { DuckDBInstance } from '@duckdb/node-api'
import { writeMasterFile } from '@nibrs/decoder/testing'
import ts from 'typescript'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

// The pages below are run block by block, in a folder of their own: TypeScript is compiled and run,
// the commands of `console` blocks are run and their output compared with what the page shows, `sql`
// blocks with the `text` block behind them. UPDATE_DOCS=1 puts the true output into the page.

const root = fileURLToPath(new URL('..', import.meta.url))
const blocksFolder = path.join(root, 'node_modules/.cache/docs', String(process.pid))
const update = process.env['UPDATE_DOCS'] === '1'

const PAGES = [
  'README.md',
  'packages/decoder/README.md',
  'packages/nibrs-decode/README.md',
  'docs/guides/first-decode.md',
]

interface Block {
  readonly language: string
  readonly text: string
  /** Half-open range of the text in the page. */
  readonly start: number
  readonly end: number
}

function blocksOf(page: string): Block[] {
  return [...page.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map((match) => {
    const [, language, text] = match as unknown as [string, string, string]
    const start = match.index + 3 + language.length + 1
    return { language, text, start, end: start + text.length }
  })
}

let archive: string

beforeAll(async () => {
  mkdirSync(blocksFolder, { recursive: true })
  archive = path.join(blocksFolder, 'nibrs-2022.zip')
  await writeMasterFile(archive, { year: 2022, records: 5000 })
})
afterAll(() => rmSync(blocksFolder, { recursive: true, force: true }))

/** Runs a shell command of a page; the programs it names are those of this repository. */
function shell(command: string, cwd: string): string {
  const node = JSON.stringify(process.execPath)
  const program = (file: string) => `${node} ${JSON.stringify(path.join(root, file))}`
  const line = command
    .replaceAll('npx nibrs-decode', program('packages/nibrs-decode/bin/nibrs-decode.js'))
    .replaceAll('npm run --silent synth --', program('scripts/synth.mjs'))
  const { status, stdout, error } = spawnSync('sh', ['-c', `(${line.replace(/ #.*$/, '')}) 2>&1`], {
    cwd,
    encoding: 'utf8',
  })
  expect(error).toBeUndefined()
  expect(status, `${command}\n${stdout}`).toBe(0)
  return stdout
}

/** Runs the commands of a `console` block and gives the block with their output. */
function consoleBlock(text: string, cwd: string): string {
  return text
    .split('\n')
    .filter((line) => line.startsWith('$ '))
    .map((line) => `${line}\n${shell(line.slice(2), cwd)}`)
    .join('')
}

async function sqlTable(sql: string, cwd: string): Promise<string> {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  try {
    const query = sql.replaceAll(/'([^']*\.parquet)'/g, (_, file) => `'${path.join(cwd, file)}'`)
    const reader = await connection.runAndReadAll(query)
    const rows = [reader.columnNames(), ...reader.getRows().map((row) => row.map(String))]
    const widths = rows[0]!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)))
    const lines = rows.map((row) => row.map((cell, i) => cell.padEnd(widths[i]!)).join('  '))
    return lines.map((line) => `${line.trimEnd()}\n`).join('')
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

/** What differs from run to run: times and rates. */
function masked(text: string): string {
  return text.replaceAll(/\d+\.\d s, \d+ MB\/s/g, 'TIME')
}

function runTypeScript(text: string, name: string, cwd: string): void {
  const { outputText } = ts.transpileModule(text, {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
  })
  const file = path.join(blocksFolder, `${name}.run.mjs`)
  writeFileSync(file, outputText)
  const { status, stderr } = spawnSync(process.execPath, [file], { cwd, encoding: 'utf8' })
  expect(status, stderr).toBe(0)
}

describe.each(PAGES)('%s', (name) => {
  const file = path.join(root, name)
  const page = readFileSync(file, 'utf8')
  const blocks = blocksOf(page)
  const isOfReadme = name.endsWith('README.md')

  test('shows what really comes out, and every block runs', async () => {
    const cwd = mkdtempSync(path.join(os.tmpdir(), 'docs-'))
    let result = ''
    let at = 0
    try {
      if (isOfReadme) writeFileSync(path.join(cwd, 'nibrs-2022.zip'), readFileSync(archive))
      for (const [index, { language, text, start, end }] of blocks.entries()) {
        let fresh = text
        if (language === 'ts') runTypeScript(text, `${path.basename(name)}-${index}`, cwd)
        if (language === 'console') fresh = consoleBlock(text, cwd)
        if (language === 'text' && blocks[index - 1]?.language === 'sql') {
          fresh = await sqlTable(blocks[index - 1]!.text, cwd)
        }
        if (language === 'sh') {
          const commands = text.split('\n').filter((line) => line.startsWith('npx nibrs-decode'))
          for (const command of commands) {
            rmSync(path.join(cwd, 'out'), { recursive: true, force: true })
            shell(command, cwd)
          }
        }
        result += page.slice(at, start) + fresh
        at = end
      }
      result += page.slice(at)
    } finally {
      rmSync(cwd, { recursive: true, force: true })
    }
    if (update) writeFileSync(file, result)
    else expect(masked(page)).toBe(masked(result))
  })

  test('has TypeScript that compiles under strict rules', () => {
    const sources = blocks.filter(({ language }) => language === 'ts')
    const files = sources.map(({ text }, index) => {
      const source = path.join(blocksFolder, `${path.basename(name)}-${index}.mts`)
      writeFileSync(source, text)
      return source
    })
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
    const messages = ts.getPreEmitDiagnostics(program).map((diagnostic) => {
      const text = ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n')
      const line = diagnostic.file?.getLineAndCharacterOfPosition(diagnostic.start ?? 0).line ?? -1
      return `${path.basename(diagnostic.file?.fileName ?? '')}:${line + 1} ${text}`
    })
    expect(messages).toEqual([])
  })
})
