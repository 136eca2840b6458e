import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'

const root = fileURLToPath(new URL('../../../../', import.meta.url))
const cache = path.join(root, 'node_modules/.cache/bench')

function bench(...flags: string[]) {
  const script = path.join(root, 'scripts/bench.mjs')
  return spawnSync(process.execPath, [script, '--no-build', ...flags], { encoding: 'utf8' })
}

test('sizes are measured once the outputs are proved the same, and nothing is left over', () => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'bench-test-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const page = path.join(folder, 'page.md')
  const marks = [
    '<!-- results: npm run bench -- --into docs/benchmarks.md -->',
    '<!-- /results -->',
  ]
  writeFileSync(page, `before\n\n${marks[0]}\n\nold\n\n${marks[1]}\n\nafter\n`)
  const { status, stdout, stderr, pid } = bench(
    '--goal',
    'P7',
    '--size',
    '1MB',
    '--json',
    '--into',
    page,
  )
  expect(stderr).toContain('proved: Parquet of 1 MB')
  expect(status).toBe(0)

  const { proofs, onLess, results } = JSON.parse(stdout) as Record<string, any>
  expect(proofs).toEqual([expect.stringMatching(/^Parquet of 1 MB, \d+ columns of 11 tables/)])
  expect(onLess).toEqual(['P7 (1.0 GB)'])
  const [plain, gzip] = results
  expect(plain).toMatchObject({ goal: 'P7', unit: 'of its size', values: [plain.median] })
  expect(plain.reached).toBe(plain.median <= plain.target.value)
  expect(gzip.median).toBeLessThan(plain.median)

  const text = readFileSync(page, 'utf8')
  expect(text).toMatch(/^before\n\n<!-- results.* -->\n\n- [^]*\n\n\| goal /)
  expect(text).toMatch(/\n\n<!-- \/results -->\n\nafter\n$/)
  expect(text).not.toContain('old')
  expect(existsSync(path.join(cache, `run-${pid}`))).toBe(false)
}, 240_000)

test.each([
  [['--goal', 'P77'], '--goal is "P77"; expected one of P1, P2'],
  [['--size', 'large'], '--size is "large"; expected 1MB to 100GB'],
  [['--pairs', '0'], '--pairs is "0"; expected a whole number from 1 on'],
  [['--speed', '11'], "Unknown option '--speed'"],
])('%j is a mistake', (flags, said) => {
  const { status, stderr } = bench(...flags)
  expect(stderr).toContain(said)
  expect(stderr).toContain('usage: npm run bench')
  expect(status).toBe(2)
})
