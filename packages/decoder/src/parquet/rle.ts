import { indexPacker } from './bit-packing.js'
import type { ByteWriter } from './byte-writer.js'

/** Arrays of dictionary indexes. */
export type IndexArray = Uint8Array | Uint16Array | Uint32Array

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
    writeBitmapRuns(out, bitmap, rowCount, byteCount)
  }
  out.view.setUint32(lengthAt, out.length - lengthAt - 4, true)
}

function writeBitmapRuns(
  out: ByteWriter,
  bitmap: Uint8Array,
  rowCount: number,
  byteCount: number,
): void {
  const wholeBytes = rowCount >>> 3
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
      appendLiteral(out, bitmap, literalStart, at)
      out.varint((end - at) * 16)
      out.byte(value & 1)
      literalStart = end
    }
    at = end
  }
  appendLiteral(out, bitmap, literalStart, byteCount)
}

function appendLiteral(out: ByteWriter, bitmap: Uint8Array, start: number, end: number): void {
  if (start === end) return
  out.varint((end - start) * 2 + 1)
  out.reserve(end - start)
  const { bytes } = out
  let p = out.length
  for (let i = start; i < end; i++) bytes[p++] = bitmap[i]!
  out.length = p
}

/**
 * Runs and bit-packed groups of `count` values `map[indexes[start + i]]`.
 *
 * Runs are looked for in whole octets of equal indexes, four bytes at a time. `start` must be a
 * multiple of eight, `indexes` aligned to four bytes. Source: RLE/bit-packing hybrid, Encodings.md.
 */
export function writeIndexes(
  out: ByteWriter,
  indexes: IndexArray,
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
  let octet = 0
  let openRun = -1
  while (octet < octetCount) {
    const at = start + octet * 8
    const value = indexes[at]!
    const end = octet + equalOctets(indexes, at, octetCount - octet, value)
    if (end - octet < minRun) {
      octet = end > octet ? end : octet + 1
      continue
    }
    if (octet > literalStart) {
      p = varint(bytes, p, (octet - literalStart) * 2 + 1)
      p = pack(indexes, start + literalStart * 8, octet - literalStart, map, bytes, p)
    }
    if (end === octetCount && tailEquals(indexes, start + end * 8, tailCount, value))
      openRun = octet
    else p = run(bytes, p, (end - octet) * 8, map[value]!, valueBytes)
    octet = end
    literalStart = end
  }
  if (openRun >= 0) {
    p = run(bytes, p, count - openRun * 8, map[indexes[start + openRun * 8]!]!, valueBytes)
  } else {
    const literalCount = octetCount - literalStart + (tailCount === 0 ? 0 : 1)
    if (literalCount > 0) p = varint(bytes, p, literalCount * 2 + 1)
    p = pack(indexes, start + literalStart * 8, octetCount - literalStart, map, bytes, p)
    if (tailCount > 0) {
      p = pack(tailOf(indexes, start + octetCount * 8, tailCount), 0, 1, map, bytes, p)
    }
  }
  out.length = p
}

/** Octets from `at` on, at most `limit`, that hold nothing but `value`. */
function equalOctets(indexes: IndexArray, at: number, limit: number, value: number): number {
  let count = 0
  for (let i = at; count < limit; count++, i += 8) {
    if (
      indexes[i] !== value ||
      indexes[i + 1] !== value ||
      indexes[i + 2] !== value ||
      indexes[i + 3] !== value ||
      indexes[i + 4] !== value ||
      indexes[i + 5] !== value ||
      indexes[i + 6] !== value ||
      indexes[i + 7] !== value
    ) {
      break
    }
  }
  return count
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

function run(
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

/** Unsigned LEB128 below 2^31 at `position`; returns the position after it. */
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
