import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { generateTruth } from '@nibrs/decoder/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { duckdbKind, postgresKind, type WarehouseKind } from '../support/warehouse.js'

const here = path.dirname(fileURLToPath(import.meta.url))
const child = path.join(here, 'load-child.mjs')
const folder = mkdtempSync(path.join(tmpdir(), 'cwkill-'))
const oldFile = path.join(folder, 'old.txt')
const newFile = path.join(folder, 'new.txt')

/** Rounds of random kills; more with CRIMEWH_KILL_ROUNDS. */
const ROUNDS = Number(process.env['CRIMEWH_KILL_ROUNDS'] ?? 6)

/** Each round starts two processes. */
const TIMEOUT_MS = 300_000

interface Seen {
  readonly checksum: string
  readonly rows: number
  readonly statuses: readonly string[]
  readonly left: readonly string[]
}

function look(url: string): Seen {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [path.join(here, 'inspect.mjs'), url],
    { encoding: 'utf8' },
  )
  if (status !== 0) throw new Error(`inspect ended with ${status}: ${stderr}`)
  return JSON.parse(stdout) as Seen
}

function run(url: string, file: string, point: string, writes = 1) {
  return spawnSync(process.execPath, [child, url, file, point, String(writes)], {
    encoding: 'utf8',
  })
}

/** Starts a load and kills it after so many milliseconds; true when it was still running. */
async function killAfter(url: string, file: string, delayMs: number): Promise<boolean> {
  const running = spawn(process.execPath, [child, url, file, 'forced'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const ended = new Promise<NodeJS.Signals | null>((resolve) =>
    running.once('exit', (_code, signal) => resolve(signal)),
  )
  await new Promise((resolve) => running.stdout.once('data', resolve))
  await new Promise((resolve) => setTimeout(resolve, delayMs))
  running.kill('SIGKILL')
  return (await ended) === 'SIGKILL'
}

/** Milliseconds of a load from its start to its end, the start of the process apart. */
async function timeOf(url: string, file: string): Promise<number> {
  const running = spawn(process.execPath, [child, url, file, 'forced'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const ended = new Promise((resolve) => running.once('exit', resolve))
  await new Promise((resolve) => running.stdout.once('data', resolve))
  const started = Date.now()
  await ended
  return Date.now() - started
}

beforeAll(async () => {
  if (!existsSync(path.join(here, '../../dist/index.js'))) {
    throw new Error('packages/loader/dist is missing: run npm run build first')
  }
  const old = await generateTruth({ year: 2022, records: 3000, seed: 1 })
  const restated = await generateTruth({
    year: 2022,
    records: 3500,
    seed: 2,
    faults: { rate: 0.01 },
  })
  writeFileSync(oldFile, old.bytes)
  writeFileSync(newFile, restated.bytes)
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

suite(duckdbKind())
suite(postgresKind())

function suite(kind: WarehouseKind): void {
  describe(`a load into ${kind.name} that is killed`, { timeout: TIMEOUT_MS }, () => {
    let isThere = false
    beforeAll(async () => {
      isThere = await kind.start()
    })
    afterAll(() => kind.stop())

    it('shows the old state or the new one, at every point, and the next run just works', async () => {
      if (!isThere) return
      const { url } = await kind.make()
      expect(run(url, oldFile, 'never').stdout).toContain('loaded')
      const before = look(url)
      expect(before).toMatchObject({ rows: expect.any(Number), statuses: ['committed'], left: [] })
      const points = [
        ['after-begin', 1],
        ['mid-stage', 1],
        ['mid-stage', 9],
        ['before-finish', 1],
        ['mid-finish', 1],
        ['after-finish', 1],
        ['before-commit', 1],
      ] as const
      for (const [point, writes] of points) {
        const { signal, stdout } = run(url, newFile, point, writes)
        expect([point, signal, stdout]).toEqual([point, 'SIGKILL', 'ready\n'])
        const { checksum, statuses } = look(url)
        expect([point, checksum, statuses]).toEqual([point, before.checksum, before.statuses])
      }
      expect(run(url, newFile, 'after-commit').signal).toBe('SIGKILL')
      const after = look(url)
      expect(after.checksum).not.toBe(before.checksum)
      expect(after.statuses).toEqual(['superseded', 'committed'])
      const again = run(url, newFile, 'never')
      expect(again.stdout).toBe('ready\nskipped\n')
      expect(look(url)).toEqual({ ...after, left: [] })
    })

    it('at random moments shows the old state or the new one', async () => {
      if (!isThere) return
      const reference = await kind.make()
      run(reference.url, oldFile, 'never')
      const old = look(reference.url).checksum
      run(reference.url, newFile, 'never')
      const restated = look(reference.url).checksum
      const wholeMs = await timeOf(reference.url, newFile)
      let killed = 0
      const { url } = await kind.make()
      run(url, oldFile, 'never')
      let seen = old
      for (let round = 0; round < ROUNDS; round++) {
        const share = (round + Math.random()) / ROUNDS
        if (await killAfter(url, newFile, share * wholeMs)) killed++
        const { checksum, statuses } = look(url)
        expect([seen, restated]).toContain(checksum)
        expect(statuses.filter((status) => status === 'committed')).toHaveLength(1)
        seen = checksum
      }
      expect(killed).toBeGreaterThan(0)
      expect(run(url, newFile, 'forced').stdout).toBe('ready\nloaded\n')
      expect(look(url)).toMatchObject({ checksum: restated, left: [] })
    })

    it('in the middle of a commit shows the old state or the new one', async () => {
      if (!isThere) return
      const { url } = await kind.make()
      run(url, oldFile, 'never')
      const before = look(url)
      for (let round = 0; round < ROUNDS; round++) {
        expect(run(url, newFile, 'mid-commit').signal).toBe('SIGKILL')
        const { checksum, statuses } = look(url)
        if (checksum === before.checksum) expect(statuses).toEqual(['committed'])
        else {
          expect(statuses).toEqual(['superseded', 'committed'])
          break
        }
      }
      run(url, newFile, 'never')
      expect(look(url).statuses).toEqual(['superseded', 'committed'])
    })
  })
}
