import type { BytesColumn, Column, NumberColumn, SegmentBatch } from '@nibrs/decoder'

/**
 * A batch that holds only some rows of another one, copied.
 *
 * @param rows row numbers, ascending
 */
export function selectRows(batch: SegmentBatch, rows: Uint32Array): SegmentBatch {
  const columns = new Map<string, Column>()
  for (const [name, column] of batch.columns) columns.set(name, selectCells(column, rows))
  const wanted = new Set<number>()
  for (const row of rows) wanted.add(batch.recordNumbers[row]!)
  const left = new Set<number>()
  for (let row = 0; row < batch.rowCount; row++) {
    const number = batch.recordNumbers[row]!
    if (!wanted.has(number)) left.add(number)
  }
  return {
    segment: batch.segment,
    segmentIndex: batch.segmentIndex,
    rowCount: rows.length,
    throughRecord: batch.throughRecord,
    columns,
    recordNumbers: gather(batch.recordNumbers, rows),
    recordLengths: gather(batch.recordLengths, rows),
    issues: batch.issues.filter(({ recordNumber }) => !left.has(recordNumber)),
  }
}

type Numbers = Uint8Array | Uint16Array | Uint32Array | Int32Array | Float64Array

/** With room to a multiple of 8 entries, as batches have. */
function gather<T extends Numbers>(values: T, rows: Uint32Array): T {
  const { constructor } = values as unknown as { constructor: new (length: number) => T }
  const gathered = new constructor((rows.length + 7) & ~7)
  for (let i = 0; i < rows.length; i++) gathered[i] = values[rows[i]!]!
  return gathered
}

function selectCells(column: Column, rows: Uint32Array): Column {
  const base = {
    name: column.name,
    type: column.type,
    scale: column.scale,
    codes: column.codes,
    get: (row: number) => column.get(rowOf(row)),
    label: (row: number) => column.label(rowOf(row)),
  }
  const rowOf = (row: number) => {
    const found = rows[row]
    if (found === undefined) throw new RangeError(`row ${row} is not among ${rows.length} rows`)
    return found
  }
  switch (column.kind) {
    case 'dictionary': {
      const { dictionary, indices } = column
      return { ...base, kind: 'dictionary', dictionary, indices: gather(indices, rows) }
    }
    case 'number':
      return { ...base, ...selectNumbers(column, rows) }
    case 'bytes':
      return { ...base, ...selectBytes(column, rows) }
  }
}

function selectNumbers(
  { values, valid }: NumberColumn,
  rows: Uint32Array,
): Pick<NumberColumn, 'kind' | 'values' | 'valid'> {
  return {
    kind: 'number',
    values: gather(values, rows),
    valid: valid === null ? null : gather(valid, rows),
  }
}

function selectBytes(
  { width, bytes, valid, trim, characters, nonAscii }: BytesColumn,
  rows: Uint32Array,
): Pick<BytesColumn, 'kind' | 'width' | 'bytes' | 'valid' | 'trim' | 'characters' | 'nonAscii'> {
  const gathered = new Uint8Array(((rows.length + 7) & ~7) * width)
  for (let i = 0; i < rows.length; i++) {
    const start = rows[i]! * width
    gathered.set(bytes.subarray(start, start + width), i * width)
  }
  return {
    kind: 'bytes',
    width,
    bytes: gathered,
    valid: gather(valid, rows),
    trim,
    characters,
    nonAscii,
  }
}
