// Runs SQL statements over a new database file: `duckdb-sql.js <file> <statements.json> [threads]`.
import { readFileSync } from 'node:fs'
import { DuckDBInstance } from '@duckdb/node-api'

const [file, statements] = process.argv.slice(2) as [string, string]
const instance = await DuckDBInstance.create(file, {
  autoinstall_known_extensions: 'false',
  autoload_known_extensions: 'false',
  preserve_insertion_order: 'false',
})
const connection = await instance.connect()
for (const statement of JSON.parse(readFileSync(statements, 'utf8')) as readonly string[]) {
  await connection.run(statement)
}
connection.closeSync()
instance.closeSync()
