import path from 'node:path'
import { type DecoderError, isDecoderError } from '../errors.js'
import { UsageError } from './args.js'
import { Interrupted } from './interrupt.js'
import { totalIssues, totalRows, type DecodeSummary } from './summary.js'

/** The summary of one decoding as lines for people. */
export function renderSummary(summary: DecodeSummary, elapsedMs: number): readonly string[] {
  const { stats, files } = summary
  const lines = table(
    files.map(({ segment, rows, file }) => [segment, count(rows), shortPath(file)]),
  )
  lines.push(
    `${counted(stats.records, 'record')} = ${counted(totalRows(stats), 'row')} + ` +
      `${counted(stats.joinedHeaderParts, 'joined header part')} + ` +
      `${count(stats.withheld)} withheld + ${count(stats.notSelected)} not selected`,
  )
  const issues = Object.entries(stats.issues).sort(([, a], [, b]) => b - a)
  lines.push(counted(totalIssues(stats), 'issue') + (issues.length === 0 ? '' : ':'))
  lines.push(...table(issues.map(([code, number]) => [code, count(number), ''])))
  lines.push(
    `${megabytes(stats.bytes)} in ${(elapsedMs / 1000).toFixed(1)} s, ` +
      `${(stats.bytes / 1e3 / Math.max(1, elapsedMs)).toFixed(0)} MB/s`,
  )
  return lines
}

/** A path as one would type it from here. */
function shortPath(file: string | null): string {
  if (file === null) return 'standard output'
  const relative = path.relative(process.cwd(), file)
  return relative.startsWith('..') ? file : relative
}

/** Rows of three cells in columns, the second one aligned to the right. */
function table(rows: readonly (readonly [string, string, string])[]): string[] {
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]!.length)))
  return rows.map(([first, second, third]) =>
    `  ${first.padEnd(widths[0]!)}  ${second.padStart(widths[1]!)}  ${third}`.trimEnd(),
  )
}

/** `1,234,567`. Not by locale, which takes 10 ms to look up at its first use. */
export function count(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',')
}

function counted(value: number, noun: string): string {
  return `${count(value)} ${noun}${value === 1 ? '' : 's'}`
}

function megabytes(bytes: number): string {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(2)} GB` : `${(bytes / 1e6).toFixed(1)} MB`
}

/** JSON for programs: two blanks deep, keys in the order of the types. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, null, 2)
}

/** What to do next on the command line, for errors whose message speaks to programs. */
const NEXT_STEPS: Readonly<Record<string, string>> = {
  OUTPUT_EXISTS: 'Add --force to overwrite, or name another folder with -o.',
  SPEC_NOT_DETECTED: 'Name the layout with --spec; --list-specs shows those there are.',
  INPUT_NO_ENTRY: 'Choose a file of the archive with --entry.',
}

/** An error as one sentence and the next step; with `debug` also where in the program it is from. */
export function errorLines(error: unknown, debug: boolean): readonly string[] {
  const next = nextStep(error)
  return [
    `nibrs-decode: ${sentence(error)}`,
    ...(next === undefined ? [] : [next]),
    ...(debug && error instanceof Error ? [error.stack ?? ''] : []),
  ]
}

/** An error as fields for programs: name, stable code, message and where it happened. */
export function errorFields(error: unknown): Readonly<Record<string, unknown>> {
  const name = error instanceof Error ? error.name : 'Error'
  if (!isDecoderError(error)) return { name, code: null, message: sentence(error) }
  // Own fields are the typed context; those that do not apply are undefined and so left out.
  return { ...error, name, code: error.code, message: error.message }
}

function sentence(error: unknown): string {
  if (error instanceof Interrupted) return `${error.message}; no partial file was left behind`
  if (isDecoderError(error)) return `${whereabouts(error)}${error.message} [${error.code}]`
  if (error instanceof UsageError) return error.message
  const message = error instanceof Error ? error.message : String(error)
  return `unexpected failure: ${message}; run again with --debug and report it`
}

/** The file an error is about, where its sentence does not name it. */
function whereabouts({ file, message }: DecoderError): string {
  return file === undefined || message.includes(path.basename(file)) ? '' : `${file}: `
}

function nextStep(error: unknown): string | undefined {
  if (error instanceof UsageError) return 'See nibrs-decode --help.'
  if (!isDecoderError(error)) return undefined
  // Naming a layout leads nowhere where the file is known to be something else.
  if (error.code === 'SPEC_NOT_DETECTED' && error.option !== 'spec') return undefined
  return NEXT_STEPS[error.code]
}
