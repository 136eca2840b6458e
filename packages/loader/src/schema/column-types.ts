/** True when two type names, as catalogues give them, mean the same. */
export function sameType(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase()
}

const DECIMAL = /^(?:decimal|numeric)\((\d+),(\d+)\)$/i
/** Digits before the point that a whole number may have. */
const INTEGER_DIGITS: Readonly<Record<string, number>> = { integer: 10, bigint: 19 }

/** True when every value of type `from` is a value of type `to` and keeps its canonical text. */
export function widens(from: string, to: string): boolean {
  const [fromRange, toRange] = [rangeOf(from), rangeOf(to)]
  if (fromRange === null || toRange === null) return false
  return fromRange.whole <= toRange.whole && fromRange.fraction <= toRange.fraction
}

function rangeOf(type: string): { readonly whole: number; readonly fraction: number } | null {
  const whole = INTEGER_DIGITS[type.toLowerCase()]
  if (whole !== undefined) return { whole, fraction: 0 }
  const match = DECIMAL.exec(type)
  if (match === null) return null
  const fraction = Number(match[2])
  return { whole: Number(match[1]) - fraction, fraction }
}
