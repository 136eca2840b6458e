import { describe, expect, test } from 'vitest'
import { decode } from '../../src/decode.js'
import type { Issue } from '../../src/issues.js'
import type { DecodeOptions } from '../../src/options.js'
import { loadSpec } from '../../src/spec/load.js'
import { generateTruth } from '../../src/testing/index.js'

/** The three header lines of the first agency of a generated file of 1995. */
async function headerLines(): Promise<string[]> {
  const { bytes } = await generateTruth({ year: 1995, records: 40, seed: 5 })
  return Buffer.from(bytes).toString('latin1').split('\n').slice(0, 3)
}

async function decodeLines(
  lines: readonly string[],
  options: DecodeOptions = {},
): Promise<{ rows: Record<string, unknown>[]; issues: Issue[] }> {
  const spec = await loadSpec('nibrs/master@1991')
  const rows: Record<string, unknown>[] = []
  const issues: Issue[] = []
  const text = Buffer.from(lines.map((line) => `${line}\n`).join(''), 'latin1')
  for await (const batch of decode([text], spec, options)) {
    issues.push(...batch.issues)
    for (let row = 0; row < batch.rowCount; row++) {
      rows.push(
        Object.fromEntries([...batch.columns].map(([name, column]) => [name, column.get(row)])),
      )
    }
  }
  return { rows, issues }
}

describe('a header in three lines', () => {
  test('keeps state and ORI when its first line is missing', async () => {
    const [b1, b2, b3] = await headerLines()
    const complete = (await decodeLines([b1!, b2!, b3!])).rows[0]!
    const { rows, issues } = await decodeLines([b2!, b3!])
    expect(rows).toHaveLength(1)
    expect(rows[0]!['ori']).toBe(complete['ori'])
    expect(rows[0]!['state_code']).toBe(complete['state_code'])
    expect(rows[0]!['city_name']).toBeNull()
    expect(rows[0]!['master_file_year']).toBe(1995)
    expect(issues.map(({ code, raw }) => [code, raw])).toEqual([['HEADER_PART_MISSING', 'B1']])
  })

  test('says where a fault in the key is when its first line is missing', async () => {
    const [, b2, b3] = await headerLines()
    const lines = [b2!, b3!].map((line) => `${line.slice(0, 2)}ZZ${line.slice(4)}`)
    const { rows, issues } = await decodeLines(lines)
    expect(rows[0]!['state_code']).toBe('ZZ')
    expect(issues).toMatchObject([
      { code: 'HEADER_PART_MISSING', byteOffset: 0, recordNumber: 1 },
      { code: 'FIELD_CODE_UNKNOWN', field: 'state_code', byteOffset: 2, recordNumber: 1 },
    ])
  })

  test('says in which line a fault is, whatever stands between its lines', async () => {
    const [b1, b2, b3] = await headerLines()
    const broken = `${b3!.slice(0, 51)}XX${b3!.slice(53)}`
    const { issues } = await decodeLines([b1!, '', b2!, '', ' ', broken])
    expect(issues).toEqual([
      {
        code: 'FIELD_NOT_NUMERIC',
        segment: 'batch_header',
        field: 'months_reported',
        recordNumber: 6,
        byteOffset: b1!.length + 1 + 1 + b2!.length + 1 + 1 + 2 + 51,
        raw: 'XX',
      },
    ])
  })

  test('misses no line that a limit kept from being read', async () => {
    const [b1, b2, b3] = await headerLines()
    const codes = async (lines: readonly string[], limit: number): Promise<unknown[]> =>
      (await decodeLines(lines, { limit })).issues.map(({ code, raw }) => [code, raw])
    expect(await codes([b1!, b2!, b3!], 1)).toEqual([])
    expect(await codes([b1!, b2!, b3!], 2)).toEqual([])
    expect((await decodeLines([b1!, b2!, b3!], { limit: 2, strict: true })).rows).toHaveLength(1)
    // A line that was passed over is missing all the same.
    expect(await codes([b2!, b3!], 1)).toEqual([['HEADER_PART_MISSING', 'B1']])
    expect(await codes([b1!, b3!], 2)).toEqual([['HEADER_PART_MISSING', 'B2']])
    const incident = `01${b1!.slice(2, 13)}${' '.repeat(70)}`
    expect(await codes([b1!, incident], 2)).toContainEqual(['HEADER_PART_MISSING', 'B2 B3'])
  })
})
