import * as fs from 'node:fs'
import path from 'node:path'
import { OptionError } from '../errors.js'
import type { DecodeCommand } from './args.js'

/**
 * Checks that no output is a file that the run reads, and that the issues have a file of their own.
 *
 * `--force` is for the output of an earlier run, never for an input.
 *
 * @param outputs paths of tables and manifests; that of `--issues` is checked with them
 * @throws {OptionError} OPTION_CONFLICT
 */
export function requireSeparateOutputs(outputs: readonly string[], command: DecodeCommand): void {
  const { plans, spec, issues } = command
  const inputs = new Map(plans.map(({ input }) => [inputIdentity(input), inputName(input)]))
  if (spec !== null) inputs.set(fileIdentity(spec), spec)
  for (const output of outputs) {
    const input = inputs.get(fileIdentity(output))
    if (input !== undefined) throw overwritten(output, input, 'choose another folder with -o')
  }
  if (issues === null) return
  const identity = fileIdentity(issues)
  const input = inputs.get(identity)
  if (input !== undefined) throw overwritten(issues, input, 'give --issues another file')
  const output = outputs.find((candidate) => fileIdentity(candidate) === identity)
  if (output !== undefined) {
    throw new OptionError(
      'OPTION_CONFLICT',
      `--issues ${issues} is also where ${path.basename(output)} is written; give --issues another file`,
      { option: 'issues', file: issues },
    )
  }
}

function overwritten(output: string, input: string, advice: string): OptionError {
  return new OptionError(
    'OPTION_CONFLICT',
    `the output ${output} is the same file as the input ${input}, and would overwrite it; ${advice}`,
    { file: output },
  )
}

function inputName(input: string): string {
  return input === '-' ? 'standard input' : input
}

function inputIdentity(input: string): string {
  if (input !== '-') return fileIdentity(input)
  return statIdentity(() => fs.fstatSync(0, { bigint: true })) ?? input
}

/** Equal for all paths of one file: device and inode, or those of the folder it would be made in. */
function fileIdentity(file: string): string {
  const absolute = path.resolve(file)
  const parent = path.dirname(absolute)
  return (
    statIdentity(() => fs.statSync(absolute, { bigint: true })) ??
    (parent === absolute ? absolute : path.join(fileIdentity(parent), path.basename(absolute)))
  )
}

function statIdentity(stat: () => fs.BigIntStats): string | undefined {
  try {
    const { dev, ino } = stat()
    return `${dev}:${ino}`
  } catch {
    return undefined // Not there, or it is told why not where it is opened.
  }
}
