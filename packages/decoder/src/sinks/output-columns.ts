import type { CellValue, Column, SegmentBatch, SinkTable } from '../batch.js'
import { OptionError } from '../errors.js'
import type { ColumnSpec } from '../spec/types.js'

/** One column of an output file: a column of the table, or the labels of its codes. */
export interface OutputColumn {
  readonly name: string
  readonly spec: ColumnSpec
  /** The cells are the codes' labels, in a column of their own beside the codes. */
  readonly isLabel: boolean
}

/**
 * Columns of a table's output, in order; with `labels`, `<name>_label` after each column that has a
 * code table.
 *
 * @throws {OptionError} OPTION_CONFLICT when the table already has a column of a label's name
 */
export function outputColumns(table: SinkTable, labels: boolean): readonly OutputColumn[] {
  const names = new Set(table.columns.map((spec) => spec.name))
  const columns: OutputColumn[] = []
  for (const spec of table.columns) {
    columns.push({ name: spec.name, spec, isLabel: false })
    if (!labels || spec.codes === undefined) continue
    const name = `${spec.name}_label`
    if (names.has(name)) {
      throw new OptionError(
        'OPTION_CONFLICT',
        `segment "${table.name}" already has a column "${name}", the name that labels would give to the labels of "${spec.name}"; turn labels off or rename the field in the spec`,
        { option: 'labels', segment: table.name, field: name },
      )
    }
    columns.push({ name, spec, isLabel: true })
  }
  return columns
}

/** The batch's column behind an output column. */
export function sourceColumn(batch: SegmentBatch, output: OutputColumn): Column {
  const column = batch.columns.get(output.spec.name)
  if (column === undefined) {
    throw new TypeError(
      `a batch of segment "${batch.segment}" lacks the column "${output.spec.name}" announced to the sink`,
    )
  }
  return column
}

/** One cell of an output column as a plain value. */
export function cellValue(output: OutputColumn, column: Column, row: number): CellValue {
  return output.isLabel ? column.label(row) : column.get(row)
}
