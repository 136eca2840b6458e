import type { TableSpec } from '../spec/types.js'

/**
 * Work of decoding and writing a segment, roughly, in shares of a whole NIBRS year; measured on
 * generated years. Segments of other specs count as one share each.
 */
const SHARES: Readonly<Record<string, number>> = {
  batch_header: 1,
  administrative: 17,
  window_clearance: 1,
  offense: 21,
  property: 18,
  window_property: 1,
  victim: 26,
  offender: 14,
  arrestee: 7,
  window_arrestee: 1,
  group_b_arrest: 5,
}

/** The same of reading the input and handing it on, which is the main thread's: as text, or packed. */
const READING_SHARES = { text: 45, packed: 75 } as const

/**
 * Divides segments among threads. The first set is the main thread's, which also reads the input,
 * so it gets the least; a set may be empty.
 */
export function partition(
  tables: readonly Pick<TableSpec, 'name'>[],
  threadCount: number,
  input: keyof typeof READING_SHARES,
): readonly (readonly string[])[] {
  const sets = Array.from({ length: threadCount }, (_, index) => ({
    names: [] as string[],
    work: index === 0 ? READING_SHARES[input] : 0,
  }))
  const byWork = [...tables].sort((a, b) => shareOf(b.name) - shareOf(a.name))
  for (const { name } of byWork) {
    const least = sets.reduce((best, set) => (set.work < best.work ? set : best))
    least.names.push(name)
    least.work += shareOf(name)
  }
  return sets.map(({ names }) => names)
}

function shareOf(name: string): number {
  return SHARES[name] ?? 1
}
