import os from 'node:os'
import { measure, type Command, type Measurement } from './measure.js'

/** What a figure is measured in, and which way is better. */
export type Unit =
  /** The peer's time over ours. */
  | 'times faster'
  /** Our time over the peer's. */
  | 'of its time'
  /** The peer's time over ours, in percent: our speed beside its. */
  | '% of its speed'
  | 'of its size'
  | 'MiB'
  | 's'

/** What a goal asks for. */
export interface Target {
  readonly relation: 'at least' | 'at most'
  readonly value: number
}

/** One line of the result. */
export interface Finding {
  /** `P1` to `P10`. */
  readonly goal: string
  readonly work: string
  /** What it is held against; null for figures that stand by themselves. */
  readonly against: string | null
  readonly unit: Unit
  /** One for each pair of runs. */
  readonly values: readonly number[]
  readonly median: number
  /** Null for a figure that is given for information. */
  readonly target: Target | null
  readonly reached: boolean | null
  readonly ours: readonly Measurement[]
  readonly peer: readonly Measurement[]
  /** Load average of the last minute when the runs began. */
  readonly load: number
}

/** A line of the result that there is no figure for, and why. */
export interface Skipped {
  readonly goal: string
  readonly work: string
  readonly against: string
  readonly skipped: string
}

/** The middle one; of an even number the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length / 2
  return sorted.length % 2 === 1
    ? sorted[Math.floor(middle)]!
    : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** Whether a figure is as asked. */
export function isReached(value: number, { relation, value: goal }: Target): boolean {
  return relation === 'at least' ? value >= goal : value <= goal
}

/** The figure of one pair of times. */
export function ratio(oursMs: number, peerMs: number, unit: Unit): number {
  switch (unit) {
    case 'times faster':
      return peerMs / oursMs
    case 'of its time':
      return oursMs / peerMs
    case '% of its speed':
      return (100 * peerMs) / oursMs
    case 'of its size':
    case 'MiB':
    case 's':
      throw new Error(`"${unit}" does not compare times`)
  }
}

/** Makes a finding of its values. */
export function finding(
  what: Pick<Finding, 'goal' | 'work' | 'against' | 'unit' | 'target'>,
  values: readonly number[],
  runs: Partial<Pick<Finding, 'ours' | 'peer' | 'load'>> = {},
): Finding {
  const middle = median(values)
  return {
    ...what,
    values,
    median: middle,
    reached: what.target === null ? null : isReached(middle, what.target),
    ours: [],
    peer: [],
    load: os.loadavg()[0]!,
    ...runs,
  }
}

/** Ours against a peer: whole process against whole process, in turn, `pairs` times. */
export async function contest(
  what: Pick<Finding, 'goal' | 'work' | 'against' | 'unit' | 'target'>,
  ours: Command,
  peer: Command,
  pairs: number,
): Promise<Finding> {
  const load = os.loadavg()[0]!
  const runs = { ours: [] as Measurement[], peer: [] as Measurement[] }
  for (let pair = 0; pair < pairs; pair++) {
    runs.ours.push(await measure(ours))
    runs.peer.push(await measure(peer))
  }
  const values = runs.ours.map(({ wallMs }, pair) =>
    ratio(wallMs, runs.peer[pair]!.wallMs, what.unit),
  )
  return finding(what, values, { ...runs, load })
}
