import { listSpecs, loadSpec, type SpecSummary } from '../spec/load.js'
import type { CheckSpecCommand, ListSpecsCommand } from './args.js'
import { toJson } from './render.js'
import { writeStdout } from './terminal.js'

/** `--list-specs`: ids, data years, revisions. */
export async function showSpecs({ json }: ListSpecsCommand): Promise<void> {
  const specs = await listSpecs()
  if (json) {
    const list = specs.map(({ id, title, revision, dataYears, extends: base }) => ({
      id,
      title,
      revision,
      dataYears,
      extends: base,
    }))
    await writeStdout(`${toJson(list)}\n`)
    return
  }
  const rows = specs.map((spec) => [spec.id, years(spec), `revision ${spec.revision}`, spec.title])
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]!.length)))
  const lines = rows.map((row) =>
    row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '),
  )
  await writeStdout(`${lines.join('\n')}\n`)
}

function years({ dataYears }: SpecSummary): string {
  if (dataYears === null) return 'any year'
  const [first, last] = dataYears
  return first === last ? String(first) : `${first} to ${last ?? 'now'}`
}

/** `--check-spec FILE`: loads a spec as decoding would, and says what it holds. */
export async function checkSpec({ file, json }: CheckSpecCommand): Promise<void> {
  const spec = await loadSpec(file)
  const segments = spec.tables.map((table) => ({
    segment: table.name,
    levels: table.levels,
    columns: table.columns.length,
  }))
  if (json) {
    const { id, revision, title, dataYears } = spec
    await writeStdout(`${toJson({ id, revision, title, dataYears, segments })}\n`)
    return
  }
  const lines = segments.map(
    ({ segment, levels, columns }) =>
      `  ${segment}: ${columns} columns${levels.join('') === '' ? '' : `, level ${levels.join(', ')}`}`,
  )
  await writeStdout(`${file} is a good spec: ${spec.id}, revision ${spec.revision}\n`)
  await writeStdout(`${lines.join('\n')}\n`)
}
