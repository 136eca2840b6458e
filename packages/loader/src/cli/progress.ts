import type { LoadEvent } from '../progress.js'
import { repeating } from '../repeating.js'
import type { Terminal } from './terminal.js'

/** Without a terminal a long run says that it lives. */
const SAY_MS = 10_000

/** Shows how far loading is, until it is disposed of. */
export interface ProgressListener extends Disposable {
  onEvent(event: LoadEvent): void
}

/**
 * Shows how far loading is: a line redrawn on a terminal, else a line every 10 s, whether anything
 * moves or not.
 */
export function progressListener(terminal: Terminal, sayMs = SAY_MS): ProgressListener {
  let line = ''
  let lineSince = performance.now()
  let saidAt = performance.now()
  const say = () => {
    if (line === '') return
    saidAt = performance.now()
    const seconds = Math.floor((saidAt - lineSince) / 1000)
    terminal.line(seconds === 0 ? line : `${line}  ${seconds} s`)
  }
  const timer = terminal.interactive || terminal.quiet ? null : repeating(say, sayMs)
  const show = (next: string) => {
    if (next !== line) lineSince = performance.now()
    line = next
    if (terminal.quiet) return
    if (terminal.interactive) terminal.redraw(line)
    // A load that leaves no time to the timer says so itself.
    else if (performance.now() - saidAt >= sayMs * 1.5) say()
  }
  return {
    onEvent(event) {
      switch (event.kind) {
        case 'waiting':
          line = `${event.slice}: waiting for ${event.holder}`
          lineSince = performance.now()
          terminal.note(line)
          return
        case 'retry':
          line = ''
          terminal.note(
            `${event.slice}: try ${event.attempt} in ${(event.waitMs / 1000).toFixed(1)} s, after: ${event.error.message}`,
          )
          return
        case 'slice-start':
          show(`${event.slice}  reading`)
          return
        case 'slice-end':
          line = ''
          if (terminal.interactive) terminal.redraw('')
          return
        case 'hashing':
        case 'staging':
        case 'storing':
        case 'replacing':
        case 'committing':
          show(progressLine(event))
      }
    },
    [Symbol.dispose]() {
      timer?.[Symbol.dispose]()
      terminal.redraw('')
    },
  }
}

type Moving = Exclude<
  LoadEvent,
  { readonly kind: 'waiting' | 'retry' | 'slice-start' | 'slice-end' }
>

/** `data_year=2022  45%  12,345,678 rows  12 issues` */
export function progressLine(event: Moving): string {
  if (event.kind === 'hashing') {
    return `${event.source}  hashing  ${megabytes(event.byteCount)} MB`
  }
  const rows = `${event.rows.toLocaleString('en-US')} rows`
  if (event.kind !== 'staging') return `${event.slice}  ${event.kind}  ${rows}`
  const parts = [event.slice]
  const { done, total, unit } = event.progress
  if (total !== null && total > 0) parts.push(`${Math.floor(Math.min(done / total, 1) * 100)}%`)
  else if (unit === 'requests') parts.push(`${done} answers`)
  parts.push(rows)
  if (event.issues > 0) parts.push(`${event.issues.toLocaleString('en-US')} issues`)
  return parts.join('  ')
}

function megabytes(byteCount: number): string {
  return Math.ceil(byteCount / 1e6).toLocaleString('en-US')
}
