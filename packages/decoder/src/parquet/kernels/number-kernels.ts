import { F64, I32, I64, V128, type ValueType, type WasmFunction } from '../../wasm/assembler.js'
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

/** Slots of the table of numbers met: twice as many as there may be, rounded up. */
const INTERN_SLOT_BITS = 16

/** A slot: the number as 64 bits, its index, and the generation it belongs to. */
const INTERN_SLOT_BYTES = 16

export const INTERN_TABLE_BYTES = INTERN_SLOT_BYTES << INTERN_SLOT_BITS

/** Odd, with bits spread evenly: 2^64 over the golden ratio. */
const INTERN_FACTOR = -0x61c8864680b583ebn

/**
 * Interning kernels for signed, unsigned and double numbers:
 * `(values, valid, rowCount, limit, table, indexes, distinct, result, generation)`, which return how
 * many are distinct, or -1.
 *
 * `valid` 0 means that all rows have a value; the count of values goes to `result`. Slots
 * of other generations are free, so that the table need not be cleared. Doubles are whole numbers below 2^53. See `Kernels.intern`.
 */
export function internKernels(): readonly WasmFunction[] {
  return (['S', 'U', 'F'] as const).map((kind) => {
    const [values, valid, rowCount, limit, table, indexes, distinct, result, generation] = [
      0, 1, 2, 3, 4, 5, 6, 7, 8,
    ]
    const c = new KernelCode(9)
    const row = c.local(I32)
    const key = c.local(I64)
    const slot = c.local(I32)
    const address = c.local(I32)
    const index = c.local(I32)
    const count = c.local(I32)
    const valueCount = c.local(I32)
    const elementBytes = kind === 'F' ? 8 : 4
    c.block().loop()
    c.get(row).get(rowCount).geU().brIf(1)
    c.i32(0).set(index)
    c.block() // left for a null
    c.get(valid).if()
    c.get(valid).get(row).add().load8u(0).eqz().brIf(1)
    c.end()
    c.bump(valueCount, 1)
    c.get(values)
    if (kind === 'S') c.load32(0).extendS()
    else if (kind === 'U') c.load32u64()
    else c.loadF64(0).truncateI64()
    c.tee(key)
      .i64(INTERN_FACTOR)
      .mul64()
      .i64(BigInt(64 - INTERN_SLOT_BITS))
      .shrU64()
      .wrap()
    c.set(slot)
    c.loop()
    c.get(table).get(slot).i32(4).shl().add().tee(address).load32(12).get(generation).ne().if()
    {
      c.bump(count, 1)
      c.get(count).get(limit).gtU().if()
      c.i32(-1).return()
      c.end()
      c.get(address).get(key).store64(0)
      c.get(address).get(count).tee(index).store32(8)
      c.get(address).get(generation).store32(12)
      c.get(distinct).get(index).i32(3).shl().add().get(key).convertI64().storeF64(0)
    }
    c.else()
    {
      c.get(address).load64(0).get(key).ne64().if()
      c.get(slot)
        .i32(1)
        .add()
        .i32((1 << INTERN_SLOT_BITS) - 1)
        .and()
        .set(slot)
      c.br(2)
      c.end()
      c.get(address).load32(8).set(index)
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
