/** Four ASCII digits of 0 to 9999, zero-padded, as a little-endian word. */
export const FULL_DIGITS = new Int32Array(10_000)
/** The digits of 0 to 9999 without leading zeros, from the low byte on. */
export const SHORT_DIGITS = new Int32Array(10_000)
/** Digits in each entry of {@link SHORT_DIGITS}. */
export const DIGIT_COUNTS = new Uint8Array(10_000)
/** `.5`, `.125`: thousandths without trailing zeros, as words of up to four characters. */
export const FRACTIONS = new Int32Array(1000)
/** Characters in each entry of {@link FRACTIONS}: 0 for no thousandths. */
export const FRACTION_LENGTHS = new Uint8Array(1000)

function word(text: string): number {
  let result = 0
  for (let i = 0; i < text.length; i++) result |= text.charCodeAt(i) << (8 * i)
  return result
}

for (let value = 0; value < 10_000; value++) {
  const text = String(value)
  FULL_DIGITS[value] = word(text.padStart(4, '0'))
  SHORT_DIGITS[value] = word(text)
  DIGIT_COUNTS[value] = text.length
}
for (let thousandths = 1; thousandths < 1000; thousandths++) {
  const text = `.${String(thousandths).padStart(3, '0').replace(/0+$/, '')}`
  FRACTIONS[thousandths] = word(text)
  FRACTION_LENGTHS[thousandths] = text.length
}

/** Writes a whole number from 0 to 99,999,999 at `at`; returns the position behind it. */
export function writeWhole(out: DataView, at: number, value: number): number {
  if (value < 10_000) {
    out.setInt32(at, SHORT_DIGITS[value]!, true)
    return at + DIGIT_COUNTS[value]!
  }
  const high = (value / 10_000) | 0
  out.setInt32(at, SHORT_DIGITS[high]!, true)
  const middle = at + DIGIT_COUNTS[high]!
  out.setInt32(middle, FULL_DIGITS[value - high * 10_000]!, true)
  return middle + 4
}

/** Writes thousandths, 0 to 99,999,999 of them, as a decimal in its shortest form. */
export function writeThousandths(out: DataView, at: number, value: number): number {
  const whole = (value / 1000) | 0
  const thousandths = value - whole * 1000
  const middle = writeWhole(out, at, whole)
  out.setInt32(middle, FRACTIONS[thousandths]!, true)
  return middle + FRACTION_LENGTHS[thousandths]!
}
