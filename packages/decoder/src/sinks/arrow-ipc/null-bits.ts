/*
 * Arrow marks values by bits, the decoder nulls by zeros. These turn one into the other, four or
 * eight rows at a time. Words are little-endian.
 */

/** Set bits of each byte. */
const BIT_COUNTS = Uint8Array.from({ length: 256 }, (_, byte) => {
  let count = 0
  for (let rest = byte; rest !== 0; rest >>= 1) count += rest & 1
  return count
})

/** 1 in each byte of a word that is not zero. */
function ones8(word: number): number {
  return ((((word & 0x7f7f7f7f) + 0x7f7f7f7f) | word) >>> 7) & 0x01010101
}

/** 1 in each half of a word that is not zero. */
function ones16(word: number): number {
  return ((((word & 0x7fff7fff) + 0x7fff7fff) | word) >>> 15) & 0x00010001
}

/** The lowest bits of four bytes, side by side. */
function gather8(ones: number): number {
  return (Math.imul(ones, 0x01020408) >>> 24) & 15
}

/** The lowest bits of two halves, side by side. */
function gather16(ones: number): number {
  return (ones | (ones >>> 15)) & 3
}

function wordsOf(array: Uint8Array | Uint16Array, byteLength: number): Int32Array {
  const aligned = array.byteOffset % 4 === 0 ? array : array.slice()
  return new Int32Array(aligned.buffer, aligned.byteOffset, byteLength >> 2)
}

/** Sets a bit for each of `count` entries that is not zero; returns how many are zero. */
export function markBits(
  entries: Uint8Array | Uint16Array | Uint32Array,
  count: number,
  bits: Uint8Array,
): number {
  const octets = count >> 3
  let set = 0
  if (entries instanceof Uint8Array) {
    const words = wordsOf(entries, count)
    for (let i = 0; i < octets; i++) {
      const low = words[2 * i]!
      const high = words[2 * i + 1]!
      const octet = (low | high) === 0 ? 0 : gather8(ones8(low)) | (gather8(ones8(high)) << 4)
      bits[i] = octet
      set += BIT_COUNTS[octet]!
    }
  } else if (entries instanceof Uint16Array) {
    const words = wordsOf(entries, count * 2)
    for (let i = 0; i < octets; i++) {
      const a = words[4 * i]!
      const b = words[4 * i + 1]!
      const c = words[4 * i + 2]!
      const d = words[4 * i + 3]!
      const octet =
        (a | b | c | d) === 0
          ? 0
          : gather16(ones16(a)) |
            (gather16(ones16(b)) << 2) |
            (gather16(ones16(c)) << 4) |
            (gather16(ones16(d)) << 6)
      bits[i] = octet
      set += BIT_COUNTS[octet]!
    }
  } else {
    for (let i = 0; i < octets; i++) {
      let octet = 0
      for (let k = 7; k >= 0; k--) octet = (octet << 1) | (entries[8 * i + k] === 0 ? 0 : 1)
      bits[i] = octet
      set += BIT_COUNTS[octet]!
    }
  }
  if (octets * 8 < count) {
    let octet = 0
    for (let row = octets * 8; row < count; row++) {
      if (entries[row] !== 0) octet |= 1 << (row & 7)
    }
    bits[octets] = octet
    set += BIT_COUNTS[octet]!
  }
  return count - set
}

/** Writes each of `count` entries less one, zero staying zero. */
export function lessOne<T extends Uint8Array | Uint16Array>(
  entries: T,
  count: number,
  to: T,
): void {
  const size = entries.BYTES_PER_ELEMENT
  const from32 = wordsOf(entries, count * size)
  const to32 = wordsOf(to, count * size)
  if (size === 1) {
    for (let i = 0; i < from32.length; i++) to32[i] = from32[i]! - ones8(from32[i]!)
  } else {
    for (let i = 0; i < from32.length; i++) to32[i] = from32[i]! - ones16(from32[i]!)
  }
  for (let row = (from32.length * 4) / size; row < count; row++) {
    to[row] = Math.max(entries[row]! - 1, 0)
  }
}

/** True when one of the bytes is zero. */
export function hasZero(bytes: Uint8Array): boolean {
  const words = wordsOf(bytes, bytes.length)
  let found = 0
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!
    found |= (word - 0x01010101) & ~word
  }
  for (let at = words.length * 4; at < bytes.length; at++) if (bytes[at] === 0) found = -1
  return (found & 0x80808080) !== 0
}
