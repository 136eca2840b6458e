import type { Column, NumberColumn } from '../batch.js'
import type { CellPlan } from './cell-plan.js'
import { MAX_ENTRY_BYTES } from './text-cells.js'
import type { TextParts } from './text-format.js'
import { OVERRUN_BYTES } from './text-row-module.js'
import type { TextUnit } from './text-units.js'
import type { TextWorkspace } from './text-workspace.js'

/** Bytes of text gathered before they are written. */
const CHUNK_BYTES = 131_072
/** Rows, and bytes of their columns, that are copied into the workspace at a time. */
const SLICE_ROWS = 2048
const SLICE_BYTES = 1 << 19
/** Room for the digits, quotes and separators of a cell. */
const CELL_SPARE_BYTES = 32

/** Room in a workspace for the rows and the text of a table, for columns held in a certain way. */
export class TextLayout {
  /** A plan is replaced when the stride of its table changes. */
  readonly plans: CellPlan[] = []
  readonly sliceRows: number
  /** Address of the text, and the position from which on it is due to be written. */
  readonly text: number
  readonly limit: number
  readonly #marks: number
  readonly #workspace: TextWorkspace

  /** The columns must be writable, see {@link isWritable}. */
  constructor(
    columns: readonly Column[],
    units: readonly TextUnit[],
    parts: TextParts,
    workspace: TextWorkspace,
  ) {
    this.#workspace = workspace
    const { memory } = workspace
    const rowBytes = columns.reduce((sum, column) => sum + cellBytesOf(column) + 1, 0)
    const affordable = Math.floor(SLICE_BYTES / rowBytes / 16) * 16
    this.sliceRows = Math.max(16, Math.min(SLICE_ROWS, affordable))
    let textBytes = parts.rowStart.length + parts.rowEnd.length + OVERRUN_BYTES
    for (const [index, column] of columns.entries()) {
      const { value, nullText } = units[index]!
      textBytes += parts.key(value.name).length + nullText.length + CELL_SPARE_BYTES
      textBytes += longestCell(column)
      this.plans.push(this.#planOf(column))
    }
    this.#marks = memory.take(this.sliceRows * columns.length)
    this.text = memory.take(CHUNK_BYTES + textBytes)
    this.limit = this.text + CHUNK_BYTES
  }

  /** Address of the marks of a run of nulls. */
  marksOf(run: number): number {
    return this.#marks + run * this.sliceRows
  }

  /** True when the columns of a batch are held as this layout has them. */
  suits(columns: readonly Column[]): boolean {
    return this.plans.every((plan, index) => {
      const column = columns[index]!
      switch (column.kind) {
        case 'dictionary':
          return plan.kind === 'table' && plan.size === column.indices.BYTES_PER_ELEMENT
        case 'number':
          return (
            plan.kind === 'number' &&
            plan.array === arrayOf(column) &&
            plan.scale === column.scale &&
            (plan.valid === null) === (column.valid === null)
          )
        case 'bytes':
          return (
            plan.kind === 'bytes' &&
            plan.width === column.width &&
            plan.trim === column.trim &&
            plan.texts === this.#workspace.byteTextsOf(column.characters)
          )
      }
    })
  }

  /** Copies rows `start` to `start + count` of the columns, at most `sliceRows` of them. */
  copyRows(columns: readonly Column[], start: number, count: number): void {
    const { bytes } = this.#workspace.memory
    const copy = (array: ArrayBufferView, size: number, address: number) => {
      const at = array.byteOffset + start * size
      bytes.set(new Uint8Array(array.buffer, at, count * size), address)
    }
    for (const [index, plan] of this.plans.entries()) {
      const column = columns[index]!
      const cells = column.kind === 'dictionary' ? column.indices : contentsOf(column)
      copy(cells, cellBytesOf(column), plan.cells)
      if (plan.kind === 'table' || plan.valid === null || column.kind === 'dictionary') continue
      copy(column.valid!, 1, plan.valid)
    }
  }

  #planOf(column: Column): CellPlan {
    const { memory } = this.#workspace
    const cells = memory.take(this.sliceRows * cellBytesOf(column) + OVERRUN_BYTES)
    const takeValid = () => memory.take(this.sliceRows + OVERRUN_BYTES)
    switch (column.kind) {
      case 'dictionary': {
        const size = column.indices.BYTES_PER_ELEMENT as 1 | 2 | 4
        return { kind: 'table', cells, size, table: memory.take(4), stride: 0 }
      }
      case 'number': {
        const valid = column.valid === null ? null : takeValid()
        const scale = column.scale as 0 | 3
        return { kind: 'number', cells, array: arrayOf(column), scale, valid }
      }
      case 'bytes': {
        const { width, trim, characters } = column
        const texts = this.#workspace.byteTextsOf(characters)!
        return { kind: 'bytes', cells, width, trim, valid: takeValid(), texts }
      }
    }
  }
}

/** True when the generated code can write the column. */
export function isWritable(column: Column, unit: TextUnit, workspace: TextWorkspace): boolean {
  switch (column.kind) {
    case 'dictionary':
      return true
    case 'number':
      return unit.label === null && (column.scale === 0 || column.scale === 3)
    case 'bytes':
      return unit.label === null && workspace.byteTextsOf(column.characters) !== null
  }
}

function contentsOf(column: Exclude<Column, { kind: 'dictionary' }>): ArrayBufferView {
  return column.kind === 'bytes' ? column.bytes : column.values
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

/** Bytes of the longest text of a cell; a byte takes six at most, as `\u001f`. */
function longestCell(column: Column): number {
  switch (column.kind) {
    case 'dictionary':
      return MAX_ENTRY_BYTES
    case 'number':
      return 0
    case 'bytes':
      return column.width * 6 + OVERRUN_BYTES
  }
}

function arrayOf({ values }: NumberColumn): 'i32' | 'u32' | 'f64' {
  return values instanceof Int32Array ? 'i32' : values instanceof Uint32Array ? 'u32' : 'f64'
}
