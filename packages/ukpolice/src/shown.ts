/**
 * Any value as short text for an error message, JSON where it can be.
 *
 * JSON has no BigInt, and an object that holds itself has no end; a message about a wrong input
 * must not fail on either.
 */
export function shown(value: unknown): string {
  let text: string
  try {
    text = JSON.stringify(value, withoutBigInt) ?? String(value)
  } catch {
    text = Object.prototype.toString.call(value)
  }
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}

function withoutBigInt(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value
}
