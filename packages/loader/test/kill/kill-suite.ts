import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { generateTruth } from '@nibrs/decoder/testing'
import {
  generateData,
  seededRandom,
  startTestServer,
  type TestData,
  type TestServer,
} from '@ukpolice/client/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Place } from './places.js'

const here = path.dirname(fileURLToPath(import.meta.url))
const BIN = path.join(here, '../../bin/crimewh.js')
const PARTS = path.join(here, 'parts-load.mjs')
const TRAP = pathToFileURL(path.join(here, 'trap.mjs')).href

/** Of each kind of moment, for each operation; more with CRIMEWH_KILL_ROUNDS. */
const ROUNDS = Number(process.env['CRIMEWH_KILL_ROUNDS'] ?? 1)
const SEED = Number(process.env['CRIMEWH_KILL_SEED'] ?? Date.now() % 1_000_000_000)

/** Each round starts two processes. */
const TIMEOUT_MS = 100_000 + ROUNDS * 100_000
/** Longer than a small COMMIT takes. */
const COMMIT_MS = 12

/** What `inspect.mjs` tells. */
interface Seen {
  readonly tables: Readonly<Record<string, string>>
  readonly loads: readonly Readonly<Record<string, unknown>>[]
  readonly others: readonly string[]
  readonly left: readonly string[]
}

/** Arguments of the program, given the URL of the warehouse. */
type Command = (url: string) => readonly string[]

/** Something that changes a warehouse, killed and run again. */
interface Operation {
  readonly name: string
  /** Run one after another, they make the state before. */
  readonly before: readonly Command[]
  readonly command: Command
  /** Where it is more than one transaction: commands that make the states on the way, and the last. */
  readonly steps?: readonly Command[]
  /** What the police service holds while it runs. */
  readonly published?: TestData
  /** Exit code when it is run again after all was done. */
  readonly againCode?: number
}

const folder = mkdtempSync(path.join(tmpdir(), 'cwkillfiles-'))
const oldFile = path.join(folder, 'old.txt')
const newFile = path.join(folder, 'new.txt')
let police: TestServer

const POLICE = {
  seed: 3,
  crimeCount: 60,
  forces: ['kent'],
  monthCount: 2,
  newest: '2026-07',
} as const
const june = generateData(POLICE)
const august = generateData({ ...POLICE, seed: 4, monthCount: 1, newest: '2026-08' })
/** A month more, and a stop of July less. */
const later: TestData = {
  ...june,
  availability: [...august.availability, ...june.availability],
  stops: [
    ...august.stops!,
    ...june.stops!.filter((stop) => stop !== june.stops!.find(({ month }) => month === '2026-07')),
  ],
}

const crimewh =
  (...args: string[]): Command =>
  (url) => [BIN, ...args, '--to', url, '--quiet']
const parts =
  (...args: (string | number)[]): Command =>
  (url) => [PARTS, url, ...args.map(String)]
const nibrs = (file: string) => crimewh('load', 'nibrs', file)
const ofPolice = (name: string, ...args: string[]): Command => {
  const common = ['--police-force', 'kent', '--dataset', 'stops', ...args]
  return (url) => crimewh(name, 'ukpolice', ...common, '--base-url', police.url)(url)
}

const RESTATED = [nibrs(oldFile), nibrs(newFile)]
const MERGED = [parts(1, 'merge', 1, 200), parts(2, 'merge', 101, 300)]

const OPERATIONS: readonly Operation[] = [
  { name: 'the first load', before: [], command: nibrs(oldFile) },
  {
    name: 'a load that takes the place of another',
    before: [nibrs(oldFile)],
    command: nibrs(newFile),
  },
  {
    name: 'a load with a column more and a wider one',
    before: [parts(1, 'replace-slice', 1, 100), parts(1, 'replace-slice', 1, 200)],
    command: parts(2, 'replace-slice', 1, 210),
  },
  {
    name: 'a load that is merged',
    before: [parts(1, 'merge', 1, 200)],
    command: parts(2, 'merge', 101, 300),
  },
  {
    name: 'loads remove',
    before: RESTATED,
    command: crimewh('loads', 'remove', '2'),
    againCode: 1,
  },
  {
    name: 'loads remove of a merged load',
    before: MERGED,
    command: crimewh('loads', 'remove', '2'),
    againCode: 1,
  },
  {
    name: 'loads purge',
    before: RESTATED,
    command: crimewh('loads', 'purge'),
  },
  {
    name: 'load ukpolice',
    before: [],
    command: ofPolice('load'),
    steps: [ofPolice('load', '--until', '2026-06'), ofPolice('load')],
  },
  {
    name: 'sync ukpolice',
    before: [ofPolice('load')],
    published: later,
    command: ofPolice('sync'),
    // What is new, then the months there were, oldest first; the one of June is as it was.
    steps: [
      ofPolice('sync', '--recheck', '0'),
      ofPolice('load', '--until', '2026-06'),
      ofPolice('sync'),
    ],
  },
]

/** The process that looks. */
class Inspector {
  readonly #child: ChildProcess
  readonly #lines: AsyncIterator<string>

  constructor() {
    this.#child = spawn(process.execPath, [path.join(here, 'inspect.mjs')], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const lines: Interface = createInterface({ input: this.#child.stdout! })
    this.#lines = lines[Symbol.asyncIterator]()
  }

  async look(url: string): Promise<Seen> {
    this.#child.stdin!.write(`${url}\n`)
    const { value, done } = await this.#lines.next()
    if (done === true) throw new Error('inspect.mjs has ended')
    return JSON.parse(value) as Seen
  }

  stop(): void {
    this.#child.stdin!.end()
  }
}

interface Run {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly output: string
  /** From the first step in the database to the end. */
  readonly workMs: number
}

interface RunOptions {
  readonly at?: string
  readonly log?: string
  /** Kills it so many milliseconds after its first step. */
  readonly killAfterMs?: number
}

function run(args: readonly string[], { at, log, killAfterMs }: RunOptions = {}): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', TRAP, ...args], {
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        HOME: folder,
        CRIMEWH_TRAP_TELL: '1',
        ...(at === undefined ? {} : { CRIMEWH_TRAP_AT: at }),
        ...(log === undefined ? {} : { CRIMEWH_TRAP_LOG: log }),
      },
    })
    let output = ''
    let startedAt = Date.now()
    child.stdout!.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.stderr!.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.stdio[3]!.once('data', () => {
      startedAt = Date.now()
      if (killAfterMs !== undefined) setTimeout(() => child.kill('SIGKILL'), killAfterMs)
    })
    child.once('error', reject)
    child.once('close', (code, signal) =>
      resolve({ code, signal, output, workMs: Date.now() - startedAt }),
    )
  })
}

async function succeed(args: readonly string[], options: RunOptions = {}): Promise<Run> {
  const result = await run(args, options)
  if (result.code !== 0) throw new Error(`${args.join(' ')}: ${result.code} ${result.output}`)
  return result
}

/** Moments to kill at, in the order of the steps. */
function momentsOf(steps: readonly string[], random: () => number): readonly string[] {
  const moments = new Set<string>()
  const place = (line: string) => line.split(' ').slice(0, 2).join(' ')
  const commits = steps.filter((line) => line.endsWith(' COMMIT'))
  moments.add(`${place(commits[0]!)} before`)
  moments.add(`${place(commits.at(-1)!)} after`)
  for (let round = 1; round < ROUNDS; round++) {
    const moment = random() < 0.5 ? 'before' : 'after'
    moments.add(`${place(pick(commits, random))} ${moment}`)
  }
  for (let round = 0; round < ROUNDS; round++) {
    moments.add(`${place(pick(commits, random))} during:${Math.floor(random() * COMMIT_MS)}`)
    const first = steps.findIndex((line) => line.includes(' BEGIN'))
    const line = pick(steps.slice(first), random)
    const inside = random() < 0.5 ? 'after' : `during:${Math.floor(random() * COMMIT_MS)}`
    moments.add(`${place(line)} ${inside}`)
  }
  return [...moments]
}

function pick<Item>(items: readonly Item[], random: () => number): Item {
  return items[Math.floor(random() * items.length)]!
}

/** Kills what changes a warehouse, at steps and at random moments, and looks what is there. */
export function killSuite(place: Place): void {
  describe(`${place.name}: killed`, { timeout: TIMEOUT_MS }, () => {
    let isThere = false
    let inspector: Inspector

    beforeAll(async () => {
      if (!existsSync(path.join(here, '../../dist/index.js'))) {
        throw new Error('packages/loader/dist is missing: run npm run build first')
      }
      console.log(
        `kill (${place.name}): ${ROUNDS} rounds from seed ${SEED}; CRIMEWH_KILL_SEED=${SEED} repeats them`,
      )
      const old = await generateTruth({ year: 2022, records: 800, seed: 1 })
      const faults = { rate: 0.02 }
      const restated = await generateTruth({ year: 2022, records: 900, seed: 2, faults })
      writeFileSync(oldFile, old.bytes)
      writeFileSync(newFile, restated.bytes)
      police = await startTestServer(june, { rate: false })
      inspector = new Inspector()
      isThere = await place.start()
    })
    afterAll(async () => {
      inspector.stop()
      await police.close()
      await place.stop()
      rmSync(folder, { recursive: true, force: true })
    })

    it.for(OPERATIONS.map((operation, index) => ({ ...operation, index })))(
      'at any moment, $name is there as a whole or not at all, and runs again as if nothing were',
      async ({ before, command, steps, published, againCode = 0, index }, { skip }) => {
        if (!isThere) skip()
        const random = seededRandom(SEED + index)
        police.publish(june)
        const base = await baseOf(before)
        // An empty DuckDB warehouse has no file yet: its first state is that of an empty one.
        const fresh = () => (before.length === 0 ? place.make() : place.copy(base))
        if (published !== undefined) police.publish(published)

        const states: Seen[] = before.length === 0 ? [] : [await inspector.look(base)]
        const reference = await fresh()
        const log = path.join(folder, `${place.name}-${index}.log`)
        const { workMs } = await succeed(command(reference), { log })
        const last = await inspector.look(reference)
        if (steps !== undefined) {
          const stepwise = await fresh()
          for (const step of steps) {
            await succeed(step(stepwise))
            states.push(await inspector.look(stepwise))
          }
          expect(states.at(-1)).toEqual(last)
          await place.remove(stepwise)
        } else states.push(last)
        await place.remove(reference)
        for (const { left } of states) expect(left).toEqual([])

        const tally = { killed: 0, ended: 0, old: 0, between: 0, new: 0 }
        const round = async (options: RunOptions, name: string) => {
          const url = await fresh()
          const { signal, output } = await run(command(url), options)
          if (options.at !== undefined)
            expect([name, signal, output]).toEqual([name, 'SIGKILL', ''])
          tally[signal === 'SIGKILL' ? 'killed' : 'ended']++
          const number = await whichState(url, states, before.length === 0, name)
          const isLast = number === states.length - 1
          if (isLast) tally.new++
          else if (number <= 0) tally.old++
          else tally.between++
          if (name.endsWith(' after') || name.endsWith(' before')) checkCommit(name, number)
          if (isLast && tally.new > 1) return place.remove(url) // Seen already: nothing is left to do.
          const again = await run(command(url))
          expect([name, again.code, again.output]).toEqual([
            name,
            isLast ? againCode : 0,
            isLast && againCode !== 0 ? expect.stringContaining('there is no load') : '',
          ])
          expect([name, await inspector.look(url)]).toEqual([name, last])
          await place.remove(url)
        }

        const lines = readFileSync(log, 'utf8').trimEnd().split('\n')
        const commits = lines.filter((line) => line.endsWith(' COMMIT'))
        expect(commits).toHaveLength(states.length - (before.length === 0 ? 0 : 1))
        const checkCommit = (name: string, number: number) => {
          const commit = commits.findIndex((line) =>
            name.startsWith(`${line.replace(/ COMMIT$/, '')} `),
          )
          if (commit === -1) return
          const done = commit + (name.endsWith(' after') ? 1 : 0)
          expect([name, number]).toEqual([name, before.length === 0 ? done - 1 : done])
        }
        for (const at of momentsOf(lines, random)) await round({ at }, at)
        for (let number = 0; number < ROUNDS; number++) {
          const killAfterMs = Math.floor(((number + random()) / ROUNDS) * workMs)
          await round({ killAfterMs }, `${killAfterMs} ms`)
        }
        expect(tally.killed).toBeGreaterThan(0)
        expect(tally.old).toBeGreaterThan(0)
        expect(tally.new).toBeGreaterThan(0)
      },
    )

    const bases = new Map<readonly Command[], string>()

    /** A warehouse in the state before, made once. */
    async function baseOf(before: readonly Command[]): Promise<string> {
      const base = bases.get(before) ?? (await place.make())
      if (!bases.has(before)) for (const command of before) await succeed(command(base))
      bases.set(before, base)
      return base
    }

    /** The number of the state there is, -1 for none at all; fails where it is another. */
    async function whichState(
      url: string,
      states: readonly Seen[],
      fromNothing: boolean,
      name: string,
    ): Promise<number> {
      if (fromNothing && place.name === 'duckdb' && !existsSync(url.slice('duckdb:'.length)))
        return -1
      const { left: _, ...seen } = await inspector.look(url)
      if (fromNothing && Object.keys(seen.tables).length === 0 && seen.others.length === 0)
        return -1
      const texts = states.map(({ left: _left, ...state }) => JSON.stringify(state))
      const number = texts.indexOf(JSON.stringify(seen))
      if (number === -1) {
        const nearest = states.find(({ loads }) => loads.length === seen.loads.length) ?? states[0]
        expect([name, seen]).toEqual([name, { ...nearest, left: undefined }])
      }
      return number
    }
  })
}
