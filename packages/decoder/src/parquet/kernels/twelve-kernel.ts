import { I32, I64, V128, type ValueType, type WasmFunction } from '../../wasm/assembler.js'
import { KernelCode } from './kernel-code.js'
import { emitSplit, SPLIT, SPLIT_PARAMETERS, type SplitLocals } from './split-code.js'

const LENGTH = 12
const HIGH_BITS = -0x7f7f7f7f7f7f7f80n

/**
 * `twelve(bytes, width, valid, validEnd, bitmap, prefixes, suffixes, body, result) -> values`, or
 * -1 when a value is not twelve plain ASCII bytes. See `Kernels.splitText`.
 *
 * `valid` must be zero up to a multiple of sixteen; up to 24 bytes are read behind the start of a
 * row. Values are compared as two big-endian words, made by turning the bytes of a vector round.
 */
export function twelveKernel(): WasmFunction {
  const { bytes, width, prefixes, suffixes, body } = SPLIT
  const c = new KernelCode(SPLIT_PARAMETERS)
  const prefix = c.local(I32)
  const first = c.local(I64)
  const second = c.local(I32)
  const minFirst = c.local(I64)
  const minSecond = c.local(I32)
  const maxFirst = c.local(I64)
  const maxSecond = c.local(I32)
  const vector = c.local(V128)
  const previous = c.local(V128)
  const zero = c.local(V128)
  const seenBits = c.local(V128)
  const least = c.local(V128)

  c.i64(-1n).set(minFirst)
  c.i32(-1).splat32().set(least)
  const emitValue = ({ minAt, maxAt }: SplitLocals): void => {
    c.get(bytes).loadV128(0).tee(vector).get(seenBits).orV().set(seenBits)
    c.get(vector).get(least).minU8().set(least)
    // Bytes shared with the value before; the first one shares none with a vector of NULs.
    c.get(vector).get(previous).eq8().bitmask8()
    c.i32(0xffff)
      .xor()
      .i32(1 << LENGTH)
      .or()
      .ctz()
      .set(prefix)
    c.get(vector).set(previous)
    c.get(prefixes).get(prefix).store32(0)
    c.get(suffixes).i32(LENGTH).get(prefix).sub().store32(0)
    c.get(body).get(bytes).get(prefix).add().load64(0).store64(0)
    c.get(body).get(bytes).get(prefix).add().load32(8).store32(8)
    c.get(body).i32(LENGTH).add().get(prefix).sub().set(body)
    c.get(vector).get(vector)
    c.shuffle([7, 6, 5, 4, 3, 2, 1, 0, 11, 10, 9, 8, 12, 13, 14, 15]).tee(vector).lane64(0)
    c.set(first)
    c.get(vector).lane32(2).set(second)
    c.get(first).get(minFirst).leU64().if()
    c.get(first).get(minFirst).ltU64().get(second).get(minSecond).ltU().or().if()
    c.get(first).set(minFirst).get(second).set(minSecond).get(bytes).set(minAt)
    c.end().end()
    c.get(first).get(maxFirst).geU64().if()
    c.get(first).get(maxFirst).gtU64().get(second).get(maxSecond).gtU().or().if()
    c.get(first).set(maxFirst).get(second).set(maxSecond).get(bytes).set(maxAt)
    c.end().end()
  }
  const emitIsPlain = (): void => {
    // Not one byte above 0x7F, none NUL, and nothing but NUL where there is a thirteenth.
    c.get(seenBits).lane64(0).get(seenBits).lane32(2).extendU().or64().i64(HIGH_BITS).and64()
    c.get(least).get(zero).eq8().tee(least).lane64(0)
    c.get(least).lane32(2).extendU().or64().or64()
    c.get(seenBits).lane32(3).i32(255).and().i32(0).get(width).i32(LENGTH).gtU().select().extendU()
    c.or64().eqz64()
  }
  emitSplit(c, emitValue, emitIsPlain)
  return {
    name: 'twelve',
    parameters: new Array<ValueType>(SPLIT_PARAMETERS).fill(I32),
    results: [I32],
    code: c,
  }
}
