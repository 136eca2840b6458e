import { assemble, F64, I32, I64, V128, type WasmFunction } from '../wasm/assembler.js'
import type { CellPlan } from './cell-plan.js'
import { markFunction, type MarkedRun } from './null-marks-function.js'
import { TextCode } from './text-code.js'
import type { TextParts } from './text-format.js'
import { wholeFunction, wholeLongFunction, type DigitAddresses } from './text-number-functions.js'
import type { TextUnit } from './text-units.js'

/** Where the row loop left off, as words at {@link STATE}. */
export const STATE = 0
/** Address behind the last whole row written. */
export const STATE_POSITION = STATE
/** 1 when the row returned needs the reference way, 0 when there is no more room or no more row. */
export const STATE_STOP = STATE + 4

/** What the module is made for. */
export interface RowModulePlan {
  readonly units: readonly TextUnit[]
  readonly cells: readonly CellPlan[]
  readonly runs: readonly MarkedRun[]
  readonly parts: TextParts
  readonly digits: DigitAddresses
}

/** Bytes that may be written behind a row, and read behind a column. */
export const OVERRUN_BYTES = 64

const WHOLE = 2
const WHOLE_LONG = 3
/** Whole numbers a float64 holds exactly, and thousandths that print as they are divided. */
const MAX_WHOLE = 9_007_199_254_740_991n
const MAX_THOUSANDTHS = 1_000_000_000_000_000n

/**
 * Module with `rows(row, end, position, limit) -> row`, which writes rows as text until `limit` is
 * passed, and `mark(count)`, which prepares the marks of the runs for the rows in memory.
 *
 * Cells of dictionaries are copied whole, text is copied 16 bytes at a time where none of them is
 * special and byte by byte otherwise. A row with a number out of the ordinary (negative, not whole)
 * is left to the caller: see {@link STATE_STOP}.
 */
export function textRowModule(plan: RowModulePlan): Uint8Array<ArrayBuffer> {
  const functions = [
    rowsFunction(plan),
    markFunction(plan.cells, plan.runs),
    wholeFunction(plan.digits),
    wholeLongFunction(plan.digits, WHOLE),
  ]
  return assemble(functions, { initialPages: 1, maximumPages: 32_768, shared: false })
}

/** Locals of the row loop. */
interface Frame {
  readonly c: TextCode
  readonly row: number
  readonly p: number
  readonly rowStart: number
  readonly v: number
  readonly a: number
  readonly e: number
  readonly k: number
  readonly m: number
  readonly f: number
  readonly n: number
  readonly x: number
  readonly block: number
  readonly parts: TextParts
}

function rowsFunction({ units, cells, runs, parts, digits }: RowModulePlan): WasmFunction {
  const c = new TextCode(4)
  const [row, end, p, limit] = [0, 1, 2, 3]
  const frame: Frame = {
    c,
    row,
    p,
    rowStart: c.local(I32),
    v: c.local(I32),
    a: c.local(I32),
    e: c.local(I32),
    k: c.local(I32),
    m: c.local(I32),
    f: c.local(I32),
    n: c.local(I64),
    x: c.local(F64),
    block: c.local(V128),
    parts,
  }
  const emitCells = (start: number, to: number): void => {
    for (let i = start; i < to; i++) emitCell(frame, units[i]!, cells[i]!, digits)
  }
  c.block().loop()
  c.get(row).get(end).geU().brIf(1)
  c.get(p).get(limit).gtU().brIf(1)
  c.get(p).set(frame.rowStart)
  c.text(parts.rowStart, p)
  let next = 0
  for (const run of runs) {
    emitCells(next, run.start)
    const nulls = units.slice(run.start, run.end).map((unit) => unit.nullText)
    c.get(row).load8u(run.marks).eqz().if()
    c.text(nulls.join(''), p)
    c.else()
    emitCells(run.start, run.end)
    c.end()
    next = run.end
  }
  emitCells(next, units.length)
  emitRowEnd(frame)
  c.move(row, 1)
  c.br(0)
  c.end().end()
  c.i32(0).get(p).store32(STATE_POSITION)
  c.i32(0).i32(0).store32(STATE_STOP)
  c.get(row)
  return { name: 'rows', parameters: [I32, I32, I32, I32], results: [I32], code: c }
}

/** Lets the last separator become the end of the row. */
function emitRowEnd({ c, p, parts }: Frame): void {
  if (parts.cell(null) === null) {
    // Where nulls are left out there may be no cell, and so no separator.
    c.get(p).get(p).i32(1).sub().load8u(0).i32(parts.separator.charCodeAt(0)).eq().sub().set(p)
  } else {
    c.move(p, -1)
  }
  c.text(parts.rowEnd, p)
}

/** Gives the row back to the caller. */
function emitLeaveRow({ c, rowStart, row }: Frame): void {
  c.i32(0).get(rowStart).store32(STATE_POSITION)
  c.i32(0).i32(1).store32(STATE_STOP)
  c.get(row).return()
}

function emitCell(frame: Frame, unit: TextUnit, plan: CellPlan, digits: DigitAddresses): void {
  const { c, p, row, parts } = frame
  const key = parts.key(unit.value.name)
  if (plan.kind === 'table') return emitTableCell(frame, key, plan)
  const { valid } = plan
  if (valid !== null) c.get(row).load8u(valid).if()
  c.text(key, p)
  if (plan.kind === 'number') emitNumber(frame, plan, digits)
  else emitBytes(frame, plan)
  c.text(parts.separator, p)
  if (valid === null) return
  if (unit.nullText !== '') c.else().text(unit.nullText, p)
  c.end()
}

function emitTableCell(
  { c, p, row, v, a, k, parts }: Frame,
  key: string,
  { cells, size, table, stride }: Extract<CellPlan, { kind: 'table' }>,
): void {
  const omitsNulls = parts.cell(null) === null
  c.get(row)
  if (size === 1) c.load8u(cells)
  else if (size === 2) c.i32(1).shl().load16u(cells)
  else c.i32(2).shl().load32(cells)
  if (omitsNulls) c.tee(v).if()
  else c.set(v)
  c.text(key, p)
  c.i32(0).load32(table).get(v).i32(stride).mul().add().set(a)
  if (stride === 8) {
    c.get(p).get(a).load64(0).store64(0)
  } else {
    for (let at = 0; at < Math.min(stride, 32); at += 16) {
      c.get(p).get(a).loadV128(at).storeV128(at)
    }
  }
  if (stride > 32) {
    // Most texts of a long table are short all the same.
    c.get(a)
      .load16u(stride - 2)
      .tee(k)
      .i32(32)
      .gtU()
      .if()
    for (let at = 32; at < stride; at += 16) c.get(p).get(a).loadV128(at).storeV128(at)
    c.end()
    c.get(p).get(k).add().set(p)
  } else {
    c.get(p)
      .get(a)
      .load16u(stride - 2)
      .add()
      .set(p)
  }
  if (omitsNulls) c.end()
}

function emitNumber(
  frame: Frame,
  { cells, array, scale }: Extract<CellPlan, { kind: 'number' }>,
  digits: DigitAddresses,
): void {
  const { c, p, row, v, n, x, k } = frame
  if (array === 'f64') {
    c.get(row).i32(3).shl().loadF64(cells).tee(x).truncF64().tee(n)
    c.convertI64().get(x).neF64()
    c.get(n)
      .i64(scale === 0 ? MAX_WHOLE : MAX_THOUSANDTHS)
      .gtU64()
      .or()
      .if()
    emitLeaveRow(frame)
    c.end()
    if (scale === 3) {
      c.get(n).get(n).i64(1000n).divU64().tee(n).i64(1000n).mul64().sub64().wrap().set(k)
      // The line above leaves what the division dropped: thousandths.
    }
    c.get(p).get(n).call(WHOLE_LONG).set(p)
  } else {
    c.get(row).i32(2).shl().load32(cells).set(v)
    if (array === 'i32') {
      c.get(v).i32(0).ltS().if()
      emitLeaveRow(frame)
      c.end()
    }
    if (scale === 3) {
      c.get(v).get(v).i32(1000).divU().tee(v).i32(1000).mul().sub().set(k)
    }
    c.get(p).get(v).call(WHOLE).set(p)
  }
  if (scale === 3) {
    c.get(p).get(k).i32(2).shl().load32(digits.fractions).store32(0)
    c.get(p).get(k).load8u(digits.fractionLengths).add().set(p)
  }
}

function emitBytes(
  frame: Frame,
  { cells, width, trim, texts }: Extract<CellPlan, { kind: 'bytes' }>,
): void {
  const { c, p, row, a, e, k, m, f, block, parts } = frame
  c.get(row).i32(width).mul().i32(cells).add().set(a)
  c.i32(width).set(e)
  const dropTrailing = (byte: number): void => {
    c.block().loop()
    c.get(e).eqz().brIf(1)
    c.get(a).get(e).add().i32(1).sub().load8u(0).i32(byte).ne().brIf(1)
    c.move(e, -1).br(0)
    c.end().end()
  }
  dropTrailing(0)
  if (trim) dropTrailing(0x20)

  // m: bits of special bytes, a block of 16 at a time.
  const emitSpecial = (): void => {
    c.loadV128(0).tee(block).i32(0x20).splat8().ltS8()
    for (const special of parts.specialCharacters) {
      c.get(block).i32(special.charCodeAt(0)).splat8().eq8().or128()
    }
    c.bitmask8()
  }
  if (width <= 16) {
    c.get(a)
    emitSpecial()
    c.i32(1).get(e).shl().i32(1).sub().and().set(m)
  } else {
    c.i32(0).set(m).i32(0).set(k)
    c.block().loop()
    c.get(k).get(e).geU().brIf(1)
    c.get(a).get(k).add()
    emitSpecial()
    // Only the bits of bytes before `e`: all 16, or as many as are left.
    c.i32(1).get(e).get(k).sub().i32(16).get(e).get(k).sub().i32(16).ltU().select()
    c.shl().i32(1).sub().and().get(m).or().set(m)
    c.move(k, 16).br(0)
    c.end().end()
  }

  c.get(m).eqz().if()
  c.text(parts.textQuote, p)
  if (width <= 64) {
    for (let at = 0; at < width; at += 16) {
      if (width - at <= 8) c.get(p).get(a).load64(at).store64(at)
      else c.get(p).get(a).loadV128(at).storeV128(at)
    }
  } else {
    c.i32(0).set(k)
    c.block().loop()
    c.get(k).get(e).geU().brIf(1)
    c.get(p).get(k).add().get(a).get(k).add().loadV128(0).storeV128(0)
    c.move(k, 16).br(0)
    c.end().end()
  }
  c.get(p).get(e).add().set(p)
  c.text(parts.textQuote, p)

  c.else() // byte by byte: f tells whether quotes are needed
  if (parts.textQuote === '') {
    c.i32(0).set(f).i32(0).set(k)
    c.loop()
    c.get(a)
      .get(k)
      .add()
      .load8u(0)
      .i32(3)
      .shl()
      .load8u(texts + BYTE_TEXT.needsQuotes)
    c.get(f).or().set(f)
    c.move(k, 1).get(k).get(e).ltU().brIf(0)
    c.end()
  } else {
    c.i32(1).set(f)
  }
  const quote = (): void => {
    c.get(p).i32(0x22).store8(0).get(p).get(f).add().set(p)
  }
  quote()
  c.i32(0).set(k)
  c.loop()
  c.get(p).get(a).get(k).add().load8u(0).i32(3).shl().tee(m).load64(texts).store64(0)
  c.get(p)
    .get(m)
    .load8u(texts + BYTE_TEXT.length)
    .add()
    .set(p)
  c.move(k, 1).get(k).get(e).ltU().brIf(0)
  c.end()
  quote()
  c.end()
}

/** Offsets in the eight bytes that say how one byte of a field is written. */
export const BYTE_TEXT = { bytes: 0, length: 6, needsQuotes: 7, size: 8 } as const
