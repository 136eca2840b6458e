import { openDuckDb } from '../parquet/readers.js'

/** Rows of one query in a DuckDB of its own; dates, decimals and bigints as text. */
export async function query(sql: string): Promise<Record<string, unknown>[]> {
  const connection = await openDuckDb()
  try {
    return (await connection.runAndReadAll(sql)).getRowObjectsJson()
  } finally {
    connection.closeSync()
  }
}
