// Loads a NIBRS year and police data into one DuckDB file, and prints ten lines of what is in it.
//
//   npm run example -- examples/warehouse-loader.ts [crime.duckdb]
//
// The NIBRS year is made up by the generator, and the police data come from the test server, which
// behaves like data.police.uk: nothing leaves this machine.
import { rmSync } from 'node:fs'
import { DuckDBInstance } from '@duckdb/node-api'
import { load } from '@crimewh/loader'
import { duckdb } from '@crimewh/loader/duckdb'
import { nibrsFile, ukpoliceApi } from '@crimewh/loader/sources'
import { writeMasterFile } from '@nibrs/decoder/testing'
import { createClient } from '@ukpolice/client'
import { generateData, startTestServer } from '@ukpolice/client/testing'

const path = process.argv[2] ?? 'crime.duckdb'
const destination = duckdb({ path })

// One NIBRS year, with a few faults in it, loaded twice: the second time there is nothing to do.
await writeMasterFile('nibrs-2022.zip', { year: 2022, records: 20_000, faults: { rate: 0.001 } })
const year = await load({
  source: nibrsFile('nibrs-2022.zip'),
  destination,
  maxIssues: { share: 0.01 },
})
const again = await load({ source: nibrsFile('nibrs-2022.zip'), destination })
rmSync('nibrs-2022.zip')

// Three months of one force, from the service.
await using server = await startTestServer(generateData({ crimeCount: 600 }))
const client = createClient({ baseUrl: server.url, userAgent: 'warehouse-loader-example' })
for (const dataset of ['crimes', 'stops'] as const) {
  await load({ source: ukpoliceApi({ client, dataset, forces: ['leicestershire'] }), destination })
}

const [manifest] = year.slices.map((slice) => slice.manifest)
const decoded = manifest!.tables.reduce((sum, table) => sum + table.decoded, 0)
const staged = manifest!.tables.reduce((sum, table) => sum + table.staged, 0)
const withheld = manifest!.tables.reduce((sum, table) => sum + table.withheld, 0)
console.log(`NIBRS ${manifest!.slice}: ${year.status}, the same file again: ${again.status}`)
console.log(`${decoded} records = ${staged} rows + ${withheld} withheld`)

const instance = await DuckDBInstance.create(path, { access_mode: 'READ_ONLY' })
const database = await instance.connect()
const ask = async (sql: string) => (await database.runAndReadAll(sql)).getRows().map(String)
const show = async (title: string, sql: string) => {
  console.log(`${title}: ${(await ask(sql)).join('; ')}`)
}
await show(
  'loads',
  `SELECT format('{} {}', count(*), source_kind) FROM crimewh_load GROUP BY source_kind ORDER BY 1`,
)
await show(
  'first fault',
  `SELECT format('line {}, byte {}: {} in {}.{}', record_number, byte_offset, code, table_name, field)
     FROM crimewh_issue WHERE field IS NOT NULL ORDER BY record_number LIMIT 1`,
)
await show(
  'offenses with a knife, weapon code 20',
  `SELECT format('{} of {}', count(*) FILTER (weapon_force_1 = '20'), count(*)) FROM stg_nibrs_offense`,
)
await show(
  'persons among the victims, by sex',
  `SELECT format('{} {}', coalesce(sex, '-'), count(*)) FROM stg_nibrs_victim
     WHERE victim_type IN ('I', 'L') GROUP BY sex ORDER BY count(*) DESC`,
)
await show(
  'incidents with an arrest',
  `SELECT format('{} of {}', count(*) FILTER (EXISTS (FROM stg_nibrs_arrestee a
     WHERE a.ori = i.ori AND a.incident_number = i.incident_number)), count(*)) FROM stg_nibrs_administrative i`,
)
await show(
  'crimes in Leicestershire by month',
  `SELECT format('{} {}', month, count(*)) FROM stg_ukpolice_crime GROUP BY month ORDER BY month`,
)
await show(
  'most frequent crime',
  `SELECT format('{} ({})', category, count(*)) FROM stg_ukpolice_crime GROUP BY category
     ORDER BY count(*) DESC, category LIMIT 1`,
)
await show(
  'stops in which something was found',
  `SELECT format('{} of {}', count(*) FILTER (outcome_linked_to_object_of_search), count(*)) FROM stg_ukpolice_stop`,
)
database.closeSync()
instance.closeSync()
