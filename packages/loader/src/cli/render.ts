import type { LoadManifest, LoadPlan, SliceResult } from '../load-result.js'

/** Lines for people about one slice of a kind of source. */
export function sliceLines(kind: string, result: SliceResult): readonly string[] {
  return [...statusLines(kind, result), ...result.warnings.map((warning) => `  ${warning}`)]
}

function statusLines(
  kind: string,
  { slice, status, loadId, manifest, plan }: SliceResult,
): readonly string[] {
  const name = `${kind} ${slice}`
  if (status === 'skipped') {
    return [`${name}: skipped, the same content is in as load ${loadId ?? '?'}`]
  }
  if (plan !== null) return planLines(name, plan)
  return manifest === null ? [`${name}: ${status}`] : manifestLines(name, manifest)
}

function manifestLines(name: string, manifest: LoadManifest): readonly string[] {
  const { tables, loadId, timingsMs, issueCount, supersedes } = manifest
  const staged = sum(tables.map((table) => table.staged))
  const removed = sum(tables.map((table) => table.removed))
  const added = sum(tables.map((table) => table.added))
  const seconds = ((timingsMs.staging + timingsMs.commit) / 1000).toFixed(1)
  const lines = [`${name}: load ${loadId}, ${count(staged)} rows in ${seconds} s`]
  if (supersedes.length > 0) {
    lines.push(
      `  takes the place of load ${supersedes.join(', ')}: ${count(added)} rows added, ${count(removed)} removed`,
    )
  }
  const shown = tables.length > 1 ? tables : []
  for (const table of shown) {
    if (table.decoded === 0 && table.replaced === 0) continue
    const parts = [`${count(table.staged).padStart(12)}  ${table.table ?? '(no table)'}`]
    if (table.joined > 0) parts.push(`${count(table.joined)} joined`)
    if (table.withheld > 0) parts.push(`${count(table.withheld)} withheld`)
    if (table.notSelected > 0) parts.push(`${count(table.notSelected)} not selected`)
    lines.push(parts.join(', '))
  }
  if (issueCount > 0) {
    const codes = Object.entries(manifest.issues).sort(([, a], [, b]) => b - a)
    const list = codes.map(([code, number]) => `${code} ${count(number)}`).join(', ')
    lines.push(`  ${count(issueCount)} issues, in crimewh_issue: ${list}`)
  }
  return lines
}

function planLines(name: string, plan: LoadPlan): readonly string[] {
  const { expectedRows, unreadReason, inAlready } = plan
  const lines = [
    inAlready === null
      ? `${name}: would be loaded${expectedRows === null ? '' : `, ${count(expectedRows)} rows`}`
      : `${name}: is in as load ${inAlready}, and would be read again to see whether it changed`,
  ]
  if (unreadReason !== null) lines.push(`  rows not counted: ${unreadReason}`)
  const where = inAlready === null ? '' : ', if it changed'
  for (const { loadId, rows } of plan.supersedes) {
    lines.push(`  would take the place of load ${loadId}, ${count(rows)} rows${where}`)
  }
  for (const statement of plan.ddl) lines.push(`  ${statement}`)
  for (const statement of plan.destructiveDdl) {
    lines.push(`  refused without --allow-destructive: ${statement}`)
  }
  return lines
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}

/** A number with thousands apart. */
export function count(number: number): string {
  return number.toLocaleString('en-US')
}

/** Rows as a table, the first one its head; numbers to the right. */
export function textTable(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows
    .map((row) => {
      const cells = row.map((cell, column) => {
        const width = widths![column]!
        const isNumber = rows.slice(1).every((other) => /^[\d,]*$/.test(other[column]!))
        return isNumber ? cell.padStart(width) : cell.padEnd(width)
      })
      return `${cells.join('  ').trimEnd()}\n`
    })
    .join('')
}

/** The lines about an error: one sentence, statements to agree to, and under debug the stack. */
export function errorLines(error: unknown, debug: boolean): readonly string[] {
  const isUsage = error instanceof Error && error.name === 'UsageError'
  const lines = [`crimewh: ${messageOf(error)}${isUsage ? ' (see crimewh --help)' : ''}`]
  if (error instanceof Error && 'ddl' in error && Array.isArray(error.ddl)) {
    for (const statement of error.ddl as readonly string[]) lines.push(`  ${statement}`)
  }
  if (debug && error instanceof Error && error.stack !== undefined) {
    lines.push(error.stack)
    if (error.cause instanceof Error) lines.push(`caused by ${error.cause.stack ?? ''}`)
  } else if (!isOurs(error)) {
    lines.push('This is a fault of the program; --debug shows where it happened.')
  }
  return lines
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function isOurs(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (error.name === 'UsageError' || error.name === 'Interrupted') return true
  return 'code' in error && typeof error.code === 'string'
}

/** What `--json` says of an error: no stack and no cause, which could hold more than meant. */
export function errorFields(error: unknown): Readonly<Record<string, unknown>> {
  if (!(error instanceof Error)) return { message: String(error) }
  const fields: Record<string, unknown> = { name: error.name, message: error.message }
  const known = [
    'code',
    'retryable',
    'table',
    'column',
    'loadId',
    'slice',
    'source',
    'ddl',
    'holder',
  ]
  for (const key of known) {
    const value = (error as unknown as Record<string, unknown>)[key]
    if (value !== undefined) fields[key] = value
  }
  return fields
}

/** Most names in a line. */
const SHORT_LIST = 8

/** Names one after the other, the first few where there are many; `--json` has them all. */
export function shortList(names: readonly string[]): string {
  const more = names.length - SHORT_LIST
  return more > 0
    ? `${names.slice(0, SHORT_LIST).join(', ')} and ${count(more)} more`
    : names.join(', ')
}
