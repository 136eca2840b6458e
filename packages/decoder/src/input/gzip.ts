import { InputError, type InputErrorCode } from '../errors.js'
import { type InflateOptions, inflateRaw, type Sum } from './inflate.js'
import { assertWithin, type Limits } from './limits.js'
import type { PieceCursor } from './pieces.js'

export interface GunzipOptions extends Limits, InflateOptions {
  readonly label: string
}

/**
 * Unpacks a gzip file of one or more members (RFC 1952), each checked against its CRC-32 and size.
 * Zero bytes after the last member are padding; anything else there is an error.
 *
 * Members are taken apart here rather than by `zlib.createGunzip`, which drops what follows a zero
 * byte and cannot say where the garbage begins.
 */
export async function* gunzip(
  cursor: PieceCursor,
  options: GunzipOptions,
): AsyncGenerator<Uint8Array, void> {
  const { label } = options
  let totalBytes = 0
  for (let memberNumber = 1; await cursor.fill(); memberNumber++) {
    const memberOffset = cursor.offset
    if (memberNumber > 1 && (await skipPadding(cursor, label))) return
    await readHeader(cursor, label, memberNumber > 1)
    const sum: Sum = { crc32: 0 }
    let memberBytes = 0
    try {
      for await (const chunk of inflateRaw(cursor, options, sum)) {
        memberBytes += chunk.length
        totalBytes += chunk.length
        assertWithin(options, totalBytes, cursor.offset + cursor.rest.length, label)
        yield chunk
      }
    } catch (error) {
      throw translate(error, label, cursor.offset)
    }
    const trailer = await takeAll(cursor, 8, label)
    const view = new DataView(trailer.buffer)
    if (view.getUint32(0, true) !== sum.crc32) {
      const where = `the gzip member at byte ${memberOffset}`
      throw failure('INPUT_CRC', label, cursor.offset - 8, `${where} fails its CRC-32 check`)
    }
    if (view.getUint32(4, true) !== memberBytes % 0x1_0000_0000) {
      const declared = view.getUint32(4, true)
      const text = `a gzip member unpacks to ${memberBytes} bytes but declares ${declared}`
      throw failure('INPUT_CORRUPT', label, cursor.offset - 4, text)
    }
  }
}

/** True when nothing but zero bytes is left. */
async function skipPadding(cursor: PieceCursor, label: string): Promise<boolean> {
  if (cursor.rest[0] !== 0) return false
  while (await cursor.fill()) {
    const { rest } = cursor
    const at = rest.findIndex((byte) => byte !== 0)
    if (at >= 0) throw garbage(label, cursor.offset + at)
    cursor.advance(rest.length)
  }
  return true
}

const HEADER_CRC = 2
const EXTRA = 4
const NAME = 8
const COMMENT = 16
const RESERVED = 0xe0

async function readHeader(cursor: PieceCursor, label: string, later: boolean): Promise<void> {
  const offset = cursor.offset
  const magic = await takeAll(cursor, 2, label, later)
  if (magic[0] !== 0x1f || magic[1] !== 0x8b) throw garbage(label, offset)
  const [method, flags] = await takeAll(cursor, 8, label)
  if (method !== 8 || (flags & RESERVED) !== 0) {
    const text = `the gzip header has method ${method} and flags ${flags}, expected method 8`
    throw failure('INPUT_CORRUPT', label, offset, text)
  }
  if ((flags & EXTRA) !== 0) {
    const [low, high] = await takeAll(cursor, 2, label)
    await takeAll(cursor, low + high * 256, label)
  }
  if ((flags & NAME) !== 0) await skipText(cursor, label)
  if ((flags & COMMENT) !== 0) await skipText(cursor, label)
  if ((flags & HEADER_CRC) !== 0) await takeAll(cursor, 2, label)
}

async function skipText(cursor: PieceCursor, label: string): Promise<void> {
  while (await cursor.fill()) {
    const end = cursor.rest.indexOf(0)
    cursor.advance(end < 0 ? cursor.rest.length : end + 1)
    if (end >= 0) return
  }
  throw truncated(label, cursor.offset)
}

async function takeAll(
  cursor: PieceCursor,
  length: number,
  label: string,
  mayBeGarbage = false,
): Promise<Uint8Array> {
  const offset = cursor.offset
  const taken = await cursor.take(length)
  if (taken.length === length) return taken
  throw mayBeGarbage && taken[0] !== 0x1f ? garbage(label, offset) : truncated(label, cursor.offset)
}

function translate(error: unknown, label: string, offset: number): unknown {
  const code = (error as NodeJS.ErrnoException | null)?.code
  if (code === 'Z_BUF_ERROR') return truncated(label, offset)
  if (code !== 'Z_DATA_ERROR') return error
  const text = `the compressed data is wrong (${(error as Error).message})`
  return failure('INPUT_CORRUPT', label, offset, text, error, 'somewhere after')
}

function truncated(label: string, offset: number): InputError {
  return failure('INPUT_TRUNCATED', label, offset, 'the gzip file breaks off')
}

function garbage(label: string, offset: number): InputError {
  return failure('INPUT_CORRUPT', label, offset, 'bytes that are not gzip follow the gzip data')
}

function failure(
  code: InputErrorCode,
  label: string,
  byteOffset: number,
  text: string,
  cause?: unknown,
  where = 'at',
): InputError {
  const message = `${label}: ${text}, ${where} byte ${byteOffset}; fetch the file again`
  return new InputError(code, message, { file: label, byteOffset, cause })
}
