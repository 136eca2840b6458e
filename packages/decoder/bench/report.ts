import { type Finding, median, type Skipped, type Unit } from './contest.js'
import type { Machine } from './machine.js'
import { measuredWith } from './measure.js'
import type { Peers } from './peers.js'

/** A whole run of the benchmark. */
export interface Report {
  /** Goals that were run on less text than they are set for. */
  readonly onLess: readonly string[]
  /** The command that was run. */
  readonly command: string
  readonly machine: Machine
  readonly peers: Peers
  readonly pairs: number
  /** What was shown to be the same before anything was timed. */
  readonly proofs: readonly string[]
  readonly results: readonly (Finding | Skipped)[]
}

const HEAD = [
  'goal',
  'work',
  'against',
  'each pair',
  'median',
  'asked for',
  'reached',
  'ours',
  'theirs',
  'load',
]

/** Cores kept busy by others from which on figures say more about them than about ours. */
const BUSY = 0.1

/** The table for a terminal, with what is needed to read it. */
export function toText(report: Report): string {
  return [
    table(report.results, (cells) => cells.join('  ')),
    '',
    ...facts(report),
    '',
    ...report.proofs.map((proof) => `same output: ${proof}`),
    '',
  ].join('\n')
}

/** The same in Markdown, as `docs/benchmarks.md` has it. */
export function toMarkdown(report: Report): string {
  return [
    ...facts(report).map((fact) => `- ${fact}`),
    '',
    table(report.results, (cells) => `| ${cells.join(' | ')} |`),
    '',
    ...report.proofs.map((proof) => `- Same output: ${proof}.`),
    '',
  ].join('\n')
}

function table(
  results: readonly (Finding | Skipped)[],
  join: (cells: readonly string[]) => string,
): string {
  const rows = [HEAD, ...results.map(cellsOf)]
  const widths = HEAD.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)))
  const line = (cells: readonly string[]): string =>
    join(cells.map((cell, i) => cell.padEnd(widths[i]!))).trimEnd()
  const [head, ...body] = rows.map(line)
  const rule = line(widths.map((width) => '-'.repeat(width)))
  return [head, rule, ...body].join('\n')
}

function cellsOf(result: Finding | Skipped): readonly string[] {
  const { goal, work } = result
  if ('skipped' in result) {
    return [goal, work, result.against, '', '', '', `not run: ${result.skipped}`, '', '', '']
  }
  const { against, unit, values, median, target, reached, ours, peer, load } = result
  const relation = target?.relation === 'at least' ? '≥' : '≤'
  return [
    goal,
    work,
    against ?? '',
    values.length > 1 ? values.map((value) => shown(value, unit)).join(', ') : '',
    named(median, unit),
    target === null ? '' : `${relation} ${named(target.value, unit)}`,
    reached === null ? '' : reached ? 'yes' : 'no',
    spent(ours),
    spent(peer),
    load.toFixed(1),
  ]
}

function shown(value: number, unit: Unit): string {
  switch (unit) {
    case 'times faster':
      return value.toFixed(1)
    case 'of its time':
    case 'of its size':
    case 's':
      return value.toFixed(2)
    case '% of its speed':
    case 'MiB':
      return value.toFixed(0)
  }
}

function named(value: number, unit: Unit): string {
  const number = shown(value, unit)
  switch (unit) {
    case 'times faster':
      return `${number}×`
    case '% of its speed':
      return `${number} %`
    case 'of its time':
    case 'of its size':
      return number
    case 's':
    case 'MiB':
      return `${number} ${unit}`
  }
}

/** Median time, processor time in brackets, most memory. */
function spent(runs: Finding['ours']): string {
  if (runs.length === 0) return ''
  const seconds = (pick: (run: Finding['ours'][number]) => number | null): string | null => {
    const known = runs.map(pick).filter((value) => value !== null)
    if (known.length === 0) return null
    const sorted = known.sort((a, b) => a - b)
    return (sorted[Math.floor(sorted.length / 2)]! / 1000).toFixed(2)
  }
  const wall = seconds(({ wallMs }) => wallMs)
  const cpu = seconds(({ cpuMs }) => cpuMs)
  const peaks = runs.flatMap(({ peakBytes }) => peakBytes ?? [])
  const peak = peaks.length === 0 ? '' : `, ${Math.round(Math.max(...peaks) / 2 ** 20)} MiB`
  return `${wall} s${cpu === null ? '' : ` (${cpu})`}${peak}`
}

function facts(report: Report): readonly string[] {
  const { command, machine, peers, pairs, onLess, results } = report
  const { processor, cores, memoryBytes, system, node, revision, load, date } = machine
  const versions = [
    `DuckDB ${peers.duckdb.version}`,
    `csv-stringify ${peers.csvStringify.version}`,
    peers.polars === null ? null : `polars ${peers.polars.version}`,
    peers.unzip?.version,
    peers.mawk?.version,
    peers.psql?.version,
    peers.compiler?.version,
  ].filter((version) => version != null)
  return [
    `${processor}, ${cores} cores, ${Math.round(memoryBytes / 2 ** 30)} GiB of memory, ${system}, ` +
      `Node ${node}`,
    `Against: ${versions.join('; ')}`,
    `\`${command}\`, ${date.slice(0, 16).replace('T', ' ')} UTC, ` +
      `revision ${revision ?? 'unknown'}, ${pairs} ${pairs === 1 ? 'pair' : 'pairs'}`,
    '"Ours" and "theirs" are the median time of the whole process, its processor time (all ' +
      `threads, by ${measuredWith}), and the most memory it held`,
    `Load average at the start: ${load.toFixed(1)}${otherWork(results)}`,
    ...(onLess.length === 0
      ? []
      : [
          `On less text than the goal is set for, so that starting up weighs more: ${onLess.join(', ')}`,
        ]),
  ]
}

/** What other programs did while ours and theirs ran. */
function otherWork(results: Report['results']): string {
  const runs = results.flatMap((result) =>
    'skipped' in result ? [] : [...result.ours, ...result.peer],
  )
  const others = runs.flatMap(({ otherCores }) => otherCores ?? [])
  if (others.length === 0) return ''
  const middle = median(others)
  const said =
    `; other work kept ${middle.toFixed(2)} cores busy in the median run, ` +
    `${Math.max(...others).toFixed(2)} at most`
  return middle > BUSY ? `${said}: too much to rely on these figures` : said
}
