import { DuckDBInstance } from '@duckdb/node-api'

/** Rows of a query over a DuckDB file, as plain values. */
export async function query(file: string, sql: string): Promise<readonly unknown[][]> {
  const instance = await DuckDBInstance.create(file, { access_mode: 'READ_ONLY' })
  const connection = await instance.connect()
  try {
    const reader = await connection.runAndReadAll(sql)
    return reader.getRowsJson() as unknown[][]
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}
