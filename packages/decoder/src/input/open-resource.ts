import { InputError } from '../errors.js'
import { outputName } from './entry-name.js'
import { HEAD_BYTES, type InputKind, MARK_BYTES, recognise } from './format.js'
import { gunzip } from './gzip.js'
import type { Limits } from './limits.js'
import type { Resource } from './origin.js'
import { eachPiece, PACKED_PIECE_BYTES, PieceCursor, type Pieces, rangePieces } from './pieces.js'
import { type RandomAccess, readBytes } from './random-access.js'
import { spool } from './spool.js'
import {
  assertReadable,
  chooseEntry,
  entryLabel,
  type EntryMethod,
  openEntry,
  readZipDirectory,
  type ZipEntryInfo,
} from './zip.js'

/** What an input turned out to be. */
export interface InputInfo {
  /** Recognised by the first bytes, never by the name. */
  readonly kind: InputKind
  /** Base name for outputs, without folder and without endings such as `.zip` and `.txt`. */
  readonly name: string
  /** The file read from a zip archive; for messages only, never a path. */
  readonly entry?: string
  readonly method?: EntryMethod
  /** Bytes that `bytesRead` will reach for a zip entry or a gzip file, when known. */
  readonly compressedBytes?: number
  /** Bytes that the iteration will give, when known before it. */
  readonly uncompressedBytes?: number
  /** All files of a zip archive, in its order. */
  readonly entries?: readonly ZipEntryInfo[]
}

export interface OpenOptions extends Limits {
  readonly entry: string | undefined
  readonly signal: AbortSignal | undefined
  readonly chunkBytes: number
  readonly reuseChunks: boolean
  /** The origin's own name, null where there is none. */
  readonly name: string | null
  readonly label: string
}

/** An input of known kind, ready to be read once. */
export interface OpenedInput {
  readonly info: InputInfo
  /** What `bytes` gives, for messages. */
  readonly contentLabel: string
  readonly bytesRead: () => number
  readonly bytes: () => AsyncIterable<Uint8Array>
  readonly close: () => Promise<void>
}

/** Recognises what `resource` holds and opens it; closes it on failure. */
export async function openResource(resource: Resource, options: OpenOptions): Promise<OpenedInput> {
  const { access, pieces } = resource
  try {
    return access !== undefined
      ? await openAccess(access, options)
      : await openPieces(pieces, options)
  } catch (error) {
    if (access !== undefined) access.close()
    else await pieces.close()
    throw error
  }
}

async function openAccess(access: RandomAccess, options: OpenOptions): Promise<OpenedInput> {
  const { label, chunkBytes, reuseChunks } = options
  const head = await readBytes(access, 0, HEAD_BYTES)
  const range = { start: 0, end: access.size, label }
  switch (recognise(head, label)) {
    case 'text': {
      const pieces = rangePieces(access, { ...range, pieceBytes: chunkBytes, reuse: reuseChunks })
      return openText(pieces, new Uint8Array(0), access.size, options)
    }
    case 'gzip': {
      const packed = { ...range, pieceBytes: PACKED_PIECE_BYTES, reuse: true }
      const pieces = rangePieces(access, packed)
      return openGzip(pieces, new PieceCursor(pieces), access.size, options)
    }
    case 'zip':
      return openZip(access, options)
  }
}

async function openPieces(pieces: Pieces, options: OpenOptions): Promise<OpenedInput> {
  const { label } = options
  const head = await takeHead(pieces)
  switch (recognise(head, label)) {
    case 'text':
      return openText(pieces, head, undefined, options)
    case 'gzip':
      return openGzip(pieces, new PieceCursor(pieces, head), undefined, options)
    case 'zip': {
      const access = await spool(head, pieces, label)
      try {
        await pieces.close()
        return await openZip(access, options)
      } catch (error) {
        access.close()
        throw error
      }
    }
  }
}

/** Whole pieces, as many as it takes to see any mark; almost always one, and then not copied. */
async function takeHead(pieces: Pieces): Promise<Uint8Array> {
  let head: Uint8Array = (await pieces.next()) ?? new Uint8Array(0)
  while (head.length > 0 && head.length < MARK_BYTES) {
    const before = head.slice()
    const piece = await pieces.next()
    if (piece === undefined) return before
    head = new Uint8Array(before.length + piece.length)
    head.set(before)
    head.set(piece, before.length)
  }
  return head
}

function openText(
  pieces: Pieces,
  head: Uint8Array,
  size: number | undefined,
  options: OpenOptions,
): OpenedInput {
  return {
    info: {
      kind: 'text',
      name: nameForOutputs(options),
      ...(size === undefined ? {} : { uncompressedBytes: size }),
    },
    contentLabel: options.label,
    bytesRead: () => pieces.bytesRead,
    bytes: () => eachPiece(pieces, head),
    close: () => pieces.close(),
  }
}

function openGzip(
  pieces: Pieces,
  cursor: PieceCursor,
  size: number | undefined,
  options: OpenOptions,
): OpenedInput {
  return {
    info: {
      kind: 'gzip',
      name: nameForOutputs(options),
      ...(size === undefined ? {} : { compressedBytes: size }),
    },
    contentLabel: `what ${options.label} holds`,
    bytesRead: () => pieces.bytesRead,
    bytes: () => gunzip(cursor, options),
    close: () => pieces.close(),
  }
}

async function openZip(access: RandomAccess, options: OpenOptions): Promise<OpenedInput> {
  const { label } = options
  const entries = await readZipDirectory(access, label)
  const entry = chooseEntry(entries, options.entry, label)
  assertReadable(entry, options, label)
  const opened = await openEntry(access, entry, options)
  return {
    info: {
      kind: 'zip',
      name: nameForOutputs(options, entry.name),
      entry: entry.name,
      method: entry.method,
      compressedBytes: entry.compressedSize,
      uncompressedBytes: entry.size,
      entries: entries.map(({ name, size, compressedSize, method, encrypted }) => {
        return { name, size, compressedSize, method, encrypted }
      }),
    },
    contentLabel: entryLabel(entry, label),
    ...opened,
  }
}

function nameForOutputs({ name, label }: OpenOptions, entryName = ''): string {
  return outputName(name ?? '') || outputName(entryName) || (label === 'stdin' ? label : 'input')
}

/** The error for packed data with nothing in it. */
export function emptyContent(label: string): InputError {
  return new InputError('INPUT_EMPTY', `${label} is empty; expected records`, { file: label })
}
