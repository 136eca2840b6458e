import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import os from 'node:os'

/** What figures were taken on. */
export interface Machine {
  readonly processor: string
  readonly cores: number
  readonly memoryBytes: number
  readonly system: string
  readonly node: string
  /** Revision of the sources, with `+` when they were changed since; null outside git. */
  readonly revision: string | null
  /** Load average of the last minute when the run began. */
  readonly load: number
  /** ISO date and time of the start. */
  readonly date: string
}

/** Looks at the machine. */
export function thisMachine(): Machine {
  const cpus = os.cpus()
  return {
    processor: cpus[0]?.model.trim() ?? 'unknown',
    cores: os.availableParallelism(),
    memoryBytes: os.totalmem(),
    system: systemName(),
    node: process.version,
    revision: revision(),
    load: os.loadavg()[0]!,
    date: new Date().toISOString(),
  }
}

function systemName(): string {
  try {
    const [, name] = /^PRETTY_NAME="(.*)"$/m.exec(readFileSync('/etc/os-release', 'utf8')) ?? []
    if (name !== undefined) return `${name}, ${os.release()}`
  } catch {
    // Not Linux.
  }
  return `${os.type()} ${os.release()}`
}

function revision(): string | null {
  const git = (...args: string[]): string =>
    spawnSync('git', args, { encoding: 'utf8' }).stdout?.trim() ?? ''
  const commit = git('rev-parse', '--short', 'HEAD')
  if (commit === '') return null
  const changed = git('status', '--porcelain', '--', 'packages/decoder/src', 'specs')
  return changed === '' ? commit : `${commit}+`
}
