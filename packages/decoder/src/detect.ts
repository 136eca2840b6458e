import { type ByteChunks, requireChunk, requireChunks } from './byte-chunks.js'
import { DETECT_BYTES, DETECT_LINES, detectEdition, type Detection } from './spec/detect.js'
import { loadSpec } from './spec/load.js'
import { loadDetectHints } from './spec/load-hints.js'
import type { CompiledSpec } from './spec/types.js'

const LF = 0x0a
const BLANK = 0x20

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
 * @throws {OptionError} for what is no input, or a chunk that is not bytes
 */
export async function detectSpec(input: ByteChunks): Promise<DetectedSpec> {
  requireChunks(input)
  const iterator = toAsync(input)
  try {
    const sample = new Sample()
    let complete = false
    while (!complete && !sample.suffices) {
      const next = await iterator.next()
      if (next.done === true) complete = true
      else {
        requireChunk(next.value)
        sample.add(next.value)
      }
    }
    const { bytes } = sample
    const hints = await loadDetectHints()
    // Chunks of any size make the same sample.
    const looked = bytes.subarray(0, DETECT_BYTES)
    const isWhole = complete && looked.length === bytes.length
    const { id, dataYear, reason } = detectEdition(looked, isWhole, hints)
    const spec = await loadSpec(id)
    return { spec, dataYear, reason, source: replay(bytes, iterator, complete) }
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

/** The first bytes of an input, copied: a source may fill the same array again for its next chunk. */
class Sample {
  #bytes = new Uint8Array(0)
  #size = 0
  #lineCount = 0
  #lineStart = 0

  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#size)
  }

  /** Whether more would not be looked at. */
  get suffices(): boolean {
    return this.#size >= DETECT_BYTES || this.#lineCount >= DETECT_LINES
  }

  add(chunk: Uint8Array): void {
    const size = this.#size + chunk.length
    if (size > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(size, DETECT_BYTES))
      grown.set(this.bytes)
      this.#bytes = grown
    }
    this.#bytes.set(chunk, this.#size)
    this.#size = size
    const { bytes } = this
    while (this.#lineCount < DETECT_LINES) {
      const end = bytes.indexOf(LF, this.#lineStart)
      if (end < 0) break
      // Blank lines are passed over, so only those count that surely are not.
      if (bytes[this.#lineStart]! > BLANK) this.#lineCount++
      this.#lineStart = end + 1
    }
  }
}

/** Not a generator: closing one that never ran would leave the input open. */
function replay(
  bytes: Uint8Array,
  iterator: AsyncIterator<Uint8Array>,
  complete: boolean,
): AsyncIterable<Uint8Array> {
  let held: Uint8Array | null = bytes
  return {
    [Symbol.asyncIterator]: () => ({
      async next() {
        const chunk = held
        held = null
        if (chunk !== null) return { done: false, value: chunk }
        return complete ? { done: true, value: undefined } : iterator.next()
      },
      async return() {
        held = null
        await iterator.return?.()
        return { done: true, value: undefined }
      },
    }),
  }
}
