import { ByteWriter } from './byte-writer.js'
import { MAGIC } from './format.js'
import type { ColumnParts, PlacedRowGroup } from './placed-row-group.js'
import { type ParquetField, writeSchema } from './schema.js'
import { THRIFT, ThriftWriter } from './thrift.js'

/** All that stands in a footer. */
export interface FooterContent {
  readonly tableName: string
  readonly fields: readonly ParquetField[]
  readonly rowGroups: readonly PlacedRowGroup[]
  readonly metadata: Readonly<Record<string, string>>
  readonly createdBy: string
}

/** What the schema says of a column, and what is said of where a chunk's parts stand. */
const FIELD_BYTES = 64
const PLACE_BYTES = 32

/**
 * The end of a file, to be written at byte `offset`: column indexes, offset indexes, then the file
 * metadata, its length and the magic. Source: apache/parquet-format, README and `parquet.thrift`.
 */
export function encodeFooter(content: FooterContent, offset: number): Uint8Array {
  const out = new ByteWriter(sizeOf(content))
  const indexOffsets = content.rowGroups.map((group) => {
    const start = offset + out.length
    out.append(group.columnIndexes.bytes)
    return start
  })
  const pageOffsets = content.rowGroups.map((group) => {
    const start = offset + out.length
    out.append(group.offsetIndexes.bytes)
    return start
  })
  const metadataAt = out.length
  writeFileMetadata(out, content, indexOffsets, pageOffsets)
  out.uint32(out.length - metadataAt)
  out.append(MAGIC)
  return out.written()
}

/** Bytes that a footer takes, about. */
function sizeOf({ fields, rowGroups }: FooterContent): number {
  let size = 4096 + fields.length * FIELD_BYTES
  for (const { columnMetadata, columnIndexes, offsetIndexes } of rowGroups) {
    const parts = [columnMetadata, columnIndexes, offsetIndexes]
    for (const { bytes } of parts) size += bytes.length
    size += fields.length * PLACE_BYTES
  }
  return size
}

function writeFileMetadata(
  out: ByteWriter,
  content: FooterContent,
  columnIndexStarts: readonly number[],
  offsetIndexStarts: readonly number[],
): void {
  const thrift = new ThriftWriter(out)
  const { fields, rowGroups } = content
  const rowCount = rowGroups.reduce((sum, group) => sum + group.rowCount, 0)
  const sorted = fields.flatMap((field, i) => (field.ascending ? [i] : []))
  thrift.i32(1, 2)
  thrift.list(2, THRIFT.struct, fields.length + 1)
  writeSchema(thrift, content.tableName, fields)
  thrift.i64(3, rowCount)
  thrift.list(4, THRIFT.struct, rowGroups.length)
  rowGroups.forEach((group, i) => {
    thrift.element()
    writeColumnChunks(out, thrift, group, columnIndexStarts[i]!, offsetIndexStarts[i]!)
    thrift.i64(2, group.uncompressedSize)
    thrift.i64(3, group.rowCount)
    writeSortingColumns(thrift, sorted)
    thrift.i64(5, group.offset)
    thrift.i64(6, group.byteCount)
    if (i < 2 ** 15) thrift.i16(7, i)
    thrift.end()
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

function writeColumnChunks(
  out: ByteWriter,
  thrift: ThriftWriter,
  group: PlacedRowGroup,
  columnIndexStart: number,
  offsetIndexStart: number,
): void {
  const { columnMetadata, columnIndexes, offsetIndexes } = group
  const ends = [columnMetadata, columnIndexes, offsetIndexes].map(endsOf)
  const [metadataEnds, columnIndexEnds, offsetIndexEnds] = ends as [number[], number[], number[]]
  thrift.list(1, THRIFT.struct, columnMetadata.lengths.length)
  columnMetadata.lengths.forEach((length, i) => {
    const columnIndexLength = columnIndexes.lengths[i]!
    const offsetIndexLength = offsetIndexes.lengths[i]!
    thrift.element()
    thrift.i64(2, 0)
    thrift.rawStruct(3)
    out.append(columnMetadata.bytes.subarray(metadataEnds[i]! - length, metadataEnds[i]))
    thrift.i64(4, offsetIndexStart + offsetIndexEnds[i]! - offsetIndexLength)
    thrift.i32(5, offsetIndexLength)
    thrift.i64(6, columnIndexStart + columnIndexEnds[i]! - columnIndexLength)
    thrift.i32(7, columnIndexLength)
    thrift.end()
  })
}

function endsOf({ lengths }: ColumnParts): number[] {
  let end = 0
  return lengths.map((length) => (end += length))
}

function writeSortingColumns(thrift: ThriftWriter, columns: readonly number[]): void {
  if (columns.length === 0) return
  thrift.list(4, THRIFT.struct, columns.length)
  for (const column of columns) {
    thrift.element()
    thrift.i32(1, column)
    thrift.bool(2, false)
    thrift.bool(3, false)
    thrift.end()
  }
}
