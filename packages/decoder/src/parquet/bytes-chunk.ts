import { compareBytes } from './byte-order.js'
import { ByteWriter } from './byte-writer.js'
import type { FixedWidthCells } from './column-cells.js'
import type { Bounds, ChunkWriter, ColumnChunk } from './column-chunk.js'
import { writeDeltas } from './delta.js'
import { writeLevels } from './rle.js'
import type { ParquetField } from './schema.js'
import { shortenBounds } from './statistics.js'

const BLANK = 0x20
const WORD = 4
/** Bytes that may be read behind the last value. */
const OVERRUN = 12
/** The length of incident numbers, which have a loop of their own. */
const TWELVE = 12
const ONES = 0x01010101
const BLANKS = 0x20202020
const HIGHS = 0x80808080 | 0

/**
 * Encodes chunks of strings from fixed-width bytes as DELTA_BYTE_ARRAY: what each value shares with
 * the one before it is not repeated, which suits identifiers that come in order or in runs.
 *
 * Plain ASCII goes by words of four bytes straight from the column. A page that turns out to hold a
 * NUL or a byte above 0x7F is first rewritten as UTF-8.
 */
export class BytesChunkEncoder {
  readonly #pageRows: number
  /** Where each value of the page begins and how long it is. */
  readonly #starts: Int32Array
  readonly #lengths: Int32Array
  readonly #prefixes: Int32Array
  readonly #suffixes: Int32Array
  readonly #bitmap: Uint8Array
  readonly #page: ByteWriter
  readonly #text: ByteWriter
  readonly #suffixBytes: ByteWriter
  /** Whether every value of the page is twelve bytes long. */
  #allTwelve = false
  #minAt = 0
  #maxAt = 0

  constructor(pageRows: number) {
    this.#pageRows = pageRows
    this.#starts = new Int32Array(pageRows)
    this.#lengths = new Int32Array(pageRows)
    this.#prefixes = new Int32Array(pageRows)
    this.#suffixes = new Int32Array(pageRows)
    this.#bitmap = new Uint8Array((pageRows >>> 3) + 8)
    this.#page = new ByteWriter(pageRows * 16)
    this.#text = new ByteWriter(pageRows)
    this.#suffixBytes = new ByteWriter(pageRows * 16)
  }

  encode(
    chunk: ChunkWriter,
    field: ParquetField,
    column: FixedWidthCells,
    rowCount: number,
  ): ColumnChunk {
    chunk.begin()
    const view = new DataView(column.bytes.buffer, column.bytes.byteOffset, column.bytes.length)
    let min: Uint8Array | null = null
    let max: Uint8Array | null = null
    for (let start = 0; start < rowCount; start += this.#pageRows) {
      const end = Math.min(start + this.#pageRows, rowCount)
      const bounds = this.#encodePage(chunk, field, column, view, start, end)
      if (bounds === null) continue
      if (min === null || compareBytes(bounds.min, min) < 0) min = bounds.min
      if (max === null || compareBytes(bounds.max, max) > 0) max = bounds.max
    }
    return chunk.finish(min === null || max === null ? null : shortenBounds(min, max), null)
  }

  /** Returns the bounds in full length. */
  #encodePage(
    chunk: ChunkWriter,
    field: ParquetField,
    column: FixedWidthCells,
    columnView: DataView,
    start: number,
    end: number,
  ): Pick<Bounds, 'min' | 'max'> | null {
    const rowCount = end - start
    let view = columnView
    let count = this.#findValues(column, start, end)
    const hasRoom = end * column.width + OVERRUN <= column.bytes.length
    if (column.nonAscii || !hasRoom || !this.#shareAny(view, count)) {
      count = this.#rewriteValues(column, start, end)
      view = this.#text.view
      this.#shareAny(view, count)
    }
    const out = this.#page
    out.length = 0
    if (field.optional) writeLevels(out, this.#bitmap, rowCount, count)
    writeDeltas(out, this.#prefixes, 0, count, 0)
    writeDeltas(out, this.#suffixes, 0, count, this.#suffixes[0]!)
    out.append(this.#suffixBytes.written())
    const bounds =
      count === 0
        ? null
        : { min: this.#value(view, this.#minAt), max: this.#value(view, this.#maxAt) }
    const shortened = bounds === null ? null : shortenBounds(bounds.min, bounds.max)
    chunk.dataPage(out.written(), 'deltaByteArray', rowCount, rowCount - count, shortened)
    return bounds
  }

  #value(view: DataView, i: number): Uint8Array {
    const at = view.byteOffset + this.#starts[i]!
    return new Uint8Array(view.buffer, at, this.#lengths[i]!).slice()
  }

  /** Notes where the values of the rows stand in the column, and which rows have one. */
  #findValues(column: FixedWidthCells, start: number, end: number): number {
    const { bytes, valid, width, trim } = column
    const starts = this.#starts
    const lengths = this.#lengths
    const bitmap = this.#bitmap
    let count = 0
    let allTwelve = true
    for (let row = start; row < end; row += 8) {
      let bits = 0
      const octetEnd = row + 8 < end ? row + 8 : end
      for (let r = row; r < octetEnd; r++) {
        if (valid[r] === 0) continue
        bits |= 1 << (r - row)
        const at = r * width
        let length = width
        while (length > 0 && bytes[at + length - 1] === 0) length--
        if (trim) while (length > 0 && bytes[at + length - 1] === BLANK) length--
        if (length !== TWELVE) allTwelve = false
        starts[count] = at
        lengths[count] = length
        count++
      }
      bitmap[(row - start) >> 3] = bits
    }
    this.#allTwelve = allTwelve
    return count
  }

  /** Does the same for a copy in UTF-8. */
  #rewriteValues(column: FixedWidthCells, start: number, end: number): number {
    const characters = utf8Characters(column.characters)
    const { bytes } = column
    const text = this.#text
    text.length = 0
    const count = this.#findValues(column, start, end)
    for (let i = 0; i < count; i++) {
      const at = this.#starts[i]!
      this.#starts[i] = text.length
      for (let j = at; j < at + this.#lengths[i]!; j++) {
        const byte = bytes[j]!
        if (byte < 0x80 && byte !== 0) text.byte(byte)
        else text.append(characters[byte]!)
      }
      this.#lengths[i] = text.length - this.#starts[i]!
      if (this.#lengths[i] !== TWELVE) this.#allTwelve = false
    }
    text.reserve(OVERRUN)
    return count
  }

  #shareAny(view: DataView, count: number): boolean {
    return this.#allTwelve ? this.#shareTwelve(view, count) : this.#share(view, count)
  }

  /**
   * Splits each value into what it shares with the one before it and the rest, and finds the least
   * and greatest value. False when a byte is not plain ASCII, which only matters for bytes that
   * were not rewritten.
   */
  #share(view: DataView, count: number): boolean {
    const starts = this.#starts
    const lengths = this.#lengths
    const prefixes = this.#prefixes
    const suffixes = this.#suffixes
    const body = this.#suffixBytes
    body.length = 0
    let longest = 0
    for (let i = 0; i < count; i++) longest += lengths[i]!
    body.reserve(longest + OVERRUN)
    const bodyView = body.view
    let bodyAt = 0
    let unusual = 0
    let previousAt = 0
    let previousLength = 0
    let minAt = 0
    let maxAt = 0
    for (let i = 0; i < count; i++) {
      const at = starts[i]!
      const length = lengths[i]!
      const limit = length < previousLength ? length : previousLength
      let prefix = 0
      while (prefix < limit) {
        const difference =
          view.getInt32(at + prefix, true) ^ view.getInt32(previousAt + prefix, true)
        if (difference !== 0) {
          prefix += (31 - Math.clz32(difference & -difference)) >> 3
          break
        }
        prefix += WORD
      }
      if (prefix > limit) prefix = limit
      prefixes[i] = prefix
      suffixes[i] = length - prefix
      for (let from = prefix; from < length; from += WORD) {
        let word = view.getInt32(at + from, true)
        bodyView.setInt32(bodyAt + from - prefix, word, true)
        const left = length - from
        // Bytes behind the value are someone else's: blanks stand in for them.
        if (left < WORD) word = (word & ((1 << (left * 8)) - 1)) | (BLANKS << (left * 8))
        unusual |= word | ((word - ONES) & ~word)
      }
      bodyAt += length - prefix
      // A value above the one before it cannot be the least, one below it not the greatest.
      if (prefix < limit) {
        if (view.getUint8(at + prefix) > view.getUint8(previousAt + prefix)) {
          if (this.#isLess(view, maxAt, i)) maxAt = i
        } else if (this.#isLess(view, i, minAt)) minAt = i
      } else if (length > previousLength) {
        if (this.#isLess(view, maxAt, i)) maxAt = i
      } else if (length < previousLength) {
        if (this.#isLess(view, i, minAt)) minAt = i
      }
      previousAt = at
      previousLength = length
    }
    body.length = bodyAt
    this.#minAt = minAt
    this.#maxAt = maxAt
    return (unusual & HIGHS) === 0
  }

  /**
   * `share` for values of twelve bytes, as incident numbers are: three words held in variables.
   * Bounds are compared by the first 53 bits, in full only where those are equal.
   */
  #shareTwelve(view: DataView, count: number): boolean {
    const starts = this.#starts
    const prefixes = this.#prefixes
    const suffixes = this.#suffixes
    const body = this.#suffixBytes
    body.length = 0
    body.reserve((count + 1) * 12)
    const bodyView = body.view
    let bodyAt = 0
    let unusual = 0
    // The first value shares nothing: its word is compared with its own complement.
    let a0 = count === 0 ? 0 : ~view.getInt32(starts[0]!, true)
    let b0 = 0
    let c0 = 0
    let minAt = 0
    let maxAt = 0
    let minKey = Infinity
    let maxKey = -1
    for (let i = 0; i < count; i++) {
      const at = starts[i]!
      const a = view.getInt32(at, true)
      const b = view.getInt32(at + 4, true)
      const c = view.getInt32(at + 8, true)
      let prefix: number
      let difference = a ^ a0
      if (difference !== 0) prefix = (31 - Math.clz32(difference & -difference)) >> 3
      else {
        difference = b ^ b0
        if (difference !== 0) prefix = 4 + ((31 - Math.clz32(difference & -difference)) >> 3)
        else {
          difference = c ^ c0
          if (difference === 0) {
            prefixes[i] = 12
            suffixes[i] = 0
            continue
          }
          prefix = 8 + ((31 - Math.clz32(difference & -difference)) >> 3)
        }
      }
      a0 = a
      b0 = b
      c0 = c
      unusual |= a | b | c | ((a - ONES) & ~a) | ((b - ONES) & ~b) | ((c - ONES) & ~c)
      prefixes[i] = prefix
      suffixes[i] = 12 - prefix
      const from = at + prefix
      bodyView.setInt32(bodyAt, view.getInt32(from, true), true)
      bodyView.setInt32(bodyAt + 4, view.getInt32(from + 4, true), true)
      bodyView.setInt32(bodyAt + 8, view.getInt32(from + 8, true), true)
      bodyAt += 12 - prefix
      const key = view.getUint32(at) * 2097152 + (view.getUint32(at + 4) >>> 11)
      if (key >= maxKey && (key > maxKey || this.#isLess(view, maxAt, i))) {
        maxAt = i
        maxKey = key
      }
      if (key <= minKey && (key < minKey || this.#isLess(view, i, minAt))) {
        minAt = i
        minKey = key
      }
    }
    body.length = bodyAt
    this.#minAt = minAt
    this.#maxAt = maxAt
    return (unusual & HIGHS) === 0
  }

  /** Whether value `i` of the page comes before value `j`. */
  #isLess(view: DataView, i: number, j: number): boolean {
    const a = this.#starts[i]!
    const b = this.#starts[j]!
    const aLength = this.#lengths[i]!
    const bLength = this.#lengths[j]!
    const limit = aLength < bLength ? aLength : bLength
    let at = 0
    for (; at + WORD <= limit; at += WORD) {
      const x = view.getInt32(a + at)
      const y = view.getInt32(b + at)
      if (x !== y) return x >>> 0 < y >>> 0
    }
    for (; at < limit; at++) {
      const x = view.getUint8(a + at)
      const y = view.getUint8(b + at)
      if (x !== y) return x < y
    }
    return aLength < bLength
  }
}

const encoder = new TextEncoder()
const encodedTables = new WeakMap<readonly string[], readonly Uint8Array[]>()

/** UTF-8 of each of the 256 characters of an encoding. */
function utf8Characters(characters: readonly string[]): readonly Uint8Array[] {
  let encoded = encodedTables.get(characters)
  if (encoded === undefined) {
    encoded = characters.map((character) => encoder.encode(character))
    encodedTables.set(characters, encoded)
  }
  return encoded
}
