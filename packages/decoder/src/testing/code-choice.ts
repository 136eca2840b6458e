import type { CodeEntry, CodeTable } from '../spec/types.js'
import type { Random } from './random.js'

/** Slots of the look-up table a code is drawn from: a share is a multiple of 1/4096. */
const SLOTS = 4096
const BLANK = 0x20

/** What to draw from, and how often. */
export interface ChoiceOptions {
  /** Data year: codes that are not valid in it are never drawn. */
  readonly year: number
  /** Shares by code, in any unit; '' is a blank field. Codes unknown or not valid are left out. */
  readonly weights: Readonly<Record<string, number>>
  /** Valid codes without a share are drawn now and then; false: never. Default true. */
  readonly others?: boolean
  /** Which codes may be drawn at all. Default: every one. */
  readonly only?: (code: string, entry: CodeEntry) => boolean
}

/** Codes with their shares, drawn by look-up. */
export class CodeChoice {
  /** By index; null stands for a blank field. */
  readonly codes: readonly (string | null)[]
  /** Bytes of each code, first byte lowest, padded with blanks to four. */
  readonly packed: Int32Array
  readonly #slots = new Uint8Array(SLOTS)

  /** @param entries codes ('' for blank) with shares above zero; at most 256 */
  constructor(entries: readonly (readonly [string, number])[]) {
    if (entries.length === 0 || entries.length > 256) {
      throw new RangeError(`a choice takes 1 to 256 codes, not ${entries.length}`)
    }
    this.codes = entries.map(([code]) => (code.trim() === '' ? null : code))
    this.packed = Int32Array.from(entries, ([code]) => pack(code))
    const sum = entries.reduce((total, [, weight]) => total + weight, 0)
    const weightOf = (weight: number): number => (sum === 0 ? 1 : weight)
    const total = sum === 0 ? entries.length : sum
    // One slot each, so that rare codes do occur; the rest by share.
    const free = SLOTS - entries.length
    let at = 0
    let share = 0
    entries.forEach(([, weight], index) => {
      share += weightOf(weight)
      const end = Math.round((share / total) * free) + index + 1
      this.#slots.fill(index, at, end)
      at = end
    })
  }

  /** Index of a drawn code. */
  pick(random: Random): number {
    return this.#slots[random.bits() & (SLOTS - 1)]!
  }

  /** Index of a code that may be drawn; -1 when it is not among them. */
  indexOf(code: string | null): number {
    return this.codes.indexOf(code)
  }
}

/** A choice among the codes of a table that are valid in a year. */
export function choiceOf(table: CodeTable, options: ChoiceOptions): CodeChoice {
  const { year, weights, others = true, only = () => true } = options
  const entries: [string, number][] = []
  if (weights[''] !== undefined) entries.push(['', weights['']])
  for (const [code, entry] of table.codes) {
    if (!isValid(entry, year) || !only(code, entry)) continue
    const weight = weights[code]
    if (weight !== undefined || others) entries.push([code, weight ?? 0])
  }
  return new CodeChoice(entries)
}

/** Whether a code may stand in a file of a data year. */
export function isValid(entry: CodeEntry, year: number): boolean {
  return year >= (entry.from ?? 0) && year <= (entry.to ?? 9999)
}

function pack(code: string): number {
  let packed = 0
  for (let i = 3; i >= 0; i--) {
    packed = (packed << 8) | (i < code.length ? code.charCodeAt(i) : BLANK)
  }
  return packed
}
