import { randomBytes } from 'node:crypto'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DecoderError, InputError } from '../errors.js'
import type { Pieces } from './pieces.js'
import { fileAccess, type RandomAccess } from './random-access.js'

/**
 * Copies a stream to a nameless temporary file, for a zip archive can be read only from its end.
 *
 * The file is unlinked as soon as it is open: the system frees it however the process ends. Where
 * that is refused (some Windows file systems) it is removed on close.
 *
 * @throws {InputError} INPUT_NOT_READABLE when the temporary folder has no room
 */
export async function spool(
  head: Uint8Array,
  pieces: Pieces,
  label: string,
): Promise<RandomAccess> {
  const path = join(tmpdir(), `.nibrs-decoder-${process.pid}-${randomBytes(6).toString('hex')}`)
  let fd: number | null = null
  let size = 0
  try {
    fd = fs.openSync(path, 'wx+', 0o600)
    removeIfAllowed(path)
    for (
      let piece: Uint8Array | undefined = head;
      piece !== undefined;
      piece = await pieces.next()
    ) {
      await writeAll(fd, piece, size)
      size += piece.length
    }
  } catch (cause) {
    if (fd !== null) fs.closeSync(fd)
    removeIfAllowed(path)
    if (cause instanceof DecoderError || !isSystemError(cause)) throw cause
    throw new InputError(
      'INPUT_NOT_READABLE',
      `cannot keep ${label}, a zip archive, in ${tmpdir()} (${cause.message}); ` +
        'save it to a file and pass its path',
      { file: label, cause },
    )
  }
  const access = fileAccess(fd, size, label)
  return {
    ...access,
    close() {
      access.close()
      removeIfAllowed(path)
    },
  }
}

function removeIfAllowed(path: string): void {
  try {
    fs.rmSync(path, { force: true })
  } catch {
    // Still open on a system that does not remove open files: tried again on close.
  }
}

async function writeAll(fd: number, bytes: Uint8Array, position: number): Promise<void> {
  for (let start = 0; start < bytes.length;) {
    start += await new Promise<number>((resolve, reject) => {
      fs.write(fd, bytes, start, bytes.length - start, position + start, (cause, count) => {
        if (cause === null) resolve(count)
        else reject(cause)
      })
    })
  }
}

function isSystemError(value: unknown): value is NodeJS.ErrnoException {
  return value instanceof Error && typeof (value as NodeJS.ErrnoException).syscall === 'string'
}
