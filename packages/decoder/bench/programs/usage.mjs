/* Preloaded where GNU time is missing: says at the end what the process has used. */
import { readFileSync, writeFileSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'

/** Peak of this program alone: the other count also holds what the process was forked from. */
function peakKiB() {
  try {
    const [, peak] = /VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8')) ?? []
    if (peak !== undefined) return Number(peak)
  } catch {
    // Not Linux.
  }
  return process.resourceUsage().maxRSS
}

if (isMainThread) {
  process.on('exit', () => {
    const { userCPUTime, systemCPUTime } = process.resourceUsage()
    const seconds = [userCPUTime / 1e6, systemCPUTime / 1e6]
    writeFileSync(process.env.BENCH_USAGE, [...seconds, peakKiB()].join(' '))
  })
}
