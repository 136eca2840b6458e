import type { NumberStyle } from './agencies.js'
import type { Random } from './random.js'

/** What the scrambled numbers of the FBI's files are made of: blanks too, even in front. */
const SCRAMBLED = Uint8Array.from(' -ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789', (c) => c.charCodeAt(0))
const HEXADECIMAL = Uint8Array.from('0123456789ABCDEF', (c) => c.charCodeAt(0))
const SERIAL_MASK = 0x3fffffff
const DIGIT_0 = 0x30

/**
 * Writes numbers of `target.length` characters; within one style, different serials (below 2^30)
 * give different numbers.
 */
export function writeNumber(
  target: Uint8Array,
  style: NumberStyle,
  year: number,
  serial: number,
  random: Random,
): void {
  switch (style) {
    case 'encrypted':
      encrypted(target, serial, random)
      return
    case 'hexadecimal': {
      target.fill(0x20, 12)
      let low = scramble(serial)
      let high = random.bits()
      for (let i = 0; i < 12; i++) {
        target[i] = HEXADECIMAL[(i < 8 ? low : high) & 15]!
        if (i < 8) low >>>= 4
        else high >>>= 4
      }
      return
    }
    case 'serial':
      target.fill(0x20)
      digits(target, 0, 2, year % 100)
      digits(target, 2, 10, serial % 100_000_000)
      return
    case 'dashed':
      target.fill(0x20)
      digits(target, 0, 4, year)
      target[4] = 0x2d
      digits(target, 5, 12, serial % 10_000_000)
      return
    case 'zero-filled':
      digits(target, 0, target.length, serial)
  }
}

/** Six characters hold the serial, the others are noise; never blank altogether. */
function encrypted(target: Uint8Array, serial: number, random: Random): void {
  let rest = scramble(serial)
  let noise = random.bits()
  for (let i = 0; i < target.length; i++) {
    if (i % 2 === 0 && i < 12) {
      target[i] = SCRAMBLED[rest % 37]!
      rest = (rest / 37) | 0
    } else {
      if (i === 7) noise = random.bits()
      target[i] = SCRAMBLED[noise % 38]!
      noise = (noise / 38) | 0
    }
  }
  if (target[5] === 0x20) target[5] = 0x4e
}

/** One-to-one on 30 bits. */
function scramble(serial: number): number {
  let value = Math.imul(serial + 1, 0x2545f491) & SERIAL_MASK
  value ^= value >>> 15
  return Math.imul(value, 0x1b873593) & SERIAL_MASK
}

function digits(target: Uint8Array, start: number, end: number, value: number): void {
  let rest = value | 0
  for (let i = end - 1; i >= start; i--) {
    const next = (rest / 10) | 0
    target[i] = DIGIT_0 + rest - next * 10
    rest = next
  }
}
