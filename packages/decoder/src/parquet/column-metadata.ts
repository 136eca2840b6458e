import { ByteWriter } from './byte-writer.js'
import type { ColumnChunk } from './column-chunk.js'
import { type Codec, COMPRESSION, ENCODING, PAGE, PHYSICAL } from './format.js'
import type { ParquetField } from './schema.js'
import { THRIFT, ThriftWriter } from './thrift.js'

/**
 * Fields and end of a ColumnMetaData struct. Source: `parquet.thrift`.
 *
 * @param base byte of the file that the row group starts at
 */
export function writeColumnMetadata(
  thrift: ThriftWriter,
  field: ParquetField,
  codec: Codec,
  chunk: ColumnChunk,
  base: number,
): void {
  let encodings = 1 << ENCODING.rle
  for (const { encoding } of chunk.pageCounts) encodings |= 1 << ENCODING[encoding]
  thrift.raw(fixedFields(field, codec, encodings), LAST_FIXED_FIELD)
  thrift.i64(5, chunk.valueCount)
  thrift.i64(6, chunk.uncompressedSize)
  thrift.i64(7, chunk.compressedSize)
  thrift.i64(9, base + chunk.dataOffset)
  if (chunk.dictionaryOffset !== null) thrift.i64(11, base + chunk.dictionaryOffset)
  writeStatistics(thrift, chunk)
  thrift.list(13, THRIFT.struct, chunk.pageCounts.length)
  for (const { kind, encoding, count } of chunk.pageCounts) {
    thrift.element()
    thrift.i32(1, PAGE[kind])
    thrift.i32(2, ENCODING[encoding])
    thrift.i32(3, count)
    thrift.end()
  }
  thrift.end()
}

function writeStatistics(thrift: ThriftWriter, chunk: ColumnChunk): void {
  const { bounds, nullCount, distinctCount } = chunk
  thrift.struct(12)
  thrift.i64(3, nullCount)
  if (distinctCount !== null) thrift.i64(4, distinctCount)
  if (bounds !== null) {
    thrift.binary(5, bounds.max)
    thrift.binary(6, bounds.min)
    thrift.bool(7, bounds.maxExact)
    thrift.bool(8, bounds.minExact)
  }
  thrift.end()
}

const LAST_FIXED_FIELD = 4

const encoder = new TextEncoder()
const fixedByField = new WeakMap<ParquetField, Map<number, Uint8Array>>()

/** Type, encodings (bit n set: number n), name and codec, which chunk after chunk has again. */
function fixedFields(field: ParquetField, codec: Codec, encodings: number): Uint8Array {
  let fixed = fixedByField.get(field)
  if (fixed === undefined) fixedByField.set(field, (fixed = new Map<number, Uint8Array>()))
  const key = (encodings << 4) | COMPRESSION[codec]
  let bytes = fixed.get(key)
  if (bytes === undefined) fixed.set(key, (bytes = encodeFixedFields(field, codec, encodings)))
  return bytes
}

function encodeFixedFields(field: ParquetField, codec: Codec, encodings: number): Uint8Array {
  const out = new ByteWriter(64)
  const thrift = new ThriftWriter(out)
  thrift.i32(1, PHYSICAL[field.physical])
  thrift.list(2, THRIFT.i32, bitCount(encodings))
  for (let encoding = 0; encodings >>> encoding !== 0; encoding++) {
    if (((encodings >>> encoding) & 1) === 1) thrift.listInteger(encoding)
  }
  thrift.list(3, THRIFT.binary, 1)
  thrift.listBinary(encoder.encode(field.name))
  thrift.i32(LAST_FIXED_FIELD, COMPRESSION[codec])
  return out.written()
}

function bitCount(bits: number): number {
  let count = 0
  for (let rest = bits; rest !== 0; rest &= rest - 1) count++
  return count
}
