import { expect } from 'vitest'
import type { SegmentBatch } from '../../src/batch.js'
import type { ByteChunks } from '../../src/byte-chunks.js'
import { decode } from '../../src/decode.js'
import type { Issue } from '../../src/issues.js'
import type { DecodeOptions } from '../../src/options.js'
import type { DecodeStats } from '../../src/record-decoder.js'
import type { CompiledSpec } from '../../src/spec/types.js'
import type { GeneratedTruth } from '../../src/testing/index.js'

/** What a decoding gave, in the form of the generator's truth. */
export interface Decoded {
  /** Differences to the expected rows, the first few of them. */
  readonly differences: readonly string[]
  readonly issues: readonly Issue[]
  readonly stats: DecodeStats
  readonly cells: number
}

const MOST_DIFFERENCES = 20

/** Decodes and compares each cell with the expected one as the batches come. */
export async function decodeAgainst(
  truth: GeneratedTruth,
  input: ByteChunks,
  options: DecodeOptions = {},
): Promise<Decoded> {
  const decoding = decode(input, truth.spec, options)
  const next = new Map<string, number>()
  const differences: string[] = []
  const issues: Issue[] = []
  let cells = 0
  const differ = (text: string): void => {
    if (differences.length < MOST_DIFFERENCES) differences.push(text)
  }
  const compare = (batch: SegmentBatch): void => {
    const expected = truth.rows.get(batch.segment)!
    const first = next.get(batch.segment) ?? 0
    next.set(batch.segment, first + batch.rowCount)
    const columns = [...batch.columns.values()]
    for (let row = 0; row < batch.rowCount; row++) {
      const want = expected[first + row]
      if (want === undefined) {
        differ(`${batch.segment} row ${first + row}: more rows than expected`)
        return
      }
      const wanted = [...want.values, want.recordNumber, want.recordLength]
      for (let c = 0; c < columns.length; c++) {
        const column = columns[c]!
        const got = column.get(row)
        cells++
        if (got !== wanted[c]) {
          differ(
            `${batch.segment} row ${first + row} (record ${want.recordNumber}) ${column.name}: ` +
              `expected ${JSON.stringify(wanted[c])}, got ${JSON.stringify(got)}`,
          )
        }
      }
    }
  }
  for await (const batch of decoding) {
    compare(batch)
    issues.push(...batch.issues)
  }
  for (const [segment, rows] of truth.rows) {
    if ((next.get(segment) ?? 0) < rows.length) {
      differ(`${segment}: ${next.get(segment) ?? 0} of ${rows.length} rows`)
    }
  }
  return { differences, issues, stats: decoding.stats, cells }
}

/** Holds rows, issues and counters of a decoding against what was generated. */
export async function expectTruth(
  truth: GeneratedTruth,
  input: ByteChunks,
  options: DecodeOptions = {},
): Promise<Decoded> {
  const decoded = await decodeAgainst(truth, input, options)
  expect(decoded.differences).toEqual([])
  expectIssues(decoded.issues, truth.issues)
  const { manifest } = truth
  const { stats } = decoded
  expect(stats).toEqual({
    bytes: truth.bytes.length,
    records: manifest.records,
    rows: manifest.rows,
    joinedHeaderParts: manifest.joinedHeaderParts,
    withheld: manifest.withheld,
    notSelected: 0,
    blankLines: manifest.blankLines,
    endMarks: manifest.endMarks,
    shortRecords: manifest.shortRecords,
    longRecords: manifest.longRecords,
    issues: manifest.issues,
    dataYear: manifest.rows['batch_header'] === 0 ? null : manifest.year,
  })
  expectNothingLost(stats)
  return decoded
}

/** records = rows + joined header parts + withheld + not selected. */
export function expectNothingLost(stats: DecodeStats): void {
  const rows = Object.values(stats.rows).reduce((sum, count) => sum + count, 0)
  expect(rows + stats.joinedHeaderParts + stats.withheld + stats.notSelected).toBe(stats.records)
}

/** The issues are these and no others; the order within a file is by position. */
export function expectIssues(got: readonly Issue[], wanted: readonly Issue[]): void {
  const sorted = (issues: readonly Issue[]): Issue[] =>
    [...issues].sort(
      (a, b) =>
        a.byteOffset - b.byteOffset ||
        (a.code < b.code ? -1 : a.code > b.code ? 1 : 0) ||
        String(a.field).localeCompare(String(b.field)),
    )
  expect(sorted(got)).toEqual(sorted(wanted))
}

/** Splits bytes into chunks of the given sizes, cycling through them. */
export function* chunked(bytes: Uint8Array, sizes: readonly number[]): Generator<Uint8Array> {
  let at = 0
  for (let i = 0; at < bytes.length; i++) {
    const end = at + sizes[i % sizes.length]!
    yield bytes.subarray(at, end)
    at = end
  }
}

/** The spec's segments, for tests that pick some. */
export function segmentNames(spec: CompiledSpec): readonly string[] {
  return spec.tables.map(({ name }) => name)
}
