import { isDecoderError, RecordError } from '../errors.js'
import { HELP, parseArguments, UsageError, type Command, type DecodeCommand } from './args.js'
import { decodeInput } from './decode-input.js'
import { dryRun } from './dry-run.js'
import { Interrupted, watchInterrupts } from './interrupt.js'
import { IssueLog } from './issue-log.js'
import { manifestPath } from './manifest.js'
import type { RunContext } from './prepare-input.js'
import { errorFields, errorLines, renderSummary, toJson } from './render.js'
import { requireSeparateOutputs } from './separate-outputs.js'
import { checkSpec, showSpecs } from './spec-commands.js'
import type { DecodeSummary } from './summary.js'
import { StdoutClosed, Terminal, writeStdout } from './terminal.js'
import { uptimeMs } from './uptime.js'
import { packageVersion } from './version.js'

/** Exit codes of the command line. */
const DONE = 0
const FAILED = 1
const USAGE = 2
const DATA_ISSUE = 3

/**
 * The command `nibrs-decode`: reads arguments, calls the public API, renders.
 *
 * Data goes to standard output, everything else to standard error.
 *
 * @param argv arguments after the program's name
 * @returns the exit code: 0 done, 1 failed, 2 usage, 3 fault in the data under `--strict`, 130
 *   interrupted (129 and 143 for SIGHUP and SIGTERM)
 */
export async function main(argv: readonly string[]): Promise<number> {
  let command: Command
  try {
    command = parseArguments(argv)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    process.stderr.write(`${errorLines(error, false).join('\n')}\n`)
    return USAGE
  }
  const terminal = new Terminal(command)
  try {
    return await run(command, terminal)
  } catch (error) {
    return await fail(error, command, terminal)
  }
}

async function run(command: Command, terminal: Terminal): Promise<number> {
  switch (command.command) {
    case 'help':
      await writeStdout(HELP)
      return DONE
    case 'version':
      await writeStdout(`${packageVersion()}\n`)
      return DONE
    case 'list-specs':
      await showSpecs(command)
      return DONE
    case 'check-spec':
      await checkSpec(command)
      return DONE
    case 'decode':
      await decodeAll(command, terminal)
      return DONE
  }
}

async function decodeAll(command: DecodeCommand, terminal: Terminal): Promise<void> {
  const interrupts = watchInterrupts()
  const { signal } = interrupts
  let issues: IssueLog | null = null
  const summaries: (DecodeSummary & { readonly elapsedMs: number })[] = []
  try {
    if (command.dryRun) {
      const found = []
      for (const plan of command.plans) {
        found.push(await dryRun(plan, command, { signal, terminal, issues }))
      }
      if (command.json)
        await writeStdout(`${toJson(found.length === 1 ? found[0] : { inputs: found })}\n`)
      return
    }
    requireSeparateOutputs(manifestPaths(command), command)
    if (command.issues !== null) issues = await IssueLog.open(command.issues, command.force)
    const context: RunContext = { signal, terminal, issues }
    for (const plan of command.plans) {
      const startedAt = uptimeMs()
      const summary = await decodeInput(plan, command, context)
      const elapsedMs = Math.round(uptimeMs() - startedAt)
      for (const line of renderSummary(summary, elapsedMs)) terminal.note(line)
      summaries.push({ ...summary, elapsedMs })
      issues?.inputDone()
    }
    const issuesFile = (await issues?.close()) ?? null
    if (command.json) {
      const text = toJson({ inputs: summaries, issuesFile })
      if (dataOnStdout(command)) terminal.line(text)
      else await writeStdout(`${text}\n`)
    }
  } catch (error) {
    if (summaries.length === 0) {
      await issues?.abort()
      throw error
    }
    throw new Unfinished(summaries, await closeUnfinished(issues), error)
  } finally {
    interrupts.stop()
  }
}

/** The log with the issues of the inputs that are done, for their tables stay too; null if it cannot be. */
async function closeUnfinished(issues: IssueLog | null): Promise<string | null> {
  try {
    return (await issues?.closeDone()) ?? null
  } catch {
    await issues?.abort()
    return null // What failed first is what there is to tell.
  }
}

function manifestPaths({ plans }: DecodeCommand): readonly string[] {
  return plans.flatMap(({ directory }) => (directory === null ? [] : [manifestPath(directory)]))
}

/** Then everything else goes to standard error. */
function dataOnStdout(command: Command): boolean {
  return command.command === 'decode' && command.plans.some(({ directory }) => directory === null)
}

/** The first inputs of a run are decoded, and stay so; another one failed. */
class Unfinished extends Error {
  readonly summaries: readonly DecodeSummary[]
  readonly issuesFile: string | null

  constructor(summaries: readonly DecodeSummary[], issuesFile: string | null, cause: unknown) {
    super('an input failed', { cause })
    this.summaries = summaries
    this.issuesFile = issuesFile
  }
}

async function fail(thrown: unknown, command: Command, terminal: Terminal): Promise<number> {
  const error = thrown instanceof Unfinished ? thrown.cause : thrown
  if (error instanceof StdoutClosed) return DONE
  for (const line of errorLines(error, command.debug)) terminal.line(line)
  if (thrown instanceof Unfinished) {
    terminal.note(
      `Decoded before that: ${thrown.summaries.map(({ source }) => source.name).join(', ')}.` +
        (thrown.issuesFile === null ? '' : ` Their issues are in ${thrown.issuesFile}.`),
    )
  }
  if (command.json && !dataOnStdout(command)) {
    const done =
      thrown instanceof Unfinished
        ? { inputs: thrown.summaries, issuesFile: thrown.issuesFile }
        : {}
    const text = toJson({ ...done, error: errorFields(error) })
    // Standard output may be what failed; that has been said by now.
    await writeStdout(`${text}\n`).catch(() => {})
  }
  if (error instanceof Interrupted) return error.exitCode
  if (error instanceof UsageError) return USAGE
  if (error instanceof RecordError) return DATA_ISSUE
  if (isDecoderError(error) && error.code.startsWith('OPTION_')) return USAGE
  return FAILED
}
