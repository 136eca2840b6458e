import type { Dictionary } from '../batch.js'
import type { ColumnCells, FixedWidthCells, IndexCells, NumericCells } from './column-cells.js'
import type { IndexArray } from './kernels/kernels.js'

/** Rows by column, ready to be a row group. */
export interface BufferedRows {
  readonly columns: ReadonlyMap<string, ColumnCells>
  readonly rowCount: number
  /** True when no rows follow. */
  readonly last?: boolean
}

/**
 * Gathers batches of one segment into row groups of exactly `rowGroupRows` rows.
 *
 * Rows that fill a row group on their own are passed on as they are; others are copied. A row group
 * ends early only where a dictionary was replaced by another one, since its indexes then mean
 * something else. The arrays of a row group are good until the next one is asked for.
 */
export class RowBuffer {
  readonly #rowGroupRows: number
  #buffers = new Map<string, CellBuffer>()
  #rowCount = 0

  constructor(rowGroupRows: number) {
    this.#rowGroupRows = rowGroupRows
  }

  /** Takes a batch; gives the row groups that are full. To be run to its end. */
  *add(batch: BufferedRows): Generator<BufferedRows, void, undefined> {
    if (this.#rowCount > 0 && !this.#accepts(batch.columns)) yield* this.flush()
    let start = 0
    while (start < batch.rowCount) {
      const room = this.#rowGroupRows - this.#rowCount
      const end = Math.min(start + room, batch.rowCount)
      const unmixed = this.#rowCount === 0 && batch.last === true && end === batch.rowCount
      if (end - start === this.#rowGroupRows || unmixed) {
        yield { columns: slice(batch.columns, start, end), rowCount: end - start }
      } else {
        this.#copy(batch.columns, start, end)
        if (this.#rowCount === this.#rowGroupRows) yield* this.flush()
      }
      start = end
    }
  }

  /** Gives what is left, if anything. */
  *flush(): Generator<BufferedRows, void, undefined> {
    if (this.#rowCount === 0) return
    const rowCount = this.#rowCount
    this.#rowCount = 0
    const columns = new Map([...this.#buffers].map(([name, buffer]) => [name, buffer.cells()]))
    yield { columns, rowCount }
  }

  #accepts(columns: ReadonlyMap<string, ColumnCells>): boolean {
    for (const [name, column] of columns) {
      if (this.#buffers.get(name)?.accepts(column) !== true) return false
    }
    return true
  }

  #copy(columns: ReadonlyMap<string, ColumnCells>, start: number, end: number): void {
    for (const [name, column] of columns) {
      let buffer = this.#buffers.get(name)
      if (this.#rowCount === 0 && buffer?.restart(column) !== true) {
        buffer = bufferFor(column)
        this.#buffers.set(name, buffer)
      }
      buffer!.append(column, start, end, this.#rowCount)
    }
    this.#rowCount += end - start
  }
}

interface CellBuffer {
  /** Whether rows of the column can follow those already here. */
  accepts(column: ColumnCells): boolean
  /** Empties the buffer for the column; false when another buffer is needed for it. */
  restart(column: ColumnCells): boolean
  /** Copies rows `start` to `end` to row `at`. */
  append(column: ColumnCells, start: number, end: number, at: number): void
  cells(): ColumnCells
}

function bufferFor(column: ColumnCells): CellBuffer {
  switch (column.kind) {
    case 'dictionary':
      return new IndexBuffer(column)
    case 'number':
      return new NumberBuffer(column)
    case 'bytes':
      return new BytesBuffer(column)
  }
}

type GrowableArray = IndexArray | NumericCells['values']

/** Room for `count` elements, keeping those that are there. */
function withRoom<A extends GrowableArray>(array: A, count: number): A {
  if (count <= array.length) return array
  const SameType = array.constructor as new (length: number) => A
  const grown = new SameType(Math.max(array.length * 2, count))
  grown.set(array)
  return grown
}

class IndexBuffer implements CellBuffer {
  #dictionary: Dictionary
  #indices: IndexArray

  constructor(column: IndexCells) {
    this.#dictionary = column.dictionary
    this.#indices = new (column.indices.constructor as new () => IndexArray)()
  }

  accepts(column: ColumnCells): boolean {
    return column.kind === 'dictionary' && column.dictionary === this.#dictionary
  }

  restart(column: ColumnCells): boolean {
    if (column.kind !== 'dictionary') return false
    this.#dictionary = column.dictionary
    return true
  }

  append(column: IndexCells, start: number, end: number, at: number): void {
    const { indices } = column
    if (indices.BYTES_PER_ELEMENT > this.#indices.BYTES_PER_ELEMENT) {
      const Wider = indices.constructor as new (array: IndexArray) => IndexArray
      this.#indices = new Wider(this.#indices)
    }
    this.#indices = withRoom(this.#indices, at + end - start)
    this.#indices.set(indices.subarray(start, end), at)
  }

  cells(): IndexCells {
    return { kind: 'dictionary', indices: this.#indices, dictionary: this.#dictionary }
  }
}

class NumberBuffer implements CellBuffer {
  #values: NumericCells['values']
  #valid = new Uint8Array(0)
  #mayBeNull = false

  constructor(column: NumericCells) {
    this.#values = new (column.values.constructor as new () => NumericCells['values'])()
  }

  accepts(column: ColumnCells): boolean {
    return column.kind === 'number' && column.values.constructor === this.#values.constructor
  }

  restart(column: ColumnCells): boolean {
    this.#mayBeNull = false
    return this.accepts(column)
  }

  append(column: NumericCells, start: number, end: number, at: number): void {
    const { values, valid } = column
    this.#values = withRoom(this.#values, at + end - start)
    this.#values.set(values.subarray(start, end), at)
    this.#valid = withRoom(this.#valid, at + end - start)
    if (valid === null) this.#valid.fill(1, at, at + end - start)
    else {
      this.#mayBeNull = true
      this.#valid.set(valid.subarray(start, end), at)
    }
  }

  cells(): NumericCells {
    return { kind: 'number', values: this.#values, valid: this.#mayBeNull ? this.#valid : null }
  }
}

class BytesBuffer implements CellBuffer {
  #latest: FixedWidthCells
  #bytes = new Uint8Array(0)
  #valid = new Uint8Array(0)
  #nonAscii = false

  constructor(column: FixedWidthCells) {
    this.#latest = column
  }

  accepts(column: ColumnCells): boolean {
    return (
      column.kind === 'bytes' &&
      column.width === this.#latest.width &&
      column.trim === this.#latest.trim &&
      column.characters === this.#latest.characters
    )
  }

  restart(column: ColumnCells): boolean {
    this.#nonAscii = false
    return this.accepts(column)
  }

  append(column: FixedWidthCells, start: number, end: number, at: number): void {
    this.#latest = column
    const { bytes, valid, width, nonAscii } = column
    const rowCount = end - start
    this.#bytes = withRoom(this.#bytes, (at + rowCount) * width)
    this.#bytes.set(bytes.subarray(start * width, end * width), at * width)
    this.#valid = withRoom(this.#valid, at + rowCount)
    this.#valid.set(valid.subarray(start, end), at)
    this.#nonAscii ||= nonAscii
  }

  cells(): FixedWidthCells {
    const { width, trim, characters } = this.#latest
    return {
      kind: 'bytes',
      width,
      bytes: this.#bytes,
      valid: this.#valid,
      trim,
      characters,
      nonAscii: this.#nonAscii,
    }
  }
}

function slice(
  columns: ReadonlyMap<string, ColumnCells>,
  start: number,
  end: number,
): ReadonlyMap<string, ColumnCells> {
  if (start === 0) return columns
  return new Map([...columns].map(([name, column]) => [name, sliceCells(column, start, end)]))
}

function sliceCells(column: ColumnCells, start: number, end: number): ColumnCells {
  switch (column.kind) {
    case 'dictionary':
      return {
        kind: 'dictionary',
        indices: column.indices.subarray(start, end),
        dictionary: column.dictionary,
      }
    case 'number':
      return {
        kind: 'number',
        values: column.values.subarray(start, end),
        valid: column.valid?.subarray(start, end) ?? null,
      }
    case 'bytes': {
      const { width, trim, characters, nonAscii } = column
      return {
        kind: 'bytes',
        width,
        bytes: column.bytes.subarray(start * width, end * width),
        valid: column.valid.subarray(start, end),
        trim,
        characters,
        nonAscii,
      }
    }
  }
}
