import { I32, I64, V128, type ValueType, type WasmFunction } from '../../wasm/assembler.js'
import { KernelCode } from './kernel-code.js'
import { MIN_LEVEL_OCTETS } from './kernels.js'

type ElementBytes = 1 | 2 | 4
const ELEMENT_BYTES: readonly ElementBytes[] = [1, 2, 4]

/** Loads the element at an address as an i32. */
function loadElement(c: KernelCode, elementBytes: ElementBytes, offset = 0): KernelCode {
  if (elementBytes === 1) return c.load8u(offset)
  return elementBytes === 2 ? c.load16u(offset) : c.load32(offset)
}

/**
 * Marking kernels: `(values, end, marks)`. A vector equal to the one before it is passed over,
 * which makes runs cheap.
 */
export function markKernels(): readonly WasmFunction[] {
  return ELEMENT_BYTES.map((elementBytes) => {
    const [values, end, marks] = [0, 1, 2]
    const c = new KernelCode(3)
    const vector = c.local(V128)
    const previous = c.local(V128)
    const lane = c.local(I64)
    const mask = elementBytes === 4 ? 0xffffffffn : BigInt(2 ** (elementBytes * 8) - 1)
    // The first vector must not pass for equal: it is compared with its own successor's complement.
    c.get(values).loadV128(0).i32(-1).splat32().xorV().set(previous)
    c.block().loop()
    c.get(values).i32(16).add().get(end).gtU().brIf(1)
    c.get(values).loadV128(0).set(vector)
    c.bump(values, 16)
    c.get(vector).get(previous).xorV().anyTrue().eqz().brIf(0)
    c.get(vector).set(previous)
    for (const half of [0, 1]) {
      c.get(vector).lane64(half).set(lane)
      for (let bit = 0; bit < 64; bit += elementBytes * 8) {
        c.get(marks).get(lane)
        if (bit > 0) c.i64(BigInt(bit)).shrU64()
        if (bit + elementBytes * 8 < 64) c.i64(mask).and64()
        c.wrap().add().i32(1).store8(0)
      }
    }
    c.br(0).end().end()
    c.block().loop()
    c.get(values).get(end).geU().brIf(1)
    c.get(marks).get(values)
    loadElement(c, elementBytes).add().i32(1).store8(0)
    c.bump(values, elementBytes).br(0).end().end()
    const name = `mark${elementBytes}`
    return { name, parameters: [I32, I32, I32], results: [], code: c }
  })
}

/** Writes an unsigned LEB128 of `value` (a local, destroyed) at `out`, which moves on. */
export function varint(c: KernelCode, out: number, value: number): void {
  c.block().loop()
  c.get(value).i32(127).leU().brIf(1)
  c.get(out).get(value).i32(127).and().i32(128).or().store8(0)
  c.bump(out, 1)
  c.get(value).i32(7).shrU().set(value)
  c.br(0).end().end()
  c.get(out).get(value).store8(0)
  c.bump(out, 1)
}

/**
 * Packing kernels: `(values, octets, places, bitWidth, out) -> end of out`, and `packDeltas` with
 * the same arguments, which packs the values themselves.
 *
 * Up to 8 bits, an octet of values is put together in one 64-bit word; up to 16, in two; beyond
 * that value by value. Up to eight bytes behind the end are overwritten.
 */
export function packKernels(): readonly WasmFunction[] {
  return [
    ...ELEMENT_BYTES.map((elementBytes) => packKernel(`pack${elementBytes}`, elementBytes, true)),
    packKernel('packDeltas', 4, false),
  ]
}

function packKernel(name: string, elementBytes: ElementBytes, mapped: boolean): WasmFunction {
  const [values, octets, places, bitWidth, out] = [0, 1, 2, 3, 4]
  const c = new KernelCode(5)
  const end = c.local(I32)
  const width = c.local(I64)
  const shifts = [0, 1, 2, 3, 4, 5, 6].map(() => c.local(I64))
  const low = c.local(I64)
  const high = c.local(I64)
  const bits = c.local(I32)
  /** The place of one value, as an i64. */
  const place = (element: number): void => {
    const offset = element * elementBytes
    if (!mapped) {
      c.get(values).i32(offset).add().load32u64()
      return
    }
    c.get(places).get(values)
    loadElement(c, elementBytes, offset).i32(2).shl().add().load32u64()
  }
  /** Places of elements `from` to `to`, the first in the lowest bits. */
  const joined = (from: number, to: number): void => {
    place(from)
    for (let element = from + 1; element < to; element++) {
      place(element)
      c.get(shifts[element - from - 1]!)
        .shl64()
        .or64()
    }
  }
  const eachOctet = (body: () => void): void => {
    c.block().loop()
    c.get(values).get(end).geU().brIf(1)
    body()
    c.bump(values, 8 * elementBytes)
      .br(0)
      .end()
      .end()
  }
  c.get(values)
    .get(octets)
    .i32(3 + Math.log2(elementBytes))
    .shl()
    .add()
    .set(end)
  c.get(bitWidth).extendU().set(width)
  shifts.forEach((shift, i) =>
    c
      .get(width)
      .i64(BigInt(i + 1))
      .mul64()
      .set(shift),
  )

  c.get(bitWidth).i32(8).leU().if()
  eachOctet(() => {
    c.get(out)
    joined(0, 8)
    c.store64(0)
    c.get(out).get(bitWidth).add().set(out)
  })
  c.get(out).return().end()

  c.get(bitWidth).i32(16).leU().if()
  eachOctet(() => {
    joined(0, 4)
    c.set(low)
    joined(4, 8)
    c.set(high)
    c.get(out).get(low).store64(0)
    // The second half begins at bit 4 * width: in the middle of a byte when the width is odd.
    c.get(bitWidth).i32(1).and().if()
    c.get(out).get(bitWidth).i32(1).shrU().add()
    c.get(high).i64(4n).shl64()
    c.get(low).get(shifts[3]!).i64(4n).sub64().shrU64().or64().store64(0)
    c.else()
    c.get(out).get(bitWidth).i32(1).shrU().add().get(high).store64(0)
    c.end()
    c.get(out).get(bitWidth).add().set(out)
  })
  c.get(out).return().end()

  c.i64(0n).set(low).i32(0).set(bits)
  eachOctet(() => {
    for (let element = 0; element < 8; element++) {
      c.get(low)
      place(element)
      c.get(bits).extendU().shl64().or64().set(low)
      c.get(bits).get(bitWidth).add().set(bits)
      c.get(bits).i32(32).geU().if()
      c.get(out).get(low).wrap().store32(0)
      c.bump(out, 4)
      c.get(low).i64(32n).shrU64().set(low)
      c.bump(bits, -32)
      c.end()
    }
  })
  // An octet of w bits is w bytes: what is left over is whole bytes.
  c.get(out).get(low).store64(0)
  c.get(out).get(bits).i32(3).shrU().add()
  const parameters = new Array<ValueType>(5).fill(I32)
  return { name, parameters, results: [I32], code: c }
}

/**
 * Hybrid kernels: `(values, octets, count, places, bitWidth, minRun, out) -> end of out`, where
 * `octets` is `count` rounded up and the last octet is filled up with the last value.
 *
 * @param packIndex function index of the packing kernel for elements of one byte
 */
export function hybridKernels(packIndex: number): readonly WasmFunction[] {
  return ELEMENT_BYTES.map((elementBytes, kind) => {
    const [values, octets, count, places, bitWidth, minRun, out] = [0, 1, 2, 3, 4, 5, 6]
    const c = new KernelCode(7)
    const octet = c.local(I32)
    const literalStart = c.local(I32)
    const runEnd = c.local(I32)
    const at = c.local(I32)
    const number = c.local(I32)
    const word = c.local(I64)
    const vector = c.local(V128)
    const octetShift = 3 + Math.log2(elementBytes)
    const octetAddress = (index: number): void => {
      c.get(values).get(index).i32(octetShift).shl().add()
    }
    /** Leaves 1 where the octet at `at` holds nothing but the value of `word` or `vector`. */
    const isUniform = (): void => {
      if (elementBytes === 1) c.get(at).load64(0).get(word).eq64()
      else {
        c.get(at).loadV128(0).get(vector).xorV()
        if (elementBytes === 4) c.get(at).loadV128(16).get(vector).xorV().orV()
        c.anyTrue().eqz()
      }
    }
    /** Sets `word` or `vector` to repetitions of the first value of the octet at `at`. */
    const repeatFirst = (): void => {
      if (elementBytes === 1) c.get(at).load8u64().i64(EACH_ONE).mul64().set(word)
      else if (elementBytes === 2) c.get(at).load16u(0).splat16().set(vector)
      else c.get(at).load32(0).splat32().set(vector)
    }
    const writeLiteral = (end: number): void => {
      c.get(end).get(literalStart).gtU().if()
      c.get(end).get(literalStart).sub().i32(1).shl().i32(1).or().set(number)
      varint(c, out, number)
      octetAddress(literalStart)
      c.get(end).get(literalStart).sub().get(places).get(bitWidth).get(out)
      c.call(packIndex + kind).set(out)
      c.end()
    }
    c.block().loop()
    c.get(octet).get(octets).geU().brIf(1)
    octetAddress(octet)
    c.set(at)
    repeatFirst()
    c.get(octet).set(runEnd)
    c.block().loop()
    isUniform()
    c.eqz().brIf(1)
    c.bump(at, 8 * elementBytes).bump(runEnd, 1)
    c.get(runEnd).get(octets).ltU().brIf(0)
    c.end().end()
    c.get(runEnd).get(octet).sub().get(minRun).geU().if()
    writeLiteral(octet)
    // The values that filled up the last octet are not part of a run.
    c.get(count).get(runEnd).i32(3).shl().tee(number).get(count).get(number).ltU().select()
    c.get(octet).i32(3).shl().sub().i32(1).shl().set(number)
    varint(c, out, number)
    c.get(out).get(places)
    octetAddress(octet)
    loadElement(c, elementBytes).i32(2).shl().add().load32(0).store32(0)
    c.get(out).get(bitWidth).i32(7).add().i32(3).shrU().add().set(out)
    c.get(runEnd).set(literalStart)
    c.end()
    // Where not even the first octet was uniform, on to the next.
    c.get(runEnd).get(runEnd).get(octet).eq().add().set(octet)
    c.br(0).end().end()
    writeLiteral(octets)
    c.get(out)
    const parameters = new Array<ValueType>(7).fill(I32)
    return { name: `hybrid${elementBytes}`, parameters, results: [I32], code: c }
  })
}

/** One in each byte of a word, and in each byte of a run of levels that pays. */
const EACH_ONE = 0x0101010101010101n
const RUN_BITS = BigInt(MIN_LEVEL_OCTETS * 8)
const RUN_ONE = EACH_ONE & ((1n << RUN_BITS) - 1n)

/**
 * `levels(bitmap, rowCount, out) -> end of out`: runs and literals of bits.
 *
 * A run that pays is looked for by its last byte: where that is neither 0 nor 255 no run reaches
 * across, where it is, the last byte before it that differs tells how far to go on.
 */
export function levelsKernel(): WasmFunction {
  const [bitmap, rowCount, out] = [0, 1, 2]
  const c = new KernelCode(3)
  const at = c.local(I32)
  const end = c.local(I32)
  const wholeEnd = c.local(I32)
  const literalStart = c.local(I32)
  const number = c.local(I32)
  const bits = c.local(I32)
  const word = c.local(I64)
  const copyFrom = c.local(I32)
  const writeLiteral = (to: number): void => {
    c.get(to).get(literalStart).gtU().if()
    c.get(to).get(literalStart).sub().i32(1).shl().i32(1).or().set(number)
    varint(c, out, number)
    c.get(literalStart).set(copyFrom)
    // Copied by eight bytes; what is too much is overwritten.
    c.loop()
    c.get(out).get(copyFrom).load64(0).store64(0)
    c.bump(out, 8).bump(copyFrom, 8)
    c.get(copyFrom).get(to).ltU().brIf(0)
    c.end()
    c.get(out).get(copyFrom).get(to).sub().sub().set(out)
    c.end()
  }
  c.get(bitmap).tee(at).tee(literalStart).get(rowCount).i32(3).shrU().add().set(wholeEnd)
  c.block().loop()
  c.get(at).i32(MIN_LEVEL_OCTETS).add().get(wholeEnd).gtU().brIf(1)
  c.get(at)
    .load8u(MIN_LEVEL_OCTETS - 1)
    .tee(bits)
    .i32(1)
    .add()
    .i32(254)
    .and()
    .if()
  c.bump(at, MIN_LEVEL_OCTETS).br(1)
  c.end()
  c.get(at)
    .load64(0)
    .i64((1n << RUN_BITS) - 1n)
    .and64()
  c.get(bits).extendU().i64(RUN_ONE).mul64().xor64().tee(word).eqz64().eqz().if()
  c.get(at).i32(8).add().get(word).clz64().wrap().i32(3).shrU().sub().set(at)
  c.br(1)
  c.end()
  c.get(at).i32(MIN_LEVEL_OCTETS).add().set(end)
  c.get(bits).extendU().i64(EACH_ONE).mul64().set(word)
  c.block().loop()
  c.get(end).i32(8).add().get(wholeEnd).gtU().brIf(1)
  c.get(end).load64(0).get(word).ne64().brIf(1)
  c.bump(end, 8).br(0).end().end()
  c.block().loop()
  c.get(end).get(wholeEnd).geU().brIf(1)
  c.get(end).load8u(0).get(bits).ne().brIf(1)
  c.bump(end, 1).br(0).end().end()
  writeLiteral(at)
  c.get(end).get(at).sub().i32(4).shl().set(number)
  varint(c, out, number)
  c.get(out).get(bits).i32(1).and().store8(0)
  c.bump(out, 1)
  c.get(end).tee(at).set(literalStart)
  c.br(0).end().end()
  c.get(bitmap).get(rowCount).i32(7).add().i32(3).shrU().add().set(at)
  writeLiteral(at)
  c.get(out)
  return { name: 'levels', parameters: [I32, I32, I32], results: [I32], code: c }
}
