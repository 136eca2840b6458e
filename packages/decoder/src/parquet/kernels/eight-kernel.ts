import { I32, I64, type ValueType, type WasmFunction } from '../../wasm/assembler.js'
import { KernelCode } from './kernel-code.js'
import { emitSplit, SPLIT, SPLIT_PARAMETERS, type SplitLocals } from './split-code.js'

const BLANKS = 0x2020202020202020n
const ONES = 0x0101010101010101n
const HIGH_BITS = -0x7f7f7f7f7f7f7f80n

/**
 * `eight(bytes, width, valid, validEnd, bitmap, prefixes, suffixes, body, result, trim) -> values`,
 * or -1 when a cell has a NUL or a byte above 0x7F. See `Kernels.splitText`.
 *
 * For cells of one to eight bytes: each is one word, with NULs behind its text. `valid` must be zero
 * up to a multiple of sixteen; eight bytes are read from the start of a row on.
 */
export function eightKernel(): WasmFunction {
  const { bytes, width, prefixes, suffixes, body } = SPLIT
  const trim = SPLIT_PARAMETERS
  const c = new KernelCode(SPLIT_PARAMETERS + 1)
  const length = c.local(I32)
  const prefix = c.local(I32)
  /** Bytes of the cell, and what takes the place of the others. */
  const mask = c.local(I64)
  const fill = c.local(I64)
  /** Where a cell is no different from this, its text has ended. */
  const padding = c.local(I64)
  const text = c.local(I64)
  const previous = c.local(I64)
  const min = c.local(I64)
  const max = c.local(I64)
  const spareBits = c.local(I64)
  const odd = c.local(I64)

  c.i64(-1n).i32(64).get(width).i32(3).shl().sub().extendU().shrU64().set(mask)
  c.i64(BLANKS).get(mask).i64(-1n).xor64().and64().set(fill)
  // Bytes of text are not zero, so that without trimming it ends where the cell does.
  c.get(fill).get(mask).i64(BLANKS).and64().i64(0n).get(trim).select().or64().set(padding)
  const emitValue = ({ count, minAt, maxAt }: SplitLocals): void => {
    c.get(bytes).load64(0).get(mask).and64().get(fill).or64().tee(text)
    c.i64(ONES).sub64().get(text).or64().get(odd).or64().set(odd)
    c.get(text).get(padding).xor64().clz64().i64(0x78n).and64().set(spareBits)
    c.i32(8).get(spareBits).wrap().i32(3).shrU().sub().tee(length).if()
    c.get(text).i64(-1n).get(spareBits).shrU64().and64().set(text)
    c.else()
    c.i64(0n).set(text)
    c.end()
    c.get(text).get(previous).xor64().ctz64().i64(3n).shrU64().wrap().tee(prefix)
    c.get(length).get(prefix).get(length).ltU().select().set(prefix)
    c.get(text).set(previous)
    c.get(prefixes).get(prefix).store32(0)
    c.get(suffixes).get(length).get(prefix).sub().store32(0)
    c.get(body).get(text).get(prefix).i32(3).shl().extendU().shrU64().store64(0)
    c.get(body).get(length).add().get(prefix).sub().set(body)
    noteBound(c, text, min, count, () => c.ltU(), bytes, minAt)
    noteBound(c, text, max, count, () => c.gtU(), bytes, maxAt)
  }
  emitSplit(c, emitValue, () => c.get(odd).i64(HIGH_BITS).and64().eqz64())
  return {
    name: 'eight',
    parameters: new Array<ValueType>(SPLIT_PARAMETERS + 1).fill(I32),
    results: [I32],
    code: c,
  }
}

/** Takes `text` for the bound when it is the first or `isBeyond` it, by the first byte that differs. */
function noteBound(
  c: KernelCode,
  text: number,
  bound: number,
  count: number,
  isBeyond: () => unknown,
  at: number,
  boundAt: number,
): void {
  const differs = c.local(I64)
  c.get(text).get(bound).xor64().tee(differs).eqz64().eqz().get(count).eqz().or().if()
  c.get(differs).ctz64().i64(0x38n).and64().set(differs)
  c.get(text).get(differs).shrU64().wrap().i32(255).and()
  c.get(bound).get(differs).shrU64().wrap().i32(255).and()
  isBeyond()
  c.get(count).eqz().or().if()
  c.get(text).set(bound).get(at).set(boundAt)
  c.end().end()
}
