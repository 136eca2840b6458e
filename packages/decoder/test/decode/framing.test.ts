import { describe, expect, test } from 'vitest'
import { Arena } from '../../src/arena.js'
import { type Frame, plainFrame } from '../../src/framing.js'
import { Random } from '../../src/testing/random.js'
import {
  frameModule,
  KIND,
  LEVEL,
  SLACK,
  STATE,
  STOP,
  STRIP,
  TABLE,
} from '../../src/wasm/frame-module.js'
import { instantiate } from '../../src/wasm/web-assembly.js'

const INPUT = 14_000
const PENDING = 64
const CAPACITY = 100
/** Level, kind, nominal length, key length, greatest length. */
const LEVELS = [
  ['AA', KIND.plain, 20, 6, 24],
  ['BB', KIND.plain, 5, 3, 5],
  ['CC', KIND.unselected, 20, 6, 24],
  ['DD', KIND.special, 20, 6, 24],
] as const

/** A frame with its memory: the same addresses for the same things, whoever makes one. */
class Framer {
  readonly arena = new Arena(1 << 20, true)
  readonly input = this.arena.take('u8', INPUT + SLACK)
  readonly state = this.arena.take('i32', STATE.words)
  readonly scratch = this.arena.take('u8', 600 + SLACK)
  readonly dispatch = this.arena.take('i16', 65_536).fill(-1)
  readonly levels = this.arena.take('i32', LEVELS.length * LEVEL.words)
  readonly tables = LEVELS.map(() => this.#table())
  readonly frame: Frame

  constructor(make: (arena: Arena) => Frame) {
    const { state, scratch } = this
    state[STATE.lineEnds] = this.arena.take('u8', STRIP.room).byteOffset
    state[STATE.scratch] = scratch.byteOffset
    state[STATE.scratchEnd] = scratch.byteOffset + 600
    LEVELS.forEach(([level, kind, length, keyLength, maxLength], index) => {
      this.dispatch[level.charCodeAt(0) | (level.charCodeAt(1) << 8)] = index
      const words = this.levels.subarray(index * LEVEL.words)
      words[LEVEL.kind] = kind
      words[LEVEL.length] = length
      words[LEVEL.keyLength] = keyLength
      words[LEVEL.maxLength] = maxLength
      words[LEVEL.table] = this.tables[index]!.byteOffset
    })
    this.frame = make(this.arena)
  }

  #table(): Int32Array {
    const words = this.arena.take('i32', TABLE.words)
    words[TABLE.capacity] = CAPACITY
    for (const list of ['recordNumbers', 'recordLengths'] as const) {
      words[TABLE[list]] = this.arena.take('i32', CAPACITY).byteOffset
    }
    for (const list of ['offsets', 'rows', 'oddOffsets', 'oddRows'] as const) {
      words[TABLE[list]] = this.arena.take('i32', PENDING).byteOffset
    }
    words[TABLE.oddOrigins] = this.arena.take('f64', PENDING).byteOffset
    return words
  }

  #list(address: number, length: number): number[] {
    return [...new Int32Array(this.arena.bytes.buffer, address, length)]
  }

  run(start: number, end: number, limit: number): number {
    const at = this.input.byteOffset
    return this.frame(
      this.state.byteOffset,
      this.levels.byteOffset,
      this.dispatch.byteOffset,
      at + start,
      at + end,
      limit,
      PENDING,
    )
  }

  /** All that a caller may look at. Tables of levels that were not asked for hold nothing. */
  seen(stop: number): unknown {
    const state = [...this.state]
    if (stop !== STOP.special) state.splice(STATE.length, 2)
    const tables = this.tables.filter((_, index) => LEVELS[index]![1] === KIND.plain)
    return {
      stop,
      state,
      scratch: [...this.scratch.subarray(0, state[STATE.scratch]! - this.scratch.byteOffset)],
      counts: this.tables.map((words) => [
        words[TABLE.rowCount],
        words[TABLE.pending],
        words[TABLE.oddPending],
      ]),
      lists: tables.map((words) => [
        this.#list(words[TABLE.recordNumbers]!, words[TABLE.rowCount]!),
        this.#list(words[TABLE.recordLengths]!, words[TABLE.rowCount]!),
        this.#list(words[TABLE.offsets]!, words[TABLE.pending]!),
        this.#list(words[TABLE.rows]!, words[TABLE.pending]!),
        this.#list(words[TABLE.oddOffsets]!, words[TABLE.oddPending]!),
        this.#list(words[TABLE.oddRows]!, words[TABLE.oddPending]!),
        this.#list(words[TABLE.oddOrigins]!, words[TABLE.oddPending]! * 2),
      ]),
    }
  }

  /** As the decoder does before it frames on: what is listed has been decoded. */
  drain(): void {
    for (const words of this.tables) {
      words[TABLE.pending] = 0
      words[TABLE.oddPending] = 0
      if (words[TABLE.rowCount]! >= CAPACITY) words[TABLE.rowCount] = 0
    }
    this.state[STATE.scratch] = this.scratch.byteOffset
  }
}

function generatedFrame({ memory, pages }: Arena): Frame {
  const module = frameModule({ initialPages: pages, maximumPages: pages, shared: false })
  return instantiate(module, memory!)['frame'] as Frame
}

const PATTERNS: Readonly<Record<string, (random: Random) => string>> = {
  'lines of all levels': (random) =>
    random.pick(['AA', 'AA', 'BB', 'CC', 'DD', 'XX', 'A']) +
    '.'.repeat(random.pick([18, 18, 3, 3, 0, 4, 12, 22, 23, 300])) +
    random.pick(['\n', '\n', '\n', '\r\n', '\r\r\n']),
  'ordinary lines': (random) =>
    random.pick([`AA${'.'.repeat(18)}\n`, 'BB...\n', `CC${'.'.repeat(18)}\n`]),
  'lines that were not asked for': () => `CC${'.'.repeat(18)}\n`,
  'the shortest lines': (random) => random.pick(['BB.\n', 'BB...\n', 'BB\n']),
  'nothing but line ends': (random) => random.pick(['\n', '\n', '\n', '\r\n', '\r']),
  'hardly any line end': (random) => '.'.repeat(random.between(1000, 9000)) + '\n',
}

describe('generated framing does as the plain one', () => {
  test.each(Object.entries(PATTERNS))('with %s', (_, pattern) => {
    for (let seed = 1; seed <= 8; seed++) {
      const random = new Random(seed)
      let text = ''
      while (text.length < INPUT) text += pattern(random)
      const bytes = Buffer.from(text).subarray(0, INPUT)
      const framers = [new Framer(({ bytes: all }) => plainFrame(all)), new Framer(generatedFrame)]
      for (const { input } of framers) {
        input.set(bytes)
        input.fill(0x0a, INPUT) // Line ends behind the end are none.
      }
      const limit = random.pick([2 ** 31 - 1, 2 ** 31 - 1, 1000])
      let start = random.between(0, 100)
      let end = random.between(start, INPUT)
      for (;;) {
        const stops = framers.map((framer) => framer.run(start, end, limit))
        const [plain, generated] = framers.map((framer, index) => framer.seen(stops[index]!))
        expect(generated).toEqual(plain)
        const { state, input } = framers[0]!
        const stop = stops[0]!
        start = state[stop === STOP.special ? STATE.next : STATE.position]! - input.byteOffset
        if (stop === STOP.limit) break
        if (stop === STOP.end) {
          if (end === INPUT) break
          end = Math.min(INPUT, end + random.between(1, 5000))
        }
        if (stop !== STOP.special || random.between(0, 3) === 0) {
          for (const framer of framers) framer.drain()
        }
      }
    }
  })
})
