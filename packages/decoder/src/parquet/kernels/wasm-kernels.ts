import type { Arena } from '../../arena.js'
import { instantiate } from '../../wasm/web-assembly.js'
import { KERNEL_MODULE } from './kernel-module.js'
import {
  BLOCK_VALUES,
  type IndexArray,
  type InternResult,
  type Kernels,
  MAX_DISTINCT,
  minRunOctets,
  type Range,
  SHORT_TEXT_BYTES,
  type TextSplit,
} from './kernels.js'
import { SHUFFLE_TABLE_BYTES, shuffleTables } from './null-kernels.js'
import { INTERN_TABLE_BYTES, RANK_SCRATCH } from './number-kernels.js'
import { plainKernels } from './plain-kernels.js'
import { SPLIT_RESULT } from './split-code.js'

type Kernel = (...operands: readonly number[]) => number
type ByElement = Readonly<Record<number, Kernel>>

const RANK_SCRATCH_BYTES = ((MAX_DISTINCT + 1) * RANK_SCRATCH.perNumber + RANK_SCRATCH.counts) * 4

/** Arena bytes that {@link wasmKernels} takes for itself. */
export const WASM_KERNEL_BYTES =
  SHUFFLE_TABLE_BYTES + BLOCK_VALUES * 4 + INTERN_TABLE_BYTES + RANK_SCRATCH_BYTES + 192

/** After so many uses, the table of numbers met is cleared. */
const MAX_GENERATION = 0xffff

/** The generated kernels, for arrays of `arena`, which must have a memory. */
export function wasmKernels(arena: Arena): Kernels {
  const tables = arena.take('u8', SHUFFLE_TABLE_BYTES)
  tables.set(shuffleTables())
  const scratch = arena.take('i32', BLOCK_VALUES)
  const doubles = arena.take('f64', 2)
  const result = arena.take('i32', SPLIT_RESULT.words)
  const keys = arena.take('u32', MAX_DISTINCT + 1)
  const otherOrder = arena.take('u32', MAX_DISTINCT + 1)
  const digitCounts = arena.take('u32', RANK_SCRATCH.counts)
  const internTable = arena.take('u8', INTERN_TABLE_BYTES)
  let generation = 0
  const exports = instantiate(Buffer.from(KERNEL_MODULE, 'base64'), arena.memory!)
  const dropNulls = byElement(exports, 'dropNulls')
  const dropInvalid = byElement(exports, 'dropInvalid')
  const mark = byElement(exports, 'mark')
  const pack = byElement(exports, 'pack')
  const hybrid = byElement(exports, 'hybrid')
  const { levels, deltas, rangeS, rangeU, rangeF, internS, internU, internF } = exports as Record<
    string,
    Kernel
  >
  const { collect, place, rank, twelve, eight } = exports as Record<string, Kernel>

  return {
    dropNulls(source, start, end, values, at, bitmap) {
      const { BYTES_PER_ELEMENT: size } = source
      const to = addressOf(values, at)
      const from = addressOf(source, start)
      const bits = bitmap.byteOffset + (start >>> 3)
      const valuesEnd = dropNulls[size]!(from, addressOf(source, end), to, bits, tables.byteOffset)
      return (valuesEnd - to) / size
    },

    dropInvalid(values, valid, start, count, out, bitmap) {
      const { BYTES_PER_ELEMENT: size } = values
      const from = valid.byteOffset + start
      const to = out.byteOffset
      const bits = bitmap.byteOffset
      const end = dropInvalid[size]!(addressOf(values, start), from, from + count, to, bits)
      return (end - to) / size
    },

    mark(values, start, count, marks) {
      const from = addressOf(values, start)
      mark[values.BYTES_PER_ELEMENT]!(from, addressOf(values, start + count), marks.byteOffset)
    },

    collect(marks, size, ranks, seen): Range {
      const { byteOffset: from } = marks
      collect!(from, from + size, ranks.byteOffset, seen.byteOffset, result.byteOffset)
      return { min: result[0]! >>> 0, max: result[1]! >>> 0 }
    },

    place(seen, size, order, used, places) {
      const { byteOffset: from } = seen
      return place!(from, from + size, order.byteOffset, used.byteOffset, places.byteOffset)
    },

    intern(values, valid, rowCount, limit, indexes, distinct): InternResult | null {
      if (++generation > MAX_GENERATION) {
        internTable.fill(0)
        generation = 1
      }
      const intern =
        values instanceof Float64Array
          ? internF!
          : values instanceof Int32Array
            ? internS!
            : internU!
      const distinctCount = intern(
        values.byteOffset,
        valid?.byteOffset ?? 0,
        rowCount,
        limit,
        internTable.byteOffset,
        indexes.byteOffset,
        distinct.byteOffset,
        result.byteOffset,
        generation << 16,
      )
      return distinctCount < 0 ? null : { distinctCount, valueCount: result[0]! }
    },

    rank(numbers, count, order, ranks) {
      rangeF!(addressOf(numbers, 1), addressOf(numbers, count + 1), doubles.byteOffset)
      const [min, max] = doubles as unknown as [number, number]
      if (max - min >= 2 ** 32 || count > MAX_DISTINCT) {
        plainKernels.rank(numbers, count, order, ranks)
        return
      }
      rank!(
        numbers.byteOffset,
        count,
        keys.byteOffset,
        order.byteOffset,
        otherOrder.byteOffset,
        digitCounts.byteOffset,
        ranks.byteOffset,
        max - min,
        min,
      )
    },

    writeIndexes(values, start, count, bitWidth, places, out, position) {
      const octets = (count + 7) >>> 3
      const end = hybrid[values.BYTES_PER_ELEMENT]!(
        addressOf(values, start),
        octets,
        count,
        places.byteOffset,
        bitWidth,
        minRunOctets(bitWidth),
        out.byteOffset + position,
      )
      return end - out.byteOffset
    },

    pack(values, start, count, bitWidth, places, out, position) {
      const end = pack[values.BYTES_PER_ELEMENT]!(
        addressOf(values, start),
        (count + 7) >>> 3,
        places.byteOffset,
        bitWidth,
        out.byteOffset + position,
      )
      return end - out.byteOffset
    },

    writeLevels(bitmap, start, rowCount, out, position) {
      const bits = bitmap.byteOffset + (start >>> 3)
      return levels!(bits, rowCount, out.byteOffset + position) - out.byteOffset
    },

    writeDeltas(values, start, count, out, position) {
      const to = out.byteOffset + position
      return deltas!(addressOf(values, start), count, scratch.byteOffset, to) - out.byteOffset
    },

    rangeOf(values, start, count): Range {
      if (values instanceof Float64Array) {
        rangeF!(addressOf(values, start), addressOf(values, start + count), doubles.byteOffset)
        return { min: doubles[0]!, max: doubles[1]! }
      }
      const range = values instanceof Int32Array ? rangeS! : rangeU!
      range(addressOf(values, start), addressOf(values, start + count), result.byteOffset)
      const [min, max] = result as unknown as [number, number]
      return values instanceof Int32Array ? { min, max } : { min: min >>> 0, max: max >>> 0 }
    },

    splitText(page): TextSplit | null {
      const { bytes, width, valid, rowCount, bitmap, prefixes, suffixes, body } = page
      const operands = [
        bytes.byteOffset,
        width,
        valid.byteOffset,
        valid.byteOffset + rowCount,
        bitmap.byteOffset,
        prefixes.byteOffset,
        suffixes.byteOffset,
        body.byteOffset,
        result.byteOffset,
      ]
      const valueCount =
        width <= SHORT_TEXT_BYTES ? eight!(...operands, page.trim ? 1 : 0) : twelve!(...operands)
      if (valueCount < 0) return null
      const rowAt = (address: number): number => (address - bytes.byteOffset) / width
      return {
        valueCount,
        bodyLength: result[SPLIT_RESULT.bodyLength]!,
        minRow: rowAt(result[SPLIT_RESULT.minAddress]!),
        maxRow: rowAt(result[SPLIT_RESULT.maxAddress]!),
      }
    },
  }
}

function addressOf(array: IndexArray | Int32Array | Float64Array, index: number): number {
  return array.byteOffset + index * array.BYTES_PER_ELEMENT
}

function byElement(exports: Record<string, unknown>, name: string): ByElement {
  const sizes = [1, 2, 4, 8].filter((size) => `${name}${size}` in exports)
  return Object.fromEntries(sizes.map((size) => [size, exports[`${name}${size}`] as Kernel]))
}
