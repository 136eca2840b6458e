/*
 * Ours, the decoding alone: text to columns, which are dropped. Arguments: file, spec, and `sums` to
 * print what stands in the columns instead of dropping them.
 */
import { decode, loadSpec, openInput } from '@nibrs/decoder'
import { ColumnSums } from '../column-sums.js'

const [file, id, sums] = process.argv.slice(2) as [string, string, string?]
const decoding = decode(openInput(file, { reuseChunks: true }), await loadSpec(id), {
  aligned: false,
  reuseArrays: true,
})
if (sums === undefined) {
  let rowCount = 0
  for await (const batch of decoding) rowCount += batch.rowCount
  console.log(rowCount)
} else {
  const found = new ColumnSums()
  for await (const batch of decoding) found.add(batch)
  process.stdout.write(found.lines())
}
