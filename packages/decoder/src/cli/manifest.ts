import path from 'node:path'
import type { ClosingFile, WrittenFile } from '../sinks/table-sink.js'
import type { DecodeSummary } from './summary.js'

const NAME = 'manifest.json'

/** Where the manifest of a folder of tables stands. */
export function manifestPath(directory: string): string {
  return path.join(directory, NAME)
}

/**
 * `manifest.json` beside the tables: source, spec, counts and files.
 *
 * It gets its name last, so where it is the output is complete. It holds no time and no path, so
 * that decoding the same input again gives the same bytes.
 */
export function manifestFile(
  summaryOf: (tables: readonly WrittenFile[]) => DecodeSummary,
): ClosingFile {
  return {
    fileName: NAME,
    bytes(tables) {
      const summary = summaryOf(tables)
      const files = summary.files.map((output) => ({
        ...output,
        file: output.file === null ? null : path.basename(output.file),
      }))
      return Buffer.from(`${JSON.stringify({ ...summary, files }, null, 2)}\n`, 'utf8')
    },
  }
}
