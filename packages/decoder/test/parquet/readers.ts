import { readFileSync } from 'node:fs'
import type { DuckDBConnection } from '@duckdb/node-api'
import { DuckDBInstance } from '@duckdb/node-api'
import type { FileMetaData } from 'hyparquet'
import { parquetMetadata, parquetReadObjects } from 'hyparquet'

export type Row = Record<string, unknown>

/** A DuckDB that never looks at the network. */
export async function openDuckDb(): Promise<DuckDBConnection> {
  const instance = await DuckDBInstance.create(':memory:', {
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    threads: '1',
  })
  return instance.connect()
}

/** Rows as DuckDB reads them: dates as `YYYY-MM-DD`, decimals as text, bigints as numbers. */
export async function readWithDuckDb(connection: DuckDBConnection, path: string): Promise<Row[]> {
  const reader = await connection.runAndReadAll(`SELECT * FROM read_parquet('${path}')`)
  return reader.getRowObjectsJson().map((row) => Object.fromEntries(Object.entries(row)))
}

export async function query(connection: DuckDBConnection, sql: string): Promise<Row[]> {
  const reader = await connection.runAndReadAll(sql)
  return reader.getRowObjectsJS()
}

export function arrayBufferOf(path: string): ArrayBuffer {
  const bytes = readFileSync(path)
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer
}

export async function readWithHyparquet(path: string): Promise<Row[]> {
  return parquetReadObjects({ file: arrayBufferOf(path) })
}

export function metadataOf(path: string): FileMetaData {
  return parquetMetadata(arrayBufferOf(path))
}
