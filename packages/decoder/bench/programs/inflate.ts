/*
 * A floor: Node's inflate of the one entry of a zip, to nowhere. Arguments: file, first byte of the
 * packed data, its length.
 */
import { createReadStream } from 'node:fs'
import { createInflateRaw } from 'node:zlib'

const CHUNK = 1 << 20

const [file, start, length] = process.argv.slice(2) as [string, string, string]
const packed = createReadStream(file, {
  start: Number(start),
  end: Number(start) + Number(length) - 1,
  highWaterMark: CHUNK,
})
let bytes = 0
for await (const chunk of packed.pipe(createInflateRaw({ chunkSize: CHUNK }))) {
  bytes += (chunk as Buffer).length
}
console.log(bytes)
