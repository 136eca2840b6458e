import { describe, expect, test } from 'vitest'
import { FAULT_KINDS, generateTruth, type GenerateOptions } from '../../src/testing/index.js'
import { chunked, expectTruth } from './hold-against.js'

const YEARS = Array.from({ length: 35 }, (_, index) => 1991 + index)

type Settings = Omit<GenerateOptions, 'year'>

const PLAIN: Settings = { records: 3000, seed: 11 }
const FAULTS: Settings = {
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
}
/** Each year takes one of these, so that each edition meets them all. */
const IN_TURN: readonly (readonly [string, Settings])[] = [
  [
    'trimmed lines, CRLF, no final newline',
    { records: 2000, seed: 12, trim: 'all', lineEnd: 'crlf', finalNewline: false },
  ],
  [
    'optional tails, padding, blank lines, end mark',
    {
      records: 2000,
      seed: 13,
      tails: true,
      trim: 'some',
      padTo: 132,
      lineEnd: 'mixed',
      blankLines: 0.02,
      endMark: true,
    },
  ],
  ['faults in whole lines', { records: 3000, seed: 14, faults: { rate: 0.08 } }],
]

async function roundTrip(options: GenerateOptions): Promise<void> {
  const truth = await generateTruth(options)
  const { cells } = await expectTruth(truth, [truth.bytes])
  expect(cells).toBeGreaterThan(10_000)
  await expectTruth(truth, chunked(truth.bytes, [70_001, 333, 8192]), { generated: false })
}

describe.each(YEARS)('a generated file of %i decodes to what was generated', (year) => {
  test('plain text', async () => {
    await roundTrip({ year, ...PLAIN })
  })

  test('faults among trimmed, padded and blank lines', async () => {
    await roundTrip({ year, ...FAULTS })
  })

  const [name, settings] = IN_TURN[year % IN_TURN.length]!
  test(name, async () => {
    await roundTrip({ year, ...settings })
  })
})

test('every kind of fault occurs in the files these tests decode', async () => {
  const met = new Set<string>()
  for (const year of [1995, 2022]) {
    const { manifest } = await generateTruth({ year, ...FAULTS })
    for (const code of Object.keys(manifest.issues)) met.add(code)
  }
  expect([...met].sort()).toEqual([...FAULT_KINDS].sort())
})
