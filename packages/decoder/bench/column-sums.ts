import type { Column, Dictionary, SegmentBatch } from '@nibrs/decoder'

interface Sum {
  count: number
  sum: bigint
}

/** FNV-1a of the low byte of each character. The reference in C computes the same. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ (text.charCodeAt(i) & 0xff), 0x01000193)
  }
  return hash >>> 0
}

function weightOf(value: string | number | boolean): number {
  return typeof value === 'string' ? hashOf(value) : Number(value)
}

/**
 * For every column how many cells are not null and the sum of them: numbers as they are (decimals
 * scaled to whole ones), dates as days since 1970, flags as 1 and 0, text as a hash of its bytes.
 */
export class ColumnSums {
  readonly #sums = new Map<string, Sum>()
  readonly #weights = new WeakMap<Dictionary, number[]>()

  add(batch: SegmentBatch): void {
    for (const column of batch.columns.values()) {
      const key = `${batch.segment} ${column.name}`
      const sum = this.#sums.get(key) ?? { count: 0, sum: 0n }
      this.#sums.set(key, sum)
      this.#addColumn(sum, column, batch.rowCount)
    }
  }

  /** A line for each column that had a row: table, column, count, sum; sorted. */
  lines(): string {
    const lines = [...this.#sums].map(([key, { count, sum }]) => `${key} ${count} ${sum}\n`)
    return lines.sort().join('')
  }

  #addColumn(total: Sum, column: Column, rowCount: number): void {
    let count = 0
    let sum = 0
    switch (column.kind) {
      case 'dictionary': {
        const weights = this.#weightsOf(column.dictionary)
        for (let row = 0; row < rowCount; row++) {
          const index = column.indices[row]!
          if (index === 0) continue
          count++
          sum += weights[index]!
        }
        break
      }
      case 'number':
        for (let row = 0; row < rowCount; row++) {
          if (column.valid !== null && column.valid[row] === 0) continue
          count++
          sum += column.values[row]!
        }
        break
      case 'bytes':
        for (let row = 0; row < rowCount; row++) {
          const text = column.get(row)
          if (text === null) continue
          count++
          sum += hashOf(text as string)
        }
    }
    total.count += count
    total.sum += BigInt(sum)
  }

  #weightsOf(dictionary: Dictionary): number[] {
    let weights = this.#weights.get(dictionary)
    if (weights === undefined) this.#weights.set(dictionary, (weights = [0]))
    const { values } = dictionary
    while (weights.length < values.length) weights.push(weightOf(values[weights.length]!))
    return weights
  }
}
