import { readFileSync } from 'node:fs'
import type { DuckDBConnection } from '@duckdb/node-api'
import { DuckDBInstance } from '@duckdb/node-api'
import type { Compressors, FileMetaData } from 'hyparquet'
import { parquetMetadata, parquetReadObjects } from 'hyparquet'
import * as zlib from 'node:zlib'

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

/** Rows in the order of the file: dates as `YYYY-MM-DD`, decimals and bigints as text. */
export async function readWithDuckDb(connection: DuckDBConnection, path: string): Promise<Row[]> {
  const reader = await connection.runAndReadAll(`SELECT * FROM read_parquet('${path}')`)
  return reader.getRowObjectsJson()
}

/** Rows of a query: bigints as numbers. */
export async function query(connection: DuckDBConnection, sql: string): Promise<Row[]> {
  const reader = await connection.runAndReadAll(sql)
  return reader
    .getRowObjectsJS()
    .map((row) =>
      Object.fromEntries(
        Object.entries(row).map(([key, value]) => [
          key,
          typeof value === 'bigint' ? Number(value) : value,
        ]),
      ),
    )
}

export function arrayBufferOf(path: string): ArrayBuffer {
  const bytes = readFileSync(path)
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer
}

const { zstdDecompressSync } = zlib as { zstdDecompressSync?: (bytes: Uint8Array) => Uint8Array }

/** What hyparquet lacks: it has Snappy of its own. */
export const compressors: Compressors = {
  GZIP: (input) => zlib.gunzipSync(input),
  ...(zstdDecompressSync === undefined ? {} : { ZSTD: (input) => zstdDecompressSync(input) }),
}

export async function readWithHyparquet(path: string): Promise<Row[]> {
  return parquetReadObjects({ file: arrayBufferOf(path), compressors })
}

/** The column as hyparquet reads it, in the form cells are given in: dates as days. */
export async function readCells(path: string, name: string): Promise<unknown[]> {
  const rows = await parquetReadObjects({
    file: arrayBufferOf(path),
    compressors,
    columns: [name],
  })
  return rows.map((row) => {
    const value: unknown = row[name]
    if (value instanceof Date) return value.getTime() / 86_400_000
    return typeof value === 'bigint' ? Number(value) : value
  })
}

export function metadataOf(path: string): FileMetaData {
  return parquetMetadata(arrayBufferOf(path))
}
