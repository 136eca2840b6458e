// Prints the unplaced crimes of an archive file as NDJSON, with the place of each row.
//
//   node --experimental-strip-types examples/ukpolice-archive-to-ndjson.ts 2026-08.zip
import { openArchive } from '@ukpolice/client/archive'

const archive = await openArchive(process.argv[2] ?? '2026-08.zip')
let count = 0
for await (const batch of archive.batches('street', { months: ['2026-08'] })) {
  for (const { row, entry, lineNumber } of batch.rows) {
    if (row.location !== null) continue
    count += 1
    console.log(JSON.stringify({ entry, line: lineNumber, category: row.category }))
  }
  for (const issue of batch.issues) console.error(issue.entry, issue.lineNumber, issue.code)
}
await archive.close()
console.error(`${count} crimes without a place`)
