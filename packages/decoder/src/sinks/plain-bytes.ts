/** Says of bytes whether all are printable ASCII, none of them special. */
export class PlainBytes {
  readonly #isSpecial = new Uint8Array(256)
  readonly #words: readonly [number, number]

  /** @param special one or two ASCII characters that are not plain */
  constructor(special: string) {
    this.#isSpecial.fill(1, 0, 0x20)
    this.#isSpecial.fill(1, 0x80)
    for (const character of special) this.#isSpecial[character.charCodeAt(0)] = 1
    const first = special.charCodeAt(0)
    const last = special.charCodeAt(special.length - 1)
    this.#words = [Math.imul(first, 0x01010101), Math.imul(last, 0x01010101)]
  }

  /** True when the first `length` bytes are plain. */
  test(bytes: Uint8Array, length: number): boolean {
    let at = 0
    if (bytes.byteOffset % 4 === 0) {
      const count = length >> 2
      const words = new Int32Array(bytes.buffer, bytes.byteOffset, count)
      if (!arePlain(words, this.#words[0], this.#words[1])) return false
      at = count * 4
    }
    let found = 0
    for (; at < length; at++) found |= this.#isSpecial[bytes[at]!]!
    return found === 0
  }
}

/**
 * Four bytes at a time: `(x - 0x01010101) & ~x` has the top bit of a byte set where x has a zero
 * byte (or one right above it, which is then found too), and x is zero where the word equals a
 * special character; likewise with 0x20 for the control characters.
 */
function arePlain(words: Int32Array, first: number, last: number): boolean {
  let found = 0
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!
    const a = word ^ first
    const b = word ^ last
    found |=
      word | ((a - 0x01010101) & ~a) | ((b - 0x01010101) & ~b) | ((word - 0x20202020) & ~word)
  }
  return (found & 0x80808080) === 0
}
