import { OptionError } from './errors.js'

/** Bytes to decode: any async or plain iterable of chunks, Node and web streams included. */
export type ByteChunks = AsyncIterable<Uint8Array> | Iterable<Uint8Array>

/**
 * Checks that an input can be iterated over for chunks. A lone array of bytes cannot: it would give
 * its bytes as numbers.
 *
 * @throws {OptionError} OPTION_INVALID
 */
export function requireChunks(input: unknown): asserts input is ByteChunks {
  if (typeof input === 'object' && input !== null && !ArrayBuffer.isView(input)) {
    if (Symbol.asyncIterator in input || Symbol.iterator in input) return
  }
  throw notBytes(`the input is ${kindOf(input)}`)
}

/**
 * Checks one chunk of an input.
 *
 * @throws {OptionError} OPTION_INVALID
 */
export function requireChunk(chunk: unknown): asserts chunk is Uint8Array {
  // By tag, for arrays of another realm are no instances of this one's class.
  if (Object.prototype.toString.call(chunk) === '[object Uint8Array]') return
  throw notBytes(`a chunk of the input is ${kindOf(chunk)}`)
}

function notBytes(found: string): OptionError {
  return new OptionError(
    'OPTION_INVALID',
    `${found}; expected an iterable of Uint8Array chunks, such as openInput(path) or [bytes]`,
    { option: 'input' },
  )
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value)
  if (typeof value !== 'object') return `a ${typeof value}`
  return `of type ${Object.prototype.toString.call(value).slice(8, -1)}`
}
