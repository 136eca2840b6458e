/*
 * Tables for writing numbers four digits at a time. Characters are packed into little-endian words
 * from the low byte on.
 */

/** Four digits of 0 to 9999, zero-padded. */
export const FULL_DIGITS = new Int32Array(10_000)
/** The digits of 0 to 9999 without leading zeros. */
export const SHORT_DIGITS = new Int32Array(10_000)
/** Digits in each entry of {@link SHORT_DIGITS}. */
export const DIGIT_COUNTS = new Uint8Array(10_000)
/** `.5`, `.125`: thousandths without trailing zeros; zero for none. */
export const FRACTIONS = new Int32Array(1000)
/** Characters in each entry of {@link FRACTIONS}. */
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
