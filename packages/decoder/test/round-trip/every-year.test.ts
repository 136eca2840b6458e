import { describe, expect, test } from 'vitest'
import { FAULT_KINDS, generateTruth, type GenerateOptions } from '../../src/testing/index.js'
import { chunked, expectTruth } from './hold-against.js'

const YEARS = Array.from({ length: 35 }, (_, index) => 1991 + index)

/** Settings that differ in everything but the data; each year takes them all. */
const SETTINGS: Readonly<Record<string, Omit<GenerateOptions, 'year'>>> = {
  'plain text': { records: 3000, seed: 11 },
  'trimmed lines, CRLF, no final newline': {
    records: 2000,
    seed: 12,
    trim: 'all',
    lineEnd: 'crlf',
    finalNewline: false,
  },
  'optional tails, padding, blank lines, end mark': {
    records: 2000,
    seed: 13,
    tails: true,
    trim: 'some',
    padTo: 132,
    lineEnd: 'mixed',
    blankLines: 0.02,
    endMark: true,
  },
  'faults of every kind': { records: 3000, seed: 14, faults: { rate: 0.08 } },
  'faults among everything else': {
    records: 2000,
    seed: 15,
    faults: { rate: 0.2 },
    tails: true,
    trim: 'some',
    lineEnd: 'mixed',
    blankLines: 0.03,
    repeatedHeaders: 0.2,
    finalNewline: false,
    endMark: true,
  },
}

describe.each(YEARS)('a generated file of %i', (year) => {
  test.each(Object.entries(SETTINGS))('decodes to what was generated: %s', async (_, settings) => {
    const truth = await generateTruth({ year, ...settings })
    const generated = await expectTruth(truth, [truth.bytes])
    expect(generated.cells).toBeGreaterThan(10_000)
    await expectTruth(truth, chunked(truth.bytes, [70_001, 333, 8192]), { generated: false })
  })
})

test('every kind of fault occurs in the files these tests decode', async () => {
  const met = new Set<string>()
  for (const year of [1995, 2022]) {
    const { manifest } = await generateTruth({ year, ...SETTINGS['faults of every kind'] })
    for (const code of Object.keys(manifest.issues)) met.add(code)
  }
  expect([...met].sort()).toEqual([...FAULT_KINDS].sort())
})
