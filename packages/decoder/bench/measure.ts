import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

/** A program to run, from its start to its end. Its standard output goes nowhere. */
export interface Command {
  readonly program: string
  readonly args: readonly string[]
  /** Folder it writes to: emptied before each run, outside the clock. */
  readonly output?: string
  /** Added to the environment. */
  readonly env?: Readonly<Record<string, string>>
}

/** What one run of a whole process took. */
export interface Measurement {
  /** From before it was started until it had ended. */
  readonly wallMs: number
  /** Processor time of all its threads, the system's part included; null where unknown. */
  readonly cpuMs: number | null
  /** Most memory it held at a time; null where unknown. */
  readonly peakBytes: number | null
  /** Cores that everything else on the machine kept busy meanwhile; null where unknown. */
  readonly otherCores: number | null
}

const TIME = '/usr/bin/time'
const USAGE = fileURLToPath(new URL('./programs/usage.mjs', import.meta.url))

/** GNU time, which knows what a process used; null where there is none. Others report otherwise. */
export const gnuTime: string | null = /GNU/.test(
  Object.values(spawnSync(TIME, ['--version'], { encoding: 'utf8' })).join(' '),
)
  ? TIME
  : null

/** How processor time and memory are learnt, for the report. */
export const measuredWith = gnuTime === null ? 'Node, and not at all of other programs' : 'GNU time'

/**
 * Runs a command once and measures it.
 *
 * @param time GNU time; null to ask Node, which only knows of programs in Node
 * @throws {Error} when it cannot be started or fails, with the end of what it said
 */
export async function measure(
  { program, args, output, env }: Command,
  time: string | null = gnuTime,
): Promise<Measurement> {
  if (output !== undefined) {
    rmSync(output, { recursive: true, force: true })
    mkdirSync(output, { recursive: true })
  }
  spawnSync('sync') // What earlier runs have written shall not be written out during this one.
  const folder = mkdtempSync(path.join(os.tmpdir(), 'bench-'))
  const report = path.join(folder, 'usage')
  const preload = program === process.execPath ? { NODE_OPTIONS: `--import=${USAGE}` } : {}
  try {
    const busyBefore = busyMs()
    const wallMs =
      time === null
        ? await run(program, args, { ...env, ...preload, BENCH_USAGE: report })
        : await run(time, ['-f', '%U %S %M', '-o', report, program, ...args], { ...env })
    const busy = busyMs() - busyBefore
    const { cpuMs, peakBytes } = usage(report)
    const otherCores = cpuMs === null ? null : Math.max(0, (busy - cpuMs) / wallMs)
    return { wallMs, cpuMs, peakBytes, otherCores }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Time that all cores together have been busy. */
function busyMs(): number {
  return os
    .cpus()
    .reduce((sum, { times: { user, nice, sys, irq } }) => sum + user + nice + sys + irq, 0)
}

/**
 * The environment of every program measured, ours or not. With NODE_EXTRA_CA_CERTS, as it is set
 * behind some company proxies, Node 20 reads all those certificates before anything else: 0.05 s of
 * every process, which has nothing to do with what is compared.
 */
function environment(added: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const { NODE_EXTRA_CA_CERTS: _, ...rest } = process.env
  return { ...rest, ...added }
}

function run(
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<number> {
  const start = performance.now()
  const child = spawn(program, args, {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: environment(env),
  })
  let said = ''
  child.stderr.setEncoding('utf8')
  child.stderr.on('data', (text: string) => (said = (said + text).slice(-2000)))
  return new Promise((resolve, reject) => {
    let wallMs = 0
    child.on('error', reject)
    child.on('exit', () => (wallMs = performance.now() - start))
    child.on('close', (code, signal) => {
      if (code === 0) resolve(wallMs)
      else {
        const command = [program, ...args].join(' ')
        reject(new Error(`${command}: ended with ${String(code ?? signal)}\n${said}`))
      }
    })
  })
}

function usage(report: string): Pick<Measurement, 'cpuMs' | 'peakBytes'> {
  let text
  try {
    text = readFileSync(report, 'utf8')
  } catch {
    return { cpuMs: null, peakBytes: null }
  }
  const [user, system, peakKiB] = text.trim().split('\n').pop()!.split(' ').map(Number)
  return { cpuMs: (user! + system!) * 1000, peakBytes: peakKiB! * 1024 }
}
