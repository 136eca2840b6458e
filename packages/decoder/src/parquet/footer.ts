import { ByteWriter } from './byte-writer.js'
import type { Bounds, ColumnChunk, DataPage } from './column-chunk.js'
import type { Codec } from './format.js'
import { BOUNDARY_ORDER, COMPRESSION, ENCODING, MAGIC, PAGE, PHYSICAL } from './format.js'
import { compareBounds } from './page-order.js'
import type { RowGroupLayout } from './row-group.js'
import type { ParquetField } from './schema.js'
import { writeSchema } from './schema.js'
import { THRIFT, ThriftWriter } from './thrift.js'

/** A row group and the byte of the file it starts at. */
export interface PlacedRowGroup extends RowGroupLayout {
  readonly offset: number
}

/** All that stands in a footer. */
export interface FooterContent {
  readonly tableName: string
  readonly fields: readonly ParquetField[]
  readonly codec: Codec
  readonly rowGroups: readonly PlacedRowGroup[]
  readonly metadata: Readonly<Record<string, string>>
  readonly createdBy: string
}

interface ByteRange {
  readonly offset: number
  readonly length: number
}

/**
 * The end of a file, to be written at byte `offset`: column indexes, offset indexes, then the file
 * metadata, its length and the magic. Source: apache/parquet-format, README and `parquet.thrift`.
 */
export function encodeFooter(content: FooterContent, offset: number): Uint8Array {
  const out = new ByteWriter(1 << 16)
  const columnIndexes = content.rowGroups.map((group) =>
    group.chunks.map((chunk, i) =>
      placed(out, offset, () => writeColumnIndex(out, content.fields[i]!, chunk)),
    ),
  )
  const offsetIndexes = content.rowGroups.map((group) =>
    group.chunks.map((chunk) =>
      placed(out, offset, () => writeOffsetIndex(out, chunk, group.offset)),
    ),
  )
  const metadataAt = out.length
  writeFileMetadata(out, content, columnIndexes, offsetIndexes)
  out.uint32(out.length - metadataAt)
  out.append(MAGIC)
  return out.written()
}

function placed(out: ByteWriter, base: number, write: () => void): ByteRange {
  const start = out.length
  write()
  return { offset: base + start, length: out.length - start }
}

function writeFileMetadata(
  out: ByteWriter,
  content: FooterContent,
  columnIndexes: readonly (readonly ByteRange[])[],
  offsetIndexes: readonly (readonly ByteRange[])[],
): void {
  const thrift = new ThriftWriter(out)
  const { fields, rowGroups } = content
  thrift.i32(1, 2)
  thrift.list(2, THRIFT.struct, fields.length + 1)
  writeSchema(thrift, content.tableName, fields)
  thrift.i64(
    3,
    rowGroups.reduce((sum, group) => sum + group.rowCount, 0),
  )
  thrift.list(4, THRIFT.struct, rowGroups.length)
  rowGroups.forEach((group, i) => {
    writeRowGroup(thrift, content, group, i, columnIndexes[i]!, offsetIndexes[i]!)
  })
  const entries = Object.entries(content.metadata)
  thrift.list(5, THRIFT.struct, entries.length)
  for (const [key, value] of entries) {
    thrift.element()
    thrift.string(1, key)
    thrift.string(2, value)
    thrift.end()
  }
  thrift.string(6, content.createdBy)
  thrift.list(7, THRIFT.struct, fields.length)
  for (let i = 0; i < fields.length; i++) {
    // TypeDefinedOrder: the order that goes with the column's type.
    thrift.element()
    thrift.emptyStruct(1)
    thrift.end()
  }
  thrift.end()
}

function writeRowGroup(
  thrift: ThriftWriter,
  content: FooterContent,
  group: PlacedRowGroup,
  ordinal: number,
  columnIndexes: readonly ByteRange[],
  offsetIndexes: readonly ByteRange[],
): void {
  const { fields, codec } = content
  thrift.element()
  thrift.list(1, THRIFT.struct, fields.length)
  group.chunks.forEach((chunk, i) => {
    thrift.element()
    thrift.i64(2, 0)
    thrift.struct(3)
    writeColumnMetadata(thrift, fields[i]!, codec, chunk, group.offset)
    thrift.end()
    thrift.i64(4, offsetIndexes[i]!.offset)
    thrift.i32(5, offsetIndexes[i]!.length)
    thrift.i64(6, columnIndexes[i]!.offset)
    thrift.i32(7, columnIndexes[i]!.length)
    thrift.end()
  })
  thrift.i64(
    2,
    group.chunks.reduce((sum, chunk) => sum + chunk.uncompressedSize, 0),
  )
  thrift.i64(3, group.rowCount)
  const sorted = fields.flatMap((field, i) => (field.ascending ? [i] : []))
  if (sorted.length > 0) {
    thrift.list(4, THRIFT.struct, sorted.length)
    for (const column of sorted) {
      thrift.element()
      thrift.i32(1, column)
      thrift.bool(2, false)
      thrift.bool(3, false)
      thrift.end()
    }
  }
  thrift.i64(5, group.offset)
  thrift.i64(6, group.byteCount)
  if (ordinal < 2 ** 15) thrift.i16(7, ordinal)
  thrift.end()
}

function writeColumnMetadata(
  thrift: ThriftWriter,
  field: ParquetField,
  codec: Codec,
  chunk: ColumnChunk,
  base: number,
): void {
  const encodings = new Set<number>([ENCODING.rle])
  for (const { encoding } of chunk.pageCounts) encodings.add(ENCODING[encoding])
  thrift.i32(1, PHYSICAL[field.physical])
  thrift.list(2, THRIFT.i32, encodings.size)
  for (const encoding of [...encodings].sort((a, b) => a - b)) thrift.listInteger(encoding)
  thrift.list(3, THRIFT.binary, 1)
  thrift.listString(field.name)
  thrift.i32(4, COMPRESSION[codec])
  thrift.i64(5, chunk.valueCount)
  thrift.i64(6, chunk.uncompressedSize)
  thrift.i64(7, chunk.compressedSize)
  thrift.i64(9, base + chunk.dataOffset)
  if (chunk.dictionaryOffset !== null) thrift.i64(11, base + chunk.dictionaryOffset)
  thrift.struct(12)
  writeStatistics(thrift, chunk.bounds, chunk.nullCount, chunk.distinctCount)
  thrift.end()
  thrift.list(13, THRIFT.struct, chunk.pageCounts.length)
  for (const { kind, encoding, count } of chunk.pageCounts) {
    thrift.element()
    thrift.i32(1, PAGE[kind])
    thrift.i32(2, ENCODING[encoding])
    thrift.i32(3, count)
    thrift.end()
  }
}

function writeStatistics(
  thrift: ThriftWriter,
  bounds: Bounds | null,
  nullCount: number,
  distinctCount: number | null,
): void {
  thrift.i64(3, nullCount)
  if (distinctCount !== null) thrift.i64(4, distinctCount)
  if (bounds === null) return
  thrift.binary(5, bounds.max)
  thrift.binary(6, bounds.min)
  thrift.bool(7, bounds.maxExact)
  thrift.bool(8, bounds.minExact)
}

const NOTHING = new Uint8Array(0)

function writeColumnIndex(out: ByteWriter, field: ParquetField, chunk: ColumnChunk): void {
  const { pages } = chunk
  const thrift = new ThriftWriter(out)
  thrift.list(1, THRIFT.true, pages.length)
  for (const page of pages) thrift.listBool(page.bounds === null)
  thrift.list(2, THRIFT.binary, pages.length)
  for (const page of pages) thrift.listBinary(page.bounds?.min ?? NOTHING)
  thrift.list(3, THRIFT.binary, pages.length)
  for (const page of pages) thrift.listBinary(page.bounds?.max ?? NOTHING)
  thrift.i32(4, BOUNDARY_ORDER[boundaryOrder(field, pages)])
  thrift.list(5, THRIFT.i64, pages.length)
  for (const page of pages) thrift.listInteger(page.nullCount)
  thrift.end()
}

/** Whether both bounds rise, or both fall, from page to page; pages of nulls do not count. */
function boundaryOrder(
  { physical }: ParquetField,
  pages: readonly DataPage[],
): keyof typeof BOUNDARY_ORDER {
  let rises = true
  let falls = true
  let previous: Bounds | null = null
  for (const { bounds } of pages) {
    if (bounds === null) continue
    if (previous !== null) {
      const min = compareBounds(physical, previous.min, bounds.min)
      const max = compareBounds(physical, previous.max, bounds.max)
      rises &&= min <= 0 && max <= 0
      falls &&= min >= 0 && max >= 0
    }
    previous = bounds
  }
  if (rises) return 'ascending'
  return falls ? 'descending' : 'unordered'
}

function writeOffsetIndex(out: ByteWriter, chunk: ColumnChunk, base: number): void {
  const thrift = new ThriftWriter(out)
  thrift.list(1, THRIFT.struct, chunk.pages.length)
  for (const page of chunk.pages) {
    thrift.element()
    thrift.i64(1, base + page.offset)
    thrift.i32(2, page.compressedSize)
    thrift.i64(3, page.firstRow)
    thrift.end()
  }
  thrift.end()
}
