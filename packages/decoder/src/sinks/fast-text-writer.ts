import type { Column, SegmentBatch, SinkTable } from '../batch.js'
import { instantiate } from '../wasm/web-assembly.js'
import { findNullRuns, nullMarks, type NullRun } from './null-runs.js'
import { outputColumns, sourceColumn, type OutputColumn } from './output-columns.js'
import type { Output, TableWriter } from './table-sink.js'
import type { TextFormat, TextParts } from './text-format.js'
import { isWritable, TextLayout } from './text-layout.js'
import { STATE_POSITION, STATE_STOP, textRowModule } from './text-row-module.js'
import { textUnits, type TextUnit } from './text-units.js'
import type { TextWorkspace } from './text-workspace.js'

/** See {@link textRowModule}. */
interface RowLoops {
  rows(row: number, end: number, position: number, limit: number): number
  mark(count: number): void
}

interface LayoutLoops {
  readonly layout: TextLayout
  /** Code by what it depends on besides the layout: strides of tables and runs of nulls. */
  readonly byName: Map<string, RowLoops>
  /** The code for the present strides and runs; null when they have changed. */
  current: RowLoops | null
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
  /** One, unless columns change the way they are held from batch to batch. */
  readonly #layouts: LayoutLoops[] = []
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
    const { rowCount } = batch
    if (rowCount === 0) return
    const columns = this.#units.map((unit) => sourceColumn(batch, unit.value))
    const entry = this.#layoutFor(columns)
    if (entry === null || !this.#readyTables(entry, columns)) {
      return this.#writePlainly(batch, 0, rowCount)
    }
    this.#readyRuns(columns, rowCount)
    const loops = this.#loopsFor(entry)
    const { text, limit, sliceRows } = entry.layout
    let position = text
    for (let start = 0; start < rowCount; start += sliceRows) {
      const count = Math.min(sliceRows, rowCount - start)
      entry.layout.copyRows(columns, start, count)
      if (this.#runs.length > 0) loops.mark(count)
      for (let row = 0; row < count;) {
        row = loops.rows(row, count, position, limit)
        position = this.#state(STATE_POSITION)
        const leavesRow = this.#state(STATE_STOP) === 1
        if (leavesRow || position > limit) {
          await this.#writeText(text, position)
          position = text
        }
        if (leavesRow) {
          await this.#writePlainly(batch, start + row, start + row + 1)
          row++
        }
      }
    }
    await this.#writeText(text, position)
  }

  async end(): Promise<void> {}

  #state(address: number): number {
    return new DataView(this.#workspace.memory.bytes.buffer).getInt32(address, true)
  }

  async #writeText(start: number, end: number): Promise<void> {
    if (end > start) await this.#output(this.#workspace.memory.bytes.subarray(start, end))
  }

  async #writePlainly(batch: SegmentBatch, start: number, end: number): Promise<void> {
    const sources = this.#outputs.map((output) => sourceColumn(batch, output))
    await this.#output(Buffer.from(this.#format.rows(this.#outputs, sources, start, end)))
  }

  #layoutFor(columns: readonly Column[]): LayoutLoops | null {
    let entry = this.#layouts.find(({ layout }) => layout.suits(columns))
    if (entry === undefined) {
      const workspace = this.#workspace
      const units = this.#units
      if (!columns.every((column, index) => isWritable(column, units[index]!, workspace))) {
        return null
      }
      const layout = new TextLayout(columns, units, this.#format.parts, workspace)
      entry = { layout, byName: new Map(), current: null }
      this.#layouts.push(entry)
    }
    return entry
  }

  /** Completes the tables of all dictionaries and notes where they are; false if one is unfit. */
  #readyTables(entry: LayoutLoops, columns: readonly Column[]): boolean {
    const { tables, memory } = this.#workspace
    const { plans } = entry.layout
    tables.tidy()
    const addresses: number[] = []
    for (const [index, plan] of plans.entries()) {
      const column = columns[index]!
      if (plan.kind !== 'table' || column.kind !== 'dictionary') continue
      const table = tables.of(column, this.#units[index]!)
      if (!table.fits) return false
      addresses.push(plan.table, table.address)
      if (table.stride === plan.stride) continue
      plans[index] = { ...plan, stride: table.stride }
      entry.current = null
    }
    // Only now has the memory done growing.
    const view = new DataView(memory.bytes.buffer)
    for (let at = 0; at < addresses.length; at += 2) {
      view.setInt32(addresses[at]!, addresses[at + 1]!, true)
    }
    return true
  }

  /** Looks for runs of nulls in the first batch, and again ever more seldom. */
  #readyRuns(columns: readonly Column[], rowCount: number): void {
    const stillRuns = this.#runs.every((run) => mayAllBeNull(columns, run))
    if (!isPowerOfEight(++this.#batchCount) && stillRuns) return
    this.#runs = findNullRuns(columns, rowCount)
    for (const entry of this.#layouts) entry.current = null
  }

  #loopsFor(entry: LayoutLoops): RowLoops {
    if (entry.current !== null) return entry.current
    const { layout, byName } = entry
    const strides = layout.plans.map((plan) => (plan.kind === 'table' ? plan.stride : ''))
    const runNames = this.#runs.map(({ start, end }) => `${start}-${end}`)
    const name = `${strides.join()} ${runNames.join()}`
    let loops = byName.get(name)
    if (loops === undefined) {
      const module = textRowModule({
        units: this.#units,
        cells: layout.plans,
        runs: this.#runs.map((run, index) => ({ ...run, marks: layout.marksOf(index) })),
        parts: this.#format.parts,
        digits: this.#workspace.digits,
      })
      loops = instantiate(module, this.#workspace.memory.memory) as unknown as RowLoops
      byName.set(name, loops)
    }
    entry.current = loops
    return loops
  }
}

function mayAllBeNull(columns: readonly Column[], run: NullRun): boolean {
  for (let index = run.start; index < run.end; index++) {
    if (nullMarks(columns[index]!) === null) return false
  }
  return true
}

function isPowerOfEight(count: number): boolean {
  return count === 1 || (count % 8 === 0 && isPowerOfEight(count / 8))
}
