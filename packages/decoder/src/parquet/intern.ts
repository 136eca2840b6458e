/** Distinct numbers `intern` gives up at: a dictionary larger than this is no saving. */
const MAX_DISTINCT = 1 << 15

const SLOT_BITS = 17
const SLOT_MASK = (1 << SLOT_BITS) - 1

/** Numbers of a chunk as indexes into the distinct ones, 0 = null, in the order they came. */
export interface InternedNumbers {
  readonly indexes: Uint16Array
  /** The distinct numbers; the first stands for null. */
  readonly distinct: readonly number[]
  /** Rows that are not null. */
  readonly valueCount: number
}

/** Turns columns of numbers into dictionary columns. Tables are kept from chunk to chunk. */
export class NumberInterner {
  readonly #slots = new Uint16Array(1 << SLOT_BITS)
  readonly #taken: number[] = []
  readonly #indexes: Uint16Array

  constructor(rowCapacity: number) {
    this.#indexes = new Uint16Array(rowCapacity + 1)
  }

  /** Undefined when there are too many distinct numbers. Overwritten by the next call. */
  intern(
    values: Int32Array | Uint32Array | Float64Array,
    valid: Uint8Array | null,
    rowCount: number,
  ): InternedNumbers | undefined {
    const slots = this.#slots
    for (const slot of this.#taken) slots[slot] = 0
    this.#taken.length = 0
    const indexes = this.#indexes
    const distinct = [0]
    let previous = 0
    let previousIndex = 0
    let valueCount = 0
    for (let row = 0; row < rowCount; row++) {
      if (valid !== null && valid[row] === 0) {
        indexes[row] = 0
        continue
      }
      const value = values[row]!
      valueCount++
      if (value !== previous || previousIndex === 0) {
        previous = value
        let slot = hash(value)
        let index = slots[slot]!
        while (index !== 0 && distinct[index] !== value) {
          slot = (slot + 1) & SLOT_MASK
          index = slots[slot]!
        }
        if (index === 0) {
          index = distinct.length
          if (index > MAX_DISTINCT) return undefined
          distinct.push(value)
          slots[slot] = index
          this.#taken.push(slot)
        }
        previousIndex = index
      }
      indexes[row] = previousIndex
    }
    return { indexes, distinct, valueCount }
  }
}

/** Slot of a whole number below 2^53. */
function hash(value: number): number {
  const low = value | 0
  const high = value === low ? 0 : (value / 4294967296) | 0
  const mixed = Math.imul(low ^ Math.imul(high, 0x85ebca6b), 0x9e3779b1)
  return mixed >>> (32 - SLOT_BITS)
}
