// Reads Parquet files of every kind we write with ClickHouse, and compares each column with what
// DuckDB reads:
//   node scripts/check-clickhouse.mjs [folder of Parquet files]
// Without a folder it makes its own: a small synthetic year of two editions, decoded with each
// codec, with labels and in small row groups. Needs `npm run build decoder`.
//
// ClickHouse comes as the npm package chdb, half a gigabyte, which is installed into a temporary
// folder: its lock file would not pass `npm ci`. CHDB_MODULE names a folder that has it already.
// Where it cannot be installed the check is skipped, aloud; under CI that is a failure.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { Readable } from 'node:stream'
import { DuckDBInstance } from '@duckdb/node-api'

const CHDB = 'chdb@3.4.0'

const temporary = mkdtempSync(path.join(tmpdir(), 'check-clickhouse-'))
let failures = 0
try {
  const chdb = loadChdb()
  if (chdb === null) {
    console.log(`SKIPPED (no ClickHouse): npm could not install ${CHDB}`)
    process.exitCode = process.env.CI ? 1 : 0
  } else {
    await check(chdb, process.argv[2] ?? (await makeFiles()))
    process.exitCode = failures === 0 ? 0 : 1
  }
} finally {
  rmSync(temporary, { recursive: true, force: true })
}

function loadChdb() {
  const folder = process.env.CHDB_MODULE ?? path.join(temporary, 'chdb')
  if (process.env.CHDB_MODULE === undefined) {
    const options = ['--no-audit', '--no-fund', '--ignore-scripts', '--prefix', folder]
    const { status, stderr } = spawnSync('npm', ['install', ...options, CHDB], { encoding: 'utf8' })
    if (status !== 0) {
      console.log(stderr?.trim() ?? 'npm could not be run')
      return null
    }
  }
  return createRequire(path.join(folder, 'package.json'))('chdb')
}

/** Writes Parquet files with every codec and returns their folder. */
async function makeFiles() {
  const { decode, drain } = await import('@nibrs/decoder')
  const { parquetFiles } = await import('@nibrs/decoder/parquet')
  const { generateMasterFile } = await import('@nibrs/decoder/testing')
  const variants = [
    { codec: 'none', labels: true },
    { codec: 'snappy', rowGroupRows: 1024 },
    { codec: 'gzip', rowGroupRows: 8192, labels: true },
    ...('zstdCompressSync' in (await import('node:zlib')) ? [{ codec: 'zstd' }] : []),
  ]
  for (const year of [1999, 2022]) {
    for (const options of variants) {
      const directory = path.join(temporary, `${year}-${options.codec}`)
      const file = await generateMasterFile({ year, records: 60_000, tails: true, trim: 'some' })
      const chunks = Readable.from(file)
      await drain(decode(chunks, file.spec), parquetFiles({ directory, ...options }))
    }
  }
  return temporary
}

async function check(chdb, folder) {
  console.log(`ClickHouse ${chdb.query('SELECT version()', 'TSV').trim()}`)
  const database = await DuckDBInstance.create(':memory:', {
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
  })
  const duckDb = await database.connect()
  const files = readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith('.parquet') && !name.includes('node_modules'))
    .sort()
  if (files.length === 0) throw new Error(`${folder} holds no Parquet file`)
  for (const name of files) {
    const file = path.join(folder, name)
    const found = await compare(chdb, duckDb, file)
    const cut = refusesCut(chdb, file)
    if (found.length > 0 || !cut) failures++
    const outcome = found.length === 0 ? 'equal' : `DIFFERENT in ${found.join(', ')}`
    console.log(`${name.padEnd(44)} ${outcome}${cut ? '' : ', and a cut file was READ'}`)
  }
  console.log(`${files.length} files read, ${failures} of them wrongly`)
  duckDb.closeSync()
  database.closeSync()
}

/** Names of the columns that the two readers see differently, with what each of them sees. */
async function compare(chdb, duckDb, file) {
  const described = await duckDb.runAndReadAll(`DESCRIBE SELECT * FROM read_parquet('${file}')`)
  const different = []
  for (const [name, type] of described.getRows().map((row) => row.map(String))) {
    // The two write decimals differently, so these are compared as whole numbers.
    const scale = /^DECIMAL\(\d+,(\d+)\)$/.exec(type)?.[1]
    const factor = 10 ** Number(scale ?? 0)
    const ofDuckDb = scale === undefined ? `"${name}"` : `("${name}" * ${factor})::BIGINT`
    const ofClickHouse = scale === undefined ? `"${name}"` : `toInt64("${name}" * ${factor})`
    const reader = await duckDb.runAndReadAll(
      `SELECT count(*)::VARCHAR, count(c)::VARCHAR, count(DISTINCT c)::VARCHAR,
         coalesce(min(c)::VARCHAR, ''), coalesce(max(c)::VARCHAR, ''),
         coalesce(sum(length(c::VARCHAR)), 0)::VARCHAR
       FROM (SELECT ${ofDuckDb} AS c FROM read_parquet('${file}'))`,
    )
    const expected = reader.getRows()[0].map(String)
    const answer = chdb.query(
      `SELECT toString(count(*)), toString(count(c)), toString(uniqExact(c)),
         ifNull(toString(min(c)), ''), ifNull(toString(max(c)), ''),
         toString(ifNull(sum(lengthUTF8(toString(c))), 0))
       FROM (SELECT ${ofClickHouse} AS c FROM file('${file}', Parquet))`,
      'JSONCompactEachRow',
    )
    const found = JSON.parse(answer)
    if (JSON.stringify(expected) !== JSON.stringify(found)) {
      different.push(`${name} (DuckDB ${expected.join('|')}, ClickHouse ${found.join('|')})`)
    } else if (type !== 'BOOLEAN' && !(await filtersAlike(chdb, duckDb, file, name))) {
      different.push(`${name} (filtered)`)
    }
  }
  return different
}

/** Whether both find as many rows with the greatest value: ClickHouse passes over pages by it. */
async function filtersAlike(chdb, duckDb, file, name) {
  const from = `read_parquet('${file}')`
  const greatest = await duckDb.runAndReadAll(`SELECT max("${name}")::VARCHAR FROM ${from}`)
  const [value] = greatest.getRows()[0]
  if (value === null) return true
  const condition = `"${name}" = '${value.replaceAll("'", "''")}'`
  const reader = await duckDb.runAndReadAll(`SELECT count(*) FROM ${from} WHERE ${condition}`)
  const query = `SELECT count(*) FROM file('${file}', Parquet) WHERE ${condition}`
  return Number(reader.getRows()[0][0]) === Number(chdb.query(query, 'TSV'))
}

/** Whether ClickHouse refuses the file without its last byte, and without its second half. */
function refusesCut(chdb, file) {
  const bytes = readFileSync(file)
  const cut = path.join(temporary, 'cut.parquet')
  return [bytes.length - 1, bytes.length >> 1].every((length) => {
    writeFileSync(cut, bytes.subarray(0, length))
    try {
      chdb.query(`SELECT count(*) FROM file('${cut}', Parquet)`, 'TSV')
      return false
    } catch {
      return true
    }
  })
}
