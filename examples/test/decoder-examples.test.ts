import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { writeMasterFile } from '@nibrs/decoder/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'

const examples = fileURLToPath(new URL('..', import.meta.url))
const runner = path.join(examples, '../scripts/example.mjs')
let folder: string

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'nibrs-examples-'))
  await writeMasterFile(path.join(folder, 'nibrs-2022.zip'), {
    year: 2022,
    records: 5000,
    faults: { rate: 0.01 },
  })
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
  return stdout
}

const RUNS: Readonly<Record<string, () => void>> = {
  'first-decode.ts': () => {
    const out = run('first-decode.ts', ['nibrs-2022.zip', 'out'])
    expect(out).toMatch(/^nibrs\/master@2013: its batch headers \(BH\) say data year 2022\n/)
    expect(out).toMatch(/\nvictim: [1-9]\d* rows\n/)
    expect(out).toMatch(/\n5000 records, \d+ withheld\n$/)
    expect(readdirSync(path.join(folder, 'out'))).toContain('victim.parquet')
  },
  'incidents.ts': () => {
    const lines = run('incidents.ts', ['nibrs-2022.zip']).trimEnd().split('\n')
    expect(lines.length).toBeGreaterThan(3)
    for (const line of lines) expect(line).toMatch(/^\d+ {2}\S.*$/)
  },
  'issues.ts': () => {
    const out = run('issues.ts', ['nibrs-2022.zip'])
    expect(out).toMatch(/^line \d+, byte \d+: [A-Z]+_\S+ .*"\n/)
    const [, records, ...parts] = /(\d+) = (\d+) \+ (\d+) \+ (\d+) \+ (\d+)\n$/.exec(out)!
    expect(parts.reduce((sum, part) => sum + Number(part), 0)).toBe(Number(records))
    expect(Number(records)).toBe(5000)
  },
  'own-spec.ts': () => {
    expect(run('own-spec.ts', [])).toBe(
      'A001 SUMMIT: 2962 m, Automatic\nB002 HARBOUR: 4 m, Manned\n',
    )
  },
  'streams.ts': () => {
    const lines = run('streams.ts', ['nibrs-2022.zip']).trimEnd().split('\n')
    expect(lines[0]).toMatch(/^state_code,state_code_label,ori,/)
    expect(lines.length).toBeGreaterThan(100)
  },
}

test('every example of the decoder has a test', () => {
  const scripts = readdirSync(examples).filter((name) => name.endsWith('.ts'))
  expect(scripts.filter((name) => decodes(name)).sort()).toEqual(Object.keys(RUNS).sort())
})

/** The other packages' examples are run by tests of their own. */
function decodes(script: string): boolean {
  const text = readFileSync(path.join(examples, script), 'utf8')
  return !/from '@(ukpolice|crimewh)\//.test(text)
}

test.each(Object.entries(RUNS))('%s', (_name, check) => check())
