import type { Finding, Skipped, Unit } from './contest.js'
import type { Machine } from './machine.js'
import { measuredWith } from './measure.js'
import type { Peers } from './peers.js'

/** A whole run of the benchmark. */
export interface Report {
  /** Bytes of text of the largest input. */
  readonly size: number
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

/** A load from which on figures say more about the other work on the machine than about ours. */
const BUSY = 0.5

/** Size of text that the goals are set for. */
const GOAL_SIZE = 3e9

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
    table(report.results, (cells) => `| ${cells.join(' | ')} |`),
    '',
    ...facts(report).map((fact) => `- ${fact}`),
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

function facts({ size, command, machine, peers, pairs, results }: Report): readonly string[] {
  const { processor, cores, memoryBytes, system, node, revision, load, date } = machine
  const loads = results.flatMap((result) => ('skipped' in result ? [] : [result.load]))
  const most = Math.max(load, ...loads)
  const smaller =
    size >= GOAL_SIZE
      ? []
      : [
          'The goals are set for 3 GB (P1 to P3, P6) and 1 GB (P4, P5, P7, P8) of text; on less, the start of the program weighs more',
        ]
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
    most > BUSY * cores
      ? `The load average was up to ${most.toFixed(1)} on ${cores} cores: other work was going on, ` +
        'so these figures are not to be relied on'
      : `The load average was at most ${most.toFixed(1)} when a comparison began`,
    ...smaller,
  ]
}
