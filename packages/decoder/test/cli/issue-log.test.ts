import { closeSync, openSync, readFileSync, writeSync } from 'node:fs'
import path from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { IssueLog } from '../../src/cli/issue-log.js'
import type { Issue, IssueCode } from '../../src/issues.js'
import { temporaryFolder, tree } from './run.js'

function issue(byteOffset: number, field: string | null, code: IssueCode): Issue {
  return { code, segment: 'victim', field, recordNumber: 1, byteOffset, raw: `é"${byteOffset}` }
}

async function written(cwd: string, name: string, lists: readonly (readonly Issue[])[]) {
  const log = await IssueLog.open(path.join(cwd, name), false)
  for (const list of lists) log.add(list)
  log.endInput('a.txt')
  await log.close()
  return readFileSync(path.join(cwd, name), 'utf8')
}

test('the file is the same whatever the order and the lists that issues come in', async () => {
  const cwd = temporaryFolder()
  // Several issues at one byte, and more than are held in memory.
  const all = Array.from({ length: 60_000 }, (_, i) => {
    const at = Math.floor(i / 3) * 7
    if (i % 3 === 0) return issue(at, null, 'HEADER_REPEATED')
    return issue(at, i % 3 === 1 ? 'age' : 'sex', 'FIELD_CODE_UNKNOWN')
  })
  const expected = await written(cwd, 'expected', [all])
  const offsets = expected
    .trimEnd()
    .split('\n')
    .map((line) => (JSON.parse(line) as Issue).byteOffset)
  expect(offsets).toEqual(all.map(({ byteOffset }) => byteOffset))

  let run = 0
  const shuffles = fc.shuffledSubarray(all, { minLength: all.length, maxLength: all.length })
  await fc.assert(
    fc.asyncProperty(shuffles, fc.integer({ min: 1, max: 30_000 }), async (shuffled, size) => {
      const lists: Issue[][] = []
      for (let at = 0; at < shuffled.length; at += size) lists.push(shuffled.slice(at, at + size))
      expect((await written(cwd, `run-${run++}`, lists)) === expected).toBe(true)
    }),
    { numRuns: 4 },
  )
})

test('several inputs follow one another, each in its own order', async () => {
  const cwd = temporaryFolder()
  const log = await IssueLog.open(path.join(cwd, 'log'), false)
  for (const source of ['b', 'a']) {
    log.add([issue(5, null, 'RECORD_TOO_SHORT')])
    log.add([issue(2, null, 'RECORD_TOO_SHORT')])
    log.endInput(source)
  }
  await log.close()
  const lines = readFileSync(path.join(cwd, 'log'), 'utf8').trimEnd().split('\n')
  const found = lines.map((line) => JSON.parse(line) as { source: string; byteOffset: number })
  expect(found.map(({ source, byteOffset }) => `${source}${byteOffset}`)).toEqual([
    'b2',
    'b5',
    'a2',
    'a5',
  ])
})

test('an abort leaves nothing', async () => {
  const cwd = temporaryFolder()
  const log = await IssueLog.open(path.join(cwd, 'new/log'), false)
  log.add(Array.from({ length: 40_000 }, (_, i) => issue(i, null, 'RECORD_TOO_SHORT')))
  await log.abort()
  expect(tree(cwd)).toEqual([])
})

test('a file that has its name is not touched again', async () => {
  const cwd = temporaryFolder()
  const log = await IssueLog.open(path.join(cwd, 'log'), false)
  log.add([issue(1, null, 'RECORD_TOO_SHORT')])
  log.endInput('decoded')
  const file = await log.close()
  const text = readFileSync(file, 'utf8')
  // Whatever is opened next gets the descriptor that the log had, or that of its runs.
  const others = ['a', 'b', 'c'].map((name) => path.join(cwd, name))
  const fds = others.map((other) => openSync(other, 'w+'))
  for (const fd of fds) writeSync(fd, 'theirs')
  expect(await log.closeDone()).toBe(file)
  for (const fd of fds) closeSync(fd)
  expect(others.map((other) => readFileSync(other, 'utf8'))).toEqual(['theirs', 'theirs', 'theirs'])
  expect(readFileSync(file, 'utf8')).toBe(text)
})

test('of inputs that were not completed nothing is kept', async () => {
  const file = path.join(temporaryFolder(), 'log')
  const log = await IssueLog.open(file, false)
  log.add([issue(1, null, 'RECORD_TOO_SHORT')])
  log.endInput('done')
  log.inputDone()
  log.add([issue(2, null, 'RECORD_TOO_SHORT')])
  log.endInput('decoded')
  log.add([issue(3, null, 'RECORD_TOO_SHORT')])
  expect(await log.closeDone()).toBe(file)
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n')
  expect(lines.map((line) => (JSON.parse(line) as { source: string }).source)).toEqual(['done'])
})
