import type { OutputColumn } from './output-columns.js'
import type { TextParts } from './text-format.js'

/** A column of the table with what is written of it: its cell, and its label where asked for. */
export interface TextUnit {
  readonly value: OutputColumn
  readonly label: OutputColumn | null
  /** What stands for the unit in a row where its cell is null. */
  readonly nullText: string
}

/** Output columns as units, in order. */
export function textUnits(outputs: readonly OutputColumn[], parts: TextParts): readonly TextUnit[] {
  const nullText = parts.cell(null)
  const textOf = (output: OutputColumn) =>
    nullText === null ? '' : parts.key(output.name) + nullText + parts.separator
  const units: TextUnit[] = []
  for (const [index, value] of outputs.entries()) {
    if (value.isLabel) continue
    const next = outputs[index + 1]
    const label = next !== undefined && next.isLabel ? next : null
    units.push({
      value,
      label,
      nullText: textOf(value) + (label === null ? '' : textOf(label)),
    })
  }
  return units
}
