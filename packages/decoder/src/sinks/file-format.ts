import type { TableFormat } from './table-sink.js'

/** Output formats that are written as one file for each segment. */
export type FileFormat = 'parquet' | 'arrow' | 'csv' | 'ndjson'

/** See {@link FileFormat}. Loads only the library of that format: start-up time counts. */
export async function tableFormat(format: FileFormat, labels: boolean): Promise<TableFormat> {
  switch (format) {
    case 'parquet':
      return (await import('./parquet.js')).parquetTables({ labels })
    case 'arrow':
      return (await import('./arrow.js')).arrowTables({ labels })
    case 'csv':
      return (await import('./csv.js')).csvTables({ labels })
    case 'ndjson':
      return (await import('./ndjson.js')).ndjsonTables({ labels })
  }
}
