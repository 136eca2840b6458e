import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream, createWriteStream, existsSync } from 'node:fs'
import { mkdir, open, readFile, rename, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { Readable, Writable } from 'node:stream'
import { entryName, generateMasterFile } from '@nibrs/decoder/testing'
import { configure, ZipWriter } from '@zip.js/zip.js'

/** The data year of the input, and with it the spec. */
export const YEAR = 2022
/** The spec that {@link YEAR} is written in. */
export const SPEC = 'nibrs/master@2013'

const CHUNK = 1 << 20
const SAMPLE_RECORDS = 20_000
const QUESTION_MARK = 0x3f

/** A generated file in both its forms. */
export interface Input {
  readonly text: string
  readonly zip: string
  readonly records: number
  readonly bytes: number
  readonly zipBytes: number
  /** Where the packed data of the zip's one entry stands. */
  readonly packed: { readonly start: number; readonly length: number }
}

/**
 * A master file of about `bytes` bytes of text, and a zip of it, from `folder` or newly made there.
 *
 * Bytes above 0x7F, a few in a million lines, are replaced by question marks: the generator has
 * city names as real files do, which DuckDB cannot read, whatever encoding it is told.
 */
export async function makeInput(
  bytes: number,
  seed: number,
  folder: string,
  note: (text: string) => void,
): Promise<Input> {
  const sample = createHash('sha256')
  let sampleBytes = 0
  for (const chunk of await chunksOf(SAMPLE_RECORDS, seed)) {
    sample.update(chunk)
    sampleBytes += chunk.length
  }
  // A generator that has changed gives other files another name.
  const print = sample.digest('hex').slice(0, 8)
  const name = `nibrs-${YEAR}-${Math.round(bytes / 1e6)}MB-seed${seed}-${print}`
  const files = {
    text: path.join(folder, `${name}.txt`),
    zip: path.join(folder, `${name}.zip`),
    facts: path.join(folder, `${name}.json`),
  }
  if (!existsSync(files.facts)) {
    note(`making ${name}`)
    await mkdir(folder, { recursive: true })
    const records = Math.round((bytes * SAMPLE_RECORDS) / sampleBytes)
    const written = await writeText(files.text, records, seed)
    const packed = await writeZip(files.zip, files.text, written)
    const facts = { records, bytes: written, packed }
    await writeFile(`${files.facts}.part`, JSON.stringify(facts))
    await rename(`${files.facts}.part`, files.facts)
  }
  const facts = JSON.parse(await readFile(files.facts, 'utf8')) as Pick<
    Input,
    'records' | 'bytes' | 'packed'
  >
  return { ...facts, text: files.text, zip: files.zip, zipBytes: (await stat(files.zip)).size }
}

/** Reads a file to nowhere, so that it stands in the page cache. */
export async function warm(file: string): Promise<void> {
  for await (const chunk of createReadStream(file, { highWaterMark: CHUNK })) void chunk
}

async function chunksOf(records: number, seed: number): Promise<Iterable<Uint8Array>> {
  const generated = await generateMasterFile({ year: YEAR, records, seed })
  return (function* () {
    for (const chunk of generated) {
      for (let i = 0; i < chunk.length; i++) if (chunk[i]! > 0x7f) chunk[i] = QUESTION_MARK
      yield chunk
    }
  })()
}

async function writeText(file: string, records: number, seed: number): Promise<number> {
  const output = createWriteStream(file)
  let bytes = 0
  for (const chunk of await chunksOf(records, seed)) {
    bytes += chunk.length
    if (!output.write(chunk)) await once(output, 'drain')
  }
  output.end()
  await once(output, 'finish')
  return bytes
}

/** Packs the text as the FBI does, in one deflated entry, and finds where that stands. */
async function writeZip(
  file: string,
  text: string,
  uncompressedSize: number,
): Promise<Input['packed']> {
  configure({ useWebWorkers: false, chunkSize: CHUNK })
  const output = createWriteStream(file)
  const writer = new ZipWriter(Writable.toWeb(output))
  const source = createReadStream(text, { highWaterMark: CHUNK })
  const entry = await writer.add(
    entryName(YEAR),
    Readable.toWeb(source) as ReadableStream<Uint8Array>,
    { level: 6, uncompressedSize },
  )
  await writer.close()
  const handle = await open(file)
  try {
    const header = Buffer.alloc(30)
    await handle.read(header, 0, 30, entry.offset)
    const start = entry.offset + 30 + header.readUInt16LE(26) + header.readUInt16LE(28)
    return { start, length: entry.compressedSize }
  } finally {
    await handle.close()
  }
}
