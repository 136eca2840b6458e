import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { writeMasterFile } from '@nibrs/decoder/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startPostgres } from '../../packages/loader/test/support/postgres-server.js'

const examples = fileURLToPath(new URL('..', import.meta.url))
const runner = path.join(examples, '../scripts/example.mjs')
let folder: string

beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'loader-examples-'))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

function run(script: string, args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [runner, path.join(examples, script), ...args],
    { cwd: folder, encoding: 'utf8' },
  )
  expect(stderr).toBe('')
  expect(status).toBe(0)
  return stdout.trimEnd().split('\n')
}

const RUNS: Readonly<Record<string, (skip: () => void) => Promise<void>>> = {
  'warehouse-loader.ts': async () => {
    const lines = run('warehouse-loader.ts', [])
    expect(lines).toHaveLength(10)
    const [status, counts, loads, fault, knives, sexes, arrests, months, category, found] = lines
    expect(status).toBe('NIBRS data_year=2022 state=*: loaded, the same file again: skipped')
    const [records, rows, withheld] = numbers(counts!)
    expect(records).toBe(20_000)
    expect(rows! + withheld!).toBe(20_000)
    expect(loads).toBe('loads: 1 nibrs; 3 ukpolice_crime; 3 ukpolice_stop')
    expect(fault).toMatch(/^first fault: line \d+, byte \d+: FIELD_\w+ in nibrs_\w+\.\w+$/)
    for (const line of [knives!, arrests!, found!]) {
      const [part, whole] = /(\d+) of (\d+)$/.exec(line)!.slice(1).map(Number)
      expect(part).toBeGreaterThan(0)
      expect(part).toBeLessThan(whole!)
    }
    expect(sexes).toMatch(/: [FM] \d+; [FM] \d+/)
    expect(months).toMatch(/: 2026-06 \d+; 2026-07 \d+; 2026-08 \d+$/)
    expect(category).toMatch(/^most frequent crime: [a-z-]+ \(\d+\)$/)
    expect(readdirSync(folder)).toEqual(['crime.duckdb'])
  },
  'postgres.ts': async (skip) => {
    const server = await startPostgres()
    if (server === null) return skip()
    try {
      const file = path.join(folder, 'nibrs-2021.zip')
      await writeMasterFile(file, { year: 2021, records: 2000 })
      const [first, ...top] = run('postgres.ts', [file, server.url])
      expect(first).toBe('data_year=2021 state=*: loaded, load 1')
      expect(top).toHaveLength(3)
      const counts = top.map((line) => Number(/^\w+ (\d+)$/.exec(line)![1]))
      expect(counts).toEqual(counts.toSorted((a, b) => b - a))
    } finally {
      await server.stop()
    }
  },
}

function numbers(text: string): readonly number[] {
  return [...text.matchAll(/\d+/g)].map(([digits]) => Number(digits))
}

test('every example of the loader has a test', () => {
  const scripts = readdirSync(examples).filter((name) => name.endsWith('.ts'))
  const loading = scripts.filter((name) =>
    readFileSync(path.join(examples, name), 'utf8').includes(`from '@crimewh/`),
  )
  expect(loading.sort()).toEqual(Object.keys(RUNS).sort())
})

test.for(Object.entries(RUNS))('%s', ([, check], { skip }) => check(skip))
