import { I32, V128, type WasmFunction } from '../../wasm/assembler.js'
import { KernelCode } from './kernel-code.js'

/**
 * Kernels that drop nulls: `(source, sourceEnd, values, bitmap, tables) -> end of values`, for elements of
 * one, two and four bytes.
 *
 * A vector is compared with zero, the outcome looked up in a table of byte orders that move the
 * values to the front, and the result stored whole: what is behind the values is overwritten next.
 * The source must be zero up to a multiple of 64 bytes.
 */

/** Byte orders for eight elements of one byte, eight of two and four of four, by their bit masks. */
export const SHUFFLE_TABLE = { bytes1: 0, bytes2: 256 * 8, bytes4: 256 * 8 + 256 * 16 } as const
export const SHUFFLE_TABLE_BYTES = SHUFFLE_TABLE.bytes4 + 16 * 16

/** The tables that stand at {@link SHUFFLE_TABLE}, counted from `tables` in the kernels. */
export function shuffleTables(): Uint8Array {
  const tables = new Uint8Array(SHUFFLE_TABLE_BYTES)
  fillShuffles(tables, SHUFFLE_TABLE.bytes1, 8, 1)
  fillShuffles(tables, SHUFFLE_TABLE.bytes2, 8, 2)
  fillShuffles(tables, SHUFFLE_TABLE.bytes4, 4, 4)
  return tables
}

function fillShuffles(
  tables: Uint8Array,
  start: number,
  elementCount: number,
  elementBytes: number,
): void {
  for (let mask = 0; mask < 1 << elementCount; mask++) {
    let at = start + mask * elementCount * elementBytes
    for (let element = 0; element < elementCount; element++) {
      if (((mask >> element) & 1) === 0) continue
      for (let byte = 0; byte < elementBytes; byte++) tables[at++] = element * elementBytes + byte
    }
  }
}

const [source, sourceEnd, values, bitmap, tables] = [0, 1, 2, 3, 4]

/** All three kernels; `tables` is the address of the shuffle tables. */
export function nullKernels(): readonly WasmFunction[] {
  return [
    kernel('dropNulls1', (c, vector, zero) => {
      const mask = c.local(I32)
      c.get(vector).get(zero).eq8().bitmask8().i32(0xffff).xor().set(mask)
      c.get(bitmap).get(mask).store16(0).bump(bitmap, 2)
      for (const half of [0, 8]) {
        const bits = (): KernelCode =>
          half === 0 ? c.get(mask).i32(255).and() : c.get(mask).i32(8).shrU()
        c.get(values)
        c.get(vector)
        if (half !== 0)
          c.get(vector).shuffle([8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7])
        bits().i32(3).shl().get(tables).add().load64Zero()
        c.swizzle().lane64(0).store64(0)
        bits().popcnt().get(values).add().set(values)
      }
    }),
    kernel('dropNulls2', (c, vector, zero) => {
      const mask = c.local(I32)
      c.get(vector).get(zero).eq16().bitmask16().i32(0xff).xor().set(mask)
      c.get(bitmap).get(mask).store8(0).bump(bitmap, 1)
      c.get(values).get(vector)
      c.get(mask)
        .i32(4)
        .shl()
        .get(tables)
        .add()
        .loadV128(SHUFFLE_TABLE.bytes2)
        .swizzle()
        .storeV128(0)
      c.get(mask).popcnt().i32(1).shl().get(values).add().set(values)
    }),
    kernel(
      'dropNulls4',
      (c, vector, zero, step) => {
        const mask = c.local(I32)
        c.get(vector).get(zero).eq32().bitmask32().i32(0xf).xor().set(mask)
        if (step === 0) c.get(bitmap).get(mask).store8(0)
        else {
          c.get(bitmap).get(bitmap).load8u(0).get(mask).i32(4).shl().or().store8(0)
          c.bump(bitmap, 1)
        }
        c.get(values).get(vector)
        c.get(mask)
          .i32(4)
          .shl()
          .get(tables)
          .add()
          .loadV128(SHUFFLE_TABLE.bytes4)
          .swizzle()
          .storeV128(0)
        c.get(mask).popcnt().i32(2).shl().get(values).add().set(values)
      },
      2,
    ),
  ]
}

/**
 * The loop around one kernel: 64 bytes of nothing are passed over at once, 64 bytes without nulls
 * copied, other vectors go through `body`, `vectors` at a time.
 */
function kernel(
  name: string,
  body: (c: KernelCode, vector: number, zero: number, step: number) => void,
  vectors = 1,
): WasmFunction {
  const c = new KernelCode(5)
  const vector = c.local(V128)
  const zero = c.local(V128)
  const elementBytes = Number(name.at(-1))
  const bitmapBytes = 64 / elementBytes / 8
  c.block().loop()
  c.get(source).get(sourceEnd).geU().brIf(1)
  c.get(source).loadV128(0).get(source).loadV128(16).orV()
  c.get(source).loadV128(32).get(source).loadV128(48).orV().orV()
  c.anyTrue().eqz().if()
  c.get(bitmap)
  if (bitmapBytes === 8) c.i64(0n).store64(0)
  else if (bitmapBytes === 4) c.i32(0).store32(0)
  else c.i32(0).store16(0)
  c.bump(bitmap, bitmapBytes).bump(source, 64).br(1)
  c.end()
  for (let step = 0; step < 4; step++) {
    c.get(source).loadV128(step * 16)
    if (elementBytes === 1) c.allTrue8()
    else if (elementBytes === 2) c.allTrue16()
    else c.allTrue32()
    if (step > 0) c.and()
  }
  c.if()
  for (let step = 0; step < 4; step++) {
    c.get(values)
      .get(source)
      .loadV128(step * 16)
      .storeV128(step * 16)
  }
  c.get(bitmap)
  if (bitmapBytes === 8) c.i64(-1n).store64(0)
  else if (bitmapBytes === 4) c.i32(-1).store32(0)
  else c.i32(-1).store16(0)
  c.bump(bitmap, bitmapBytes).bump(values, 64).bump(source, 64).br(1)
  c.end()
  for (let step = 0; step < 4; step++) {
    c.get(source)
      .loadV128(step * 16)
      .set(vector)
    body(c, vector, zero, step % vectors)
  }
  c.bump(source, 64).br(0)
  c.end().end()
  c.get(values)
  return { name, parameters: [I32, I32, I32, I32, I32], results: [I32], code: c }
}
