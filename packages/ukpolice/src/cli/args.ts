import { parseArgs } from 'node:util'
import { isMonth } from '../month.js'

/** A mistake in the command line. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** What the command line asks for. */
export interface CliOptions {
  readonly command: string
  readonly operands: readonly string[]
  readonly within: string | undefined
  readonly at: string | undefined
  readonly location: string | undefined
  readonly policeForces: readonly string[]
  readonly since: string | undefined
  readonly until: string | undefined
  readonly months: readonly string[]
  readonly category: string | undefined
  readonly dataset: string | undefined
  readonly list: boolean
  readonly format: 'csv' | 'ndjson' | 'geojson' | undefined
  readonly output: string
  readonly force: boolean
  readonly cache: string | undefined
  readonly baseUrl: string | undefined
  readonly timeoutMs: number | undefined
  readonly strict: boolean
  readonly quiet: boolean
  readonly debug: boolean
  readonly version: boolean
  readonly help: boolean
}

/** The text of `--help`. */
export const helpText = `Usage: ukpolice <command> [options]

Commands
  crimes                 crimes of an area (--within, --at, --location), or the ones
                         without a place of a force (--police-force)
  outcomes               outcomes of an area (--within, --at, --location)
  stops                  stops of a force (--police-force) or an area
  forces                 every force
  neighbourhoods <force> [id]
                         the neighbourhoods of a force, or one with its boundary
  months                 published months, with the forces late with stops
  archive <source>       rows of a bulk archive: a file, an https address,
                         a month (2026-08) or "latest"

What
      --within <file>    an area of any size: GeoJSON polygons, "-" for stdin
      --at <lat,lng>     a mile around a point
      --location <id>    one map point, by location.street.id
      --police-force <id>  repeatable for archive
      --category <slug>  one category of crimes
      --dataset <name>   archive: street | outcomes | stop-and-search (default: street)
      --list             archive: list its files instead of rows

When (default: the newest published month; archive: all its months)
      --since <YYYY-MM>  first month
      --until <YYYY-MM>  last month (default: the newest published)
      --month <YYYY-MM>  just this one; repeatable

Output
      --format <name>    csv | ndjson | geojson (default: csv)
  -o, --output <file>    default "-", standard output
      --force            overwrite an existing file

Other
      --cache <dir>      keep answers in a folder
      --base-url <url>   another server (or UKPOLICE_BASE_URL)
      --timeout-ms <n>   for one attempt (default: 120000)
      --strict           unknown keys, words and bad archive rows are errors: exit 3
  -q, --quiet            errors only
      --no-color         accepted; nothing is coloured
      --debug            show stack traces
      --version  -h, --help

Exit: 0 done, 1 failed (also when a month failed), 2 usage, 3 data under --strict,
130 interrupted. Contains public sector information licensed under the Open
Government Licence v3.0.
`

const commands = ['crimes', 'outcomes', 'stops', 'forces', 'neighbourhoods', 'months', 'archive']

/** Options that make sense for each command, beside the common ones. */
const optionsOf: Readonly<Record<string, readonly string[]>> = {
  crimes: ['within', 'at', 'location', 'police-force', 'category', 'since', 'until', 'month'],
  outcomes: ['within', 'at', 'location', 'since', 'until', 'month'],
  stops: ['within', 'at', 'location', 'police-force', 'since', 'until', 'month'],
  forces: [],
  neighbourhoods: [],
  months: [],
  archive: ['police-force', 'dataset', 'list', 'since', 'until', 'month'],
}
const selecting = [...new Set(Object.values(optionsOf).flat())]

/** Reads the command line. @throws {UsageError} */
export function readArgs(argv: readonly string[]): CliOptions {
  let parsed: ReturnType<typeof parse>
  try {
    parsed = parse(argv)
  } catch (error) {
    throw new UsageError((error as Error).message, { cause: error })
  }
  const { values, positionals } = parsed
  const [command = '', ...operands] = positionals
  const done = values.help || values.version
  if (!done && !commands.includes(command)) {
    throw new UsageError(
      command === ''
        ? `say what to do: ${commands.join(', ')}`
        : `there is no command "${command}"; use ${commands.join(', ')}`,
    )
  }
  if (!done) {
    for (const name of selecting) {
      const given = values[name as keyof typeof values] !== undefined
      if (given && !optionsOf[command]?.includes(name)) {
        throw new UsageError(`"${command}" does not take --${name}`)
      }
    }
    const most = command === 'neighbourhoods' ? 2 : command === 'archive' ? 1 : 0
    const least = command === 'neighbourhoods' || command === 'archive' ? 1 : 0
    if (operands.length > most) {
      throw new UsageError(`"${command}" does not take "${operands[most] ?? ''}"`)
    }
    if (operands.length < least) {
      throw new UsageError(
        `"${command}" needs ${command === 'archive' ? 'a file, an address, a month or "latest"' : 'a force'}`,
      )
    }
  }
  for (const [name, text] of [
    ['since', values.since],
    ['until', values.until],
    ...(values.month ?? []).map((month) => ['month', month] as const),
  ] as const) {
    if (text !== undefined && !isMonth(text)) {
      throw new UsageError(`--${name} ${text} is not a month; write it as 2024-01`)
    }
  }
  if (values.month && (values.since ?? values.until)) {
    throw new UsageError('use either --month or --since and --until')
  }
  if (values.until && !values.since && command !== 'archive') {
    throw new UsageError('--until needs --since')
  }
  const { format } = values
  if (format !== undefined && format !== 'csv' && format !== 'ndjson' && format !== 'geojson') {
    throw new UsageError(`there is no format "${format}"; use csv, ndjson or geojson`)
  }
  const timeoutMs = values['timeout-ms'] === undefined ? undefined : Number(values['timeout-ms'])
  if (timeoutMs !== undefined && !(timeoutMs > 0)) {
    throw new UsageError(`--timeout-ms must be a number above 0, not ${values['timeout-ms']}`)
  }
  return {
    command,
    operands,
    within: values.within,
    at: values.at,
    location: values.location,
    policeForces: values['police-force'] ?? [],
    since: values.since,
    until: values.until,
    months: values.month ?? [],
    category: values.category,
    dataset: values.dataset,
    list: values.list ?? false,
    format,
    output: values.output ?? '-',
    force: values.force ?? false,
    cache: values.cache,
    baseUrl: values['base-url'],
    timeoutMs,
    strict: values.strict ?? false,
    quiet: values.quiet ?? false,
    debug: values.debug ?? false,
    version: values.version ?? false,
    help: values.help ?? false,
  }
}

function parse(argv: readonly string[]) {
  return parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      within: { type: 'string' },
      at: { type: 'string' },
      location: { type: 'string' },
      'police-force': { type: 'string', multiple: true },
      since: { type: 'string' },
      until: { type: 'string' },
      month: { type: 'string', multiple: true },
      category: { type: 'string' },
      dataset: { type: 'string' },
      list: { type: 'boolean' },
      format: { type: 'string' },
      output: { type: 'string', short: 'o' },
      force: { type: 'boolean' },
      cache: { type: 'string' },
      'base-url': { type: 'string' },
      'timeout-ms': { type: 'string' },
      strict: { type: 'boolean' },
      quiet: { type: 'boolean', short: 'q' },
      'no-color': { type: 'boolean' },
      debug: { type: 'boolean' },
      version: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  })
}
