import { describe, expect, test } from 'vitest'
import type { CellValue } from '../../src/batch.js'
import { decode } from '../../src/decode.js'
import { RecordError } from '../../src/errors.js'
import type { DecodeOptions } from '../../src/options.js'
import { generateTruth, type GeneratedTruth } from '../../src/testing/index.js'
import { expectIssues, expectNothingLost } from './hold-against.js'

const YEARS = [1995, 2008, 2015, 2022]

async function faulty(year: number): Promise<GeneratedTruth> {
  return generateTruth({ year, records: 1500, seed: 21, faults: { rate: 0.05 } })
}

async function decoded(truth: GeneratedTruth, options: DecodeOptions) {
  const decoding = decode([truth.bytes], truth.spec, options)
  const rows = new Map<string, CellValue[][]>()
  const issues = []
  for await (const batch of decoding) {
    issues.push(...batch.issues)
    const columns = [...batch.columns.values()]
    const list = rows.get(batch.segment) ?? []
    rows.set(batch.segment, list)
    for (let row = 0; row < batch.rowCount; row++) {
      list.push(columns.map((column) => column.get(row)))
    }
  }
  return { rows, issues, stats: decoding.stats }
}

function wanted(truth: GeneratedTruth, segment: string): CellValue[][] {
  return truth.rows
    .get(segment)!
    .map(({ values, recordNumber, recordLength }) => [...values, recordNumber, recordLength])
}

describe.each(YEARS)('of a generated file of %i', (year) => {
  test('each segment alone decodes as it does among the others', async () => {
    const truth = await faulty(year)
    for (const { name } of truth.spec.tables) {
      const { rows, issues, stats } = await decoded(truth, { segments: [name] })
      expect([...rows.keys()].filter((segment) => segment !== name)).toEqual([])
      expect(rows.get(name) ?? []).toEqual(wanted(truth, name))
      expectIssues(
        issues,
        truth.issues.filter(({ segment }) => segment === name || segment === null),
      )
      expectNothingLost(stats)
      expect(stats.records).toBe(truth.manifest.records)
    }
  })

  test('the first records decode as they do among the others', async () => {
    const truth = await faulty(year)
    for (const limit of [0, 1, 2, 3, 100, 1499]) {
      const { rows, stats } = await decoded(truth, { limit })
      expect(stats.records).toBe(limit)
      expectNothingLost(stats)
      for (const { name, role } of truth.spec.tables) {
        // A limit may cut a header of several lines.
        if (role === 'header') continue
        const list = rows.get(name) ?? []
        expect(list).toEqual(wanted(truth, name).slice(0, list.length))
      }
    }
  })

  test('strict decoding stops at the first fault and says where it is', async () => {
    const truth = await faulty(year)
    const first = truth.issues.reduce((a, b) => (b.byteOffset < a.byteOffset ? b : a))
    const error: unknown = await decoded(truth, { strict: true }).catch((reason: unknown) => reason)
    expect(error).toBeInstanceOf(RecordError)
    const { code, recordNumber, byteOffset, segment, field } = first
    expect(error).toMatchObject({
      code,
      recordNumber,
      byteOffset,
      ...(segment === null ? {} : { segment }),
      ...(field === null ? {} : { field }),
    })
  })
})
