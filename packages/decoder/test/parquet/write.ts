import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import type { Column } from '../../src/batch.js'
import { parquetFiles, type ParquetFilesOptions } from '../../src/sinks/parquet.js'
import type { ColumnSpec } from '../../src/spec/types.js'
import { batchOf, sinkSchema, sinkTable } from './tables.js'

/** A folder that goes away with the test file. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), 'parquet-test-'))
  afterAll(() => rmSync(directory, { recursive: true, force: true }))
  return directory
}

/** Batches of one table, each as its columns; all columns of a batch have as many rows. */
export type Batches = readonly (readonly (Column & { readonly rowCount: number })[])[]

let fileNumber = 0

/** Writes one table and returns the path of its file. */
export async function writeTable(
  directory: string,
  specs: readonly ColumnSpec[],
  batches: Batches,
  options: Partial<ParquetFilesOptions> & { metadata?: Record<string, string> } = {},
): Promise<string> {
  const { metadata, ...sinkOptions } = options
  const sink = parquetFiles({ directory: join(directory, String(fileNumber++)), ...sinkOptions })
  await sink.open(sinkSchema([sinkTable('sample', specs)], metadata))
  for (const columns of batches) {
    await sink.write(batchOf('sample', columns, columns[0]?.rowCount ?? 0))
  }
  const [file] = await sink.close()
  return file!.path
}
