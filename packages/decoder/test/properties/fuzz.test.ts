import { describe, expect, test } from 'vitest'
import type { SegmentBatch } from '../../src/batch.js'
import { decode, type Decoding } from '../../src/decode.js'
import { InputError, isDecoderError } from '../../src/errors.js'
import type { DecodeOptions } from '../../src/options.js'
import { loadSpec, parseSpec } from '../../src/spec/load.js'
import type { CompiledSpec } from '../../src/spec/types.js'
import { generateTruth } from '../../src/testing/index.js'
import { Random } from '../../src/testing/random.js'
import { LineMaker, mutate, randomLine } from './random-lines.js'
import { randomSpec } from './random-spec.js'

/** Lines of all tests of this file together; CI sets a million. */
const LINES = Number(process.env['FUZZ_LINES'] ?? 100_000)
const SEED = Number(process.env['FUZZ_SEED'] ?? Date.now() % 1_000_000_000)
const LINES_PER_ROUND = 2500
const TIMEOUT_MS = 60_000 + LINES / 4

console.log(`fuzz: ${LINES} lines from seed ${SEED}; FUZZ_SEED=${SEED} repeats them`)

interface Round {
  readonly spec: CompiledSpec
  readonly bytes: Uint8Array
}

/** What a trivial splitter counts in the bytes, apart from the decoder. */
function countApart(
  spec: CompiledSpec,
  bytes: Uint8Array,
): {
  records: number
  blankLines: number
  endMarks: number
  placed: Record<string, number>
} {
  let text = Buffer.from(bytes).toString('latin1')
  if (text.startsWith('\u00ef\u00bb\u00bf')) text = text.slice(3)
  const lines = text.split('\n')
  let last = lines.pop()!
  const counts = { records: 0, blankLines: 0, endMarks: 0, placed: {} as Record<string, number> }
  if (last.endsWith('\u001a')) {
    counts.endMarks++
    last = last.replace(/\u001a+$/, '')
  }
  if (last !== '') lines.push(last)
  const base = spec.layouts.filter(({ when }) => when === undefined)
  for (const table of spec.tables) counts.placed[table.name] = 0
  for (const ended of lines) {
    const line = ended.endsWith('\r') ? ended.slice(0, -1) : ended
    const level = spec.level === null ? '' : line.slice(spec.level.start, spec.level.end)
    const layout = base.find((candidate) => candidate.level === level)
    if (spec.level === null || layout === undefined) {
      if (/^[ \0]*$/.test(line)) {
        counts.blankLines++
        continue
      }
      if (/^\u001a+$/.test(line)) {
        counts.endMarks++
        continue
      }
    }
    counts.records++
    if (layout !== undefined && line.length >= layout.keyLength) {
      counts.placed[spec.tables[layout.tableIndex]!.name]!++
    }
  }
  return counts
}

function* chunks(bytes: Uint8Array, random: Random): Generator<Uint8Array> {
  const most = random.pick([1000, 70_000, 300_000, 1e9])
  for (let at = 0; at < bytes.length;) {
    const end = Math.min(bytes.length, at + random.between(1, most))
    yield bytes.subarray(at, end)
    at = end
  }
}

function compareBatches(a: SegmentBatch, b: SegmentBatch): void {
  expect([a.segment, a.rowCount, a.throughRecord]).toEqual([b.segment, b.rowCount, b.throughRecord])
  for (const [name, column] of a.columns) {
    const other = b.columns.get(name)!
    for (let row = 0; row < a.rowCount; row++) {
      const value = column.get(row)
      if (!Object.is(value, other.get(row)) || column.label(row) !== other.label(row)) {
        expect({ row, [name]: value, label: column.label(row) }).toEqual({
          row,
          [name]: other.get(row),
          label: other.label(row),
        })
      }
    }
  }
  expect(a.issues).toEqual(b.issues)
}

/** Runs the generated decoder and the oracle in step; both must give or throw the same. */
async function runInStep(
  { spec, bytes }: Round,
  options: DecodeOptions,
  seed: number,
): Promise<Decoding | null> {
  const generated = decode(chunks(bytes, new Random(seed)), spec, { ...options, generated: true })
  const oracle = decode(chunks(bytes, new Random(seed)), spec, { ...options, generated: false })
  const left = generated[Symbol.asyncIterator]()
  const right = oracle[Symbol.asyncIterator]()
  for (;;) {
    const [a, b] = await Promise.all([next(left), next(right)])
    if ('error' in a || 'error' in b) {
      expect('error' in a && a.error).toEqual('error' in b && b.error)
      if ('error' in a && !isDecoderError(a.error)) throw a.error
      return null
    }
    expect(a.done).toBe(b.done)
    if (a.done === true || b.done === true) break
    compareBatches(a.value, b.value)
  }
  expect(generated.stats).toEqual(oracle.stats)
  return generated
}

async function next<T>(
  iterator: AsyncIterator<T>,
): Promise<IteratorResult<T> | { error: unknown }> {
  try {
    return await iterator.next()
  } catch (error) {
    return { error }
  }
}

function expectNothingLost(round: Round, { stats }: Decoding): void {
  const apart = countApart(round.spec, round.bytes)
  const { records, blankLines, endMarks } = stats
  expect({ records, blankLines, endMarks }).toEqual({
    records: apart.records,
    blankLines: apart.blankLines,
    endMarks: apart.endMarks,
  })
  expect(stats.bytes).toBe(round.bytes.length)
  const rows = Object.values(stats.rows).reduce((sum, count) => sum + count, 0)
  expect(rows + stats.joinedHeaderParts + stats.withheld + stats.notSelected).toBe(records)
  const placed = Object.values(apart.placed).reduce((sum, count) => sum + count, 0)
  if (stats.notSelected > 0) return
  expect(rows + stats.joinedHeaderParts).toBe(placed)
  if (stats.joinedHeaderParts === 0) expect(stats.rows).toEqual(apart.placed)
}

function joined(lines: readonly Uint8Array[], random: Random): Uint8Array {
  const parts: Uint8Array[] = []
  if (random.chance(0.05)) parts.push(Uint8Array.of(0xef, 0xbb, 0xbf))
  const crlf = random.pick([0, 0.5, 1])
  for (const line of lines) {
    parts.push(line, random.chance(crlf) ? Uint8Array.of(13, 10) : Uint8Array.of(10))
  }
  if (random.chance(0.3)) parts.pop()
  if (random.chance(0.2)) parts.push(Uint8Array.of(0x1a))
  return new Uint8Array(Buffer.concat(parts))
}

function randomOptions(spec: CompiledSpec, random: Random): DecodeOptions {
  return {
    batchRows: random.pick([1, 7, 300, 1000, 8192]),
    aligned: random.chance(0.5),
    reuseArrays: random.chance(0.5),
    ...(random.chance(0.1) ? { strict: true } : {}),
    ...(random.chance(0.1) ? { limit: random.below(LINES_PER_ROUND) } : {}),
    ...(random.chance(0.2) ? { segments: [random.pick(spec.tables).name] } : {}),
  }
}

async function rounds(
  share: number,
  salt: number,
  make: (random: Random) => Promise<Round>,
): Promise<void> {
  let done = 0
  for (let number = 0; done < LINES * share; number++) {
    const seed = SEED + salt + number * 7919
    const random = new Random(seed)
    try {
      const round = await make(random)
      const options = randomOptions(round.spec, random)
      const decoding = await runInStep(round, options, seed)
      if (decoding !== null && options.limit === undefined) expectNothingLost(round, decoding)
    } catch (cause) {
      throw new Error(`round ${number} of seed ${SEED} failed; FUZZ_SEED=${SEED} repeats it`, {
        cause,
      })
    }
    done += LINES_PER_ROUND
  }
}

describe('random and mutated lines never hang, throw, differ or get lost', () => {
  test('in NIBRS master files of every edition', { timeout: TIMEOUT_MS }, async () => {
    await rounds(0.5, 1, async (random) => {
      const { bytes, spec } = await generateTruth({
        year: random.between(1991, 2025),
        records: LINES_PER_ROUND,
        seed: random.bits(),
        tails: random.chance(0.3),
        trim: random.pick(['none', 'some', 'all']),
        repeatedHeaders: random.pick([0, 0.5]),
        faults: { rate: random.pick([0, 0.01, 0.2]) },
      })
      const share = random.pick([0, 0.001, 0.05, 0.5])
      const lines: Uint8Array[] = []
      for (let at = 0; at < bytes.length;) {
        const end = bytes.indexOf(10, at)
        const line = bytes.subarray(at, end)
        lines.push(
          random.chance(share)
            ? random.chance(0.2)
              ? randomLine(random)
              : mutate(line, random)
            : line,
        )
        at = end + 1
      }
      return { spec, bytes: joined(lines, random) }
    })
  })

  test('in lines of random specs', { timeout: TIMEOUT_MS }, async () => {
    await rounds(0.4, 2, async (random) => {
      const spec = await parseSpec(randomSpec(random))
      const maker = new LineMaker(spec, random)
      const share = random.pick([0, 0.001, 0.05])
      const lines = Array.from({ length: LINES_PER_ROUND }, () =>
        random.chance(share) ? randomLine(random) : maker.line(),
      )
      return { spec, bytes: joined(lines, random) }
    })
  })

  test('in nothing but random bytes', { timeout: TIMEOUT_MS }, async () => {
    await rounds(0.1, 3, async (random) => {
      const spec = random.chance(0.5)
        ? await loadSpec(`nibrs/master@${random.pick(['1991', '2002', '2013'])}`)
        : await parseSpec(randomSpec(random))
      const lines = Array.from({ length: LINES_PER_ROUND }, () => randomLine(random))
      return { spec, bytes: joined(lines, random) }
    })
  })

  test('a line without an end is an InputError, not a full memory', async () => {
    const spec = await loadSpec('nibrs/master@2013')
    const chunk = new Uint8Array(100_000).fill(0x41)
    let given = 0
    const endless = function* (): Generator<Uint8Array> {
      for (;;) {
        given += chunk.length
        yield chunk
      }
    }
    const reading = async (): Promise<void> => {
      for await (const batch of decode(endless(), spec)) void batch
    }
    await expect(reading()).rejects.toThrow(InputError)
    expect(given).toBeLessThan(2_000_000)
  })
})
