import { createInflateRaw, crc32 } from 'node:zlib'
import yauzl, { type Entry } from 'yauzl'
import { ArchiveError, isUkPoliceError } from '../errors.js'
import type { ByteSource } from './byte-source.js'

/** A file in a zip. */
export interface ZipEntry {
  readonly name: string
  /** Bytes unpacked. */
  readonly size: number
  readonly compressedSize: number
  /** Where its local header begins, and where the next thing in the zip does. */
  readonly start: number
  readonly end: number
  readonly method: number
  readonly encrypted: boolean
  readonly crc32: number
}

/** Reads the list of files, in the order in which they lie in the zip. */
export async function readZipEntries(
  source: ByteSource,
  signal?: AbortSignal,
): Promise<readonly ZipEntry[]> {
  const reader = new BlockReader(source, signal)
  try {
    const zip = await yauzl.fromRandomAccessReaderPromise(reader, source.size, {
      lazyEntries: true,
      autoClose: false,
    })
    const directoryStart = zip.readEntryCursor as unknown as number
    const entries: Entry[] = []
    for await (const entry of zip.eachEntry()) entries.push(entry)
    entries.sort((a, b) => a.relativeOffsetOfLocalHeader - b.relativeOffsetOfLocalHeader)
    return entries.map((entry, index) => ({
      name: entry.fileName,
      size: entry.uncompressedSize,
      compressedSize: entry.compressedSize,
      start: entry.relativeOffsetOfLocalHeader,
      end: entries[index + 1]?.relativeOffsetOfLocalHeader ?? directoryStart,
      method: entry.compressionMethod,
      encrypted: entry.isEncrypted(),
      crc32: entry.crc32,
    }))
  } catch (error) {
    signal?.throwIfAborted()
    if (isUkPoliceError(error)) throw error
    throw new ArchiveError(
      'ARCHIVE_NOT_A_ZIP',
      `${source.name} cannot be read as a zip: ${(error as Error).message}; it may be cut short, fetch it again`,
      { context: { source: source.name }, cause: error },
    )
  }
}

const localHeaderBytes = 30

/**
 * Unpacks one file as a stream, and checks its length and checksum at the end.
 *
 * @throws {ArchiveError} `ARCHIVE_DAMAGED`
 */
export async function* readZipEntry(
  source: ByteSource,
  entry: ZipEntry,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const damaged = (what: string, cause?: unknown): ArchiveError =>
    new ArchiveError(
      'ARCHIVE_DAMAGED',
      `${entry.name} in ${source.name} is damaged: ${what}; fetch the archive again`,
      { context: { source: source.name, entry: entry.name }, cause },
    )
  if (entry.encrypted || (entry.method !== 0 && entry.method !== 8)) {
    throw new ArchiveError(
      'ARCHIVE_DAMAGED',
      `${entry.name} in ${source.name} is ${entry.encrypted ? 'encrypted' : `packed by method ${entry.method}`}, which police archives are not; fetch the archive again`,
      { context: { source: source.name, entry: entry.name } },
    )
  }
  const stop = new AbortController()
  const joined = signal ? AbortSignal.any([signal, stop.signal]) : stop.signal
  const packed = packedBytes(source, entry, damaged, joined)
  let length = 0
  let sum = 0
  const check = (chunk: Uint8Array): void => {
    length += chunk.length
    if (length > entry.size) throw damaged(`it holds more than the ${entry.size} bytes announced`)
    sum = crc32(chunk, sum)
  }
  if (entry.method === 0) {
    for await (const chunk of packed) {
      check(chunk)
      yield chunk
    }
  } else {
    const inflate = createInflateRaw({ chunkSize: 1 << 18 })
    let feedError: unknown
    const feeding = (async () => {
      try {
        for await (const chunk of packed) {
          if (inflate.destroyed) return
          if (!inflate.write(chunk)) await drained(inflate)
        }
        inflate.end()
      } catch (error) {
        feedError = error
        inflate.destroy()
      }
    })()
    try {
      for await (const chunk of inflate as AsyncIterable<Uint8Array>) {
        check(chunk)
        yield chunk
      }
    } catch (error) {
      signal?.throwIfAborted()
      const first = feedError ?? error
      throw isUkPoliceError(first) ? first : damaged((first as Error).message, first)
    } finally {
      inflate.destroy()
      stop.abort() // whoever leaves early does not wait for bytes still to come
      await feeding
    }
  }
  if (length !== entry.size) throw damaged(`it holds ${length} bytes instead of ${entry.size}`)
  if (sum !== entry.crc32) throw damaged('its checksum is wrong')
}

async function* packedBytes(
  source: ByteSource,
  entry: ZipEntry,
  damaged: (what: string) => ArchiveError,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  let header: Uint8Array | undefined = new Uint8Array(0)
  let left = entry.compressedSize
  for await (const chunk of source.stream(entry.start, entry.end, signal)) {
    let data: Uint8Array = chunk
    if (header) {
      const joined: Buffer = Buffer.concat([header, chunk])
      if (joined.length < localHeaderBytes) {
        header = joined
        continue
      }
      if (joined.readUInt32LE(0) !== 0x04034b50)
        throw damaged('its header is not where it should be')
      const dataStart = localHeaderBytes + joined.readUInt16LE(26) + joined.readUInt16LE(28)
      if (joined.length < dataStart) {
        header = joined
        continue
      }
      header = undefined
      data = joined.subarray(dataStart)
    }
    const wanted = data.subarray(0, left)
    left -= wanted.length
    if (wanted.length > 0) yield wanted
    if (left === 0) return
  }
  if (header || left > 0) throw damaged('its data ends early')
}

function drained(stream: NodeJS.WritableStream): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      stream.removeListener('drain', done)
      stream.removeListener('close', done)
      resolve()
    }
    stream.once('drain', done)
    stream.once('close', done)
  })
}

const blockBytes = 1 << 18

/** Serves yauzl's many small reads of the directory from larger blocks. */
class BlockReader extends yauzl.RandomAccessReader {
  readonly #source: ByteSource
  readonly #signal: AbortSignal | undefined
  #block: Buffer = Buffer.alloc(0)
  #blockStart = 0

  constructor(source: ByteSource, signal: AbortSignal | undefined) {
    super()
    this.#source = source
    this.#signal = signal
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null, bytesRead?: number) => void,
  ): void {
    this.#fill(position, length).then(
      () => {
        const from = position - this.#blockStart
        callback(null, this.#block.copy(buffer, offset, from, from + length))
      },
      (error: unknown) => callback(error as Error),
    )
  }

  async #fill(position: number, length: number): Promise<void> {
    const blockEnd = this.#blockStart + this.#block.length
    if (position >= this.#blockStart && position + length <= blockEnd) return
    const end = Math.min(this.#source.size, position + Math.max(length, blockBytes))
    const chunks: Uint8Array[] = []
    for await (const chunk of this.#source.stream(position, end, this.#signal)) chunks.push(chunk)
    this.#block = Buffer.concat(chunks)
    this.#blockStart = position
  }
}
