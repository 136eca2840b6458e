import { InputError } from '../errors.js'

/** How the bytes of a source are packed. */
export type InputKind = 'text' | 'gzip' | 'zip'

/** Bytes that show any mark below. */
export const HEAD_BYTES = 512
/** Bytes that show every mark at the very beginning. */
export const MARK_BYTES = 6

interface Format {
  readonly title: string
  readonly magic: readonly number[]
  readonly offset?: number
}

const GZIP: Format = { title: 'gzip file', magic: [0x1f, 0x8b] }
/** A first entry, no entry at all, or the mark of an archive cut into parts. */
const ZIP: readonly Format[] = [
  { title: 'zip archive', magic: [0x50, 0x4b, 0x03, 0x04] },
  { title: 'zip archive', magic: [0x50, 0x4b, 0x05, 0x06] },
  { title: 'zip archive', magic: [0x50, 0x4b, 0x07, 0x08] },
]
const OTHER: readonly Format[] = [
  { title: '7z archive', magic: [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c] },
  { title: 'rar archive', magic: [0x52, 0x61, 0x72, 0x21, 0x1a, 0x07] },
  { title: 'xz file', magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00] },
  { title: 'zstd file', magic: [0x28, 0xb5, 0x2f, 0xfd] },
  { title: 'Unix compress file', magic: [0x1f, 0x9d] },
  { title: 'tar archive', magic: [0x75, 0x73, 0x74, 0x61, 0x72], offset: 257 },
]

/**
 * Recognises the format by its first bytes; names are never asked.
 *
 * @param head the first {@link HEAD_BYTES} bytes, or all there are
 * @throws {InputError} INPUT_EMPTY for no bytes, INPUT_TRUNCATED for a mark that breaks off,
 *   INPUT_UNSUPPORTED for an archive this package does not read
 */
export function recognise(head: Uint8Array, label: string): InputKind {
  if (head.length === 0) {
    throw new InputError('INPUT_EMPTY', `${label} is empty; expected records`, { file: label })
  }
  const packed = packedKind(head)
  if (packed !== null) return packed
  assertPlain(head, label)
  const begun = [GZIP, ...ZIP].find(({ magic }) => head.every((byte, at) => byte === magic[at]))
  if (begun !== undefined) {
    throw new InputError(
      'INPUT_TRUNCATED',
      `${label} breaks off after ${head.length} bytes of what begins as a ${begun.title}; ` +
        'fetch it again',
      { file: label, byteOffset: head.length },
    )
  }
  return 'text'
}

/** The kind that the first bytes are the mark of; null for text and anything else. */
export function packedKind(head: Uint8Array): 'gzip' | 'zip' | null {
  if (has(head, GZIP)) return 'gzip'
  return ZIP.some((format) => has(head, format)) ? 'zip' : null
}

/**
 * Refuses what was unpacked once and is still packed.
 *
 * @throws {InputError} INPUT_UNSUPPORTED
 */
export function assertUnpacked(head: Uint8Array, label: string): void {
  const packed = [GZIP, ...ZIP].find((format) => has(head, format))
  if (packed !== undefined) throw unsupported(packed, label)
  assertPlain(head, label)
}

function assertPlain(head: Uint8Array, label: string): void {
  const other = OTHER.find((format) => has(head, format))
  if (other !== undefined) throw unsupported(other, label)
}

function unsupported(format: Format, label: string): InputError {
  return new InputError(
    'INPUT_UNSUPPORTED',
    `${label} is a ${format.title}; expected plain text, or text packed once by zip or gzip: ` +
      'unpack it and pass what is inside',
    { file: label },
  )
}

function has(head: Uint8Array, { magic, offset = 0 }: Format): boolean {
  return head.length >= offset + magic.length && magic.every((b, at) => head[offset + at] === b)
}
