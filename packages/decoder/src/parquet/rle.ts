import { indexPacker } from './bit-packing.js'
import type { ByteWriter } from './byte-writer.js'

/** Arrays of dictionary indexes. */
export type IndexArray = Uint8Array | Uint16Array | Uint32Array

/** The same memory by four bytes; `indexes` must be aligned to four. */
export function wordsOf(indexes: IndexArray): Int32Array {
  return new Int32Array(indexes.buffer, indexes.byteOffset, indexes.byteLength >>> 2)
}

/** Equal octets from which a run of definition levels pays for its two headers. */
const MIN_LEVEL_RUN = 5

/** Equal octets from which a run of values pays, by bit width. */
function minValueRun(bitWidth: number): number {
  return bitWidth === 1 ? 5 : bitWidth === 2 ? 3 : 2
}

/**
 * Definition levels of a page (1 = value, 0 = null), with their four-byte length in front.
 *
 * @param bitmap one bit a row, least significant first; not read when all or none are null
 */
export function writeLevels(
  out: ByteWriter,
  bitmap: Uint8Array,
  rowCount: number,
  valueCount: number,
): void {
  const byteCount = (rowCount + 7) >>> 3
  out.reserve(byteCount * 2 + 32)
  const lengthAt = out.length
  out.length += 4
  if (valueCount === rowCount || valueCount === 0) {
    out.varint(rowCount * 2)
    out.byte(valueCount === 0 ? 0 : 1)
  } else {
    out.length = writeBitmapRuns(out.bytes, out.length, bitmap, rowCount, byteCount)
  }
  out.view.setUint32(lengthAt, out.length - lengthAt - 4, true)
}

function writeBitmapRuns(
  bytes: Uint8Array,
  position: number,
  bitmap: Uint8Array,
  rowCount: number,
  byteCount: number,
): number {
  const wholeBytes = rowCount >>> 3
  let p = position
  let literalStart = 0
  let at = 0
  while (at < wholeBytes) {
    const value = bitmap[at]!
    if (value !== 0 && value !== 255) {
      at++
      continue
    }
    let end = at + 1
    while (end < wholeBytes && bitmap[end] === value) end++
    if (end - at >= MIN_LEVEL_RUN) {
      p = literal(bytes, p, bitmap, literalStart, at)
      p = varint(bytes, p, (end - at) * 16)
      bytes[p++] = value & 1
      literalStart = end
    }
    at = end
  }
  return literal(bytes, p, bitmap, literalStart, byteCount)
}

function literal(
  bytes: Uint8Array,
  position: number,
  bitmap: Uint8Array,
  start: number,
  end: number,
): number {
  if (start === end) return position
  let p = varint(bytes, position, (end - start) * 2 + 1)
  for (let i = start; i < end; i++) bytes[p++] = bitmap[i]!
  return p
}

/**
 * Runs and bit-packed groups of `count` values `map[indexes[start + i]]`.
 *
 * Runs are looked for in whole octets of equal indexes, four bytes at a time. `words` is the same
 * memory by four bytes; `start` is a multiple of eight. Source: RLE/bit-packing hybrid,
 * Encodings.md.
 */
export function writeIndexes(
  out: ByteWriter,
  indexes: IndexArray,
  words: Int32Array,
  start: number,
  count: number,
  bitWidth: number,
  map: Uint32Array,
): void {
  const octetCount = count >>> 3
  const tailCount = count & 7
  const pack = indexPacker(indexes, bitWidth)
  const valueBytes = (bitWidth + 7) >>> 3
  const minRun = minValueRun(bitWidth)
  out.reserve((octetCount + 1) * (bitWidth + 4) + 64)
  const { bytes } = out
  let p = out.length
  let literalStart = 0
  let run = nextRun(indexes, words, start, 0, octetCount, minRun)
  while (run < octetCount) {
    const value = indexes[start + run * 8]!
    if (run > literalStart) {
      p = varint(bytes, p, (run - literalStart) * 2 + 1)
      p = pack(indexes, start + literalStart * 8, run - literalStart, map, bytes, p)
    }
    const end = endOfRun(indexes, words, start, run, octetCount)
    let runCount = (end - run) * 8
    if (end === octetCount && tailEquals(indexes, start + end * 8, tailCount, value)) {
      runCount += tailCount
    }
    p = writeRun(bytes, p, runCount, map[value]!, valueBytes)
    if (run * 8 + runCount === count) {
      out.length = p
      return
    }
    literalStart = end
    run = nextRun(indexes, words, start, end, octetCount, minRun)
  }
  const literalCount = octetCount - literalStart + (tailCount === 0 ? 0 : 1)
  if (literalCount > 0) p = varint(bytes, p, literalCount * 2 + 1)
  p = pack(indexes, start + literalStart * 8, octetCount - literalStart, map, bytes, p)
  if (tailCount > 0) {
    p = pack(tailOf(indexes, start + octetCount * 8, tailCount), 0, 1, map, bytes, p)
  }
  out.length = p
}

/** A word of nothing but `value`. */
function repeated(value: number, bytesPerElement: number): number {
  if (bytesPerElement === 4) return value | 0
  return bytesPerElement === 2 ? Math.imul(value, 0x00010001) : Math.imul(value, 0x01010101)
}

/** First octet from `from` on that begins `minRun` equal ones; `octetCount` when there is none. */
function nextRun(
  indexes: IndexArray,
  words: Int32Array,
  start: number,
  from: number,
  octetCount: number,
  minRun: number,
): number {
  const bytesPerElement = indexes.BYTES_PER_ELEMENT
  const wordsPerOctet = 2 * bytesPerElement
  const first = (start * bytesPerElement) >> 2
  // A run of octets is a run of words, each of which repeats one value.
  const shift = bytesPerElement === 4 ? 0 : bytesPerElement === 2 ? 16 : 24
  let octet = from
  while (octet < octetCount) {
    let w = first + octet * wordsPerOctet
    const word = words[w]!
    if (
      word !== words[w + 1] ||
      (shift !== 0 && word !== repeated(word >>> shift, bytesPerElement))
    ) {
      octet++
      continue
    }
    const limit = first + octetCount * wordsPerOctet
    const runStart = w
    w += 2
    while (w < limit && words[w] === word) w++
    const octets = Math.floor((w - runStart) / wordsPerOctet)
    if (octets >= minRun) return octet
    octet += octets + 1
  }
  return octetCount
}

function endOfRun(
  indexes: IndexArray,
  words: Int32Array,
  start: number,
  octet: number,
  octetCount: number,
): number {
  const wordsPerOctet = 2 * indexes.BYTES_PER_ELEMENT
  const first = (start * indexes.BYTES_PER_ELEMENT) >> 2
  const limit = first + octetCount * wordsPerOctet
  const runStart = first + octet * wordsPerOctet
  const word = words[runStart]!
  let w = runStart + 1
  while (w < limit && words[w] === word) w++
  return octet + Math.floor((w - runStart) / wordsPerOctet)
}

function tailEquals(indexes: IndexArray, at: number, count: number, value: number): boolean {
  for (let i = at; i < at + count; i++) if (indexes[i] !== value) return false
  return true
}

const tails = { 1: new Uint8Array(8), 2: new Uint16Array(8), 4: new Uint32Array(8) }

/** The last values, filled up to an octet with the last of them. */
function tailOf(indexes: IndexArray, at: number, count: number): IndexArray {
  const tail = tails[indexes.BYTES_PER_ELEMENT as 1 | 2 | 4]
  for (let i = 0; i < 8; i++) tail[i] = indexes[at + Math.min(i, count - 1)]!
  return tail
}

function writeRun(
  bytes: Uint8Array,
  position: number,
  count: number,
  value: number,
  valueBytes: number,
): number {
  let p = varint(bytes, position, count * 2)
  for (let shift = 0; shift < valueBytes * 8; shift += 8) bytes[p++] = value >>> shift
  return p
}

/** Unsigned LEB128 below 2^32 at `position`; returns the position after it. */
export function varint(bytes: Uint8Array, position: number, value: number): number {
  let p = position
  let rest = value
  while (rest > 127) {
    bytes[p++] = (rest & 127) | 128
    rest >>>= 7
  }
  bytes[p++] = rest
  return p
}
