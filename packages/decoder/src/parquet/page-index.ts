import { compareBounds } from './bound-order.js'
import type { ByteWriter } from './byte-writer.js'
import type { PageLocations } from './column-chunk.js'
import { BOUNDARY_ORDER, type PhysicalType } from './format.js'
import type { Bounds } from './statistics.js'
import { THRIFT, ThriftWriter } from './thrift.js'

/** What the column index says of a data page. */
export interface DataPage {
  readonly nullCount: number
  readonly bounds: Bounds | null
}

const NOTHING = new Uint8Array(0)

/** Bounds and null counts of a chunk's pages. Source: `parquet.thrift`, ColumnIndex. */
export function writeColumnIndex(
  thrift: ThriftWriter,
  physical: PhysicalType,
  pages: readonly DataPage[],
): void {
  thrift.list(1, THRIFT.true, pages.length)
  for (const page of pages) thrift.listBool(page.bounds === null)
  thrift.list(2, THRIFT.binary, pages.length)
  for (const page of pages) thrift.listBinary(page.bounds?.min ?? NOTHING)
  thrift.list(3, THRIFT.binary, pages.length)
  for (const page of pages) thrift.listBinary(page.bounds?.max ?? NOTHING)
  thrift.i32(4, BOUNDARY_ORDER[boundaryOrder(physical, pages)])
  thrift.list(5, THRIFT.i64, pages.length)
  for (const page of pages) thrift.listInteger(page.nullCount)
  thrift.end()
}

/** Whether both bounds rise, or both fall, from page to page; pages of nulls do not count. */
function boundaryOrder(
  physical: PhysicalType,
  pages: readonly DataPage[],
): keyof typeof BOUNDARY_ORDER {
  if (pages.length < 2) return 'ascending'
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

/**
 * Where `pageCount` pages, from number `firstPage` of a row group on, stand in the file. Source:
 * `parquet.thrift`, OffsetIndex.
 *
 * @param base byte of the file that the row group starts at
 */
export function writeOffsetIndex(
  out: ByteWriter,
  locations: PageLocations,
  firstPage: number,
  pageCount: number,
  base: number,
): void {
  const thrift = new ThriftWriter(out)
  thrift.list(1, THRIFT.struct, pageCount)
  for (let page = firstPage; page < firstPage + pageCount; page++) {
    thrift.element()
    thrift.i64(1, base + locations[page * 3]!)
    thrift.i32(2, locations[page * 3 + 1]!)
    thrift.i64(3, locations[page * 3 + 2]!)
    thrift.end()
  }
  thrift.end()
}
