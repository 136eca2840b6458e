import { CsvError, parse } from 'csv-parse/sync'

/** One record of a CSV file and where it stands. */
export interface CsvRecord {
  readonly cells: readonly string[]
  /** 1 for the header, when there is one. */
  readonly recordNumber: number
  /** 1-based line the record begins on. */
  readonly lineNumber: number
  /** 0-based offset of its first byte in the file. */
  readonly byteOffset: number
  /** Set when quotes do not pair up or bytes are not UTF-8; cells are then a guess. */
  readonly fault: 'quotes' | 'encoding' | undefined
}

const lineFeed = 10
const carriageReturn = 13
// A quoted cell may span lines, but a stray quote must not swallow the rest of the file.
const longestQuotedLines = 16

type Writable<Shape> = { -readonly [Key in keyof Shape]: Shape[Key] }

interface Line {
  readonly text: string
  readonly lineNumber: number
  readonly byteOffset: number
}

/**
 * Cuts the bytes of a CSV file into records, as many at a time as a chunk holds.
 *
 * Archive files quote a cell only when it holds a comma, which is one row in hundreds, so plain
 * lines are split here and csv-parse reads the quoted ones, those of a chunk together: a parser for
 * each line cost twenty times as much. Blank lines are passed over.
 */
export async function* readCsvRecords(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<CsvRecord[]> {
  let rest: Buffer = Buffer.alloc(0)
  let restOffset = 0
  let lineNumber = 0
  let recordNumber = 0
  let open: Line[] = []
  let quoted: { readonly text: string; readonly record: Writable<CsvRecord> }[] = []

  const push = (
    records: CsvRecord[],
    line: Line,
    text: string,
    cells: readonly string[] | undefined,
  ): Writable<CsvRecord> => {
    recordNumber += 1
    const damaged = text.includes('\uFFFD')
    const record: Writable<CsvRecord> = {
      cells: cells ?? line.text.split(','),
      recordNumber,
      lineNumber: line.lineNumber,
      byteOffset: line.byteOffset,
      fault: cells === undefined ? 'quotes' : damaged ? 'encoding' : undefined,
    }
    records.push(record)
    return record
  }
  /** Fills in the cells of the quoted lines that were put off. */
  const parseQuotedLines = (): void => {
    if (quoted.length === 0) return
    const together = parseQuoted(quoted.map(({ text }) => text).join('\n'), quoted.length)
    quoted.forEach(({ text, record }, index) => {
      const cells = together?.[index] ?? parseQuoted(text, 1)?.[0]
      if (cells) record.cells = cells
      else record.fault = 'quotes'
    })
    quoted = []
  }
  /** Gives up on quotes that do not pair up: one line is broken, those after it are read again. */
  const giveUp = (records: CsvRecord[]): void => {
    const [first, ...others] = open as [Line, ...Line[]]
    open = []
    push(records, first, first.text, undefined)
    for (const line of others) take(line, records)
  }
  const take = (line: Line, records: CsvRecord[]): void => {
    if (open.length === 0) {
      if (line.text === '') return
      if (!line.text.includes('"')) {
        push(records, line, line.text, line.text.split(','))
        return
      }
    }
    if (open.length === 0 && countQuotes(line.text) % 2 === 0) {
      quoted.push({ text: line.text, record: push(records, line, line.text, []) })
      return
    }
    open.push(line)
    const [first] = open as [Line]
    const text = open.map((each) => each.text).join('\n')
    const even = countQuotes(text) % 2 === 0
    const cells = even ? parseQuoted(text, 1)?.[0] : undefined
    if (cells) {
      open = []
      push(records, first, text, cells)
    } else if (even || open.length >= longestQuotedLines) {
      giveUp(records)
    }
  }
  const lineOf = (bytes: Buffer, start: number, end: number, offset: number): Line => {
    lineNumber += 1
    const last = end > start && bytes[end - 1] === carriageReturn ? end - 1 : end
    const text = bytes.toString('utf8', start, last)
    const marked = lineNumber === 1 && text.startsWith('\uFEFF')
    return { text: marked ? text.slice(1) : text, lineNumber, byteOffset: offset }
  }

  for await (const chunk of chunks) {
    const bytes =
      rest.length === 0
        ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
        : Buffer.concat([rest, chunk])
    const records: CsvRecord[] = []
    let start = 0
    for (;;) {
      const end = bytes.indexOf(lineFeed, start)
      if (end < 0) break
      take(lineOf(bytes, start, end, restOffset + start), records)
      start = end + 1
    }
    rest = Buffer.from(bytes.subarray(start))
    restOffset += start
    parseQuotedLines()
    if (records.length > 0) yield records
  }
  const records: CsvRecord[] = []
  if (rest.length > 0) take(lineOf(rest, 0, rest.length, restOffset), records)
  while (open.length > 0) giveUp(records)
  parseQuotedLines()
  if (records.length > 0) yield records
}

/** The cells of so many records, or undefined when the text is not that. */
function parseQuoted(text: string, count: number): readonly string[][] | undefined {
  try {
    const records = parse(text, { relax_quotes: true, relax_column_count: true }) as string[][]
    return records.length === count ? records : undefined
  } catch (error) {
    if (error instanceof CsvError) return undefined
    throw error
  }
}

function countQuotes(text: string): number {
  let count = 0
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at + 1)) count += 1
  return count
}
