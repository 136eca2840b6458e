// Reads a web stream, as fetch gives one, and writes one segment as CSV to standard output:
//   node examples/streams.mjs nibrs-2022.zip > offenses.csv
import { openAsBlob } from 'node:fs'
import { decode, detectSpec, drain, openInput } from '@nibrs/decoder'
import { csvStream } from '@nibrs/decoder/csv'

const stream = (await openAsBlob(process.argv[2])).stream()
const { spec, source } = await detectSpec(openInput(stream))
const decoding = decode(source, spec, { segments: ['offense'] })
const write = (bytes) => new Promise((resolve) => process.stdout.write(bytes, () => resolve()))
await drain(decoding, csvStream(write, { labels: true }))
