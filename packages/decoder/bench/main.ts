/*
 * `npm run bench`: our speed, memory and sizes against the goals and the peers found installed.
 * Started by scripts/bench.mjs, which has copied the built packages aside.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { loadSpec } from '@nibrs/decoder'
import { Bench, type Goal, sizeName } from './bench.js'
import type { Finding, Skipped } from './contest.js'
import { goals as decoderGoals } from './goals.js'
import { SPEC } from './inputs.js'
import { thisMachine } from './machine.js'
import { findPeers } from './peers.js'
import { type Report, toMarkdown, toText } from './report.js'

const USAGE = `usage: npm run bench -- [options]

      --goal <id>      only this goal, P1 to P10; repeatable       (default: all)
      --size <n>       text of the largest input, as 200MB or 3GB  (default: 200MB)
      --seed <n>       of the generated input                      (default: 1)
      --pairs <n>      pairs of runs for each comparison           (default: 3)
      --json           print everything as JSON
      --markdown       print the table as Markdown
      --into <file>    put the Markdown between the result marks of a file
      --list           show the goals and the peers found, run nothing

Goals are set for 3 GB (P1 to P3), 1 GB (P4, P5, P7, P8) and 100 MB (P9), and for a machine
that does nothing else.`

const START = '<!-- results: npm run bench -- --into docs/benchmarks.md -->'
const END = '<!-- /results -->'

class UsageError extends Error {}

const started = performance.now()

function note(text: string): void {
  const seconds = ((performance.now() - started) / 1000).toFixed(0).padStart(5)
  process.stderr.write(`${seconds} s  ${text}\n`)
}

/** `200MB`, `3GB` or plain bytes. */
function bytesOf(text: string): number {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)\s*(MB|GB)?$/i.exec(text) ?? []
  const factor = { '': 1, MB: 1e6, GB: 1e9 }[unit.toUpperCase()]!
  const bytes = Number(number) * factor
  if (number === undefined || bytes < 1e6 || bytes > 100e9) {
    throw new UsageError(`--size is "${text}"; expected 1MB to 100GB`)
  }
  return bytes
}

function wholeNumber(flag: string, text: string, least: number): number {
  const value = Number(text)
  if (Number.isInteger(value) && value >= least) return value
  throw new UsageError(`--${flag} is "${text}"; expected a whole number from ${least} on`)
}

/**
 * All goals: ours, and those of packages whose `bench/goals.ts` exports `goals` too. The loader's
 * P10 comes that way, with the same `Bench` to work with.
 */
async function allGoals(): Promise<readonly Goal[]> {
  const others = new URL('../../loader/bench/goals.js', import.meta.url)
  if (!existsSync(others)) return decoderGoals
  const { goals } = (await import(others.href)) as { goals: readonly Goal[] }
  return [...decoderGoals, ...goals]
}

function selected(goals: readonly Goal[], asked: readonly string[]): readonly Goal[] {
  for (const id of asked) {
    if (goals.some((goal) => goal.id === id.toUpperCase())) continue
    const known = goals.map((goal) => goal.id).join(', ')
    throw new UsageError(`--goal is "${id}"; expected one of ${known}`)
  }
  if (asked.length === 0) return goals
  return goals.filter(({ id }) => asked.some((one) => one.toUpperCase() === id))
}

/** Puts the results between the marks of a file. */
function putInto(file: string, markdown: string): void {
  const text = readFileSync(file, 'utf8')
  const [from, to] = [text.indexOf(START), text.indexOf(END)]
  if (from < 0 || to < from) {
    throw new UsageError(`${file} has no place for results: expected ${START} and ${END}`)
  }
  writeFileSync(file, `${text.slice(0, from)}${START}\n\n${markdown}\n${text.slice(to)}`)
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      goal: { type: 'string', multiple: true },
      size: { type: 'string', default: '200MB' },
      seed: { type: 'string', default: '1' },
      pairs: { type: 'string', default: '3' },
      json: { type: 'boolean', default: false },
      markdown: { type: 'boolean', default: false },
      into: { type: 'string' },
      list: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  if (values.help) {
    console.log(USAGE)
    return
  }
  const cache = process.env['BENCH_CACHE']!
  const machine = thisMachine()
  const peers = findPeers(path.join(cache, 'peers'))
  const goals = selected(await allGoals(), values.goal ?? [])
  if (values.list) {
    for (const { id, title } of goals) console.log(`${id.padEnd(5)}${title}`)
    for (const [name, peer] of Object.entries(peers)) {
      console.log(`${name}: ${(peer as { version: string } | null)?.version ?? 'not found'}`)
    }
    return
  }
  const pairs = wholeNumber('pairs', values.pairs, 1)
  const bench = new Bench(
    await loadSpec(SPEC),
    peers,
    {
      size: bytesOf(values.size),
      seed: wholeNumber('seed', values.seed, 0),
      pairs,
      cache,
      scratch: process.env['BENCH_SCRATCH']!,
    },
    note,
  )
  const results: (Finding | Skipped)[] = []
  for (const goal of goals) {
    try {
      results.push(...(await goal.run(bench)))
    } catch (error) {
      // The figures taken so far are not lost; the exit code tells that something is wrong.
      const { message } = error as Error
      note(`${goal.id} FAILED: ${message}`)
      const [skipped] = message.split('\n') as [string]
      results.push({ goal: goal.id, work: goal.title, against: '', skipped })
      process.exitCode = 1
    }
  }
  const command = ['npm run bench --', process.env['BENCH_FLAGS']].join(' ')
  const onLess = goals.flatMap(({ id, setFor }) =>
    setFor !== undefined && bench.options.size < 0.95 * setFor ? `${id} (${sizeName(setFor)})` : [],
  )
  const report: Report = { command, machine, peers, pairs, onLess, proofs: bench.proofs, results }
  if (values.into !== undefined) putInto(values.into, toMarkdown(report))
  if (values.json) console.log(JSON.stringify(report, null, 2))
  else console.log(values.markdown ? toMarkdown(report) : toText(report))
}

try {
  await main()
} catch (error) {
  const { message, code } = error as Error & { code?: string }
  console.error(`bench: ${message}`)
  const usage = error instanceof UsageError || code?.startsWith('ERR_PARSE_ARGS')
  if (usage) console.error(USAGE)
  process.exitCode = usage ? 2 : 1
}
