import os from 'node:os'
import path from 'node:path'
import { parseArgs } from 'node:util'
import { outputName } from '../input/entry-name.js'

/** A mistake in the command itself: exit 2, with the sentence and a pointer to --help. */
export class UsageError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'UsageError'
  }
}

export type Format = 'parquet' | 'arrow' | 'csv' | 'ndjson'

/** How much and in what form the program talks. */
export interface OutputStyle {
  readonly json: boolean
  readonly quiet: boolean
  readonly color: boolean
  readonly debug: boolean
}

/** One file to decode and where its tables go. */
export interface InputPlan {
  /** Path as given; `-` is standard input. */
  readonly input: string
  /** Folder of the tables; null for standard output. */
  readonly directory: string | null
}

/** `nibrs-decode [options] <file | ->...`, checked and with defaults filled in. */
export interface DecodeCommand extends OutputStyle {
  readonly command: 'decode'
  readonly plans: readonly InputPlan[]
  /** Spec id or path; null to detect. */
  readonly spec: string | null
  readonly format: Format
  /** Segments asked for; empty for all. */
  readonly segments: readonly string[]
  readonly labels: boolean
  readonly threads: number
  /** Name or glob of the file in a zip; null for the largest. */
  readonly entry: string | null
  /** File for the issues; null for none. */
  readonly issues: string | null
  readonly strict: boolean
  readonly force: boolean
  /** Records to read at most; null for all. */
  readonly limit: number | null
  readonly dryRun: boolean
}

export interface ListSpecsCommand extends OutputStyle {
  readonly command: 'list-specs'
}

export interface CheckSpecCommand extends OutputStyle {
  readonly command: 'check-spec'
  readonly file: string
}

export type Command =
  | DecodeCommand
  | ListSpecsCommand
  | CheckSpecCommand
  | (OutputStyle & { readonly command: 'help' | 'version' })

interface Flag {
  readonly type: 'string' | 'boolean'
  readonly short?: string
  readonly multiple?: boolean
}

const FLAGS = {
  spec: { type: 'string', short: 's' },
  format: { type: 'string' },
  output: { type: 'string', short: 'o' },
  segment: { type: 'string', multiple: true },
  labels: { type: 'boolean' },
  threads: { type: 'string' },
  entry: { type: 'string' },
  issues: { type: 'string' },
  strict: { type: 'boolean' },
  force: { type: 'boolean' },
  limit: { type: 'string' },
  'dry-run': { type: 'boolean', short: 'n' },
  'list-specs': { type: 'boolean' },
  'check-spec': { type: 'string' },
  json: { type: 'boolean' },
  quiet: { type: 'boolean', short: 'q' },
  'no-color': { type: 'boolean' },
  debug: { type: 'boolean' },
  version: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const satisfies Record<string, Flag>

const FORMATS: readonly Format[] = ['parquet', 'arrow', 'csv', 'ndjson']
const MAX_THREADS = 64

export const HELP = `Usage: nibrs-decode [options] <file | ->...

Decodes FBI NIBRS master files, and any fixed-width file with a spec, to one table per segment.
A file may be plain text, gzip or a zip as the FBI publishes it; "-" is standard input.

  -s, --spec <id | file>  layout to apply         (default: detect, and say which)
      --format <name>     parquet | arrow | csv | ndjson   (default: parquet)
  -o, --output <dir | ->  folder for one file per segment (default: named after the input; one
                          folder per input when several); "-" is standard output and takes one
                          --segment and arrow, csv or ndjson
      --segment <name>    only this segment; repeatable
      --labels            add a label column beside every code column
      --threads <n>       threads to use          (default: cores, at most 4)
      --entry <glob>      which file in a zip     (default: the largest)
      --issues <file>     write every fault found in the data as NDJSON, in file order
      --strict            stop at the first fault in the data, exit 3
      --force             overwrite existing output
      --limit <n>         stop after n records
  -n, --dry-run           show spec, entries and first counts; write nothing
      --list-specs        ids, data years, revisions
      --check-spec <file> check a spec of your own
      --json              a summary for programs on standard output
  -q, --quiet             no progress and no summary
      --no-color          no color on standard error (also: NO_COLOR)
      --debug             show where in the program an error comes from
      --version
  -h, --help

Exit: 0 done, 1 failed, 2 usage, 3 fault in the data under --strict, 130 interrupted.
`

/**
 * Reads the command line.
 *
 * @throws {UsageError} for anything that is not understood
 */
export function parseArguments(argv: readonly string[]): Command {
  const { values, files } = readFlags(argv)
  const style: OutputStyle = {
    json: values.json === true,
    quiet: values.quiet === true,
    color: values['no-color'] !== true,
    debug: values.debug === true,
  }
  if (values.help === true) return { ...style, command: 'help' }
  if (values.version === true) return { ...style, command: 'version' }
  if (values['list-specs'] === true) return { ...style, command: 'list-specs' }
  if (typeof values['check-spec'] === 'string') {
    return { ...style, command: 'check-spec', file: values['check-spec'] }
  }
  return decodeCommand(values, files, style)
}

interface Values {
  [name: string]: string | boolean | string[] | undefined
}

function readFlags(argv: readonly string[]): { values: Values; files: string[] } {
  const { tokens } = parseArgs({
    args: [...argv],
    options: FLAGS,
    strict: false,
    allowPositionals: true,
    tokens: true,
  })
  const values: Values = {}
  const files: string[] = []
  for (const token of tokens) {
    if (token.kind === 'positional') files.push(token.value)
    if (token.kind !== 'option') continue
    const flag: Flag | undefined = (FLAGS as Record<string, Flag>)[token.name]
    if (flag === undefined) throw unknownFlag(token.rawName, token.name)
    if (flag.type === 'boolean') {
      if (token.value !== undefined) {
        throw new UsageError(`${token.rawName} takes no value, got "${token.value}"`)
      }
      values[token.name] = true
      continue
    }
    // `--spec --force` has parseArgs take the next flag for the value.
    if (token.value === undefined || (!token.inlineValue && /^-./.test(token.value))) {
      throw new UsageError(`${token.rawName} needs a value`)
    }
    if (flag.multiple === true) {
      values[token.name] = [...((values[token.name] as string[] | undefined) ?? []), token.value]
    } else if (values[token.name] !== undefined) {
      throw new UsageError(`${token.rawName} is given twice; give it once`)
    } else {
      values[token.name] = token.value
    }
  }
  return { values, files }
}

function unknownFlag(rawName: string, name: string): UsageError {
  const close = nearest(name, Object.keys(FLAGS))
  const hint = close === null ? '' : `; did you mean --${close}?`
  return new UsageError(`there is no option ${rawName}${hint}`)
}

function decodeCommand(
  values: Values,
  files: readonly string[],
  style: OutputStyle,
): DecodeCommand {
  if (files.length === 0) throw new UsageError('no file given; name one, or "-" for standard input')
  if (files.filter((file) => file === '-').length > 1) {
    throw new UsageError('"-" is given twice; standard input can be read once')
  }
  const format = oneOf('--format', values.format ?? 'parquet', FORMATS)
  const segments = [...new Set((values.segment as string[] | undefined) ?? [])]
  const output = text(values.output)
  if (output === '-') {
    if (files.length > 1) {
      throw new UsageError(`-o - takes one file, got ${files.length}; decode them one by one`)
    }
    if (format === 'parquet') {
      throw new UsageError(
        '-o - cannot write Parquet to a stream; add --format csv, ndjson or arrow',
      )
    }
    if (segments.length > 1) {
      throw new UsageError(`-o - takes one --segment, got ${segments.length}`)
    }
  }
  const issues = text(values.issues)
  if (issues === '-') {
    throw new UsageError('--issues takes a file, not a stream; name one, such as issues.ndjson')
  }
  return {
    ...style,
    command: 'decode',
    plans: plans(files, output),
    spec: text(values.spec),
    format,
    segments,
    labels: values.labels === true,
    threads:
      values.threads === undefined
        ? Math.min(4, os.availableParallelism())
        : wholeNumber('--threads', values.threads, 1, MAX_THREADS),
    entry: text(values.entry),
    issues,
    strict: values.strict === true,
    force: values.force === true,
    limit:
      values.limit === undefined
        ? null
        : wholeNumber('--limit', values.limit, 1, Number.MAX_SAFE_INTEGER),
    dryRun: values['dry-run'] === true,
  }
}

function text(value: Values[string]): string | null {
  return typeof value === 'string' ? value : null
}

function plans(files: readonly string[], output: string | null): readonly InputPlan[] {
  if (output === '-') return [{ input: files[0]!, directory: null }]
  if (output !== null && files.length === 1) return [{ input: files[0]!, directory: output }]
  const made = files.map((input) => ({
    input,
    directory: path.join(output ?? '.', folderName(input, output ?? '.')),
  }))
  for (const [index, plan] of made.entries()) {
    const other = made.findIndex((candidate) => candidate.directory === plan.directory)
    if (other < index) {
      throw new UsageError(
        `${made[other]!.input} and ${plan.input} would both be written to ${plan.directory}; ` +
          'decode them one by one with -o',
      )
    }
  }
  return made
}

/** The input's name without endings; never the input's own path. */
function folderName(input: string, parent: string): string {
  if (input === '-') return 'stdin'
  const name = outputName(input) || 'decoded'
  const taken = path.resolve(parent, name) === path.resolve(input)
  return taken ? `${name}-decoded` : name
}

function oneOf<T extends string>(flag: string, value: Values[string], allowed: readonly T[]): T {
  const found = allowed.find((item) => item === value)
  if (found !== undefined) return found
  const close = nearest(String(value), allowed)
  const hint = close === null ? '' : `; did you mean ${close}?`
  throw new UsageError(`${flag} is "${String(value)}", expected ${allowed.join(', ')}${hint}`)
}

function wholeNumber(flag: string, value: Values[string], low: number, high: number): number {
  // 1e6 is welcome where a million is meant.
  const number = /^\d+(e\d+)?$/i.test(String(value)) ? Number(value) : NaN
  if (number >= low && number <= high) return number
  const upTo = high === Number.MAX_SAFE_INTEGER ? `from ${low}` : `from ${low} to ${high}`
  throw new UsageError(`${flag} is "${String(value)}", expected a whole number ${upTo}`)
}

/** The word of `words` that is closest to a misspelt one; null when none is close. */
export function nearest(word: string, words: readonly string[]): string | null {
  let found: string | null = null
  let least = Math.max(1, Math.floor(word.length / 3)) + 1
  for (const candidate of words) {
    const distance = editDistance(word.toLowerCase(), candidate)
    if (distance < least) {
      least = distance
      found = candidate
    }
  }
  return found
}

/** Letters to insert, delete or replace to make one word of the other (Levenshtein). */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      row.push(Math.min(replaced, previous[j]! + 1, row[j - 1]! + 1))
    }
    previous = row
  }
  return previous[b.length]!
}
