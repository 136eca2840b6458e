// Reads a web stream, as fetch gives one, and writes one segment as CSV to standard output:
//   npm run example -- examples/streams.ts nibrs-2022.zip > offenses.csv
import { openAsBlob } from 'node:fs'
import { decode, detectSpec, drain, openInput } from '@nibrs/decoder'
import { csvStream } from '@nibrs/decoder/csv'

const [file = 'nibrs-2022.zip'] = process.argv.slice(2)
const stream = (await openAsBlob(file)).stream()
const { spec, source } = await detectSpec(openInput(stream))
const decoding = decode(source, spec, { segments: ['offense'] })
const write = (bytes: Uint8Array) =>
  new Promise<void>((resolve) => process.stdout.write(bytes, () => resolve()))
await drain(decoding, csvStream(write, { labels: true }))
