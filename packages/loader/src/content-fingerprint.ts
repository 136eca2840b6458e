import { createHash } from 'node:crypto'
import { HASH_DIGITS } from './hash/line-hasher.js'
import type { Fingerprint } from './source.js'

const MASK = (1n << 128n) - 1n

interface TableSum {
  rows: number
  sum: bigint
}

/**
 * Fingerprint of rows whose source has no bytes to hash: SHA-256 over each table's name, its number
 * of rows and the sum of their hashes (modulo 2^128). The order of rows makes no difference, since
 * an API may give the same rows in another one.
 */
export class ContentFingerprint {
  readonly #sums = new Map<string, TableSum>()
  #byteCount = 0

  add(table: string, hashes: Uint8Array, rowCount: number, byteCount: number): void {
    const digits = Buffer.from(hashes.buffer, hashes.byteOffset, hashes.length).toString('latin1')
    const entry = this.#sums.get(table) ?? { rows: 0, sum: 0n }
    for (let row = 0; row < rowCount; row++) {
      entry.sum += BigInt(`0x${digits.slice(row * HASH_DIGITS, (row + 1) * HASH_DIGITS)}`)
    }
    entry.sum &= MASK
    entry.rows += rowCount
    this.#sums.set(table, entry)
    this.#byteCount += byteCount
  }

  finish(): Fingerprint {
    const hash = createHash('sha256')
    for (const [table, { rows, sum }] of [...this.#sums].sort(([a], [b]) => (a < b ? -1 : 1))) {
      if (rows > 0) hash.update(`${table} ${rows} ${sum.toString(16)}\n`)
    }
    return { sha256: hash.digest('hex'), byteCount: this.#byteCount }
  }
}
