import type { ByteChunks } from './decode.js'
import { DETECT_BYTES, detectEdition, type Detection } from './spec/detect.js'
import { loadSpec } from './spec/load.js'
import { loadDetectHints } from './spec/load-hints.js'
import type { CompiledSpec } from './spec/types.js'

/** What {@link detectSpec} found, and the input to go on with. */
export interface DetectedSpec extends Omit<Detection, 'id'> {
  readonly spec: CompiledSpec
  /** Every byte of the input from the first, those looked at included. Iterate over it once. */
  readonly source: AsyncIterable<Uint8Array>
}

/**
 * Tells which bundled spec fits a NIBRS master file, from the first 4,096 lines of the
 * first MiB of its text.
 *
 * Decode `source`, not the input given: what was read is not lost, and closing it closes the input.
 *
 * @throws {SpecError} SPEC_NOT_DETECTED saying what was found instead; the input is then closed
 * @throws {InputError} INPUT_EMPTY, and whatever the input throws
 */
export async function detectSpec(input: ByteChunks): Promise<DetectedSpec> {
  const iterator = toAsync(input)
  const held: Uint8Array[] = []
  try {
    let size = 0
    let complete = false
    while (size < DETECT_BYTES && !complete) {
      const next = await iterator.next()
      if (next.done === true) complete = true
      else {
        // A source may fill the same array again for its next chunk.
        held.push(next.value.slice())
        size += next.value.length
      }
    }
    const hints = await loadDetectHints()
    const { id, dataYear, reason } = detectEdition(join(held, size), complete, hints)
    const spec = await loadSpec(id)
    return { spec, dataYear, reason, source: replay(held, iterator, complete) }
  } catch (error) {
    await iterator.return?.()
    throw error
  }
}

function toAsync(input: ByteChunks): AsyncIterator<Uint8Array> {
  if (Symbol.asyncIterator in input) return input[Symbol.asyncIterator]()
  const iterator = input[Symbol.iterator]()
  return {
    next: async () => iterator.next(),
    return: async () => iterator.return?.() ?? { done: true, value: undefined },
  }
}

function join(chunks: readonly Uint8Array[], size: number): Uint8Array {
  if (chunks.length === 1) return chunks[0]!
  const joined = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    joined.set(chunk, at)
    at += chunk.length
  }
  return joined
}

/** Not a generator: closing one that never ran would leave the input open. */
function replay(
  held: Uint8Array[],
  iterator: AsyncIterator<Uint8Array>,
  complete: boolean,
): AsyncIterable<Uint8Array> {
  return {
    [Symbol.asyncIterator]: () => ({
      async next() {
        const chunk = held.shift()
        if (chunk !== undefined) return { done: false, value: chunk }
        return complete ? { done: true, value: undefined } : iterator.next()
      },
      async return() {
        held.length = 0
        await iterator.return?.()
        return { done: true, value: undefined }
      },
    }),
  }
}
