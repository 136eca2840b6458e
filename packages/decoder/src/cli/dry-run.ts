import { decode } from '../decode.js'
import type { DecodeCommand, InputPlan } from './args.js'
import { prepareInput, type RunContext } from './prepare-input.js'
import type { InputInfo } from '../input.js'
import type { DecodeStats } from '../record-decoder.js'
import { onlyTable } from '../sinks/table-sink.js'
import { count } from './render.js'
import { totalIssues } from './summary.js'
import { writeStdout } from './terminal.js'

/** What `--dry-run` finds out about an input. */
export interface DryRunSummary {
  readonly source: Required<Pick<InputInfo, 'kind'>> & {
    readonly name: string
    readonly entry: string | null
    readonly entries: NonNullable<InputInfo['entries']>
  }
  readonly spec: { readonly id: string; readonly revision: number; readonly reason: string }
  readonly directory: string | null
  readonly stats: DecodeStats
}

/** Records that `--dry-run` decodes unless `--limit` says otherwise. */
const DRY_RUN_RECORDS = 10_000

/**
 * `--dry-run`: spec, entries and first counts, on standard output unless they are wanted as JSON;
 * writes no file.
 */
export async function dryRun(
  plan: InputPlan,
  command: DecodeCommand,
  context: RunContext,
): Promise<DryRunSummary> {
  const { input, source, spec, reason } = await prepareInput(plan, command, context)
  try {
    const info = await input.info()
    const decoding = decode(source, spec, {
      ...(command.segments.length === 0 ? {} : { segments: command.segments }),
      limit: command.limit ?? DRY_RUN_RECORDS,
      strict: command.strict,
      signal: context.signal,
    })
    if (plan.directory === null) onlyTable(decoding.sinkSchema)
    for await (const _batch of decoding) {
      // Only counted.
    }
    const { stats } = decoding
    const entries = info.entries ?? []
    const { id, revision } = spec
    const summary = {
      source: { name: input.name, kind: info.kind, entry: info.entry ?? null, entries },
      spec: { id, revision, reason },
      directory: plan.directory,
      stats,
    }
    if (command.json) return summary
    const lines = [
      `${input.name}: ${info.kind}`,
      ...entries.map(
        ({ name, size, method }) =>
          `  ${name === info.entry ? '*' : ' '} ${JSON.stringify(name)}  ${count(size)} bytes  ${method}`,
      ),
      `spec: ${spec.id}, revision ${spec.revision}; ${reason}`,
      `output: ${plan.directory ?? 'standard output'}, ${command.format}`,
      `first ${count(stats.records)} records:`,
      ...Object.entries(stats.rows).map(([segment, rows]) => `  ${segment}: ${count(rows)}`),
      `  withheld: ${count(stats.withheld)}`,
      `  issues: ${count(totalIssues(stats))}`,
      ...Object.entries(stats.issues).map(([code, number]) => `    ${code}: ${count(number)}`),
    ]
    await writeStdout(`${lines.join('\n')}\n`)
    return summary
  } finally {
    await input.close()
  }
}
