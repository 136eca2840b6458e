import type { ByteWriter } from './byte-writer.js'
import type { Compress } from './codecs.js'
import type { Encoding, PageKind } from './format.js'
import { ENCODING, PAGE } from './format.js'
import { type DataPage, writeColumnIndex } from './page-index.js'
import type { ParquetField } from './schema.js'
import type { Bounds } from './statistics.js'
import { ThriftWriter } from './thrift.js'

/** Pages of one kind and encoding. */
export interface PageCount {
  readonly kind: PageKind
  readonly encoding: Encoding
  readonly count: number
}

/** One column of one row group, as the footer describes it. Offsets are within the row group. */
export interface ColumnChunk {
  readonly dictionaryOffset: number | null
  readonly dataOffset: number
  readonly uncompressedSize: number
  readonly compressedSize: number
  readonly valueCount: number
  readonly nullCount: number
  readonly distinctCount: number | null
  readonly bounds: Bounds | null
  readonly pageCounts: readonly PageCount[]
  /** Data pages. */
  readonly pageCount: number
  /** Bytes of its column index. */
  readonly columnIndexLength: number
}

/** Where the data pages of a row group stand: offset, size and first row of each. */
export type PageLocations = readonly number[]

/**
 * Writes the pages of column chunks after each other and keeps account of them: their column
 * indexes go to `columnIndexes`, their places to `pageLocations`.
 */
export class ChunkWriter {
  readonly #out: ByteWriter
  readonly #columnIndexes: ByteWriter
  readonly #compress: Compress | null
  readonly #thrift: ThriftWriter
  readonly #indexThrift: ThriftWriter
  readonly #pageLocations: number[] = []
  #field: ParquetField | null = null
  #start = 0
  #dictionaryOffset: number | null = null
  /** Bytes that compression saved. */
  #savedSize = 0
  #rowCount = 0
  #nullCount = 0
  #counts: { kind: PageKind; encoding: Encoding; count: number }[] = []
  #pages: DataPage[] = []

  constructor(out: ByteWriter, columnIndexes: ByteWriter, compress: Compress | null) {
    this.#out = out
    this.#columnIndexes = columnIndexes
    this.#compress = compress
    this.#thrift = new ThriftWriter(out)
    this.#indexThrift = new ThriftWriter(columnIndexes)
  }

  /** Page locations of the chunks since the last `beginRowGroup`: three numbers a page. */
  get pageLocations(): PageLocations {
    return this.#pageLocations
  }

  beginRowGroup(): void {
    this.#out.length = 0
    this.#columnIndexes.length = 0
    this.#pageLocations.length = 0
  }

  begin(field: ParquetField): void {
    this.#field = field
    this.#start = this.#out.length
    this.#dictionaryOffset = null
    this.#savedSize = 0
    this.#rowCount = 0
    this.#nullCount = 0
    this.#counts = []
    this.#pages = []
  }

  /** A dictionary page whose `valueCount` values stand in ascending order. */
  dictionaryPage(body: ByteWriter, valueCount: number): void {
    this.#dictionaryOffset = this.#out.length
    const data = this.#beginPage('dictionary', 'plain', body)
    const thrift = this.#thrift
    thrift.struct(7)
    thrift.i32(1, valueCount)
    thrift.i32(2, ENCODING.plain)
    thrift.bool(3, true)
    thrift.end()
    this.#endPage(body, data)
  }

  /** A data page (version 1): definition levels, if the column has any, then values. */
  dataPage(
    body: ByteWriter,
    encoding: Encoding,
    rowCount: number,
    nullCount: number,
    bounds: Bounds | null,
  ): void {
    if (nullCount > 0 && this.#field?.optional === false) {
      throw new TypeError(`column "${this.#field.name}" has a null, where no row may be without`)
    }
    const offset = this.#out.length
    const data = this.#beginPage('data', encoding, body)
    const thrift = this.#thrift
    thrift.struct(5)
    thrift.i32(1, rowCount)
    thrift.i32(2, ENCODING[encoding])
    thrift.i32(3, ENCODING.rle)
    thrift.i32(4, ENCODING.rle)
    thrift.end()
    this.#endPage(body, data)
    this.#pageLocations.push(offset, this.#out.length - offset, this.#rowCount)
    this.#pages.push({ nullCount, bounds })
    this.#rowCount += rowCount
    this.#nullCount += nullCount
  }

  finish(bounds: Bounds | null, distinctCount: number | null): ColumnChunk {
    const pageCount = this.#pages.length
    const indexStart = this.#columnIndexes.length
    writeColumnIndex(this.#indexThrift, this.#field!.physical, this.#pages)
    return {
      dictionaryOffset: this.#dictionaryOffset,
      dataOffset: this.#pageLocations[this.#pageLocations.length - pageCount * 3]!,
      uncompressedSize: this.#out.length - this.#start + this.#savedSize,
      compressedSize: this.#out.length - this.#start,
      valueCount: this.#rowCount,
      nullCount: this.#nullCount,
      distinctCount,
      bounds,
      pageCounts: this.#counts,
      pageCount,
      columnIndexLength: this.#columnIndexes.length - indexStart,
    }
  }

  /** Begins a page header and returns the bytes that will follow it. */
  #beginPage(kind: PageKind, encoding: Encoding, body: ByteWriter): Uint8Array {
    this.#count(kind, encoding)
    const bytes = body.written()
    const data = this.#compress === null ? bytes : this.#compress(bytes)
    const thrift = this.#thrift
    thrift.i32(1, PAGE[kind])
    thrift.i32(2, bytes.length)
    thrift.i32(3, data.length)
    return data
  }

  #count(kind: PageKind, encoding: Encoding): void {
    for (const counted of this.#counts) {
      if (counted.kind !== kind || counted.encoding !== encoding) continue
      counted.count++
      return
    }
    this.#counts.push({ kind, encoding, count: 1 })
  }

  #endPage(body: ByteWriter, data: Uint8Array): void {
    this.#thrift.end()
    this.#savedSize += body.length - data.length
    this.#out.append(data)
  }
}
