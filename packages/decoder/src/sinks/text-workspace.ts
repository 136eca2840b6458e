import { byteTexts } from './byte-texts.js'
import { DIGIT_COUNTS, FRACTION_LENGTHS, FRACTIONS, FULL_DIGITS, SHORT_DIGITS } from './digits.js'
import { CellTables } from './text-cells.js'
import type { TextParts } from './text-format.js'
import { TextMemory } from './text-memory.js'
import type { DigitAddresses } from './text-number-functions.js'

/** What the text writers of one sink have in common. They must take turns. */
export class TextWorkspace {
  readonly memory = new TextMemory()
  readonly tables: CellTables
  readonly digits: DigitAddresses
  readonly #parts: TextParts
  readonly #byteTexts = new Map<readonly string[], number | null>()

  constructor(parts: TextParts) {
    this.#parts = parts
    this.tables = new CellTables(this.memory, parts)
    this.digits = {
      fullDigits: this.memory.place(FULL_DIGITS),
      shortDigits: this.memory.place(SHORT_DIGITS),
      digitCounts: this.memory.place(DIGIT_COUNTS),
      fractions: this.memory.place(FRACTIONS),
      fractionLengths: this.memory.place(FRACTION_LENGTHS),
    }
  }

  /** Address of the `byteTexts` of an encoding; null where there are none. */
  byteTextsOf(characters: readonly string[]): number | null {
    let address = this.#byteTexts.get(characters)
    if (address === undefined) {
      const entries = byteTexts(characters, this.#parts)
      address = entries === null ? null : this.memory.place(entries)
      this.#byteTexts.set(characters, address)
    }
    return address
  }
}
