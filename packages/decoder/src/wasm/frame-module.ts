import { assemble, Code, I32, I64, V128, type ValueType, type WasmFunction } from './assembler.js'

/**
 * Framing and dispatch in WebAssembly: finds line ends 64 bytes at a time and puts every ordinary
 * line on the list of its table. What is not ordinary (unknown level, headers, overlays, lines too
 * short for their key or longer than their layout) is handed back to the caller, line by line.
 *
 * A line that another thread decodes goes to the outbox of that thread, with what is known of it in
 * front; there the second function lists it without looking for line ends again.
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
  words: 12,
} as const

/** Words of a level's entry; `table` is the address of its table or, of a forwarded one, its outbox. */
export const LEVEL = { kind: 0, length: 1, keyLength: 2, maxLength: 3, table: 4, words: 8 } as const
export const KIND = { plain: 0, unselected: 1, special: 2, forwarded: 3 } as const

/** Words of an outbox: the next free byte, the end of its room, and lines put there so far. */
export const OUTBOX = { next: 0, end: 1, count: 2, words: 4 } as const

/**
 * Bytes in front of a forwarded line: its length, its number, and its file offset as a float64. A
 * line with its head is padded to a multiple of eight bytes, so that heads are aligned.
 */
export const HEAD = { length: 0, line: 4, origin: 8, bytes: 16 } as const

/** Words of a table's entry: counts, and addresses of its lists. */
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

/** Bytes that a line of `length` bytes takes in an outbox. */
export function forwardedSize(length: number): number {
  return (HEAD.bytes + length + 7) & ~7
}

/**
 * Module with `frame` for text and `list` for forwarded lines, both
 * `(state, levels, dispatch, start, end, recordLimit, pendingLimit) -> stop`.
 */
export function frameModule(memory: {
  readonly initialPages: number
  readonly maximumPages: number
  readonly shared: boolean
}): Uint8Array<ArrayBuffer> {
  return assemble([frameFunction(), listFunction()], memory)
}

const PARAMETERS: readonly ValueType[] = [I32, I32, I32, I32, I32, I32, I32]
const [state, levels, dispatch, start, end, limit, pendingLimit] = [0, 1, 2, 3, 4, 5, 6] as const
const word = (index: number): number => index * 4

/** The part of both functions that deals with one line. */
class LineCode {
  readonly c = new Code(PARAMETERS.length)
  readonly lineStart = this.c.local(I32)
  readonly length = this.c.local(I32)
  readonly line = this.c.local(I32)
  readonly records = this.c.local(I32)
  readonly level = this.c.local(I32)
  readonly table = this.c.local(I32)
  readonly row = this.c.local(I32)
  readonly k = this.c.local(I32)
  readonly size = this.c.local(I32)
  readonly i = this.c.local(I32)
  readonly to = this.c.local(I32)
  readonly blanks = this.c.local(V128)

  begin(): void {
    const { c } = this
    c.i32(0x20).splat8().set(this.blanks)
    c.get(state).load32(word(STATE.line)).set(this.line)
    c.get(state).load32(word(STATE.records)).set(this.records)
  }

  /** Stores the local `at` as position, line and records, and returns `stop`. */
  stopAt(stop: number, at: number): void {
    const { c } = this
    c.get(state).get(at).store32(word(STATE.position))
    c.get(state).get(this.line).store32(word(STATE.line))
    c.get(state).get(this.records).store32(word(STATE.records))
    c.i32(stop).return()
  }

  #bump(index: number, of: number = state): void {
    this.c.get(of).get(of).load32(word(index)).i32(1).add().store32(word(index))
  }

  /** Copies the line from `lineStart` to `to`, sixteen bytes at a time. */
  #copyLine(): void {
    const { c, i, to, lineStart, length } = this
    c.i32(0).set(i)
    c.loop()
    c.get(to).get(i).add().get(lineStart).get(i).add().loadV128(0).storeV128(0)
    c.get(i).i32(16).add().tee(i).get(length).ltU().brIf(0)
    c.end()
  }

  /**
   * Lists or forwards the line at `lineStart`, or leaves the block around this code for a special one.
   *
   * @param at local that holds where to begin again when the line has to wait
   * @param advance sets `at` to where the next line begins
   * @param origin leaves the file offset of the line
   * @param unmet takes back what was counted of a line that has to wait
   */
  ordinaryLine(at: number, advance: () => void, origin: () => void, unmet: () => void): void {
    const { c, lineStart, length, line, records, level, table, row, k, size, i, to } = this
    c.get(length).i32(2).ltU().brIf(0)
    c.get(dispatch).get(lineStart).load16u(0).i32(1).shl().add().load16s(0).tee(i)
    c.i32(0).ltS().brIf(0)
    c.get(levels).get(i).i32(5).shl().add().tee(level).load32(word(LEVEL.kind)).tee(i)
    c.i32(KIND.special).eq().brIf(0)
    c.block() // left once the line is dealt with
    {
      c.get(i).i32(KIND.unselected).eq().if()
      this.#bump(STATE.notSelected)
      c.get(records).i32(1).add().set(records)
      c.br(1)
      c.end()
      c.get(level).load32(word(LEVEL.table)).set(table)
      c.get(i).i32(KIND.forwarded).eq().if()
      {
        c.get(length).get(level).load32(word(LEVEL.keyLength)).ltU().brIf(2)
        c.get(level).load32(word(LEVEL.maxLength)).get(length).ltU().brIf(2)
        c.get(length)
          .i32(HEAD.bytes + 7)
          .add()
          .i32(-8)
          .and()
          .set(size)
        c.get(table).load32(word(OUTBOX.next)).tee(to).get(size).add()
        c.get(table).load32(word(OUTBOX.end)).gtU().if()
        unmet()
        this.stopAt(STOP.drain, at)
        c.end()
        c.get(table).get(to).get(size).add().store32(word(OUTBOX.next))
        c.get(to).get(length).store32(HEAD.length)
        c.get(to).get(line).store32(HEAD.line)
        c.get(to)
        origin()
        c.storeF64(HEAD.origin)
        c.get(to).i32(HEAD.bytes).add().set(to)
        this.#copyLine()
        this.#bump(OUTBOX.count, table)
        this.#bump(STATE.notSelected)
        c.get(records).i32(1).add().set(records)
        c.br(1)
      }
      c.end()
      c.get(table).load32(word(TABLE.rowCount)).set(row)
      c.get(length).get(level).load32(word(LEVEL.length)).eq().if()
      {
        c.get(table).load32(word(TABLE.pending)).tee(k).i32(2).shl().set(i)
        c.get(table).load32(word(TABLE.offsets)).get(i).add().get(lineStart).store32(0)
        c.get(table).load32(word(TABLE.rows)).get(i).add().get(row).store32(0)
        c.get(table).get(k).i32(1).add().tee(k).store32(word(TABLE.pending))
      }
      c.else()
      {
        c.get(length).get(level).load32(word(LEVEL.keyLength)).ltU().brIf(2)
        c.get(level).load32(word(LEVEL.maxLength)).tee(size).get(length).ltU().brIf(2)
        c.get(state).load32(word(STATE.scratch)).tee(to).get(size).add()
        c.get(state).load32(word(STATE.scratchEnd)).gtU().if()
        unmet()
        this.stopAt(STOP.drain, at)
        c.end()
        this.#copyLine()
        // Blanks behind it, up to its full length.
        c.get(length).set(i)
        c.loop()
        c.get(to).get(i).add().get(this.blanks).storeV128(0)
        c.get(i).i32(16).add().tee(i).get(size).ltU().brIf(0)
        c.end()
        c.get(state).get(to).get(size).add().store32(word(STATE.scratch))
        c.get(table).load32(word(TABLE.oddPending)).tee(k).i32(2).shl().set(i)
        c.get(table).load32(word(TABLE.oddOffsets)).get(i).add().get(to).store32(0)
        c.get(table).load32(word(TABLE.oddRows)).get(i).add().get(row).store32(0)
        c.get(table).load32(word(TABLE.oddOrigins)).get(i).i32(1).shl().add()
        origin()
        c.storeF64(0)
        c.get(table).get(k).i32(1).add().tee(k).store32(word(TABLE.oddPending))
        c.get(length).get(level).load32(word(LEVEL.length)).ltU().if()
        this.#bump(STATE.shortRecords)
        c.else()
        this.#bump(STATE.longRecords)
        c.end()
      }
      c.end()
      c.get(row).i32(2).shl().set(i)
      c.get(table).load32(word(TABLE.recordNumbers)).get(i).add().get(line).store32(0)
      c.get(table).load32(word(TABLE.recordLengths)).get(i).add().get(length).store32(0)
      c.get(table).get(row).i32(1).add().tee(row).store32(word(TABLE.rowCount))
      c.get(records).i32(1).add().set(records)
      c.get(row).get(table).load32(word(TABLE.capacity)).geU().if()
      advance()
      this.stopAt(STOP.full, at)
      c.end()
      c.get(k).get(pendingLimit).geU().if()
      advance()
      this.stopAt(STOP.drain, at)
      c.end()
    }
    c.end()
    advance()
    c.get(records).get(limit).geU().if()
    this.stopAt(STOP.limit, at)
    c.end()
  }

  /** Hands the line back as special; `following` leaves where the next one begins. */
  specialLine(at: number, following: () => void): void {
    const { c } = this
    c.get(state).get(this.length).store32(word(STATE.length))
    c.get(state)
    following()
    c.store32(word(STATE.next))
    this.stopAt(STOP.special, at)
  }
}

function frameFunction(): WasmFunction {
  const code = new LineCode()
  const { c, lineStart, length, line } = code
  const scan = c.local(I32)
  const mask = c.local(I64)
  const position = c.local(I32)
  const newline = c.local(V128)

  const bitmask = (offset: number): void => {
    c.get(scan).loadV128(offset).get(newline).eq8().bitmask8().extendU()
  }
  const following = (): void => {
    c.get(position).i32(1).add()
  }

  code.begin()
  c.i32(0x0a).splat8().set(newline)
  c.get(start).tee(scan).set(lineStart)
  c.loop() // blocks of 64 bytes
  {
    c.get(scan).get(end).geU().if()
    code.stopAt(STOP.end, lineStart)
    c.end()
    bitmask(0)
    bitmask(16)
    c.i64(16n).shl64().or64()
    bitmask(32)
    c.i64(32n).shl64().or64()
    bitmask(48)
    c.i64(48n).shl64().or64()
    c.set(mask)
    c.block() // lines that end in this block
    {
      c.loop()
      {
        c.get(mask).eqz64().brIf(1)
        c.get(scan).get(mask).ctz64().wrap().add().tee(position).get(end).geU().if()
        code.stopAt(STOP.end, lineStart)
        c.end()
        c.get(mask).get(mask).i64(1n).sub64().and64().set(mask)
        c.get(position).get(lineStart).sub().set(length)
        c.get(length).if()
        c.get(length).get(position).i32(1).sub().load8u(0).i32(0x0d).eq().sub().set(length)
        c.end()
        c.get(line).i32(1).add().set(line)

        c.block() // left for a special line
        {
          code.ordinaryLine(
            lineStart,
            () => {
              following()
              c.set(lineStart)
            },
            () => c.get(lineStart).convertI32U().get(state).loadF64(word(STATE.origin)).addF64(),
            () => c.get(line).i32(1).sub().set(line),
          )
          c.br(1) // next line of this block
        }
        c.end()
        code.specialLine(lineStart, following)
      }
      c.end()
    }
    c.end()
    c.get(scan).i32(64).add().set(scan)
    c.br(0)
  }
  c.end()
  c.i32(STOP.end) // not reached
  return { name: 'frame', parameters: PARAMETERS, results: [I32], code: c }
}

/** Lists forwarded lines. `position` and `next` are addresses of heads. */
function listFunction(): WasmFunction {
  const code = new LineCode()
  const { c, lineStart, length, line } = code
  const head = c.local(I32)
  const next = c.local(I32)

  code.begin()
  c.get(start).set(head)
  c.loop()
  {
    c.get(head).get(end).geU().if()
    code.stopAt(STOP.end, head)
    c.end()
    c.get(head).load32(HEAD.length).set(length)
    c.get(head).load32(HEAD.line).set(line)
    c.get(head).i32(HEAD.bytes).add().set(lineStart)
    c.get(lineStart).get(length).add().i32(7).add().i32(-8).and().set(next)
    c.block() // left for a special line
    {
      code.ordinaryLine(
        head,
        () => c.get(next).set(head),
        () => c.get(head).loadF64(HEAD.origin),
        () => undefined, // The head tells the line's number again.
      )
      c.br(1)
    }
    c.end()
    code.specialLine(head, () => c.get(next))
  }
  c.end()
  c.i32(STOP.end) // not reached
  return { name: 'list', parameters: PARAMETERS, results: [I32], code: c }
}
