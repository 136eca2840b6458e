import type { FixedWidthCells } from './column-cells.js'
import { compareBytes } from './byte-order.js'
import { ByteWriter } from './byte-writer.js'
import type { ChunkWriter, ColumnChunk } from './column-chunk.js'
import { writeDeltas } from './delta.js'
import type { ParquetField } from './schema.js'
import { shortenBounds } from './statistics.js'
import { writeLevels } from './rle.js'

const BLANK = 0x20

/**
 * Encodes chunks of strings from fixed-width bytes as DELTA_BYTE_ARRAY: what each value shares with
 * the one before it is not repeated, which suits identifiers that come in order or in runs.
 */
export class BytesChunkEncoder {
  readonly #pageRows: number
  readonly #prefixes: Int32Array
  readonly #suffixes: Int32Array
  readonly #bitmap: Uint8Array
  readonly #page: ByteWriter
  readonly #text: ByteWriter
  readonly #suffixBytes: ByteWriter

  constructor(pageRows: number) {
    this.#pageRows = pageRows
    this.#prefixes = new Int32Array(pageRows)
    this.#suffixes = new Int32Array(pageRows)
    this.#bitmap = new Uint8Array((pageRows >>> 3) + 8)
    this.#page = new ByteWriter(pageRows * 16)
    this.#text = new ByteWriter(pageRows * 16)
    this.#suffixBytes = new ByteWriter(pageRows * 16)
  }

  encode(
    chunk: ChunkWriter,
    field: ParquetField,
    column: FixedWidthCells,
    rowCount: number,
  ): ColumnChunk {
    chunk.begin()
    const characters = utf8Characters(column.characters)
    let min: Uint8Array | null = null
    let max: Uint8Array | null = null
    for (let start = 0; start < rowCount; start += this.#pageRows) {
      const end = Math.min(start + this.#pageRows, rowCount)
      const page = this.#encodePage(chunk, field, column, characters, start, end)
      if (page === null) continue
      if (min === null || compareBytes(page.min, min) < 0) min = page.min
      if (max === null || compareBytes(page.max, max) > 0) max = page.max
    }
    return chunk.finish(min === null || max === null ? null : shortenBounds(min, max), null)
  }

  #encodePage(
    chunk: ChunkWriter,
    field: ParquetField,
    column: FixedWidthCells,
    characters: readonly Uint8Array[],
    start: number,
    end: number,
  ): { min: Uint8Array; max: Uint8Array } | null {
    const rowCount = end - start
    const text = this.#text
    const suffixBytes = this.#suffixBytes
    text.length = 0
    suffixBytes.length = 0
    const bitmap = this.#bitmap
    bitmap.fill(0, 0, (rowCount + 7) >>> 3)
    let count = 0
    let previousAt = 0
    let previousLength = 0
    let minAt = 0
    let minLength = -1
    let maxAt = 0
    let maxLength = -1
    for (let row = start; row < end; row++) {
      if (column.valid[row] === 0) continue
      bitmap[(row - start) >>> 3]! |= 1 << ((row - start) & 7)
      const at = text.length
      writeCell(text, column, characters, row)
      const length = text.length - at
      const { bytes } = text
      const prefix = sharedPrefix(bytes, previousAt, previousLength, at, length)
      this.#prefixes[count] = prefix
      this.#suffixes[count] = length - prefix
      suffixBytes.append(bytes.subarray(at + prefix, at + length))
      if (minLength < 0 || less(bytes, at, length, minAt, minLength)) {
        minAt = at
        minLength = length
      }
      if (maxLength < 0 || less(bytes, maxAt, maxLength, at, length)) {
        maxAt = at
        maxLength = length
      }
      previousAt = at
      previousLength = length
      count++
    }
    const out = this.#page
    out.length = 0
    if (field.optional) writeLevels(out, bitmap, rowCount, count)
    writeDeltas(out, this.#prefixes, count)
    writeDeltas(out, this.#suffixes, count)
    out.append(suffixBytes.written())
    const min = text.bytes.slice(minAt, minAt + Math.max(minLength, 0))
    const max = text.bytes.slice(maxAt, maxAt + Math.max(maxLength, 0))
    chunk.dataPage(out.written(), {
      encoding: 'deltaByteArray',
      rowCount,
      nullCount: rowCount - count,
      bounds: count === 0 ? null : shortenBounds(min, max),
    })
    return count === 0 ? null : { min, max }
  }
}

function writeCell(
  text: ByteWriter,
  column: FixedWidthCells,
  characters: readonly Uint8Array[],
  row: number,
): void {
  const start = row * column.width
  let end = start + column.width
  const { bytes } = column
  if (column.trim) {
    while (end > start && (bytes[end - 1] === BLANK || bytes[end - 1] === 0)) end--
  }
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!
    if (byte < 0x80) text.byte(byte === 0 ? BLANK : byte)
    else text.append(characters[byte]!)
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

function sharedPrefix(
  bytes: Uint8Array,
  a: number,
  aLength: number,
  b: number,
  bLength: number,
): number {
  const limit = Math.min(aLength, bLength)
  let count = 0
  while (count < limit && bytes[a + count] === bytes[b + count]) count++
  return count
}

function less(bytes: Uint8Array, a: number, aLength: number, b: number, bLength: number): boolean {
  const shared = sharedPrefix(bytes, a, aLength, b, bLength)
  if (shared === aLength || shared === bLength) return aLength < bLength
  return bytes[a + shared]! < bytes[b + shared]!
}
