import { F64, I32, V128, type ValueType, type WasmFunction } from '../../wasm/assembler.js'
import { varint } from './index-kernels.js'
import { KernelCode } from './kernel-code.js'
import { BLOCK_VALUES, MINIBLOCK_VALUES } from './kernels.js'

/**
 * `deltas(values, count, scratch, out) -> end of out`: blocks of packed differences. `scratch` is
 * room for a block; the word before `values` may be read but does not matter.
 *
 * @param packDeltasIndex function index of the packing kernel for plain values
 */
export function deltasKernel(packDeltasIndex: number): WasmFunction {
  const [values, count, scratch, out] = [0, 1, 2, 3]
  const c = new KernelCode(4)
  const at = c.local(I32)
  const size = c.local(I32)
  const from = c.local(I32)
  const i = c.local(I32)
  const least = c.local(I32)
  const number = c.local(I32)
  const widthsAt = c.local(I32)
  const vector = c.local(V128)
  const leastVector = c.local(V128)
  const bits = c.local(V128)
  const scratchAt = (): KernelCode => c.get(scratch).get(i).i32(2).shl().add()
  const fromAt = (): KernelCode => c.get(from).get(i).i32(2).shl().add()

  c.i32(1).set(at)
  c.block().loop()
  c.get(at).get(count).geU().brIf(1)
  c.get(count).get(at).sub().tee(size).i32(BLOCK_VALUES)
  c.get(size).i32(BLOCK_VALUES).ltU().select().set(size)
  // One element early: differences are to the value before.
  c.get(values).get(at).i32(2).shl().add().i32(4).sub().set(from)
  c.i32(0).set(i)
  c.i32(0x7fffffff).splat32().set(leastVector)
  c.block().loop()
  c.get(i).i32(4).add().get(size).gtU().brIf(1)
  scratchAt()
  fromAt().loadV128(4)
  fromAt().loadV128(0).sub32().tee(vector).storeV128(0)
  c.get(leastVector).get(vector).minS32().set(leastVector)
  c.bump(i, 4).br(0).end().end()
  c.i32(0x7fffffff).set(least)
  const takeLeast = (): void => {
    c.get(number).get(least).get(number).get(least).ltS().select().set(least)
  }
  for (let lane = 0; lane < 4; lane++) {
    c.get(leastVector).lane32(lane).set(number)
    takeLeast()
  }
  c.block().loop()
  c.get(i).get(size).geU().brIf(1)
  scratchAt()
  fromAt().load32(4)
  fromAt().load32(0).sub().tee(number).store32(0)
  takeLeast()
  c.bump(i, 1).br(0).end().end()
  c.block().loop()
  c.get(i).i32(BLOCK_VALUES).geU().brIf(1)
  scratchAt().get(least).store32(0)
  c.bump(i, 1).br(0).end().end()

  c.get(least).i32(1).shl().get(least).i32(31).shrS().xor().set(number)
  varint(c, out, number)
  c.get(out).set(widthsAt)
  c.bump(out, BLOCK_VALUES / MINIBLOCK_VALUES)
  c.get(least).splat32().set(leastVector)
  for (let miniblock = 0; miniblock < BLOCK_VALUES / MINIBLOCK_VALUES; miniblock++) {
    const start = miniblock * MINIBLOCK_VALUES * 4
    for (let offset = start; offset < start + MINIBLOCK_VALUES * 4; offset += 16) {
      c.get(scratch).get(scratch).loadV128(offset).get(leastVector).sub32().tee(vector)
      c.storeV128(offset)
      c.get(vector)
      if (offset > start) c.get(bits).orV()
      c.set(bits)
    }
    c.get(widthsAt).i32(32)
    for (let lane = 0; lane < 4; lane++) {
      c.get(bits).lane32(lane)
      if (lane > 0) c.or()
    }
    c.clz().sub().tee(number).store8(miniblock)
    c.get(number).if()
    c.get(scratch)
      .i32(start)
      .add()
      .i32(MINIBLOCK_VALUES / 8)
      .i32(0)
      .get(number)
      .get(out)
    c.call(packDeltasIndex).set(out)
    c.end()
  }
  c.get(at).get(size).add().set(at)
  c.br(0).end().end()
  c.get(out)
  return { name: 'deltas', parameters: [I32, I32, I32, I32], results: [I32], code: c }
}

/**
 * `dropInvalid4` and `dropInvalid8(values, valid, validEnd, out, bitmap) -> end of out`, for numbers
 * of four and eight bytes. `valid` must be zero up to a multiple of sixteen.
 */
export function validKernels(): readonly WasmFunction[] {
  return ([4, 8] as const).map((elementBytes) => {
    const [values, valid, validEnd, out, bitmap] = [0, 1, 2, 3, 4]
    const c = new KernelCode(5)
    const mask = c.local(I32)
    const zero = c.local(V128)
    c.block().loop()
    c.get(valid).get(validEnd).geU().brIf(1)
    c.get(valid).loadV128(0).get(zero).eq8().bitmask8().i32(0xffff).xor().set(mask)
    c.get(bitmap).get(mask).store16(0)
    c.get(mask).if()
    for (let i = 0; i < 16; i++) {
      c.get(out).get(values)
      if (elementBytes === 4) c.load32(i * 4).store32(0)
      else c.load64(i * 8).store64(0)
      c.get(out).get(mask)
      if (i > 0) c.i32(i).shrU()
      c.i32(1).and().i32(Math.log2(elementBytes)).shl().add().set(out)
    }
    c.end()
    c.bump(values, 16 * elementBytes)
      .bump(valid, 16)
      .bump(bitmap, 2)
      .br(0)
      .end()
      .end()
    c.get(out)
    const parameters = new Array<ValueType>(5).fill(I32)
    return { name: `dropInvalid${elementBytes}`, parameters, results: [I32], code: c }
  })
}

/** `rangeS` and `rangeU(values, end, result)`: least and greatest to two words at `result`. */
export function rangeKernels(): readonly WasmFunction[] {
  return [true, false].map((isSigned) => {
    const [values, end, result] = [0, 1, 2]
    const c = new KernelCode(3)
    const min = c.local(I32)
    const max = c.local(I32)
    const number = c.local(I32)
    const minVector = c.local(V128)
    const maxVector = c.local(V128)
    const less = (): KernelCode => (isSigned ? c.ltS() : c.ltU())
    const take = (): void => {
      c.get(number).get(min).get(number).get(min)
      less().select().set(min)
      c.get(number).get(max).get(max).get(number)
      less().select().set(max)
    }
    c.get(values).load32(0).tee(min).tee(max).splat32().tee(minVector).set(maxVector)
    c.block().loop()
    c.get(values).i32(16).add().get(end).gtU().brIf(1)
    c.get(values).loadV128(0).get(minVector)
    if (isSigned) c.minS32()
    else c.minU32()
    c.set(minVector)
    c.get(values).loadV128(0).get(maxVector)
    if (isSigned) c.maxS32()
    else c.maxU32()
    c.set(maxVector)
    c.bump(values, 16).br(0).end().end()
    for (let lane = 0; lane < 4; lane++) {
      for (const vector of [minVector, maxVector]) {
        c.get(vector).lane32(lane).set(number)
        take()
      }
    }
    c.block().loop()
    c.get(values).get(end).geU().brIf(1)
    c.get(values).load32(0).set(number)
    take()
    c.bump(values, 4).br(0).end().end()
    c.get(result).get(min).store32(0)
    c.get(result).get(max).store32(4)
    const name = isSigned ? 'rangeS' : 'rangeU'
    return { name, parameters: [I32, I32, I32], results: [], code: c }
  })
}

/** `rangeF(values, end, result)`: least and greatest of doubles, to two doubles at `result`. */
export function doubleRangeKernel(): WasmFunction {
  const [values, end, result] = [0, 1, 2]
  const c = new KernelCode(3)
  const min = c.local(F64)
  const max = c.local(F64)
  const number = c.local(F64)
  const minVector = c.local(V128)
  const maxVector = c.local(V128)
  const take = (): void => {
    c.get(number).get(min).get(number).get(min).ltF64().select().set(min)
    c.get(number).get(max).get(max).get(number).ltF64().select().set(max)
  }
  c.get(values).loadF64(0).tee(min).tee(max).splatF64().tee(minVector).set(maxVector)
  c.block().loop()
  c.get(values).i32(16).add().get(end).gtU().brIf(1)
  c.get(minVector).get(values).loadV128(0).minF64().set(minVector)
  c.get(maxVector).get(values).loadV128(0).maxF64().set(maxVector)
  c.bump(values, 16).br(0).end().end()
  for (let lane = 0; lane < 2; lane++) {
    for (const vector of [minVector, maxVector]) {
      c.get(vector).laneF64(lane).set(number)
      take()
    }
  }
  c.get(values).get(end).ltU().if()
  c.get(values).loadF64(0).set(number)
  take()
  c.end()
  c.get(result).get(min).storeF64(0)
  c.get(result).get(max).storeF64(8)
  return { name: 'rangeF', parameters: [I32, I32, I32], results: [], code: c }
}

/** Slots of the table of numbers met: twice as many as there may be. */
const INTERN_SLOT_BITS = 16

/** A slot is a word: the index of a number, and in the high half the generation it belongs to. */
export const INTERN_TABLE_BYTES = 4 << INTERN_SLOT_BITS

/** Odd, with bits spread evenly: 2^64 and 2^32 over the golden ratio. */
const INTERN_FACTOR = -0x61c8864680b583ebn
const INTERN_FACTOR_32 = 0x9e3779b1

/**
 * Interning kernels for signed, unsigned and double numbers:
 * `(values, valid, rowCount, limit, table, indexes, distinct, result, generation)`, which return how
 * many are distinct, or -1.
 *
 * `valid` 0 means that all rows have a value; the count of values goes to `result`. Slots of other
 * generations are free, so that the table need not be cleared; `generation` is in the high half of
 * its word. Doubles are whole numbers below 2^53. See `Kernels.intern`.
 */
export function internKernels(): readonly WasmFunction[] {
  return (['S', 'U', 'F'] as const).map((kind) => {
    const [values, valid, rowCount, limit, table, indexes, distinct, result, generation] = [
      0, 1, 2, 3, 4, 5, 6, 7, 8,
    ]
    const c = new KernelCode(9)
    const row = c.local(I32)
    const number = c.local(F64)
    const slot = c.local(I32)
    const address = c.local(I32)
    const index = c.local(I32)
    const count = c.local(I32)
    const valueCount = c.local(I32)
    const zero = c.local(V128)
    const elementBytes = kind === 'F' ? 8 : 4
    c.block().loop()
    c.get(row).get(rowCount).geU().brIf(1)
    c.i32(0).set(index)
    c.block() // left for a null
    c.get(valid).if()
    c.get(valid).get(row).add().load8u(0).eqz().if()
    // Most are followed by others: sixteen nulls are passed over at once.
    c.get(row).i32(16).add().get(rowCount).gtU().brIf(2)
    c.get(valid).get(row).add().loadV128(0).anyTrue().brIf(2)
    c.get(indexes).get(row).i32(1).shl().add().get(zero).storeV128(0)
    c.get(indexes).get(row).i32(1).shl().add().get(zero).storeV128(16)
    c.bump(values, 16 * elementBytes)
      .bump(row, 16)
      .br(3)
    c.end().end()
    c.bump(valueCount, 1)
    c.get(values)
    if (kind === 'F') {
      c.loadF64(0).tee(number).truncateI64().i64(INTERN_FACTOR).mul64()
      c.i64(BigInt(64 - INTERN_SLOT_BITS))
        .shrU64()
        .wrap()
    } else {
      c.load32(0).tee(slot)
      if (kind === 'S') c.convertI32S()
      else c.convertI32U()
      c.set(number)
      c.get(slot)
        .i32(INTERN_FACTOR_32)
        .mul()
        .i32(32 - INTERN_SLOT_BITS)
        .shrU()
    }
    c.set(slot)
    c.loop()
    c.get(table).get(slot).i32(2).shl().add().tee(address).load32(0)
    c.get(generation).xor().tee(index).i32(0xffff).gtU().if()
    {
      c.bump(count, 1)
      c.get(count).get(limit).gtU().if()
      c.i32(-1).return()
      c.end()
      c.get(address).get(count).tee(index).get(generation).or().store32(0)
      c.get(distinct).get(index).i32(3).shl().add().get(number).storeF64(0)
    }
    c.else()
    {
      c.get(distinct).get(index).i32(3).shl().add().loadF64(0).get(number).neF64().if()
      c.get(slot)
        .i32(1)
        .add()
        .i32((1 << INTERN_SLOT_BITS) - 1)
        .and()
        .set(slot)
      c.br(2)
      c.end()
    }
    c.end()
    c.end()
    c.end()
    c.get(indexes).get(row).i32(1).shl().add().get(index).store16(0)
    c.bump(values, elementBytes).bump(row, 1).br(0).end().end()
    c.get(result).get(valueCount).store32(0)
    c.get(count)
    const parameters = new Array<ValueType>(9).fill(I32)
    return { name: `intern${kind}`, parameters, results: [I32], code: c }
  })
}

const DIGIT_BITS = 11
const DIGITS = 1 << DIGIT_BITS

/** Words of each kind of scratch that {@link rankKernel} needs. */
export const RANK_SCRATCH = { perNumber: 2, counts: DIGITS } as const

/**
 * `rank(numbers, count, keys, order, other, counts, ranks, maxKey, min)`: sorts by digits of eleven
 * bits, least first. Numbers are `min` to `min + maxKey`. See `Kernels.rank`.
 *
 * `keys` and `other` are room for the distances from `min`, and for the order that is being made.
 */
export function rankKernel(): WasmFunction {
  const [numbers, count, keys, order, other, counts, ranks, maxKey, min] = [
    0, 1, 2, 3, 4, 5, 6, 7, 8,
  ]
  const c = new KernelCode(9)
  const i = c.local(I32)
  const end = c.local(I32)
  const from = c.local(I32)
  const to = c.local(I32)
  const shift = c.local(I32)
  const next = c.local(I32)
  const value = c.local(I32)
  const address = c.local(I32)
  const zero = c.local(V128)
  /** Runs `body` for byte offsets `i` of all entries but the first. */
  const eachEntry = (body: () => void): void => {
    c.i32(4).set(i)
    c.block().loop()
    c.get(i).get(end).gtU().brIf(1)
    body()
    c.bump(i, 4).br(0).end().end()
  }
  /** Address of the count for the digit of the key on the stack. */
  const countAt = (): KernelCode =>
    c
      .get(shift)
      .shrU()
      .i32(DIGITS - 1)
      .and()
      .i32(2)
      .shl()
      .get(counts)
      .add()
      .tee(address)
  c.get(count).i32(2).shl().set(end)
  c.get(order).i32(0).store32(0)
  eachEntry(() => {
    c.get(keys).get(i).add()
    c.get(numbers).get(i).i32(1).shl().add().loadF64(0).get(min).subF64().truncateU32().store32(0)
    c.get(order).get(i).add().get(i).i32(2).shrU().store32(0)
  })
  c.get(order).set(from).get(other).set(to)
  c.block().loop()
  c.get(shift).i32(32).geU().brIf(1)
  c.get(maxKey).get(shift).shrU().eqz().brIf(1)
  c.get(counts).set(next)
  c.loop()
  c.get(next).get(zero).storeV128(0)
  c.bump(next, 16)
  c.get(next)
    .get(counts)
    .i32(DIGITS * 4)
    .add()
    .ltU()
    .brIf(0)
    .end()
  eachEntry(() => {
    c.get(keys).get(i).add().load32(0)
    countAt()
    c.get(address).load32(0).i32(4).add().store32(0)
  })
  // Counts, in bytes, become offsets of the first of each digit.
  c.i32(4).set(next).get(counts).set(i)
  c.loop()
  c.get(i).load32(0).set(value)
  c.get(i).get(next).store32(0)
  c.get(next).get(value).add().set(next)
  c.bump(i, 4)
  c.get(i)
    .get(counts)
    .i32(DIGITS * 4)
    .add()
    .ltU()
    .brIf(0)
    .end()
  eachEntry(() => {
    c.get(from).get(i).add().load32(0).tee(value).i32(2).shl().get(keys).add().load32(0)
    countAt()
    c.load32(0).set(next)
    c.get(to).get(next).add().get(value).store32(0)
    c.get(address).get(next).i32(4).add().store32(0)
  })
  c.get(from).get(to).set(from).set(to)
  c.bump(shift, DIGIT_BITS).br(0).end().end()
  c.get(ranks).i32(0).store32(0)
  eachEntry(() => {
    c.get(from).get(i).add().load32(0).set(value)
    c.get(order).get(i).add().get(value).store32(0)
    c.get(ranks).get(value).i32(2).shl().add().get(i).i32(2).shrU().store32(0)
  })
  const parameters: readonly ValueType[] = [I32, I32, I32, I32, I32, I32, I32, I32, F64]
  return { name: 'rank', parameters, results: [], code: c }
}
