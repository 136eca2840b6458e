import type { Issue } from '../issues.js'
import type { CompiledSpec, LayoutSpec } from '../spec/types.js'
import type { Calendar } from './calendar.js'
import type { ExpectedRow, Manifest } from './expected.js'
import type { FaultMaker } from './fault-maker.js'
import { latin1, LineLayout, LineWriter } from './line-writer.js'
import type { ResolvedGenerateOptions } from './options.js'
import { Random } from './random.js'

const LF = 0x0a
const CR = 0x0d
const BLANK = 0x20
const END_MARK = 0x1a
/** Records that a record set or header may overrun a chunk by, and bytes of the longest of them. */
const SLACK_RECORDS = 300
const SLACK_LENGTH = 330

/** A manifest that is still being counted. */
type Counts = {
  -readonly [Key in keyof Omit<Manifest, 'rows' | 'issues' | 'sums'>]: Manifest[Key]
} & {
  readonly rows: Record<string, number>
  readonly issues: Record<string, number>
  readonly sums: Record<string, Record<string, number>>
}

/**
 * Ends lines: faults, trimming, padding and line ends, the counts, and what is expected of them.
 */
export class RecordOutput {
  readonly line: LineWriter
  readonly manifest: Counts
  readonly rows = new Map<string, ExpectedRow[]>()
  readonly issues: Issue[] = []
  /** 1-based number of the line being written; blank lines count. */
  lineNumber = 1
  readonly #options: ResolvedGenerateOptions
  readonly #layouts: readonly LineLayout[]
  readonly #random: Random
  readonly #faults: FaultMaker | null
  readonly #keepsExpected: boolean
  /** True when lines need no more than an LF. */
  readonly #plain: boolean
  /** File offset of the buffer's first byte. */
  #base = 0
  /** Bytes that the end of the last line takes, to be dropped when there is no final newline. */
  #lastEnd = 0
  #endsInEmptyLine = false
  readonly #slack: number

  constructor(
    spec: CompiledSpec,
    options: ResolvedGenerateOptions,
    calendar: Calendar,
    faults: FaultMaker | null,
    keepsExpected: boolean,
  ) {
    this.#options = options
    this.#faults = faults
    this.#keepsExpected = keepsExpected
    this.#random = new Random(options.seed ^ 0x51ab)
    this.#slack = SLACK_RECORDS * Math.max(SLACK_LENGTH, options.padTo + 8)
    this.line = new LineWriter(this.#buffer(), calendar, keepsExpected || faults !== null)
    this.#layouts = spec.layouts.map((layout) => new LineLayout(spec, layout))
    this.#plain =
      faults === null &&
      !keepsExpected &&
      options.trim === 'none' &&
      options.lineEnd === 'lf' &&
      options.padTo === 0 &&
      options.blankLines === 0
    for (const table of spec.tables) this.rows.set(table.name, [])
    this.manifest = {
      spec: spec.id,
      year: options.year,
      seed: options.seed,
      bytes: 0,
      records: 0,
      rows: Object.fromEntries(spec.tables.map((table) => [table.name, 0])),
      joinedHeaderParts: 0,
      withheld: 0,
      blankLines: 0,
      endMarks: 0,
      shortRecords: 0,
      longRecords: 0,
      issues: {},
      sums: {},
    }
  }

  /** The writer's view of a layout. */
  layoutOf(layout: LayoutSpec): LineLayout {
    return this.#layouts.find((candidate) => candidate.layout === layout)!
  }

  /** File offset of the current line. */
  get offset(): number {
    return this.#base + this.line.at
  }

  /** Whether the current line may have its optional fields; drawn anew on each call. */
  drawTail(): boolean {
    return this.#options.tails && this.#random.chance(0.5)
  }

  /** Ends a line that is a record of its own. */
  finish(): void {
    const { line } = this
    const layout = line.layout!
    if (this.#plain) {
      if (line.length > layout.length) this.manifest.longRecords++
      line.bytes[line.at + line.length] = LF
      line.at += line.length + 1
      this.#lastEnd = 1
      this.lineNumber++
      this.manifest.records++
      layout.rows++
      return
    }
    const recordNumber = this.lineNumber
    const length = this.finishLine(true)
    if (length >= 0) this.addRow(layout, recordNumber, length)
  }

  /**
   * Ends a line without making it a row.
   *
   * @param faulty whether it may get a fault
   * @returns its length, or -1 when it became a record that will be withheld
   */
  finishLine(faulty: boolean): number {
    const { line, manifest } = this
    const layout = line.layout!
    manifest.records++
    const fault = faulty && this.#faults !== null ? this.#faults.draw(this) : 'none'
    if (fault === 'none' || fault === 'field') this.#trimAndPad()
    const { length } = line
    if (fault === 'withheld') {
      manifest.withheld++
    } else if (length < layout.length) {
      manifest.shortRecords++
    } else if (length > layout.length) {
      manifest.longRecords++
    }
    this.#endLine()
    return fault === 'withheld' ? -1 : length
  }

  /** Counts a row and keeps what is expected of it. */
  addRow(layout: LineLayout, recordNumber: number, recordLength: number): void {
    layout.rows++
    if (!this.#keepsExpected) return
    this.rows.get(layout.table.name)!.push({ recordNumber, recordLength, values: this.line.row })
  }

  /** Counts an expected issue and keeps it where asked. */
  addIssue(issue: Issue): void {
    const { issues } = this.manifest
    issues[issue.code] = (issues[issue.code] ?? 0) + 1
    if (this.#keepsExpected) this.issues.push(issue)
  }

  /** The current line as text from `start` on, as issues quote it. */
  quote(start: number, end: number): string {
    const { bytes, at } = this.line
    return latin1(bytes.subarray(at + start, at + end)).slice(0, 512)
  }

  /** Whether the buffer has reached the size of a chunk. */
  get full(): boolean {
    return this.line.at >= this.#options.chunkBytes
  }

  /** Takes what was written so far, to start another buffer. */
  take(): Uint8Array {
    const { line } = this
    // Without a final newline the last line end is held back: it may turn out to be the file's last.
    const held = this.#options.finalNewline ? 0 : Math.min(this.#lastEnd, line.at)
    const chunk = line.bytes.subarray(0, line.at - held)
    const rest = line.bytes.subarray(line.at - held, line.at)
    this.#base += chunk.length
    this.manifest.bytes = this.#base
    line.moveTo(this.#buffer())
    line.bytes.set(rest)
    line.at = held
    return chunk
  }

  /** Ends the file; returns its last chunk. */
  close(): Uint8Array {
    const { line, manifest } = this
    if (!this.#options.finalNewline) {
      line.at -= this.#lastEnd
      if (this.#endsInEmptyLine) manifest.blankLines--
    }
    this.#lastEnd = 0
    if (this.#options.endMark) {
      line.bytes[line.at++] = END_MARK
      manifest.endMarks++
    }
    for (const layout of this.#layouts) {
      const { name, columns } = layout.table
      manifest.rows[name]! += layout.layout.part === 0 ? layout.rows : 0
      const sums = (manifest.sums[name] ??= {})
      for (const slot of layout.slots.values()) {
        const column = columns[slot.column]!
        if (!['integer', 'decimal', 'hour'].includes(column.type)) continue
        sums[column.name] = (sums[column.name] ?? 0) + slot.sum / 10 ** column.scale
      }
    }
    return this.take()
  }

  #trimAndPad(): void {
    const { line } = this
    const { trim, padTo } = this.#options
    if (trim === 'all' || (trim === 'some' && this.#random.chance(0.5))) {
      while (line.length > 0 && line.bytes[line.at + line.length - 1] === BLANK) line.length--
    } else if (padTo > line.length) {
      line.fill(BLANK, line.length, padTo)
      line.length = padTo
    }
  }

  #endLine(): void {
    const { line } = this
    const { lineEnd, blankLines } = this.#options
    const crlf = lineEnd === 'crlf' || (lineEnd === 'mixed' && this.#random.chance(0.5))
    let at = line.at + line.length
    if (crlf) line.bytes[at++] = CR
    line.bytes[at++] = LF
    this.#lastEnd = crlf ? 2 : 1
    this.lineNumber++
    this.#endsInEmptyLine = false
    if (blankLines > 0 && this.#random.chance(blankLines)) {
      this.#endsInEmptyLine = !this.#random.chance(0.3)
      if (!this.#endsInEmptyLine) line.bytes[at++] = BLANK
      line.bytes[at++] = LF
      this.#lastEnd = 1
      this.lineNumber++
      this.manifest.blankLines++
    }
    line.at = at
  }

  #buffer(): Uint8Array {
    return new Uint8Array(this.#options.chunkBytes + this.#slack)
  }
}
