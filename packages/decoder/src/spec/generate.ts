import type { ColumnBuilder, IdentifierDictionary } from '../builders.js'
import { addDate, MixedTables, SLOW16 } from '../builders.js'
import { FIRST_YEAR, LAST_YEAR } from '../field-types.js'
import type { FieldSpec } from './types.js'

/**
 * Fast decoders, generated per layout: one loop over record offsets with the columns unrolled.
 *
 * They store only what is plainly clean. A row with anything else (unlisted code, bad digit, date
 * off the calendar, NUL, byte above 0x7F, filler that is not blank) is marked, and the caller
 * decodes it again with the readable functions of `field-types.ts`. Generated code therefore never
 * reports an issue and never has to explain one.
 */

/** Rows to decode again: row numbers, and where their records start. */
export class MarkedRows {
  readonly rows: number[] = []
  readonly offsets: number[] = []
  readonly #seen = new Set<number>()

  add(row: number, offset: number): void {
    if (this.#seen.has(row)) return
    this.#seen.add(row)
    this.rows.push(row)
    this.offsets.push(offset)
  }

  clear(): void {
    this.rows.length = 0
    this.offsets.length = 0
    this.#seen.clear()
  }
}

/** A run of bytes to decode or, for fillers, only to check. */
interface Cell {
  readonly field: FieldSpec | null
  readonly start: number
  readonly end: number
  readonly builders: readonly ColumnBuilder[]
}

type Fused = (
  bytes: Uint8Array,
  view: DataView,
  offsets: Int32Array,
  rows: Int32Array | null,
  count: number,
  firstRow: number,
  marked: MarkedRows,
) => void

type Filter = (
  bytes: Uint8Array,
  view: DataView,
  offsets: Int32Array,
  rows: Int32Array | null,
  count: number,
  firstRow: number,
  outOffsets: Int32Array,
  outRows: Int32Array,
) => number

interface Node {
  readonly cells: readonly Cell[]
  readonly groups: readonly Group[]
  direct: readonly Fused[] | null
  mapped: readonly Fused[] | null
}

interface Group {
  readonly filter: Filter
  readonly node: Node
  readonly offsets: Int32Array
  readonly rows: Int32Array
}

/** Columns per generated function: more spill registers, fewer repeat the loop. */
const FUSE = 6
/** A run of fields blank in at least this share of sampled records is skipped as a whole. */
const SPARSE = 0.75
const SAMPLE = 512
const BLANK8 = new Float64Array(new Uint8Array(8).fill(0x20).buffer)[0]!
const B4 = '0x20202020'

/** False where code generation from strings is forbidden (a content security policy). */
export function canGenerate(): boolean {
  try {
    return (new Function('return 1') as () => number)() === 1
  } catch {
    return false
  }
}

/** Decodes records of one layout. Made once the layout has been seen often enough to pay. */
export class GeneratedDecoder {
  readonly #root: Node

  /**
   * @param cells fields and fillers to decode; all must lie within every record handed to `run`
   * @param sample records to learn from which runs of fields are mostly blank
   */
  constructor(
    cells: readonly Cell[],
    sample: {
      readonly bytes: Uint8Array
      readonly offsets: Int32Array
      readonly count: number
    },
    capacity: number,
  ) {
    const offsets: number[] = []
    const step = Math.max(1, Math.floor(sample.count / SAMPLE))
    for (let i = 0; i < sample.count; i += step) offsets.push(sample.offsets[i]!)
    this.#root = plan(
      [...cells].sort((a, b) => a.start - b.start),
      sample.bytes,
      offsets,
      capacity,
    )
  }

  /** Decodes `count` records; row of record j is `rows[j]`, or `firstRow + j` without `rows`. */
  run(
    bytes: Uint8Array,
    view: DataView,
    offsets: Int32Array,
    rows: Int32Array | null,
    count: number,
    firstRow: number,
    marked: MarkedRows,
  ): void {
    runNode(this.#root, bytes, view, offsets, rows, count, firstRow, marked)
  }
}

/** Cells of a layout: its fields (optional ones only when `full`) and fillers. */
export function cellsOf(
  layout: {
    readonly fields: readonly FieldSpec[]
    readonly fillers: readonly { readonly start: number; readonly end: number }[]
  },
  builders: readonly ColumnBuilder[],
  full: boolean,
): Cell[] {
  const cells: Cell[] = layout.fields
    .filter((field) => full || !field.optional)
    .map((field) => ({
      field,
      start: field.start,
      end: field.fraction?.end ?? field.end,
      builders: field.columns.map((index) => builders[index]!),
    }))
  for (const { start, end } of layout.fillers) cells.push({ field: null, start, end, builders: [] })
  return cells
}

function runNode(
  node: Node,
  bytes: Uint8Array,
  view: DataView,
  offsets: Int32Array,
  rows: Int32Array | null,
  count: number,
  firstRow: number,
  marked: MarkedRows,
): void {
  const fused =
    rows === null
      ? (node.direct ??= fuse(node.cells, false))
      : (node.mapped ??= fuse(node.cells, true))
  for (const run of fused) run(bytes, view, offsets, rows, count, firstRow, marked)
  for (const group of node.groups) {
    const kept = group.filter(
      bytes,
      view,
      offsets,
      rows,
      count,
      firstRow,
      group.offsets,
      group.rows,
    )
    if (kept > 0) runNode(group.node, bytes, view, group.offsets, group.rows, kept, 0, marked)
  }
}

function blankShare(cell: Cell, bytes: Uint8Array, offsets: readonly number[]): number {
  let blank = 0
  for (const offset of offsets) {
    let i = offset + cell.start
    const end = offset + cell.end
    while (i < end && bytes[i] === 0x20) i++
    if (i === end) blank++
  }
  return blank / offsets.length
}

function plan(
  cells: readonly Cell[],
  bytes: Uint8Array,
  offsets: readonly number[],
  capacity: number,
): Node {
  const kept: Cell[] = []
  const groups: Group[] = []
  const shares = offsets.length >= 16 ? cells.map((cell) => blankShare(cell, bytes, offsets)) : null
  let i = 0
  while (i < cells.length) {
    let j = i
    while (
      shares !== null &&
      j < cells.length &&
      shares[j]! >= SPARSE &&
      (j === i || cells[j]!.start === cells[j - 1]!.end)
    ) {
      j++
    }
    const run = cells.slice(i, j)
    const first = run[0]
    const last = run[run.length - 1]
    if (first !== undefined && last !== undefined && last.end - first.start >= 4) {
      const start = first.start
      const end = last.end
      const within = offsets.filter((offset) => {
        for (let k = offset + start; k < offset + end; k++) if (bytes[k] !== 0x20) return true
        return false
      })
      if (run.length < cells.length || within.length < offsets.length) {
        groups.push({
          filter: makeFilter(start, end),
          node: plan(run, bytes, within, capacity),
          offsets: new Int32Array(capacity),
          rows: new Int32Array(capacity),
        })
        i = j
        continue
      }
    }
    if (j === i) j = i + 1
    kept.push(...cells.slice(i, j))
    i = j
  }
  return { cells: kept, groups, direct: null, mapped: null }
}

function notBlank(start: number, end: number): string {
  const tests: string[] = []
  let at = start
  for (; at + 8 <= end; at += 8) tests.push(`D.getFloat64(p+${at},true)!==${BLANK8}`)
  if (at < end && end - start >= 8) {
    tests.push(`D.getFloat64(p+${end - 8},true)!==${BLANK8}`)
    at = end
  }
  if (at + 4 <= end) {
    tests.push(`D.getInt32(p+${at},true)!==${B4}`)
    at += 4
  }
  for (; at < end; at++) tests.push(`B[p+${at}]!==32`)
  return tests.join('||')
}

function makeFilter(start: number, end: number): Filter {
  return new Function(
    `return function filter(B,D,offsets,rows,count,firstRow,outOffsets,outRows){` +
      `let k=0;for(let j=0;j<count;j++){const p=offsets[j]|0;` +
      `if(${notBlank(start, end)}){outOffsets[k]=p;outRows[k]=rows===null?firstRow+j:rows[j];k++;}}` +
      `return k;}`,
  )() as Filter
}

/** Source of one cell: declarations, loop body, and the expressions that mark a row. */
interface Emitted {
  before: string
  body: string
  after: string
  readonly marks16: string[]
  readonly marks32: string[]
}

function fuse(cells: readonly Cell[], mapped: boolean): Fused[] {
  const functions: Fused[] = []
  for (let at = 0; at < cells.length; at += FUSE) {
    functions.push(fuseGroup(cells.slice(at, at + FUSE), mapped))
  }
  return functions
}

function fuseGroup(cells: readonly Cell[], mapped: boolean): Fused {
  const context: unknown[] = []
  const parts = cells.map((cell, i) => emit(cell, i, context))
  const marks16 = parts.flatMap((part) => part.marks16)
  const marks32 = parts.flatMap((part) => part.marks32)
  const mark = [
    marks16.length > 0 ? `((${marks16.join('|')})&${SLOW16})` : '',
    marks32.length > 0 ? `(${marks32.join('|')})` : '',
  ].filter((text) => text !== '')
  const source =
    `return function fused(B,D,offsets,rows,count,firstRow,marked){` +
    parts.map((part) => part.before).join('') +
    `for(let j=0;j<count;j++){const r=${mapped ? 'rows[j]' : 'firstRow+j'}|0,p=offsets[j]|0;` +
    parts.map((part) => part.body).join('') +
    (mark.length > 0 ? `if((${mark.join('|')})!==0)marked.add(r,p);` : '') +
    `}${parts.map((part) => part.after).join('')}}`
  return (
    new Function('X', 'addDate', source) as (context: unknown[], add: typeof addDate) => Fused
  )(context, addDate)
}

const isDigits = (word: string): string =>
  `(((${word}&0xf0f0f0f0)|0)===0x30303030&&(((${word}+0x06060606)&0xf0f0f0f0)|0)===0x30303030)`

/** Four digits in a little-endian word: value into `name`. */
const fourDigits = (word: string, name: string): string =>
  `let ${name}=(Math.imul(${word}&0x0f0f0f0f,10)+((${word}>>>8)&0x0f0f0f))&0x00ff00ff;` +
  `${name}=Math.imul(${name}&255,100)+(${name}>>>16);`

/** Marks bytes below 0x20 and above 0x7F of a word. */
const odd = (word: string): string => `(((${word}-${B4})|${word})&0x80808080)`

function emit(cell: Cell, i: number, context: unknown[]): Emitted {
  const out: Emitted = { before: '', body: '', after: '', marks16: [], marks32: [] }
  const hold = (value: unknown): string => `X[${context.push(value) - 1}]`
  const { field, start, end } = cell
  if (field === null) {
    out.body = `const x${i}=${notBlank(start, end)}?1:0;`
    out.marks32.push(`x${i}`)
    return out
  }
  const builder = cell.builders[0]!
  const width = field.end - field.start
  const at = `p+${start}`
  const key2 = `B[${at}]<<8|B[${at}+1]`
  out.before = `const c${i}=${hold(builder)},o${i}=c${i}.out;`
  const slow = (): Emitted => {
    out.body = `const x${i}=${notBlank(start, end)}?1:0;`
    out.marks32.push(`x${i}`)
    return out
  }
  // A code list of the layout that differs from the column's would need a table of its own.
  const sameTable =
    width === builder.spec.width &&
    (field.type !== 'code' || field.codes?.name === builder.spec.codes?.name)

  switch (field.type) {
    case 'flag': {
      if (width !== 1 || builder.shared === null || field.flag === undefined) return slow()
      const table = new Uint16Array(256).fill(SLOW16)
      table[field.flag.yes.charCodeAt(0)] = builder.shared.indexOf(true)
      table[field.flag.no.charCodeAt(0)] = builder.shared.indexOf(false)
      table[0x20] = 0
      out.before += `const t${i}=${hold(table)};`
      out.body = `const v${i}=t${i}[B[${at}]];o${i}[r]=v${i};`
      out.marks16.push(`v${i}`)
      return out
    }
    case 'hour':
    case 'integer':
    case 'code': {
      if (field.type === 'integer' && width > 3) return emitNumber(out, cell, i)
      if (!sameTable || width > 3 || builder.shared === null || field.range !== undefined) {
        return slow()
      }
      const { table16, table32 } = builder.shared
      const table = table16 ?? table32
      if (table === null) return slow()
      out.before += `const t${i}=${hold(table)};`
      if (width <= 2) {
        out.body = `const v${i}=t${i}[${width === 1 ? `B[${at}]` : key2}];o${i}[r]=v${i};`
        out.marks16.push(`v${i}`)
        return out
      }
      out.body =
        `const a${i}=B[${at}]-32,b${i}=B[${at}+1]-32,e${i}=B[${at}+2]-32,` +
        `v${i}=t${i}[(a${i}|b${i}<<6|e${i}<<12)&0x3ffff];o${i}[r]=v${i};`
      out.marks32.push(`((a${i}|b${i}|e${i})&-64)`)
      if (table16 !== null) out.marks16.push(`v${i}`)
      else out.marks32.push(`(v${i}&${0x80000000 | 0})`)
      return out
    }
    case 'number_or_code': {
      const codes = cell.builders[1]
      if (
        width !== 2 ||
        field.range === undefined ||
        builder.shared === null ||
        codes === undefined ||
        codes.shared === null ||
        builder.spec.width !== 2
      ) {
        return slow()
      }
      const tables = new MixedTables(field.range, field.codes ?? null, builder.shared, codes.shared)
      out.before +=
        `const q${i}=${hold(codes)}.out,t${i}=${hold(tables.numbers)},` +
        `u${i}=${hold(tables.codes)};`
      out.body = `const k${i}=${key2},v${i}=t${i}[k${i}];` + `o${i}[r]=v${i};q${i}[r]=u${i}[k${i}];`
      out.marks16.push(`v${i}`)
      return out
    }
    case 'date': {
      if (width !== 8 || builder.shared?.table16 == null) return slow()
      out.before += `const d${i}=c${i}.shared,t${i}=d${i}.table16;let y${i}=0x20202020,z${i}=-1;`
      out.body =
        `let x${i}=0;{const b=D.getInt32(${at}+4,true),a=D.getInt32(${at},true);` +
        `if(a!==y${i}){y${i}=a;z${i}=-1;if(${isDigits('a')}){${fourDigits('a', 'y')}` +
        `if(y>=${FIRST_YEAR}&&y<=${LAST_YEAR})z${i}=(y-${FIRST_YEAR})<<11;}}` +
        `let v=0;if(z${i}>=0&&((b&0xf0fcf0fe)|0)===0x30303030&&(((b+0x06000600)&0xf000f000)|0)===0x30003000){` +
        `const s=z${i}|(b&1)<<10|((b>>>2)&0x3c0)|((b>>>12)&0x30)|((b>>>24)&15);` +
        `v=t${i}[s];if(v===${SLOW16})v=addDate(d${i},s);}` +
        `if(v===0&&(a!==${B4}||b!==${B4}))x${i}=1;o${i}[r]=v;}`
      out.marks32.push(`x${i}`)
      return out
    }
    case 'decimal':
      return emitNumber(out, cell, i)
    case 'text':
    case 'identifier': {
      if (builder.storage === 'index32') {
        if (width !== 9 || builder.width !== 9) return slow()
        return emitIdentifier(out, builder.shared as IdentifierDictionary, at, i, hold)
      }
      if (builder.storage !== 'bytes' || width > 64) return slow()
      return emitBytes(out, width, builder.width, at, i)
    }
  }
}

function emitIdentifier(
  out: Emitted,
  dictionary: IdentifierDictionary,
  at: string,
  i: number,
  hold: (value: unknown) => string,
): Emitted {
  out.before +=
    `const d${i}=${hold(dictionary)};` + `let a${i}=${B4},b${i}=${B4},e${i}=32,v${i}=0,x${i}=0;`
  out.body =
    `{const a=D.getInt32(${at},true),b=D.getInt32(${at}+4,true),e=B[${at}+8];` +
    `if(a!==a${i}||b!==b${i}||e!==e${i}){a${i}=a;b${i}=b;e${i}=e;` +
    `x${i}=${odd('a')}|${odd('b')}|(e<32||e>127?1:0);` +
    `v${i}=x${i}!==0||(a===${B4}&&b===${B4}&&e===32)?0:d${i}.find(B,${at},a,b,e);}` +
    `o${i}[r]=v${i};}`
  out.marks32.push(`x${i}`)
  return out
}

function emitBytes(out: Emitted, width: number, stride: number, at: string, i: number): Emitted {
  out.before = out.before.replace(/,o\d+=c\d+\.out/, '')
  out.before += `const s${i}=c${i}.view,w${i}=c${i}.bytes,n${i}=c${i}.valid;`
  const words = Math.floor(width / 4)
  const load: string[] = []
  const store: string[] = []
  const marks: string[] = []
  const present: string[] = []
  for (let k = 0; k < words; k++) {
    load.push(`a${k}=D.getInt32(${at}+${k * 4},true)`)
    store.push(`s${i}.setInt32(q+${k * 4},a${k},true);`)
    marks.push(odd(`a${k}`))
    present.push(`a${k}!==${B4}`)
  }
  for (let k = words * 4; k < width; k++) {
    load.push(`b${k}=B[${at}+${k}]`)
    store.push(`w${i}[q+${k}]=b${k};`)
    marks.push(`((b${k}-32)&-128)`, `(b${k}&128)`)
    present.push(`b${k}!==32`)
  }
  out.body =
    `let x${i}=0;{const ${load.join(',')},q=Math.imul(r,${stride});${store.join('')}` +
    `x${i}=${marks.join('|')};n${i}[r]=${present.join('||')}?1:0;}`
  out.marks32.push(`x${i}`)
  return out
}

/** Integers of four digits or more, and decimals: digits by words, value and validity. */
function emitNumber(out: Emitted, cell: Cell, i: number): Emitted {
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
    out.body = `const x${i}=${notBlank(cell.start, cell.end)}?1:0;`
    out.marks32.push(`x${i}`)
    return out
  }
  out.before += `const n${i}=c${i}.valid;`
  const lead = width % 4
  const declare: string[] = []
  const digits: string[] = []
  const parse: string[] = []
  const blank: string[] = []
  let value = ''
  for (let k = 0; k < lead; k++) {
    declare.push(`h${k}=B[p+${cell.start + k}]-48`)
    digits.push(`(h${k}>>>0)<10`)
    blank.push(`h${k}===-16`)
    value = value === '' ? `h${k}` : `(${value})*10+h${k}`
  }
  for (let k = 0; k < (width - lead) / 4; k++) {
    declare.push(`a${k}=D.getInt32(p+${cell.start + lead + k * 4},true)`)
    digits.push(isDigits(`a${k}`))
    parse.push(fourDigits(`a${k}`, `y${k}`))
    blank.push(`a${k}===${B4}`)
    value = value === '' ? `y${k}` : `(${value})*10000+y${k}`
  }
  out.body =
    `let x${i}=0;{const ${declare.join(',')};if(${digits.join('&&')}){${parse.join('')}` +
    `o${i}[r]=${value};n${i}[r]=1;}else if(!(${blank.join('&&')}))x${i}=1;}`
  out.marks32.push(`x${i}`)
  return out
}
