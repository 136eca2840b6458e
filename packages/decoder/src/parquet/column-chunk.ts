import type { ByteWriter } from './byte-writer.js'
import { ByteWriter as Writer } from './byte-writer.js'
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
  readonly #header = new Writer(64)
  #start = 0
  #dictionaryOffset: number | null = null
  #uncompressedSize = 0
  #rowCount = 0
  #nullCount = 0
  #counts: { kind: PageKind; encoding: Encoding; count: number }[] = []
  #pages: DataPage[] = []

  constructor(out: ByteWriter, compress: Compress | null) {
    this.#out = out
    this.#compress = compress
  }

  begin(): void {
    this.#start = this.#out.length
    this.#dictionaryOffset = null
    this.#uncompressedSize = 0
    this.#rowCount = 0
    this.#nullCount = 0
    this.#counts = []
    this.#pages = []
  }

  /** A dictionary page whose `valueCount` values stand in ascending order. */
  dictionaryPage(body: Uint8Array, valueCount: number): void {
    this.#dictionaryOffset = this.#out.length
    this.#page('dictionary', 'plain', body, (thrift) => {
      thrift.struct(7)
      thrift.i32(1, valueCount)
      thrift.i32(2, ENCODING.plain)
      thrift.bool(3, true)
      thrift.end()
    })
  }

  /** A data page (version 1): definition levels, if the column has any, then values. */
  dataPage(
    body: Uint8Array,
    page: {
      readonly encoding: Encoding
      readonly rowCount: number
      readonly nullCount: number
      readonly bounds: Bounds | null
    },
  ): void {
    const offset = this.#out.length
    this.#page('data', page.encoding, body, (thrift) => {
      thrift.struct(5)
      thrift.i32(1, page.rowCount)
      thrift.i32(2, ENCODING[page.encoding])
      thrift.i32(3, ENCODING.rle)
      thrift.i32(4, ENCODING.rle)
      thrift.end()
    })
    this.#pages.push({
      offset,
      compressedSize: this.#out.length - offset,
      firstRow: this.#rowCount,
      nullCount: page.nullCount,
      bounds: page.bounds,
    })
    this.#rowCount += page.rowCount
    this.#nullCount += page.nullCount
  }

  finish(bounds: Bounds | null, distinctCount: number | null): ColumnChunk {
    return {
      dictionaryOffset: this.#dictionaryOffset,
      dataOffset: this.#pages[0]!.offset,
      uncompressedSize: this.#uncompressedSize,
      compressedSize: this.#out.length - this.#start,
      valueCount: this.#rowCount,
      nullCount: this.#nullCount,
      distinctCount,
      bounds,
      pageCounts: this.#counts,
      pages: this.#pages,
    }
  }

  #page(
    kind: PageKind,
    encoding: Encoding,
    body: Uint8Array,
    writeDetails: (thrift: ThriftWriter) => void,
  ): void {
    const data = this.#compress === null ? body : this.#compress(body)
    const header = this.#header
    header.length = 0
    const thrift = new ThriftWriter(header)
    thrift.i32(1, PAGE[kind])
    thrift.i32(2, body.length)
    thrift.i32(3, data.length)
    writeDetails(thrift)
    thrift.end()
    this.#out.append(header.written())
    this.#out.append(data)
    this.#uncompressedSize += header.length + body.length
    const counted = this.#counts.find((c) => c.kind === kind && c.encoding === encoding)
    if (counted === undefined) this.#counts.push({ kind, encoding, count: 1 })
    else counted.count++
  }
}
