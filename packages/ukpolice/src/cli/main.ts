import { readFile } from 'node:fs/promises'
import type { Readable, Writable } from 'node:stream'
import { createClient } from '../client.js'
import { isOptionError, isUkPoliceError } from '../errors.js'
import { diskCache } from '../node/index.js'
import { type CliOptions, helpText, readArgs, UsageError } from './args.js'
import { runCommand } from './commands.js'
import { openOutput, type Output } from './output.js'

/** Where a run reads and writes; default the process's own streams. */
export interface CliStreams {
  readonly stdin: Readable
  readonly stdout: Writable
  readonly stderr: Writable
}

/**
 * Runs the command line program.
 *
 * @param argv arguments after the program's name
 * @returns the exit code: 0 done, 1 failed, 2 usage, 3 data under `--strict`, 130 interrupted
 */
export async function main(
  argv: readonly string[],
  streams: CliStreams = process,
): Promise<number> {
  const { stdout, stderr } = streams
  const complain = (line: string): void => {
    stderr.write(`ukpolice: ${line}\n`)
  }
  let options: CliOptions
  try {
    options = readArgs(argv)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    complain(`${error.message}; "ukpolice --help" shows what there is`)
    return 2
  }
  if (options.help) {
    stdout.write(helpText)
    return 0
  }
  if (options.version) {
    stdout.write(`${await packageVersion()}\n`)
    return 0
  }

  const stop = new AbortController()
  const interrupt = (): void => stop.abort(new Error('interrupted'))
  process.once('SIGINT', interrupt)
  process.once('SIGTERM', interrupt)
  let output: Output | undefined
  try {
    const police = createClient({
      userAgent: `ukpolice-cli/${await packageVersion()}`,
      baseUrl: options.baseUrl,
      timeoutMs: options.timeoutMs,
      shapes: options.strict ? 'strict' : 'tolerant',
      cache: options.cache === undefined ? undefined : diskCache({ directory: options.cache }),
      onFinding: ({ kind, field, value, count }) =>
        complain(`${kind} "${value}" in ${field} (${count} times), kept as it is`),
    })
    output = openOutput(options.format ?? 'csv', options.output, options.force, stdout)
    const { failedMonths } = await runCommand({
      options,
      police,
      output,
      signal: stop.signal,
      stdin: streams.stdin,
      say: (line) => {
        if (!options.quiet) complain(line)
      },
      warn: complain,
    })
    const where = await output.close(failedMonths.length === 0)
    if (failedMonths.length === 0) return 0
    const again = failedMonths.map((month) => `--month ${month}`).join(' ')
    complain(`${where} lacks the months that failed; ask for them again with ${again}`)
    return 1
  } catch (error) {
    await output?.abort()
    if (stop.signal.aborted) return 130
    if ((error as NodeJS.ErrnoException).code === 'EPIPE') return 0
    if (options.debug && error instanceof Error) complain(error.stack ?? error.message)
    else complain(messageOf(error))
    if (error instanceof UsageError || isOptionError(error)) return 2
    const data = isUkPoliceError(error) && /^(SHAPE_|ARCHIVE_ROW)/.test(error.code)
    return options.strict && data ? 3 : 1
  } finally {
    process.removeListener('SIGINT', interrupt)
    process.removeListener('SIGTERM', interrupt)
  }
}

function messageOf(error: unknown): string {
  if (isUkPoliceError(error)) return `${error.message} (${error.code})`
  return error instanceof Error ? error.message : String(error)
}

async function packageVersion(): Promise<string> {
  const text = await readFile(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
