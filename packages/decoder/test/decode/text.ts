import { decode, type Decoding } from '../../src/decode.js'
import type { CellValue } from '../../src/batch.js'
import type { Issue } from '../../src/issues.js'
import type { DecodeOptions } from '../../src/options.js'
import type { CompiledSpec } from '../../src/spec/types.js'

/** A record from parts placed at printed (1-based) positions, blank elsewhere, cut at `length`. */
export function record(length: number, parts: Record<number, string>): string {
  const characters = Array.from({ length }, () => ' ')
  for (const [position, text] of Object.entries(parts)) {
    for (let i = 0; i < text.length; i++) characters[Number(position) - 1 + i] = text[i]!
  }
  return characters.slice(0, length).join('')
}

/** Latin-1 bytes of lines, each ended by `end`. */
export function bytesOf(lines: readonly string[], end = '\n'): Uint8Array {
  return Buffer.from(lines.map((line) => line + end).join(''), 'latin1')
}

/** The same bytes in chunks of `size`. */
export function* chunksOf(bytes: Uint8Array, size: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.slice(at, at + size)
}

export type Row = Record<string, CellValue>

export interface Decoded {
  readonly rows: Record<string, Row[]>
  readonly issues: Issue[]
  readonly stats: Decoding['stats']
}

/** Rows by segment, and all issues in file order. */
export async function decodeAll(
  input: Uint8Array | Iterable<Uint8Array>,
  spec: CompiledSpec,
  options: DecodeOptions = {},
): Promise<Decoded> {
  const decoding = decode(input instanceof Uint8Array ? [input] : input, spec, options)
  const rows: Record<string, Row[]> = {}
  const issues: Issue[] = []
  for await (const batch of decoding) {
    const table = (rows[batch.segment] ??= [])
    for (let row = 0; row < batch.rowCount; row++) {
      table.push(
        Object.fromEntries([...batch.columns].map(([name, column]) => [name, column.get(row)])),
      )
    }
    issues.push(...batch.issues)
  }
  issues.sort((a, b) => a.byteOffset - b.byteOffset)
  return { rows, issues, stats: decoding.stats }
}

/** records = rows + joined header parts + withheld + not selected. */
export function lawHolds(stats: Decoding['stats']): boolean {
  const rows = Object.values(stats.rows).reduce((sum, count) => sum + count, 0)
  return stats.records === rows + stats.joinedHeaderParts + stats.withheld + stats.notSelected
}
