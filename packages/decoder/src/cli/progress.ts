import { count } from './render.js'
import type { Terminal } from './terminal.js'
import { uptimeMs } from './uptime.js'

const DRAW_MS = 100
/** Without a terminal a long run says that it lives. */
const SAY_MS = 10_000

/** What is counted while a file is decoded. */
export interface ProgressCounters {
  /** Bytes of text decoded. */
  readonly bytes: number
  readonly records: number
  /** Share of the input read, 0 to 1; null when its size is not known. */
  readonly fraction: number | null
}

/** Shows how far a decoding is: a line redrawn on a terminal, else a line every 10 s. */
export function startProgress(
  terminal: Terminal,
  name: string,
  counters: () => ProgressCounters,
): { stop(): void } {
  if (terminal.quiet) return { stop: () => {} }
  const startedAt = uptimeMs()
  const draw = () => {
    const line = progressLine(name, counters(), uptimeMs() - startedAt)
    if (terminal.interactive) terminal.redraw(line)
    else terminal.line(line)
  }
  const timer = setInterval(draw, terminal.interactive ? DRAW_MS : SAY_MS)
  timer.unref()
  return {
    stop() {
      clearInterval(timer)
      if (terminal.interactive) terminal.redraw('')
    },
  }
}

/** `nibrs-2022.zip  45%  312 MB/s  0:12 left  12,345,678 records` */
export function progressLine(
  name: string,
  { bytes, records, fraction }: ProgressCounters,
  elapsedMs: number,
): string {
  const parts = [name]
  if (fraction !== null) parts.push(`${Math.floor(Math.min(fraction, 1) * 100)}%`)
  parts.push(`${(bytes / 1e3 / Math.max(1, elapsedMs)).toFixed(0)} MB/s`)
  // The first second says little about the rest.
  if (fraction !== null && fraction > 0 && elapsedMs > 1000) {
    parts.push(`${clock((elapsedMs * Math.max(0, 1 - fraction)) / fraction)} left`)
  }
  parts.push(`${count(records)} records`)
  return parts.join('  ')
}

function clock(ms: number): string {
  const seconds = Math.ceil(ms / 1000)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`
}
