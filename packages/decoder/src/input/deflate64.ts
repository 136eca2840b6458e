import type { FileEntry } from '@zip.js/zip.js'
import { InputError } from '../errors.js'
import { readBytes, type RandomAccess } from './random-access.js'

export interface Deflate64Entry {
  /** Of the local header. */
  readonly offset: number
}

/** Plain bytes of a Deflate64 entry, and how far its packed bytes have been read. */
export interface Deflate64Inflating {
  readonly bytesRead: number
  readonly bytes: () => AsyncGenerator<Uint8Array, void>
}

/**
 * Inflates a Deflate64 entry (zip method 9, of Windows Explorer for files over 2 GB), which zlib
 * cannot. zip.js reads the archive a second time by position, on this thread, and is loaded only
 * here; sizes and CRC-32 are checked by the caller.
 *
 * @throws {InputError} INPUT_CORRUPT for whatever zip.js finds wrong
 */
export function inflateDeflate64(
  access: RandomAccess,
  entry: Deflate64Entry,
  options: { readonly label: string; readonly signal: AbortSignal | undefined },
): Deflate64Inflating {
  const { label, signal } = options
  let bytesRead = 0

  async function* bytes(): AsyncGenerator<Uint8Array, void> {
    const { Reader, ZipReader } = await import('@zip.js/zip.js')
    let inflating = false
    class AccessReader extends Reader<RandomAccess> {
      override size = access.size
      override async readUint8Array(position: number, length: number): Promise<Uint8Array> {
        const found = await readBytes(access, position, length)
        if (inflating) bytesRead += found.length
        return found
      }
    }
    const archive = new ZipReader(new AccessReader(access), {
      strictness: 'tolerant',
      filenameValidation: 'tolerant',
      useWebWorkers: false,
    })
    try {
      for await (const found of archive.getEntriesGenerator()) {
        if (found.directory || found.offset !== entry.offset) continue
        inflating = true
        yield* inflateFound(found, signal)
        return
      }
    } catch (error) {
      if (signal?.aborted === true) throw signal.reason
      throw corrupt(error, label)
    }
    throw corrupt(new Error('the entry is not where the directory says'), label)
  }

  return {
    get bytesRead() {
      return bytesRead
    },
    bytes,
  }
}

/** zip.js pushes into a writable; a transform between two ends makes that a source to pull. */
async function* inflateFound(
  found: FileEntry,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void> {
  let fail: (error: unknown) => void = () => undefined
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>({
    start(controller) {
      fail = (error) => controller.error(error)
    },
  })
  // Where it fails before the first byte, zip.js leaves the writable as it is: no end would come.
  const done = found.getData(writable, signal === undefined ? {} : { signal }).catch(fail)
  try {
    for await (const chunk of readable) yield chunk
  } finally {
    await done // No read may be under way when the caller closes the file.
  }
}

function corrupt(error: unknown, label: string): unknown {
  if (error instanceof InputError) return error
  const reason = error instanceof Error ? error.message : String(error)
  return new InputError(
    'INPUT_CORRUPT',
    `${label}: the Deflate64 data is wrong (${reason}); fetch it again`,
    { file: label, cause: error },
  )
}
