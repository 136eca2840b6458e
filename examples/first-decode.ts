// Decodes a yearly file to one Parquet file per segment:
//   npm run example -- examples/first-decode.ts nibrs-2022.zip out
import { decode, detectSpec, drain, openInput } from '@nibrs/decoder'
import { parquetFiles } from '@nibrs/decoder/parquet'

const [file = 'nibrs-2022.zip', directory = 'out'] = process.argv.slice(2)

const { spec, reason, source } = await detectSpec(openInput(file))
console.log(`${spec.id}: ${reason}`)

const decoding = decode(source, spec)
const files = await drain(decoding, parquetFiles({ directory }))

for (const { segment, rowCount } of files) console.log(`${segment}: ${rowCount} rows`)
console.log(`${decoding.stats.records} records, ${decoding.stats.withheld} withheld`)
