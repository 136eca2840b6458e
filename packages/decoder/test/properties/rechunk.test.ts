import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decode } from '../../src/decode.js'
import type { DecodeOptions } from '../../src/options.js'
import type { CompiledSpec } from '../../src/spec/types.js'
import { generateTruth, type GenerateOptions } from '../../src/testing/index.js'

/** Everything a decoding gives, batch by batch, cells copied out. */
async function trace(
  input: Iterable<Uint8Array>,
  spec: CompiledSpec,
  options: DecodeOptions,
): Promise<{
  batches: unknown[]
  rows: Record<string, unknown[][]>
  issues: unknown[]
  stats: unknown
}> {
  const batches: unknown[] = []
  const rows: Record<string, unknown[][]> = {}
  const issues: unknown[] = []
  const decoding = decode(input, spec, options)
  for await (const batch of decoding) {
    batches.push([batch.segment, batch.rowCount, batch.throughRecord, batch.issues.length])
    issues.push(...batch.issues)
    const columns = [...batch.columns.values()]
    for (let row = 0; row < batch.rowCount; row++) {
      ;(rows[batch.segment] ??= []).push(columns.map((column) => column.get(row)))
    }
  }
  return { batches, rows, issues, stats: { ...decoding.stats } }
}

function cutAt(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const sorted = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b)
  const edges = [0, ...sorted, bytes.length]
  // Chunks of other buffers, at odd offsets, and now and then empty.
  return edges.slice(1).map((end, index) => {
    const start = edges[index]!
    const copy = new Uint8Array(end - start + 3)
    copy.set(bytes.subarray(start, end), 3)
    return copy.subarray(3)
  })
}

const settings: fc.Arbitrary<GenerateOptions> = fc.record({
  year: fc.integer({ min: 1991, max: 2025 }),
  records: fc.integer({ min: 1, max: 900 }),
  seed: fc.integer({ min: 0, max: 1e9 }),
  lineEnd: fc.constantFrom('lf' as const, 'crlf' as const, 'mixed' as const),
  finalNewline: fc.boolean(),
  endMark: fc.boolean(),
  trim: fc.constantFrom('none' as const, 'some' as const, 'all' as const),
  tails: fc.boolean(),
  blankLines: fc.constantFrom(0, 0.05),
  repeatedHeaders: fc.constantFrom(0, 0.3),
  faults: fc.record({ rate: fc.constantFrom(0, 0.02, 0.3) }),
})

const decodeOptions: fc.Arbitrary<DecodeOptions> = fc.record(
  {
    batchRows: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 13, max: 2000 })),
    aligned: fc.boolean(),
    reuseArrays: fc.boolean(),
    generated: fc.boolean(),
    limit: fc.integer({ min: 0, max: 900 }),
    segments: fc.subarray(['batch_header', 'administrative', 'victim', 'arrestee'], {
      minLength: 1,
    }),
  },
  { requiredKeys: ['batchRows'] },
)

describe('any re-chunking of the input', () => {
  test('gives the same batches, rows, issues and counts', async () => {
    await fc.assert(
      fc.asyncProperty(
        settings,
        decodeOptions,
        fc.array(fc.nat(), { maxLength: 40 }),
        async (generate, options, cuts) => {
          const { bytes, spec } = await generateTruth(generate)
          const whole = await trace([bytes], spec, options)
          const cut = await trace(cutAt(bytes, cuts), spec, options)
          // Under a limit the decoder may have been handed more bytes than it read.
          if (options.limit !== undefined) {
            Object.assign(whole.stats as object, { bytes: 0 })
            Object.assign(cut.stats as object, { bytes: 0 })
          }
          expect(cut).toEqual(whole)
        },
      ),
      { numRuns: 60 },
    )
  })

  test('one byte at a time', async () => {
    await fc.assert(
      fc.asyncProperty(settings, async (generate) => {
        const { bytes, spec } = await generateTruth({ ...generate, records: 40 })
        const single = Array.from(bytes, (_, index) => bytes.subarray(index, index + 1))
        expect(await trace(single, spec, {})).toEqual(await trace([bytes], spec, {}))
      }),
      { numRuns: 10 },
    )
  })

  test('a byte order mark in pieces is passed over like a whole one', async () => {
    const { bytes, spec } = await generateTruth({ year: 2022, records: 30 })
    const marked = Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), bytes])
    const whole = await trace([marked], spec, {})
    expect(whole.issues).toEqual([])
    for (const cut of [1, 2, 3, 4]) {
      expect(await trace([marked.subarray(0, cut), marked.subarray(cut)], spec, {})).toEqual(whole)
    }
  })
})
