import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { onTestFinished } from 'vitest'

/** The built command. */
export const BIN = fileURLToPath(
  new URL('../../../nibrs-decode/bin/nibrs-decode.js', import.meta.url),
)

export interface RunResult {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: Buffer
  readonly stderr: string
}

export interface RunOptions {
  readonly cwd?: string
  /** Given to standard input, which is then closed. */
  readonly input?: Uint8Array
  readonly env?: Readonly<Record<string, string>>
}

/** The real command, built, as a process of its own with its standard streams as pipes. */
export function start(
  args: readonly string[],
  options: RunOptions = {},
): ChildProcessWithoutNullStreams {
  const child = spawn(process.execPath, [BIN, ...args], {
    cwd: options.cwd ?? os.tmpdir(),
    env: { ...process.env, NO_COLOR: '', ...options.env },
    stdio: 'pipe',
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

/** Waits for a process to end and gathers what it said. */
export function finish(child: ChildProcessWithoutNullStreams): Promise<RunResult> {
  const stdout: Buffer[] = []
  const stderr: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code, signal) => {
      resolve({
        code,
        signal,
        stdout: Buffer.concat(stdout),
        stderr: Buffer.concat(stderr).toString('utf8'),
      })
    })
  })
}

/** Runs the command to its end. */
export function run(args: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const child = start(args, options)
  const result = finish(child)
  child.stdin.on('error', () => {}) // The command may end before it has read everything.
  child.stdin.end(options.input)
  return result
}

/** A folder of the test's own, gone afterwards. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'nibrs-cli-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Everything below a folder, dot files too, as sorted relative paths. */
export function tree(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()
}
