import { parseCommand, type Command, type CommandName, UsageError } from './args.js'
import type { CommandContext, CommandEnd } from './context.js'
import { HELP } from './help.js'
import { Interrupted, watchInterrupts } from './interrupt.js'
import { loadNibrs } from './load-nibrs.js'
import { listLoadsCommand } from './loads-list.js'
import { purgeLoadsCommand } from './loads-purge.js'
import { removeLoadCommand } from './loads-remove.js'
import { errorFields, errorLines } from './render.js'
import { StdoutClosed, Terminal, writeStdout } from './terminal.js'
import { PACKAGE_VERSION } from '../version.js'

const DONE = 0
const FAILED = 1
const USAGE = 2
const DATA_ISSUES = 3

/** Commands; those for the police client load it when they are run, for it takes a while. */
const RUN: Readonly<Record<CommandName, (context: CommandContext) => Promise<CommandEnd>>> = {
  'load nibrs': loadNibrs,
  'load ukpolice': async (context) => (await import('./load-ukpolice.js')).loadUkPolice(context),
  'load ukpolice-archive': async (context) =>
    (await import('./load-ukpolice-archive.js')).loadUkPoliceArchive(context),
  'sync ukpolice': async (context) => (await import('./sync-ukpolice.js')).syncUkPolice(context),
  'loads list': listLoadsCommand,
  'loads remove': removeLoadCommand,
  'loads purge': purgeLoadsCommand,
  'schema print': async (context) => (await import('./schema-print.js')).printSchema(context),
}

/**
 * The command `crimewh`: reads arguments, calls the public API, renders.
 *
 * Data goes to standard output, everything else to standard error.
 *
 * @param argv arguments after the program's name
 * @returns the exit code: 0 done, 1 failed, 2 usage, 3 more faults in the data than allowed, 130
 *   interrupted (129 and 143 for SIGHUP and SIGTERM)
 */
export async function main(argv: readonly string[]): Promise<number> {
  let command: Command
  try {
    command = parseCommand(argv)
  } catch (error) {
    process.stderr.write(`${errorLines(error, false).join('\n')}\n`)
    if (!(error instanceof UsageError)) throw error
    if (asksForJson(argv)) await writeError(error)
    return USAGE
  }
  const terminal = new Terminal(command)
  const interrupts = watchInterrupts()
  try {
    if (command.help) {
      await writeStdout(HELP)
      return DONE
    }
    if (command.name === null) {
      await writeStdout(`${PACKAGE_VERSION}\n`)
      return DONE
    }
    const end = await RUN[command.name]({ command, terminal, signal: interrupts.signal })
    const errors = end.errors ?? []
    if (command.json) await writeStdout(`${JSON.stringify(end.json, null, 2)}\n`)
    else if (end.text !== undefined) await writeStdout(end.text)
    return errors.length === 0 ? DONE : exitCode(errors[0])
  } catch (error) {
    if (error instanceof StdoutClosed) return DONE
    const shown = interrupts.signal.aborted ? (interrupts.signal.reason as unknown) : error
    for (const line of errorLines(shown, command.debug)) terminal.line(line)
    if (command.json) await writeError(shown)
    return exitCode(shown)
  } finally {
    interrupts.stop()
  }
}

/** Of a command line that cannot be read. */
function asksForJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--')
  return (end < 0 ? argv : argv.slice(0, end)).includes('--json')
}

async function writeError(error: unknown): Promise<void> {
  await writeStdout(`${JSON.stringify({ error: errorFields(error) }, null, 2)}\n`).catch(
    (reason: unknown) => {
      if (!(reason instanceof StdoutClosed)) throw reason
    },
  )
}

function exitCode(error: unknown): number {
  if (error instanceof Interrupted) return error.exitCode
  if (error instanceof UsageError) return USAGE
  const code = error instanceof Error && 'code' in error ? error.code : null
  if (code === 'SOURCE_ISSUES') return DATA_ISSUES
  return typeof code === 'string' && code.startsWith('OPTION_') ? USAGE : FAILED
}
