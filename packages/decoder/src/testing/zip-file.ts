import { open } from 'node:fs/promises'
import { pipeline } from 'node:stream/promises'
import { Readable } from 'node:stream'
import { crc32, createDeflateRaw } from 'node:zlib'

const LOCAL_HEADER = 0x04034b50
const CENTRAL_HEADER = 0x02014b50
const END_OF_DIRECTORY = 0x06054b50
const ZIP64_END_OF_DIRECTORY = 0x06064b50
const ZIP64_LOCATOR = 0x07064b50
const ZIP64_EXTRA = 0x0001
const DEFLATE = 8
const VERSION = 20
const ZIP64_VERSION = 45
const LIMIT = 0xffffffff
const STREAM_CHUNK = 1 << 20
/** 1 January 2024, 00:00, as MS-DOS date: the same input gives the same archive. */
const DOS_DATE = ((2024 - 1980) << 9) | (1 << 5) | 1

/** How a zip is written. */
export interface ZipOptions {
  /** Deflate level, 1 (fast) to 9 (small). Default 6. */
  readonly level?: number
  /** Use the zip64 records, which entries or archives of 4 GiB and more need. Default false. */
  readonly zip64?: boolean
  readonly signal?: AbortSignal
}

/** Sizes and checksum of a written entry. */
export interface ZipEntry {
  readonly name: string
  readonly crc32: number
  readonly compressedBytes: number
  readonly bytes: number
}

/**
 * Writes a zip archive of one deflated entry, without holding it in memory.
 *
 * The sizes go into the local header once they are known, so no data descriptor is needed.
 * Source: APPNOTE.TXT 6.3.10, sections 4.3 and 4.5.3.
 *
 * @param file path to write; an existing file is replaced
 * @param name name of the entry, ASCII
 * @param chunks its content
 * @throws {RangeError} when it grows past 4 GiB without `zip64`
 */
export async function writeZip(
  file: string,
  name: string,
  chunks: Iterable<Uint8Array>,
  options: ZipOptions = {},
): Promise<ZipEntry> {
  const { level = 6, zip64 = false, signal } = options
  const handle = await open(file, 'w')
  try {
    const nameBytes = Buffer.from(name, 'ascii')
    const bodyStart = 30 + nameBytes.length + (zip64 ? 20 : 0)
    let crc = 0
    let bytes = 0
    let compressedBytes = 0
    const counted = function* (): Generator<Uint8Array> {
      for (const chunk of chunks) {
        crc = crc32(chunk, crc)
        bytes += chunk.length
        yield chunk
      }
    }
    await pipeline(
      Readable.from(counted(), { objectMode: true, highWaterMark: 2 }),
      createDeflateRaw({ level, chunkSize: STREAM_CHUNK }),
      async (source: AsyncIterable<Buffer>) => {
        for await (const chunk of source) {
          await handle.write(chunk, 0, chunk.length, bodyStart + compressedBytes)
          compressedBytes += chunk.length
        }
      },
      { signal },
    )
    if (!zip64 && Math.max(bytes, bodyStart + compressedBytes) >= LIMIT) {
      throw new RangeError(`${name} has ${bytes} bytes; set zip64 for entries of 4 GiB and more`)
    }
    const entry: ZipEntry = { name, crc32: crc >>> 0, compressedBytes, bytes }
    await handle.write(localHeader(entry, nameBytes, zip64), 0, null, 0)
    const directoryStart = bodyStart + compressedBytes
    const tail = Buffer.concat([
      centralHeader(entry, nameBytes, zip64),
      ...endRecords(directoryStart, centralHeader(entry, nameBytes, zip64).length, zip64),
    ])
    await handle.write(tail, 0, null, directoryStart)
    return entry
  } finally {
    await handle.close()
  }
}

function common(entry: ZipEntry, name: Buffer, zip64: boolean): Buffer {
  const bytes = Buffer.alloc(26)
  bytes.writeUInt16LE(zip64 ? ZIP64_VERSION : VERSION, 0)
  bytes.writeUInt16LE(0, 2)
  bytes.writeUInt16LE(DEFLATE, 4)
  bytes.writeUInt16LE(0, 6)
  bytes.writeUInt16LE(DOS_DATE, 8)
  bytes.writeUInt32LE(entry.crc32, 10)
  bytes.writeUInt32LE(zip64 ? LIMIT : entry.compressedBytes, 14)
  bytes.writeUInt32LE(zip64 ? LIMIT : entry.bytes, 18)
  bytes.writeUInt16LE(name.length, 22)
  return bytes
}

function localHeader(entry: ZipEntry, name: Buffer, zip64: boolean): Buffer {
  const extra = zip64 ? zip64Extra([entry.bytes, entry.compressedBytes]) : Buffer.alloc(0)
  const fixed = common(entry, name, zip64)
  fixed.writeUInt16LE(extra.length, 24)
  return Buffer.concat([signature(LOCAL_HEADER), fixed, name, extra])
}

function centralHeader(entry: ZipEntry, name: Buffer, zip64: boolean): Buffer {
  const extra = zip64 ? zip64Extra([entry.bytes, entry.compressedBytes, 0]) : Buffer.alloc(0)
  const fixed = common(entry, name, zip64)
  fixed.writeUInt16LE(extra.length, 24)
  const madeBy = Buffer.alloc(2)
  madeBy.writeUInt16LE(zip64 ? ZIP64_VERSION : VERSION)
  // Comment, disk, attributes: none; then the offset of the local header.
  const rest = Buffer.alloc(14)
  rest.writeUInt32LE(zip64 ? LIMIT : 0, 10)
  return Buffer.concat([signature(CENTRAL_HEADER), madeBy, fixed, rest, name, extra])
}

function endRecords(start: number, size: number, zip64: boolean): Buffer[] {
  const end = Buffer.alloc(18)
  end.writeUInt16LE(1, 4)
  end.writeUInt16LE(1, 6)
  end.writeUInt32LE(size, 8)
  end.writeUInt32LE(zip64 ? LIMIT : start, 12)
  const records = [signature(END_OF_DIRECTORY), end]
  if (!zip64) return records
  const end64 = Buffer.alloc(52)
  end64.writeBigUInt64LE(44n, 0)
  end64.writeUInt16LE(ZIP64_VERSION, 8)
  end64.writeUInt16LE(ZIP64_VERSION, 10)
  end64.writeBigUInt64LE(1n, 20)
  end64.writeBigUInt64LE(1n, 28)
  end64.writeBigUInt64LE(BigInt(size), 36)
  end64.writeBigUInt64LE(BigInt(start), 44)
  const locator = Buffer.alloc(16)
  locator.writeBigUInt64LE(BigInt(start + size), 4)
  locator.writeUInt32LE(1, 12)
  return [signature(ZIP64_END_OF_DIRECTORY), end64, signature(ZIP64_LOCATOR), locator, ...records]
}

function zip64Extra(values: readonly number[]): Buffer {
  const extra = Buffer.alloc(4 + values.length * 8)
  extra.writeUInt16LE(ZIP64_EXTRA, 0)
  extra.writeUInt16LE(values.length * 8, 2)
  values.forEach((value, index) => extra.writeBigUInt64LE(BigInt(value), 4 + index * 8))
  return extra
}

function signature(value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32LE(value)
  return bytes
}
