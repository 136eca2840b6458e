import {
  INFLATE,
  INFLATE_FREE,
  INFLATE_HELD_BACK,
  INFLATE_SLACK,
  INFLATE_STATE,
  INFLATE_STOP,
  inflateModule,
  setUpInflate,
} from '../wasm/inflate-module.js'
import { instantiate, webAssembly } from '../wasm/web-assembly.js'
import { type Fold, FoldedCrc } from './folded-crc.js'

/** A distance reaches back this far. */
const WINDOW = 32_768
const LONGEST_MATCH = 258
/** Packed bytes at a time; plain ones are about ten times as many. */
const INPUT_BYTES = 128 << 10
const PAGE = 65_536

type InflateCall = (inputEnd: number, isLast: number, outputLimit: number) => number

/** Deflate data is wrong or breaks off; `code` is that of zlib. */
export class InflateError extends Error {
  override readonly name = 'InflateError'
  readonly code: 'Z_DATA_ERROR' | 'Z_BUF_ERROR'

  constructor(code: 'Z_DATA_ERROR' | 'Z_BUF_ERROR', message: string) {
    super(message)
    this.code = code
  }
}

const FAULTS: Readonly<Record<number, string>> = {
  [INFLATE_STOP.blockType]: 'a block is of no known type',
  [INFLATE_STOP.storedLength]: 'the two lengths of a stored block differ',
  [INFLATE_STOP.symbolCounts]: 'a block has too many length or distance symbols',
  [INFLATE_STOP.codeLengths]: 'the lengths of code lengths make no code',
  [INFLATE_STOP.lengthRepeat]: 'a repeated code length has none before it, or goes too far',
  [INFLATE_STOP.noEndOfBlock]: 'a block has no code for its end',
  [INFLATE_STOP.literalCodes]: 'the literal and length codes make no code',
  [INFLATE_STOP.distanceCodes]: 'the distance codes make no code',
  [INFLATE_STOP.badLiteralCode]: 'a literal or length code does not exist',
  [INFLATE_STOP.badDistanceCode]: 'a distance code does not exist',
  [INFLATE_STOP.tooFarBack]: 'a distance is too far back',
}

/**
 * Inflates raw deflate data on this thread, in memory of its own that does not grow: `take` packed
 * bytes, then ask for chunks until there is none.
 */
export class Inflater {
  readonly #bytes: Uint8Array
  readonly #state: Int32Array
  readonly #inflate: InflateCall
  readonly #crc: FoldedCrc
  readonly #inputStart = INFLATE_FREE
  readonly #windowStart: number
  /** A chunk's bytes at most. */
  readonly chunkBytes: number
  #inputEnd = 0
  #isLast = false
  #isDone = false

  constructor(chunkBytes: number) {
    this.chunkBytes = chunkBytes
    const inputRoom = INPUT_BYTES + INFLATE_HELD_BACK + INFLATE_SLACK
    this.#windowStart = this.#inputStart + inputRoom
    const windowEnd = this.#windowStart + WINDOW + chunkBytes + INFLATE_SLACK
    const byteLength = windowEnd + 16
    const pages = Math.ceil(byteLength / PAGE)
    const memory = new webAssembly!.Memory({ initial: pages, maximum: pages })
    setUpInflate(memory.buffer)
    const module = inflateModule({ initialPages: pages, maximumPages: pages, shared: false })
    const exports = instantiate(module, memory)
    this.#inflate = exports['inflate'] as InflateCall
    this.#crc = new FoldedCrc(memory.buffer, exports['fold'] as Fold, windowEnd)
    this.#bytes = new Uint8Array(memory.buffer)
    this.#state = new Int32Array(memory.buffer, INFLATE_STATE, INFLATE.words)
    this.reset()
  }

  /** Begins anew, with other data. */
  reset(): void {
    this.#isLast = false
    this.#isDone = false
    this.#inputEnd = this.#inputStart
    this.#state.fill(0)
    this.#state[INFLATE.input] = this.#inputStart
    this.#state[INFLATE.output] = this.#windowStart
    this.#state[INFLATE.windowStart] = this.#windowStart
    this.#crc.reset()
  }

  /** CRC-32 of all bytes given. */
  get crc32(): number {
    return this.#crc.value
  }

  /** Whether the data has ended. */
  get isDone(): boolean {
    return this.#isDone
  }

  /** Bytes taken and not part of the data, once it has ended. */
  get unused(): Uint8Array {
    return this.#bytes.slice(this.#used, this.#inputEnd)
  }

  /** Address behind the last byte that is used up. */
  get #used(): number {
    return this.#state[INFLATE.input]! - (this.#state[INFLATE.bitCount]! >> 3)
  }

  /** Takes packed bytes, as many as there is room for; gives their number. */
  take(packed: Uint8Array): number {
    const from = this.#used
    const held = this.#state[INFLATE.input]! - from
    // What is left comes first again, with the bytes that are in `bits` but not used up.
    this.#bytes.copyWithin(this.#inputStart, from, this.#inputEnd)
    this.#inputEnd -= from - this.#inputStart
    this.#state[INFLATE.input] = this.#inputStart + held
    const room = this.#inputStart + INPUT_BYTES + INFLATE_HELD_BACK - this.#inputEnd
    const count = Math.min(room, packed.length)
    this.#bytes.set(count === packed.length ? packed : packed.subarray(0, count), this.#inputEnd)
    this.#inputEnd += count
    return count
  }

  /** Says that no packed bytes follow. */
  end(): void {
    this.#isLast = true
    this.#bytes.fill(0, this.#inputEnd, this.#inputEnd + INFLATE_SLACK)
  }

  /**
   * The next bytes, good until the next call; null when more must be taken or the data has ended.
   *
   * @throws {InflateError}
   */
  next(): Uint8Array | null {
    if (this.#isDone) return null
    const state = this.#state
    let start = state[INFLATE.output]!
    if (start >= this.#windowStart + WINDOW) {
      this.#bytes.copyWithin(this.#windowStart, start - WINDOW, start)
      start = this.#windowStart + WINDOW
      state[INFLATE.output] = start
    }
    // A match that begins before the limit may pass it by its length.
    const limit = start + this.chunkBytes - LONGEST_MATCH
    const stop = this.#inflate(this.#inputEnd, this.#isLast ? 1 : 0, limit)
    if (this.#isLast && (stop === INFLATE_STOP.needsInput || this.#used > this.#inputEnd)) {
      throw new InflateError('Z_BUF_ERROR', 'unexpected end of file')
    }
    if (stop > INFLATE_STOP.done) throw new InflateError('Z_DATA_ERROR', FAULTS[stop]!)
    this.#isDone = stop === INFLATE_STOP.done
    const end = state[INFLATE.output]!
    this.#crc.add(start, end)
    return end === start ? null : this.#bytes.subarray(start, end)
  }
}
