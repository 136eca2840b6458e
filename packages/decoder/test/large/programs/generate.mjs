// node generate.mjs FILE RECORDS: a generated year, written without holding it.
import { writeMasterFile } from '../../../dist/testing/index.js'

const [file, records] = process.argv.slice(2)
const manifest = await writeMasterFile(file, { year: 2022, records: Number(records), level: 1 })
console.log(
  JSON.stringify({ bytes: manifest.bytes, records: manifest.records, rows: manifest.rows }),
)
