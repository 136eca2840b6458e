import { createHash } from 'node:crypto'
import * as fs from 'node:fs'
import type { Worker } from 'node:worker_threads'
import { InputError } from '../errors.js'
import { MARK_BYTES, packedKind } from './format.js'
import type { Resource } from './origin.js'
import type { Pieces } from './pieces.js'
import { fileAccess, notReadable, type RandomAccess } from './random-access.js'

const BLOCK_BYTES = 1024 * 1024
/**
 * Smaller files are hashed on the reading thread, between its other work: a thread of their own costs
 * as much time of a processor as this many bytes, and 13 MiB. Packed, a file takes the reader so
 * long that its hash hardly delays it until much later.
 */
const WORKER_FLOOR_BYTES = 32 * 1024 * 1024
const PACKED_WORKER_FLOOR_BYTES = 384 * 1024 * 1024

/** What must not change between reading a file and hashing it. */
export interface FileIdentity {
  readonly dev: number
  readonly ino: number
  readonly size: number
  readonly mtimeMs: number
}

/** SHA-256, in hex, of what can be read by position. Ends early, with the reason, on `signal`. */
export async function hashAccess(access: RandomAccess, signal: AbortSignal): Promise<string> {
  const hash = createHash('sha256')
  const block = Buffer.allocUnsafeSlow(Math.min(BLOCK_BYTES, Math.max(1, access.size)))
  for (let position = 0; position < access.size;) {
    signal.throwIfAborted()
    const count = await access.read(block, position)
    if (count === 0) break
    hash.update(block.subarray(0, count))
    position += count
  }
  return hash.digest('hex')
}

/**
 * SHA-256, in hex, of a file; a large one on a thread of its own, so that it costs the reader no
 * time where a core is free.
 *
 * @param identity of the file as it was opened for reading; null when it was not
 * @throws {InputError} INPUT_CORRUPT when the file is not the same any more
 */
export async function hashFile(
  path: string,
  identity: FileIdentity | null,
  signal: AbortSignal,
): Promise<string> {
  signal.throwIfAborted()
  let fd: number
  try {
    fd = fs.openSync(path, 'r')
  } catch (cause) {
    throw notReadable(path, cause)
  }
  try {
    const before = fs.fstatSync(fd)
    if (identity !== null && !sameFile(identity, before)) throw changed(path)
    const head = Buffer.alloc(MARK_BYTES)
    fs.readSync(fd, head, 0, head.length, 0)
    const floor = packedKind(head) === null ? WORKER_FLOOR_BYTES : PACKED_WORKER_FLOOR_BYTES
    const sha256 =
      before.size < floor
        ? await hashAccess(fileAccess(fd, before.size, path), signal)
        : await hashInWorker(fd, before.size, path, signal)
    if (!sameFile(before, fs.fstatSync(fd))) throw changed(path)
    return sha256
  } finally {
    fs.closeSync(fd)
  }
}

/** True when neither the file nor its bytes have been replaced. */
function sameFile(a: FileIdentity, b: FileIdentity): boolean {
  return a.dev === b.dev && a.ino === b.ino && a.size === b.size && a.mtimeMs === b.mtimeMs
}

function changed(path: string): InputError {
  return new InputError(
    'INPUT_CORRUPT',
    `${path} changed while it was read; start again when nothing writes to it`,
    { file: path },
  )
}

// As text, so that it works from any bundle; the descriptor belongs to the process, not the thread.
const WORKER_SOURCE = `
const { createHash } = require('node:crypto')
const { readSync } = require('node:fs')
const { parentPort, workerData } = require('node:worker_threads')
const hash = createHash('sha256')
const block = Buffer.allocUnsafeSlow(${BLOCK_BYTES})
let position = 0
while (position < workerData.size) {
  const length = Math.min(block.length, workerData.size - position)
  const count = readSync(workerData.fd, block, 0, length, position)
  if (count === 0) break
  hash.update(count === block.length ? block : block.subarray(0, count))
  position += count
}
parentPort.postMessage(hash.digest('hex'))
`

async function hashInWorker(
  fd: number,
  size: number,
  path: string,
  signal: AbortSignal,
): Promise<string> {
  const threads = await import('node:worker_threads') // Loaded when used: start-up counts.
  signal.throwIfAborted()
  let worker: Worker
  try {
    worker = new threads.Worker(WORKER_SOURCE, { eval: true, workerData: { fd, size } })
  } catch {
    return hashAccess(fileAccess(fd, size, path), signal) // Threads may be forbidden to a process.
  }
  let onAbort = () => {}
  try {
    return await new Promise<string>((resolve, reject) => {
      onAbort = () => reject(signal.reason)
      signal.addEventListener('abort', onAbort)
      worker.once('message', resolve)
      worker.once('error', (cause) => reject(notReadable(path, cause)))
    })
  } finally {
    signal.removeEventListener('abort', onAbort)
    await worker.terminate()
  }
}

/** Hashes a stream as it passes, for it cannot be read twice. */
export class StreamHash {
  /** SHA-256 in hex, once the end of the stream has been reached. */
  readonly result: Promise<string>
  readonly #label: string
  #resolve: (sha256: string) => void = () => undefined
  #reject: (error: unknown) => void = () => undefined

  constructor(label: string) {
    this.#label = label
    this.result = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.result.catch(() => undefined) // Reported to whoever asks for it.
  }

  /** The same resource; the pieces of a stream are hashed from here on. */
  tap(resource: Resource): Resource {
    const { pieces } = resource
    if (pieces === undefined) return resource
    const hash = createHash('sha256')
    let ended = false
    const next = async () => {
      try {
        const piece = await pieces.next()
        if (piece !== undefined) hash.update(piece)
        else if (!ended) this.#resolve(hash.digest('hex'))
        ended ||= piece === undefined
        return piece
      } catch (error) {
        this.#reject(error)
        throw error
      }
    }
    const tapped: Pieces = {
      get bytesRead() {
        return pieces.bytesRead
      },
      next,
      close: () => pieces.close(),
    }
    return { pieces: tapped }
  }

  /** After this there is no more to come: a hash that is not complete by now never will be. */
  close(bytesRead: number): void {
    this.#reject(
      new InputError(
        'INPUT_NOT_READABLE',
        `no SHA-256 of ${this.#label}: it was left at byte ${bytesRead}, before its end; ` +
          'read all of it, or pass a file',
        { file: this.#label, byteOffset: bytesRead },
      ),
    )
  }
}
