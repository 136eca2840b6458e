import { parseArgs } from 'node:util'
import type { UkPoliceDataset } from '../sources/index.js'
import { UKPOLICE_DATASETS } from '../sources/ukpolice-tables.js'
import {
  CONTRACT_MODES,
  type Disposition,
  DISPOSITIONS,
  type MaxIssues,
  parseMaxIssues,
} from '../options.js'
import type { ContractMode } from '../source.js'

/** A mistake in the command itself: exit 2, with the sentence and a pointer to --help. */
export class UsageError extends Error {
  /** For `--json`. */
  readonly code = 'USAGE'

  constructor(message: string) {
    super(message)
    this.name = 'UsageError'
  }
}

/** Every command, as typed. */
export const COMMANDS = [
  'load nibrs',
  'load ukpolice',
  'load ukpolice-archive',
  'sync ukpolice',
  'loads list',
  'loads remove',
  'loads purge',
  'schema print',
] as const

export type CommandName = (typeof COMMANDS)[number]

const FLAGS = {
  to: { type: 'string' },
  'password-file': { type: 'string' },
  disposition: { type: 'string' },
  force: { type: 'boolean' },
  contract: { type: 'string' },
  'max-issues': { type: 'string' },
  'allow-destructive': { type: 'boolean' },
  'lock-wait': { type: 'string' },
  retries: { type: 'string' },
  manifests: { type: 'string' },
  'dry-run': { type: 'boolean', short: 'n' },
  spec: { type: 'string' },
  'data-year': { type: 'string' },
  state: { type: 'string' },
  entry: { type: 'string' },
  dataset: { type: 'string', multiple: true },
  'police-force': { type: 'string', multiple: true },
  since: { type: 'string' },
  until: { type: 'string' },
  within: { type: 'string' },
  area: { type: 'string' },
  recheck: { type: 'string' },
  'base-url': { type: 'string' },
  source: { type: 'string' },
  dialect: { type: 'string' },
  json: { type: 'boolean' },
  quiet: { type: 'boolean', short: 'q' },
  'no-color': { type: 'boolean' },
  debug: { type: 'boolean' },
  version: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const

type Flag = keyof typeof FLAGS

const EVERYWHERE: readonly Flag[] = ['json', 'quiet', 'no-color', 'debug', 'version', 'help']
const WHERE: readonly Flag[] = ['to', 'password-file']
const LOADING: readonly Flag[] = [
  ...WHERE,
  'disposition',
  'force',
  'contract',
  'max-issues',
  'allow-destructive',
  'lock-wait',
  'retries',
  'manifests',
  'dry-run',
]
const PUBLISHED: readonly Flag[] = ['dataset', 'police-force', 'since', 'until']

const TAKES: Readonly<Record<CommandName, readonly Flag[]>> = {
  'load nibrs': [...LOADING, 'spec', 'data-year', 'state', 'entry'],
  'load ukpolice': [...LOADING, ...PUBLISHED, 'within', 'area', 'base-url'],
  'load ukpolice-archive': [...LOADING, ...PUBLISHED],
  'sync ukpolice': [...LOADING, ...PUBLISHED, 'recheck', 'base-url'],
  'loads list': [...WHERE, 'source'],
  'loads remove': [...WHERE, 'lock-wait', 'force'],
  'loads purge': [...WHERE, 'lock-wait'],
  'schema print': ['dialect', 'source', 'spec'],
}

const OPERANDS: Readonly<
  Record<CommandName, readonly [least: number, most: number, what: string]>
> = {
  'load nibrs': [1, 1, 'a file'],
  'load ukpolice': [0, 0, ''],
  'load ukpolice-archive': [1, 1, 'a file, an https address, a month or "latest"'],
  'sync ukpolice': [0, 0, ''],
  'loads list': [0, 0, ''],
  'loads remove': [1, 1, 'the id of a load; "crimewh loads list" shows them'],
  'loads purge': [0, 0, ''],
  'schema print': [0, 0, ''],
}

/** A command line, read and checked as far as it can be without looking at anything. */
export interface Command {
  /** Null for `--help` and `--version`. */
  readonly name: CommandName | null
  readonly operands: readonly string[]
  readonly help: boolean
  readonly version: boolean
  readonly json: boolean
  readonly quiet: boolean
  readonly debug: boolean
  /** The flag's text; null when it was not given. */
  text(flag: Flag): string | null
  is(flag: Flag): boolean
  readonly policeForces: readonly string[]
  /** Those given; empty when none was. */
  readonly datasets: readonly UkPoliceDataset[]
  readonly disposition: Disposition
  readonly contract: ContractMode | null
  readonly maxIssues: MaxIssues | null
  readonly lockWaitMs: number
  /** Null for the default. */
  readonly retries: number | null
  /** A whole number; null when the flag was not given. */
  whole(flag: Flag, low: number, high: number): number | null
  month(flag: 'since' | 'until'): string | null
}

/** Reads a command line. @throws {UsageError} */
export function parseCommand(argv: readonly string[]): Command {
  const { values, positionals } = readFlags(argv)
  const given = (flag: Flag) => values[flag]
  const text = (flag: Flag) => {
    const value = given(flag)
    return typeof value === 'string' ? value : null
  }
  const common = {
    help: given('help') === true,
    version: given('version') === true,
    json: given('json') === true,
    quiet: given('quiet') === true,
    debug: given('debug') === true,
  }
  const asks = common.help || common.version
  const name = asks ? null : commandName(positionals)
  const operands = positionals.slice(2)
  if (name !== null) {
    checkFlags(name, values)
    checkOperands(name, operands)
  }
  const whole: Command['whole'] = (flag, low, high) => {
    const found = text(flag)
    if (found === null) return null
    const number = /^\d+$/.test(found) ? Number(found) : NaN
    if (number >= low && number <= high) return number
    throw new UsageError(`--${flag} is "${found}", expected a whole number from ${low} to ${high}`)
  }
  return {
    name,
    operands,
    ...common,
    text,
    is: (flag) => given(flag) === true,
    policeForces: (given('police-force') as string[] | undefined) ?? [],
    datasets: datasets((given('dataset') as string[] | undefined) ?? []),
    disposition: oneOf('disposition', text('disposition') ?? 'replace-slice', DISPOSITIONS),
    contract:
      text('contract') === null ? null : oneOf('contract', text('contract')!, CONTRACT_MODES),
    maxIssues: text('max-issues') === null ? null : maxIssues(text('max-issues')!),
    lockWaitMs: (whole('lock-wait', 0, 86_400) ?? 0) * 1000,
    retries: whole('retries', 0, 20),
    whole,
    month: (flag) => {
      const found = text(flag)
      if (found === null || /^(19|20)\d{2}-(0[1-9]|1[0-2])$/.test(found)) return found
      throw new UsageError(`--${flag} is "${found}", expected a month such as 2024-01`)
    },
  }
}

type Values = Readonly<Partial<Record<Flag, string | boolean | readonly string[]>>>

function readFlags(argv: readonly string[]): { values: Values; positionals: string[] } {
  try {
    const { values, positionals, tokens } = parseArgs({
      args: [...argv],
      options: FLAGS,
      allowPositionals: true,
      tokens: true,
    })
    const seen = new Set<string>()
    for (const token of tokens) {
      if (token.kind !== 'option') continue
      const repeatable = 'multiple' in FLAGS[token.name as Flag]
      if (seen.has(token.name) && !repeatable) {
        throw new UsageError(`${token.rawName} is given twice; give it once`)
      }
      seen.add(token.name)
    }
    return { values, positionals }
  } catch (error) {
    if (error instanceof UsageError) throw error
    throw new UsageError(readableMessage(error as Error, argv))
  }
}

function readableMessage(error: Error, argv: readonly string[]): string {
  const [, unknown] = /Unknown option '(-[^' ]*)'/.exec(error.message) ?? []
  if (unknown !== undefined) {
    const close = nearest(unknown.replace(/^-+/, ''), Object.keys(FLAGS))
    return `there is no option ${unknown}${close === null ? '' : `; did you mean --${close}?`}`
  }
  const [, lacking] = /'(?:-\w, )?(--[a-z-]+) <value>' argument missing/.exec(error.message) ?? []
  if (lacking !== undefined) return `${lacking} needs a value`
  const [, needless] = /'(?:-\w, )?(--[a-z-]+)' does not take an argument/.exec(error.message) ?? []
  if (needless !== undefined) return `${needless} takes no value`
  const ambiguous = /^Option '(?:-\w, )?(--[a-z-]+) ?.*' argument is ambiguous/s.exec(error.message)
  if (ambiguous !== null)
    return `${ambiguous[1]!} needs a value; write ${ambiguous[1]!}=... for one that begins with "-"`
  return `${error.message.split('\n', 1)[0]!.replace(/\.$/, '')} (${argv.length} arguments)`
}

function commandName(positionals: readonly string[]): CommandName {
  const [first, second] = positionals
  if (first === undefined) {
    throw new UsageError(`say what to do: ${COMMANDS.join(', ')}`)
  }
  const typed = withoutSecrets(second === undefined ? first : `${first} ${second}`)
  const found = COMMANDS.find((name) => name === typed)
  if (found !== undefined) return found
  const group = COMMANDS.filter((name) => name.startsWith(`${first} `))
  if (group.length > 0) {
    const close = second === undefined ? null : nearest(typed, group)
    throw new UsageError(
      second === undefined
        ? `"${first}" needs a second word: ${group.join(', ')}`
        : `there is no command "${typed}"; use ${close ?? group.join(', ')}`,
    )
  }
  const close = nearest(typed, COMMANDS)
  throw new UsageError(`there is no command "${typed}"; use ${close ?? COMMANDS.join(', ')}`)
}

function checkFlags(name: CommandName, values: Values): void {
  for (const flag of Object.keys(values) as Flag[]) {
    if (EVERYWHERE.includes(flag) || TAKES[name].includes(flag)) continue
    const takers = COMMANDS.filter((command) => TAKES[command].includes(flag))
    throw new UsageError(`"${name}" does not take --${flag}; it is for ${takers.join(', ')}`)
  }
}

function checkOperands(name: CommandName, operands: readonly string[]): void {
  const [least, most, what] = OPERANDS[name]
  if (operands.length < least) throw new UsageError(`"${name}" needs ${what}`)
  if (operands.length > most) {
    throw new UsageError(`"${name}" does not take "${withoutSecrets(operands[most] ?? '')}"`)
  }
}

function datasets(given: readonly string[]): readonly UkPoliceDataset[] {
  return [...new Set(given.map((name) => oneOf('dataset', name, UKPOLICE_DATASETS)))]
}

function maxIssues(text: string): MaxIssues {
  try {
    return parseMaxIssues(text)
  } catch {
    throw new UsageError(
      `--max-issues is "${text}", expected a count such as 100, or a share such as 0.5%`,
    )
  }
}

/** @throws {UsageError} */
export function oneOf<T extends string>(flag: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((item) => item === value)
  if (found !== undefined) return found
  const close = nearest(value, allowed)
  const hint = close === null ? '' : `; did you mean ${close}?`
  throw new UsageError(`--${flag} is "${value}", expected ${allowed.join(', ')}${hint}`)
}

/** A word of the command line for a message: a URL may hold a password, so only its kind is shown. */
export function withoutSecrets(word: string): string {
  return word.replace(/([a-z][a-z0-9+.-]*:\/\/)\S*/gi, '$1…')
}

/** The word of `words` that is closest to a misspelt one; null when none is close. */
export function nearest<T extends string>(word: string, words: readonly T[]): T | null {
  let found: T | null = null
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
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index)
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
