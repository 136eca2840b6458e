import { assemble, Code, I32, I64, V128, type WasmFunction } from './assembler.js'

/**
 * Framing and dispatch in WebAssembly: finds the line ends of a strip of input, 64 bytes at a time,
 * then puts every ordinary line on the list of its table. What is not ordinary (unknown level,
 * headers, overlays, lines too short for their key or longer than their layout) is handed back to
 * the caller, line by line.
 *
 * Where a line ends and where it goes are a coin's toss to the processor, so neither is a branch:
 * two line ends are noted of every 64 bytes whether they are there or not, and a line that was not
 * asked for is put on a list that never grows.
 *
 * `framing.ts` does the same readably; a test holds the two equal.
 */

/** Why framing stopped. */
export const STOP = { end: 0, special: 1, full: 2, drain: 3, limit: 4 } as const

/** Words of the frame state, which caller and callee share. */
export const STATE = {
  /** Address of the first byte not dealt with; of the line itself for a special one. */
  position: 0,
  /** Lines met so far; the number of the line at hand for a special one. */
  line: 1,
  records: 2,
  notSelected: 3,
  shortRecords: 4,
  longRecords: 5,
  /** Special line: its length without the line end, and where the next line starts. */
  length: 6,
  next: 7,
  /** Next free byte, and end, of the room for padded copies. */
  scratch: 8,
  scratchEnd: 9,
  /** File offset of address 0, as two words of a float64, 8-byte aligned. */
  origin: 10,
  /** Address of the room for the line ends of a strip, STRIP.room bytes. */
  lineEnds: 12,
  words: 14,
} as const

/**
 * Bytes of a strip: few at first, for a line handed back makes the rest of its strip vain, and twice
 * as many each time. All may be line ends, and two words are written behind the last.
 */
export const STRIP = { least: 256, most: 4096, room: 4 * 4096 + 16 } as const

/** Words of a level's entry. */
export const LEVEL = { kind: 0, length: 1, keyLength: 2, maxLength: 3, table: 4, words: 8 } as const
/** What is done with lines: 1 - kind is how many rows one makes. */
export const KIND = { plain: 0, unselected: 1, special: 2 } as const

/**
 * Words of a table's entry: counts, and addresses of its lists. Levels not asked for need one too,
 * with room for one line in each list.
 */
export const TABLE = {
  rowCount: 0,
  capacity: 1,
  recordNumbers: 2,
  recordLengths: 3,
  offsets: 4,
  rows: 5,
  pending: 6,
  oddOffsets: 7,
  oddRows: 8,
  oddOrigins: 9,
  oddPending: 10,
  words: 12,
} as const

/** Bytes readable behind the last byte of input and of scratch. */
export const SLACK = 64

/** Module with `frame(state, levels, dispatch, start, end, recordLimit, pendingLimit) -> stop`. */
export function frameModule(memory: {
  readonly initialPages: number
  readonly maximumPages: number
  readonly shared: boolean
}): Uint8Array<ArrayBuffer> {
  return assemble([frameFunction()], memory)
}

function frameFunction(): WasmFunction {
  const [state, levels, dispatch, start, end, limit, pendingLimit] = [0, 1, 2, 3, 4, 5, 6]
  const c = new Code(7)
  const scan = c.local(I32)
  const lineStart = c.local(I32)
  const mask = c.local(I64)
  const position = c.local(I32)
  const length = c.local(I32)
  const line = c.local(I32)
  const records = c.local(I32)
  const level = c.local(I32)
  const table = c.local(I32)
  const row = c.local(I32)
  const k = c.local(I32)
  const size = c.local(I32)
  const i = c.local(I32)
  const newline = c.local(V128)
  const blanks = c.local(V128)
  const to = c.local(I32)
  const lineEnds = c.local(I32)
  const lineEndsEnd = c.local(I32)
  const lineEnd = c.local(I32)
  const stripBytes = c.local(I32)
  const stripEnd = c.local(I32)
  const rowsMade = c.local(I32)
  const notSelected = c.local(I32)
  const word = (index: number): number => index * 4

  const bitmask = (offset: number): void => {
    c.get(scan).loadV128(offset).get(newline).eq8().bitmask8().extendU()
  }
  /** Stores counts and position, and returns `stop`. */
  const stopAt = (stop: number, at: number): void => {
    c.get(state).get(at).store32(word(STATE.position))
    c.get(state).get(line).store32(word(STATE.line))
    c.get(state).get(records).store32(word(STATE.records))
    c.get(state).get(state).load32(word(STATE.notSelected)).get(notSelected).add()
    c.store32(word(STATE.notSelected))
    c.i32(stop).return()
  }
  /** Writes where the lowest bit of `mask` stands to `offset` behind `lineEnd`, and clears it. */
  const noteLineEnd = (offset: number): void => {
    c.get(lineEnd).get(scan).get(mask).ctz64().wrap().add().store32(offset)
    c.get(mask).get(mask).i64(1n).sub64().and64().set(mask)
  }
  const bump = (index: number): void => {
    c.get(state).get(state).load32(word(index)).i32(1).add().store32(word(index))
  }

  c.i32(0x0a).splat8().set(newline)
  c.i32(0x20).splat8().set(blanks)
  c.get(start).tee(scan).set(lineStart)
  c.get(state).load32(word(STATE.line)).set(line)
  c.get(state).load32(word(STATE.records)).set(records)
  c.get(state).load32(word(STATE.lineEnds)).set(lineEnds)
  c.i32(STRIP.least).set(stripBytes)
  c.loop() // strips
  {
    c.get(scan).get(end).geU().if()
    stopAt(STOP.end, lineStart)
    c.end()
    c.get(scan).get(stripBytes).add().tee(stripEnd).get(end).gtU().if()
    c.get(end).set(stripEnd)
    c.end()
    c.get(stripBytes).i32(STRIP.most).ltU().if()
    c.get(stripBytes).i32(1).shl().set(stripBytes)
    c.end()
    c.get(lineEnds).set(lineEndsEnd)
    c.loop() // blocks of 64 bytes
    {
      bitmask(0)
      bitmask(16)
      c.i64(16n).shl64().or64()
      bitmask(32)
      c.i64(32n).shl64().or64()
      bitmask(48)
      c.i64(48n).shl64().or64()
      c.tee(mask).popcnt64().wrap().set(k)
      c.get(lineEndsEnd).tee(lineEnd).get(k).i32(2).shl().add().set(lineEndsEnd)
      noteLineEnd(0)
      noteLineEnd(4)
      c.get(k).i32(2).gtU().if()
      c.loop()
      noteLineEnd(8)
      c.get(lineEnd).i32(4).add().tee(lineEnd).i32(8).add().get(lineEndsEnd).ltU().brIf(0)
      c.end()
      c.end()
      c.get(scan).i32(64).add().tee(scan).get(stripEnd).ltU().brIf(0)
    }
    c.end()
    c.get(scan).get(end).gtU().if() // forget line ends beyond the bytes
    c.block()
    c.loop()
    c.get(lineEndsEnd).get(lineEnds).eq().brIf(1)
    c.get(lineEndsEnd).i32(4).sub().tee(k).load32(0).get(end).ltU().brIf(1)
    c.get(k).set(lineEndsEnd)
    c.br(0)
    c.end()
    c.end()
    c.end()
    c.get(lineEnds).set(lineEnd)
    c.block() // lines that end in this strip
    {
      c.loop()
      {
        c.get(lineEnd).get(lineEndsEnd).eq().brIf(1)
        c.get(lineEnd).load32(0).tee(position).get(lineStart).sub().set(length)
        c.get(lineEnd).i32(4).add().set(lineEnd)
        c.get(length).get(position).i32(1).sub().load8u(0).i32(0x0d).eq()
        c.get(length).i32(0).ne().and().sub().set(length)
        c.get(line).i32(1).add().set(line)

        c.block() // left for a special line
        {
          c.get(length).i32(2).ltU().brIf(0)
          c.get(dispatch).get(lineStart).load16u(0).i32(1).shl().add().load16s(0).tee(i)
          c.i32(0).ltS().brIf(0)
          c.get(levels).get(i).i32(5).shl().add().tee(level).load32(word(LEVEL.kind)).tee(i)
          c.i32(KIND.special).eq().brIf(0)
          c.i32(1).get(i).sub().set(rowsMade)
          c.block() // left once the line is dealt with
          {
            c.get(level).load32(word(LEVEL.table)).set(table)
            c.get(table).load32(word(TABLE.rowCount)).set(row)
            c.get(length).get(level).load32(word(LEVEL.length)).eq().if()
            {
              c.get(table).load32(word(TABLE.pending)).tee(k).i32(2).shl().set(i)
              c.get(table).load32(word(TABLE.offsets)).get(i).add().get(lineStart).store32(0)
              c.get(table).load32(word(TABLE.rows)).get(i).add().get(row).store32(0)
              c.get(table).get(k).get(rowsMade).add().tee(k).store32(word(TABLE.pending))
            }
            c.else()
            {
              c.get(rowsMade).eqz().if()
              c.get(notSelected).i32(1).add().set(notSelected)
              c.get(records).i32(1).add().set(records)
              c.br(2)
              c.end()
              c.get(length).get(level).load32(word(LEVEL.keyLength)).ltU().brIf(2)
              c.get(level).load32(word(LEVEL.maxLength)).tee(size).get(length).ltU().brIf(2)
              c.get(state).load32(word(STATE.scratch)).tee(to).get(size).add()
              c.get(state).load32(word(STATE.scratchEnd)).gtU().if()
              c.get(line).i32(1).sub().set(line)
              stopAt(STOP.drain, lineStart)
              c.end()
              // Copy the line, then blanks up to its full length, 16 bytes at a time.
              c.i32(0).set(i)
              c.loop()
              c.get(to).get(i).add().get(lineStart).get(i).add().loadV128(0).storeV128(0)
              c.get(i).i32(16).add().tee(i).get(length).ltU().brIf(0)
              c.end()
              c.get(length).set(i)
              c.loop()
              c.get(to).get(i).add().get(blanks).storeV128(0)
              c.get(i).i32(16).add().tee(i).get(size).ltU().brIf(0)
              c.end()
              c.get(state).get(to).get(size).add().store32(word(STATE.scratch))
              c.get(table).load32(word(TABLE.oddPending)).tee(k).i32(2).shl().set(i)
              c.get(table).load32(word(TABLE.oddOffsets)).get(i).add().get(to).store32(0)
              c.get(table).load32(word(TABLE.oddRows)).get(i).add().get(row).store32(0)
              c.get(table).load32(word(TABLE.oddOrigins)).get(i).i32(1).shl().add()
              c.get(lineStart).convertI32U().get(state).loadF64(word(STATE.origin)).addF64()
              c.storeF64(0)
              c.get(table).get(k).i32(1).add().tee(k).store32(word(TABLE.oddPending))
              c.get(length).get(level).load32(word(LEVEL.length)).ltU().if()
              bump(STATE.shortRecords)
              c.else()
              bump(STATE.longRecords)
              c.end()
            }
            c.end()
            c.get(row).i32(2).shl().set(i)
            c.get(table).load32(word(TABLE.recordNumbers)).get(i).add().get(line).store32(0)
            c.get(table).load32(word(TABLE.recordLengths)).get(i).add().get(length).store32(0)
            c.get(table).get(row).get(rowsMade).add().tee(row).store32(word(TABLE.rowCount))
            c.get(records).i32(1).add().set(records)
            c.get(notSelected).i32(1).add().get(rowsMade).sub().set(notSelected)
            c.get(row).get(table).load32(word(TABLE.capacity)).geU().if()
            c.get(position).i32(1).add().set(lineStart)
            stopAt(STOP.full, lineStart)
            c.end()
            c.get(k).get(pendingLimit).geU().if()
            c.get(position).i32(1).add().set(lineStart)
            stopAt(STOP.drain, lineStart)
            c.end()
          }
          c.end()
          c.get(position).i32(1).add().set(lineStart)
          c.get(records).get(limit).geU().if()
          stopAt(STOP.limit, lineStart)
          c.end()
          c.br(1) // next line of this strip
        }
        c.end()
        c.get(state).get(length).store32(word(STATE.length))
        c.get(state).get(position).i32(1).add().store32(word(STATE.next))
        stopAt(STOP.special, lineStart)
      }
      c.end()
    }
    c.end()
    c.br(0)
  }
  c.end()
  c.i32(STOP.end) // not reached
  return {
    name: 'frame',
    parameters: [I32, I32, I32, I32, I32, I32, I32],
    results: [I32],
    code: c,
  }
}
