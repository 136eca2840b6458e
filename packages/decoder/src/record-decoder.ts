import type { Column, SegmentBatch } from './batch.js'
import { ColumnBuilder, DictionaryPool } from './builders.js'
import { columnMap, NumberCells, RECORD_COLUMNS } from './columns.js'
import { characterTable } from './encoding.js'
import { InputError, OptionError, RecordError } from './errors.js'
import { decodeField, isBlank, parseDigits, textOf } from './field-types.js'
import type { LineFinder } from './framing.js'
import type { Issue, IssueCode } from './issues.js'
import type { ResolvedDecodeOptions } from './options.js'
import { canGenerate, cellsOf, GeneratedDecoder, MarkedRows } from './spec/generate.js'
import type { CompiledSpec, LayoutSpec, TableSpec } from './spec/types.js'

/** Live counters of a decoding. records = rows + joinedHeaderParts + withheld + notSelected. */
export interface DecodeStats {
  /** Bytes of text read. */
  bytes: number
  /** Physical lines, blank lines and end marks apart. */
  records: number
  /** Rows by segment, every segment named. */
  rows: Record<string, number>
  /** Header lines that were joined into the row of another line. */
  joinedHeaderParts: number
  /** Records not decoded because their level is unknown or their key is cut off. */
  withheld: number
  /** Records of segments that were not asked for. */
  notSelected: number
  blankLines: number
  /** Lines that are only 0x1A, the end mark of old systems. */
  endMarks: number
  /** Lines shorter than their layout: fields beyond the end are missing. */
  shortRecords: number
  /** Lines longer than their layout. */
  longRecords: number
  /** Issues by code. */
  issues: Record<string, number>
  /** Data year read from the headers, once one was met. */
  dataYear: number | null
}

/** Lines longer than this end the decoding: the input is not fixed-width text. */
export const MAX_LINE_BYTES = 1 << 20

/** Bytes framed and decoded at a time, small enough to stay in a core's own cache. */
const WINDOW = 256 << 10
const PENDING = 4096
const SCRATCH = 256 << 10
/** Rows of a layout after which generated code pays for itself. */
const GENERATE_AFTER = 256
const DICTIONARY_LIMIT = 65_536
const RAW_LIMIT = 512
/** Issues held back at most before they are handed out in a batch of no rows. */
const HELD_ISSUES = 16_384
const BLANK = 0x20
const END_MARK = 0x1a
const CAREFUL = -1
const UNSELECTED = -2

/** A layout with the code that decodes it. */
class LayoutState {
  readonly layout: LayoutSpec
  readonly full: boolean
  decoder: GeneratedDecoder | null = null
  seen = 0

  constructor(layout: LayoutSpec, full: boolean) {
    this.layout = layout
    this.full = full
  }
}

/** One output table being filled. */
class TableState {
  readonly table: TableSpec
  readonly index: number
  readonly builders: readonly ColumnBuilder[]
  readonly capacity: number
  rowCount = 0
  recordNumbers: Uint32Array
  recordLengths: Uint32Array
  issues: Issue[] = []

  // Records of the current window, to be decoded in place.
  readonly offsets = new Int32Array(PENDING)
  readonly rows = new Int32Array(PENDING)
  pending = 0
  nominal: LayoutState | null = null

  // Records copied to scratch: cut by a chunk edge, short, long, or joined.
  readonly oddOffsets = new Int32Array(PENDING)
  readonly oddRows = new Int32Array(PENDING)
  /** File offset of each record's first byte. */
  readonly oddOrigins = new Float64Array(PENDING)
  /** File offsets of the parts of joined records, by row. */
  readonly joinedOrigins = new Map<number, readonly number[]>()
  oddPending = 0
  odd: LayoutState | null = null

  constructor(
    table: TableSpec,
    index: number,
    builders: readonly ColumnBuilder[],
    capacity: number,
  ) {
    this.table = table
    this.index = index
    this.builders = builders
    this.capacity = capacity
    this.recordNumbers = new Uint32Array(capacity + 16)
    this.recordLengths = new Uint32Array(capacity + 16)
  }

  /** The oldest issue not yet handed out. */
  firstIssue(): Issue | undefined {
    return earliest(this.issues)
  }
}

/** A header spread over several lines, some of which have arrived. */
interface PendingHeader {
  readonly table: TableState
  readonly layouts: LayoutSpec[]
  readonly bytes: Uint8Array
  readonly key: string
  readonly firstRecord: number
  readonly origins: number[]
  length: number
}

/** What a level stands for: its base layout and the overlays of it. */
interface Level {
  readonly layout: LayoutSpec
  readonly variants: readonly LayoutSpec[]
  readonly table: TableState | null
}

/**
 * The synchronous core: bytes in, batches out.
 *
 * `feed` a chunk, then call `step` until it returns false, taking `batches` after each call;
 * `end` when there are no more chunks, and `step` again.
 */
export class RecordDecoder {
  readonly spec: CompiledSpec
  readonly stats: DecodeStats
  /** Batches cut by the last `step`, in flush order. The caller empties it. */
  readonly batches: SegmentBatch[] = []

  readonly #options: ResolvedDecodeOptions
  readonly #findLineEnds: LineFinder
  readonly #characters: readonly string[]
  readonly #pool: DictionaryPool
  readonly #tables: readonly (TableState | null)[]
  readonly #levels: readonly Level[]
  readonly #generate: boolean
  readonly #marked = new MarkedRows()

  // Dispatch by the first two bytes: index of a level, or -1. `#plain` is the nominal length of
  // levels that need nothing but their length checked, UNSELECTED, or CAREFUL for the others.
  readonly #dispatch = new Int16Array(65536).fill(-1)
  readonly #byText = new Map<string, number>()
  readonly #plain: Int32Array
  /** True when the first two bytes alone tell the level. */
  readonly #direct: boolean
  readonly #headerKeyLength: number
  readonly #layoutStates = new Map<LayoutSpec, { nominal: LayoutState; full: LayoutState }>()

  readonly #lineEnds = new Int32Array(PENDING)
  readonly #scratch: Uint8Array
  readonly #scratchView: DataView
  #scratchUsed = 0
  readonly #carry = new Uint8Array(MAX_LINE_BYTES + 2)
  #carried = 0

  #chunk: Uint8Array = new Uint8Array(0)
  #view = new DataView(this.#chunk.buffer)
  #at = 0
  #chunkStart = 0
  #line = 0
  #ended = false
  #finished = false
  #flushDue = false
  #issuesDue = false
  #header: PendingHeader | null = null
  readonly #headersSeen = new Set<string>()
  #loose: Issue[] = []

  constructor(spec: CompiledSpec, options: ResolvedDecodeOptions, find: LineFinder) {
    this.spec = spec
    this.#options = options
    this.#findLineEnds = find
    this.#characters = characterTable(spec.encoding)
    this.#pool = new DictionaryPool(this.#characters)
    this.#generate = options.generated && canGenerate()
    if (options.segments !== null) {
      for (const name of options.segments) {
        if (!spec.tables.some((table) => table.name === name)) {
          throw new OptionError(
            'OPTION_SEGMENT_UNKNOWN',
            `${spec.id} has no segment "${name}"; it has ${spec.tables.map((t) => t.name).join(', ')}`,
            { option: 'segments', segment: name, spec: spec.id },
          )
        }
      }
    }
    const capacity = options.batchRows
    this.#tables = spec.tables.map((table, index) =>
      options.segments === null || options.segments.includes(table.name)
        ? new TableState(
            table,
            index,
            table.columns.map(
              (column) =>
                new ColumnBuilder(column, capacity + 2, this.#pool.for(column), this.#characters),
            ),
            capacity,
          )
        : null,
    )
    this.#levels = this.#resolveLevels()
    this.#plain = new Int32Array(this.#levels.length)
    this.#direct = this.#setUpDispatch()
    this.#headerKeyLength =
      this.#levels.find(({ layout }) => spec.tables[layout.tableIndex]!.role === 'header')?.layout
        .keyLength ?? 0
    let longest = 0
    for (const layout of spec.layouts) {
      longest = Math.max(longest, layout.partOffset + layout.maxLength)
    }
    this.#scratch = new Uint8Array(Math.max(SCRATCH, longest * 64) + 16)
    this.#scratchView = new DataView(this.#scratch.buffer)
    this.stats = {
      bytes: 0,
      records: 0,
      rows: Object.fromEntries(spec.tables.map((table) => [table.name, 0])),
      joinedHeaderParts: 0,
      withheld: 0,
      notSelected: 0,
      blankLines: 0,
      endMarks: 0,
      shortRecords: 0,
      longRecords: 0,
      issues: {},
      dataYear: null,
    }
    this.#setPlain()
  }

  #resolveLevels(): Level[] {
    const levels: Level[] = []
    for (const layout of this.spec.layouts) {
      if (layout.when !== undefined) continue
      levels.push({
        layout,
        variants: this.spec.layouts.filter(
          (other) => other.when !== undefined && other.level === layout.level,
        ),
        table: this.#tables[layout.tableIndex]!,
      })
    }
    return levels
  }

  #setUpDispatch(): boolean {
    const { level } = this.spec
    this.#levels.forEach(({ layout }, index) => {
      if (level === null) {
        this.#dispatch.fill(index)
        return
      }
      this.#byText.set(layout.level, index)
      if (level.start !== 0) return
      if (layout.level.length === 1) {
        const first = layout.level.charCodeAt(0) << 8
        this.#dispatch.fill(index, first, first + 256)
      } else if (layout.level.length === 2) {
        this.#dispatch[(layout.level.charCodeAt(0) << 8) | layout.level.charCodeAt(1)] = index
      }
    })
    return level === null || (level.start === 0 && level.end <= 2)
  }

  /** Decides which levels take the short way in `#dispatchLines`; depends on the data year. */
  #setPlain(): void {
    this.#levels.forEach(({ layout, table, variants }, index) => {
      const header = this.spec.tables[layout.tableIndex]!.role === 'header'
      if (table === null && !header) {
        this.#plain[index] = UNSELECTED
        return
      }
      const plain =
        table !== null &&
        !header &&
        layout.partCount === 1 &&
        layout.length >= 2 &&
        !variants.some((variant) => this.#inYears(variant))
      this.#plain[index] = plain ? layout.length : CAREFUL
    })
  }

  #inYears({ when }: LayoutSpec): boolean {
    if (when === undefined) return false
    const [from, to] = when.dataYears
    const year = this.stats.dataYear
    return from === 0 || (year !== null && year >= from && year <= to)
  }

  #states(layout: LayoutSpec): { nominal: LayoutState; full: LayoutState } {
    let states = this.#layoutStates.get(layout)
    if (states === undefined) {
      states = { nominal: new LayoutState(layout, false), full: new LayoutState(layout, true) }
      this.#layoutStates.set(layout, states)
    }
    return states
  }

  /** Hands over the next chunk; the previous one must be used up (`step` returned false). */
  feed(chunk: Uint8Array): void {
    this.#chunkStart += this.#chunk.length
    this.#chunk = chunk
    this.#view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    this.#at = 0
    this.stats.bytes += chunk.length
    if (this.#chunkStart === 0 && this.#carried === 0) this.#skipByteOrderMark()
  }

  #skipByteOrderMark(): void {
    const chunk = this.#chunk
    if (chunk[0] === 0xef && chunk[1] === 0xbb && chunk[2] === 0xbf) this.#at = 3
  }

  /** Says that no chunk follows. */
  end(): void {
    this.#ended = true
  }

  /** True once `limit` records were read. */
  get limitReached(): boolean {
    return this.stats.records >= this.#options.limit
  }

  /**
   * Works on until a batch is cut or the chunk is used up.
   *
   * @returns true when there may be more to do on this chunk
   * @throws {RecordError} at the first issue under `strict`
   * @throws {InputError} `INPUT_RECORD_TOO_LONG`
   */
  step(): boolean {
    if (this.#finished) return false
    const more = this.limitReached ? false : this.#window()
    this.#drainAll()
    if (this.#options.strict) this.#throwFirstIssue()
    if (this.#flushDue) {
      this.#flush(false)
      this.#flushDue = false
      return true
    }
    if (this.#issuesDue) {
      this.#handOutIssues()
      return true
    }
    if (more) return true
    if (this.#ended || this.limitReached) this.#finish()
    return false
  }

  #finish(): void {
    this.#finished = true
    if (!this.limitReached && this.#carried > 0) {
      let length = this.#carried
      while (length > 0 && this.#carry[length - 1] === END_MARK) length--
      if (length < this.#carried) this.stats.endMarks++
      if (length > 0) {
        this.#line++
        const start = this.stats.bytes - this.#carried
        if (this.#carry[length - 1] === 0x0d) length--
        this.#oddLine(this.#carry, 0, length, start, this.#levelAt(this.#carry, 0, length))
      }
      this.#carried = 0
    }
    this.#finishHeader()
    this.#drainAll()
    if (this.#options.strict) this.#throwFirstIssue()
    this.#flush(true)
  }

  /** Frames and dispatches one window of the chunk; false when the chunk is used up. */
  #window(): boolean {
    const chunk = this.#chunk
    const size = chunk.length
    let at = this.#at
    if (at >= size) return false
    if (this.#carried > 0) {
      const end = chunk.indexOf(0x0a, at)
      this.#addToCarry(chunk, at, end < 0 ? size : end)
      if (end < 0) {
        this.#at = size
        return false
      }
      let length = this.#carried
      const start = this.#chunkStart + end - length
      this.#carried = 0
      if (length > 0 && this.#carry[length - 1] === 0x0d) length--
      this.#line++
      this.#at = at = end + 1
      this.#oddLine(this.#carry, 0, length, start, this.#levelAt(this.#carry, 0, length))
      if (this.#flushDue || this.limitReached) return true
    }
    const ends = this.#lineEnds
    const windowEnd = Math.min(size, at + WINDOW)
    const count = this.#findLineEnds(chunk, at, windowEnd, ends)
    if (count === 0) {
      if (windowEnd < size) {
        // One line longer than a window: let the carry collect it.
        this.#addToCarry(chunk, at, windowEnd)
        this.#at = windowEnd
        return true
      }
      this.#addToCarry(chunk, at, size)
      this.#at = size
      return false
    }
    this.#dispatchLines(chunk, at, ends, count)
    return true
  }

  #addToCarry(chunk: Uint8Array, start: number, end: number): void {
    if (this.#carried + end - start > MAX_LINE_BYTES) {
      const byteOffset = this.#chunkStart + start - this.#carried
      throw new InputError(
        'INPUT_RECORD_TOO_LONG',
        `line ${this.#line + 1} at byte ${byteOffset} is longer than ${MAX_LINE_BYTES} bytes; ` +
          'expected fixed-width text with one record a line, so check that this is the right file',
        { byteOffset, recordNumber: this.#line + 1 },
      )
    }
    this.#carry.set(chunk.subarray(start, end), this.#carried)
    this.#carried += end - start
  }

  /** The hot loop: every line to the list of its table. */
  #dispatchLines(chunk: Uint8Array, from: number, ends: Int32Array, count: number): void {
    const dispatch = this.#dispatch
    const plain = this.#plain
    const levels = this.#levels
    const direct = this.#direct
    const { limit } = this.#options
    const { stats } = this
    let start = from
    let line = this.#line
    let records = stats.records
    for (let i = 0; i < count; i++) {
      const lineEnd = ends[i]!
      let length = lineEnd - start
      if (length > 0 && chunk[lineEnd - 1] === 0x0d) length--
      line++
      const index = length >= 2 ? dispatch[(chunk[start]! << 8) | chunk[start + 1]!]! : -1
      if (index >= 0 && plain[index] === length) {
        const level = levels[index]!
        const table = level.table!
        const row = table.rowCount++
        table.recordNumbers[row] = line
        table.recordLengths[row] = length
        const k = table.pending++
        table.offsets[k] = start
        table.rows[k] = row
        table.nominal ??= this.#states(level.layout).nominal
        records++
        if (k + 1 === PENDING) this.#drain(table)
        if (row + 1 === table.capacity) this.#flushDue = true
      } else if (index >= 0 && plain[index] === UNSELECTED) {
        records++
        stats.notSelected++
      } else {
        this.#line = line
        stats.records = records
        this.#oddLine(
          chunk,
          start,
          length,
          this.#chunkStart + start,
          direct && length >= 2 ? index : this.#levelAt(chunk, start, length),
        )
        records = stats.records
      }
      start = lineEnd + 1
      if (this.#flushDue || records >= limit) break
    }
    this.#line = line
    stats.records = records
    this.#at = start
  }

  /** A line that is not plainly of its nominal length, or needs more than its fields decoded. */
  #oddLine(bytes: Uint8Array, start: number, length: number, origin: number, index: number): void {
    if (index < 0 || (this.spec.level === null && isBlank(bytes, start, start + length))) {
      this.#unknownLine(bytes, start, length, origin)
      return
    }
    this.stats.records++
    const level = this.#levels[index]!
    const { table } = level
    const layout =
      level.variants.length === 0 ? level.layout : this.#variantOf(level, bytes, start, length)
    const isHeader = this.spec.tables[layout.tableIndex]!.role === 'header'
    if (isHeader)
      this.#readYear(layout, bytes, start - layout.partOffset, length + layout.partOffset)
    if (table === null) {
      this.stats.notSelected++
      return
    }
    if (length < layout.keyLength) {
      this.#withhold('RECORD_TOO_SHORT', layout.tableIndex, bytes, start, length, origin)
      return
    }
    if (layout.partCount > 1) {
      this.#headerPart(layout, table, bytes, start, length, origin)
      return
    }
    const state = this.#states(layout).full
    const at = this.#toScratch(table, state, bytes, start, length, layout.maxLength)
    const row = this.#addRow(table, this.#line, length)
    this.#addOdd(table, at, row, origin)
    this.#checkLength(table, layout, bytes, start, length, origin)
    if (isHeader) this.#noteHeader(table, this.#headerKey(bytes, start), this.#line, origin)
  }

  #levelAt(bytes: Uint8Array, start: number, length: number): number {
    const { level } = this.spec
    if (level === null) return length > 0 && !isBlank(bytes, start, start + length) ? 0 : -1
    if (length < level.end) return -1
    let text = ''
    for (let i = start + level.start; i < start + level.end; i++) {
      text += String.fromCharCode(bytes[i]!)
    }
    return this.#byText.get(text) ?? -1
  }

  #unknownLine(bytes: Uint8Array, start: number, length: number, origin: number): void {
    if (isBlank(bytes, start, start + length)) {
      this.stats.blankLines++
      return
    }
    let marks = 0
    while (marks < length && bytes[start + marks] === END_MARK) marks++
    if (marks === length) {
      this.stats.endMarks++
      return
    }
    this.stats.records++
    this.#withhold('RECORD_UNKNOWN_LEVEL', -1, bytes, start, length, origin)
  }

  #withhold(
    code: IssueCode,
    tableIndex: number,
    bytes: Uint8Array,
    start: number,
    length: number,
    origin: number,
  ): void {
    this.stats.withheld++
    const table = tableIndex < 0 ? null : this.#tables[tableIndex]!
    this.#report(table, {
      code,
      segment: tableIndex < 0 ? null : this.spec.tables[tableIndex]!.name,
      field: null,
      recordNumber: this.#line,
      byteOffset: origin,
      raw: this.#raw(bytes, start, start + length),
    })
  }

  #raw(bytes: Uint8Array, start: number, end: number): string {
    let text = ''
    for (let i = start; i < Math.min(end, start + RAW_LIMIT); i++) {
      text += this.#characters[bytes[i]!]!
    }
    return text
  }

  #report(table: TableState | null, issue: Issue): void {
    this.stats.issues[issue.code] = (this.stats.issues[issue.code] ?? 0) + 1
    const issues = table === null ? this.#loose : table.issues
    if (issues.push(issue) > HELD_ISSUES) this.#issuesDue = true
  }

  #variantOf(level: Level, bytes: Uint8Array, start: number, length: number): LayoutSpec {
    for (const variant of level.variants) {
      const when = variant.when!
      if (!this.#inYears(variant) || length < when.end) continue
      const value = textOf(bytes, start + when.start, start + when.end, this.#characters)
      if (when.values.includes(value.trimEnd())) return variant
    }
    return level.layout
  }

  #readYear(layout: LayoutSpec, bytes: Uint8Array, start: number, length: number): void {
    const { yearField } = this.spec
    if (yearField === null) return
    const field = layout.fields.find((candidate) => candidate.name === yearField.column)
    if (field === undefined || length < field.end) return
    const year = parseDigits(bytes, start + field.start, start + field.end)
    if (year === undefined || year === 0 || year === this.stats.dataYear) return
    this.stats.dataYear = year
    this.#setPlain()
  }

  /** Copies a record, padded with blanks to `size`; returns where it stands. */
  #toScratch(
    table: TableState,
    state: LayoutState,
    bytes: Uint8Array,
    start: number,
    length: number,
    size: number,
  ): number {
    if (table.odd !== null && table.odd !== state) this.#drain(table)
    if (this.#scratchUsed + size > this.#scratch.length - 16) this.#drainAll()
    table.odd = state
    const scratch = this.#scratch
    const at = this.#scratchUsed
    const copied = Math.min(length, size)
    for (let i = 0; i < copied; i++) scratch[at + i] = bytes[start + i]!
    for (let i = copied; i < size; i++) scratch[at + i] = BLANK
    this.#scratchUsed += size
    return at
  }

  #addRow(table: TableState, recordNumber: number, length: number): number {
    const row = table.rowCount++
    table.recordNumbers[row] = recordNumber
    table.recordLengths[row] = length
    if (row + 1 >= table.capacity) this.#flushDue = true
    return row
  }

  #addOdd(table: TableState, at: number, row: number, origin: number): void {
    const k = table.oddPending++
    table.oddOffsets[k] = at
    table.oddRows[k] = row
    table.oddOrigins[k] = origin
    if (k + 1 === PENDING) this.#drain(table)
  }

  #checkLength(
    table: TableState,
    layout: LayoutSpec,
    bytes: Uint8Array,
    start: number,
    length: number,
    origin: number,
  ): void {
    if (length < layout.length) this.stats.shortRecords++
    else if (length > layout.length) this.stats.longRecords++
    if (length <= layout.maxLength) return
    if (isBlank(bytes, start + layout.maxLength, start + length)) return
    this.#report(table, {
      code: 'RECORD_TRAILING_DATA',
      segment: table.table.name,
      field: null,
      recordNumber: this.#line,
      byteOffset: origin + layout.maxLength,
      raw: this.#raw(bytes, start + layout.maxLength, start + length),
    })
  }

  // Headers.

  /** State and ORI: what stands between the level and the end of the key. */
  #headerKey(bytes: Uint8Array, start: number): string {
    const from = this.spec.level?.end ?? 0
    return textOf(bytes, start + from, start + this.#headerKeyLength, this.#characters)
  }

  #noteHeader(table: TableState, key: string, recordNumber: number, byteOffset: number): void {
    if (this.#headersSeen.has(key)) {
      this.#report(table, {
        code: 'HEADER_REPEATED',
        segment: table.table.name,
        field: null,
        recordNumber,
        byteOffset,
        raw: key,
      })
    }
    this.#headersSeen.add(key)
  }

  #headerPart(
    layout: LayoutSpec,
    table: TableState,
    bytes: Uint8Array,
    start: number,
    length: number,
    origin: number,
  ): void {
    const key = this.#headerKey(bytes, start)
    const pending = this.#header
    if (
      pending !== null &&
      (pending.key !== key || pending.layouts.some((other) => other.part >= layout.part))
    ) {
      this.#finishHeader()
    }
    if (this.#header === null) {
      const size = Math.max(
        ...this.spec.layouts
          .filter((other) => other.tableIndex === layout.tableIndex)
          .map((other) => other.partOffset + other.maxLength),
      )
      this.#header = {
        table,
        layouts: [],
        bytes: new Uint8Array(size).fill(BLANK),
        key,
        firstRecord: this.#line,
        origins: [],
        length: 0,
      }
    } else {
      this.stats.joinedHeaderParts++
    }
    const header = this.#header
    header.layouts.push(layout)
    header.bytes.set(
      bytes.subarray(start, start + Math.min(length, layout.maxLength)),
      layout.partOffset,
    )
    header.origins[layout.part] = origin
    header.length += length
    this.#checkLength(table, layout, bytes, start, length, origin)
    if (layout.part === layout.partCount - 1) this.#finishHeader()
  }

  /** Turns the lines of a spread header, complete or not, into a row. */
  #finishHeader(): void {
    const header = this.#header
    if (header === null) return
    this.#header = null
    const { table, layouts } = header
    const all = this.spec.layouts.filter(
      (layout) => layout.tableIndex === table.index && layout.when === undefined,
    )
    const state = this.#joinedState(all)
    const size = header.bytes.length
    const at = this.#toScratch(table, state, header.bytes, 0, size, size)
    const row = this.#addRow(table, header.firstRecord, header.length)
    const first = header.origins.find((origin) => origin !== undefined)!
    table.joinedOrigins.set(row, header.origins)
    this.#addOdd(table, at, row, first)
    if (layouts.length < all.length) {
      this.#report(table, {
        code: 'HEADER_PART_MISSING',
        segment: table.table.name,
        field: null,
        recordNumber: header.firstRecord,
        byteOffset: first,
        raw: all
          .filter((layout) => !layouts.includes(layout))
          .map((layout) => layout.level)
          .join(' '),
      })
    }
    this.#noteHeader(table, header.key, header.firstRecord, first)
  }

  #joined: LayoutState | null = null

  /** One layout over the joined lines of a spread header. */
  #joinedState(parts: readonly LayoutSpec[]): LayoutState {
    if (this.#joined === null) {
      const last = parts[parts.length - 1]!
      this.#joined = new LayoutState(
        {
          ...last,
          fields: parts.flatMap((part) => part.fields),
          fillers: parts.flatMap((part) => part.fillers),
        },
        true,
      )
    }
    return this.#joined
  }

  // Decoding what was framed.

  #drainAll(): void {
    for (const table of this.#tables) if (table !== null) this.#drain(table)
    this.#scratchUsed = 0
  }

  #drain(table: TableState): void {
    if (table.pending > 0) {
      const state = table.nominal!
      const count = table.pending
      const first = table.rows[0]!
      const contiguous = table.rows[count - 1] === first + count - 1
      this.#decodeRows(
        table,
        state,
        this.#chunk,
        this.#view,
        table.offsets,
        contiguous ? null : table.rows,
        count,
        first,
        null,
      )
      table.pending = 0
    }
    if (table.oddPending > 0) {
      this.#decodeRows(
        table,
        table.odd!,
        this.#scratch,
        this.#scratchView,
        table.oddOffsets,
        table.oddRows,
        table.oddPending,
        0,
        table.oddOrigins,
      )
      table.oddPending = 0
      table.joinedOrigins.clear()
      table.odd = null
    }
  }

  #decodeRows(
    table: TableState,
    state: LayoutState,
    bytes: Uint8Array,
    view: DataView,
    offsets: Int32Array,
    rows: Int32Array | null,
    count: number,
    firstRow: number,
    origins: Float64Array | null,
  ): void {
    state.seen += count
    if (state.decoder === null && this.#generate && state.seen >= GENERATE_AFTER) {
      state.decoder = new GeneratedDecoder(
        cellsOf(state.layout, table.builders, state.full),
        { bytes, offsets, count },
        PENDING,
      )
    }
    if (state.decoder === null) {
      for (let j = 0; j < count; j++) {
        const row = rows === null ? firstRow + j : rows[j]!
        const at = offsets[j]!
        this.#decodeRow(table, state, bytes, at, row, origins?.[j] ?? this.#chunkStart + at)
      }
      return
    }
    const marked = this.#marked
    state.decoder.run(bytes, view, offsets, rows, count, firstRow, marked)
    if (marked.rows.length === 0) return
    const byRow = new Map<number, number>()
    if (origins !== null) for (let j = 0; j < count; j++) byRow.set(rows![j]!, origins[j]!)
    for (let i = 0; i < marked.rows.length; i++) {
      const row = marked.rows[i]!
      const at = marked.offsets[i]!
      this.#decodeRow(table, state, bytes, at, row, byRow.get(row) ?? this.#chunkStart + at)
    }
    marked.clear()
  }

  /** Decodes one record with the readable functions and reports its issues. */
  #decodeRow(
    table: TableState,
    state: LayoutState,
    bytes: Uint8Array,
    at: number,
    row: number,
    origin: number,
  ): void {
    const characters = this.#characters
    for (const field of state.layout.fields) {
      if (field.optional && !state.full) continue
      const decoded = decodeField(field, bytes, at, characters)
      const builder = table.builders[field.columns[0]!]!
      if (builder.storage === 'bytes') {
        builder.setBytes(row, bytes, at + field.start, at + field.end, decoded.value !== null)
      } else {
        builder.set(row, decoded.value)
      }
      if (field.columns.length > 1) table.builders[field.columns[1]!]!.set(row, decoded.code)
      if (decoded.issue !== null) {
        this.#reportField(
          table,
          decoded.issue,
          field.name,
          bytes,
          at,
          field.start,
          field.fraction?.end ?? field.end,
          row,
          origin,
        )
      }
    }
    for (const { name, start, end } of state.layout.fillers) {
      if (isBlank(bytes, at + start, at + end)) continue
      this.#reportField(table, 'FILLER_NOT_BLANK', name, bytes, at, start, end, row, origin)
    }
  }

  #reportField(
    table: TableState,
    code: IssueCode,
    field: string,
    bytes: Uint8Array,
    at: number,
    start: number,
    end: number,
    row: number,
    origin: number,
  ): void {
    let byteOffset = origin + start
    let recordNumber = table.recordNumbers[row]!
    const origins = table.joinedOrigins.get(row)
    if (origins !== undefined) {
      const part = this.spec.layouts.findLast(
        (layout) =>
          layout.tableIndex === table.index &&
          layout.partOffset <= start &&
          origins[layout.part] !== undefined,
      )!
      byteOffset = origins[part.part]! + start - part.partOffset
      recordNumber += origins.slice(0, part.part).filter((o) => o !== undefined).length
    }
    this.#report(table, {
      code,
      segment: table.table.name,
      field,
      recordNumber,
      byteOffset,
      raw: this.#raw(bytes, at + start, at + end),
    })
  }

  #throwFirstIssue(): void {
    let first = earliest(this.#loose)
    for (const table of this.#tables) {
      const issue = table?.firstIssue()
      if (issue !== undefined && (first === undefined || issue.byteOffset < first.byteOffset)) {
        first = issue
      }
    }
    if (first === undefined) return
    const where = [first.segment, first.field].filter((part) => part !== null).join('.')
    throw new RecordError(
      first.code,
      `record ${first.recordNumber} at byte ${first.byteOffset}${where === '' ? '' : `, ${where}`}: ` +
        `${first.code}, found ${JSON.stringify(first.raw.slice(0, 40))}; ` +
        'decode without strict to keep going and collect every issue',
      {
        recordNumber: first.recordNumber,
        byteOffset: first.byteOffset,
        ...(first.segment === null ? {} : { segment: first.segment }),
        ...(first.field === null ? {} : { field: first.field }),
      },
    )
  }

  // Batches.

  #flush(last: boolean): void {
    if (this.#options.aligned) this.#finishHeader()
    this.#drainAll()
    const all = last || this.#options.aligned
    for (const table of this.#tables) {
      if (table === null) continue
      if (all ? table.rowCount > 0 || table.issues.length > 0 : table.rowCount >= table.capacity) {
        this.#cut(table)
      }
    }
    this.#handOutIssues()
    this.#pool.restartLarge(DICTIONARY_LIMIT)
  }

  /** Issues of records without a known segment, and too many of others, in batches of no rows. */
  #handOutIssues(): void {
    this.#issuesDue = false
    for (const table of this.#tables) {
      if (table !== null && table.issues.length > HELD_ISSUES) this.#cut(table, true)
    }
    if (this.#loose.length === 0) return
    const table = this.#tables.find((candidate) => candidate !== null)
    if (table === undefined || table === null) return
    const own = table.issues
    table.issues = this.#loose
    this.#loose = []
    this.#cut(table, true)
    table.issues = own
  }

  #cut(table: TableState, issuesOnly = false): void {
    const rowCount = issuesOnly ? 0 : table.rowCount
    const columns: Column[] = table.builders.map((builder) => builder.column(rowCount))
    columns.push(
      new NumberCells(RECORD_COLUMNS[0]!, rowCount, table.recordNumbers, null),
      new NumberCells(RECORD_COLUMNS[1]!, rowCount, table.recordLengths, null),
    )
    if (table.issues.length > 1) table.issues.sort(byPosition)
    this.batches.push({
      segment: table.table.name,
      segmentIndex: table.index,
      rowCount,
      throughRecord: this.#line,
      columns: columnMap(columns),
      recordNumbers: table.recordNumbers.subarray(0, rowCount),
      recordLengths: table.recordLengths.subarray(0, rowCount),
      issues: table.issues,
    })
    table.issues = []
    if (issuesOnly || rowCount === 0) return
    this.stats.rows[table.table.name] = (this.stats.rows[table.table.name] ?? 0) + rowCount
    table.rowCount = 0
    this.#cutTables.push({ table, rowCount })
    if (!this.#options.reuseArrays) this.#renew()
  }

  readonly #cutTables: { readonly table: TableState; readonly rowCount: number }[] = []

  /** Makes the tables of handed-out batches ready for new rows. Call once the batches are used. */
  #renew(): void {
    for (const { table, rowCount } of this.#cutTables) {
      if (this.#options.reuseArrays) {
        for (const builder of table.builders) builder.clear(rowCount)
      } else {
        for (const builder of table.builders) builder.allocate()
        table.recordNumbers = new Uint32Array(table.capacity + 16)
        table.recordLengths = new Uint32Array(table.capacity + 16)
      }
    }
    this.#cutTables.length = 0
  }

  /** Under `reuseArrays`: says that the batches of the last `step` are used up. */
  release(): void {
    this.#renew()
  }
}

function byPosition(a: Issue, b: Issue): number {
  return a.byteOffset - b.byteOffset
}

function earliest(issues: readonly Issue[]): Issue | undefined {
  let first = issues[0]
  for (const issue of issues) {
    if (first === undefined || issue.byteOffset < first.byteOffset) first = issue
  }
  return first
}
