/**
 * Numbers of the Parquet format. Source: apache/parquet-format, `parquet.thrift`, 2.11.
 */

/** First and last four bytes of a file: "PAR1". */
export const MAGIC: Uint8Array = Uint8Array.of(0x50, 0x41, 0x52, 0x31)

export const PHYSICAL = { boolean: 0, int32: 1, int64: 2, byteArray: 6 } as const
export type PhysicalType = keyof typeof PHYSICAL

export const CONVERTED = { utf8: 0, decimal: 5, date: 6, int32: 17, int64: 18 } as const

export const REPETITION = { required: 0, optional: 1 } as const

export const ENCODING = {
  plain: 0,
  rle: 3,
  deltaBinaryPacked: 5,
  deltaByteArray: 7,
  rleDictionary: 8,
} as const
export type Encoding = keyof typeof ENCODING

export const PAGE = { data: 0, dictionary: 2 } as const
export type PageKind = keyof typeof PAGE

export const COMPRESSION = { none: 0, snappy: 1, gzip: 2, zstd: 6 } as const

/** How pages are compressed. */
export type Codec = keyof typeof COMPRESSION

/** Order of a column's page bounds. */
export const BOUNDARY_ORDER = { unordered: 0, ascending: 1, descending: 2 } as const
