import type { ByteWriter } from './byte-writer.js'
import type { Compress } from './codecs.js'
import type { Encoding, PageKind } from './format.js'
import { ENCODING, PAGE } from './format.js'
import { ThriftWriter } from './thrift.js'

/** Least and greatest value of a page or chunk; null when it holds no value. */
export interface Bounds {
  readonly min: Uint8Array
  readonly max: Uint8Array
  /** False where the bound was shortened: it still bounds, but is no value of the column. */
  readonly minExact: boolean
  readonly maxExact: boolean
}

/** One data page, for the page index. */
export interface DataPage {
  /** Offset of the page header from the start of the row group. */
  readonly offset: number
  /** Header included. */
  readonly compressedSize: number
  readonly firstRow: number
  readonly nullCount: number
  readonly bounds: Bounds | null
}

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
  readonly pages: readonly DataPage[]
}

/** Writes the pages of one column chunk after each other and keeps account of them. */
export class ChunkWriter {
  readonly #out: ByteWriter
  readonly #compress: Compress | null
  readonly #thrift: ThriftWriter
  #start = 0
  #dictionaryOffset: number | null = null
  /** Bytes that compression saved. */
  #savedSize = 0
  #rowCount = 0
  #nullCount = 0
  #counts: { kind: PageKind; encoding: Encoding; count: number }[] = []
  #pages: DataPage[] = []

  constructor(out: ByteWriter, compress: Compress | null) {
    this.#out = out
    this.#compress = compress
    this.#thrift = new ThriftWriter(out)
  }

  begin(): void {
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
    const compressedSize = this.#out.length - offset
    this.#pages.push({ offset, compressedSize, firstRow: this.#rowCount, nullCount, bounds })
    this.#rowCount += rowCount
    this.#nullCount += nullCount
  }

  finish(bounds: Bounds | null, distinctCount: number | null): ColumnChunk {
    return {
      dictionaryOffset: this.#dictionaryOffset,
      dataOffset: this.#pages[0]!.offset,
      uncompressedSize: this.#out.length - this.#start + this.#savedSize,
      compressedSize: this.#out.length - this.#start,
      valueCount: this.#rowCount,
      nullCount: this.#nullCount,
      distinctCount,
      bounds,
      pageCounts: this.#counts,
      pages: this.#pages,
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
