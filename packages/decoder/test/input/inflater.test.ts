import * as zlib from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { inflateByZlib, inflateHere } from '../../src/input/inflate.js'
import { InflateError, Inflater } from '../../src/input/inflater.js'
import { PieceCursor, streamPieces } from '../../src/input/pieces.js'
import { BitWriter } from './bit-writer.js'
import { countedChunks } from './reading.js'
import { sampleText } from './zip-bytes.js'

type Outcome = { bytes: Buffer; unused: Buffer } | { code: string }

interface Feeding {
  readonly chunkBytes?: number
  /** Packed bytes handed over at a time. */
  readonly step?: number
}

/** What the inflater makes of `packed`. */
function inflate(
  packed: Uint8Array,
  { chunkBytes = 1 << 16, step = packed.length }: Feeding = {},
): Outcome {
  const inflater = new Inflater(chunkBytes)
  const chunks: Buffer[] = []
  let at = 0
  try {
    while (!inflater.isDone) {
      if (at < packed.length) at += inflater.take(packed.subarray(at, at + Math.max(1, step)))
      else inflater.end()
      for (let chunk = inflater.next(); chunk !== null; chunk = inflater.next()) {
        expect(chunk.length).toBeLessThanOrEqual(chunkBytes)
        chunks.push(Buffer.from(chunk))
      }
    }
  } catch (error) {
    expect(error).toBeInstanceOf(InflateError)
    return { code: (error as InflateError).code }
  }
  const unused = Buffer.concat([inflater.unused, packed.subarray(at)])
  const bytes = Buffer.concat(chunks)
  expect(inflater.crc32).toBe(zlib.crc32(bytes))
  return { bytes, unused }
}

/** What zlib makes of it. */
function inflateByNode(packed: Uint8Array): Outcome {
  try {
    const info = zlib.inflateRawSync(packed, { info: true } as zlib.ZlibOptions) as unknown as {
      buffer: Buffer
      engine: zlib.InflateRaw
    }
    return { bytes: info.buffer, unused: Buffer.from(packed.subarray(info.engine.bytesWritten)) }
  } catch (error) {
    return { code: (error as NodeJS.ErrnoException).code! }
  }
}

/**
 * The same bytes, or a fault as well. Data that is wrong and breaks off too may end as either: zlib
 * asks for some bits before it looks at those it has.
 */
function expectLikeZlib(packed: Uint8Array, feeding: Feeding = {}): void {
  const expected = inflateByNode(packed)
  const found = inflate(packed, feeding)
  if ('code' in expected) expect('code' in found).toBe(true)
  else {
    expect('code' in found).toBe(false)
    const { bytes, unused } = found as { bytes: Buffer; unused: Buffer }
    expect(bytes.equals(expected.bytes)).toBe(true)
    expect(unused.equals(expected.unused)).toBe(true)
  }
}

/** Bytes that repeat in many ways, at distances short and long. */
const plainBytes = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.tuple(fc.nat(255), fc.nat(700)).map(([byte, count]) => Buffer.alloc(count, byte)),
      fc
        .tuple(fc.uint8Array({ minLength: 1, maxLength: 20 }), fc.integer({ min: 1, max: 60 }))
        .map(([bytes, count]) => Buffer.concat(Array<Uint8Array>(count).fill(bytes))),
    ),
    { maxLength: 30 },
  )
  .map((parts) => Buffer.concat(parts))

const strategies = [
  zlib.constants.Z_DEFAULT_STRATEGY,
  zlib.constants.Z_FILTERED,
  zlib.constants.Z_HUFFMAN_ONLY,
  zlib.constants.Z_RLE,
  zlib.constants.Z_FIXED,
]

const packing = fc.record({
  level: fc.nat(9),
  strategy: fc.constantFrom(...strategies),
  windowBits: fc.integer({ min: 9, max: 15 }),
  memLevel: fc.integer({ min: 1, max: 9 }),
})

/** What the inflater takes at the least for a chunk. */
const SMALL_CHUNK = 1024

describe('the inflater', () => {
  test('gives what zlib gives, however packed and however handed over', () => {
    const property = fc.property(
      plainBytes,
      packing,
      fc.integer({ min: 1, max: 4000 }),
      fc.integer({ min: SMALL_CHUNK, max: 70_000 }),
      (plain, options, step, chunkBytes) => {
        const packed = zlib.deflateRawSync(plain, options)
        const found = inflate(packed, { chunkBytes, step })
        return 'bytes' in found && found.bytes.equals(plain) && found.unused.length === 0
      },
    )
    fc.assert(property, { numRuns: 1500 })
  })

  test('gives megabytes of every level and strategy', () => {
    const text = sampleText(30_000)
    for (const strategy of strategies) {
      for (let level = 0; level <= 9; level++) {
        const packed = zlib.deflateRawSync(text, { level, strategy })
        const found = inflate(packed, { step: 100_000 })
        expect('bytes' in found && found.bytes.equals(text), `${strategy}, ${level}`).toBe(true)
      }
    }
  })

  test('copies from as far back as there is, over the edges of chunks', () => {
    const block = Buffer.from(Array.from({ length: 32_768 }, (_, i) => (i * 2_654_435_761) >>> 24))
    const plain = Buffer.concat(Array<Buffer>(12).fill(block))
    const packed = zlib.deflateRawSync(plain, { level: 9 })
    expect(packed.length).toBeLessThan(plain.length / 5)
    for (const chunkBytes of [SMALL_CHUNK, 5000, 32_768, 65_536, 100_000]) {
      expectLikeZlib(packed, { chunkBytes, step: 999 })
    }
  })

  test('leaves what follows the data', () => {
    const packed = zlib.deflateRawSync(sampleText(50))
    for (const length of [1, 7, 8, 9, 1023, 1024, 1025, 300_000]) {
      expectLikeZlib(Buffer.concat([packed, Buffer.alloc(length, 0xa5)]))
      expectLikeZlib(Buffer.concat([packed, Buffer.alloc(length, 0xa5)]), { step: 50 })
    }
  })

  test('takes blocks that flushing ends, and empty ones', () => {
    const compressor = (flush: number): Buffer =>
      zlib.deflateRawSync(sampleText(200), { finishFlush: flush })
    for (const flush of [zlib.constants.Z_SYNC_FLUSH, zlib.constants.Z_FULL_FLUSH]) {
      const open = compressor(flush)
      expect(inflate(open)).toEqual({ code: 'Z_BUF_ERROR' })
      expectLikeZlib(Buffer.concat([open, zlib.deflateRawSync(Buffer.alloc(0))]))
    }
  })

  test('data cut at any byte breaks off', () => {
    for (const options of [{ level: 6 }, { level: 0 }, { strategy: zlib.constants.Z_FIXED }]) {
      const packed = zlib.deflateRawSync(sampleText(40), options)
      for (let end = 0; end < packed.length; end++) {
        expect(inflate(packed.subarray(0, end)), `cut at ${end}`).toEqual({ code: 'Z_BUF_ERROR' })
      }
    }
  })

  test('data with bytes changed ends as it does for zlib', () => {
    const property = fc.property(
      plainBytes.filter((plain) => plain.length > 0),
      packing,
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1, max: 5000 }),
      (plain, options, changes, step) => {
        const packed = zlib.deflateRawSync(plain, options)
        for (const [at, value] of changes) packed[at % packed.length] = value
        expectLikeZlib(packed, { step })
      },
    )
    fc.assert(property, { numRuns: 3000 })
  })

  test('random bytes end as they do for zlib', () => {
    const property = fc.property(fc.uint8Array({ maxLength: 600 }), (noise) => {
      expectLikeZlib(noise)
    })
    fc.assert(property, { numRuns: 5000 })
  })

  test('is as new after reset, also after an error', () => {
    const inflater = new Inflater(SMALL_CHUNK)
    const text = sampleText(100)
    const packed = zlib.deflateRawSync(text)
    const read = (bytes: Uint8Array): Buffer => {
      const chunks: Buffer[] = []
      inflater.take(bytes)
      inflater.end()
      for (let chunk = inflater.next(); chunk !== null; chunk = inflater.next()) {
        chunks.push(Buffer.from(chunk))
      }
      return Buffer.concat(chunks)
    }
    expect(text.equals(read(packed))).toBe(true)
    inflater.reset()
    expect(() => read(packed.subarray(0, 100))).toThrow(InflateError)
    inflater.reset()
    expect(text.equals(read(packed))).toBe(true)
    // Nothing of the former data may be reached.
    inflater.reset()
    const reaching = new BitWriter().fixedBlock()
    reaching.code(0b0000001, 7).code(0b00000, 5) // A length of three, from one byte back.
    expect(() => read(reaching.bytes())).toThrow('too far back')
  })
})

describe('each fault that deflate data can have', () => {
  /** A block with its own codes, up to and with the lengths of code lengths (in header order). */
  const dynamic = (literals: number, distances: number, lengths: readonly number[]): BitWriter => {
    const bits = new BitWriter().bits(1, 1).bits(2, 2)
    bits.bits(literals - 257, 5).bits(distances - 1, 5)
    bits.bits(lengths.length - 4, 4)
    for (const length of lengths) bits.bits(length, 3)
    return bits
  }
  // Order: 16 17 18 0 8 7 9 6 10 5 11 4 12 3 13 2 14 1.
  const zerosAndOnes = [0, 0, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2]
  const faults: Record<string, BitWriter> = {
    'a block is of no known type': new BitWriter().bits(1, 1).bits(3, 2),
    'the two lengths of a stored block differ': new BitWriter()
      .bits(1, 1)
      .bits(0, 2)
      .bits(0, 5)
      .bits(5, 16)
      .bits(5, 16),
    'a block has too many length or distance symbols': dynamic(287, 1, [1, 1, 1, 1]),
    'the lengths of code lengths make no code': dynamic(257, 1, [1, 1, 1, 1]),
    'a repeated code length has none before it, or goes too far': dynamic(
      257,
      1,
      [1, 0, 0, 1],
    ).code(1, 1),
    // Lengths: 256 zeros (18 twice), then zero for the end of the block, and for the distance.
    'a block has no code for its end': dynamic(257, 1, zerosAndOnes)
      .code(0, 1)
      .bits(127, 7)
      .code(0, 1)
      .bits(107, 7)
      .code(2, 2)
      .code(2, 2),
    // Three codes of one bit.
    'the literal and length codes make no code': dynamic(257, 1, zerosAndOnes)
      .code(3, 2)
      .code(3, 2)
      .code(0, 1)
      .bits(127, 7)
      .code(0, 1)
      .bits(105, 7)
      .code(3, 2)
      .code(2, 2),
    // Three distances of one bit.
    'the distance codes make no code': dynamic(257, 3, zerosAndOnes)
      .code(3, 2)
      .code(0, 1)
      .bits(127, 7)
      .code(0, 1)
      .bits(106, 7)
      .code(3, 2)
      .code(3, 2)
      .code(3, 2)
      .code(3, 2),
    'a literal or length code does not exist': new BitWriter().fixedBlock().code(0b11000110, 8),
    'a distance code does not exist': new BitWriter()
      .fixedBlock()
      .code(0b00110000, 8)
      .code(0b0000001, 7)
      .code(30, 5),
    'a distance is too far back': new BitWriter()
      .fixedBlock()
      .code(0b00110000, 8)
      .code(0b0000001, 7)
      .code(1, 5),
  }
  for (const [message, bits] of Object.entries(faults)) {
    test(message, () => {
      const packed = Buffer.concat([bits.bytes(), Buffer.alloc(64)])
      expect(inflateByNode(packed)).toEqual({ code: 'Z_DATA_ERROR' })
      const inflater = new Inflater(SMALL_CHUNK)
      inflater.take(packed)
      inflater.end()
      expect(() => inflater.next()).toThrow(message)
    })
  }
})

describe('inflating at a cursor', () => {
  const cursorOf = (bytes: Uint8Array, size: number): PieceCursor =>
    new PieceCursor(streamPieces(countedChunks(bytes, size).chunks(), 'test', undefined))

  for (const [name, inflateRaw] of Object.entries({ inflateHere, inflateByZlib })) {
    test(`${name} leaves the cursor behind the data, wherever pieces end`, async () => {
      const text = sampleText(500)
      const packed = zlib.deflateRawSync(text)
      const after = Buffer.from('what follows, and is longer than any piece is short'.repeat(50))
      const all = Buffer.concat([packed, after])
      for (const size of [1, 7, 100, packed.length - 1, packed.length, packed.length + 1, 1e6]) {
        const cursor = cursorOf(all, size)
        const options = { chunkBytes: 65_536, reuseChunks: true }
        const sum = { crc32: 0 }
        const chunks: Buffer[] = []
        for await (const chunk of inflateRaw(cursor, options, sum)) {
          chunks.push(Buffer.from(chunk))
        }
        expect(text.equals(Buffer.concat(chunks))).toBe(true)
        expect(sum.crc32).toBe(zlib.crc32(text))
        expect(cursor.offset).toBe(packed.length)
        expect(after.equals(await cursor.take(after.length + 10))).toBe(true)
      }
    })
  }

  test('lets timers have their turn, also where all packed bytes are at hand', async () => {
    const packed = zlib.deflateRawSync(Buffer.alloc(100_000_000))
    let ticks = 0
    const timer = setInterval(() => ticks++, 1)
    const options = { chunkBytes: 1 << 20, reuseChunks: true }
    for await (const chunk of inflateHere(cursorOf(packed, 1e6), options, { crc32: 0 })) {
      expect(chunk.length).toBeGreaterThan(0)
    }
    clearInterval(timer)
    expect(ticks).toBeGreaterThan(1)
  })
})
