// `make <file> <copies>` writes an archive of 64 MB files and prints how many rows it holds;
// `read <file>` reads all of it and prints what that took. Run by gigabyte.test.ts, the latter
// under a small heap.
import { createWriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'
import { crc32, deflateRawSync } from 'node:zlib'
import { archiveHeaders, openArchive } from '../../dist/archive/index.js'

const [task, file, copyText] = process.argv.slice(2)
await (task === 'make' ? make(Number(copyText)) : read())

async function make(copies) {
  const month = '2026-08'

  const rows = [
    `${'5a'.repeat(32)},${month},Kent Police,Kent Police,0.521000,51.270000,On or near High Street,E01024000,Maidstone 001A,Burglary,Under investigation,`,
    `,${month},Kent Police,Kent Police,0.522000,51.271000,On or near ,E01024001,"Bournemouth, Christchurch 1B",Anti-social behaviour,,`,
    `${'c3'.repeat(32)},${month},Kent Police,Kent Police,,,No Location,,,Other theft,Local resolution,`,
  ]
  const [plain, quoted, unplaced] = rows
  const ten = [plain, unplaced, plain, plain, unplaced, plain, plain, quoted, plain, plain]
  const block = `${ten.join('\n')}\n`.repeat(600)
  const blockCount = Math.ceil((1 << 26) / block.length)
  const header = `${archiveHeaders.street.join(',')}\n`

  const bytes = Buffer.concat([Buffer.from(header), Buffer.alloc(blockCount * block.length, block)])
  const sum = crc32(bytes)
  const packed = deflateRawSync(bytes, { level: 1 })
  const size = bytes.length

  const out = createWriteStream(file)
  const directory = []
  let offset = 0
  for (let copy = 0; copy < copies; copy += 1) {
    const letters = String.fromCharCode(97 + (copy % 26), 97 + Math.floor(copy / 26))
    const name = Buffer.from(`${month}/${month}-force-${letters}-street.csv`)
    const facts = Buffer.alloc(26)
    facts.writeUInt16LE(20, 0)
    facts.writeUInt16LE(8, 4)
    facts.writeUInt32LE(sum, 10)
    facts.writeUInt32LE(packed.length, 14)
    facts.writeUInt32LE(size, 18)
    facts.writeUInt16LE(name.length, 22)
    const place = Buffer.alloc(14)
    place.writeUInt32LE(offset, 10)
    directory.push(Buffer.from('PK\x01\x02\x14\x00', 'latin1'), facts, place, name)
    for (const part of [Buffer.from('PK\x03\x04', 'latin1'), facts, name, packed]) {
      out.write(part)
      offset += part.length
    }
  }
  const list = Buffer.concat(directory)
  const end = Buffer.alloc(22)
  end.write('PK\x05\x06', 0, 'latin1')
  end.writeUInt16LE(copies, 8)
  end.writeUInt16LE(copies, 10)
  end.writeUInt32LE(list.length, 12)
  end.writeUInt32LE(offset, 16)
  out.write(list)
  out.end(end)
  await finished(out)

  console.log(JSON.stringify({ rowCount: blockCount * 6000 * copies }))
}

async function read() {
  const archive = await openArchive(file)
  const started = performance.now()
  let rowCount = 0
  let unplaced = 0
  let issueCount = 0
  const peaks = []
  let entry = ''
  let batchCount = 0
  for await (const batch of archive.batches('street')) {
    if (batch.entry.name !== entry) {
      entry = batch.entry.name
      peaks.push(0)
    }
    rowCount += batch.rows.length
    issueCount += batch.issues.length
    for (const { row } of batch.rows) if (row.location === null) unplaced += 1
    batchCount += 1
    if (batchCount % 50 === 0) {
      const { heapUsed, external } = process.memoryUsage()
      peaks[peaks.length - 1] = Math.max(peaks.at(-1), heapUsed + external)
    }
  }
  await archive.close()
  console.log(
    JSON.stringify({
      seconds: (performance.now() - started) / 1000,
      bytes: archive.entries.reduce((sum, each) => sum + each.size, 0),
      rowCount,
      unplaced,
      issueCount,
      peaks,
    }),
  )
}
