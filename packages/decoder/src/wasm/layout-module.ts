import {
  type ColumnBuilder,
  DATE_LIMIT,
  DateDictionary,
  IDENTIFIER_LIMIT,
  IDENTIFIER_SLOTS,
  IdentifierDictionary,
  KNOWN16,
} from '../builders.js'
import { FIRST_YEAR, LAST_YEAR } from '../field-types.js'
import type { FieldSpec } from '../spec/types.js'
import { assemble, Code, I32, I64, type WasmFunction } from './assembler.js'

/**
 * Fast decoders, generated per layout: one loop over records with the columns unrolled.
 *
 * They store only what is plainly clean. A record with anything else (unlisted code, bad digit,
 * date off the calendar, NUL, byte above 0x7F, filler that is not blank) is marked, and the caller
 * decodes it again with the readable functions of `field-types.ts`. Generated code therefore never
 * reports an issue and never has to explain one.
 */

/** A run of bytes to decode or, for fillers, only to check; with where its values go. */
export interface Cell {
  readonly field: FieldSpec | null
  readonly start: number
  readonly end: number
  readonly builders: readonly ColumnBuilder[]
  /** Look-up table of a flag or a mixed field, which belongs to the field and not the column. */
  readonly table: Uint16Array | Uint32Array | null
}

/** Fields that share a test: `inner` is skipped where bytes [start, end) are all blank. */
interface Group {
  readonly start: number
  readonly end: number
  readonly inner: Plan
}

type Plan = readonly (Cell | Group)[]

/** A run of fields blank in at least this share of sampled records is skipped as a whole. */
const SPARSE = 0.75
const SAMPLE = 128
/** Wider text is left to the readable functions. */
const MAX_TEXT = 256
const BLANK4 = 0x20202020
const ZEROS4 = 0x30303030
const BLANK8 = 0x2020202020202020n
const TOP8 = 0x8080808080808080n

/**
 * Module with `decode(offsets, rows, count, marks) -> marked`: decodes the records at the listed
 * addresses into the listed rows, writes the list positions of marked records to `marks`.
 */
export function layoutModule(
  cells: readonly Cell[],
  sample: { readonly bytes: Uint8Array; readonly offsets: readonly number[] },
  memory: {
    readonly initialPages: number
    readonly maximumPages: number
    readonly shared: boolean
  },
): Uint8Array<ArrayBuffer> {
  const step = Math.max(1, Math.ceil(sample.offsets.length / SAMPLE))
  const offsets = sample.offsets.filter((_, index) => index % step === 0)
  const sorted = [...cells].sort((a, b) => a.start - b.start)
  return assemble(
    [findFunction(), learnFunction(), decodeFunction(planOf(sorted, sample.bytes, offsets))],
    memory,
  )
}

/** Groups runs of mostly blank fields, and such runs within them again. */
function planOf(cells: readonly Cell[], bytes: Uint8Array, offsets: readonly number[]): Plan {
  if (offsets.length < 16) return cells
  const sparse = cells.map((cell) => {
    const blank = offsets.filter((offset) =>
      isBlankRun(bytes, offset + cell.start, offset + cell.end),
    )
    return blank.length >= SPARSE * offsets.length
  })
  const plan: (Cell | Group)[] = []
  let i = 0
  while (i < cells.length) {
    let j = i
    while (j < cells.length && sparse[j] && (j === i || cells[j]!.start === cells[j - 1]!.end)) j++
    const start = cells[i]!.start
    const end = j > i ? cells[j - 1]!.end : start
    if (end - start >= 4) {
      const filled = offsets.filter((offset) => !isBlankRun(bytes, offset + start, offset + end))
      if (j - i < cells.length || filled.length < offsets.length) {
        plan.push({ start, end, inner: planOf(cells.slice(i, j), bytes, filled) })
        i = j
        continue
      }
    }
    plan.push(...cells.slice(i, Math.max(j, i + 1)))
    i = Math.max(j, i + 1)
  }
  return plan
}

function isBlankRun(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i] !== 0x20) return false
  return true
}

/** Registers shared by the emitters of one function. */
interface Frame {
  readonly c: Code
  /** Address of the record. */
  readonly p: number
  /** Row. */
  readonly r: number
  /** Marks the record when not zero. */
  readonly x: number
  /** Marks the record when KNOWN16 is not set: the AND of table entries. */
  readonly x16: number
  /** Marks the record when not zero. */
  readonly x64: number
  readonly a: number
  readonly b: number
  readonly d: number
  readonly w: number
  readonly y: number
  readonly z: number
}

const FIND = 0
const LEARN = 1

function decodeFunction(plan: Plan): WasmFunction {
  const [offsets, rows, count, marks] = [0, 1, 2, 3]
  const c = new Code(4)
  const j = c.local(I32)
  const marked = c.local(I32)
  const frame: Frame = {
    c,
    p: c.local(I32),
    r: c.local(I32),
    x: c.local(I32),
    x16: c.local(I32),
    x64: c.local(I64),
    a: c.local(I32),
    b: c.local(I32),
    d: c.local(I32),
    w: c.local(I64),
    y: c.local(I64),
    z: c.local(I32),
  }
  c.block().loop()
  c.get(j).get(count).geU().brIf(1)
  c.get(offsets).get(j).i32(2).shl().add().load32(0).set(frame.p)
  c.get(rows).get(j).i32(2).shl().add().load32(0).set(frame.r)
  c.i32(0).set(frame.x).i32(-1).set(frame.x16).i64(0n).set(frame.x64)
  emitPlan(frame, plan)
  c.get(frame.x16).i32(KNOWN16).and().eqz().get(frame.x).or()
  c.get(frame.x64).eqz64().eqz().or().if()
  c.get(marks).get(marked).i32(2).shl().add().get(j).store32(0)
  c.get(marked).i32(1).add().set(marked)
  c.end()
  c.get(j).i32(1).add().set(j)
  c.br(0)
  c.end().end()
  c.get(marked)
  return { name: 'decode', parameters: [I32, I32, I32, I32], results: [I32], code: c }
}

function emitPlan(f: Frame, plan: Plan): void {
  for (const item of plan) {
    if ('inner' in item) {
      emitNotBlank(f, item.start, item.end)
      f.c.eqz64().eqz().if()
      emitPlan(f, item.inner)
      f.c.end()
    } else emitCell(f, item)
  }
}

/** Leaves an i64 that is zero when bytes [start, end) of the record are all blank. */
function emitNotBlank({ c, p }: Frame, start: number, end: number): void {
  let at = start
  let first = true
  const join = (): void => {
    if (!first) c.or64()
    first = false
  }
  for (; at + 8 <= end; at += 8) {
    c.get(p).load64(at).i64(BLANK8).xor64()
    join()
  }
  if (at < end && end - start >= 8) {
    c.get(p)
      .load64(end - 8)
      .i64(BLANK8)
      .xor64()
    join()
    return
  }
  if (at + 4 <= end) {
    c.get(p).load32(at).i32(BLANK4).xor().extendU()
    join()
    at += 4
  }
  for (; at < end; at++) {
    c.get(p).load8u(at).i32(0x20).xor().extendU()
    join()
  }
}

/** A cell that generated code does not know how to read: marked unless blank. */
function emitSlow(f: Frame, start: number, end: number): void {
  f.c.get(f.x64)
  emitNotBlank(f, start, end)
  f.c.or64().set(f.x64)
}

function emitCell(f: Frame, cell: Cell): void {
  const { field } = cell
  if (field === null) {
    emitSlow(f, cell.start, cell.end)
    return
  }
  const width = field.end - field.start
  const builder = cell.builders[0]!
  const sameTable =
    width === builder.spec.width &&
    (field.type !== 'code' || field.codes?.name === builder.spec.codes?.name)
  switch (field.type) {
    case 'flag':
      if (width !== 1 || cell.table === null) break
      emitLookUp(f, builder, cell.table.byteOffset, field.start, 1)
      return
    case 'hour':
    case 'integer':
    case 'code': {
      if (field.type === 'integer' && width > 3) {
        if (emitNumber(f, cell)) return
        break
      }
      const { shared } = builder
      if (!sameTable || width > 3 || field.range !== undefined || shared === null) break
      if (shared.table16 === null) break
      const table = shared.table16.byteOffset
      if (width <= 2) emitLookUp(f, builder, table, field.start, width)
      else emitLookUp3(f, builder, table, field.start)
      return
    }
    case 'number_or_code':
      if (width !== 2 || cell.table === null) break
      emitMixed(f, cell, cell.table.byteOffset)
      return
    case 'date':
      if (width !== 8 || !(builder.shared instanceof DateDictionary)) break
      emitDate(f, builder, builder.shared, field.start)
      return
    case 'decimal':
      if (emitNumber(f, cell)) return
      break
    case 'text':
    case 'identifier':
      if (builder.storage === 'bytes' && width <= MAX_TEXT) {
        emitBytes(f, builder, field.start, width)
        return
      }
      if (width === 9 && builder.shared instanceof IdentifierDictionary) {
        emitIdentifier(f, builder, builder.shared, field.start)
        return
      }
  }
  emitSlow(f, cell.start, cell.end)
}

/** Leaves the address of a row's entry, less the column's own address. */
function emitRow({ c, r }: Frame, size: 1 | 2 | 4 | 8): void {
  c.get(r)
  if (size > 1) c.i32(Math.log2(size)).shl()
}

/** Stores the i32 in local `value`, without what is above an index, as the row's index. */
function emitStoreIndex(f: Frame, builder: ColumnBuilder, value: number): void {
  const at = builder.out.byteOffset
  if (builder.storage === 'index8') {
    emitRow(f, 1)
    f.c.get(value).store8(at)
  } else if (builder.storage === 'index16') {
    emitRow(f, 2)
    f.c
      .get(value)
      .i32(KNOWN16 - 1)
      .and()
      .store16(at)
  } else {
    emitRow(f, 4)
    f.c.get(value).store32(at)
  }
}

function emitLookUp(
  f: Frame,
  builder: ColumnBuilder,
  table: number,
  start: number,
  width: number,
): void {
  const { c } = f
  c.get(f.p)
  if (width === 1) c.load8u(start)
  else c.load16u(start)
  c.i32(1).shl().load16u(table).set(f.a)
  emitStoreIndex(f, builder, f.a)
  c.get(f.x16).get(f.a).and().set(f.x16)
}

function emitLookUp3(f: Frame, builder: ColumnBuilder, table: number, start: number): void {
  const { c } = f
  c.get(f.p)
    .load16u(start)
    .get(f.p)
    .load8u(start + 2)
    .i32(16)
    .shl()
    .or()
  c.i32(0x202020).sub().set(f.a)
  c.get(f.x).get(f.a).i32(0xffc0c0c0).and().or().set(f.x)
  c.get(f.a).i32(0x3f).and()
  c.get(f.a).i32(2).shrU().i32(0xfc0).and().or()
  c.get(f.a).i32(4).shrU().i32(0x3f000).and().or()
  c.i32(1).shl().load16u(table).set(f.a)
  emitStoreIndex(f, builder, f.a)
  c.get(f.x16).get(f.a).and().set(f.x16)
}

function emitMixed(f: Frame, cell: Cell, table: number): void {
  const { c } = f
  c.get(f.p).load16u(cell.start).i32(2).shl().load32(table).set(f.a)
  c.get(f.x16).get(f.a).and().set(f.x16)
  emitStoreIndex(f, cell.builders[0]!, f.a)
  c.get(f.a).i32(16).shrU().set(f.a)
  emitStoreIndex(f, cell.builders[1]!, f.a)
}

/** Leaves 1 when the four bytes of local `word` are digits. */
function emitIsDigits({ c }: Frame, word: number): void {
  c.get(word).i32(0xf0f0f0f0).and().i32(0x30303030).eq()
  c.get(word).i32(0x06060606).add().i32(0xf0f0f0f0).and().i32(0x30303030).eq().and()
}

/** Turns the four digits of local `word` into their value, in place. */
function emitFourDigits({ c }: Frame, word: number): void {
  c.get(word).i32(0x0f0f0f0f).and().i32(10).mul()
  c.get(word).i32(8).shrU().i32(0x000f0f0f).and().add().i32(0x00ff00ff).and().set(word)
  c.get(word).i32(0xff).and().i32(100).mul().get(word).i32(16).shrU().add().set(word)
}

function emitDate(
  f: Frame,
  builder: ColumnBuilder,
  dictionary: DateDictionary,
  start: number,
): void {
  const { c } = f
  const table = dictionary.table16.byteOffset
  // Per cell: the last year's four bytes, and its slot base or -1. Locals begin as zero, which no
  // year is, and the first record sets them.
  const year = c.local(I32)
  const base = c.local(I32)
  c.get(f.p).load32(start).tee(f.a).get(year).ne().if()
  {
    c.get(f.a).set(year)
    c.i32(-1).set(base)
    emitIsDigits(f, f.a)
    c.if()
    c.get(f.a).set(f.d)
    emitFourDigits(f, f.d)
    c.get(f.d)
      .i32(FIRST_YEAR)
      .sub()
      .tee(f.d)
      .i32(LAST_YEAR - FIRST_YEAR)
      .leU()
      .if()
    c.get(f.d).i32(11).shl().set(base)
    c.end()
    c.end()
  }
  c.end()
  c.get(f.p)
    .load32(start + 4)
    .set(f.b)
  c.get(f.b).i32(0xf0fcf0fe).and().i32(0x30303030).eq()
  c.get(f.b).i32(0x06000600).add().i32(0xf000f000).and().i32(0x30003000).eq().and()
  c.get(base).i32(0).geS().and().get(year).i32(0).ne().and().if()
  {
    c.get(base)
    c.get(f.b).i32(1).and().i32(10).shl().or()
    c.get(f.b).i32(2).shrU().i32(0x3c0).and().or()
    c.get(f.b).i32(12).shrU().i32(0x30).and().or()
    c.get(f.b).i32(24).shrU().i32(0x0f).and().or()
    c.tee(f.b).i32(1).shl().load16u(table).tee(f.d).eqz().if()
    c.get(f.b).i32(table).i32(dictionary.entries.byteOffset).i32(dictionary.count.byteOffset)
    c.call(LEARN).set(f.d)
    c.end()
    c.get(f.x16).get(f.d).and().set(f.x16)
  }
  c.else()
  {
    c.i32(0).set(f.d)
    for (const filler of [BLANK4, ZEROS4]) {
      c.get(f.a).i32(filler).xor().get(f.b).i32(filler).xor().or().eqz().eqz()
    }
    c.and().get(f.x).or().set(f.x)
  }
  c.end()
  emitStoreIndex(f, builder, f.d)
}

/** ORs into x64 the bytes below 0x20 and above 0x7F of local `word` (i64). */
function emitOdd64(f: Frame, word: number): void {
  const { c } = f
  c.get(f.x64).get(word).i64(BLANK8).sub64().get(word).or64().i64(TOP8).and64().or64().set(f.x64)
}

function emitIdentifier(
  f: Frame,
  builder: ColumnBuilder,
  dictionary: IdentifierDictionary,
  start: number,
): void {
  const { c } = f
  // Per cell: the last nine bytes, the index they have, and whether they mark the record.
  const last = c.local(I64)
  const lastEnd = c.local(I32)
  const index = c.local(I32)
  const odd = c.local(I32)
  c.get(f.p).load64(start).set(f.w)
  c.get(f.p)
    .load8u(start + 8)
    .set(f.a)
  c.get(f.w).get(last).ne64().get(f.a).get(lastEnd).ne().or().if()
  {
    c.get(f.w).set(last).get(f.a).set(lastEnd)
    c.i32(0).set(index)
    c.get(f.w).i64(BLANK8).sub64().get(f.w).or64().i64(TOP8).and64().eqz64().eqz()
    c.get(f.a).i32(0x20).sub().i32(0x60).geU().or().tee(odd).eqz().if()
    {
      c.get(f.w).i64(BLANK8).xor64().get(f.a).i32(0x20).xor().extendU().or64().eqz64().eqz().if()
      {
        c.get(f.w).wrap().get(f.w).i64(32n).shrU64().wrap().get(f.a)
        c.i32(dictionary.slots.byteOffset)
        c.i32(dictionary.entries.byteOffset)
        c.i32(dictionary.count.byteOffset)
        c.call(FIND).tee(index).eqz().set(odd)
      }
      c.end()
    }
    c.end()
  }
  c.end()
  c.get(f.x).get(odd).or().set(f.x)
  emitStoreIndex(f, builder, index)
}

/** find(a, b, c, slots, entries, count) -> index of an identifier, added when new; 0 when full. */
function findFunction(): WasmFunction {
  const [a, b, e, slots, entries, count] = [0, 1, 2, 3, 4, 5]
  const c = new Code(6)
  const h = c.local(I32)
  const at = c.local(I32)
  const index = c.local(I32)
  c.get(a).i32(0x9e3779b1).mul().get(b).i32(0x85ebca77).mul().xor()
  c.get(e).i32(0xc2b2ae3d).mul().xor().set(h)
  c.get(h).get(h).i32(15).shrU().xor().i32(0x27d4eb2f).mul().set(h)
  c.get(h).get(h).i32(13).shrU().xor().set(h)
  c.loop()
  {
    c.get(h)
      .i32(IDENTIFIER_SLOTS - 1)
      .and()
      .tee(h)
      .i32(2)
      .shl()
      .get(slots)
      .add()
      .tee(at)
    c.load32(0).tee(index).eqz().if()
    {
      c.get(count).load32(0).tee(index).i32(IDENTIFIER_LIMIT).gtU().if()
      c.i32(0).return()
      c.end()
      c.get(count).get(index).i32(1).add().store32(0)
      c.get(at).get(index).store32(0)
      c.get(entries).get(index).i32(12).mul().add().tee(at).get(a).store32(0)
      c.get(at).get(b).store32(4)
      c.get(at).get(e).store32(8)
      c.get(index).return()
    }
    c.end()
    c.get(entries).get(index).i32(12).mul().add().tee(at)
    c.load32(0).get(a).eq().get(at).load32(4).get(b).eq().and()
    c.get(at).load32(8).get(e).eq().and().if()
    c.get(index).return()
    c.end()
    c.get(h).i32(1).add().set(h)
    c.br(0)
  }
  c.end()
  c.i32(0) // not reached
  return { name: 'find', parameters: [I32, I32, I32, I32, I32, I32], results: [I32], code: c }
}

/** Bit n is set when month n has thirty days. */
const MONTHS_OF_30 = (1 << 4) | (1 << 6) | (1 << 9) | (1 << 11)

/**
 * learn(slot, table, entries, count) -> table entry of a new date; 0 when it is not on the calendar
 * or there is no room.
 */
function learnFunction(): WasmFunction {
  const [slot, table, entries, count] = [0, 1, 2, 3]
  const c = new Code(4)
  const index = c.local(I32)
  const month = c.local(I32)
  const year = c.local(I32)
  c.get(count).load32(0).tee(index).i32(DATE_LIMIT).geU()
  c.get(slot).i32(10).shrU().i32(1).and().i32(10).mul()
  c.get(slot).i32(6).shrU().i32(15).and().add().tee(month)
  c.i32(1).sub().i32(12).geU().or()
  // The day, less one, against the days of the month.
  c.get(slot).i32(4).shrU().i32(3).and().i32(10).mul()
  c.get(slot).i32(15).and().add().i32(1).sub()
  c.get(slot).i32(11).shrU().i32(FIRST_YEAR).add().set(year)
  c.i32(31).i32(MONTHS_OF_30).get(month).shrU().i32(1).and().sub()
  c.i32(3)
  c.get(year).i32(3).and().eqz().get(year).i32(100).remU().eqz().eqz().and()
  c.get(year).i32(400).remU().eqz().or()
  c.sub().i32(0).get(month).i32(2).eq().select().sub()
  c.geU().or().if()
  c.i32(0).return()
  c.end()
  c.get(count).get(index).i32(1).add().store32(0)
  c.get(entries).get(index).i32(2).shl().add().get(slot).store32(0)
  c.get(table).get(slot).i32(1).shl().add().get(index).i32(KNOWN16).or().tee(index).store16(0)
  c.get(index)
  return { name: 'learn', parameters: [I32, I32, I32, I32], results: [I32], code: c }
}

function emitBytes(f: Frame, builder: ColumnBuilder, start: number, width: number): void {
  const { c } = f
  const out = builder.out.byteOffset
  // f.z: address of the row's bytes, less the column's; f.y: not zero when any byte is not blank.
  c.get(f.r).i32(builder.width).mul().set(f.z)
  c.i64(0n).set(f.y)
  let k = 0
  for (; k + 8 <= width; k += 8) {
    c.get(f.p)
      .load64(start + k)
      .set(f.w)
    c.get(f.z)
      .get(f.w)
      .store64(out + k)
    emitOdd64(f, f.w)
    c.get(f.y).get(f.w).i64(BLANK8).xor64().or64().set(f.y)
  }
  for (; k + 4 <= width; k += 4) {
    c.get(f.p)
      .load32(start + k)
      .set(f.a)
    c.get(f.z)
      .get(f.a)
      .store32(out + k)
    c.get(f.x).get(f.a).i32(BLANK4).sub().get(f.a).or().i32(0x80808080).and().or().set(f.x)
    c.get(f.y).get(f.a).i32(BLANK4).xor().extendU().or64().set(f.y)
  }
  for (; k < width; k++) {
    c.get(f.p)
      .load8u(start + k)
      .set(f.a)
    c.get(f.z)
      .get(f.a)
      .store8(out + k)
    c.get(f.x).get(f.a).i32(0x20).sub().i32(0x60).geU().or().set(f.x)
    c.get(f.y).get(f.a).i32(0x20).xor().extendU().or64().set(f.y)
  }
  emitRow(f, 1)
  c.get(f.y).eqz64().eqz().store8(builder.valid.byteOffset)
}

/** Integers of four digits or more, and decimals. False when the cell is not of that kind. */
function emitNumber(f: Frame, cell: Cell): boolean {
  const { c } = f
  const field = cell.field!
  const builder = cell.builders[0]!
  const contiguous = field.fraction === undefined || field.fraction.start === field.end
  const width = cell.end - cell.start
  if (
    !contiguous ||
    width > 15 ||
    field.range !== undefined ||
    (builder.storage !== 'int32' && builder.storage !== 'float64') ||
    (builder.storage === 'int32' && width > 9)
  ) {
    return false
  }
  // f.y gathers the value; f.d is 1 as long as all are digits.
  const lead = width % 4
  c.i32(1).set(f.d)
  c.i64(0n).set(f.y)
  for (let k = 0; k < lead; k++) {
    c.get(f.p)
      .load8u(cell.start + k)
      .i32(0x30)
      .sub()
      .tee(f.a)
      .i32(10)
      .ltU()
    c.get(f.d).and().set(f.d)
    c.get(f.y).i64(10n).mul64().get(f.a).extendU().add64().set(f.y)
  }
  for (let k = lead; k < width; k += 4) {
    c.get(f.p)
      .load32(cell.start + k)
      .set(f.a)
    emitIsDigits(f, f.a)
    c.get(f.d).and().set(f.d)
    emitFourDigits(f, f.a)
    c.get(f.y).i64(10000n).mul64().get(f.a).extendU().add64().set(f.y)
  }
  c.get(f.d).if()
  {
    if (builder.storage === 'int32') {
      emitRow(f, 4)
      c.get(f.y).wrap().store32(builder.out.byteOffset)
    } else {
      emitRow(f, 8)
      c.get(f.y).convertI64().storeF64(builder.out.byteOffset)
    }
    emitRow(f, 1)
    c.i32(1).store8(builder.valid.byteOffset)
  }
  c.else()
  emitSlow(f, cell.start, cell.end)
  c.end()
  return true
}
