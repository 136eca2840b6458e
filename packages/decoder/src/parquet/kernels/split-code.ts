import { I32, V128 } from '../../wasm/assembler.js'
import type { KernelCode } from './kernel-code.js'

/** Words that kernels which split text leave at `result`. */
export const SPLIT_RESULT = { bodyLength: 0, minAddress: 1, maxAddress: 2, words: 3 } as const

/** The first parameters of a kernel that splits text, by their place. */
export const SPLIT = {
  bytes: 0,
  width: 1,
  valid: 2,
  validEnd: 3,
  bitmap: 4,
  prefixes: 5,
  suffixes: 6,
  body: 7,
  result: 8,
} as const

/** How many they are. */
export const SPLIT_PARAMETERS = 9

/** Locals that each value is dealt with in. */
export interface SplitLocals {
  /** Values before this one. */
  readonly count: number
  /** Where the least and the greatest value so far stand. */
  readonly minAt: number
  readonly maxAt: number
}

/**
 * The frame of a kernel that splits text: writes the bitmap, goes through the rows that have a value,
 * leaves {@link SPLIT_RESULT}, and the count of values on the stack, -1 when they cannot be split.
 *
 * @param emitValue for the cell at `bytes`: writes its prefix, its suffix and its bytes, and moves `body`
 * @param emitIsPlain leaves 1 when all values were of the kind that can be split
 */
export function emitSplit(
  c: KernelCode,
  emitValue: (locals: SplitLocals) => void,
  emitIsPlain: () => void,
): void {
  const { bytes, width, valid, validEnd, prefixes, suffixes, body, result } = SPLIT
  const bodyStart = c.local(I32)
  const locals = { count: c.local(I32), minAt: c.local(I32), maxAt: c.local(I32) }
  emitBitmap(c)
  c.get(body).set(bodyStart)
  c.get(bytes).tee(locals.minAt).set(locals.maxAt)
  c.block().loop()
  c.get(valid).get(validEnd).geU().brIf(1)
  c.get(valid).load8u(0).if()
  emitValue(locals)
  c.bump(prefixes, 4).bump(suffixes, 4).bump(locals.count, 1)
  c.end()
  c.get(bytes).get(width).add().set(bytes)
  c.bump(valid, 1).br(0).end().end()
  c.get(result)
    .get(body)
    .get(bodyStart)
    .sub()
    .store32(SPLIT_RESULT.bodyLength * 4)
  c.get(result)
    .get(locals.minAt)
    .store32(SPLIT_RESULT.minAddress * 4)
  c.get(result)
    .get(locals.maxAt)
    .store32(SPLIT_RESULT.maxAddress * 4)
  c.get(locals.count).i32(-1)
  emitIsPlain()
  c.select()
}

/** Writes a bit for each byte from `valid` to `validEnd`: set where it is not zero. */
function emitBitmap(c: KernelCode): void {
  const { valid, validEnd, bitmap } = SPLIT
  const row = c.local(I32)
  const zero = c.local(V128)
  c.get(valid).set(row)
  c.block().loop()
  c.get(row).get(validEnd).geU().brIf(1)
  c.get(bitmap).get(row).loadV128(0).get(zero).eq8().bitmask8().i32(0xffff).xor().store16(0)
  c.bump(bitmap, 2).bump(row, 16).br(0).end().end()
}
