import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { query } from '../cli/duckdb.js'
import { run, temporaryFolder } from '../cli/run.js'
import { zipBytes } from '../input/zip-bytes.js'
import { BY_HAND, codeListOf, columnNames, decodeByHand, SEGMENT_OF } from './layout-by-hand.js'
import { sharedFolder } from './shared-data.js'

const folder = sharedFolder('nibrs-master')

interface Fragment {
  readonly claimedYear: number
  readonly line: string
}

function sampleFile(name: string): string[] {
  return readFileSync(path.join(folder!, name), 'latin1').trimEnd().split('\n')
}

function fragments(first: number, last: number): string[] {
  return readFileSync(path.join(folder!, 'fragments-field-values.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((text) => JSON.parse(text) as Fragment)
    .filter(({ claimedYear }) => claimedYear >= first && claimedYear <= last)
    .map(({ line }) => line)
}

interface Decoded {
  readonly tables: ReadonlyMap<string, readonly Record<string, unknown>[]>
  readonly issues: readonly { code: string; recordNumber: number; raw: string }[]
  readonly stats: { records: number; withheld: number; rows: Record<string, number> }
  readonly specId: string
}

/** Zips lines as the FBI does, one text file in an archive, and sends them through the command. */
async function decodeThroughCommand(name: string, lines: readonly string[]): Promise<Decoded> {
  const cwd = temporaryFolder()
  const text = Buffer.from(lines.map((line) => `${line}\n`).join(''), 'latin1')
  const archive = zipBytes([{ name: `${name}_NIBRS_NATIONAL_MASTER_FILE.txt`, data: text }])
  writeFileSync(path.join(cwd, `nibrs-${name}.zip`), archive)
  const args = [`nibrs-${name}.zip`, '-o', 'out', '--issues', 'issues.ndjson', '--json']
  const result = await run(args, { cwd })
  expect(result.stderr).not.toContain('nibrs-decode:')
  expect(result.code).toBe(0)
  const summary = JSON.parse(result.stdout.toString()).inputs[0]
  const tables = new Map<string, Record<string, unknown>[]>()
  for (const segment of Object.keys(BY_HAND)) {
    const file = path.join(cwd, 'out', `${segment}.parquet`)
    const sql = `SELECT COLUMNS(*)::VARCHAR FROM '${file}' ORDER BY record_number::BIGINT`
    tables.set(segment, await query(sql))
    const described = await query(`DESCRIBE SELECT * FROM '${file}'`)
    expect(described.map((row) => row['column_name'])).toEqual(columnNames(segment))
  }
  const log = readFileSync(path.join(cwd, 'issues.ndjson'), 'utf8')
  return {
    tables,
    issues:
      log === ''
        ? []
        : log
            .trimEnd()
            .split('\n')
            .map((line) => JSON.parse(line)),
    stats: summary.stats,
    specId: summary.spec.id,
  }
}

/** Rows that the lines must give, by segment, decoded from the layout written by hand. */
function expectedTables(lines: readonly string[]): Map<string, Record<string, string | null>[]> {
  const tables = new Map(
    Object.keys(BY_HAND).map((segment) => [segment, [] as Record<string, string | null>[]]),
  )
  lines.forEach((line, index) => {
    tables.get(SEGMENT_OF[line.slice(0, 2)]!)!.push({
      ...decodeByHand(line),
      record_number: String(index + 1),
      record_length: String(line.length),
    })
  })
  return tables
}

describe.runIf(folder !== null)('real lines through nibrs-decode', () => {
  test.each([
    ['2020', 'sample-2020-ak.txt', 39],
    ['2021', 'sample-2021-mixed.txt', 31],
  ])('the lines of %s: every field of every row, and not one issue', async (year, file, count) => {
    const lines = sampleFile(file)
    expect(lines.length).toBe(count)
    const { tables, issues, stats, specId } = await decodeThroughCommand(year, lines)
    expect(specId).toBe('nibrs/master@2013')
    expect(issues).toEqual([])
    expect(stats).toMatchObject({ records: count, withheld: 0 })
    expect(tables).toEqual(expectedTables(lines))
  })

  test('all lines of 2013 on in one archive: the same, and the repeated headers reported', async () => {
    const lines = [
      ...sampleFile('sample-2020-ak.txt'),
      ...sampleFile('sample-2021-mixed.txt'),
      ...fragments(2013, 2025),
    ]
    const { tables, issues, stats, specId } = await decodeThroughCommand('2013', lines)
    expect(specId).toBe('nibrs/master@2013')
    expect(stats).toMatchObject({ records: lines.length, withheld: 0 })
    expect(tables).toEqual(expectedTables(lines))
    // The two years begin with headers of the same agencies.
    const headers = lines.map((line) => (line.startsWith('BH') ? line.slice(2, 13) : null))
    const repeated = headers.flatMap((key, i) =>
      key !== null && headers.indexOf(key) < i
        ? [{ code: 'HEADER_REPEATED', recordNumber: i + 1 }]
        : [],
    )
    expect(repeated.length).toBe(2)
    expect(issues.map(({ code, recordNumber }) => ({ code, recordNumber }))).toEqual(repeated)
  })

  test('the fragments of 2002 to 2012, told by their dates', async () => {
    const lines = fragments(2002, 2012)
    expect(lines.length).toBe(4)
    const { tables, issues, stats, specId } = await decodeThroughCommand('2002', lines)
    expect(specId).toBe('nibrs/master@2002')
    expect(issues).toEqual([])
    expect(stats).toMatchObject({ records: 4, withheld: 0 })
    expect(tables).toEqual(expectedTables(lines))
  })

  test('the fragments of 1991, whose batch header comes in parts', async () => {
    const lines = fragments(1991, 2001)
    const parts = lines.filter((line) => line.startsWith('B'))
    expect(parts.map((line) => line.slice(0, 2))).toEqual(['B1', 'B3'])
    const { tables, issues, stats, specId } = await decodeThroughCommand('1991', lines)
    expect(specId).toBe('nibrs/master@1991')
    expect(stats).toMatchObject({ records: 3, withheld: 0, joinedHeaderParts: 1 })
    // Nobody quoted the second part, and the decoder says that it is missing.
    expect(issues).toEqual([
      expect.objectContaining({ code: 'HEADER_PART_MISSING', recordNumber: 1, raw: 'B2' }),
    ])
    // B1 stands where BH does; B2 is BH from 106, 80 to the left; B3 is BH from 202, 176 to the left.
    const [b1, b3] = parts as [string, string]
    const joined = `BH${b1.slice(2)}`.padEnd(201) + b3.slice(25)
    const expected = expectedTables(lines.filter((line) => !line.startsWith('B')))
    expected.set('batch_header', [
      {
        ...decodeByHand(joined),
        record_number: '1',
        record_length: String(b1.length + b3.length),
      },
    ])
    const offender = expected.get('offender')![0]!
    expected.set('offender', [{ ...offender, record_number: '3' }])
    expect(tables).toEqual(expected)
  })

  test("no code is unknown to the FBI's lists, by a check of our own", async () => {
    const lists = JSON.parse(
      readFileSync(path.join(folder!, '../../reference/nibrs-master/codes.json'), 'utf8'),
    ) as Record<string, Record<string, string>>
    const lines = [
      ...sampleFile('sample-2020-ak.txt'),
      ...sampleFile('sample-2021-mixed.txt'),
      ...fragments(2013, 2025),
    ]
    const { tables } = await decodeThroughCommand('2013', lines)
    let checked = 0
    for (const [segment, rows] of tables) {
      for (const column of BY_HAND[segment]!) {
        const list = codeListOf(column)
        if (list === null) continue
        const name = list === 'ageSpecial' ? `${column[0]}_code` : column[0]
        for (const row of rows) {
          const code = row[name] as string | null
          if (code === null) continue
          checked++
          const known =
            Object.hasOwn(lists[list]!, code) || (list === 'ageSpecial' && /^\d\d$/.test(code))
          expect(known, `${segment}.${name} ${code}`).toBe(true)
        }
      }
    }
    expect(checked).toBeGreaterThan(400)
  })
})
