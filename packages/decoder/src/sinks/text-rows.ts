import { writeThousandths, writeWhole } from './digits.js'
import type { NullRun } from './null-runs.js'
import type { TextParts } from './text-format.js'
import type { TextUnit } from './text-units.js'

/** What the generated row loop reads of a column in the present batch. */
export interface CellSource {
  /** Indices, values or bytes of the rows. */
  cells: ArrayLike<number>
  valid: Uint8Array
  /** Of a dictionary: see `CellTable`. */
  words: Float64Array
  lengths: Uint16Array
  /** Of bytes: a view of them. */
  view: DataView
}

/** How a column's cells are written; one loop is generated for each combination. */
export type CellShape =
  | { readonly kind: 'words'; readonly array: string; readonly wordsPerCell: number }
  | {
      readonly kind: 'whole' | 'thousandths'
      readonly array: string
      readonly hasNulls: boolean
    }
  | { readonly kind: 'bytes'; readonly width: number; readonly trim: boolean }
  | { readonly kind: 'call' }

/** Where the loop leaves off, and the way back into plain code. */
export interface RowState {
  position: number
  /** Writes unit `unit` of a row at `position` the slow way; returns the position behind it. */
  writeCell(unit: number, row: number, position: number): number
}

/**
 * Writes rows from `row` to `end` at `position` into `bytes` until `limit` is passed; returns the
 * first row not written and leaves the position in `state`. `limit` must leave room for a row and
 * eight bytes.
 */
export type WriteRows = (
  sources: readonly CellSource[],
  runs: readonly NullRun[],
  state: RowState,
  bytes: Uint8Array,
  view: DataView,
  row: number,
  end: number,
  position: number,
  limit: number,
) => number

/** False where code may not be made from text (a content security policy, `--disallow-code-generation-from-strings`). */
export function mayGenerate(): boolean {
  try {
    return new Function('return true')() as boolean
  } catch {
    return false
  }
}

/** Makes the row loop for the given columns. */
export function generateRows(
  units: readonly TextUnit[],
  shapes: readonly CellShape[],
  runs: readonly NullRun[],
  parts: TextParts,
): WriteRows {
  const code = new RowCode(parts)
  const body: string[] = [constantCode(parts.rowStart)]
  let index = 0
  runs.forEach((run, at) => {
    for (; index < run.start; index++) body.push(code.cell(units[index]!, shapes[index]!, index))
    code.head.push(`const rb${at}=runs[${at}].bytes,rw${at}=runs[${at}].words;`)
    const tests = [run.hasBytes ? `rb${at}[row]` : '', run.hasWords ? `rw${at}[row]` : '']
    const nulls = units.slice(run.start, run.end).map((unit) => unit.nullText)
    body.push(`if((${tests.filter(Boolean).join('|')})===0){${constantCode(nulls.join(''))}}else{`)
    for (; index < run.end; index++) body.push(code.cell(units[index]!, shapes[index]!, index))
    body.push('}')
  })
  for (; index < units.length; index++) body.push(code.cell(units[index]!, shapes[index]!, index))
  body.push(endCode(parts))
  const source = `/*${shapes.map(shapeName).join()}*/${code.head.join('')}
    for(;row<end&&p<=limit;row++){${body.join('\n')}}
    state.position=p;return row`
  const make = new Function(
    'writeWhole',
    'writeThousandths',
    `return function(sources,runs,state,B,D,row,end,p,limit){${source}}`,
  ) as (whole: typeof writeWhole, thousandths: typeof writeThousandths) => WriteRows
  return make(writeWhole, writeThousandths)
}

/** Tells shapes apart that differ in what the loop reads, so that each has code of its own. */
export function shapeName(shape: CellShape): string {
  return Object.values(shape).join(':')
}

class RowCode {
  readonly head: string[] = []
  readonly #parts: TextParts
  readonly #omitsNulls: boolean
  readonly #separator: string

  constructor(parts: TextParts) {
    this.#parts = parts
    this.#omitsNulls = parts.cell(null) === null
    this.#separator = `B[p++]=${parts.separator.charCodeAt(0)};`
  }

  cell(unit: TextUnit, shape: CellShape, i: number): string {
    const key = constantCode(this.#parts.key(unit.value.name))
    const orNull = unit.nullText === '' ? '' : `else{${constantCode(unit.nullText)}}`
    switch (shape.kind) {
      case 'call':
        return `p=state.writeCell(${i},row,p);`
      case 'words': {
        const { wordsPerCell: words } = shape
        this.head.push(`const c${i}=sources[${i}].cells,w${i}=sources[${i}].words;`)
        this.head.push(`const l${i}=sources[${i}].lengths;`)
        const store = (word: string, at: string) =>
          `D.setFloat64(p${at},w${i}[${words === 1 ? 'v' : `v*${words}`}${word}],true);`
        const rest =
          words <= 2
            ? ''
            : `if(n>16)for(let k=2;k*8<n;k++)D.setFloat64(p+k*8,w${i}[v*${words}+k],true);`
        const copy = `${store('', '')}${words > 1 ? store('+1', '+8') : ''}${rest}p+=n;`
        const body = `${key}const n=l${i}[v];${copy}`
        const guarded = this.#omitsNulls ? `if(v!==0){${body}}` : body
        return `{const v=c${i}[row];${guarded}}`
      }
      case 'whole':
      case 'thousandths': {
        const { array, hasNulls, kind } = shape
        this.head.push(`const c${i}=sources[${i}].cells,n${i}=sources[${i}].valid;`)
        const write = kind === 'whole' ? 'writeWhole' : 'writeThousandths'
        const isSmall =
          array === 'Float64Array'
            ? 'v>=0&&v<1e8&&(v|0)===v'
            : array === 'Int32Array'
              ? 'v>=0&&v<1e8'
              : 'v<1e8'
        const small = `${key}p=${write}(D,p,v|0);${this.#separator}`
        const body = `const v=c${i}[row];if(${isSmall}){${small}}else p=state.writeCell(${i},row,p);`
        return hasNulls ? `if(n${i}[row]!==0){${body}}${orNull}` : `{${body}}`
      }
      case 'bytes': {
        const { width, trim } = shape
        this.head.push(`const c${i}=sources[${i}].cells,n${i}=sources[${i}].valid;`)
        this.head.push(`const d${i}=sources[${i}].view;`)
        const quote = constantCode(this.#parts.textQuote)
        const end = trim ? `let e=a+${width};while(e>a&&c${i}[e-1]===32)e--;` : ''
        const length = trim ? 'e-a' : String(width)
        const body = `const a=row*${width};${end}${key}${quote}${copyCode(i, width)}p+=${length};${quote}${this.#separator}`
        return `if(n${i}[row]!==0){${body}}${orNull}`
      }
    }
  }
}

/** Copies `width` bytes at `a` of a column's view to `p`, without moving `p`. */
function copyCode(i: number, width: number): string {
  const steps: string[] = []
  let at = 0
  const words = width >> 3
  if (words > 8) {
    steps.push(`for(let k=0;k<${words * 8};k+=8)D.setFloat64(p+k,d${i}.getFloat64(a+k,true),true);`)
    at = words * 8
  }
  for (; at + 8 <= width; at += 8) {
    steps.push(`D.setFloat64(p+${at},d${i}.getFloat64(a+${at},true),true);`)
  }
  for (; at + 4 <= width; at += 4) {
    steps.push(`D.setInt32(p+${at},d${i}.getInt32(a+${at},true),true);`)
  }
  for (; at < width; at++) steps.push(`B[p+${at}]=c${i}[a+${at}];`)
  return steps.join('')
}

/** Code that writes an ASCII text at `p` and moves `p` behind it; may write up to 7 bytes more. */
export function constantCode(text: string): string {
  if (text === '') return ''
  if (text.length === 1) return `B[p++]=${text.charCodeAt(0)};`
  const padded = Buffer.alloc(Math.ceil(text.length / 8) * 8)
  padded.write(text, 'latin1')
  const steps: string[] = []
  for (let at = 0; at < text.length; at += 8) {
    const to = at === 0 ? 'p' : `p+${at}`
    if (text.length - at <= 4) steps.push(`D.setInt32(${to},${padded.readInt32LE(at)},true);`)
    else steps.push(`D.setFloat64(${to},${padded.readDoubleLE(at)},true);`)
  }
  return `${steps.join('')}p+=${text.length};`
}

/** Code that turns the last separator into the end of the row. */
function endCode({ rowStart, rowEnd, separator, cell }: TextParts): string {
  const separatorByte = separator.charCodeAt(0)
  // A row whose cells were all left out has no separator to overwrite.
  const back = cell(null) === null ? `if(B[p-1]===${separatorByte})p--;` : 'p--;'
  return (rowStart === '' && cell(null) === null ? '' : back) + constantCode(rowEnd)
}
