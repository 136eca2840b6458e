// `npm run demo`: generates a small year, decodes it from zip to Parquet with the real command, and
// shows the row counts and the first incident. Writes to demo-out/, which git ignores.
import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { DuckDBInstance } from '@duckdb/node-api'
import { decode, incidents, loadSpec, openInput } from '@nibrs/decoder'
import { writeMasterFile } from '@nibrs/decoder/testing'

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))
const folder = path.join(root, 'demo-out')
const archive = path.join(folder, 'nibrs-2022.zip')
const tables = path.join(folder, 'nibrs-2022')

rmSync(folder, { recursive: true, force: true })
mkdirSync(folder)

heading('A small year, made up: demo-out/nibrs-2022.zip')
const { records, bytes } = await writeMasterFile(archive, { year: 2022, records: 20_000 })
console.log(`${records.toLocaleString('en-US')} records, ${bytes.toLocaleString('en-US')} bytes`)

heading('npx nibrs-decode demo-out/nibrs-2022.zip -o demo-out/nibrs-2022')
const command = path.join(root, 'packages/nibrs-decode/bin/nibrs-decode.js')
const args = [command, 'demo-out/nibrs-2022.zip', '-o', 'demo-out/nibrs-2022']
const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' })
if (status !== 0) process.exit(status ?? 1)

heading('Rows of the Parquet files, counted by DuckDB')
const database = await DuckDBInstance.create(':memory:')
const connection = await database.connect()
const spec = await loadSpec('nibrs/master@2013')
for (const { name } of spec.tables) {
  const file = path.join(tables, `${name}.parquet`).replaceAll("'", "''")
  const reader = await connection.runAndReadAll(`SELECT count(*)::INTEGER FROM '${file}'`)
  console.log(`${name.padEnd(18)}${reader.getRows()[0][0].toLocaleString('en-US').padStart(8)}`)
}
connection.closeSync()
database.closeSync()

heading('The first incident, with labels')
for await (const incident of incidents(decode(openInput(archive), spec), { labels: true })) {
  show('administrative', incident.administrative)
  for (const row of incident.offenses) show('offense', row)
  for (const row of incident.properties) show('property', row)
  for (const row of incident.victims) show('victim', row)
  for (const row of incident.offenders) show('offender', row)
  for (const row of incident.arrestees) show('arrestee', row)
  break
}

function heading(text) {
  console.log(`\n== ${text}\n`)
}

/** The cells that hold something, a code with its label behind it. */
function show(segment, row) {
  console.log(segment)
  for (const [name, value] of Object.entries(row)) {
    if (value === null || typeof value === 'object' || name.endsWith('_label')) continue
    const label = row[`${name}_label`]
    console.log(`  ${name.padEnd(28)}${value}${label ? `  (${label})` : ''}`)
  }
}
