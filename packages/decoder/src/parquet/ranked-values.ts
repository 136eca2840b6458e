import type { Dictionary } from '../batch.js'
import { ENTRY_WORDS, NineByteDictionary } from '../columns.js'
import { ByteWriter } from './byte-writer.js'
import type { PhysicalType } from './format.js'
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
  /** Appends the first `count` of these values in the plain encoding. */
  writePlain(out: ByteWriter, indexes: ArrayLike<number>, count: number): void
  /** The value as statistics hold it: without a length in front. */
  valueBytes(index: number): Uint8Array
}

type Values = Dictionary['values']

/** Numbers of a dictionary, dates as days, and flags as 0 and 1; grows with it. */
class DictionaryNumbers implements RankedValues {
  readonly #physical: PhysicalType
  readonly #values: Values
  #numbers = new Float64Array(1)
  size = 1
  ranks: Uint32Array = new Uint32Array(1)
  order: Uint32Array = new Uint32Array(1)

  constructor(physical: PhysicalType, values: Values) {
    this.#physical = physical
    this.#values = values
  }

  /** Takes in values added to the dictionary since the last call. */
  grow(): void {
    const { length } = this.#values
    const known = this.size
    if (known === length) return
    if (length > this.#numbers.length) {
      const grown = new Float64Array(length * 2)
      grown.set(this.#numbers)
      this.#numbers = grown
    }
    const numbers = this.#numbers
    for (let i = known; i < length; i++) numbers[i] = Number(this.#values[i])
    this.size = length
    const { order, ranks } = merge(this, length, (a, b) => numbers[a]! - numbers[b]!)
    this.order = order
    this.ranks = ranks
  }

  writePlain(out: ByteWriter, indexes: ArrayLike<number>, count: number): void {
    writeNumbers(out, this.#physical, this.#numbers, indexes, count)
  }

  valueBytes(index: number): Uint8Array {
    return numberBytes(this.#physical, this.#numbers[index]!)
  }
}

/** Different numbers that belong to no dictionary. */
export class RankedNumbers implements RankedValues {
  readonly #physical: PhysicalType
  readonly #numbers: Float64Array
  readonly ranks: Uint32Array
  readonly order: Uint32Array

  readonly size: number

  /** The first of `size` numbers stands for null and is not read. */
  constructor(
    physical: PhysicalType,
    numbers: Float64Array,
    size: number,
    { order, ranks }: Pick<RankedValues, 'order' | 'ranks'>,
  ) {
    this.#physical = physical
    this.#numbers = numbers
    this.size = size
    this.order = order
    this.ranks = ranks
  }

  writePlain(out: ByteWriter, indexes: ArrayLike<number>, count: number): void {
    writeNumbers(out, this.#physical, this.#numbers, indexes, count)
  }

  valueBytes(index: number): Uint8Array {
    return numberBytes(this.#physical, this.#numbers[index]!)
  }
}

function writeNumbers(
  out: ByteWriter,
  physical: PhysicalType,
  numbers: Float64Array,
  indexes: ArrayLike<number>,
  count: number,
): void {
  if (physical !== 'int32') {
    for (let i = 0; i < count; i++) writeNumber(out, physical, numbers[indexes[i]!]!)
    return
  }
  // Dates, of which every chunk has hundreds.
  out.reserve(count * 4)
  const { view } = out
  let at = out.length
  for (let i = 0; i < count; i++, at += 4) view.setInt32(at, numbers[indexes[i]!]!, true)
  out.length = at
}

const encoder = new TextEncoder()

/** Strings as the plain encoding has them: a length of four bytes, then UTF-8. */
class PlainStrings {
  readonly #bytes = new ByteWriter(1 << 8)
  #starts = new Uint32Array(1 << 5)
  size = 0

  add(text: string): void {
    const out = this.#bytes
    const start = out.length
    out.reserve(4 + text.length * 3)
    out.length += 4
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i)
      if (unit > 0x7f) {
        out.length = start + 4
        out.append(encoder.encode(text))
        break
      }
      out.bytes[out.length++] = unit
    }
    out.view.setUint32(start, out.length - start - 4, true)
    this.#end()
  }

  /** Adds the text whose UTF-8 stands at `from` to `to`. */
  addBytes(bytes: Uint8Array, from: number, to: number): void {
    const out = this.#bytes
    out.uint32(to - from)
    out.reserve(to - from)
    for (let at = from; at < to; at++) out.bytes[out.length++] = bytes[at]!
    this.#end()
  }

  #end(): void {
    if (this.size + 1 >= this.#starts.length) {
      const starts = new Uint32Array(this.#starts.length * 2)
      starts.set(this.#starts)
      this.#starts = starts
    }
    this.#starts[++this.size] = this.#bytes.length
  }

  /** A copy of the text alone. */
  textOf(index: number): Uint8Array {
    return this.#bytes.bytes.slice(this.#starts[index]! + 4, this.#starts[index + 1])
  }

  compare(a: number, b: number): number {
    const { bytes } = this.#bytes
    const starts = this.#starts
    const endOfA = starts[a + 1]!
    const endOfB = starts[b + 1]!
    let atA = starts[a]! + 4
    let atB = starts[b]! + 4
    while (atA < endOfA && atB < endOfB) {
      const difference = bytes[atA++]! - bytes[atB++]!
      if (difference !== 0) return difference
    }
    return endOfA - atA - (endOfB - atB)
  }

  write(out: ByteWriter, indexes: ArrayLike<number>, count: number): void {
    const { bytes } = this.#bytes
    const starts = this.#starts
    for (let i = 0; i < count; i++) {
      const index = indexes[i]!
      const end = starts[index + 1]!
      let at = starts[index]!
      out.reserve(end - at)
      let { length } = out
      while (at < end) out.bytes[length++] = bytes[at++]!
      out.length = length
    }
  }
}

/** Strings, encoded to UTF-8 when first seen; grows with its dictionary. */
export class RankedStrings implements RankedValues {
  readonly #dictionary: Pick<Dictionary, 'values'>
  readonly #plain = new PlainStrings()
  /** Values asked for, which are few and asked for often. */
  readonly #texts = new Map<number, Uint8Array>()
  ranks: Uint32Array = new Uint32Array(1)
  order: Uint32Array = new Uint32Array(1)

  constructor(dictionary: Pick<Dictionary, 'values'>) {
    this.#dictionary = dictionary
    this.#plain.add('')
    this.grow()
  }

  get size(): number {
    return this.#plain.size
  }

  /** Takes in values added to the dictionary since the last call. */
  grow(): void {
    const plain = this.#plain
    const known = plain.size
    const dictionary = this.#dictionary
    const bytes = dictionary instanceof NineByteDictionary ? dictionary.bytes : null
    const size = bytes === null ? dictionary.values.length : (dictionary as NineByteDictionary).size
    if (known === size) return
    for (let i = known; i < size; i++) {
      if (bytes === null) plain.add(String(dictionary.values[i]))
      else plain.addBytes(bytes, i * ENTRY_WORDS * 4, i * ENTRY_WORDS * 4 + 9)
    }
    const { order, ranks } = merge(this, size, (a, b) => plain.compare(a, b))
    this.order = order
    this.ranks = ranks
  }

  writePlain(out: ByteWriter, indexes: ArrayLike<number>, count: number): void {
    this.#plain.write(out, indexes, count)
  }

  valueBytes(index: number): Uint8Array {
    let text = this.#texts.get(index)
    if (text === undefined) {
      text = this.#plain.textOf(index)
      this.#texts.set(index, text)
    }
    return text
  }
}

type Ranking = Pick<RankedValues, 'order' | 'ranks'>

/** Puts entries up to `size` into an order and its ranks: few of them into many, as a rule. */
function merge(
  { order, ranks }: Ranking,
  size: number,
  compare: (a: number, b: number) => number,
): Ranking {
  const known = order.length
  let isSorted = true
  for (let i = known + 1; i < size && isSorted; i++) isSorted = compare(i - 1, i) <= 0
  // Agencies mostly come in order, and behind those that were there.
  if (isSorted && (known === 1 || compare(order[known - 1]!, known) <= 0)) {
    return { order: extended(order, size), ranks: extended(ranks, size) }
  }
  // An array, not a typed one, whose sort would not make use of the runs in order that there are.
  const added: number[] = []
  for (let index = known; index < size; index++) added.push(index)
  if (!isSorted) added.sort(compare)
  const merged = new Uint32Array(size)
  let from = 1
  let to = 1
  for (const index of added) {
    const end = placeFor(index, order, from, compare)
    if (end > from) merged.set(order.subarray(from, end), to)
    to += end - from
    merged[to++] = index
    from = end
  }
  merged.set(order.subarray(from), to)
  return { order: merged, ranks: inverse(merged) }
}

/** The numbers, and behind them each place's own up to `size`. */
function extended(numbers: Uint32Array, size: number): Uint32Array {
  const longer = new Uint32Array(size)
  longer.set(numbers)
  for (let place = numbers.length; place < size; place++) longer[place] = place
  return longer
}

/** First place from `start` on whose entry comes after `index`. */
function placeFor(
  index: number,
  order: Uint32Array,
  start: number,
  compare: (a: number, b: number) => number,
): number {
  let low = start
  let high = start
  // New entries often belong next to each other: so first near the start, then further and further.
  for (let step = 1; high < order.length && compare(order[high]!, index) <= 0; step *= 2) {
    low = high + 1
    high = Math.min(high + step, order.length)
  }
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compare(order[middle]!, index) <= 0) low = middle + 1
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
  /** Code index to the rank of its label. */
  readonly ranks: Uint32Array
  readonly ranked: RankedValues
}

class LabelValues {
  readonly #dictionary: Dictionary
  readonly #byText = new Map<string, number>()
  readonly #values: (string | null)[] = [null]
  readonly #ranked = new RankedStrings({ values: this.#values })
  labelOf: Uint32Array = new Uint32Array(0)
  #ranks: Uint32Array = new Uint32Array(0)

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
      this.#ranks = labelOf.map((label) => this.#ranked.ranks[label]!)
    }
    return { labelOf: this.labelOf, ranks: this.#ranks, ranked: this.#ranked }
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
  readonly #numbers = new WeakMap<Dictionary, Map<PhysicalType, DictionaryNumbers>>()
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
      ranked = new RankedStrings(dictionary)
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
    if (ranked === undefined) {
      ranked = new DictionaryNumbers(physical, dictionary.values)
      byPhysical.set(physical, ranked)
    }
    ranked.grow()
    return ranked
  }
}
