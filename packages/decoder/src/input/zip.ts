import { createRequire } from 'node:module'
import * as zlib from 'node:zlib'
import type * as Yauzl from 'yauzl'
import { InputError, type InputErrorCode } from '../errors.js'
import { matchesEntry } from './entry-name.js'
import { inflateDeflate64 } from './deflate64.js'
import { type InflateOptions, inflateRaw, type Sum } from './inflate.js'
import { assertWithin, type Limits } from './limits.js'
import { eachPiece, PACKED_PIECE_BYTES, PieceCursor, type Pieces, rangePieces } from './pieces.js'
import type { RandomAccess } from './random-access.js'

// Not imported: Node first searches a CommonJS module it imports for names to export, which costs more
// than all else about reading a directory (37 ms of processor time, Node 20).
const yauzl = createRequire(import.meta.url)('yauzl') as typeof Yauzl

/** How an entry is packed: by name where this package reads it, else `method <number>`. */
export type EntryMethod = 'stored' | 'deflate' | 'deflate64' | `method ${number}`

/** A file in a zip archive, folders left out. Its name is never used as a path. */
export interface ZipEntryInfo {
  readonly name: string
  /** Bytes when unpacked, as the directory of the archive says. */
  readonly size: number
  readonly compressedSize: number
  readonly method: EntryMethod
  readonly encrypted: boolean
}

/** An entry with what is needed to read it. */
export interface ZipEntry extends ZipEntryInfo {
  readonly crc32: number
  /** Of the local header. */
  readonly offset: number
  /** Of the packed bytes. */
  readonly dataOffset: () => Promise<number>
}

const METHODS: Readonly<Record<number, EntryMethod>> = { 0: 'stored', 8: 'deflate', 9: 'deflate64' }
const OTHER_METHODS: Readonly<Record<number, string>> = {
  1: 'shrink',
  6: 'implode',
  12: 'bzip2',
  14: 'LZMA',
  93: 'zstd',
  95: 'xz',
  98: 'PPMd',
}
/** An honest archive of yearly files has a handful; a directory is kept in memory. */
const MOST_ENTRIES = 100_000

/**
 * Reads the directory of a zip archive.
 *
 * @returns its files in order, without folders
 * @throws {InputError} INPUT_TRUNCATED, INPUT_CORRUPT, INPUT_ENCRYPTED (the directory itself),
 *   INPUT_UNSUPPORTED (an archive in parts), INPUT_BOMB (100,000 entries)
 */
export async function readZipDirectory(
  access: RandomAccess,
  label: string,
): Promise<readonly ZipEntry[]> {
  const reader = new AccessReader(access)
  try {
    return await Promise.race([reader.failed, listEntries(reader, access.size, label)])
  } catch (error) {
    throw translateDirectoryError(error, label)
  }
}

async function listEntries(
  reader: AccessReader,
  size: number,
  label: string,
): Promise<readonly ZipEntry[]> {
  // Names stay bytes here, for yauzl refuses the whole archive over one absolute name.
  const zip = await yauzl.fromRandomAccessReaderPromise(reader, size, {
    autoClose: false,
    decodeStrings: false,
    validateEntrySizes: false,
  })
  if (zip.entryCount > MOST_ENTRIES) {
    const text = `its directory announces ${zip.entryCount} entries, over the ${MOST_ENTRIES} allowed`
    throw failure('INPUT_BOMB', label, text)
  }
  const entries: ZipEntry[] = []
  for await (const entry of zip.eachEntry()) {
    const name = entryName(entry)
    if (name.endsWith('/')) continue
    entries.push({
      name,
      size: entry.uncompressedSize,
      compressedSize: entry.compressedSize,
      method: METHODS[entry.compressionMethod] ?? `method ${entry.compressionMethod}`,
      encrypted: entry.isEncrypted(),
      crc32: entry.crc32,
      offset: entry.relativeOffsetOfLocalHeader,
      async dataOffset() {
        try {
          const header = zip.readLocalFileHeaderPromise(entry, { minimal: true })
          return (await Promise.race([reader.failed, header])).fileDataStart
        } catch (error) {
          throw translateDirectoryError(error, label)
        }
      },
    })
  }
  return entries
}

function entryName(entry: Yauzl.Entry): string {
  const { generalPurposeBitFlag, fileNameRaw, extraFields } = entry
  try {
    return yauzl.getFileNameLowLevel(generalPurposeBitFlag, fileNameRaw, extraFields, false)
  } catch {
    return fileNameRaw.toString('latin1') // The Unicode name beside the plain one is malformed.
  }
}

/**
 * The entry to read: the largest of those that match `pattern`, the first of equals.
 *
 * @throws {InputError} INPUT_NO_ENTRY
 */
export function chooseEntry(
  entries: readonly ZipEntry[],
  pattern: string | undefined,
  label: string,
): ZipEntry {
  if (entries.length === 0) {
    throw failure(
      'INPUT_NO_ENTRY',
      label,
      'the zip archive holds no file; expected one with records',
    )
  }
  const exact = entries.filter((entry) => entry.name === pattern)
  const found =
    pattern === undefined || exact.length > 0
      ? exact
      : entries.filter((entry) => matchesEntry(entry.name, pattern))
  const candidates = pattern === undefined ? entries : found
  if (candidates.length === 0) {
    const names = entries.slice(0, 10).map((entry) => JSON.stringify(entry.name))
    const more = entries.length > 10 ? `, and ${entries.length - 10} more` : ''
    const text = `no entry matches ${JSON.stringify(pattern)}; the archive holds `
    throw failure('INPUT_NO_ENTRY', label, text + names.join(', ') + more)
  }
  return candidates.reduce((best, entry) => (entry.size > best.size ? entry : best))
}

/**
 * Refuses an entry that cannot be read or that claims what no real file is, before any byte of it.
 *
 * @throws {InputError} INPUT_ENCRYPTED, INPUT_UNSUPPORTED, INPUT_CORRUPT, INPUT_BOMB, INPUT_EMPTY
 */
export function assertReadable(entry: ZipEntry, limits: Limits, label: string): void {
  const { method, size, compressedSize } = entry
  const where = entryLabel(entry, label)
  if (entry.encrypted) {
    const text = 'is encrypted; unpack it with its password and pass the text'
    throw new InputError('INPUT_ENCRYPTED', `${where} ${text}`, { file: label })
  }
  if (method.startsWith('method ')) {
    const number = Number(method.slice('method '.length))
    const known = number in OTHER_METHODS ? ` (${OTHER_METHODS[number]})` : ''
    throw new InputError(
      'INPUT_UNSUPPORTED',
      `${where} is packed by method ${number}${known}; expected 0 (stored), 8 (deflate) or ` +
        '9 (Deflate64): pack it again with zip, or unpack it and pass the text',
      { file: label },
    )
  }
  if (method === 'stored' && size !== compressedSize) {
    const text = `is stored but has two sizes, ${size} and ${compressedSize} bytes`
    throw new InputError('INPUT_CORRUPT', `${where} ${text}; fetch the archive again`, {
      file: label,
    })
  }
  if (size === 0) {
    throw new InputError('INPUT_EMPTY', `${where} is empty; expected records`, { file: label })
  }
  assertWithin(limits, size, compressedSize, where)
}

export interface EntryOptions extends InflateOptions {
  readonly label: string
  readonly signal: AbortSignal | undefined
}

/** An entry being read: packed bytes in, plain bytes out. */
export interface OpenEntry {
  readonly bytesRead: () => number
  readonly bytes: () => AsyncGenerator<Uint8Array, void>
  readonly close: () => Promise<void>
}

/**
 * Opens an entry. Its bytes are checked against the size and CRC-32 in the directory; they count
 * as right only when the iteration has ended without an error.
 *
 * @throws {InputError} when opening or iterating: INPUT_TRUNCATED, INPUT_CORRUPT, INPUT_CRC
 */
export async function openEntry(
  access: RandomAccess,
  entry: ZipEntry,
  options: EntryOptions,
): Promise<OpenEntry> {
  const { chunkBytes } = options
  const label = entryLabel(entry, options.label)
  if (entry.method === 'deflate64') {
    await entry.dataOffset() // Finds a wrong or cut local header the same way for all methods.
    const inflating = inflateDeflate64(access, entry, options)
    return {
      bytesRead: () => Math.min(inflating.bytesRead, entry.compressedSize),
      bytes: () => checked((sum) => summed(inflating.bytes(), sum), entry, label),
      close: async () => access.close(),
    }
  }
  const start = await entry.dataOffset()
  const range = { start, end: start + entry.compressedSize, label }
  const stored = entry.method === 'stored'
  const pieces: Pieces = stored
    ? rangePieces(access, { ...range, pieceBytes: chunkBytes, reuse: false })
    : rangePieces(access, { ...range, pieceBytes: PACKED_PIECE_BYTES, reuse: true })
  const plain = (sum: Sum) =>
    stored ? summed(eachPiece(pieces), sum) : inflateRaw(new PieceCursor(pieces), options, sum)
  return {
    bytesRead: () => pieces.bytesRead,
    bytes: () => checked(plain, entry, label),
    close: () => pieces.close(),
  }
}

/** Chunks as they are, with their CRC-32 at the end. */
async function* summed(
  chunks: AsyncIterable<Uint8Array>,
  sum: Sum,
): AsyncGenerator<Uint8Array, void> {
  for await (const chunk of chunks) {
    sum.crc32 = zlib.crc32(chunk, sum.crc32)
    yield chunk
  }
}

async function* checked(
  open: (sum: Sum) => AsyncIterable<Uint8Array>,
  entry: ZipEntry,
  label: string,
): AsyncGenerator<Uint8Array, void> {
  const sum: Sum = { crc32: 0 }
  let total = 0
  try {
    for await (const chunk of open(sum)) {
      total += chunk.length
      if (total > entry.size) {
        const text = `holds more than the ${entry.size} bytes its directory declares`
        throw new InputError('INPUT_CORRUPT', `${label} ${text}; do not trust the archive`, {
          file: label,
        })
      }
      yield chunk
    }
  } catch (error) {
    throw translateDataError(error, label)
  }
  if (total < entry.size) {
    const text = `ends after ${total} of the ${entry.size} bytes its directory declares`
    throw failure('INPUT_TRUNCATED', label, text)
  }
  if (sum.crc32 !== entry.crc32) {
    throw failure('INPUT_CRC', label, 'the unpacked bytes fail the CRC-32 check')
  }
}

function translateDataError(error: unknown, label: string): unknown {
  const code = (error as NodeJS.ErrnoException | null)?.code
  if (code === 'Z_BUF_ERROR') {
    return failure('INPUT_TRUNCATED', label, 'the compressed data breaks off', error)
  }
  if (code !== 'Z_DATA_ERROR') return error
  const text = `the compressed data is wrong (${(error as Error).message})`
  return failure('INPUT_CORRUPT', label, text, error)
}

/** yauzl has no codes; these are the messages of 3.4.0 that are not about a corrupt directory. */
const DIRECTORY_ERRORS: readonly (readonly [RegExp, InputErrorCode, string])[] = [
  [/signature not found/, 'INPUT_TRUNCATED', 'the zip archive has no directory at its end'],
  [/unexpected EOF/, 'INPUT_TRUNCATED', 'the zip archive breaks off in its directory'],
  [/overflows file bounds/, 'INPUT_TRUNCATED', 'an entry of the zip archive ends after the file'],
  [/strong encryption/, 'INPUT_ENCRYPTED', 'the zip archive is encrypted'],
  [/multi-disk/, 'INPUT_UNSUPPORTED', 'the zip archive is cut into parts'],
]

function translateDirectoryError(error: unknown, label: string): InputError {
  if (error instanceof InputError) return error
  const message = error instanceof Error ? error.message : String(error)
  for (const [pattern, code, text] of DIRECTORY_ERRORS) {
    if (pattern.test(message)) return failure(code, label, text, error)
  }
  return failure('INPUT_CORRUPT', label, `the zip directory is wrong (${message})`, error)
}

function failure(code: InputErrorCode, label: string, text: string, cause?: unknown): InputError {
  const advice: Partial<Record<InputErrorCode, string>> = {
    INPUT_TRUNCATED: '; fetch it again',
    INPUT_CORRUPT: '; fetch it again',
    INPUT_CRC: '; fetch it again',
    INPUT_ENCRYPTED: '; unpack it with its password and pass the text',
    INPUT_UNSUPPORTED: '; join the parts first',
    INPUT_BOMB: '; do not trust it',
  }
  return new InputError(code, `${label}: ${text}${advice[code] ?? ''}`, { file: label, cause })
}

/** Quoted, so that no control character of a name reaches a terminal. */
export function entryLabel(entry: ZipEntryInfo, label: string): string {
  return `entry ${JSON.stringify(entry.name)} of ${label}`
}

/**
 * Lets yauzl read by position. It calls back outside any promise, where an error of its own would
 * end the process; here such an error becomes the rejection of `failed`.
 */
class AccessReader extends yauzl.RandomAccessReader {
  readonly failed: Promise<never>
  readonly #access: RandomAccess
  #fail: (error: unknown) => void = () => undefined

  constructor(access: RandomAccess) {
    super()
    this.#access = access
    this.failed = new Promise<never>((_, reject) => {
      this.#fail = reject
    })
    this.failed.catch(() => undefined)
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null, bytesRead?: number) => void,
  ): void {
    const inside = position >= 0 && position + length <= this.#access.size
    const reading = inside
      ? this.#access.read(buffer.subarray(offset, offset + length), position)
      : Promise.resolve(0)
    reading.then((count) => callback(null, count)).catch((error: unknown) => this.#fail(error))
  }
}
