const FIRST_SLOTS = 1 << 10
/** Keys remembered at least, once that many were added. */
export const KEYS_REMEMBERED = 1 << 20

/**
 * Remembers which incident keys were met, by 64-bit hash: 11 to 21 bytes a key.
 *
 * Holds at least the last {@link KEYS_REMEMBERED} keys and at most twice as many (32 MB); older
 * ones are forgotten. Two different keys are taken for one with a chance of 1 in 10^7 for a
 * million keys.
 */
export class SeenKeys {
  #recent = new HashSet()
  #older: HashSet | null = null
  readonly #limit: number

  constructor(limit = KEYS_REMEMBERED) {
    this.#limit = limit
  }

  /** Adds a key; false when it was there. */
  add(key: string): boolean {
    let low = 0x2545f491
    let high = key.length
    for (let i = 0; i < key.length; i++) {
      const unit = key.charCodeAt(i)
      low = Math.imul(low ^ unit, 0x9e3779b1)
      low ^= low >>> 15
      high = Math.imul(high ^ unit, 0x85ebca6b)
      high ^= high >>> 13
    }
    low = Math.imul(low ^ (high >>> 16), 0xc2b2ae35)
    high = Math.imul(high ^ (low >>> 16), 0x27d4eb2f)
    const known = this.#older?.has(low, high) ?? false
    const added = this.#recent.add(low, high)
    if (this.#recent.size >= this.#limit) {
      this.#older = this.#recent
      this.#recent = new HashSet()
    }
    return added && !known
  }

  clear(): void {
    this.#older = null
    this.#recent.clear()
  }
}

/** Pairs of 32-bit words by open addressing; the pair 0, 0 marks a free slot. */
class HashSet {
  size = 0
  #slots = new Int32Array(2 * FIRST_SLOTS)

  has(low: number, high: number): boolean {
    const at = this.#find(this.#slots, low, low === 0 && high === 0 ? 1 : high)
    return this.#slots[at] !== 0 || this.#slots[at + 1] !== 0
  }

  add(low: number, high: number): boolean {
    const second = low === 0 && high === 0 ? 1 : high
    const at = this.#find(this.#slots, low, second)
    if (this.#slots[at] !== 0 || this.#slots[at + 1] !== 0) return false
    this.#slots[at] = low
    this.#slots[at + 1] = second
    this.size++
    // Three quarters full: two words a slot, so 3/8 of the words.
    if (this.size * 8 > this.#slots.length * 3) this.#grow()
    return true
  }

  clear(): void {
    if (this.size === 0) return
    this.size = 0
    if (this.#slots.length > 8 * FIRST_SLOTS) this.#slots = new Int32Array(2 * FIRST_SLOTS)
    else this.#slots.fill(0)
  }

  #find(slots: Int32Array, low: number, high: number): number {
    const mask = slots.length - 2
    let at = (low << 1) & mask
    while (
      (slots[at] !== low || slots[at + 1] !== high) &&
      (slots[at] !== 0 || slots[at + 1] !== 0)
    )
      at = (at + 2) & mask
    return at
  }

  #grow(): void {
    const old = this.#slots
    const slots = new Int32Array(old.length * 2)
    for (let from = 0; from < old.length; from += 2) {
      const low = old[from]!
      const high = old[from + 1]!
      if (low === 0 && high === 0) continue
      const at = this.#find(slots, low, high)
      slots[at] = low
      slots[at + 1] = high
    }
    this.#slots = slots
  }
}
