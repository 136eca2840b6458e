// Loads a NIBRS file into PostgreSQL and prints what is in it.
//
//   PGPASSWORD=... npm run example -- examples/postgres.ts nibrs-2022.zip postgres://me@localhost/crime
//
// The password comes from PGPASSWORD, the file that PGPASSFILE names, or `passwordFile`: never from
// the URL, which other programs of the machine can see.
import { isLoaderError, load } from '@crimewh/loader'
import { postgres } from '@crimewh/loader/postgres'
import { nibrsFile } from '@crimewh/loader/sources'
import pg from 'pg'

const [file, url] = process.argv.slice(2)
if (file === undefined || url === undefined) {
  console.error('usage: postgres.ts <file> <url>')
  process.exit(2)
}
const schema = 'crime'
try {
  const { slices } = await load({
    source: nibrsFile(file),
    destination: postgres({ url, schema }),
    onProgress: (event) => {
      if (event.kind === 'waiting') console.error(`waiting for ${event.holder}`)
    },
  })
  for (const { slice, status, loadId } of slices) console.log(`${slice}: ${status}, load ${loadId}`)
} catch (error) {
  // One sentence says what happened and what to do; `code` is for programs.
  if (!isLoaderError(error)) throw error
  console.error(`${error.code}: ${error.message}`)
  process.exit(1)
}

const client = new pg.Client({ connectionString: url })
await client.connect()
const { rows } = await client.query<{ offense_code: string; offenses: string }>(
  `SELECT offense_code, count(*) AS offenses FROM ${schema}.stg_nibrs_offense
    GROUP BY offense_code ORDER BY count(*) DESC, offense_code LIMIT 3`,
)
for (const { offense_code, offenses } of rows) console.log(`${offense_code} ${offenses}`)
await client.end()
