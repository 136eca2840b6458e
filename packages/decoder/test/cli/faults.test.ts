import { spawnSync } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { bytes, header, record } from '../detect/lines.js'
import { BIN, run, temporaryFolder, tree } from './run.js'
import { sampleLines } from './sample.js'

interface Logged {
  readonly source: string
  readonly code: string
  readonly segment: string | null
  readonly field: string | null
  readonly recordNumber: number
  readonly byteOffset: number
  readonly raw: string
}

function logged(file: string): Logged[] {
  const text = readFileSync(file, 'utf8')
  return text === ''
    ? []
    : text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Logged)
}

/** Lines with a fault in each, in every segment in turn, and the position of each fault. */
function faultyLines(count: number): { lines: string[]; expected: Omit<Logged, 'source'>[] } {
  const lines = [header('2022')]
  const expected: Omit<Logged, 'source'>[] = []
  let offset = lines[0]!.length + 1
  const kinds = [
    ['01', 89, 35, '2X', 'FIELD_HOUR', 'administrative', 'incident_hour'],
    ['02', 59, 34, '999', 'FIELD_CODE_UNKNOWN', 'offense', 'offense_code'],
    ['04', 135, 34, '0A1', 'FIELD_NOT_NUMERIC', 'victim', 'victim_sequence'],
    ['05', 40, 34, '##', 'FIELD_OVERFLOW', 'offender', 'offender_sequence'],
    ['06', 73, 48, '20221332', 'FIELD_DATE', 'arrestee', 'arrest_date'],
    ['ZZ', 30, 1, 'ZZ', 'RECORD_UNKNOWN_LEVEL', null, null],
  ] as const
  for (let i = 0; i < count; i++) {
    // A stride that is no multiple of the number of kinds, so that runs of one kind occur too.
    const [level, length, position, raw, code, segment, field] = kinds[(i * i + (i >> 3)) % 6]!
    const text = record(level, length, '20220101', { [position]: raw })
    expected.push({
      code,
      segment,
      field,
      recordNumber: lines.length + 1,
      byteOffset: offset + position - 1,
      raw: segment === null ? text : raw,
    })
    lines.push(text)
    offset += text.length + 1
  }
  return { lines, expected }
}

describe('--issues', () => {
  test('writes each fault with source, place and raw text, in file order', async () => {
    const cwd = temporaryFolder()
    const { lines, expected } = faultyLines(60)
    writeFileSync(path.join(cwd, 'a.txt'), bytes(lines))
    const result = await run(['a.txt', '--issues', 'i.ndjson', '--json'], { cwd })
    expect(result.code).toBe(0)
    expect(logged(path.join(cwd, 'i.ndjson'))).toEqual(
      expected.map((issue) => ({ source: 'a.txt', ...issue })),
    )
    const { inputs, issuesFile } = JSON.parse(result.stdout.toString())
    expect(path.basename(issuesFile)).toBe('i.ndjson')
    const counts = Object.values(inputs[0].stats.issues as Record<string, number>)
    expect(counts.reduce((a, b) => a + b)).toBe(60)
  })

  test('keeps file order over more faults than are held in memory', async () => {
    const cwd = temporaryFolder()
    const { lines, expected } = faultyLines(100_000)
    writeFileSync(path.join(cwd, 'a.txt'), bytes(lines))
    expect(await run(['a.txt', '--issues', 'i.ndjson', '-q'], { cwd })).toMatchObject({ code: 0 })
    const found = logged(path.join(cwd, 'i.ndjson'))
    expect(found.length).toBe(expected.length)
    expect(found.findIndex((issue, i) => issue.byteOffset !== expected[i]!.byteOffset)).toBe(-1)
    expect(found.map(({ source: _source, ...issue }) => issue)).toEqual(expected)
    expect(tree(cwd).filter((name) => name.includes('runs'))).toEqual([])
  })

  test('holds the faults of several inputs one after another', async () => {
    const cwd = temporaryFolder()
    const { lines } = faultyLines(6)
    writeFileSync(path.join(cwd, 'a.txt'), bytes(lines))
    writeFileSync(path.join(cwd, 'b.txt'), bytes(lines))
    await run(['a.txt', 'b.txt', '--issues', 'i.ndjson'], { cwd })
    const sources = logged(path.join(cwd, 'i.ndjson')).map((issue) => issue.source)
    expect(sources).toEqual([...Array(6).fill('a.txt'), ...Array(6).fill('b.txt')])
  })

  test('of a faultless file is empty', async () => {
    const cwd = temporaryFolder()
    writeFileSync(path.join(cwd, 'a.txt'), bytes(sampleLines()))
    await run(['a.txt', '--issues', 'i.ndjson'], { cwd })
    expect(logged(path.join(cwd, 'i.ndjson'))).toEqual([])
  })

  test('does not overwrite without --force', async () => {
    const cwd = temporaryFolder()
    writeFileSync(path.join(cwd, 'a.txt'), bytes(sampleLines()))
    writeFileSync(path.join(cwd, 'i.ndjson'), 'mine')
    const result = await run(['a.txt', '--issues', 'i.ndjson'], { cwd })
    expect(result.code).toBe(1)
    expect(tree(cwd)).toEqual(['a.txt', 'i.ndjson'])
    expect(readFileSync(path.join(cwd, 'i.ndjson'), 'utf8')).toBe('mine')
  })
})

describe('faults', () => {
  test('do not change the exit code by themselves, and are summed up by code', async () => {
    const cwd = temporaryFolder()
    writeFileSync(path.join(cwd, 'a.txt'), bytes(faultyLines(6).lines))
    const result = await run(['a.txt'], { cwd })
    expect(result.code).toBe(0)
    expect(result.stderr).toContain('6 issues:\n')
    expect(result.stderr).toMatch(/ FIELD_CODE_UNKNOWN +\d/)
    expect(result.stderr).toMatch(/7 records = \d rows .* \d withheld/)
  })

  test('--strict stops at the first, exits 3, says where, and leaves no output', async () => {
    const cwd = temporaryFolder()
    const { lines, expected } = faultyLines(100)
    writeFileSync(path.join(cwd, 'a.txt'), bytes(lines))
    const first = expected[0]!
    const result = await run(['a.txt', '--strict', '--issues', 'i.ndjson'], { cwd })
    expect(result.code).toBe(3)
    expect(result.stderr).toContain(`record ${first.recordNumber} at byte ${first.byteOffset}`)
    expect(result.stderr).toContain(first.code)
    expect(tree(cwd)).toEqual(['a.txt'])
  })

  test('--strict on a faultless file is exit 0', async () => {
    const cwd = temporaryFolder()
    writeFileSync(path.join(cwd, 'a.txt'), bytes(sampleLines()))
    expect(await run(['a.txt', '--strict'], { cwd })).toMatchObject({ code: 0 })
  })

  test('of one input of several name it, and what was decoded before is told', async () => {
    const cwd = temporaryFolder()
    writeFileSync(path.join(cwd, 'a.txt'), bytes(sampleLines()))
    writeFileSync(path.join(cwd, 'b.txt'), bytes(faultyLines(6).lines))
    const result = await run(['a.txt', 'b.txt', '--strict', '--json'], { cwd })
    expect(result.code).toBe(3)
    expect(result.stderr).toMatch(/b\.txt: record \d+ at byte \d+/)
    expect(result.stderr).toContain('Decoded before that: a.txt.')
    const said = JSON.parse(result.stdout.toString())
    expect(said.error).toMatchObject({ name: 'RecordError', file: 'b.txt' })
    expect(said.inputs.map(({ source }: { source: { name: string } }) => source.name)).toEqual([
      'a.txt',
    ])
  })

  test('of inputs decoded before one that failed stay in the log, as their tables do', async () => {
    const cwd = temporaryFolder()
    const { lines } = faultyLines(6)
    writeFileSync(path.join(cwd, 'a.txt'), bytes(lines))
    writeFileSync(path.join(cwd, 'b.txt'), 'Lorem ipsum\n')
    const alone = await run(['a.txt', '-o', 'alone', '--issues', 'alone.ndjson'], { cwd })
    expect(alone.code).toBe(0)
    const result = await run(['a.txt', 'b.txt', '--issues', 'i.ndjson', '--json'], { cwd })
    expect(result.code).toBe(1)
    expect(result.stderr).toMatch(
      /Decoded before that: a\.txt\. Their issues are in .*i\.ndjson\.\n/,
    )
    expect(JSON.parse(result.stdout.toString()).issuesFile).toBe(path.join(cwd, 'i.ndjson'))
    const log = readFileSync(path.join(cwd, 'i.ndjson'), 'utf8')
    expect(log).toBe(readFileSync(path.join(cwd, 'alone.ndjson'), 'utf8'))
    expect(log.split('\n').length).toBeGreaterThan(5)
  })

  test('a file known to be something else is not advised to be decoded', async () => {
    const cwd = temporaryFolder()
    writeFileSync(path.join(cwd, 'vt.txt'), '03073I032021    AK0010100000000001\n')
    writeFileSync(path.join(cwd, 'own.txt'), 'Lorem ipsum\n')
    const submission = await run(['vt.txt'], { cwd })
    expect(submission.code).toBe(1)
    expect(submission.stderr).toMatch(/^nibrs-decode: vt\.txt: .*submission format/)
    expect(submission.stderr).not.toMatch(/--spec|name it/)
    const own = await run(['own.txt'], { cwd })
    expect(own.stderr).toContain('Name the layout with --spec')
  })
})

test.runIf(existsSync('/dev/full'))(
  'a full disk behind standard output is said as such',
  async () => {
    const cwd = temporaryFolder()
    writeFileSync(path.join(cwd, 'a.txt'), bytes(sampleLines()))
    const full = openSync('/dev/full', 'w')
    const onFull = (args: readonly string[]): { code: number | null; stderr: string } => {
      const { status, stderr } = spawnSync(process.execPath, [BIN, ...args], {
        cwd,
        encoding: 'utf8',
        stdio: ['ignore', full, 'pipe'],
      })
      return { code: status, stderr }
    }
    for (const args of [
      ['a.txt', '-o', '-', '--segment', 'victim', '--format', 'csv'],
      ['a.txt', '-o', 'out', '--json'],
    ]) {
      const { code, stderr } = onFull(args)
      expect(code).toBe(1)
      expect(stderr).toContain('[OUTPUT_NOT_WRITABLE]')
      expect(stderr).not.toMatch(/unexpected|\n +at /)
    }
    closeSync(full)
  },
)
