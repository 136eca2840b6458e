/**
 * Small seeded random numbers (sfc32): the same seed gives the same file on every machine.
 *
 * `bits` stays within 30 bits so that V8 keeps it a small integer.
 */
export class Random {
  #a: number
  #b: number
  #c: number
  #counter = 1

  /** @param seed any whole number; its low 32 bits count */
  constructor(seed: number) {
    this.#a = seed | 0
    this.#b = 0x9e3779b9 | 0
    this.#c = Math.imul(seed | 0, 0x85ebca6b) | 0
    for (let i = 0; i < 16; i++) this.bits()
  }

  /** A whole number of 30 random bits. */
  bits(): number {
    const t = (((this.#a + this.#b) | 0) + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (this.#c << 21) | (this.#c >>> 11)
    this.#c = (this.#c + t) | 0
    return t >>> 2
  }

  /** A whole number from 0 to `limit` - 1; `limit` at most 2^30. */
  below(limit: number): number {
    return this.bits() % limit
  }

  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low + (this.bits() % (high - low + 1))
  }

  /** True in a share of calls: 0 never, 1 always. */
  chance(share: number): boolean {
    return this.bits() < share * 0x40000000
  }

  /** A number from 0 (included) to 1 (excluded). */
  unit(): number {
    return this.bits() / 0x40000000
  }

  /** One of the items. */
  pick<T>(items: readonly T[]): T {
    return items[this.bits() % items.length]!
  }
}
