import type { Dictionary } from '../batch.js'
import { compareBytes } from './byte-order.js'
import type { ByteWriter } from './byte-writer.js'
import type { PhysicalType } from './format.js'
import { orderOf } from './number-order.js'
import { numberBytes, writeNumber } from './plain-values.js'

/**
 * Values of a dictionary as Parquet writes them, with their order. Index 0 is null.
 *
 * Kept beside the dictionary from one row group to the next, so that each value is encoded and
 * placed once.
 */
export interface RankedValues {
  /** Entries, null included. */
  readonly size: number
  /** Index to place in ascending order of values; null is 0. */
  readonly ranks: Uint32Array
  /** Place to index: the inverse. */
  readonly order: Uint32Array
  /** Appends the value in the plain encoding. */
  writePlain(out: ByteWriter, index: number): void
  /** The value as statistics hold it: without a length in front. */
  valueBytes(index: number): Uint8Array
}

/** Numbers, dates as days, and flags as 0 and 1. */
export class RankedNumbers implements RankedValues {
  readonly #physical: PhysicalType
  readonly #values: ArrayLike<number>
  readonly ranks: Uint32Array
  readonly order: Uint32Array

  /** `values[0]` stands for null and is not read. */
  constructor(physical: PhysicalType, values: ArrayLike<number>) {
    this.#physical = physical
    this.#values = values
    this.order = orderOf(values)
    this.ranks = inverse(this.order)
  }

  get size(): number {
    return this.#values.length
  }

  writePlain(out: ByteWriter, index: number): void {
    writeNumber(out, this.#physical, this.#values[index]!)
  }

  valueBytes(index: number): Uint8Array {
    return numberBytes(this.#physical, this.#values[index]!)
  }
}

const encoder = new TextEncoder()

/** Strings, encoded to UTF-8 when first seen; grows with its dictionary. */
export class RankedStrings implements RankedValues {
  readonly #values: readonly (string | number | boolean | null)[]
  readonly #encoded: Uint8Array[] = [new Uint8Array(0)]
  ranks: Uint32Array = new Uint32Array(1)
  order: Uint32Array = new Uint32Array(1)

  constructor(values: readonly (string | number | boolean | null)[]) {
    this.#values = values
    this.grow()
  }

  get size(): number {
    return this.#encoded.length
  }

  /** Takes in values added to the dictionary since the last call. */
  grow(): void {
    const known = this.#encoded.length
    const size = this.#values.length
    if (known === size) return
    const encoded = this.#encoded
    for (let i = known; i < size; i++) encoded.push(encoder.encode(String(this.#values[i])))
    const added = Uint32Array.from({ length: size - known }, (_, i) => known + i)
    added.sort((a, b) => compareBytes(encoded[a]!, encoded[b]!))
    this.order = merge(this.order, added, encoded)
    this.ranks = inverse(this.order)
  }

  writePlain(out: ByteWriter, index: number): void {
    const bytes = this.#encoded[index]!
    out.uint32(bytes.length)
    out.append(bytes)
  }

  valueBytes(index: number): Uint8Array {
    return this.#encoded[index]!
  }
}

/** Puts new entries, in order themselves, into the order: few of them into many, as a rule. */
function merge(
  order: Uint32Array,
  added: Uint32Array,
  encoded: readonly Uint8Array[],
): Uint32Array {
  const merged = new Uint32Array(order.length + added.length)
  let from = 1
  let to = 1
  for (const index of added) {
    const end = placeFor(encoded[index]!, order, from, encoded)
    if (end > from) merged.set(order.subarray(from, end), to)
    to += end - from
    merged[to++] = index
    from = end
  }
  merged.set(order.subarray(from), to)
  return merged
}

/** First place from `start` on whose entry comes after `bytes`. */
function placeFor(
  bytes: Uint8Array,
  order: Uint32Array,
  start: number,
  encoded: readonly Uint8Array[],
): number {
  let low = start
  let high = order.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compareBytes(encoded[order[middle]!]!, bytes) <= 0) low = middle + 1
    else high = middle
  }
  return low
}

function inverse(order: Uint32Array): Uint32Array {
  const ranks = new Uint32Array(order.length)
  for (let place = 0; place < order.length; place++) ranks[order[place]!] = place
  return ranks
}

/** Labels of a dictionary's codes: equal labels are one value, a code without label is null. */
export interface RankedLabels {
  /** Code index to label index in `ranked`. */
  readonly labelOf: Uint32Array
  readonly ranked: RankedValues
}

class LabelValues {
  readonly #dictionary: Dictionary
  readonly #byText = new Map<string, number>()
  readonly #values: (string | null)[] = [null]
  readonly #ranked = new RankedStrings(this.#values)
  labelOf: Uint32Array = new Uint32Array(0)

  constructor(dictionary: Dictionary) {
    this.#dictionary = dictionary
  }

  grow(): RankedLabels {
    const size = this.#dictionary.values.length
    const known = this.labelOf.length
    if (known !== size) {
      const labelOf = new Uint32Array(size)
      labelOf.set(this.labelOf)
      for (let i = Math.max(known, 1); i < size; i++) {
        labelOf[i] = this.#indexOf(this.#dictionary.labels?.[i] ?? null)
      }
      this.labelOf = labelOf
      this.#ranked.grow()
    }
    return { labelOf: this.labelOf, ranked: this.#ranked }
  }

  #indexOf(label: string | null): number {
    if (label === null) return 0
    let index = this.#byText.get(label)
    if (index === undefined) {
      index = this.#values.length
      this.#values.push(label)
      this.#byText.set(label, index)
    }
    return index
  }
}

/** Remembers the ranked values of dictionaries for as long as the dictionaries live. */
export class RankedDictionaries {
  readonly #strings = new WeakMap<Dictionary, RankedStrings>()
  readonly #numbers = new WeakMap<Dictionary, Map<PhysicalType, RankedNumbers>>()
  readonly #labels = new WeakMap<Dictionary, LabelValues>()

  values(dictionary: Dictionary, physical: PhysicalType): RankedValues {
    return physical === 'byteArray'
      ? this.#rankedStrings(dictionary)
      : this.#rankedNumbers(dictionary, physical)
  }

  labels(dictionary: Dictionary): RankedLabels {
    let labels = this.#labels.get(dictionary)
    if (labels === undefined) {
      labels = new LabelValues(dictionary)
      this.#labels.set(dictionary, labels)
    }
    return labels.grow()
  }

  #rankedStrings(dictionary: Dictionary): RankedValues {
    let ranked = this.#strings.get(dictionary)
    if (ranked === undefined) {
      ranked = new RankedStrings(dictionary.values)
      this.#strings.set(dictionary, ranked)
    }
    ranked.grow()
    return ranked
  }

  #rankedNumbers(dictionary: Dictionary, physical: PhysicalType): RankedValues {
    let byPhysical = this.#numbers.get(dictionary)
    if (byPhysical === undefined) {
      byPhysical = new Map()
      this.#numbers.set(dictionary, byPhysical)
    }
    let ranked = byPhysical.get(physical)
    if (ranked === undefined || ranked.size !== dictionary.values.length) {
      ranked = new RankedNumbers(physical, dictionary.values.map(Number))
      byPhysical.set(physical, ranked)
    }
    return ranked
  }
}
