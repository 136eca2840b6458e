import * as fs from 'node:fs'
import { Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { types } from 'node:util'
import { InputError, OptionError } from '../errors.js'
import { baseName } from './entry-name.js'
import { type ByteStream, type Pieces, streamPieces } from './pieces.js'
import {
  blobAccess,
  fileAccess,
  memoryAccess,
  notReadable,
  type RandomAccess,
} from './random-access.js'
import { type FileIdentity, hashAccess, hashFile } from './source-hash.js'

/** What `openInput` takes: `-` is stdin, other strings are paths. */
export type InputLike = string | URL | ByteStream | Blob | Uint8Array

/** Bytes as they can be had: at any position, or once in order. */
export type Resource =
  | { readonly access: RandomAccess; readonly pieces?: undefined }
  | { readonly pieces: Pieces; readonly access?: undefined }

/** Where bytes come from, and how to name that. */
export interface Origin {
  /** Base name; null where there is none. */
  readonly name: string | null
  /** For messages. */
  readonly label: string
  open(signal: AbortSignal | undefined): Promise<Resource>
  /** SHA-256 of what can be read a second time; null of a stream. */
  hash(signal: AbortSignal): Promise<string | null>
}

/** @throws {OptionError} OPTION_INVALID for what cannot be read */
export function originOf(input: InputLike): Origin {
  if (input === '-') return streamOrigin('stdin', () => process.stdin)
  if (typeof input === 'string' || input instanceof URL) return pathOrigin(pathOf(input))
  if (types.isUint8Array(input)) return accessOrigin(null, 'the input', memoryAccess(input))
  if (input instanceof Blob) {
    const name = 'name' in input && typeof input.name === 'string' ? baseName(input.name) : null
    const label = name ?? 'the Blob'
    return accessOrigin(name, label, blobAccess(input, label))
  }
  if (isStream(input)) return streamOrigin('the stream', () => input)
  throw new OptionError(
    'OPTION_INVALID',
    'the input is none of path, file URL, stream, Blob and bytes; pass one of these',
    { option: 'input' },
  )
}

function pathOf(input: string | URL): string {
  if (typeof input === 'string' && !/^[a-z][a-z0-9+.-]+:\/\//i.test(input)) return input
  try {
    return fileURLToPath(input)
  } catch (cause) {
    throw new OptionError(
      'OPTION_INVALID',
      `cannot open ${String(input)}: only files are read; fetch it and pass the response body`,
      { option: 'input', cause },
    )
  }
}

function isStream(input: unknown): input is ByteStream {
  if (typeof input !== 'object' || input === null) return false
  return Symbol.asyncIterator in input || 'getReader' in input
}

function accessOrigin(name: string | null, label: string, access: RandomAccess): Origin {
  return {
    name,
    label,
    open: async () => ({ access }),
    hash: (signal) => hashAccess(access, signal),
  }
}

function streamOrigin(label: string, stream: () => ByteStream): Origin {
  return {
    name: null,
    label,
    open: async (signal) => ({ pieces: streamPieces(stream(), label, signal) }),
    hash: async () => null,
  }
}

function pathOrigin(path: string): Origin {
  let identity: FileIdentity | null = null
  return {
    name: baseName(path),
    label: path,
    async open(signal) {
      const fd = await openPath(path)
      const stats = fs.fstatSync(fd)
      if (stats.isFile()) {
        identity = stats
        return { access: fileAccess(fd, stats.size, path) }
      }
      if (stats.isDirectory()) {
        fs.closeSync(fd)
        throw folder(path)
      }
      // A blocking read of a silent pipe would hold up the end of the process; a socket's does not.
      const stream =
        stats.isFIFO() || stats.isSocket()
          ? new Socket({ fd, readable: true, writable: false })
          : fs.createReadStream(path, { fd })
      return { pieces: streamPieces(stream, path, signal) }
    },
    async hash(signal) {
      let stats: fs.Stats
      try {
        stats = fs.statSync(path)
      } catch (cause) {
        throw cannotOpen(path, cause as NodeJS.ErrnoException)
      }
      if (stats.isDirectory()) throw folder(path)
      return stats.isFile() ? hashFile(path, identity, signal) : null
    },
  }
}

function openPath(path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    fs.open(path, 'r', (cause, fd) => {
      if (cause === null) resolve(fd)
      else reject(cannotOpen(path, cause))
    })
  })
}

function cannotOpen(path: string, cause: NodeJS.ErrnoException): InputError {
  if (cause.code !== 'ENOENT' && cause.code !== 'ENOTDIR') return notReadable(path, cause)
  const message = `there is no file ${path}; check the path`
  return new InputError('INPUT_NOT_FOUND', message, { file: path, cause })
}

function folder(path: string): InputError {
  return new InputError(
    'INPUT_NOT_READABLE',
    `${path} is a folder; expected a file: name the files in it`,
    { file: path },
  )
}
