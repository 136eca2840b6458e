import { compareBytes } from '../byte-order.js'
import {
  BLOCK_VALUES,
  type IndexArray,
  type InternResult,
  type Kernels,
  LONG_TEXT_BYTES,
  MIN_LEVEL_OCTETS,
  MINIBLOCK_VALUES,
  minRunOctets,
  NO_RANK,
  type Range,
  type TextPage,
  type TextSplit,
} from './kernels.js'

/** The readable kernels: what the generated ones are held equal to, and used without them. */
export const plainKernels: Kernels = {
  dropNulls,
  dropInvalid,
  mark,
  collect,
  place,
  intern,
  rank,
  writeIndexes,
  pack: (values, start, count, bitWidth, places, out, position) =>
    pack(values, start, (count + 7) & ~7, bitWidth, places, out, position),
  writeLevels,
  writeDeltas,
  rangeOf,
  splitText,
}

function dropNulls(
  source: IndexArray,
  start: number,
  end: number,
  values: IndexArray,
  at: number,
  bitmap: Uint8Array,
): number {
  let next = at
  for (let row = start; row < end; row += 8) {
    let bits = 0
    for (let r = row; r < Math.min(row + 8, end); r++) {
      const index = source[r]!
      if (index === 0) continue
      values[next++] = index
      bits |= 1 << (r - row)
    }
    bitmap[row >>> 3] = bits
  }
  return next - at
}

function dropInvalid<Numbers extends Int32Array | Uint32Array | Float64Array>(
  values: Numbers,
  valid: Uint8Array,
  start: number,
  count: number,
  out: Numbers,
  bitmap: Uint8Array,
): number {
  let next = 0
  bitmap.fill(0, 0, (count + 7) >>> 3)
  for (let i = 0; i < count; i++) {
    if (valid[start + i] === 0) continue
    bitmap[i >>> 3]! |= 1 << (i & 7)
    out[next++] = values[start + i]!
  }
  return next
}

function mark(values: IndexArray, start: number, count: number, marks: Uint8Array): void {
  for (let i = start; i < start + count; i++) marks[values[i]!] = 1
}

function collect(marks: Uint8Array, size: number, ranks: Uint32Array, seen: Uint8Array): Range {
  let min = NO_RANK
  let max = 0
  for (let entry = 0; entry < size; entry++) {
    if (marks[entry] === 0) continue
    marks[entry] = 0
    const rank = ranks[entry]!
    seen[rank] = 1
    if (rank < min) min = rank
    if (rank > max) max = rank
  }
  return { min, max }
}

function place(
  seen: Uint8Array,
  size: number,
  order: Uint32Array,
  used: Uint32Array,
  places: Uint32Array,
): number {
  let count = 0
  for (let rank = 0; rank < size; rank++) {
    if (seen[rank] === 0) continue
    seen[rank] = 0
    const entry = order[rank]!
    places[entry] = count
    used[count++] = entry
  }
  return count
}

function intern(
  values: Int32Array | Uint32Array | Float64Array,
  valid: Uint8Array | null,
  rowCount: number,
  limit: number,
  indexes: Uint16Array,
  distinct: Float64Array,
): InternResult | null {
  const known = new Map<number, number>()
  let valueCount = 0
  for (let row = 0; row < rowCount; row++) {
    if (valid !== null && valid[row] === 0) {
      indexes[row] = 0
      continue
    }
    valueCount++
    const value = values[row]!
    let index = known.get(value)
    if (index === undefined) {
      index = known.size + 1
      if (index > limit) return null
      known.set(value, index)
      distinct[index] = value
    }
    indexes[row] = index
  }
  return { distinctCount: known.size, valueCount }
}

function rank(numbers: Float64Array, count: number, order: Uint32Array, ranks: Uint32Array): void {
  for (let index = 0; index <= count; index++) order[index] = index
  order.subarray(1, count + 1).sort((a, b) => numbers[a]! - numbers[b]!)
  for (let place = 0; place <= count; place++) ranks[order[place]!] = place
}

function writeIndexes(
  values: IndexArray,
  start: number,
  count: number,
  bitWidth: number,
  places: Uint32Array,
  out: Uint8Array,
  position: number,
): number {
  const octetCount = (count + 7) >>> 3
  const minRun = minRunOctets(bitWidth)
  const valueBytes = (bitWidth + 7) >>> 3
  let p = position
  let literalStart = 0
  const writeLiteral = (end: number): void => {
    if (end === literalStart) return
    p = varint(out, p, (end - literalStart) * 2 + 1)
    p = pack(values, start + literalStart * 8, (end - literalStart) * 8, bitWidth, places, out, p)
  }
  for (let octet = 0; octet < octetCount;) {
    const value = values[start + octet * 8]!
    let end = octet
    while (end < octetCount && isUniform(values, start + end * 8, value)) end++
    if (end - octet >= minRun) {
      writeLiteral(octet)
      const place = places[value]!
      p = varint(out, p, (Math.min(end * 8, count) - octet * 8) * 2)
      for (let byte = 0; byte < valueBytes; byte++) out[p++] = place >>> (byte * 8)
      literalStart = end
    }
    octet = Math.max(end, octet + 1)
  }
  writeLiteral(octetCount)
  return p
}

function isUniform(values: IndexArray, start: number, value: number): boolean {
  for (let i = start; i < start + 8; i++) if (values[i] !== value) return false
  return true
}

/** Packs numbers least significant bit first; `count` is a multiple of eight. */
function pack(
  values: IndexArray | Int32Array,
  start: number,
  count: number,
  bitWidth: number,
  places: Uint32Array | null,
  out: Uint8Array,
  position: number,
): number {
  let p = position
  let pending = 0
  let pendingBits = 0
  for (let i = start; i < start + count; i++) {
    const value = places === null ? values[i]! : places[values[i]!]!
    for (let taken = 0; taken < bitWidth;) {
      const bits = Math.min(8 - pendingBits, bitWidth - taken)
      pending |= ((value >>> taken) & (255 >>> (8 - bits))) << pendingBits
      pendingBits += bits
      taken += bits
      if (pendingBits === 8) {
        out[p++] = pending
        pending = 0
        pendingBits = 0
      }
    }
  }
  return p
}

function writeLevels(
  bitmap: Uint8Array,
  start: number,
  rowCount: number,
  out: Uint8Array,
  position: number,
): number {
  const first = start >>> 3
  const end = first + ((rowCount + 7) >>> 3)
  const wholeEnd = first + (rowCount >>> 3)
  let p = position
  let literalStart = first
  const writeLiteral = (end: number): void => {
    if (end === literalStart) return
    p = varint(out, p, (end - literalStart) * 2 + 1)
    for (let i = literalStart; i < end; i++) out[p++] = bitmap[i]!
  }
  for (let at = first; at < wholeEnd;) {
    const bits = bitmap[at]!
    let runEnd = at + 1
    if (bits === 0 || bits === 255) while (runEnd < wholeEnd && bitmap[runEnd] === bits) runEnd++
    if (runEnd - at >= MIN_LEVEL_OCTETS) {
      writeLiteral(at)
      p = varint(out, p, (runEnd - at) * 16)
      out[p++] = bits & 1
      literalStart = runEnd
    }
    at = runEnd
  }
  writeLiteral(end)
  return p
}

const deltas = new Int32Array(BLOCK_VALUES)

function writeDeltas(
  values: Int32Array,
  start: number,
  count: number,
  out: Uint8Array,
  position: number,
): number {
  let p = position
  const end = start + count
  for (let at = start + 1; at < end; at += BLOCK_VALUES) {
    const size = Math.min(BLOCK_VALUES, end - at)
    let least = 0x7fffffff
    for (let i = 0; i < size; i++) {
      deltas[i] = (values[at + i]! - values[at + i - 1]!) | 0
      if (deltas[i]! < least) least = deltas[i]!
    }
    for (let i = 0; i < BLOCK_VALUES; i++) deltas[i] = i < size ? (deltas[i]! - least) | 0 : 0
    p = varint(out, p, ((least << 1) ^ (least >> 31)) >>> 0)
    const widthsAt = p
    p += BLOCK_VALUES / MINIBLOCK_VALUES
    for (let i = 0; i < BLOCK_VALUES; i += MINIBLOCK_VALUES) {
      let bits = 0
      for (let j = i; j < i + MINIBLOCK_VALUES; j++) bits |= deltas[j]!
      const bitWidth = 32 - Math.clz32(bits)
      out[widthsAt + i / MINIBLOCK_VALUES] = bitWidth
      p = pack(deltas, i, MINIBLOCK_VALUES, bitWidth, null, out, p)
    }
  }
  return p
}

function rangeOf(
  values: Int32Array | Uint32Array | Float64Array,
  start: number,
  count: number,
): Range {
  let min = Infinity
  let max = -Infinity
  for (let i = start; i < start + count; i++) {
    min = Math.min(min, values[i]!)
    max = Math.max(max, values[i]!)
  }
  return { min, max }
}

function splitText(page: TextPage): TextSplit | null {
  const { bytes, width, valid, rowCount, bitmap, prefixes, suffixes, body } = page
  let valueCount = 0
  let bodyLength = 0
  let minRow = -1
  let maxRow = -1
  let previous = bytes.subarray(0, 0)
  const textOf = (row: number): Uint8Array | null =>
    textIn(bytes.subarray(row * width, (row + 1) * width), page.trim)
  bitmap.fill(0, 0, (rowCount + 7) >>> 3)
  for (let row = 0; row < rowCount; row++) {
    if (valid[row] === 0) continue
    bitmap[row >>> 3]! |= 1 << (row & 7)
    const text = textOf(row)
    if (text === null) return null
    let prefix = 0
    while (prefix < Math.min(text.length, previous.length) && text[prefix] === previous[prefix]) {
      prefix++
    }
    prefixes[valueCount] = prefix
    suffixes[valueCount] = text.length - prefix
    valueCount++
    body.set(text.subarray(prefix), bodyLength)
    bodyLength += text.length - prefix
    if (minRow < 0 || compareBytes(text, textOf(minRow)!) < 0) minRow = row
    if (maxRow < 0 || compareBytes(text, textOf(maxRow)!) > 0) maxRow = row
    previous = text
  }
  return { valueCount, bodyLength, minRow: Math.max(minRow, 0), maxRow: Math.max(maxRow, 0) }
}

/** The text of a cell; null when it is not one that can be split. */
function textIn(cell: Uint8Array, trim: boolean): Uint8Array | null {
  let end = cell.length
  if (end > LONG_TEXT_BYTES && cell[LONG_TEXT_BYTES] === 0) end = LONG_TEXT_BYTES
  if (end > LONG_TEXT_BYTES) return null
  for (let i = 0; i < end; i++) if (cell[i] === 0 || cell[i]! > 0x7f) return null
  if (trim) while (end > 0 && cell[end - 1] === 0x20) end--
  return cell.subarray(0, end)
}

/** Unsigned LEB128 below 2^32 at `position`; returns the position after it. */
function varint(out: Uint8Array, position: number, value: number): number {
  let p = position
  let rest = value
  while (rest > 127) {
    out[p++] = (rest & 127) | 128
    rest >>>= 7
  }
  out[p++] = rest
  return p
}
