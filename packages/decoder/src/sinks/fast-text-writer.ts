import type { Column, SegmentBatch, SinkTable } from '../batch.js'
import { instantiate } from '../wasm/web-assembly.js'
import { findNullRuns, nullMarks, type NullRun } from './null-runs.js'
import { outputColumns, sourceColumn, type OutputColumn } from './output-columns.js'
import type { Output, TableWriter } from './table-sink.js'
import { MAX_ENTRY_BYTES } from './text-cells.js'
import type { TextFormat, TextParts } from './text-format.js'
import {
  OVERRUN_BYTES,
  STATE_POSITION,
  STATE_STOP,
  textRowModule,
  type CellPlan,
} from './text-row-module.js'
import { textUnits, type TextUnit } from './text-units.js'
import type { TextWorkspace } from './text-workspace.js'

/** Bytes of text gathered before they are written. */
const CHUNK_BYTES = 131_072
/** Rows, and bytes of their columns, copied into the writer's memory at a time. */
const SLICE_ROWS = 1024
const SLICE_BYTES = 1 << 18
/** Room for the digits, quotes and separators of a cell. */
const CELL_SPARE_BYTES = 32

interface RowLoops {
  /** See `textRowModule`. */
  rows(row: number, end: number, position: number, limit: number): number
  mark(count: number): void
}

/** Where the present shapes of columns lie in memory. */
interface Layout {
  readonly name: string
  readonly plans: readonly CellPlan[]
  readonly sliceRows: number
  /** Address of the text, and the position after which it is written out. */
  readonly text: number
  readonly limit: number
  /** Of the marks of run r: `marks + r * markBytes`. */
  readonly marks: number
  readonly markBytes: number
}

/**
 * Writes a table as text with WebAssembly generated for its columns: cells of dictionaries are
 * copied from pre-rendered tables, runs of nulls are one test and one copy. The bytes are those of
 * the format's reference way, which still writes the odd row that the generated code leaves.
 */
export class FastTextWriter implements TableWriter {
  readonly #format: TextFormat & { readonly parts: TextParts }
  readonly #outputs: readonly OutputColumn[]
  readonly #units: readonly TextUnit[]
  readonly #output: Output
  readonly #workspace: TextWorkspace
  readonly #layouts = new Map<string, Layout | null>()
  readonly #loops = new Map<string, RowLoops>()
  #runs: readonly NullRun[] = []
  #batchCount = 0

  /** @param workspace may be shared by writers of the same format that take turns */
  constructor(
    format: TextFormat & { readonly parts: TextParts },
    table: SinkTable,
    labels: boolean,
    workspace: TextWorkspace,
    output: Output,
  ) {
    this.#format = format
    this.#outputs = outputColumns(table, labels)
    this.#units = textUnits(this.#outputs, format.parts)
    this.#workspace = workspace
    this.#output = output
  }

  async start(): Promise<void> {
    const header = this.#format.header(this.#outputs)
    if (header !== '') await this.#output(Buffer.from(header))
  }

  async write(batch: SegmentBatch): Promise<void> {
    if (batch.rowCount === 0) return
    const columns = this.#units.map((unit) => sourceColumn(batch, unit.value))
    const layout = this.#prepare(columns, batch.rowCount)
    if (layout === null) return this.#writePlainly(batch, 0, batch.rowCount)
    const loops = this.#loopsFor(layout)
    let position = layout.text
    for (let start = 0; start < batch.rowCount; start += layout.sliceRows) {
      const count = Math.min(layout.sliceRows, batch.rowCount - start)
      this.#copyRows(columns, layout, start, count)
      if (this.#runs.length > 0) loops.mark(count)
      for (let row = 0; row < count;) {
        row = loops.rows(row, count, position, layout.limit)
        position = this.#state(STATE_POSITION)
        const leavesRow = this.#state(STATE_STOP) === 1
        if (leavesRow || position > layout.limit) {
          await this.#writeText(layout.text, position)
          position = layout.text
        }
        if (leavesRow) {
          await this.#writePlainly(batch, start + row, start + row + 1)
          row++
        }
      }
    }
    await this.#writeText(layout.text, position)
  }

  async end(): Promise<void> {}

  #state(address: number): number {
    const { buffer } = this.#workspace.memory.bytes
    return new DataView(buffer).getInt32(address, true)
  }

  async #writeText(start: number, end: number): Promise<void> {
    if (end > start) await this.#output(this.#workspace.memory.bytes.subarray(start, end))
  }

  async #writePlainly(batch: SegmentBatch, start: number, end: number): Promise<void> {
    const sources = this.#outputs.map((output) => sourceColumn(batch, output))
    await this.#output(Buffer.from(this.#format.rows(this.#outputs, sources, start, end)))
  }

  /**
   * Makes sure that memory is laid out for these columns, their tables are complete and their runs
   * of nulls are known; null when one of them cannot be written this way.
   */
  #prepare(columns: readonly Column[], rowCount: number): Layout | null {
    const name = columns.map(shapeOf).join()
    let layout = this.#layouts.get(name)
    if (layout === undefined) {
      layout = this.#layOut(name, columns)
      this.#layouts.set(name, layout)
    }
    if (layout === null) return null
    const isDue = isPowerOfEight(++this.#batchCount)
    const suits = (run: NullRun) =>
      columns.slice(run.start, run.end).every((column) => nullMarks(column) !== null)
    if (isDue || !this.#runs.every(suits)) this.#runs = findNullRuns(columns, rowCount)

    const { tables, memory } = this.#workspace
    tables.tidy()
    const plans: CellPlan[] = []
    for (const [index, plan] of layout.plans.entries()) {
      const column = columns[index]!
      if (plan.kind !== 'table' || column.kind !== 'dictionary') {
        plans.push(plan)
        continue
      }
      const table = tables.of(column, this.#units[index]!)
      if (!table.fits) return null
      plans.push({ ...plan, stride: table.stride })
      new DataView(memory.bytes.buffer).setInt32(plan.table, table.address, true)
    }
    return { ...layout, plans }
  }

  /** Takes room for a slice of the columns and for the text; null when one cannot be written. */
  #layOut(name: string, columns: readonly Column[]): Layout | null {
    const { parts } = this.#format
    const rowBytes = columns.reduce((sum, column) => sum + cellBytesOf(column) + 1, 0)
    const affordable = Math.floor(SLICE_BYTES / rowBytes / 16) * 16
    const sliceRows = Math.max(16, Math.min(SLICE_ROWS, affordable))
    const plans: CellPlan[] = []
    let textBytes = parts.rowStart.length + parts.rowEnd.length + OVERRUN_BYTES
    for (const [index, column] of columns.entries()) {
      const unit = this.#units[index]!
      const cells = this.#workspace.memory.take(sliceRows * cellBytesOf(column) + OVERRUN_BYTES)
      textBytes += parts.key(unit.value.name).length + unit.nullText.length + CELL_SPARE_BYTES
      switch (column.kind) {
        case 'dictionary': {
          const size = column.indices.BYTES_PER_ELEMENT as 1 | 2 | 4
          plans.push({
            kind: 'table',
            cells,
            size,
            table: this.#workspace.memory.take(4),
            stride: 0,
          })
          textBytes += MAX_ENTRY_BYTES
          continue
        }
        case 'number': {
          const { values, valid, scale } = column
          if (unit.label !== null || (scale !== 0 && scale !== 3)) return null
          const array =
            values instanceof Int32Array ? 'i32' : values instanceof Uint32Array ? 'u32' : 'f64'
          const validAt =
            valid === null ? null : this.#workspace.memory.take(sliceRows + OVERRUN_BYTES)
          plans.push({ kind: 'number', cells, array, scale, valid: validAt })
          continue
        }
        case 'bytes': {
          const { width, trim, characters } = column
          const texts = this.#workspace.byteTextsOf(characters)
          if (unit.label !== null || texts === null) return null
          const validAt = this.#workspace.memory.take(sliceRows + OVERRUN_BYTES)
          plans.push({ kind: 'bytes', cells, width, trim, valid: validAt, texts })
          textBytes += width * 6 + OVERRUN_BYTES
        }
      }
    }
    const markBytes = sliceRows
    const marks = this.#workspace.memory.take(markBytes * columns.length)
    const text = this.#workspace.memory.take(CHUNK_BYTES + textBytes)
    return { name, plans, sliceRows, text, limit: text + CHUNK_BYTES, marks, markBytes }
  }

  #copyRows(columns: readonly Column[], { plans }: Layout, start: number, count: number): void {
    const { bytes } = this.#workspace.memory
    const copy = (array: ArrayBufferView, size: number, address: number) => {
      const at = array.byteOffset + start * size
      bytes.set(new Uint8Array(array.buffer, at, count * size), address)
    }
    columns.forEach((column, index) => {
      const plan = plans[index]!
      switch (column.kind) {
        case 'dictionary':
          return copy(column.indices, column.indices.BYTES_PER_ELEMENT, plan.cells)
        case 'number':
          copy(column.values, column.values.BYTES_PER_ELEMENT, plan.cells)
          break
        case 'bytes':
          copy(column.bytes, column.width, plan.cells)
      }
      if (plan.kind !== 'table' && plan.valid !== null) copy(column.valid!, 1, plan.valid)
    })
  }

  #loopsFor(layout: Layout): RowLoops {
    const strides = layout.plans.map((plan) => (plan.kind === 'table' ? plan.stride : ''))
    const runNames = this.#runs.map(({ start, end }) => `${start}-${end}`)
    const name = `${layout.name} ${strides.join()} ${runNames.join()}`
    let loops = this.#loops.get(name)
    if (loops === undefined) {
      const module = textRowModule({
        units: this.#units,
        cells: layout.plans,
        runs: this.#runs.map((run, index) => ({
          ...run,
          marks: layout.marks + index * layout.markBytes,
        })),
        parts: this.#format.parts,
        digits: this.#workspace.digits,
      })
      loops = instantiate(module, this.#workspace.memory.memory) as unknown as RowLoops
      this.#loops.set(name, loops)
    }
    return loops
  }
}

function isPowerOfEight(count: number): boolean {
  return count === 1 || (count % 8 === 0 && isPowerOfEight(count / 8))
}

function cellBytesOf(column: Column): number {
  switch (column.kind) {
    case 'dictionary':
      return column.indices.BYTES_PER_ELEMENT
    case 'number':
      return column.values.BYTES_PER_ELEMENT
    case 'bytes':
      return column.width
  }
}

/** What the layout and the generated code depend on, apart from the units. */
function shapeOf(column: Column): string {
  switch (column.kind) {
    case 'dictionary':
      return `table${column.indices.BYTES_PER_ELEMENT}`
    case 'number':
      return `${column.values.constructor.name}${column.scale}${column.valid === null ? '' : '?'}`
    case 'bytes':
      return `bytes${column.width}${column.trim ? 't' : ''}`
  }
}
