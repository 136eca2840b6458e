import type { TableFormat } from './table-sink.js'

/** Output formats that are written as one file for each segment. */
export type FileFormat = 'parquet' | 'arrow' | 'csv' | 'ndjson'

/**
 * See {@link FileFormat}. Loads only the library of that format: start-up time counts.
 *
 * @param batchRows rows of the batches to come, all but the last of a table: row groups of Parquet,
 *   which takes a multiple of 8
 */
export async function tableFormat(
  format: FileFormat,
  { labels, batchRows }: { readonly labels: boolean; readonly batchRows: number },
): Promise<TableFormat> {
  switch (format) {
    case 'parquet':
      return (await import('./parquet.js')).parquetTables({ labels, rowGroupRows: batchRows })
    case 'arrow':
      return (await import('./arrow.js')).arrowTables({ labels })
    case 'csv':
      return (await import('./csv.js')).csvTables({ labels })
    case 'ndjson':
      return (await import('./ndjson.js')).ndjsonTables({ labels })
  }
}
