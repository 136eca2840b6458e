import { Code } from '../../wasm/assembler.js'

/** {@link Code} with the further instructions the kernels need. */
export class KernelCode extends Code {
  #op(...bytes: readonly number[]): this {
    for (const byte of bytes) this.bytes.push(byte)
    return this
  }

  #simd(op: number, ...immediate: readonly number[]): this {
    this.bytes.push(0xfd)
    if (op < 0x80) this.bytes.push(op)
    else this.bytes.push((op & 0x7f) | 0x80, op >> 7)
    for (const byte of immediate) this.bytes.push(byte)
    return this
  }

  // i32.
  clz = (): this => this.#op(0x67)
  ctz = (): this => this.#op(0x68)
  popcnt = (): this => this.#op(0x69)
  shrS = (): this => this.#op(0x75)
  leS = (): this => this.#op(0x4c)

  // i64.
  clz64 = (): this => this.#op(0x79)
  ltU64 = (): this => this.#op(0x54)
  gtU64 = (): this => this.#op(0x56)
  leU64 = (): this => this.#op(0x58)
  geU64 = (): this => this.#op(0x5a)
  load8u64 = (): this => this.#op(0x31, 0, 0)
  load32u64 = (): this => this.#op(0x35, 0, 0)

  // f64.
  ltF64 = (): this => this.#op(0x63)
  neF64 = (): this => this.#op(0x62)
  subF64 = (): this => this.#op(0xa1)
  convertI32S = (): this => this.#op(0xb7)
  truncateU32 = (): this => this.#op(0xfc, 3)
  truncateI64 = (): this => this.#op(0xfc, 6)

  // v128.
  load64Zero = (): this => this.#simd(0x5d, 0, 0)
  splat16 = (): this => this.#simd(0x10)
  splat32 = (): this => this.#simd(0x11)
  lane32 = (lane: number): this => this.#simd(0x1b, lane)
  laneF64 = (lane: number): this => this.#simd(0x21, lane)
  splatF64 = (): this => this.#simd(0x14)
  minF64 = (): this => this.#simd(0xf6)
  maxF64 = (): this => this.#simd(0xf7)
  lane64 = (lane: number): this => this.#simd(0x1d, lane)
  swizzle = (): this => this.#simd(0x0e)
  shuffle = (lanes: readonly number[]): this => this.#simd(0x0d, ...lanes)
  eq16 = (): this => this.#simd(0x2d)
  eq32 = (): this => this.#simd(0x37)
  andV = (): this => this.#simd(0x4e)
  orV = (): this => this.#simd(0x50)
  anyTrue = (): this => this.#simd(0x53)
  allTrue8 = (): this => this.#simd(0x63)
  allTrue16 = (): this => this.#simd(0x83)
  allTrue32 = (): this => this.#simd(0xa3)
  add8 = (): this => this.#simd(0x6e)
  minU8 = (): this => this.#simd(0x77)
  bitmask16 = (): this => this.#simd(0x84)
  bitmask32 = (): this => this.#simd(0xa4)
  sub32 = (): this => this.#simd(0xb1)
  minS32 = (): this => this.#simd(0xb6)
  minU32 = (): this => this.#simd(0xb7)
  maxS32 = (): this => this.#simd(0xb8)
  maxU32 = (): this => this.#simd(0xb9)

  /** local += constant. */
  bump(local: number, by: number): this {
    return this.get(local).i32(by).add().set(local)
  }
}
