import { Arena } from './arena.js'
import type { Column, SegmentBatch } from './batch.js'
import {
  ColumnBuilder,
  columnBytes,
  DictionaryPool,
  IdentifierDictionary,
  KNOWN16,
  mixedTable,
} from './builders.js'
import { columnMap, NumberCells, RECORD_COLUMNS } from './columns.js'
import { characterTable } from './encoding.js'
import { InputError, OptionError, RecordError } from './errors.js'
import { decodeField, isBlank, parseDigits, textOf } from './field-types.js'
import { type Frame, plainFrame } from './framing.js'
import type { Issue, IssueCode } from './issues.js'
import type { ResolvedDecodeOptions } from './options.js'
import type { CompiledSpec, FieldSpec, LayoutSpec, TableSpec } from './spec/types.js'
import { frameModule, KIND, LEVEL, SLACK, STATE, STOP, STRIP, TABLE } from './wasm/frame-module.js'
import { type Cell, layoutModule } from './wasm/layout-module.js'
import { hasWasm, instantiate } from './wasm/web-assembly.js'

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
const GENERATE_AFTER = 16
/** Identifiers a table's dictionary may hold before it begins anew with the next batch. */
const DICTIONARY_LIMIT = 32_768
/** Room for small things: marks, states, levels. */
const SMALL_ROOM = 1 << 20
/** Room for what a writer needs next to columns that it reads where they are. */
const WRITER_ROOM = 64 << 20
/**
 * Least memory of a decoding; what is not touched costs nothing. From 64 MiB on V8 collects once, at the
 * start and beside the program. With less it does so later and all at once, which takes longer.
 */
const LEAST_ROOM = 192 << 20
const RAW_LIMIT = 512
/** Issues held back at most before they are handed out in a batch of no rows. */
const HELD_ISSUES = 16_384
/** Headers told apart at most; the FBI has some 25,000 agencies. */
const HEADERS_REMEMBERED = 1 << 20
const MAX_INT32 = 0x7fffffff
const BLANK = 0x20
const END_MARK = 0x1a
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf]

/** Decodes listed records; returns how many list positions it wrote to `marks`. */
type DecodeRows = (offsets: number, rows: number, count: number, marks: number) => number

/** A layout with the code that decodes it. */
class LayoutState {
  readonly layout: LayoutSpec
  /** Whether optional tails are read too: of records copied and padded to their full length. */
  readonly full: boolean
  decode: DecodeRows | null = null
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
  readonly recordNumbers: Uint32Array
  readonly recordLengths: Uint32Array
  issues: Issue[] = []

  /** Counts and addresses, shared with the framing code; see TABLE. */
  readonly words: Int32Array
  // Records of the current window, to be decoded in place.
  readonly offsets: Int32Array
  readonly rows: Int32Array
  nominal: LayoutState | null = null
  // Records copied to scratch: short, long, joined, or of an overlay.
  readonly oddOffsets: Int32Array
  readonly oddRows: Int32Array
  /** File offset of each record's first byte. */
  readonly oddOrigins: Float64Array
  odd: LayoutState | null = null
  /** Where the parts of joined records stand, by row. */
  readonly joinedPlaces = new Map<number, readonly Place[]>()

  constructor(
    table: TableSpec,
    index: number,
    builders: readonly ColumnBuilder[],
    capacity: number,
    arena: Arena,
  ) {
    this.table = table
    this.index = index
    this.builders = builders
    this.capacity = capacity
    this.recordNumbers = arena.take('u32', capacity + 16)
    this.recordLengths = arena.take('u32', capacity + 16)
    this.offsets = arena.take('i32', PENDING)
    this.rows = arena.take('i32', PENDING)
    this.oddOffsets = arena.take('i32', PENDING)
    this.oddRows = arena.take('i32', PENDING)
    this.oddOrigins = arena.take('f64', PENDING)
    this.words = arena.take('i32', TABLE.words)
    this.words[TABLE.capacity] = capacity
    this.words[TABLE.recordNumbers] = this.recordNumbers.byteOffset
    this.words[TABLE.recordLengths] = this.recordLengths.byteOffset
    this.words[TABLE.offsets] = this.offsets.byteOffset
    this.words[TABLE.rows] = this.rows.byteOffset
    this.words[TABLE.oddOffsets] = this.oddOffsets.byteOffset
    this.words[TABLE.oddRows] = this.oddRows.byteOffset
    this.words[TABLE.oddOrigins] = this.oddOrigins.byteOffset
  }

  get rowCount(): number {
    return this.words[TABLE.rowCount]!
  }

  /** Bytes of arena a table takes. */
  static bytes(table: TableSpec, capacity: number): number {
    const columns = table.columns.reduce(
      (sum, column) => sum + columnBytes(column, capacity + 2),
      0,
    )
    return columns + 8 * (capacity + 16) + 24 * PENDING + 1024
  }
}

/** Where a line stands in the file. */
interface Place {
  readonly byteOffset: number
  readonly recordNumber: number
}

/** A header spread over several lines, some of which have arrived. */
interface PendingHeader {
  readonly table: TableState
  readonly layouts: LayoutSpec[]
  readonly bytes: Uint8Array
  readonly key: string
  readonly firstRecord: number
  /** By part; a missing part leaves a hole. */
  readonly places: Place[]
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
  readonly #quietUnknown: boolean
  readonly #characters: readonly string[]
  readonly #pool: DictionaryPool
  readonly #tables: readonly (TableState | null)[]
  readonly #levels: readonly Level[]
  readonly #arena: Arena
  readonly #frame: Frame
  readonly #marks: Int32Array

  /** Level by the first two bytes; -1 where they tell none, or not alone. */
  readonly #dispatch: Int16Array
  readonly #levelWords: Int32Array
  /** Table entry of the levels that were not asked for. */
  readonly #noTable: Int32Array
  readonly #byText = new Map<string, number>()
  readonly #headerKeyLength: number
  /** The field that says the data year, of layouts that have one. */
  readonly #yearFields = new Map<LayoutSpec, FieldSpec>()
  readonly #layoutStates = new Map<LayoutSpec, { nominal: LayoutState; full: LayoutState }>()

  /** Frame state; see STATE. */
  readonly #state: Int32Array
  readonly #stateOrigin: Float64Array
  readonly #input: Uint8Array
  readonly #scratch: Uint8Array

  #chunk: Uint8Array = new Uint8Array(0)
  #at = 0
  /** Bytes in `#input`: those not dealt with start at `#from`. */
  #from = 0
  #filled = 0
  /** No whole line is left in `#input`. */
  #wantsInput = true
  #ended = false
  #finished = false
  #flushDue = false
  #issuesDue = false
  #header: PendingHeader | null = null
  readonly #headersSeen = new Set<string>()
  #loose: Issue[] = []

  /**
   * @param quietUnknown count lines of unknown level as not selected, without an issue: another
   *   decoder over the same input reports them
   */
  constructor(
    spec: CompiledSpec,
    options: ResolvedDecodeOptions,
    { quietUnknown = false }: { readonly quietUnknown?: boolean } = {},
  ) {
    this.spec = spec
    this.#quietUnknown = quietUnknown
    this.#options = options
    this.#characters = characterTable(spec.encoding)
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
    const selected = (table: TableSpec): boolean =>
      options.segments === null || options.segments.includes(table.name)
    const longest = Math.max(...spec.layouts.map((layout) => layout.partOffset + layout.maxLength))
    const scratchBytes = Math.max(SCRATCH, longest * 64)
    this.#arena = new Arena(
      Math.max(
        LEAST_ROOM,
        WINDOW + MAX_LINE_BYTES + scratchBytes + STRIP.room + roomFor(spec, selected, capacity),
      ),
      options.generated && hasWasm(),
    )
    const arena = this.#arena
    this.#pool = new DictionaryPool(arena)
    this.#tables = spec.tables.map((table, index) =>
      selected(table)
        ? new TableState(
            table,
            index,
            table.columns.map(
              (column) =>
                new ColumnBuilder(
                  column,
                  capacity + 2,
                  this.#pool.for(column, table.name),
                  this.#characters,
                  arena,
                ),
            ),
            capacity,
            arena,
          )
        : null,
    )
    this.#input = arena.take('u8', WINDOW + MAX_LINE_BYTES + SLACK)
    this.#scratch = arena.take('u8', scratchBytes + SLACK)
    this.#marks = arena.take('i32', PENDING)
    this.#state = arena.take('i32', STATE.words)
    this.#stateOrigin = new Float64Array(
      this.#state.buffer,
      this.#state.byteOffset + STATE.origin * 4,
      1,
    )
    this.#state[STATE.scratch] = this.#scratch.byteOffset
    this.#state[STATE.scratchEnd] = this.#scratch.byteOffset + scratchBytes
    this.#state[STATE.lineEnds] = arena.take('u8', STRIP.room).byteOffset
    this.#stateOrigin[0] = -this.#input.byteOffset
    this.#noTable = noTable(arena)
    this.#dispatch = arena.take('i16', 65_536).fill(-1)
    this.#levels = this.#resolveLevels()
    for (const layout of spec.layouts) {
      const field = layout.fields.find(({ name }) => name === spec.yearField?.column)
      if (field !== undefined) this.#yearFields.set(layout, field)
    }
    this.#levelWords = arena.take('i32', this.#levels.length * LEVEL.words)
    this.#frame =
      arena.memory === null
        ? plainFrame(arena.bytes)
        : (instantiate(frameModule(memoryOf(arena)), arena.memory)['frame'] as Frame)
    this.#setUpDispatch()
    this.#headerKeyLength =
      this.#levels.find(({ layout }) => spec.tables[layout.tableIndex]!.role === 'header')?.layout
        .keyLength ?? 0
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
    this.#setKinds()
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

  #setUpDispatch(): void {
    const { level } = this.spec
    this.#levels.forEach(({ layout }, index) => {
      if (level === null) {
        this.#dispatch.fill(index)
        return
      }
      this.#byText.set(layout.level, index)
      if (level.start !== 0 || !isAscii(layout.level)) return
      if (layout.level.length === 1) {
        const first = layout.level.charCodeAt(0)
        for (let second = 0; second < 256; second++) this.#dispatch[first | (second << 8)] = index
      } else if (layout.level.length === 2) {
        this.#dispatch[layout.level.charCodeAt(0) | (layout.level.charCodeAt(1) << 8)] = index
      }
    })
    if (level !== null) return
    // A line that begins with blanks may be a blank line, one that begins with end marks an end.
    for (const first of [BLANK, 0]) {
      for (const second of [BLANK, 0]) this.#dispatch[first | (second << 8)] = -1
    }
    this.#dispatch[END_MARK | (END_MARK << 8)] = -1
  }

  /** Decides which levels framing deals with itself; depends on the data year. */
  #setKinds(): void {
    this.#levels.forEach(({ layout, table, variants }, index) => {
      const header = this.spec.tables[layout.tableIndex]!.role === 'header'
      const words = this.#levelWords.subarray(index * LEVEL.words, (index + 1) * LEVEL.words)
      words[LEVEL.length] = layout.length
      words[LEVEL.keyLength] = layout.keyLength
      words[LEVEL.maxLength] = layout.maxLength
      words[LEVEL.table] = (table?.words ?? this.#noTable).byteOffset
      const special =
        header || layout.partCount > 1 || variants.some((variant) => this.#inYears(variant))
      words[LEVEL.kind] = special ? KIND.special : table === null ? KIND.unselected : KIND.plain
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
    this.#chunk = chunk
    this.#at = 0
    this.stats.bytes += chunk.length
  }

  /** Says that no chunk follows. */
  end(): void {
    this.#ended = true
  }

  /** True once `limit` records were read. */
  get limitReached(): boolean {
    return this.stats.records >= this.#options.limit
  }

  get #line(): number {
    return this.#state[STATE.line]! >>> 0
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
    let more = this.limitReached ? false : this.#window()
    // A line dealt with apart is no reason to decode what is listed so far: there may be many.
    while (this.#metSpecial && !this.#mustStop()) more = this.#window()
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

  /** Whether framing may not go on before what is listed is decoded and handed out. */
  #mustStop(): boolean {
    return this.#flushDue || this.#issuesDue || this.#options.strict || this.limitReached
  }

  #finish(): void {
    this.#finished = true
    const bytes = this.#arena.bytes
    const start = this.#input.byteOffset + this.#from
    const end = this.#input.byteOffset + this.#filled
    if (!this.limitReached && end > start) {
      let length = end - start
      while (length > 0 && bytes[start + length - 1] === END_MARK) length--
      if (length < end - start) this.stats.endMarks++
      if (length > 0) {
        this.#state[STATE.line]!++
        if (bytes[start + length - 1] === 0x0d) length--
        this.#specialLine(start, length)
      }
    }
    this.#finishHeader(this.limitReached)
    this.#drainAll()
    if (this.#options.strict) this.#throwFirstIssue()
    this.#flush(true)
  }

  /** Whether `#window` has returned for a line that framing did not deal with. */
  #metSpecial = false

  /** Frames and dispatches one window; false when the chunk is used up. */
  #window(): boolean {
    this.#metSpecial = false
    const input = this.#input
    if (this.#at < this.#chunk.length && this.#wantsInput) {
      this.#wantsInput = false
      // Keep what is left of the last line, and fill up behind it.
      if (this.#from > 0) {
        input.copyWithin(0, this.#from, this.#filled)
        this.#stateOrigin[0]! += this.#from
        this.#filled -= this.#from
        this.#from = 0
      }
      const size = Math.min(this.#chunk.length - this.#at, WINDOW)
      input.set(this.#chunk.subarray(this.#at, this.#at + size), this.#filled)
      this.#at += size
      this.#filled += size
    }
    if (this.#markPending && !this.#passMark()) {
      this.#wantsInput = true
      return this.#at < this.#chunk.length
    }
    const base = input.byteOffset
    const stop = this.#runFrame(base + this.#from, base + this.#filled)
    this.#from = this.#state[STATE.position]! - base
    if (stop === STOP.special) {
      const length = this.#state[STATE.length]!
      const next = this.#state[STATE.next]!
      this.#specialLine(this.#from + base, length)
      this.#from = next - base
      this.#metSpecial = true
    } else if (stop === STOP.full) {
      this.#flushDue = true
    } else if (stop === STOP.end) {
      this.#wantsInput = true
      if (this.#filled - this.#from > MAX_LINE_BYTES) this.#throwTooLong()
      return this.#at < this.#chunk.length
    }
    return true
  }

  #markPending = true

  /** Passes over a byte order mark; false while there are too few bytes to tell. */
  #passMark(): boolean {
    for (const [index, byte] of BYTE_ORDER_MARK.entries()) {
      if (index === this.#filled) return false
      if (this.#input[index] === byte) continue
      this.#markPending = false
      return true
    }
    this.#from = BYTE_ORDER_MARK.length
    this.#markPending = false
    return true
  }

  #throwTooLong(): never {
    const byteOffset = this.#stateOrigin[0]! + this.#input.byteOffset + this.#from
    throw new InputError(
      'INPUT_RECORD_TOO_LONG',
      `line ${this.#line + 1} at byte ${byteOffset} is longer than ${MAX_LINE_BYTES} bytes; ` +
        'expected fixed-width text with one record a line, so check that this is the right file',
      { byteOffset, recordNumber: this.#line + 1 },
    )
  }

  #runFrame(start: number, end: number): number {
    const state = this.#state
    const { stats } = this
    const left = Math.min(this.#options.limit - stats.records, MAX_INT32)
    const stop = this.#frame(
      state.byteOffset,
      this.#levelWords.byteOffset,
      this.#dispatch.byteOffset,
      start,
      end,
      left,
      PENDING,
    )
    stats.records += state[STATE.records]!
    stats.notSelected += state[STATE.notSelected]!
    stats.shortRecords += state[STATE.shortRecords]!
    stats.longRecords += state[STATE.longRecords]!
    state[STATE.records] = 0
    state[STATE.notSelected] = 0
    state[STATE.shortRecords] = 0
    state[STATE.longRecords] = 0
    return stop
  }

  /** A line that framing did not deal with, at `start`; STATE.line is its number. */
  #specialLine(start: number, length: number): void {
    const bytes = this.#arena.bytes
    const origin = this.#stateOrigin[0]! + start
    const index = this.#levelAt(bytes, start, length)
    if (index < 0) {
      this.#unknownLine(bytes, start, length, origin)
      return
    }
    this.stats.records++
    const level = this.#levels[index]!
    const { table } = level
    const layout = this.#variantOf(level, bytes, start, length)
    const isHeader = this.spec.tables[layout.tableIndex]!.role === 'header'
    if (isHeader) {
      this.#readYear(layout, bytes, start - layout.partOffset, length + layout.partOffset)
    }
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
    this.#checkLength(table, layout, bytes, start, length, origin)
    const size = layout.maxLength
    const at = this.#toScratch(bytes, start, Math.min(length, size), size)
    this.#addOdd(table, this.#states(layout).full, at, origin, this.#line, length)
    if (isHeader) this.#noteHeader(table, this.#headerKey(bytes, start), this.#line, origin)
  }

  #levelAt(bytes: Uint8Array, start: number, length: number): number {
    const { level } = this.spec
    if (level === null) {
      const end = start + length
      return isBlank(bytes, start, end) || isEndMark(bytes, start, end) ? -1 : 0
    }
    if (length < level.end) return -1
    let text = ''
    for (let i = start + level.start; i < start + level.end; i++) {
      text += this.#characters[bytes[i]!]!
    }
    return this.#byText.get(text) ?? -1
  }

  #unknownLine(bytes: Uint8Array, start: number, length: number, origin: number): void {
    if (isBlank(bytes, start, start + length)) {
      this.stats.blankLines++
      return
    }
    if (isEndMark(bytes, start, start + length)) {
      this.stats.endMarks++
      return
    }
    this.stats.records++
    if (this.#quietUnknown) {
      this.stats.notSelected++
      return
    }
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
    const field = this.#yearFields.get(layout)
    if (field === undefined || length < field.end) return
    const year = parseDigits(bytes, start + field.start, start + field.end)
    if (year === undefined || year === 0 || year === this.stats.dataYear) return
    this.stats.dataYear = year
    this.#setKinds()
  }

  /** Copies a record, padded with blanks to `size`; returns where it stands. */
  #toScratch(bytes: Uint8Array, start: number, length: number, size: number): number {
    if (this.#state[STATE.scratch]! + size > this.#state[STATE.scratchEnd]!) this.#drainAll()
    const at = this.#state[STATE.scratch]!
    this.#arena.bytes.set(bytes.subarray(start, start + length), at)
    this.#arena.bytes.fill(BLANK, at + length, at + size)
    this.#state[STATE.scratch] = at + size
    return at
  }

  /** Adds a row for a record in scratch, and decodes it at once. */
  #addOdd(
    table: TableState,
    state: LayoutState,
    at: number,
    origin: number | readonly Place[],
    recordNumber: number,
    length: number,
  ): void {
    // What framing has listed comes first, and is of the base layout.
    this.#drain(table)
    const row = table.words[TABLE.rowCount]!++
    table.recordNumbers[row] = recordNumber
    table.recordLengths[row] = length
    if (row + 1 >= table.capacity) this.#flushDue = true
    table.oddOffsets[0] = at
    table.oddRows[0] = row
    table.words[TABLE.oddPending] = 1
    table.odd = state
    if (typeof origin === 'number') table.oddOrigins[0] = origin
    else table.joinedPlaces.set(row, origin)
    this.#drain(table)
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
    if (this.#headersSeen.size < HEADERS_REMEMBERED) this.#headersSeen.add(key)
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
      const padded = new Uint8Array(size).fill(BLANK)
      // The key as this part repeats it, in case the first part is missing.
      const from = this.spec.level?.end ?? 0
      padded.set(bytes.subarray(start + from, start + this.#headerKeyLength), from)
      this.#header = {
        table,
        layouts: [],
        bytes: padded,
        key,
        firstRecord: this.#line,
        places: [],
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
    header.places[layout.part] = { byteOffset: origin, recordNumber: this.#line }
    header.length += length
    this.#checkLength(table, layout, bytes, start, length, origin)
    if (layout.part === layout.partCount - 1) this.#finishHeader()
  }

  /**
   * Turns the lines of a spread header, complete or not, into a row.
   *
   * @param cutShort whether reading ended before the end of the data, so that parts behind the last
   *   line read may be there
   */
  #finishHeader(cutShort = false): void {
    const header = this.#header
    if (header === null) return
    this.#header = null
    const { table, layouts } = header
    const all = this.spec.layouts.filter(
      (layout) => layout.tableIndex === table.index && layout.when === undefined,
    )
    const state = this.#joinedState(all)
    const size = header.bytes.length
    const at = this.#toScratch(header.bytes, 0, size, size)
    const first = header.places.find((place) => place !== undefined)!.byteOffset
    this.#addOdd(table, state, at, header.places, header.firstRecord, header.length)
    const isOpen = cutShort && header.places.at(-1)!.recordNumber === this.#line
    const missing = all.filter(
      (layout) => !layouts.includes(layout) && !(isOpen && layout.part >= header.places.length),
    )
    if (missing.length > 0) {
      this.#report(table, {
        code: 'HEADER_PART_MISSING',
        segment: table.table.name,
        field: null,
        recordNumber: header.firstRecord,
        byteOffset: first,
        raw: missing.map((layout) => layout.level).join(' '),
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
    this.#state[STATE.scratch] = this.#scratch.byteOffset
  }

  #drain(table: TableState): void {
    const pending = table.words[TABLE.pending]!
    const oddPending = table.words[TABLE.oddPending]!
    if (pending > 0) {
      table.nominal ??= this.#baseState(table, false)
      this.#decodeRows(table, table.nominal, table.offsets, table.rows, pending, null)
      table.words[TABLE.pending] = 0
    }
    if (oddPending > 0) {
      const state = table.odd ?? this.#baseState(table, true)
      const origins = table.oddOrigins
      this.#decodeRows(table, state, table.oddOffsets, table.oddRows, oddPending, origins)
      table.words[TABLE.oddPending] = 0
      table.joinedPlaces.clear()
      table.odd = null
    }
  }

  #baseState(table: TableState, full: boolean): LayoutState {
    const { layout } = this.#levels.find((level) => level.table === table)!
    return full ? this.#states(layout).full : this.#states(layout).nominal
  }

  #decodeRows(
    table: TableState,
    state: LayoutState,
    offsets: Int32Array,
    rows: Int32Array,
    count: number,
    origins: Float64Array | null,
  ): void {
    if (
      state.decode === null &&
      this.#arena.memory !== null &&
      state.seen + count >= GENERATE_AFTER
    ) {
      this.#generate(table, state, offsets, count)
    }
    state.seen += count
    const { decode } = state
    const origin = this.#stateOrigin[0]!
    const left =
      decode === null
        ? count
        : decode(offsets.byteOffset, rows.byteOffset, count, this.#marks.byteOffset)
    for (let i = 0; i < left; i++) {
      const j = decode === null ? i : this.#marks[i]!
      const at = offsets[j]!
      this.#decodeRow(table, state, at, rows[j]!, origins?.[j] ?? origin + at)
    }
  }

  #generate(table: TableState, state: LayoutState, offsets: Int32Array, count: number): void {
    const { layout, full } = state
    const cells: Cell[] = layout.fields
      .filter((field) => full || !field.optional)
      .map((field) => {
        const builders = field.columns.map((index) => table.builders[index]!)
        return {
          field,
          ...extentOf(field),
          builders,
          table: this.#fieldTable(field, builders),
        }
      })
    for (const { start, end } of layout.fillers) {
      if (!full && end > layout.length) continue
      cells.push({ field: null, start, end, builders: [], table: null })
    }
    const sample = { bytes: this.#arena.bytes, offsets: [...offsets.subarray(0, count)] }
    const { memory } = this.#arena
    const exports = instantiate(layoutModule(cells, sample, memoryOf(this.#arena)), memory!)
    state.decode = exports['decode'] as DecodeRows
  }

  readonly #fieldTables = new Map<FieldSpec, Uint16Array | Uint32Array>()

  /** The look-up table of a flag or a mixed field; null for other types. */
  #fieldTable(
    field: FieldSpec,
    builders: readonly ColumnBuilder[],
  ): Uint16Array | Uint32Array | null {
    let table = this.#fieldTables.get(field) ?? null
    if (table !== null) return table
    const kind = fieldTableKind(field)
    const shared = builders[0]!.shared!
    if (kind === 'flag') {
      table = this.#arena.take('u16', 256)
      const { yes, no } = field.flag!
      // What a byte above 0x7F stands for depends on the encoding.
      if (isAscii(yes)) table[yes.charCodeAt(0)] = KNOWN16 | shared.indexOf(true)
      if (isAscii(no)) table[no.charCodeAt(0)] = KNOWN16 | shared.indexOf(false)
      table[BLANK] = KNOWN16
    } else if (kind === 'mixed' && builders[1]?.shared != null) {
      table = this.#arena.take('u32', 65_536)
      mixedTable(table, field.range!, field.codes ?? null, shared, builders[1].shared)
    }
    if (table !== null) this.#fieldTables.set(field, table)
    return table
  }

  /** Decodes one record with the readable functions and reports its issues. */
  #decodeRow(table: TableState, state: LayoutState, at: number, row: number, origin: number): void {
    const { bytes } = this.#arena
    const characters = this.#characters
    for (const field of state.layout.fields) {
      if (field.optional && !state.full) continue
      const decoded = decodeField(field, bytes, at, characters)
      const builder = table.builders[field.columns[0]!]!
      if (builder.storage === 'bytes') {
        builder.setBytes(row, bytes, at + field.start, at + field.end, decoded.value !== null)
      } else if (builder.shared instanceof IdentifierDictionary && decoded.value !== null) {
        const text = decoded.value as string
        builder.out[row] = builder.shared.indexOfBytes(bytes, at + field.start, text)
      } else {
        builder.set(row, decoded.value)
      }
      if (field.columns.length > 1) table.builders[field.columns[1]!]!.set(row, decoded.code)
      if (decoded.issue !== null) {
        const { start, end } = extentOf(field)
        this.#reportField(table, decoded.issue, field.name, bytes, at, start, end, row, origin)
      }
    }
    for (const { name, start, end } of state.layout.fillers) {
      // A record decoded in place ends at its nominal length: an optional filler is not there.
      if (!state.full && end > state.layout.length) continue
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
    const places = table.joinedPlaces.get(row)
    if (places !== undefined) {
      const part = this.spec.layouts.findLast(
        (layout) =>
          layout.tableIndex === table.index &&
          layout.partOffset <= start &&
          places[layout.part] !== undefined,
      )
      // Without the first part, the key is that of the next one, at the same place in its line.
      const place =
        part === undefined ? places.find((one) => one !== undefined)! : places[part.part]!
      byteOffset = place.byteOffset + start - (part?.partOffset ?? 0)
      recordNumber = place.recordNumber
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
      const issue = table === null ? undefined : earliest(table.issues)
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
        this.#cut(table, false, last)
      }
    }
    this.#handOutIssues()
  }

  /** Issues of records without a known segment, and too many of others, in batches of no rows. */
  #handOutIssues(): void {
    this.#issuesDue = false
    for (const table of this.#tables) {
      if (table !== null && table.issues.length > HELD_ISSUES) this.#cut(table, true)
    }
    if (this.#loose.length === 0) return
    const table = this.#tables.find((candidate) => candidate !== null)
    if (table === undefined || table === null) {
      this.batches.push({
        segment: this.spec.tables[0]!.name,
        segmentIndex: 0,
        rowCount: 0,
        throughRecord: this.#line,
        columns: new Map(),
        recordNumbers: new Uint32Array(0),
        recordLengths: new Uint32Array(0),
        issues: this.#loose.sort(byPosition),
      })
      this.#loose = []
      return
    }
    const own = table.issues
    table.issues = this.#loose
    this.#loose = []
    this.#cut(table, true)
    table.issues = own
  }

  #cut(table: TableState, issuesOnly = false, last = false): void {
    const rowCount = issuesOnly ? 0 : table.rowCount
    const copied = !this.#options.reuseArrays
    for (const builder of table.builders) builder.shared?.sync()
    const columns: Column[] = table.builders.map((builder) => builder.column(rowCount, copied))
    const numbers = copied ? table.recordNumbers.slice(0, rowCount) : table.recordNumbers
    const lengths = copied ? table.recordLengths.slice(0, rowCount) : table.recordLengths
    columns.push(
      new NumberCells(RECORD_COLUMNS[0]!, rowCount, numbers, null),
      new NumberCells(RECORD_COLUMNS[1]!, rowCount, lengths, null),
    )
    if (table.issues.length > 1) table.issues.sort(byPosition)
    this.batches.push({
      segment: table.table.name,
      segmentIndex: table.index,
      rowCount,
      throughRecord: this.#line,
      ...(last ? { last } : {}),
      columns: columnMap(columns),
      recordNumbers: numbers.subarray(0, rowCount),
      recordLengths: lengths.subarray(0, rowCount),
      issues: table.issues,
    })
    table.issues = []
    if (issuesOnly || rowCount === 0) return
    this.stats.rows[table.table.name] = (this.stats.rows[table.table.name] ?? 0) + rowCount
    table.words[TABLE.rowCount] = 0
    if (copied) this.#renew(table, rowCount)
    else this.#cutTables.push({ table, rowCount })
  }

  /** Under `reuseArrays`: tables whose arrays are in the caller's hands. */
  readonly #cutTables: { readonly table: TableState; readonly rowCount: number }[] = []

  #renew(table: TableState, rowCount: number): void {
    for (const { shared } of table.builders) {
      if (shared instanceof IdentifierDictionary && shared.size > DICTIONARY_LIMIT) shared.restart()
    }
    for (const builder of table.builders) builder.clear(rowCount)
  }

  /** Under `reuseArrays`: says that the batches of the last `step` are used up. */
  release(): void {
    for (const { table, rowCount } of this.#cutTables) this.#renew(table, rowCount)
    this.#cutTables.length = 0
  }
}

/** Bytes of arena that everything takes whose size depends on the spec or on the rows of a batch. */
function roomFor(
  spec: CompiledSpec,
  selected: (table: TableSpec) => boolean,
  capacity: number,
): number {
  const tables = spec.tables.filter(selected)
  let room = SMALL_ROOM + WRITER_ROOM + DictionaryPool.bytes(tables)
  for (const table of tables) room += TableState.bytes(table, capacity)
  for (const { tableIndex, fields } of spec.layouts) {
    room += LEVEL.words * 4
    if (!selected(spec.tables[tableIndex]!)) continue
    for (const field of fields) room += fieldTableBytes(field)
  }
  return room
}

/** Whether a field has a look-up table of its own, and for which keys. */
function fieldTableKind({ type, start, end, flag, range }: FieldSpec): 'flag' | 'mixed' | null {
  const width = end - start
  if (type === 'flag' && width === 1 && flag !== undefined) return 'flag'
  return type === 'number_or_code' && width === 2 && range !== undefined ? 'mixed' : null
}

/** Most bytes of arena that a field's own look-up table takes. */
function fieldTableBytes(field: FieldSpec): number {
  const kind = fieldTableKind(field)
  if (kind === null) return 0
  return kind === 'flag' ? Arena.sizeOf('u16', 256) : Arena.sizeOf('u32', 65_536)
}

/** A table entry that takes lines and keeps none: one place in each list, and no end to its room. */
function noTable(arena: Arena): Int32Array {
  const words = arena.take('i32', TABLE.words)
  const { byteOffset } = arena.take('i32', 1)
  words[TABLE.capacity] = MAX_INT32
  for (const list of ['recordNumbers', 'recordLengths', 'offsets', 'rows'] as const) {
    words[TABLE[list]] = byteOffset
  }
  return words
}

/** What a module over the arena must declare of its memory. */
function memoryOf(arena: Arena): {
  readonly initialPages: number
  readonly maximumPages: number
  readonly shared: boolean
} {
  return { initialPages: arena.pages, maximumPages: arena.pages, shared: false }
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false
  return true
}

/** All bytes of a field: a fraction may stand apart from its whole part, on either side. */
function extentOf({ start, end, fraction }: FieldSpec): { start: number; end: number } {
  return {
    start: Math.min(start, fraction?.start ?? start),
    end: Math.max(end, fraction?.end ?? end),
  }
}

function isEndMark(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i] !== END_MARK) return false
  return true
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
