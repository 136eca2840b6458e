import { InputError, OptionError } from './errors.js'
import { assertUnpacked } from './input/format.js'
import {
  emptyContent,
  type InputInfo,
  type OpenedInput,
  type OpenOptions,
  openResource,
} from './input/open-resource.js'
import { type InputLike, type Origin, originOf, type Resource } from './input/origin.js'
import { StreamHash } from './input/source-hash.js'
import { rejectUnknownOptions } from './options.js'

export type { InputKind } from './input/format.js'
export type { InputInfo } from './input/open-resource.js'
export type { InputLike } from './input/origin.js'
export type { ByteStream } from './input/pieces.js'
export type { EntryMethod, ZipEntryInfo } from './input/zip.js'

/** Options of {@link openInput}. */
export interface InputOptions {
  /**
   * Which file of a zip archive: its exact name, or a glob (`*`, `?`, `**`; without a slash it is
   * held against the name without folders). Of several the largest. Default: the largest file.
   * Other kinds of input ignore it.
   */
  readonly entry?: string
  /** Ends the reading: the iteration rejects with its reason and closes what is open. */
  readonly signal?: AbortSignal
  /** Most bytes that a zip or gzip may unpack to. Default: no limit, for memory does not grow. */
  readonly maxBytes?: number
  /**
   * Most bytes unpacked for one byte packed, held from 64 MiB of output on. Default 250: yearly
   * files reach 10 to 30, deflate's bombs 1,000.
   */
  readonly maxRatio?: number
  /**
   * Bytes per chunk at most, where this package does the cutting. Default 1 MiB; 64 KiB to 64 MiB.
   * Inflated text comes in chunks of 256 KiB at most, for which a core has room of its own.
   */
  readonly chunkBytes?: number
  /**
   * True: a chunk's memory is used again, or freed, once the next chunk is asked for. Saves a copy of
   * the text, and the memory of chunks that wait to be collected. Default false.
   */
  readonly reuseChunks?: boolean
}

/**
 * Bytes of an input, to be iterated over once. Leaving the loop, its end and any error close what
 * is open; `close` is for a source that was asked for `info` and then not read.
 *
 * A chunk is the reader's own unless `reuseChunks` is set. At most one chunk is made ahead.
 */
export interface ByteSource extends AsyncIterable<Uint8Array> {
  /** The source's own name without its folder, `stdin`, or `input` where there is none. */
  readonly name: string
  /** Opens the input as far as is needed to say what it is. Throws what the iteration would. */
  info(): Promise<InputInfo>
  /** Bytes read so far of the packed data, or of the text where nothing is packed. */
  readonly bytesRead: number
  /**
   * SHA-256, in hex, of the source as given: the archive, not what is in it.
   *
   * A file is hashed from the moment of the call, a large one on a thread of its own, so call this
   * before reading and await it after. A stream is hashed as it is read: this resolves when its end has
   * been reached and rejects with an `InputError` when it was left before.
   */
  sha256(): Promise<string>
  /** Closes what is open, a running hash too. Any number of times. */
  close(): Promise<void>
}

/**
 * Opens a file, stream, Blob or bytes holding text, gzip, or a zip archive (stored, deflate,
 * Deflate64; zip64) and gives the text as chunks of bytes.
 *
 * Lazy: nothing is opened before the first chunk, `info` or `sha256` is asked for. Sizes and
 * CRC-32 are checked on the way; what was given counts as right only once the iteration has ended
 * without an error. A zip archive that comes as a stream is first copied to a nameless temporary
 * file, for its directory is at its end.
 *
 * @throws {OptionError} at once for impossible options; when iterating, for a stream that gives no
 *   bytes
 * @throws {InputError} from the iteration and `info`: INPUT_NOT_FOUND, INPUT_NOT_READABLE,
 *   INPUT_EMPTY, INPUT_TRUNCATED, INPUT_CORRUPT, INPUT_CRC, INPUT_BOMB, INPUT_NO_ENTRY,
 *   INPUT_ENCRYPTED, INPUT_UNSUPPORTED
 */
export function openInput(input: InputLike, options: InputOptions = {}): ByteSource {
  const resolved = resolveOptions(options)
  return new Source(originOf(input), resolved)
}

type ResolvedOptions = Omit<OpenOptions, 'name' | 'label'>

const KNOWN = new Set(['entry', 'signal', 'maxBytes', 'maxRatio', 'chunkBytes', 'reuseChunks'])

function resolveOptions(options: InputOptions): ResolvedOptions {
  rejectUnknownOptions(options, KNOWN)
  return {
    entry: options.entry,
    signal: options.signal,
    maxBytes: numberWithin('maxBytes', options.maxBytes ?? Infinity, 1, Infinity),
    maxRatio: numberWithin('maxRatio', options.maxRatio ?? 250, 1, Infinity),
    chunkBytes: numberWithin('chunkBytes', options.chunkBytes ?? 1 << 20, 1 << 16, 1 << 26),
    reuseChunks: options.reuseChunks ?? false,
  }
}

function numberWithin(option: string, value: number, low: number, high: number): number {
  if (value >= low && value <= high) return value
  throw new OptionError(
    'OPTION_INVALID',
    `option "${option}" is ${String(value)}; expected a number from ${low} to ${high}`,
    { option },
  )
}

class Source implements ByteSource {
  readonly name: string
  readonly #origin: Origin
  readonly #options: ResolvedOptions
  readonly #streamHash: StreamHash
  readonly #hashing = new AbortController()
  #sha256: Promise<string> | null = null
  #resource: Resource | null = null
  #opening: Promise<OpenedInput> | null = null
  #opened: OpenedInput | null = null
  #started = false
  #released: Promise<void> | null = null

  constructor(origin: Origin, options: ResolvedOptions) {
    this.#origin = origin
    this.#options = options
    this.#streamHash = new StreamHash(origin.label)
    this.name = origin.name ?? (origin.label === 'stdin' ? origin.label : 'input')
  }

  get bytesRead(): number {
    return this.#opened?.bytesRead() ?? 0
  }

  async info(): Promise<InputInfo> {
    return (await this.#open()).info
  }

  [Symbol.asyncIterator](): AsyncIterator<Uint8Array> {
    if (this.#started) {
      throw new TypeError('an input can be iterated over once; call openInput again')
    }
    this.#started = true
    const chunks = this.#chunks()
    return {
      next: () => chunks.next(),
      return: async () => {
        await chunks.return()
        await this.#release() // A generator that has not begun does not run its own end.
        return { done: true, value: undefined }
      },
    }
  }

  sha256(): Promise<string> {
    if (this.#sha256 === null) {
      this.#sha256 = this.#hash()
      this.#sha256.catch(() => undefined) // Reported to whoever awaits it, later.
    }
    return this.#sha256
  }

  async close(): Promise<void> {
    this.#hashing.abort(this.#closedError())
    await this.#release()
  }

  async #hash(): Promise<string> {
    const { signal } = this.#options
    const closing = this.#hashing.signal
    const either = signal === undefined ? closing : AbortSignal.any([signal, closing])
    return (await this.#origin.hash(either)) ?? (await this.#streamHash.result)
  }

  async *#chunks(): AsyncGenerator<Uint8Array, void> {
    const { signal } = this.#options
    try {
      const { bytes, contentLabel } = await this.#open()
      let first = true
      for await (const chunk of bytes()) {
        signal?.throwIfAborted()
        if (first) assertUnpacked(chunk, contentLabel)
        first = false
        yield chunk
        signal?.throwIfAborted()
      }
      if (this.#released !== null) throw this.#closedError() // By `close`, from outside.
      if (first) throw emptyContent(contentLabel)
    } finally {
      await this.#release()
    }
  }

  #open(): Promise<OpenedInput> {
    this.#opening ??= this.#openOnce()
    return this.#opening
  }

  async #openOnce(): Promise<OpenedInput> {
    const { signal } = this.#options
    const { name, label } = this.#origin
    signal?.throwIfAborted()
    if (this.#released !== null) throw this.#closedError()
    this.#resource = this.#streamHash.tap(await this.#origin.open(signal))
    this.#opened = await openResource(this.#resource, { ...this.#options, name, label })
    return this.#opened
  }

  #release(): Promise<void> {
    this.#released ??= this.#releaseOnce()
    return this.#released
  }

  async #releaseOnce(): Promise<void> {
    // Ends a wait for the first bytes of a silent stream; a file is let finish opening.
    if (this.#opened === null) await this.#resource?.pieces?.close()
    const opened = await this.#opening?.catch(() => null)
    await opened?.close()
    this.#streamHash.close(this.bytesRead)
  }

  #closedError(): InputError {
    const { label } = this.#origin
    const message = `${label} was closed before it was read to its end; open it again`
    return new InputError('INPUT_NOT_READABLE', message, { file: label })
  }
}
