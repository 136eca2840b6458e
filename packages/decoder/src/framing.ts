import { KIND, LEVEL, STATE, STOP, TABLE } from './wasm/frame-module.js'

/**
 * Framing: lines from bytes, and every ordinary line on the list of its table.
 *
 * An ordinary line has a known level that needs nothing but decoding, is long enough for its key
 * and not longer than its layout. A line of exactly its layout's nominal length is listed where it
 * stands; a shorter or longer one is copied, padded with blanks, and listed apart. Every other line
 * is handed back as special. A CR before the LF belongs to the line end.
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

/** The plain {@link Frame} over `memory`: what the generated one is held equal to. */
export function plainFrame(memory: Uint8Array): Frame {
  const words = new Int32Array(memory.buffer, memory.byteOffset, memory.length >> 2)
  const halves = new Int16Array(memory.buffer, memory.byteOffset, memory.length >> 1)
  const doubles = new Float64Array(memory.buffer, memory.byteOffset, memory.length >> 3)

  return (state, levels, dispatch, start, end, recordLimit, pendingLimit) => {
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

      const index =
        length < 2
          ? -1
          : halves[(dispatch >> 1) + (memory[lineStart]! | (memory[lineStart + 1]! << 8))]!
      const level = (levels >> 2) + index * LEVEL.words
      if (index < 0 || words[level + LEVEL.kind] === KIND.special) {
        words[s + STATE.length] = length
        words[s + STATE.next] = position + 1
        return stop(STOP.special)
      }
      if (words[level + LEVEL.kind] === KIND.unselected) {
        words[s + STATE.notSelected]!++
        words[s + STATE.records]!++
        lineStart = position + 1
        if (words[s + STATE.records]! >= recordLimit) return stop(STOP.limit)
        continue
      }
      const table = words[level + LEVEL.table]! >> 2
      const row = words[table + TABLE.rowCount]!
      const nominal = words[level + LEVEL.length]!
      let listed: number
      if (length === nominal) {
        const k = words[table + TABLE.pending]!++
        words[(words[table + TABLE.offsets]! >> 2) + k] = lineStart
        words[(words[table + TABLE.rows]! >> 2) + k] = row
        listed = k + 1
      } else {
        const size = words[level + LEVEL.maxLength]!
        if (length < words[level + LEVEL.keyLength]! || length > size) {
          words[s + STATE.length] = length
          words[s + STATE.next] = position + 1
          return stop(STOP.special)
        }
        const to = words[s + STATE.scratch]!
        if (to + size > words[s + STATE.scratchEnd]!) {
          words[s + STATE.line]!--
          return stop(STOP.drain)
        }
        memory.copyWithin(to, lineStart, lineStart + length)
        memory.fill(BLANK, to + length, to + size)
        words[s + STATE.scratch] = to + size
        const k = words[table + TABLE.oddPending]!++
        words[(words[table + TABLE.oddOffsets]! >> 2) + k] = to
        words[(words[table + TABLE.oddRows]! >> 2) + k] = row
        doubles[(words[table + TABLE.oddOrigins]! >> 3) + k] =
          doubles[(state >> 3) + STATE.origin / 2]! + lineStart
        listed = k + 1
        words[s + (length < nominal ? STATE.shortRecords : STATE.longRecords)]!++
      }
      words[(words[table + TABLE.recordNumbers]! >> 2) + row] = words[s + STATE.line]!
      words[(words[table + TABLE.recordLengths]! >> 2) + row] = length
      words[table + TABLE.rowCount] = row + 1
      words[s + STATE.records]!++
      lineStart = position + 1
      if (row + 1 >= words[table + TABLE.capacity]!) return stop(STOP.full)
      if (listed >= pendingLimit) return stop(STOP.drain)
      if (words[s + STATE.records]! >= recordLimit) return stop(STOP.limit)
    }
  }
}
