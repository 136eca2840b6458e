import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Arena } from '../../src/arena.js'
import { type IndexArray, type Kernels, MAX_DISTINCT } from '../../src/parquet/kernels/kernels.js'
import { plainKernels } from '../../src/parquet/kernels/plain-kernels.js'
import { wasmKernels } from '../../src/parquet/kernels/wasm-kernels.js'
import { hasWasm } from '../../src/wasm/web-assembly.js'

const ROWS = 3000
const SPARE = 64

const arena = new Arena(4_000_000, true)
const arrays = {
  1: [arena.take('u8', ROWS + SPARE), arena.take('u8', ROWS + SPARE)],
  2: [arena.take('u16', ROWS + SPARE), arena.take('u16', ROWS + SPARE)],
  4: [arena.take('u32', ROWS + SPARE), arena.take('u32', ROWS + SPARE)],
} as const
const int32 = arena.take('i32', ROWS + SPARE)
const bytes = arena.take('u8', ROWS * 13 + SPARE)
const bitmap = arena.take('u8', ROWS / 8 + SPARE)
const marks = arena.take('u8', 65_536)
const places = arena.take('u32', 65_536)
const ranks = arena.take('u32', 2048)
const order = arena.take('u32', 2048)
const seen = arena.take('u8', 2048)
const used = arena.take('u32', 2048)
const out = arena.take('u8', ROWS * 8 + 4096)
const prefixes = arena.take('i32', ROWS + SPARE)
const suffixes = arena.take('i32', ROWS + SPARE)
const body = arena.take('u8', ROWS * 12 + SPARE)
const indexes = arena.take('u16', ROWS + SPARE)
const distinct = arena.take('f64', MAX_DISTINCT + 1)
const numbers = {
  int32,
  uint32: arrays[4][0],
  float64: arena.take('f64', ROWS + SPARE),
}
const targets = {
  int32: arena.take('i32', ROWS + SPARE),
  uint32: arena.take('u32', ROWS + SPARE),
  float64: arena.take('f64', ROWS + SPARE),
}
const wasm = wasmKernels(arena)

test('WebAssembly is there to be tested', () => {
  expect(hasWasm()).toBe(true)
})

type Size = 1 | 2 | 4
const sizes = fc.constantFrom<Size>(1, 2, 4)

/** Values in runs of one to many, so that runs and literals of every length are met. */
function runsOf(value: fc.Arbitrary<number>): fc.Arbitrary<number[]> {
  const length = fc.oneof(fc.constant(1), fc.constant(1), fc.nat(12), fc.nat(200))
  return fc
    .array(fc.tuple(value, length), { maxLength: 80 })
    .map((runs) => runs.flatMap(([v, count]) => Array<number>(count).fill(v)).slice(0, ROWS))
}

const index = fc.oneof(fc.constant(0), fc.nat(3), fc.nat(20), fc.nat(255))
const wideIndex = fc.oneof(index, fc.nat(65_535))

/** Puts values at `start` of an array that is zero elsewhere. */
function load<A extends IndexArray | Int32Array>(
  array: A,
  values: readonly number[],
  start = 0,
): A {
  array.fill(0)
  array.set(values, start)
  return array
}

const runs = { numRuns: 400 }

describe('generated kernels equal the readable ones', () => {
  test('dropping nulls', () => {
    fc.assert(
      fc.property(sizes, runsOf(index), fc.nat(3), (size, values, startOctet) => {
        const [source, target] = arrays[size]
        // Pages start at a multiple of 64 rows.
        const start = startOctet * 64
        const rows = values.slice(0, ROWS - start)
        load(source, rows, start)
        const run = (kernels: Kernels) => {
          target.fill(7)
          bitmap.fill(7)
          const end = start + rows.length
          const count = kernels.dropNulls(source, start, end, target, 8, bitmap)
          const bits = [...bitmap.subarray(start / 8, (end + 7) >>> 3)]
          return { count, values: [...target.subarray(8, 8 + count)], bits }
        }
        expect(run(wasm)).toEqual(run(plainKernels))
        expect(run(plainKernels).values).toEqual(rows.filter((value) => value !== 0))
      }),
      runs,
    )
  })

  test('dropping numbers that are not valid', () => {
    const kinds = fc.constantFrom('int32' as const, 'uint32' as const, 'float64' as const)
    fc.assert(
      fc.property(kinds, runsOf(fc.nat(1)), fc.nat(9), (kind, flags, page) => {
        const [values, target] = [numbers[kind], targets[kind]]
        for (let i = 0; i < ROWS; i++) values[i] = i * 3
        const start = page * 64
        const rows = flags.slice(0, ROWS - start)
        const valid = load(arrays[1][0], rows, start)
        const run = (kernels: Kernels) => {
          const drop = kernels.dropInvalid as (...args: unknown[]) => number
          const count = drop(values, valid, start, rows.length, target, bitmap)
          const bits = [...bitmap.subarray(0, (rows.length + 7) >>> 3)]
          return { bits, values: [...target.subarray(0, count)] }
        }
        expect(run(wasm)).toEqual(run(plainKernels))
        const expected = rows.flatMap((flag, i) => (flag === 1 ? [(start + i) * 3] : []))
        expect(run(wasm).values).toEqual(expected)
      }),
      runs,
    )
  })

  test('marking', () => {
    fc.assert(
      fc.property(sizes, runsOf(wideIndex), fc.nat(5), (size, values, start) => {
        const rows = values.slice(0, ROWS - 8 * start).map((v) => (size === 1 ? v & 255 : v))
        const source = load(arrays[size][0], rows, 8 * start)
        const run = (kernels: Kernels) => {
          marks.fill(0)
          kernels.mark(source, 8 * start, rows.length, marks)
          return [...marks.entries()].filter(([, mark]) => mark !== 0)
        }
        expect(run(wasm)).toEqual(run(plainKernels))
        expect(run(wasm).map(([value]) => value)).toEqual([...new Set(rows)].sort((a, b) => a - b))
      }),
      { numRuns: 150 },
    )
  })

  test('collecting and placing what was marked', () => {
    const entries = fc.uniqueArray(fc.oneof(fc.nat(40), fc.nat(700)), { maxLength: 200 })
    fc.assert(
      fc.property(fc.array(entries, { maxLength: 4 }), fc.nat(1000), (pages, spare) => {
        const size = Math.max(...pages.flat(), 0) + 1 + spare
        // An order that is no simple one: multiplication by a number prime to 2^10.
        for (let entry = 0; entry < 2048; entry++) ranks[entry] = (entry * 613) & 1023
        for (let entry = 0; entry < 1024; entry++) order[ranks[entry]!] = entry
        const run = (kernels: Kernels) => {
          marks.fill(0)
          seen.fill(0)
          const ranges = pages.map((page) => {
            for (const entry of page) marks[entry] = 1
            return kernels.collect(marks, Math.min(size, 1024), ranks, seen)
          })
          const count = kernels.place(seen, 1024, order, used, places)
          const found = [...used.subarray(0, count)]
          const clear = marks.every((mark) => mark === 0) && seen.every((mark) => mark === 0)
          return { ranges, found, places: found.map((entry) => places[entry]), clear }
        }
        expect(run(wasm)).toEqual(run(plainKernels))
        const all = [...new Set(pages.flat())].sort((a, b) => ranks[a]! - ranks[b]!)
        expect(run(wasm)).toMatchObject({ found: all, places: [...all.keys()], clear: true })
        pages.forEach((page, i) => {
          const range = run(wasm).ranges[i]!
          if (page.length === 0) expect(range.min).toBeGreaterThan(range.max)
          else {
            expect(range.min).toBe(Math.min(...page.map((entry) => ranks[entry]!)))
            expect(range.max).toBe(Math.max(...page.map((entry) => ranks[entry]!)))
          }
        })
      }),
      { numRuns: 150 },
    )
  })

  test('interning numbers', () => {
    const number = fc.oneof(
      fc.nat(9),
      fc.nat(5000),
      fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
      fc.maxSafeInteger(),
    )
    const kinds = fc.constantFrom('int32' as const, 'uint32' as const, 'float64' as const)
    const limits = fc.constantFrom(3, 50, MAX_DISTINCT)
    fc.assert(
      fc.property(kinds, runsOf(number), fc.nat(3), limits, (kind, rows, step, limit) => {
        const values = numbers[kind]
        values.set(rows)
        const valid = step === 0 ? null : arrays[1][0]
        valid?.forEach((_, i) => (valid[i] = i % (step + 1) === 0 ? 0 : 1))
        const run = (kernels: Kernels) => {
          const found = kernels.intern(values, valid, rows.length, limit, indexes, distinct)
          if (found === null) return null
          return {
            ...found,
            indexes: [...indexes.subarray(0, rows.length)],
            distinct: [...distinct.subarray(1, found.distinctCount + 1)],
          }
        }
        expect(run(wasm)).toEqual(run(plainKernels))
        if (limit === MAX_DISTINCT) expect(run(wasm)).not.toBeNull()
      }),
      runs,
    )
  })

  test('ranking numbers', () => {
    const number = fc.oneof(fc.nat(9), fc.integer({ min: -5000, max: 5000 }), fc.nat(2 ** 31))
    const far = fc.oneof(number, fc.maxSafeInteger())
    const some = fc.oneof(
      fc.uniqueArray(number, { minLength: 1, maxLength: 300 }),
      fc.uniqueArray(far, { minLength: 1, maxLength: 20 }),
    )
    fc.assert(
      fc.property(some, (rows) => {
        distinct.set(rows, 1)
        const run = (kernels: Kernels) => {
          order.fill(7)
          ranks.fill(7)
          kernels.rank(distinct, rows.length, order, ranks)
          const size = rows.length + 1
          return { order: [...order.subarray(0, size)], ranks: [...ranks.subarray(0, size)] }
        }
        expect(run(wasm)).toEqual(run(plainKernels))
        const sorted = run(wasm)
          .order.slice(1)
          .map((index) => rows[index - 1]!)
        expect(sorted).toEqual(rows.toSorted((a, b) => a - b))
      }),
      runs,
    )
  })

  test('runs and bit-packed groups of every bit width', () => {
    fc.assert(
      fc.property(
        sizes,
        runsOf(wideIndex),
        fc.integer({ min: 1, max: 24 }),
        fc.nat(3),
        (size, values, bitWidth, start) => {
          const rows = values.slice(0, ROWS - 8 * start).map((v) => (size === 1 ? v & 255 : v))
          for (let i = 0; i < 65_536; i++) places[i] = Math.imul(i, 0x9e3779b1) >>> (32 - bitWidth)
          const run = (kernels: Kernels) => {
            const source = load(arrays[size][0], rows, 8 * start)
            const end = 8 * start + rows.length
            source.fill(rows.at(-1) ?? 0, end, end + (-rows.length & 7))
            const args = [source, 8 * start, rows.length, bitWidth, places, out, 3] as const
            const hybrid = [...out.subarray(3, kernels.writeIndexes(...args))]
            const packed = [...out.subarray(3, kernels.pack(...args))]
            return { hybrid, packed }
          }
          expect(run(wasm)).toEqual(run(plainKernels))
        },
      ),
      runs,
    )
  })

  test('definition levels', () => {
    const bits = fc.oneof(fc.constant(0), fc.constant(255), fc.nat(255))
    fc.assert(
      fc.property(runsOf(bits), fc.nat(7), fc.nat(9), (octets, less, start) => {
        const bytes = octets.slice(0, ROWS / 8 - start)
        load(bitmap, bytes, start)
        const rowCount = Math.max(bytes.length * 8 - less, 0)
        const run = (kernels: Kernels) => {
          const end = kernels.writeLevels(bitmap, start * 8, rowCount, out, 5)
          return [...out.subarray(5, end)]
        }
        expect(run(wasm)).toEqual(run(plainKernels))
      }),
      runs,
    )
  })

  test('packed differences and ranges', () => {
    const number = fc.oneof(
      fc.nat(5),
      fc.nat(1000),
      fc.integer({ min: -(2 ** 30), max: 2 ** 30 - 1 }),
    )
    fc.assert(
      fc.property(runsOf(number), fc.boolean(), (values, isAcross) => {
        // Low words of numbers on both sides of 2^31.
        const rows = values.map((value) => (isAcross ? (value + 2 ** 31) | 0 : value))
        const source = load(int32, rows, 1)
        const run = (kernels: Kernels) => {
          const end = kernels.writeDeltas(source, 1, rows.length, out, 5)
          return [...out.subarray(5, end)]
        }
        expect(run(wasm)).toEqual(run(plainKernels))
        if (rows.length === 0) return
        for (const array of [source, new Uint32Array(source.buffer, source.byteOffset, ROWS)]) {
          const range = wasm.rangeOf(array, 1, rows.length)
          expect(range).toEqual(plainKernels.rangeOf(array, 1, rows.length))
        }
      }),
      runs,
    )
  })

  test('ranges of doubles', () => {
    const double = fc.oneof(fc.nat(5), fc.maxSafeInteger(), fc.double({ noNaN: true, max: 1e300 }))
    fc.assert(
      fc.property(
        fc.array(
          double.map((number) => number + 0),
          { minLength: 1, maxLength: 60 },
        ),
        fc.nat(3),
        (rows, start) => {
          const values = numbers.float64
          values.fill(-Infinity)
          values.set(rows, start)
          const run = (kernels: Kernels) => kernels.rangeOf(values, start, rows.length)
          expect(run(wasm)).toEqual(run(plainKernels))
          expect(run(wasm)).toEqual({ min: Math.min(...rows), max: Math.max(...rows) })
        },
      ),
      runs,
    )
  })

  const character = fc.oneof(
    { weight: 60, arbitrary: fc.constantFrom('A', 'B', ' ', '0') },
    { weight: 20, arbitrary: fc.constantFrom('~', '\x01') },
    { weight: 1, arbitrary: fc.constantFrom('\0', 'é') },
  )
  const twelve = fc.array(character, { minLength: 12, maxLength: 12 })
  const rowsOfTwelve = fc.oneof(
    fc.array(fc.option(twelve, { freq: 5 }), { maxLength: 12 }),
    fc.array(fc.option(fc.constantFrom([...'AB0000000001'], [...'AB0000000002']), { freq: 9 }), {
      maxLength: 300,
    }),
  )

  /** Puts the rows that have a value into `bytes`; returns which do. */
  function loadCells(width: number, rows: readonly (readonly string[] | null)[]): Uint8Array {
    const valid = load(arrays[1][0], [])
    rows.forEach((row, i) => {
      if (row === null) return
      valid[i] = 1
      row.forEach((text, k) => (bytes[i * width + k] = text.charCodeAt(0)))
    })
    return valid
  }

  /** What a kernel makes of a page, rows with null having no value. */
  function split(
    kernels: Kernels,
    width: number,
    trim: boolean,
    rows: readonly (readonly string[] | null)[],
    valid: Uint8Array,
  ) {
    const rowCount = rows.length
    const page = { bytes, width, trim, valid, rowCount, bitmap, prefixes, suffixes, body }
    const found = kernels.splitText(page)
    if (found === null) return null
    const { valueCount, bodyLength, minRow, maxRow } = found
    return {
      bits: [...bitmap.subarray(0, (rowCount + 7) >>> 3)],
      prefixes: [...prefixes.subarray(0, valueCount)],
      suffixes: [...suffixes.subarray(0, valueCount)],
      body: [...body.subarray(0, bodyLength)],
      min: valueCount === 0 ? null : minRow,
      max: valueCount === 0 ? null : maxRow,
    }
  }

  test.each([12, 13])('splitting values of twelve bytes, %i apart', (width) => {
    fc.assert(
      fc.property(rowsOfTwelve, fc.option(fc.nat(300), { freq: 3 }), (rows, stained) => {
        bytes.fill(0)
        const valid = loadCells(width, rows)
        const isStained = stained !== null && valid[stained] === 1 && width === 13
        if (isStained) bytes[stained * width + 12] = 0x41
        const [found, plain] = [wasm, plainKernels].map((kernels) =>
          split(kernels, width, false, rows, valid),
        )
        expect(found).toEqual(plain)
      }),
      runs,
    )
  })

  const shortPage = fc
    .tuple(fc.integer({ min: 1, max: 8 }), fc.boolean(), fc.constantFrom(0, 1, 9))
    .chain(([width, trim, blanks]) => {
      const letter = fc.oneof(
        { weight: 100, arbitrary: fc.constantFrom('A', 'B', ' ') },
        { weight: 20 * blanks, arbitrary: fc.constant(' ') },
        { weight: 10, arbitrary: fc.constantFrom('~', '\x01', '\x7f') },
        { weight: 1, arbitrary: fc.constantFrom('\0', '\xe9', '\xff') },
      )
      const cell = fc.array(letter, { minLength: width, maxLength: width })
      return fc.record({
        width: fc.constant(width),
        trim: fc.constant(trim),
        rows: fc.array(fc.option(cell, { freq: 4 }), { maxLength: 40 }),
      })
    })

  test('splitting text of up to eight bytes', () => {
    let splits = 0
    fc.assert(
      fc.property(shortPage, ({ width, trim, rows }) => {
        // What stands in rows without a value, and behind the last one, is of no matter.
        bytes.fill(0x7a)
        const valid = loadCells(width, rows)
        const [found, plain] = [wasm, plainKernels].map((kernels) =>
          split(kernels, width, trim, rows, valid),
        )
        expect(found).toEqual(plain)
        if (found !== null) splits++
      }),
      { numRuns: 3000 },
    )
    expect(splits).toBeGreaterThan(500)
  })

  test('text that is split is put together again', () => {
    const texts = ['', 'A', 'AB', 'AB', 'ABCDEFGH', 'ABCD', '~', '']
    bytes.fill(0x20)
    const valid = load(arrays[1][0], Array<number>(texts.length).fill(1))
    texts.forEach((text, i) => bytes.set(Buffer.from(text), i * 8))
    for (const kernels of [wasm, plainKernels]) {
      const found = split(
        kernels,
        8,
        true,
        texts.map((text) => [...text]),
        valid,
      )!
      let at = 0
      let previous = ''
      const read = found.prefixes.map((prefix, i) => {
        const suffix = found.body.slice(at, (at += found.suffixes[i]!))
        return (previous = previous.slice(0, prefix) + String.fromCharCode(...suffix))
      })
      expect(read).toEqual(texts)
      expect([found.min, found.max]).toEqual([0, 6])
    }
  })
})
