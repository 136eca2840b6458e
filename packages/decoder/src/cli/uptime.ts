/**
 * Milliseconds since the process began: a clock that is never set back. `performance` is one too, but
 * the first use of it loads eight modules of Node.
 */
export function uptimeMs(): number {
  return process.uptime() * 1000
}
