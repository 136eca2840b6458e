import path from 'node:path'
import { AtomicFiles } from '../sinks/atomic-files.js'
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
export class ManifestFile {
  readonly #files: AtomicFiles

  constructor(directory: string, force: boolean) {
    this.#files = new AtomicFiles({ directory, force })
  }

  /** @throws {OptionError} OUTPUT_EXISTS, OUTPUT_NOT_WRITABLE */
  async reserve(): Promise<void> {
    await this.#files.reserve([NAME])
  }

  async write(summary: DecodeSummary): Promise<void> {
    const files = summary.files.map((output) => ({
      ...output,
      file: output.file === null ? null : path.basename(output.file),
    }))
    const text = JSON.stringify({ ...summary, files }, null, 2)
    const file = await this.#files.open(NAME)
    file.write(Buffer.from(`${text}\n`, 'utf8'))
    await this.#files.commit()
  }

  async abort(): Promise<void> {
    await this.#files.abort()
  }
}
