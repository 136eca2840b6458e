import type { Column, SegmentBatch } from '@nibrs/decoder'

/** The batch without the rows of the given records; the batch itself when none of them is in it. */
export function withoutRecords(batch: SegmentBatch, records: ReadonlySet<number>): SegmentBatch {
  const kept: number[] = []
  for (let row = 0; row < batch.rowCount; row++) {
    if (!records.has(batch.recordNumbers[row]!)) kept.push(row)
  }
  if (kept.length === batch.rowCount) return batch
  const columns = new Map<string, Column>()
  for (const [name, column] of batch.columns) columns.set(name, pick(column, kept))
  return {
    ...batch,
    rowCount: kept.length,
    columns,
    recordNumbers: pickItems(batch.recordNumbers, kept),
    recordLengths: pickItems(batch.recordLengths, kept),
  }
}

type Items =
  | Uint8Array<ArrayBufferLike>
  | Uint16Array<ArrayBufferLike>
  | Uint32Array<ArrayBufferLike>
  | Int32Array<ArrayBufferLike>
  | Float64Array<ArrayBufferLike>

function pick(column: Column, rows: readonly number[]): Column {
  const get = (row: number) => column.get(rows[row]!)
  const label = (row: number) => column.label(rows[row]!)
  switch (column.kind) {
    case 'dictionary':
      return { ...column, ...named(column), get, label, indices: pickItems(column.indices, rows) }
    case 'number':
      return {
        ...column,
        ...named(column),
        get,
        label,
        values: pickItems(column.values, rows),
        valid: column.valid === null ? null : pickItems(column.valid, rows),
      }
    case 'bytes': {
      const { width } = column
      const bytes = new Uint8Array(rows.length * width + SPARE_BYTES)
      rows.forEach((row, at) => {
        bytes.set(column.bytes.subarray(row * width, (row + 1) * width), at * width)
      })
      const valid = pickItems(column.valid, rows)
      return { ...column, ...named(column), get, label, bytes, valid }
    }
  }
}

/** Writers may read a column by words: room behind its last row. */
const SPARE_BYTES = 16

/** What a spread of a class's instance may leave out. */
function named({ name, type, scale, codes }: Column) {
  return { name, type, scale, codes }
}

function pickItems<A extends Items>(items: A, rows: readonly number[]): A {
  const picked = new (items.constructor as new (length: number) => A)(rows.length + SPARE_BYTES)
  rows.forEach((row, at) => {
    picked[at] = items[row]!
  })
  return picked
}
