// Says what is wrong with a file and where, and shows that no record is lost:
//   npm run example -- examples/issues.ts nibrs-2022.zip
import { decode, detectSpec, openInput } from '@nibrs/decoder'

const [file = 'nibrs-2022.zip'] = process.argv.slice(2)
const { spec, source } = await detectSpec(openInput(file))
const decoding = decode(source, spec)
let shown = 0
for await (const batch of decoding) {
  for (const { code, segment, field, recordNumber, byteOffset, raw } of batch.issues) {
    if (shown++ >= 10) continue
    const what = [segment, field].filter((part) => part !== null).join('.')
    console.log(`line ${recordNumber}, byte ${byteOffset}: ${code} ${what} ${JSON.stringify(raw)}`)
  }
}
const { records, rows, joinedHeaderParts, withheld, notSelected, issues } = decoding.stats
const rowCount = Object.values(rows).reduce((sum, count) => sum + count, 0)
console.log(issues)
console.log(`${records} = ${rowCount} + ${joinedHeaderParts} + ${withheld} + ${notSelected}`)
