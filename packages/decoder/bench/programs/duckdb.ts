/*
 * A peer: runs SQL statements in a DuckDB of its own. Arguments: threads, a JSON file with the list
 * of statements.
 */
import { readFileSync } from 'node:fs'
import { DuckDBInstance } from '@duckdb/node-api'

const [threads, file] = process.argv.slice(2) as [string, string]
const statements = JSON.parse(readFileSync(file, 'utf8')) as string[]
const database = await DuckDBInstance.create(':memory:', {
  threads,
  autoinstall_known_extensions: 'false',
  autoload_known_extensions: 'false',
})
const connection = await database.connect()
for (const statement of statements) await connection.run(statement)
connection.closeSync()
database.closeSync()
