// `npm run demo`: generates a small year, decodes it from zip to Parquet with the real command, shows
// the row counts and the first incident, then builds a warehouse of it and of police data from the
// test server, and asks it three questions. Writes to demo-out/, which git ignores.
import { spawn, spawnSync } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { DuckDBInstance } from '@duckdb/node-api'
import { decode, incidents, loadSpec, openInput } from '@nibrs/decoder'
import { writeMasterFile } from '@nibrs/decoder/testing'
import { generateData, startTestServer } from '@ukpolice/client/testing'

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

const warehouse = path.join(folder, 'crime.duckdb')
const to = ['--to', 'duckdb:demo-out/crime.duckdb']
await crimewh(['load', 'nibrs', 'demo-out/nibrs-2022.zip', ...to])
await crimewh(['load', 'nibrs', 'demo-out/nibrs-2022.zip', ...to])
const server = await startTestServer(generateData({ crimeCount: 900 }))
const what = ['--police-force', 'leicestershire', '--dataset', 'crimes', '--dataset', 'stops']
await crimewh(['load', 'ukpolice', ...to, ...what], { UKPOLICE_BASE_URL: server.url })
await crimewh(['sync', 'ukpolice', ...to], { UKPOLICE_BASE_URL: server.url })
await server.close()
await crimewh(['loads', 'list', ...to])

await ask(
  'Assaults by weapon',
  `SELECT weapon_force_1 AS weapon, count(*) AS offenses FROM stg_nibrs_offense
    WHERE offense_code = '13A' AND weapon_force_1 IS NOT NULL
    GROUP BY ALL ORDER BY offenses DESC, weapon LIMIT 5`,
)
await ask(
  'Incidents by state, and how many led to an arrest',
  `SELECT i.state_code, count(*) AS incidents,
          count(*) FILTER (WHERE EXISTS (SELECT 1 FROM stg_nibrs_arrestee a
            WHERE a.ori = i.ori AND a.incident_number = i.incident_number)) AS with_arrest
     FROM stg_nibrs_administrative i GROUP BY ALL ORDER BY incidents DESC, i.state_code LIMIT 5`,
)
await ask(
  'Crimes and stops in Leicestershire by month',
  `SELECT month, crimes, stops
     FROM (SELECT month, count(*) AS crimes FROM stg_ukpolice_crime GROUP BY month)
     JOIN (SELECT month, count(*) AS stops FROM stg_ukpolice_stop GROUP BY month) USING (month)
    ORDER BY month`,
)

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

/** Runs the real command, with its output where ours goes. */
async function crimewh(args, env = {}) {
  heading(`npx crimewh ${args.join(' ')}`)
  const bin = path.join(root, 'packages/loader/bin/crimewh.js')
  const options = { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } }
  // Not spawnSync: the test server of this process has to answer.
  const code = await new Promise((resolve, reject) => {
    spawn(process.execPath, [bin, ...args], options)
      .on('close', resolve)
      .on('error', reject)
  })
  if (code !== 0) process.exit(code ?? 1)
}

async function ask(title, sql) {
  heading(title)
  const instance = await DuckDBInstance.create(warehouse, { access_mode: 'READ_ONLY' })
  const asking = await instance.connect()
  const reader = await asking.runAndReadAll(sql)
  const rows = [reader.columnNames(), ...reader.getRows().map((row) => row.map(String))]
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)))
  for (const row of rows) {
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    )
  }
  asking.closeSync()
  instance.closeSync()
}
