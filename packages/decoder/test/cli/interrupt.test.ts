import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { bytes, record } from '../detect/lines.js'
import { finish, run, start, temporaryFolder, tree } from './run.js'
import { sampleText } from './sample.js'

/** Starts a decoding of endless standard input and waits until its partial files are there. */
async function startedDecoding(cwd: string, args: readonly string[] = []) {
  const child = start(['-', '-s', 'nibrs/master@2013', '-o', 'out', ...args], { cwd })
  const result = finish(child)
  child.stdin.on('error', () => {})
  child.stdin.write(Buffer.concat(Array.from({ length: 2000 }, () => sampleText())))
  await partialFilesIn(cwd)
  return { child, result }
}

async function partialFilesIn(cwd: string): Promise<void> {
  const deadline = Date.now() + 30_000
  while (!partialFiles(cwd)) {
    if (Date.now() > deadline) throw new Error('no partial file appeared within 30 s')
    await sleep(20)
  }
}

function partialFiles(cwd: string): boolean {
  return tree(cwd).some((name) => name.includes('parquet') && name.endsWith('.partial'))
}

describe('a running decoding', () => {
  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('%s removes what was written and exits %i', async (signal, code) => {
    const cwd = temporaryFolder()
    const { child, result } = await startedDecoding(cwd, ['--issues', 'issues.ndjson'])
    child.kill(signal)
    const { stderr, ...ended } = await result
    expect(ended).toMatchObject({ code, signal: null })
    expect(stderr).toContain(`interrupted by ${signal}`)
    expect(tree(cwd)).toEqual([])
  })

  test('on several threads removes what was written, too', async () => {
    const cwd = temporaryFolder()
    // Threads start from 160 MiB of text on.
    const part = Buffer.concat(Array.from({ length: 2000 }, () => sampleText()))
    const parts = Array.from({ length: Math.ceil((170 << 20) / part.length) }, () => part)
    writeFileSync(path.join(cwd, 'a.txt'), Buffer.concat(parts))
    const args = ['a.txt', '-o', 'new/out', '--threads', '3', '--issues', 'i.ndjson']
    const child = start(args, { cwd })
    const result = finish(child)
    await partialFilesIn(cwd)
    child.kill('SIGINT')
    expect(await result).toMatchObject({ code: 130 })
    expect(tree(cwd)).toEqual(['a.txt'])
  })

  test('keeps the old output when interrupted under --force', async () => {
    const cwd = temporaryFolder()
    await run(['-', '-o', 'out', '-s', 'nibrs/master@2013'], { cwd, input: sampleText() })
    const before = tree(cwd).map((name) => [name, contentOf(path.join(cwd, name))])
    const { child, result } = await startedDecoding(cwd, ['--force'])
    child.kill('SIGINT')
    expect(await result).toMatchObject({ code: 130 })
    expect(tree(cwd).map((name) => [name, contentOf(path.join(cwd, name))])).toEqual(before)
  })

  test('SIGKILL leaves nothing under a final name', async () => {
    const cwd = temporaryFolder()
    const { child, result } = await startedDecoding(cwd)
    child.kill('SIGKILL')
    expect(await result).toMatchObject({ signal: 'SIGKILL' })
    const left = readdirSync(path.join(cwd, 'out'))
    expect(left.length).toBeGreaterThan(0)
    for (const name of left) expect(name).toMatch(/^\..*\.partial$/)
  })

  test('ends with the complete output when its input ends', async () => {
    const cwd = temporaryFolder()
    const { child, result } = await startedDecoding(cwd)
    child.stdin.end()
    expect(await result).toMatchObject({ code: 0 })
    expect(partialFiles(cwd)).toBe(false)
    expect(readdirSync(path.join(cwd, 'out'))).toContain('manifest.json')
  })
})

function contentOf(file: string): string {
  try {
    return readFileSync(file).toString('base64')
  } catch {
    return 'folder'
  }
}

test('a reader that goes away, as head does, ends the program without a complaint', async () => {
  const cwd = temporaryFolder()
  const lines = Array.from({ length: 200_000 }, () => record('02', 59, '20220101'))
  writeFileSync(path.join(cwd, 'a.txt'), bytes(lines))
  const args = ['a.txt', '-q', '-o', '-', '--format', 'csv', '--segment', 'offense']
  const child = start(args, { cwd })
  child.stdout.once('data', () => child.stdout.destroy())
  const ended = await new Promise((resolve) => {
    let stderr = ''
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
    child.on('close', (code) => resolve({ code, stderr }))
  })
  expect(ended).toEqual({ code: 0, stderr: '' })
})
