import {
  forwardedSize,
  HEAD,
  KIND,
  LEVEL,
  OUTBOX,
  STATE,
  STOP,
  TABLE,
} from './wasm/frame-module.js'

/**
 * Framing: lines from bytes, and every ordinary line on the list of its table.
 *
 * An ordinary line has a known level that needs nothing but decoding, is long enough for its key
 * and not longer than its layout. A line of exactly its layout's nominal length is listed where it
 * stands; a shorter or longer one is copied, padded with blanks, and listed apart. Every other line
 * is handed back as special. A CR before the LF belongs to the line end. A line of a level that
 * another thread decodes goes to that thread's outbox instead of a list.
 *
 * All numbers are addresses into, or words of, one block of memory, so that the same call can be
 * made of generated code (`wasm/frame-module.ts`).
 */
export type Frame = (
  /** Address of the frame state. */
  state: number,
  /** Addresses of the level entries and of the dispatch table. */
  levels: number,
  dispatch: number,
  /** Addresses of the bytes to frame. */
  start: number,
  end: number,
  /** Stop when the state's record count reaches this. */
  recordLimit: number,
  /** Stop when a list has grown to this. */
  pendingLimit: number,
) => number

const LF = 0x0a
const CR = 0x0d
const BLANK = 0x20

/** Framing of text, and listing of lines that another thread has framed. */
export interface Framing {
  readonly frame: Frame
  /** The same for lines as they stand in an outbox, each with its head; see HEAD. */
  readonly list: Frame
}

/** The plain {@link Framing} over `memory`: what the generated one is held equal to. */
export function plainFraming(memory: Uint8Array): Framing {
  const words = new Int32Array(memory.buffer, memory.byteOffset, memory.length >> 2)
  const halves = new Int16Array(memory.buffer, memory.byteOffset, memory.length >> 1)
  const doubles = new Float64Array(memory.buffer, memory.byteOffset, memory.length >> 3)

  /** What becomes of one line: `waits` has to be met again, `listed` may be the last for now. */
  type Outcome = 'special' | 'waits' | 'passed' | 'full' | 'drain'

  function ordinaryLine(
    operands: Parameters<Frame>,
    lineStart: number,
    length: number,
    origin: number,
  ): Outcome {
    const [state, levels, dispatch, , , , pendingLimit] = operands
    const s = state >> 2
    const index =
      length < 2
        ? -1
        : halves[(dispatch >> 1) + (memory[lineStart]! | (memory[lineStart + 1]! << 8))]!
    const level = (levels >> 2) + index * LEVEL.words
    if (index < 0 || words[level + LEVEL.kind] === KIND.special) return 'special'
    if (words[level + LEVEL.kind] === KIND.unselected) {
      words[s + STATE.notSelected]!++
      words[s + STATE.records]!++
      return 'passed'
    }
    const table = words[level + LEVEL.table]! >> 2
    const nominal = words[level + LEVEL.length]!
    const forwarded = words[level + LEVEL.kind] === KIND.forwarded
    const size = words[level + LEVEL.maxLength]!
    if (forwarded || length !== nominal) {
      if (length < words[level + LEVEL.keyLength]! || length > size) return 'special'
    }
    if (forwarded) {
      const to = words[table + OUTBOX.next]!
      if (to + forwardedSize(length) > words[table + OUTBOX.end]!) return 'waits'
      putForwarded(memory, to, lineStart, length, words[s + STATE.line]!, origin)
      words[table + OUTBOX.next] = to + forwardedSize(length)
      words[table + OUTBOX.count]!++
      words[s + STATE.notSelected]!++
      words[s + STATE.records]!++
      return 'passed'
    }
    const row = words[table + TABLE.rowCount]!
    let listed: number
    if (length === nominal) {
      const k = words[table + TABLE.pending]!++
      words[(words[table + TABLE.offsets]! >> 2) + k] = lineStart
      words[(words[table + TABLE.rows]! >> 2) + k] = row
      listed = k + 1
    } else {
      const to = words[s + STATE.scratch]!
      if (to + size > words[s + STATE.scratchEnd]!) return 'waits'
      memory.copyWithin(to, lineStart, lineStart + length)
      memory.fill(BLANK, to + length, to + size)
      words[s + STATE.scratch] = to + size
      const k = words[table + TABLE.oddPending]!++
      words[(words[table + TABLE.oddOffsets]! >> 2) + k] = to
      words[(words[table + TABLE.oddRows]! >> 2) + k] = row
      doubles[(words[table + TABLE.oddOrigins]! >> 3) + k] = origin
      listed = k + 1
      words[s + (length < nominal ? STATE.shortRecords : STATE.longRecords)]!++
    }
    words[(words[table + TABLE.recordNumbers]! >> 2) + row] = words[s + STATE.line]!
    words[(words[table + TABLE.recordLengths]! >> 2) + row] = length
    words[table + TABLE.rowCount] = row + 1
    words[s + STATE.records]!++
    if (row + 1 >= words[table + TABLE.capacity]!) return 'full'
    return listed >= pendingLimit ? 'drain' : 'passed'
  }

  return {
    frame(...operands) {
      const [state, , , start, end, recordLimit] = operands
      const s = state >> 2
      let lineStart = start
      const stop = (reason: number): number => {
        words[s + STATE.position] = lineStart
        return reason
      }
      const window = memory.subarray(0, end)
      for (;;) {
        const position = window.indexOf(LF, lineStart)
        if (position < 0) return stop(STOP.end)
        let length = position - lineStart
        if (length > 0 && memory[position - 1] === CR) length--
        words[s + STATE.line]!++
        const origin = doubles[(state >> 3) + STATE.origin / 2]! + lineStart
        const outcome = ordinaryLine(operands, lineStart, length, origin)
        if (outcome === 'special') {
          words[s + STATE.length] = length
          words[s + STATE.next] = position + 1
          return stop(STOP.special)
        }
        if (outcome === 'waits') {
          words[s + STATE.line]!--
          return stop(STOP.drain)
        }
        lineStart = position + 1
        if (outcome !== 'passed') return stop(STOP[outcome])
        if (words[s + STATE.records]! >= recordLimit) return stop(STOP.limit)
      }
    },

    list(...operands) {
      const [state, , , start, end, recordLimit] = operands
      const s = state >> 2
      let head = start
      const stop = (reason: number): number => {
        words[s + STATE.position] = head
        return reason
      }
      while (head < end) {
        const length = words[(head + HEAD.length) >> 2]!
        words[s + STATE.line] = words[(head + HEAD.line) >> 2]!
        const origin = doubles[(head + HEAD.origin) >> 3]!
        const outcome = ordinaryLine(operands, head + HEAD.bytes, length, origin)
        const next = head + forwardedSize(length)
        if (outcome === 'special') {
          words[s + STATE.length] = length
          words[s + STATE.next] = next
          return stop(STOP.special)
        }
        if (outcome === 'waits') return stop(STOP.drain)
        head = next
        if (outcome !== 'passed') return stop(STOP[outcome])
        if (words[s + STATE.records]! >= recordLimit) return stop(STOP.limit)
      }
      return stop(STOP.end)
    },
  }
}

/** Puts a line with its head into an outbox, at `to`, a multiple of eight. */
export function putForwarded(
  memory: Uint8Array,
  to: number,
  lineStart: number,
  length: number,
  line: number,
  origin: number,
): void {
  const view = new DataView(memory.buffer, memory.byteOffset + to, HEAD.bytes)
  view.setInt32(HEAD.length, length, true)
  view.setInt32(HEAD.line, line, true)
  view.setFloat64(HEAD.origin, origin, true)
  memory.copyWithin(to + HEAD.bytes, lineStart, lineStart + length)
}
