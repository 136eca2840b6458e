import { assemble, Code, I32, I64, type WasmFunction } from './assembler.js'

/**
 * Inflate (RFC 1951) in WebAssembly: packed bytes in one stretch of memory, plain bytes into
 * another, with up to 32 KiB of what came before in front of them.
 *
 * Symbols are looked up in tables of 32-bit entries. A literal's entry has the byte, a length's its
 * base and how many extra bits follow; codes longer than the table's own bits go on in a second
 * table. `bits` holds at least 56 bits after a refill, 54 while symbols are read, which is more than
 * is taken before the next one: see `symbolsFunction`. Copies and refills may read and write past
 * what they are for: see {@link INFLATE_SLACK}.
 *
 * `input/inflate.ts` calls it; tests hold it equal to zlib.
 */

/** Words of the state that caller and callee share. */
export const INFLATE = {
  /** Address of the next byte to read; `bitCount` bits before it are not used yet. */
  input: 0,
  /** Address of the next byte to write. */
  output: 1,
  /** Two words. */
  bits: 2,
  bitCount: 4,
  mode: 5,
  /** Bytes left of a stored block. */
  stored: 6,
  isFinal: 7,
  /** Address of the oldest byte that a distance may reach. */
  windowStart: 8,
  words: 16,
} as const

/** What the next call goes on with. */
export const INFLATE_MODE = { block: 0, stored: 1, symbols: 2 } as const

/** Why a call ended. What is above `done` is a fault in the data. */
export const INFLATE_STOP = {
  needsInput: 0,
  outputFull: 1,
  done: 2,
  blockType: 3,
  storedLength: 4,
  symbolCounts: 5,
  codeLengths: 6,
  lengthRepeat: 7,
  noEndOfBlock: 8,
  literalCodes: 9,
  distanceCodes: 10,
  badLiteralCode: 11,
  badDistanceCode: 12,
  tooFarBack: 13,
} as const

/**
 * Bytes that are kept back from a call unless they are the last there are: more than the longest
 * header of a block takes.
 */
export const INFLATE_HELD_BACK = 1024
/**
 * Bytes that must be readable behind the input (zeros behind the last of it) and writable behind the
 * output: a match may begin at the last byte asked for.
 */
export const INFLATE_SLACK = 384

/** Bytes of a match that are copied without asking for its length. */
const STRAIGHT = 96

/**
 * x^300 + x^155 + x^117 + x^89 + 1 is a multiple of the polynomial of CRC-32, the shortest of five
 * terms (found by trying). So is its 128th power, whose terms stand as many vectors of 16 bytes
 * apart: a vector may be struck out when it is added to those 145, 183, 211 and 300 places behind.
 */
export const FOLD = { taps: [145, 183, 211, 300], reach: 300 } as const
/** Vectors folded before the last of them move to the front again: 16 KiB, of a core's first cache. */
const FOLD_BLOCK = 1024

const LITERAL_BITS = 11
const DISTANCE_BITS = 8
const PRECODE_BITS = 7
/** Places that `bits` stands higher while symbols are read: those of an entry's offset. */
const RAISED = 2
/** Entries of a table with all its second tables, for 286 and 30 codes of at most 15 bits. */
const LITERAL_ENTRIES = 2400
const DISTANCE_ENTRIES = 432
const PRECODE_ENTRIES = 1 << PRECODE_BITS

/** Entry: bits 0-7 are the bits to take, 8-15 the code's own length or a second table's bits. */
const LITERAL = 0x80000000 | 0
const SPECIAL = 0x40000000
const END_OF_BLOCK = 0x20000000
const NO_CODE = 0x10000000
/** In distances, whose base takes 15 bits, the mark of a special entry. */
const SPECIAL_DISTANCE = 0x80000000 | 0

/** Where things stand in memory, from address 0 on. */
const STATE = 64
const LITERAL_TABLE = STATE + INFLATE.words * 4
const DISTANCE_TABLE = LITERAL_TABLE + LITERAL_ENTRIES * 4
const PRECODE_TABLE = DISTANCE_TABLE + DISTANCE_ENTRIES * 4
const LENGTHS = PRECODE_TABLE + PRECODE_ENTRIES * 4
const PRECODE_LENGTHS = LENGTHS + 336
const PRECODE_ORDER = PRECODE_LENGTHS + 32
const SORTED = PRECODE_ORDER + 32
const COUNTS = SORTED + 2 * 320
const PLACES = COUNTS + 64
const LITERAL_VALUES = PLACES + 64
const DISTANCE_VALUES = LITERAL_VALUES + 288 * 4
const PRECODE_VALUES = DISTANCE_VALUES + 32 * 4
/** Vectors folded so far, in the current block and in all; see `foldFunction`. */
const FOLD_PLACE = PRECODE_VALUES + 32 * 4
const FOLDED = (FOLD_PLACE + 16 + 15) & ~15
const FREE = FOLDED + (FOLD.reach + FOLD_BLOCK) * 16

/** Address of the state. */
export const INFLATE_STATE = STATE
/** Address of the number of vectors in the current block, and of the last {@link FOLD} vectors. */
export const INFLATE_FOLD_PLACE = FOLD_PLACE
export const INFLATE_FOLDED = FOLDED
/** First address that is the caller's. */
export const INFLATE_FREE = (FREE + 63) & ~63

/** The order in which a header gives the lengths of its code lengths (RFC 1951, 3.2.7). */
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]

/** Writes the constants that the module reads. */
export function setUpInflate(memory: ArrayBuffer): void {
  const words = new Int32Array(memory)
  for (let byte = 0; byte < 256; byte++) words[LITERAL_VALUES / 4 + byte] = LITERAL | (byte << 16)
  words[LITERAL_VALUES / 4 + 256] = SPECIAL | END_OF_BLOCK
  // Lengths (RFC 1951, 3.2.5): four codes each for 0, 1 … 5 extra bits, eight for none.
  let base = 3
  for (let symbol = 257; symbol < 285; symbol++) {
    const extra = symbol < 265 ? 0 : (symbol - 261) >> 2
    words[LITERAL_VALUES / 4 + symbol] = (base << 16) | extra
    base += 1 << extra
  }
  words[LITERAL_VALUES / 4 + 285] = 258 << 16
  for (const symbol of [286, 287]) words[LITERAL_VALUES / 4 + symbol] = SPECIAL | NO_CODE
  base = 1
  for (let symbol = 0; symbol < 30; symbol++) {
    const extra = symbol < 4 ? 0 : (symbol - 2) >> 1
    words[DISTANCE_VALUES / 4 + symbol] = (base << 16) | extra
    base += 1 << extra
  }
  for (const symbol of [30, 31]) words[DISTANCE_VALUES / 4 + symbol] = SPECIAL_DISTANCE | NO_CODE
  for (let symbol = 0; symbol < 19; symbol++) words[PRECODE_VALUES / 4 + symbol] = symbol << 16
  new Uint8Array(memory).set(ORDER, PRECODE_ORDER)
}

/**
 * Module with `inflate(inputEnd, isLast, outputLimit) -> stop`: goes on until less than
 * {@link INFLATE_HELD_BACK} bytes of input are left (or, when they are the last, none), until the
 * output has reached `outputLimit`, which it may pass by less than {@link INFLATE_SLACK} bytes, or
 * until the data ends. What was read past the end shows in the caller's own count of bytes.
 *
 * And with `fold(from, count)`, which strikes out vectors for CRC-32.
 */
export function inflateModule(memory: {
  readonly initialPages: number
  readonly maximumPages: number
  readonly shared: boolean
}): Uint8Array<ArrayBuffer> {
  const functions = [
    buildFunction(),
    headerFunction(),
    symbolsFunction(),
    inflateFunction(),
    foldFunction(),
  ]
  return assemble(functions, memory)
}

const BUILD = 0
const HEADER = 1
const SYMBOLS = 2

/** What a table is for. */
const KIND = { precode: 0, literal: 1, distance: 2 } as const

/**
 * build(lengths, count, table, tableBits, values, kind) -> 1 when the lengths make a code.
 *
 * A code may be incomplete only where it is a single code of one bit (no precode), or none at all,
 * as in zlib; what is missing then has entries that say so.
 */
function buildFunction(): WasmFunction {
  const [lengths, count, table, tableBits, values, kind] = [0, 1, 2, 3, 4, 5]
  const c = new Code(6)
  const i = c.local(I32)
  const length = c.local(I32)
  const left = c.local(I32)
  const longest = c.local(I32)
  const place = c.local(I32)
  const used = c.local(I32)
  const code = c.local(I32)
  const entry = c.local(I32)
  const step = c.local(I32)
  const at = c.local(I32)
  const subBits = c.local(I32)
  const subTable = c.local(I32)
  const prefix = c.local(I32)
  const next = c.local(I32)
  const end = c.local(I32)
  const total = c.local(I32)
  const special = c.local(I32)

  c.i32(SPECIAL_DISTANCE).i32(SPECIAL).get(kind).i32(KIND.distance).eq().select().set(special)
  c.i32(COUNTS).i32(0).i32(64).fillMemory()
  c.i32(0).set(i)
  c.loop()
  c.get(lengths).get(i).add().load8u(0).i32(2).shl().tee(at)
  c.get(at).load32(COUNTS).i32(1).add().store32(COUNTS)
  c.get(i).i32(1).add().tee(i).get(count).ltU().brIf(0)
  c.end()

  // How much of the code space is left, and the first place of each length among the sorted symbols.
  c.i32(1).set(left)
  c.i32(1).set(length)
  c.i32(0).set(place)
  c.loop()
  {
    c.get(length).i32(2).shl().tee(at).get(place).store32(PLACES)
    c.get(at).load32(COUNTS).set(used)
    c.get(left).i32(1).shl().get(used).sub().tee(left).i32(0).ltS().if()
    c.i32(0).return()
    c.end()
    c.get(used).if()
    c.get(length).set(longest)
    c.get(place).get(used).add().set(place)
    c.end()
    c.get(length).i32(1).add().tee(length).i32(16).ltU().brIf(0)
  }
  c.end()
  c.get(place).set(total)
  c.get(left).if()
  {
    // Incomplete: a lone code of one bit or, everywhere, no code at all.
    c.get(longest).i32(1).gtU().get(longest).get(kind).i32(KIND.precode).eq().and().or().if()
    c.i32(0).return()
    c.end()
    c.get(table).set(at)
    c.get(table).i32(4).get(tableBits).shl().add().set(end)
    c.loop()
    // One bit is taken, so that an entry is the same whatever table it stands in.
    c.get(at)
      .get(special)
      .i32(NO_CODE | 1)
      .or()
      .store32(0)
    c.get(at).i32(4).add().tee(at).get(end).ltU().brIf(0)
    c.end()
  }
  c.end()

  c.i32(0).set(i)
  c.loop()
  {
    c.get(lengths).get(i).add().load8u(0).tee(length).if()
    {
      c.get(length).i32(2).shl().tee(at).load32(PLACES).tee(place)
      c.i32(1).shl().get(i).store16(SORTED)
      c.get(at).get(place).i32(1).add().store32(PLACES)
    }
    c.end()
    c.get(i).i32(1).add().tee(i).get(count).ltU().brIf(0)
  }
  c.end()

  // Codes in ascending order, first bit lowest: `code` counts with its carries running downwards.
  c.i32(1).get(tableBits).shl().set(next)
  c.i32(-1).set(prefix)
  c.i32(0).set(place)
  c.block().loop()
  {
    c.get(place).get(total).geU().brIf(1)
    c.get(place).i32(1).shl().load16u(SORTED).tee(i)
    c.get(lengths).add().load8u(0).set(length)
    c.get(values).get(i).i32(2).shl().add().load32(0).set(entry)
    c.get(length).get(tableBits).gtU().if()
    {
      c.get(code).i32(1).get(tableBits).shl().i32(1).sub().and().tee(at).get(prefix).ne().if()
      {
        // A new second table: as many bits as its codes, consecutive and ever longer, need.
        c.get(at).set(prefix)
        c.get(length).get(tableBits).sub().set(subBits)
        c.i32(1).get(subBits).shl().set(left)
        c.get(length).set(end)
        // Codes of this length from here on.
        c.get(place).set(at)
        c.i32(0).set(used)
        c.block().loop()
        {
          c.get(at).get(total).geU().brIf(1)
          c.get(at).i32(1).shl().load16u(SORTED).get(lengths).add().load8u(0).get(end).ne().brIf(1)
          c.get(used).i32(1).add().set(used)
          c.get(at).i32(1).add().set(at)
          c.br(0)
        }
        c.end().end()
        c.block().loop()
        {
          c.get(left).get(used).sub().tee(left).i32(1).ltS().brIf(1)
          c.get(left).i32(1).shl().set(left)
          c.get(subBits).i32(1).add().set(subBits)
          c.get(end).i32(1).add().tee(end).i32(2).shl().load32(COUNTS).set(used)
          c.get(end).get(longest).ltU().brIf(0)
        }
        c.end().end()
        c.get(next).set(subTable)
        c.get(next).i32(1).get(subBits).shl().add().set(next)
        c.get(table).get(prefix).i32(2).shl().add()
        c.get(subTable).i32(16).shl().get(subBits).i32(8).shl().or().get(tableBits).or()
        c.get(special).or().store32(0)
      }
      c.end()
      c.get(length).get(tableBits).sub().tee(i).i32(0x101).mul().get(entry).add().set(entry)
      c.get(code).get(tableBits).shrU().get(subTable).add().set(at)
      c.get(subTable).i32(1).get(subBits).shl().add().set(end)
      c.i32(1).get(i).shl().set(step)
    }
    c.else()
    {
      c.get(length).i32(0x101).mul().get(entry).add().set(entry)
      c.get(code).set(at)
      c.i32(1).get(tableBits).shl().set(end)
      c.i32(1).get(length).shl().set(step)
    }
    c.end()
    c.loop()
    c.get(table).get(at).i32(2).shl().add().get(entry).store32(0)
    c.get(at).get(step).add().tee(at).get(end).ltU().brIf(0)
    c.end()
    // The next code: one added to the bit that comes last.
    c.i32(1).get(length).i32(1).sub().shl().set(step)
    c.block().loop()
    c.get(code).get(step).and().eqz().brIf(1)
    c.get(step).i32(1).shrU().tee(step).brIf(0)
    c.end().end()
    c.get(step).if()
    c.get(code).get(step).i32(1).sub().and().get(step).or().set(code)
    c.else()
    c.i32(0).set(code)
    c.end()
    c.get(place).i32(1).add().set(place)
    c.br(0)
  }
  c.end().end()
  c.i32(1)
  return {
    name: 'build',
    parameters: [I32, I32, I32, I32, I32, I32],
    results: [I32],
    code: c,
  }
}

/**
 * The bit buffer of a function, kept in its locals. Only the lowest byte of `bitCount` counts; what is
 * in `bits` above that many are the next bits already, or zeros.
 */
interface Bits {
  readonly c: Code
  readonly input: number
  readonly bits: number
  readonly bitCount: number
}

function bitsOf(c: Code): Bits {
  return { c, input: c.local(I32), bits: c.local(I64), bitCount: c.local(I32) }
}

function emitLoadBits({ c, input, bits, bitCount }: Bits): void {
  c.i32(STATE)
    .load32(INFLATE.input * 4)
    .set(input)
  c.i32(STATE)
    .load64(INFLATE.bits * 4)
    .set(bits)
  c.i32(STATE)
    .load32(INFLATE.bitCount * 4)
    .set(bitCount)
}

function emitStoreBits({ c, input, bits, bitCount }: Bits): void {
  c.i32(STATE)
    .get(input)
    .store32(INFLATE.input * 4)
  c.i32(STATE)
    .get(bits)
    .store64(INFLATE.bits * 4)
  c.i32(STATE)
    .get(bitCount)
    .i32(0xff)
    .and()
    .store32(INFLATE.bitCount * 4)
}

/** Fills up to 56 bits or more, from eight bytes of which only whole ones are taken. */
function emitRefill({ c, input, bits, bitCount }: Bits): void {
  c.get(bits).get(input).load64(0).get(bitCount).extendU().shl64().or64().set(bits)
  c.get(input).i32(7).add().get(bitCount).i32(3).shrU().i32(7).and().sub().set(input)
  c.get(bitCount).i32(56).or().set(bitCount)
}

/** Takes as many bits as local `count`, at most 63, says in its lowest byte. */
function emitTakeBits({ c, bits, bitCount }: Bits, count: number): void {
  c.get(bits).get(count).extendU().shrU64().set(bits)
  c.get(bitCount).get(count).sub().set(bitCount)
}

/** Takes a constant number of bits and leaves their value. */
function emitTake({ c, bits, bitCount }: Bits, count: number): void {
  c.get(bits)
    .wrap()
    .i32((1 << count) - 1)
    .and()
  c.get(bits).i64(BigInt(count)).shrU64().set(bits)
  c.get(bitCount).i32(count).sub().set(bitCount)
}

/** header() -> stop or -1: reads the codes of a block and builds its tables. */
function headerFunction(): WasmFunction {
  const c = new Code(0)
  const bits = bitsOf(c)
  const literals = c.local(I32)
  const distances = c.local(I32)
  const precodes = c.local(I32)
  const i = c.local(I32)
  const entry = c.local(I32)
  const value = c.local(I32)
  const repeat = c.local(I32)
  const end = c.local(I32)
  const fail = (stop: number): void => {
    emitStoreBits(bits) // Tells a fault from the end of cut data.
    c.i32(stop).return()
  }
  emitLoadBits(bits)
  emitRefill(bits)
  emitTake(bits, 5)
  c.i32(257).add().set(literals)
  emitTake(bits, 5)
  c.i32(1).add().set(distances)
  emitTake(bits, 4)
  c.i32(4).add().set(precodes)
  c.get(literals).i32(286).gtU().get(distances).i32(30).gtU().or().if()
  fail(INFLATE_STOP.symbolCounts)
  c.end()
  c.i32(PRECODE_LENGTHS).i32(0).i32(32).fillMemory()
  c.loop()
  {
    emitRefill(bits)
    c.get(i).load8u(PRECODE_ORDER)
    emitTake(bits, 3)
    c.store8(PRECODE_LENGTHS)
    c.get(i).i32(1).add().tee(i).get(precodes).ltU().brIf(0)
  }
  c.end()
  c.i32(PRECODE_LENGTHS).i32(19).i32(PRECODE_TABLE).i32(PRECODE_BITS).i32(PRECODE_VALUES)
  c.i32(KIND.precode).call(BUILD).eqz().if()
  fail(INFLATE_STOP.codeLengths)
  c.end()
  c.get(literals).get(distances).add().set(end)
  c.i32(0).set(i)
  c.loop()
  {
    emitRefill(bits)
    c.get(bits.bits)
      .wrap()
      .i32(PRECODE_ENTRIES - 1)
      .and()
      .i32(2)
      .shl()
    c.load32(PRECODE_TABLE).set(entry)
    c.get(entry).i32(SPECIAL).and().if()
    fail(INFLATE_STOP.codeLengths)
    c.end()
    emitTakeBits(bits, entry)
    c.get(entry).i32(16).shrU().tee(entry).i32(16).ltU().if()
    {
      c.get(i).get(entry).store8(LENGTHS)
      c.get(i).i32(1).add().set(i)
    }
    c.else()
    {
      c.i32(0).set(value)
      c.get(entry).i32(16).eq().if()
      {
        c.get(i).eqz().if()
        fail(INFLATE_STOP.lengthRepeat)
        c.end()
        c.get(i).i32(1).sub().load8u(LENGTHS).set(value)
        emitTake(bits, 2)
        c.i32(3).add().set(repeat)
      }
      c.else()
      c.get(entry).i32(17).eq().if()
      emitTake(bits, 3)
      c.i32(3).add().set(repeat)
      c.else()
      emitTake(bits, 7)
      c.i32(11).add().set(repeat)
      c.end()
      c.end()
      c.get(i).get(repeat).add().get(end).gtU().if()
      fail(INFLATE_STOP.lengthRepeat)
      c.end()
      c.get(i).i32(LENGTHS).add().get(value).get(repeat).fillMemory()
      c.get(i).get(repeat).add().set(i)
    }
    c.end()
    c.get(i).get(end).ltU().brIf(0)
  }
  c.end()
  c.i32(LENGTHS).load8u(256).eqz().if()
  fail(INFLATE_STOP.noEndOfBlock)
  c.end()
  c.i32(LENGTHS).get(literals).i32(LITERAL_TABLE).i32(LITERAL_BITS).i32(LITERAL_VALUES)
  c.i32(KIND.literal).call(BUILD).eqz().if()
  fail(INFLATE_STOP.literalCodes)
  c.end()
  c.i32(LENGTHS).get(literals).add().get(distances)
  c.i32(DISTANCE_TABLE).i32(DISTANCE_BITS).i32(DISTANCE_VALUES).i32(KIND.distance)
  c.call(BUILD).eqz().if()
  fail(INFLATE_STOP.distanceCodes)
  c.end()
  emitStoreBits(bits)
  c.i32(-1)
  return { name: 'header', parameters: [], results: [I32], code: c }
}

/**
 * symbols(inputLimit, outputLimit) -> stop, or -1 at the end of the block.
 *
 * What a symbol waits for is the entry of the one before it, so as little as can be is done in
 * between: `bits` stands {@link RAISED} places higher here, over bits of no meaning, which makes it
 * an offset into a table once it is masked; it is filled up while a distance's entry is loaded; and
 * the entry of the next symbol is loaded before a match is copied.
 *
 * From one refill to the next at most a distance (28 bits), a length (20) and the place of the next
 * distance in its table (8) are taken or looked at; or two literals of the first table (22) and the
 * same of a length.
 */
function symbolsFunction(): WasmFunction {
  const [inputLimit, outputLimit] = [0, 1]
  const c = new Code(2)
  const bits = bitsOf(c)
  const out = c.local(I32)
  const entry = c.local(I32)
  const saved = c.local(I64)
  const length = c.local(I32)
  const distance = c.local(I32)
  const source = c.local(I32)
  const end = c.local(I32)
  const windowStart = c.local(I32)
  const pattern = c.local(I64)
  const raise = (): void => {
    // There must be room, so a whole byte is given back if there is not.
    c.get(bits.bitCount)
      .i32(63 - RAISED)
      .gtU()
      .if()
    c.get(bits.bitCount).i32(8).sub().set(bits.bitCount)
    c.get(bits.input).i32(1).sub().set(bits.input)
    c.end()
    c.get(bits.bits).i64(BigInt(RAISED)).shl64().set(bits.bits)
    c.get(bits.bitCount).i32(RAISED).add().set(bits.bitCount)
  }
  const leave = (stop: number): void => {
    c.get(bits.bits).i64(BigInt(RAISED)).shrU64().set(bits.bits)
    c.get(bits.bitCount).i32(RAISED).sub().set(bits.bitCount)
    emitStoreBits(bits)
    c.i32(STATE)
      .get(out)
      .store32(INFLATE.output * 4)
    c.i32(stop).return()
  }
  const lookUp = (table: number, tableBits: number): void => {
    c.get(bits.bits)
      .wrap()
      .i32(((1 << tableBits) - 1) << RAISED)
      .and()
      .load32(table)
      .set(entry)
  }
  const lookUpLiteral = (): void => lookUp(LITERAL_TABLE, LITERAL_BITS)
  /** The entry that `entry` points to, in a second table behind `table`. */
  const lookUpSecond = (table: number): void => {
    emitTakeBits(bits, entry)
    c.get(bits.bits).wrap()
    c.i32(1 << RAISED)
      .get(entry)
      .i32(8)
      .shrU()
      .shl()
      .i32(1 << RAISED)
      .sub()
      .and()
    c.get(entry)
      .i32(16 - RAISED)
      .shrU()
      .i32(0xfff << RAISED)
      .and()
      .add()
    c.load32(table).set(entry)
  }
  const writeLiteral = (): void => {
    emitTakeBits(bits, entry)
    c.get(out).get(entry).i32(16).shrU().store8(0)
    c.get(out).i32(1).add().set(out)
  }
  /** Base and extra bits of `entry`, whose code was taken with them from `saved`. */
  const valueOf = (into: number, baseMask: number): void => {
    c.get(entry).i32(16).shrU()
    if (baseMask !== 0) c.i32(baseMask).and()
    c.get(saved)
      .i64(BigInt(1 << RAISED))
      .get(entry)
      .extendU()
      .shl64()
      .i64(1n)
      .sub64()
      .and64()
    c.get(entry).i32(8).shrU().i32(RAISED).add().extendU().shrU64().wrap()
    c.add().set(into)
  }

  emitLoadBits(bits)
  raise()
  c.i32(STATE)
    .load32(INFLATE.output * 4)
    .set(out)
  c.i32(STATE)
    .load32(INFLATE.windowStart * 4)
    .set(windowStart)
  emitRefill(bits)
  lookUpLiteral()
  c.loop() // One length with its distance, or up to three literals, at a time.
  {
    c.get(bits.input).get(inputLimit).gtU().if()
    leave(INFLATE_STOP.needsInput)
    c.end()
    c.get(out).get(outputLimit).geU().if()
    leave(INFLATE_STOP.outputFull)
    c.end()
    c.get(entry).i32(0).ltS().if()
    {
      c.block() // Left with the entry of something that is no literal of the first table.
      writeLiteral()
      lookUpLiteral()
      emitRefill(bits)
      c.get(entry).i32(0).geS().brIf(0)
      writeLiteral()
      lookUpLiteral()
      c.get(entry).i32(0).geS().brIf(0)
      writeLiteral()
      lookUpLiteral()
      c.br(2)
      c.end()
    }
    c.end()
    c.get(entry).i32(SPECIAL).and().if()
    {
      c.get(entry)
        .i32(END_OF_BLOCK | NO_CODE)
        .and()
        .eqz()
        .if()
      {
        lookUpSecond(LITERAL_TABLE)
        c.get(entry).i32(0).ltS().if()
        writeLiteral()
        emitRefill(bits)
        lookUpLiteral()
        c.br(3)
        c.end()
      }
      c.end()
      c.get(entry).i32(SPECIAL).and().if()
      {
        c.get(entry).i32(NO_CODE).and().if()
        leave(INFLATE_STOP.badLiteralCode)
        c.end()
        emitTakeBits(bits, entry)
        leave(-1)
      }
      c.end()
    }
    c.end()
    c.get(bits.bits).set(saved)
    emitTakeBits(bits, entry)
    valueOf(length, 0x1ff)
    lookUp(DISTANCE_TABLE, DISTANCE_BITS)
    emitRefill(bits)
    c.get(entry).i32(0).ltS().if()
    {
      c.get(entry).i32(NO_CODE).and().eqz().if()
      lookUpSecond(DISTANCE_TABLE)
      c.end()
      c.get(entry).i32(0).ltS().if()
      leave(INFLATE_STOP.badDistanceCode)
      c.end()
    }
    c.end()
    c.get(bits.bits).set(saved)
    emitTakeBits(bits, entry)
    valueOf(distance, 0)

    c.get(out).get(distance).sub().tee(source).get(windowStart).ltU().if()
    leave(INFLATE_STOP.tooFarBack)
    c.end()
    lookUpLiteral()
    c.get(out).get(length).add().set(end)
    c.get(distance).i32(16).geU().if()
    {
      // Most matches are not longer than this.
      for (let at = 0; at < STRAIGHT; at += 16) {
        c.get(out).get(source).loadV128(at).storeV128(at)
      }
      c.get(length).i32(STRAIGHT).gtU().if()
      c.loop()
      c.get(out).get(source).loadV128(STRAIGHT).storeV128(STRAIGHT)
      c.get(source).i32(16).add().set(source)
      c.get(out).i32(16).add().tee(out).i32(STRAIGHT).add().get(end).ltU().brIf(0)
      c.end()
      c.end()
    }
    c.else()
    {
      c.get(distance).i32(1).eq().if()
      {
        c.get(source).load8u(0).extendU().i64(0x0101010101010101n).mul64().set(pattern)
        c.loop()
        c.get(out).get(pattern).store64(0)
        c.get(out).get(pattern).store64(8)
        c.get(out).i32(16).add().tee(out).get(end).ltU().brIf(0)
        c.end()
      }
      c.else()
      {
        c.get(distance).i32(8).geU().if()
        c.i32(8).set(distance)
        c.end()
        // Eight bytes of which as many are right as the distance is long.
        c.loop()
        c.get(out).get(source).load64(0).store64(0)
        c.get(source).get(distance).add().set(source)
        c.get(out).get(distance).add().tee(out).get(end).ltU().brIf(0)
        c.end()
      }
      c.end()
    }
    c.end()
    c.get(end).set(out)
    c.br(0)
  }
  c.end()
  c.i32(-1) // not reached
  return { name: 'symbols', parameters: [I32, I32], results: [I32], code: c }
}

function inflateFunction(): WasmFunction {
  const [inputEnd, isLast, outputLimit] = [0, 1, 2]
  const c = new Code(3)
  const bits = bitsOf(c)
  const inputLimit = c.local(I32)
  const stop = c.local(I32)
  const size = c.local(I32)
  const out = c.local(I32)
  const mode = (value: number): void => {
    c.i32(STATE)
      .i32(value)
      .store32(INFLATE.mode * 4)
  }
  const leave = (value: number): void => {
    c.i32(value).return()
  }
  // The last bytes may be read to their end, which the bits held reach up to eight bytes before.
  c.get(inputEnd).i32(8).add().get(inputEnd).i32(INFLATE_HELD_BACK).sub().get(isLast).select()
  c.set(inputLimit)
  c.loop()
  {
    c.i32(STATE)
      .load32(INFLATE.mode * 4)
      .i32(INFLATE_MODE.symbols)
      .eq()
      .if()
    {
      c.get(inputLimit).get(outputLimit).call(SYMBOLS).tee(stop).i32(-1).ne().if()
      c.get(stop).return()
      c.end()
      mode(INFLATE_MODE.block)
    }
    c.end()
    c.i32(STATE)
      .load32(INFLATE.mode * 4)
      .i32(INFLATE_MODE.stored)
      .eq()
      .if()
    {
      c.i32(STATE)
        .load32(INFLATE.input * 4)
        .set(bits.input)
      c.i32(STATE)
        .load32(INFLATE.output * 4)
        .set(out)
      c.i32(STATE)
        .load32(INFLATE.stored * 4)
        .set(size)
      c.get(outputLimit).get(out).gtU().if32()
      c.get(outputLimit).get(out).sub()
      c.else()
      c.i32(0)
      c.end()
      c.tee(stop).get(size).ltU().if()
      c.get(stop).set(size)
      c.end()
      c.get(inputEnd).get(bits.input).gtU().if32()
      c.get(inputEnd).get(bits.input).sub()
      c.else()
      c.i32(0)
      c.end()
      c.tee(stop).get(size).ltU().if()
      c.get(stop).set(size)
      c.end()
      c.get(out).get(bits.input).get(size).copyMemory()
      c.i32(STATE)
        .get(bits.input)
        .get(size)
        .add()
        .store32(INFLATE.input * 4)
      c.i32(STATE)
        .get(out)
        .get(size)
        .add()
        .store32(INFLATE.output * 4)
      c.i32(STATE)
      c.i32(STATE)
        .load32(INFLATE.stored * 4)
        .get(size)
        .sub()
        .tee(size)
      c.store32(INFLATE.stored * 4)
      c.get(size).if()
      {
        c.i32(STATE)
          .load32(INFLATE.output * 4)
          .get(outputLimit)
          .geU()
          .if()
        leave(INFLATE_STOP.outputFull)
        c.end()
        leave(INFLATE_STOP.needsInput)
      }
      c.end()
      mode(INFLATE_MODE.block)
    }
    c.end()
    c.i32(STATE)
      .load32(INFLATE.isFinal * 4)
      .if()
    leave(INFLATE_STOP.done)
    c.end()

    emitLoadBits(bits)
    c.get(bits.input).get(inputLimit).gtU().if()
    leave(INFLATE_STOP.needsInput)
    c.end()
    emitRefill(bits)
    c.i32(STATE)
    emitTake(bits, 1)
    c.store32(INFLATE.isFinal * 4)
    emitTake(bits, 2)
    c.tee(stop).i32(3).eq().if()
    emitStoreBits(bits)
    leave(INFLATE_STOP.blockType)
    c.end()
    c.get(stop).eqz().if()
    {
      // From the next whole byte on: two bytes of length, and the same inverted.
      c.get(bits.input).get(bits.bitCount).i32(3).shrU().sub().set(bits.input)
      c.get(bits.input).load16u(0).set(size)
      c.get(bits.input).i32(4).add().set(bits.input)
      c.i64(0n).set(bits.bits)
      c.i32(0).set(bits.bitCount)
      emitStoreBits(bits)
      c.get(size).get(bits.input).i32(2).sub().load16u(0).i32(0xffff).xor().ne().if()
      leave(INFLATE_STOP.storedLength)
      c.end()
      c.i32(STATE)
        .get(size)
        .store32(INFLATE.stored * 4)
      mode(INFLATE_MODE.stored)
      c.br(1)
    }
    c.end()
    emitStoreBits(bits)
    c.get(stop).i32(1).eq().if()
    {
      // The fixed codes (RFC 1951, 3.2.6).
      c.i32(LENGTHS).i32(8).i32(144).fillMemory()
      c.i32(LENGTHS + 144)
        .i32(9)
        .i32(112)
        .fillMemory()
      c.i32(LENGTHS + 256)
        .i32(7)
        .i32(24)
        .fillMemory()
      c.i32(LENGTHS + 280)
        .i32(8)
        .i32(8)
        .fillMemory()
      c.i32(LENGTHS).i32(288).i32(LITERAL_TABLE).i32(LITERAL_BITS).i32(LITERAL_VALUES)
      c.i32(KIND.literal).call(BUILD).set(stop)
      c.i32(LENGTHS).i32(5).i32(32).fillMemory()
      c.i32(LENGTHS).i32(32).i32(DISTANCE_TABLE).i32(DISTANCE_BITS).i32(DISTANCE_VALUES)
      c.i32(KIND.distance).call(BUILD).set(stop)
    }
    c.else()
    {
      c.call(HEADER).tee(stop).i32(0).geS().if()
      c.get(stop).return()
      c.end()
    }
    c.end()
    mode(INFLATE_MODE.symbols)
    c.br(0)
  }
  c.end()
  c.i32(INFLATE_STOP.done) // not reached
  return { name: 'inflate', parameters: [I32, I32, I32], results: [I32], code: c }
}

/**
 * fold(from, count): each of the next vectors, and what those before it have added to it. The vectors
 * of a block stand behind the last ones of the block before.
 */
function foldFunction(): WasmFunction {
  const [from, count] = [0, 1]
  const c = new Code(2)
  const place = c.local(I32)
  const to = c.local(I32)
  const end = c.local(I32)
  c.block().loop()
  {
    c.get(count).eqz().brIf(1)
    c.i32(0).load32(FOLD_PLACE).set(place)
    c.get(place).i32(4).shl().tee(to)
    c.get(count).i32(FOLD_BLOCK).get(place).sub()
    c.get(count).i32(FOLD_BLOCK).get(place).sub().ltU().select().tee(end)
    c.get(count).get(end).sub().set(count)
    c.get(place).get(end).add().set(place)
    c.i32(4).shl().add().set(end)
    c.loop()
    {
      c.get(to).get(from).loadV128(0)
      for (const tap of FOLD.taps) {
        c.get(to)
          .loadV128(FOLDED + (FOLD.reach - tap) * 16)
          .xorV()
      }
      c.storeV128(FOLDED + FOLD.reach * 16)
      c.get(from).i32(16).add().set(from)
      c.get(to).i32(16).add().tee(to).get(end).ltU().brIf(0)
    }
    c.end()
    c.get(place).i32(FOLD_BLOCK).eq().if()
    c.i32(FOLDED)
      .i32(FOLDED + FOLD_BLOCK * 16)
      .i32(FOLD.reach * 16)
      .copyMemory()
    c.i32(0).set(place)
    c.end()
    c.i32(0).get(place).store32(FOLD_PLACE)
    c.br(0)
  }
  c.end().end()
  return { name: 'fold', parameters: [I32, I32], results: [], code: c }
}
