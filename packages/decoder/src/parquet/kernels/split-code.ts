import { I32 } from '../../wasm/assembler.js'
import type { KernelCode } from './kernel-code.js'

/** Words that kernels which split text leave at `result`. */
export const SPLIT_RESULT = { bodyLength: 0, minAddress: 1, maxAddress: 2, words: 3 } as const

/** Writes a bit for each byte from `valid` to `validEnd`: set where it is not zero. */
export function emitBitmap(
  c: KernelCode,
  valid: number,
  validEnd: number,
  bitmap: number,
  zero: number,
): void {
  const row = c.local(I32)
  c.get(valid).set(row)
  c.block().loop()
  c.get(row).get(validEnd).geU().brIf(1)
  c.get(bitmap).get(row).loadV128(0).get(zero).eq8().bitmask8().i32(0xffff).xor().store16(0)
  c.bump(bitmap, 2).bump(row, 16).br(0).end().end()
}

/** Stores {@link SPLIT_RESULT} from locals. */
export function emitSplitResult(
  c: KernelCode,
  result: number,
  locals: {
    readonly body: number
    readonly bodyStart: number
    readonly minAt: number
    readonly maxAt: number
  },
): void {
  c.get(result)
    .get(locals.body)
    .get(locals.bodyStart)
    .sub()
    .store32(SPLIT_RESULT.bodyLength * 4)
  c.get(result)
    .get(locals.minAt)
    .store32(SPLIT_RESULT.minAddress * 4)
  c.get(result)
    .get(locals.maxAt)
    .store32(SPLIT_RESULT.maxAddress * 4)
}
