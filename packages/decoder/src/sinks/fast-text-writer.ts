import type { Column, SegmentBatch, SinkTable } from '../batch.js'
import { findNullRuns, type NullRun } from './null-runs.js'
import { cellValue, outputColumns, sourceColumn, type OutputColumn } from './output-columns.js'
import type { Output, TableWriter } from './table-sink.js'
import type { CellTables } from './text-cells.js'
import type { TextFormat, TextParts } from './text-format.js'
import {
  generateRows,
  shapeName,
  type CellShape,
  type CellSource,
  type RowState,
  type WriteRows,
} from './text-rows.js'
import { PlainBytes } from './plain-bytes.js'
import { textUnits, type TextUnit } from './text-units.js'

/** Bytes gathered before they are written. */
const CHUNK_BYTES = 262_144
/** Room behind a row for copies of whole words. */
const SPARE_BYTES = 64
/** Room for quotes, separators and the digits of a number. */
const CELL_SPARE_BYTES = 32

/**
 * Writes a table as text with a row loop generated for its columns, cells of dictionaries being
 * copied from pre-rendered tables. The bytes are those of the format's reference way.
 *
 * Nothing is allocated per row. Cells that need escapes or are out of the ordinary take a slower
 * way, one by one.
 */
export class FastTextWriter implements TableWriter, RowState {
  readonly #format: TextFormat
  readonly #parts: TextParts
  readonly #outputs: readonly OutputColumn[]
  readonly #units: readonly TextUnit[]
  readonly #tables: CellTables
  readonly #output: Output
  readonly #plain: PlainBytes
  readonly #sources: CellSource[]
  readonly #loops = new Map<string, WriteRows>()
  #runs: readonly NullRun[] = []
  #batchCount = 0
  #columns: readonly Column[] = []
  #bytes = Buffer.alloc(0)
  #view = new DataView(this.#bytes.buffer)
  #chunkBytes = CHUNK_BYTES
  position = 0

  constructor(
    format: TextFormat & { readonly parts: TextParts },
    table: SinkTable,
    labels: boolean,
    tables: CellTables,
    output: Output,
  ) {
    this.#format = format
    this.#parts = format.parts
    this.#outputs = outputColumns(table, labels)
    this.#units = textUnits(this.#outputs, format.parts)
    this.#tables = tables
    this.#output = output
    this.#plain = new PlainBytes(format.parts.specialCharacters)
    this.#sources = this.#units.map(() => ({
      cells: NO_BYTES,
      valid: NO_BYTES,
      words: new Float64Array(0),
      lengths: new Uint16Array(0),
      view: new DataView(NO_BYTES.buffer),
    }))
  }

  async start(): Promise<void> {
    const header = this.#format.header(this.#outputs)
    if (header !== '') await this.#output(Buffer.from(header))
  }

  async write(batch: SegmentBatch): Promise<void> {
    if (batch.rowCount === 0) return
    const { rowCount } = batch
    const columns = this.#units.map((unit) => sourceColumn(batch, unit.value))
    this.#columns = columns
    let rowBytes = SPARE_BYTES
    const shapes = columns.map((column, index) => {
      const [shape, cellBytes] = this.#prepare(column, index, rowCount)
      rowBytes += cellBytes + this.#units[index]!.nullText.length
      return shape
    })
    this.#makeRoom(rowBytes)
    this.#markRuns(rowCount)
    const loop = this.#loop(shapes)
    const limit = this.#bytes.length - rowBytes
    for (let row = 0; row < rowCount;) {
      row = loop(
        this.#sources,
        this.#runs,
        this,
        this.#bytes,
        this.#view,
        row,
        rowCount,
        this.position,
        limit,
      )
      if (this.position >= this.#chunkBytes) await this.#flush()
    }
  }

  async end(): Promise<void> {
    await this.#flush()
  }

  /** See {@link RowState}. */
  writeCell(unit: number, row: number, position: number): number {
    const { value, label } = this.#units[unit]!
    const column = this.#columns[unit]!
    let at = this.#writeValue(value, column, row, position)
    if (label !== null) at = this.#writeValue(label, column, row, at)
    return at
  }

  #writeValue(output: OutputColumn, column: Column, row: number, position: number): number {
    const text = this.#parts.cell(cellValue(output, column, row))
    if (text === null) return position
    const whole = this.#parts.key(output.name) + text + this.#parts.separator
    return position + this.#bytes.write(whole, position)
  }

  async #flush(): Promise<void> {
    if (this.position === 0) return
    const { position } = this
    this.position = 0
    await this.#output(this.#bytes.subarray(0, position))
  }

  /** Sets what the loop reads of a column; returns how it is written and its longest cell. */
  #prepare(column: Column, index: number, rowCount: number): readonly [CellShape, number] {
    const unit = this.#units[index]!
    const source = this.#sources[index]!
    const keyBytes = this.#parts.key(unit.value.name).length + CELL_SPARE_BYTES
    switch (column.kind) {
      case 'dictionary': {
        const table = this.#tables.of(column, unit)
        if (!table.fits) break
        const { indices } = column
        source.cells = indices
        source.words = table.words
        source.lengths = table.lengths
        const array = indices.constructor.name
        const { wordsPerCell, maxLength } = table
        return [{ kind: 'words', array, wordsPerCell }, keyBytes + maxLength]
      }
      case 'number': {
        const { values, valid, scale } = column
        if (unit.label !== null || (scale !== 0 && scale !== 3)) break
        source.cells = values
        source.valid = valid ?? NO_BYTES
        const kind = scale === 0 ? 'whole' : 'thousandths'
        const array = values.constructor.name
        return [{ kind, array, hasNulls: valid !== null }, keyBytes]
      }
      case 'bytes': {
        const { bytes, valid, width, trim } = column
        if (unit.label !== null || !this.#plain.test(bytes, rowCount * width)) break
        source.cells = bytes
        source.valid = valid
        source.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
        return [{ kind: 'bytes', width, trim }, keyBytes + width]
      }
    }
    return [{ kind: 'call' }, keyBytes + this.#longestCell(column, unit)]
  }

  /** Bytes the slow way may need for a cell: six for a character of JSON, three for one of CSV. */
  #longestCell(column: Column, unit: TextUnit): number {
    let length = column.kind === 'bytes' ? column.width : 32
    if (column.kind === 'dictionary') {
      for (const value of column.dictionary.values) length = Math.max(length, String(value).length)
    }
    if (unit.label !== null) {
      for (const { label } of column.codes?.codes.values() ?? []) length += label.length
    }
    const labelKey = unit.label === null ? 0 : this.#parts.key(unit.label.name).length
    return length * 6 + labelKey
  }

  #makeRoom(rowBytes: number): void {
    const needed = CHUNK_BYTES + rowBytes
    if (needed <= this.#bytes.length) return
    const larger = Buffer.allocUnsafeSlow(needed)
    this.#bytes.copy(larger, 0, 0, this.position)
    this.#bytes = larger
    this.#view = new DataView(larger.buffer, larger.byteOffset, larger.byteLength)
  }

  #markRuns(rowCount: number): void {
    if (
      isPowerOfEight(++this.#batchCount) ||
      !this.#runs.every((run) => run.suits(this.#columns))
    ) {
      this.#runs = findNullRuns(this.#columns, rowCount)
    }
    for (const run of this.#runs) run.mark(this.#columns, rowCount)
  }

  #loop(shapes: readonly CellShape[]): WriteRows {
    const runNames = this.#runs.map((run) => run.name)
    const name = `${shapes.map(shapeName).join()} ${runNames.join()}`
    let loop = this.#loops.get(name)
    if (loop === undefined) {
      loop = generateRows(this.#units, shapes, this.#runs, this.#parts)
      this.#loops.set(name, loop)
    }
    return loop
  }
}

const NO_BYTES = new Uint8Array(0)

function isPowerOfEight(count: number): boolean {
  return count === 1 || (count % 8 === 0 && isPowerOfEight(count / 8))
}
