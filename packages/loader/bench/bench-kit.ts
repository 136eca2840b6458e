// What the loader's goals use of `npm run bench`. The classes are those of the decoder's bench
// folder, which runs the goals of all packages; packages share no code, so only the form is here.

/** A program to run, from its start to its end. */
export interface Command {
  readonly program: string
  readonly args: readonly string[]
  /** Folder it writes to: emptied before each run, outside the clock. */
  readonly output?: string
}

/** What one run of a whole process took. */
export interface Measurement {
  readonly wallMs: number
  readonly peakBytes: number | null
}

export interface Target {
  readonly relation: 'at least' | 'at most'
  readonly value: number
}

/** What a line of the result is about. */
export interface Work {
  readonly goal: string
  readonly work: string
  readonly against: string | null
  readonly unit: 'of its time' | '% of its speed' | 'MiB'
  readonly target: Target | null
}

/** A line of the result. */
export interface Finding extends Work {
  readonly values: readonly number[]
  readonly median: number
  readonly reached: boolean | null
  readonly ours: readonly Measurement[]
  readonly peer: readonly Measurement[]
  readonly load: number
}

/** A line of the result that there is no figure for, and why. */
export interface Skipped {
  readonly goal: string
  readonly work: string
  readonly against: string
  readonly skipped: string
}

export interface Input {
  readonly zip: string
  readonly bytes: number
}

export interface Bench {
  readonly sizes: { readonly text: number; readonly quarter: number }
  readonly options: { readonly scratch: string }
  readonly note: (text: string) => void
  input(bytes: number): Promise<Input>
  folder(name: string): string
  ours(file: string, options?: { readonly threads?: number }): Command
  contest(what: Work, ours: Command, peer: Command): Promise<Finding>
  printed(command: Command): string
  proved(what: string): void
}

export interface Goal {
  readonly id: string
  readonly title: string
  run(bench: Bench): Promise<readonly (Finding | Skipped)[]>
}

/** Most memory of the runs of ours against a bound, as a line of its own, where it is known. */
export function peakMemory(of: Finding, work: string, mostMiB: number): readonly Finding[] {
  const peaks = of.ours.flatMap(({ peakBytes }) => peakBytes ?? [])
  if (peaks.length === 0) return []
  const most = Math.max(...peaks) / 2 ** 20
  return [
    {
      ...of,
      work: `peak memory, ${work}`,
      against: null,
      unit: 'MiB',
      target: { relation: 'at most', value: mostMiB },
      values: [most],
      median: most,
      reached: most <= mostMiB,
      ours: [],
      peer: [],
    },
  ]
}
