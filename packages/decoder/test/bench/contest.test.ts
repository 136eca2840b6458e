import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { finding, isReached, median, ratio } from '../../bench/contest.js'
import { thisMachine } from '../../bench/machine.js'
import { gnuTime, measure } from '../../bench/measure.js'
import { findPeers } from '../../bench/peers.js'
import { toMarkdown, toText } from '../../bench/report.js'

test('the median is the middle value, or the mean of the two in the middle', () => {
  expect(median([5, 1, 9])).toBe(5)
  expect(median([4, 1, 9, 6])).toBe(5)
})

test('a ratio says how much faster, how much of the time, or how much of the speed', () => {
  expect(ratio(2, 30, 'times faster')).toBe(15)
  expect(ratio(2, 8, 'of its time')).toBe(0.25)
  expect(ratio(2, 1.5, '% of its speed')).toBe(75)
})

test('a goal is reached at its value and not beside it', () => {
  expect(isReached(18, { relation: 'at least', value: 18 })).toBe(true)
  expect(isReached(17.99, { relation: 'at least', value: 18 })).toBe(false)
  expect(isReached(0.28, { relation: 'at most', value: 0.28 })).toBe(true)
  expect(isReached(0.281, { relation: 'at most', value: 0.28 })).toBe(false)
})

test('the report tells reached, not reached, not asked for and not run apart', () => {
  const what = { work: 'work', against: 'peer', unit: 'times faster' } as const
  const target = { relation: 'at least', value: 18 } as const
  const report = {
    onLess: ['P1 (3.0 GB)'],
    command: 'npm run bench',
    machine: thisMachine(),
    peers: findPeers(os.tmpdir()),
    pairs: 3,
    proofs: ['everything'],
    results: [
      finding({ ...what, goal: 'A', target }, [17, 20, 19], { load: 0 }),
      finding({ ...what, goal: 'B', target }, [17, 12, 19], { load: 0 }),
      finding({ ...what, goal: 'C', target: null }, [3], { load: 0 }),
      { goal: 'D', work: 'work', against: 'peer', skipped: 'it is not installed' },
    ],
  }
  const cells = toMarkdown(report)
    .split('\n')
    .filter((line) => /^\| [A-D] /.test(line))
    .map((line) => line.split('|').map((cell) => cell.trim()))
  expect(cells.map((row) => row.slice(4, 8))).toEqual([
    ['17.0, 20.0, 19.0', '19.0×', '≥ 18.0×', 'yes'],
    ['17.0, 12.0, 19.0', '17.0×', '≥ 18.0×', 'no'],
    ['', '3.0×', '', ''],
    ['', '', '', 'not run: it is not installed'],
  ])
  expect(toText(report)).toContain('same output: everything')
  expect(toText(report)).toContain('On less text than the goal is set for')
})

test('other work on the machine is told', () => {
  const what = { goal: 'A', work: 'work', against: null, unit: 's', target: null } as const
  const busy = (otherCores: number): string => {
    const ours = [{ wallMs: 1, cpuMs: 1, peakBytes: 1, otherCores }]
    return toText({
      onLess: [],
      command: 'npm run bench',
      machine: thisMachine(),
      peers: findPeers(os.tmpdir()),
      pairs: 3,
      proofs: [],
      results: [finding(what, [1], { ours })],
    })
  }
  expect(busy(1.5)).toContain('1.50 cores busy in the median run, 1.50 at most: too much to rely')
  expect(busy(0.02)).not.toContain('too much')
})

// GNU time where it is installed, and what stands in for it where it is not.
for (const time of new Set([gnuTime, null])) {
  const by = time === null ? 'Node' : 'GNU time'

  test(`a run starts with an empty folder, by ${by}`, async () => {
    const output = mkdtempSync(path.join(os.tmpdir(), 'bench-test-'))
    onTestFinished(() => rmSync(output, { recursive: true }))
    writeFileSync(path.join(output, 'left over'), '')
    const code = `require('fs').writeFileSync(${JSON.stringify(path.join(output, 'new'))}, '')`
    const run = await measure({ program: process.execPath, args: ['-e', code], output }, time)
    expect(run.wallMs).toBeGreaterThan(0)
    expect(readdirSync(output)).toEqual(['new'])
  })

  test(`processor time and memory are those of the program, by ${by}`, async () => {
    const code = 'const a = Buffer.alloc(80e6, 1); let x = 0; for (const b of a) x += b'
    const run = await measure({ program: process.execPath, args: ['-e', code] }, time)
    expect(run.peakBytes).toBeGreaterThan(80e6)
    expect(run.peakBytes).toBeLessThan(300e6)
    expect(run.cpuMs).toBeGreaterThan(10)
    expect(run.otherCores).toBeGreaterThanOrEqual(0)
    expect(run.otherCores).toBeLessThanOrEqual(os.cpus().length + 0.5)
  })

  test(`a program that fails fails the benchmark with what it said, by ${by}`, async () => {
    const code = 'console.error("no such column"); process.exit(3)'
    const run = measure({ program: process.execPath, args: ['-e', code] }, time)
    await expect(run).rejects.toThrow(/ended with 3\n[^]*no such column/)
    await expect(measure({ program: '/nowhere/at-all', args: [] }, time)).rejects.toThrow()
  })
}
