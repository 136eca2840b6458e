/**
 * Finds line ends: offsets of LF bytes in `bytes[start, end)`, written to `out`.
 *
 * Stops when `out` is full. A line is whatever lies between two LF bytes; a CR before the LF, NUL
 * bytes and everything else are the caller's affair.
 *
 * @returns how many offsets were written
 */
export type LineFinder = (bytes: Uint8Array, start: number, end: number, out: Int32Array) => number

/** The plain {@link LineFinder}: correct everywhere, and what faster ones are held equal to. */
export function findLineEnds(
  bytes: Uint8Array,
  start: number,
  end: number,
  out: Int32Array,
): number {
  const window = end === bytes.length ? bytes : bytes.subarray(0, end)
  let count = 0
  let at = start
  while (count < out.length) {
    at = window.indexOf(0x0a, at)
    if (at < 0) break
    out[count++] = at
    at++
  }
  return count
}
