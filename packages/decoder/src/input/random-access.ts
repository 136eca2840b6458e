import * as fs from 'node:fs'
import { InputError } from '../errors.js'

/** Bytes that can be read at any position: a file, a Blob, or memory. */
export interface RandomAccess {
  readonly size: number
  /** The bytes themselves where they are in memory already, to be sliced without a copy. */
  readonly memory?: Uint8Array
  /** Fills `target` from `position`; fewer bytes than asked for only at the end. */
  read(target: Uint8Array, position: number): Promise<number>
  /** Closes what is open; once, when no read is under way. */
  close(): void
}

/** Reads an open file by position. */
export function fileAccess(fd: number, size: number, label: string): RandomAccess {
  return {
    size,
    async read(target, position) {
      let filled = 0
      while (filled < target.length) {
        const count = await readFd(fd, target, filled, position + filled, label)
        if (count === 0) break
        filled += count
      }
      return filled
    },
    close() {
      fs.closeSync(fd)
    },
  }
}

function readFd(
  fd: number,
  target: Uint8Array,
  start: number,
  position: number,
  label: string,
): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.read(fd, target, start, target.length - start, position, (cause, count) => {
      if (cause === null) resolve(count)
      else reject(notReadable(label, cause))
    })
  })
}

/** Reads a Blob or File by slices. */
export function blobAccess(blob: Blob, label: string): RandomAccess {
  return {
    size: blob.size,
    async read(target, position) {
      const end = Math.min(position + target.length, blob.size)
      if (end <= position) return 0
      try {
        const bytes = new Uint8Array(await blob.slice(position, end).arrayBuffer())
        target.set(bytes)
        return bytes.length
      } catch (cause) {
        throw notReadable(label, cause)
      }
    },
    close() {},
  }
}

/** Reads bytes that are in memory. */
export function memoryAccess(bytes: Uint8Array): RandomAccess {
  return {
    size: bytes.length,
    memory: bytes,
    async read(target, position) {
      const found = bytes.subarray(position, position + target.length)
      target.set(found)
      return found.length
    },
    close() {},
  }
}

/** Reads exactly `length` bytes, or fewer at the end, into memory of their own. */
export async function readBytes(
  access: RandomAccess,
  position: number,
  length: number,
): Promise<Uint8Array> {
  const target = new Uint8Array(Math.min(length, Math.max(0, access.size - position)))
  return target.subarray(0, await access.read(target, position))
}

/** The error for an input that exists but fails to give its bytes. */
export function notReadable(label: string, cause: unknown): InputError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  return new InputError(
    'INPUT_NOT_READABLE',
    `cannot read ${label}: ${reason}; check that it is a readable file`,
    { file: label, cause },
  )
}
