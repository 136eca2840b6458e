import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished } from 'vitest'
import { InputError, type InputErrorCode } from '../../src/errors.js'
import { type InputLike, type InputOptions, openInput } from '../../src/input.js'

/** Everything an input gives, copied chunk by chunk. */
export async function readAll(input: InputLike, options: InputOptions = {}): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of openInput(input, options)) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks)
}

/** The InputError that reading ends in; fails the test where there is none. */
export async function failureOf(
  input: InputLike,
  code: InputErrorCode,
  options: InputOptions = {},
): Promise<InputError> {
  const error: unknown = await readAll(input, options).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(InputError)
  expect((error as InputError).code, (error as InputError).message).toBe(code)
  return error as InputError
}

/** A folder that is removed when the test ends. */
export function temporaryFolder(): string {
  const folder = fs.mkdtempSync(join(tmpdir(), 'decoder-input-'))
  onTestFinished(() => fs.rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** Writes `bytes` under `name` in a folder of its own and gives the path. */
export function fileOf(name: string, bytes: Uint8Array): string {
  const path = join(temporaryFolder(), name)
  fs.writeFileSync(path, bytes)
  return path
}

/** Chunks of `size` bytes, counting how many were asked for and whether the source was closed. */
export function countedChunks(bytes: Uint8Array, size: number) {
  const state = { pulls: 0, closed: false, chunks }
  async function* chunks(): AsyncGenerator<Uint8Array> {
    try {
      for (let start = 0; start < bytes.length; start += size) {
        state.pulls++
        yield bytes.subarray(start, start + size)
      }
    } finally {
      state.closed = true
    }
  }
  return state
}

/** Descriptors this process has open on `path`, deleted files too; Linux only. */
export function openDescriptors(path: string): number {
  return fs.readdirSync('/proc/self/fd').filter((fd) => {
    try {
      return fs.readlinkSync(`/proc/self/fd/${fd}`).includes(path)
    } catch {
      return false
    }
  }).length
}
