import { compareBytes } from './byte-order.js'
import { ByteWriter } from './byte-writer.js'
import type { FixedWidthCells } from './column-cells.js'
import type { ChunkWriter, ColumnChunk } from './column-chunk.js'
import { writeDeltas } from './deltas.js'
import { splitsWidth } from './kernels/kernels.js'
import { writeLevels } from './levels.js'
import type { ParquetField } from './schema.js'
import { type Bounds, shortenBounds } from './statistics.js'
import type { Workspace } from './workspace.js'

const BLANK = 0x20

type FullBounds = Pick<Bounds, 'min' | 'max'>

/**
 * Encodes chunks of strings from fixed-width bytes as DELTA_BYTE_ARRAY: what each value shares with
 * the one before it is not repeated, which suits identifiers that come in order or in runs.
 *
 * Pages of plain ASCII in cells of up to eight bytes, or of twelve as incident numbers have, go
 * through kernels. Others are first written out as UTF-8.
 */
export class BytesChunkEncoder {
  readonly #workspace: Workspace
  readonly #text = new ByteWriter(1024)
  readonly #suffixBytes = new ByteWriter(1024)
  readonly #page = new ByteWriter(1024)

  constructor(workspace: Workspace) {
    this.#workspace = workspace
  }

  encode(
    chunk: ChunkWriter,
    field: ParquetField,
    column: FixedWidthCells,
    rowCount: number,
  ): ColumnChunk {
    chunk.begin(field)
    let min: Uint8Array | null = null
    let max: Uint8Array | null = null
    const { pageRows } = this.#workspace
    const isSplit = !column.nonAscii && splitsWidth(column.width, column.trim)
    const valid = isSplit ? this.#workspace.stageValid(column.valid, rowCount) : null
    for (let start = 0; start < rowCount; start += pageRows) {
      const end = Math.min(start + pageRows, rowCount)
      const bounds =
        (valid && this.#encodeSplit(chunk, field, column, valid.subarray(start, end), start)) ??
        this.#encodeText(chunk, field, column, start, end, !column.nonAscii)
      if (bounds === 'no values') continue
      if (min === null || compareBytes(bounds.min, min) < 0) min = bounds.min
      if (max === null || compareBytes(bounds.max, max) > 0) max = bounds.max
    }
    return chunk.finish(min === null || max === null ? null : shortenBounds(min, max), null)
  }

  /** Null when the page, of as many rows from `start` on as `valid`, is not one to be split. */
  #encodeSplit(
    chunk: ChunkWriter,
    field: ParquetField,
    column: FixedWidthCells,
    valid: Uint8Array,
    start: number,
  ): FullBounds | 'no values' | null {
    const { width, trim } = column
    const { kernels, bitmap, prefixes, suffixes, body } = this.#workspace
    const rowCount = valid.length
    const end = start + rowCount
    const bytes = this.#workspace.stageBytes(column.bytes, start * width, end * width)
    const split = kernels.splitText({
      bytes,
      width,
      trim,
      valid,
      rowCount,
      bitmap,
      prefixes,
      suffixes,
      body,
    })
    if (split === null) return null
    const { valueCount, bodyLength, minRow, maxRow } = split
    const out = this.#beginPage(field, bitmap, rowCount, valueCount)
    out.append(body.subarray(0, bodyLength))
    const bounds =
      valueCount === 0
        ? null
        : {
            min: column.bytes.slice((start + minRow) * width, endOfCell(column, start + minRow)),
            max: column.bytes.slice((start + maxRow) * width, endOfCell(column, start + maxRow)),
          }
    this.#endPage(chunk, out, rowCount, valueCount, bounds)
    return bounds ?? 'no values'
  }

  /** Writes levels and both kinds of lengths to the page of the workspace. */
  #beginPage(
    field: ParquetField,
    bitmap: Uint8Array,
    rowCount: number,
    valueCount: number,
  ): ByteWriter {
    const { kernels, page, prefixes, suffixes } = this.#workspace
    page.length = 0
    if (field.optional) writeLevels(kernels, page, bitmap, 0, rowCount, valueCount)
    writeDeltas(kernels, page, prefixes, 0, valueCount, 0)
    writeDeltas(kernels, page, suffixes, 0, valueCount, suffixes[0]!)
    return page
  }

  #endPage(
    chunk: ChunkWriter,
    page: ByteWriter,
    rowCount: number,
    valueCount: number,
    bounds: FullBounds | null,
  ): void {
    const shortened = bounds === null ? null : shortenBounds(bounds.min, bounds.max)
    chunk.dataPage(page, 'deltaByteArray', rowCount, rowCount - valueCount, shortened)
  }

  /** With `inPlace` cells are read where they are, which holds for ASCII without NULs inside. */
  #encodeText(
    chunk: ChunkWriter,
    field: ParquetField,
    column: FixedWidthCells,
    start: number,
    end: number,
    inPlace: boolean,
  ): FullBounds | 'no values' {
    const { prefixes, suffixes, bitmap } = this.#workspace
    const characters = utf8Characters(column.characters)
    const text = this.#text
    const suffixBytes = this.#suffixBytes
    text.length = 0
    suffixBytes.length = 0
    bitmap.fill(0, 0, (end - start + 7) >>> 3)
    const { valid, width } = column
    let { bytes } = column
    let count = 0
    let previousStart = 0
    let previousEnd = 0
    let minStart = 0
    let minEnd = 0
    let maxStart = 0
    let maxEnd = 0
    for (let row = start; row < end; row++) {
      if (valid[row] === 0) continue
      bitmap[(row - start) >>> 3]! |= 1 << ((row - start) & 7)
      const valueStart = inPlace ? row * width : text.length
      if (!inPlace) {
        writeCell(text, column, characters, row)
        bytes = text.bytes
      }
      const valueEnd = inPlace ? endOfCell(column, row) : text.length
      const shared = Math.min(valueEnd - valueStart, previousEnd - previousStart)
      let prefix = 0
      while (prefix < shared && bytes[previousStart + prefix] === bytes[valueStart + prefix]) {
        prefix++
      }
      prefixes[count] = prefix
      suffixes[count] = valueEnd - valueStart - prefix
      suffixBytes.reserve(valueEnd - valueStart)
      const { bytes: suffix } = suffixBytes
      let { length } = suffixBytes
      for (let i = valueStart + prefix; i < valueEnd; i++) {
        const byte = bytes[i]!
        if (inPlace && (byte === 0 || byte > 0x7f)) {
          return this.#encodeText(chunk, field, column, start, end, false)
        }
        suffix[length++] = byte
      }
      suffixBytes.length = length
      if (count === 0 || isBelow(bytes, valueStart, valueEnd, minStart, minEnd)) {
        minStart = valueStart
        minEnd = valueEnd
      }
      if (count === 0 || isBelow(bytes, maxStart, maxEnd, valueStart, valueEnd)) {
        maxStart = valueStart
        maxEnd = valueEnd
      }
      previousStart = valueStart
      previousEnd = valueEnd
      count++
    }
    const page = this.#page
    page.length = 0
    page.append(this.#beginPage(field, bitmap, end - start, count).written())
    page.append(suffixBytes.written())
    const bounds =
      count === 0
        ? null
        : { min: bytes.slice(minStart, minEnd), max: bytes.slice(maxStart, maxEnd) }
    this.#endPage(chunk, page, end - start, count, bounds)
    return bounds ?? 'no values'
  }
}

/** Whether bytes `start` to `end` come before bytes `otherStart` to `otherEnd`. */
function isBelow(
  bytes: Uint8Array,
  start: number,
  end: number,
  otherStart: number,
  otherEnd: number,
): boolean {
  let at = start
  let other = otherStart
  while (at < end && other < otherEnd && bytes[at] === bytes[other]) {
    at++
    other++
  }
  if (at === end || other === otherEnd) return at === end && other < otherEnd
  return bytes[at]! < bytes[other]!
}

/** Where a cell ends: trailing NULs are padding, and so are trailing blanks under `trim`. */
function endOfCell({ bytes, width, trim }: FixedWidthCells, row: number): number {
  const start = row * width
  let end = start + width
  while (end > start && bytes[end - 1] === 0) end--
  if (trim) while (end > start && bytes[end - 1] === BLANK) end--
  return end
}

/** Appends a cell as UTF-8. */
function writeCell(
  text: ByteWriter,
  column: FixedWidthCells,
  characters: readonly Uint8Array[],
  row: number,
): void {
  const { bytes, width } = column
  const start = row * width
  const end = endOfCell(column, row)
  text.reserve((end - start) * MAX_CHARACTER_BYTES)
  const { bytes: out } = text
  let { length } = text
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!
    if (byte < 0x80 && byte !== 0) out[length++] = byte
    else for (const part of characters[byte]!) out[length++] = part
  }
  text.length = length
}

/** Longest UTF-8 form of a character in a single-byte encoding. */
const MAX_CHARACTER_BYTES = 4

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
