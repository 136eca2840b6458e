import type { LoadEvent } from '../progress.js'
import type { Terminal } from './terminal.js'

/** Without a terminal a long run says that it lives. */
const SAY_MS = 10_000

/** Shows how far loading is: a line redrawn on a terminal, else a line every 10 s. */
export function progressListener(terminal: Terminal): (event: LoadEvent) => void {
  let saidAt = performance.now()
  return (event) => {
    switch (event.kind) {
      case 'staging':
      case 'committing': {
        if (terminal.quiet) return
        const line = progressLine(event)
        if (terminal.interactive) terminal.redraw(line)
        else if (performance.now() - saidAt >= SAY_MS) {
          saidAt = performance.now()
          terminal.line(line)
        }
        return
      }
      case 'waiting':
        terminal.note(`${event.slice}: waiting for ${event.holder}`)
        return
      case 'retry':
        terminal.note(
          `${event.slice}: try ${event.attempt} in ${(event.waitMs / 1000).toFixed(1)} s, after: ${event.error.message}`,
        )
        return
      case 'slice-start':
      case 'slice-end':
        if (terminal.interactive) terminal.redraw('')
    }
  }
}

type Moving = Extract<LoadEvent, { readonly kind: 'staging' | 'committing' }>

/** `data_year=2022  45%  12,345,678 rows  12 issues` */
export function progressLine(event: Moving): string {
  const rows = `${event.rows.toLocaleString('en-US')} rows`
  if (event.kind === 'committing') return `${event.slice}  committing  ${rows}`
  const parts = [event.slice]
  const { done, total, unit } = event.progress
  if (total !== null && total > 0) parts.push(`${Math.floor(Math.min(done / total, 1) * 100)}%`)
  else if (unit === 'requests') parts.push(`${done} answers`)
  parts.push(rows)
  if (event.issues > 0) parts.push(`${event.issues.toLocaleString('en-US')} issues`)
  return parts.join('  ')
}
