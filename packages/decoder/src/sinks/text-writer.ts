import type { Column, SinkTable } from '../batch.js'
import { outputColumns, sourceColumn } from './output-columns.js'
import { hasWasm } from '../wasm/web-assembly.js'
import { FastTextWriter } from './fast-text-writer.js'
import type { OpenTable, Output, TableWriter } from './table-sink.js'
import type { TextFormat } from './text-format.js'
import { TextWorkspace } from './text-workspace.js'

/** Cells made into text at a time by the plain way: bounds the strings held at once. */
const CELLS_PER_CHUNK = 65_536

/** Opens writers of a text format: generated row loops where possible, else the reference way. */
export function textWriters(format: TextFormat, labels: boolean): OpenTable {
  const { parts } = format
  let workspace: TextWorkspace | null = null
  return (table, _schema, output) => {
    const isAscii = table.columns.every(({ name }) => /^[\x20-\x7e]*$/.test(name))
    if (parts === null || !isAscii || !hasWasm()) {
      return plainTextWriter(format, table, labels, output)
    }
    workspace ??= new TextWorkspace(parts)
    return new FastTextWriter({ ...format, parts }, table, labels, workspace, output)
  }
}

/** Writes a table as text by the format's reference way. */
export function plainTextWriter(
  format: TextFormat,
  table: SinkTable,
  labels: boolean,
  output: Output,
): TableWriter {
  const columns = outputColumns(table, labels)
  const rowsPerChunk = Math.max(1, Math.floor(CELLS_PER_CHUNK / columns.length))
  return {
    async start() {
      const header = format.header(columns)
      if (header !== '') await output(Buffer.from(header))
    },
    async write(batch) {
      const sources: readonly Column[] = columns.map((column) => sourceColumn(batch, column))
      for (let start = 0; start < batch.rowCount; start += rowsPerChunk) {
        const end = Math.min(start + rowsPerChunk, batch.rowCount)
        await output(Buffer.from(format.rows(columns, sources, start, end)))
      }
    },
    async end() {},
  }
}
