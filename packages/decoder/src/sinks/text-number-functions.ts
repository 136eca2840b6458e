import { I32, I64, type WasmFunction } from '../wasm/assembler.js'
import { TextCode } from './text-code.js'

/** Addresses of the tables of `digits.ts`. */
export interface DigitAddresses {
  readonly fullDigits: number
  readonly shortDigits: number
  readonly digitCounts: number
  readonly fractions: number
  readonly fractionLengths: number
}

/** `whole(position, value) -> position`: any 32-bit number, unsigned. */
export function wholeFunction({
  fullDigits,
  shortDigits,
  digitCounts,
}: DigitAddresses): WasmFunction {
  const [p, v] = [0, 1]
  const c = new TextCode(2)
  const h = c.local(I32)
  const short = (value: number): void => {
    c.get(p).get(value).i32(2).shl().load32(shortDigits).store32(0)
    c.get(p).get(value).load8u(digitCounts).add().set(p)
  }
  const full = (value: number): void => {
    c.get(p).get(value).i32(2).shl().load32(fullDigits).store32(0)
    c.move(p, 4)
  }
  /** Leaves v / divisor in h and the rest in v. */
  const split = (divisor: number): void => {
    c.get(v).get(v).i32(divisor).divU().tee(h).i32(divisor).mul().sub().set(v)
  }
  c.get(v).i32(10_000).ltU().if()
  short(v)
  c.get(p).return()
  c.end()
  c.get(v).i32(100_000_000).ltU().if()
  split(10_000)
  short(h)
  c.else()
  split(100_000_000)
  short(h)
  split(10_000)
  full(h)
  c.end()
  full(v)
  c.get(p)
  return { name: 'whole', parameters: [I32, I32], results: [I32], code: c }
}

/**
 * `wholeLong(position, value) -> position`: any number below 10^16, unsigned.
 *
 * @param whole index of the function for shorter numbers
 */
export function wholeLongFunction({ fullDigits }: DigitAddresses, whole: number): WasmFunction {
  const [p, n] = [0, 1]
  const c = new TextCode(2)
  const low = c.local(I32)
  const h = c.local(I32)
  const full = (value: number): void => {
    c.get(p).get(value).i32(2).shl().load32(fullDigits).store32(0)
    c.move(p, 4)
  }
  c.get(n).i64(0xffff_ffffn).gtU64().eqz().if()
  c.get(p).get(n).wrap().call(whole).return()
  c.end()
  c.get(n)
    .get(n)
    .i64(100_000_000n)
    .divU64()
    .tee(n)
    .i64(100_000_000n)
    .mul64()
    .sub64()
    .wrap()
    .set(low)
  c.get(p).get(n).wrap().call(whole).set(p)
  c.get(low).get(low).i32(10_000).divU().tee(h).i32(10_000).mul().sub().set(low)
  full(h)
  full(low)
  c.get(p)
  return { name: 'wholeLong', parameters: [I32, I64], results: [I32], code: c }
}
