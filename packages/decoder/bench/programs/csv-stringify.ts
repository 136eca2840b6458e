/*
 * A peer: the same rows written with csv-stringify, as a user of the package would. Decoding is ours
 * and the text of repeated values is made once, so that the time is that of csv-stringify. Arguments:
 * text, spec, folder.
 */
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import path from 'node:path'
import { type Column, decode, type Dictionary, loadSpec, openInput } from '@nibrs/decoder'
import { stringify } from 'csv-stringify/sync'

const ROWS = 4096
const OPTIONS = {
  quote_record_delimiter: true,
  cast: { boolean: (value: boolean) => (value ? 'true' : 'false') },
}

type Cell = string | number | boolean | null

const [file, id, folder] = process.argv.slice(2) as [string, string, string]
const decoding = decode(openInput(file), await loadSpec(id))
const outputs = new Map<string, number>()
mkdirSync(folder, { recursive: true })
for (const { name, columns } of decoding.sinkSchema.tables) {
  const output = openSync(path.join(folder, `${name}.csv`), 'w')
  outputs.set(name, output)
  writeSync(output, stringify([columns.map((column) => column.name)], OPTIONS))
}
const dates = new WeakMap<Dictionary, Cell[]>()
for await (const batch of decoding) {
  const readers = [...batch.columns.values()].map(readerOf)
  for (let start = 0; start < batch.rowCount; start += ROWS) {
    const end = Math.min(start + ROWS, batch.rowCount)
    const rows: Cell[][] = []
    for (let row = start; row < end; row++) rows.push(readers.map((read) => read(row)))
    writeSync(outputs.get(batch.segment)!, stringify(rows, OPTIONS))
  }
}
for (const output of outputs.values()) closeSync(output)

/** Reads a cell of a column; quicker than `get`, which checks the row and makes each date anew. */
function readerOf(column: Column): (row: number) => Cell {
  if (column.kind !== 'dictionary') return (row) => column.get(row)
  const { indices, dictionary } = column
  if (column.type !== 'date') return (row) => dictionary.values[indices[row]!]!
  const known = dates.get(dictionary) ?? [null]
  dates.set(dictionary, known)
  return (row) => (known[indices[row]!] ??= column.get(row))
}
