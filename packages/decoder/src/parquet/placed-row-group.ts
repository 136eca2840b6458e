import { ByteWriter } from './byte-writer.js'
import { writeColumnMetadata } from './column-metadata.js'
import type { Codec } from './format.js'
import { writeOffsetIndex } from './page-index.js'
import type { RowGroupLayout } from './row-group.js'
import type { ParquetField } from './schema.js'
import { ThriftWriter } from './thrift.js'

/** Parts of a footer in bytes, one for each column, one after the other. */
export interface ColumnParts {
  readonly bytes: Uint8Array
  readonly lengths: readonly number[]
}

/**
 * A row group with its place in the file: what the footer will say of it, already in bytes. Some
 * hundred bytes a column are all that is kept of a row group until the end of the file.
 */
export interface PlacedRowGroup {
  readonly offset: number
  readonly rowCount: number
  readonly byteCount: number
  readonly uncompressedSize: number
  readonly columnMetadata: ColumnParts
  readonly columnIndexes: ColumnParts
  readonly offsetIndexes: ColumnParts
}

/** Places an encoded row group at byte `offset` of the file. */
export function placeRowGroup(
  group: RowGroupLayout,
  fields: readonly ParquetField[],
  codec: Codec,
  offset: number,
): PlacedRowGroup {
  const { rowCount, byteCount, chunks, pageLocations, columnIndexes } = group
  let firstPage = 0
  return {
    offset,
    rowCount,
    byteCount,
    uncompressedSize: chunks.reduce((sum, chunk) => sum + chunk.uncompressedSize, 0),
    columnMetadata: partsOf(chunks, (out, chunk, i) => {
      writeColumnMetadata(new ThriftWriter(out), fields[i]!, codec, chunk, offset)
    }),
    columnIndexes: {
      bytes: columnIndexes.slice(),
      lengths: chunks.map((chunk) => chunk.columnIndexLength),
    },
    offsetIndexes: partsOf(chunks, (out, { pageCount }) => {
      writeOffsetIndex(out, pageLocations, firstPage, pageCount, offset)
      firstPage += pageCount
    }),
  }
}

/** Where parts are written before they are copied at their true size. */
const partsBuffer = new ByteWriter(1 << 14)

function partsOf<Part>(
  parts: readonly Part[],
  write: (out: ByteWriter, part: Part, index: number) => void,
): ColumnParts {
  const out = partsBuffer
  out.length = 0
  const lengths = parts.map((part, i) => {
    const start = out.length
    write(out, part, i)
    return out.length - start
  })
  return { bytes: out.written().slice(), lengths }
}
