import { execFileSync, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import * as fs from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import ts from 'typescript'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fileOf, temporaryFolder } from './reading.js'
import { sampleText, storedBlocks, zipBytes } from './zip-bytes.js'

const text = sampleText(20_000)
const source = fileURLToPath(new URL('../../src/', import.meta.url))
// Inside the package, so that its dependencies are found from there.
const program = fileURLToPath(new URL(`../../node_modules/.input-${process.pid}/`, import.meta.url))

/** Reads the input named first, as far as the second says; prints what it got as JSON. */
const SCRIPT = `
import { openInput } from './input.js'
const [path, most = 'Infinity'] = process.argv.slice(2)
const controller = new AbortController()
process.on('SIGINT', () => controller.abort(new Error('interrupted')))
const source = openInput(path, { signal: controller.signal })
let byteCount = 0
let failure = null
process.stderr.write('ready')
try {
  for await (const chunk of source) {
    byteCount += chunk.length
    if (byteCount >= Number(most)) break
  }
} catch (error) {
  failure = error.code ?? error.message
}
const { name, kind } = await source.info().catch(() => ({}))
const sha256 = await source.sha256().catch((error) => error.code)
console.log(JSON.stringify({ byteCount, failure, name, kind, sha256 }))
if (failure === 'interrupted') process.exit(130)
`

beforeAll(() => {
  const folders = ['input', 'wasm']
  for (const folder of folders) fs.mkdirSync(join(program, folder), { recursive: true })
  fs.writeFileSync(join(program, 'package.json'), '{"type":"module"}')
  const modules = folders.flatMap((folder) =>
    fs.readdirSync(join(source, folder)).map((name) => `${folder}/${name}`),
  )
  for (const name of [...modules, 'input.ts', 'errors.ts', 'options.ts']) {
    const { outputText } = ts.transpileModule(fs.readFileSync(join(source, name), 'utf8'), {
      compilerOptions: {
        module: ts.ModuleKind.ESNext,
        target: ts.ScriptTarget.ES2022,
        verbatimModuleSyntax: true,
      },
    })
    fs.writeFileSync(join(program, name.replace(/\.ts$/, '.js')), outputText)
  }
  fs.writeFileSync(join(program, 'run.js'), SCRIPT)
})

afterAll(() => {
  fs.rmSync(program, { recursive: true, force: true })
})

function start(input: string, most = '', stdin: 'pipe' | 'ignore' | number = 'ignore') {
  const parameters = [join(program, 'run.js'), input, ...(most === '' ? [] : [most])]
  return spawn(process.execPath, parameters, { stdio: [stdin, 'pipe', 'pipe'] })
}

async function resultOf(child: ChildProcess): Promise<Record<string, unknown>> {
  let output = ''
  child.stdout?.on('data', (chunk: Buffer) => (output += String(chunk)))
  const [status] = (await once(child, 'close')) as [number]
  const result = JSON.parse(output) as Record<string, unknown>
  return { ...result, status }
}

const packings: Record<string, Uint8Array> = {
  text,
  gzip: gzipSync(text),
  zip: zipBytes([{ name: 'in/NIBRS.txt', data: text }]),
}

describe('in a process of its own', () => {
  for (const [kind, bytes] of Object.entries(packings)) {
    test(`${kind} comes through stdin as a pipe and as a file`, async () => {
      const child = start('-', '', 'pipe')
      child.stdin?.end(bytes)
      const name = kind === 'zip' ? 'NIBRS' : 'stdin'
      const expected = { status: 0, byteCount: text.length, failure: null, name, kind }
      const piped = await resultOf(child)
      expect(piped).toMatchObject(expected)
      const path = fileOf('input', bytes)
      const fd = fs.openSync(path, 'r')
      const fromFile = await resultOf(start('-', '', fd))
      fs.closeSync(fd)
      expect(fromFile).toEqual(piped)
      const byPath = await resultOf(start(path))
      expect(byPath.sha256).toBe(piped.sha256)
    })
  }

  test('nothing on stdin is INPUT_EMPTY', async () => {
    const child = start('-', '', 'pipe')
    child.stdin?.end()
    expect(await resultOf(child)).toMatchObject({ status: 0, failure: 'INPUT_EMPTY' })
  })

  test('a program that has read enough of a silent stdin ends by itself', async () => {
    const child = start('-', '1000', 'pipe')
    child.stdin?.write(text.subarray(0, 2000))
    const result = await resultOf(child)
    expect(result).toMatchObject({ status: 0, byteCount: 2000, sha256: 'INPUT_NOT_READABLE' })
  })

  test.runIf(process.platform === 'linux')(
    'an interrupt ends the wait for a silent pipe or stdin at once',
    async () => {
      const pipe = join(temporaryFolder(), 'pipe')
      execFileSync('mkfifo', [pipe])
      for (const input of [pipe, '-']) {
        const child = start(input, '', 'pipe')
        const writer = input === pipe ? fs.openSync(pipe, 'r+') : null
        child.stderr?.once('data', () => setTimeout(() => child.kill('SIGINT'), 100))
        expect(await resultOf(child)).toMatchObject({ status: 130, failure: 'interrupted' })
        if (writer !== null) fs.closeSync(writer)
      }
    },
  )

  test.runIf(process.platform === 'linux')('a named pipe is read to its end', async () => {
    const pipe = join(temporaryFolder(), 'pipe')
    execFileSync('mkfifo', [pipe])
    const child = start(pipe)
    fs.createWriteStream(pipe).end(packings.gzip)
    expect(await resultOf(child)).toMatchObject({
      status: 0,
      byteCount: text.length,
      failure: null,
      kind: 'gzip',
    })
  })

  test.runIf(process.platform === 'linux')('memory does not grow with the input', async () => {
    const line = Buffer.alloc(64 * 1024 * 1024, sampleText(1000))
    const repeated = gzipSync(line, { level: 1 })
    const big = fileOf('big.gz', Buffer.concat([repeated, repeated, repeated, repeated]))
    const stored = Buffer.concat([storedBlocks(line)])
    const deflate64 = fileOf(
      'deflate64.zip',
      zipBytes([{ name: 'a', data: line, method: 9, packed: stored }]),
    )
    // The peak that getrusage gives a process begins with that of its parent.
    const measure = `
      import { readFileSync } from 'node:fs'
      import { openInput } from ${JSON.stringify(join(program, 'input.js'))}
      let byteCount = 0
      for await (const chunk of openInput(process.argv[1])) byteCount += chunk.length
      const [, peakKiB] = /VmHWM:\\s*(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'))
      console.log(JSON.stringify({ byteCount, peakKiB: Number(peakKiB) }))
    `
    for (const [path, size] of [
      [big, 4 * line.length],
      [deflate64, line.length],
    ] as const) {
      const parameters = ['--max-old-space-size=32', '--input-type=module', '-e', measure, path]
      const { byteCount, peakKiB } = JSON.parse(
        execFileSync(process.execPath, parameters, { encoding: 'utf8' }),
      ) as { byteCount: number; peakKiB: number }
      expect(byteCount).toBe(size)
      expect(peakKiB).toBeLessThan(170 * 1024)
    }
  })
})
