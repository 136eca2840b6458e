import { InputError, SpecError } from '../errors.js'
import { detectHint, type DetectHint } from './detect-hint.js'
import type { CompiledSpec } from './types.js'

/** What the first bytes of a file say about its layout. */
export interface Detection {
  readonly spec: CompiledSpec
  /** Data year that decided, from headers or dates; null when lengths alone did. */
  readonly dataYear: number | null
  /** Why, as half a sentence: "its batch headers (BH) say data year 2022". */
  readonly reason: string
}

/** Bytes to offer `detectEdition`: enough for some thousand records. */
export const DETECT_BYTES = 1 << 20

const FIRST_YEAR = 1980
const LAST_YEAR = 2100
const BLANK = 0x20

interface Line {
  readonly start: number
  readonly end: number
}

interface Candidate {
  readonly spec: CompiledSpec
  readonly hint: DetectHint
  /** Lines of a level this edition has. */
  knownCount: number
  /** Lines with text beyond the longest form of their level. */
  tooLongCount: number
  /** Lines of exactly the nominal length. */
  exactCount: number
}

/**
 * Tells the edition of a file from its first bytes. Does no input or output.
 *
 * In this order: batch headers decide by their kind (BH, or B1 to B3) and the data year they carry;
 * an extract without headers by its record lengths and incident dates. Fields were only ever added
 * at the end of a record, so where nothing tells two editions apart the later one is taken: it reads
 * the shorter lines of the earlier as they are.
 *
 * @param sample the first bytes of the text, best {@link DETECT_BYTES} of them
 * @param complete true when the sample is the whole file, so that its last line counts
 * @param specs editions to choose from; overlays are left out
 * @throws {SpecError} SPEC_NOT_DETECTED saying what was found instead
 * @throws {InputError} INPUT_EMPTY when there is no byte
 */
export function detectEdition(
  sample: Uint8Array,
  complete: boolean,
  specs: readonly CompiledSpec[],
): Detection {
  if (sample.length === 0) {
    throw new InputError('INPUT_EMPTY', 'the input is empty; expected records, one a line')
  }
  const lines = splitLines(sample, complete)
  const candidates = specs.map((spec) => ({
    spec,
    hint: detectHint(spec),
    knownCount: 0,
    tooLongCount: 0,
    exactCount: 0,
  }))
  for (const candidate of candidates) countLines(candidate, sample, lines)
  const known = best(candidates, (candidate) => candidate.knownCount)
  if (known.length === 0 || known[0]!.knownCount * 2 <= lines.length) {
    throw notDetected(describe(sample, lines, known[0]))
  }
  return byHeaders(known, sample, lines) ?? byLengthsAndDates(known, sample, lines)
}

function splitLines(sample: Uint8Array, complete: boolean): readonly Line[] {
  const lines: Line[] = []
  let start = hasByteOrderMark(sample) ? 3 : 0
  while (start < sample.length) {
    const at = sample.indexOf(0x0a, start)
    if (at < 0 && !complete) break
    let end = at < 0 ? sample.length : at
    while (end > start && isPadding(sample[end - 1]!)) end--
    if (end > start) lines.push({ start, end })
    if (at < 0) break
    start = at + 1
  }
  return lines
}

/** Blanks, NUL bytes, the carriage return and the end mark 0x1A: no text ends in them. */
function isPadding(byte: number): boolean {
  return byte === BLANK || byte === 0 || byte === 0x0d || byte === 0x1a
}

function hasByteOrderMark(sample: Uint8Array): boolean {
  return sample[0] === 0xef && sample[1] === 0xbb && sample[2] === 0xbf
}

function countLines(candidate: Candidate, sample: Uint8Array, lines: readonly Line[]): void {
  for (const line of lines) {
    const level = levelOf(candidate, sample, line)
    const lengths = level === null ? undefined : candidate.hint.levels.get(level)
    if (lengths === undefined || !hasAgencyKey(candidate.spec, sample, line)) continue
    if (hasOtherYear(candidate.hint, level, sample, line)) continue
    candidate.knownCount++
    const length = line.end - line.start
    if (length > lengths.maxLength) candidate.tooLongCount++
    if (length === lengths.length) candidate.exactCount++
  }
}

function levelOf({ hint }: Candidate, sample: Uint8Array, { start, end }: Line): string | null {
  if (hint.level === null || end - start < hint.level.end) return null
  return ascii(sample, start + hint.level.start, start + hint.level.end)
}

/**
 * Every ORI begins with the letters of a state. In the submission format, whose records begin with
 * their length ("0307" looks like level 03), digits and an action letter stand in its place.
 */
function hasAgencyKey(spec: CompiledSpec, sample: Uint8Array, { start, end }: Line): boolean {
  const ori = spec.layouts[0]?.keyFields.find((field) => field.name === 'ori')
  if (ori === undefined) return true
  if (end - start < ori.end) return false
  return isCapital(sample[start + ori.start]!) && isCapital(sample[start + ori.start + 1]!)
}

/**
 * A header with something else where the year stands. Headers of the hate crime master file are BH
 * too, with a state and an ORI in the same places.
 */
function hasOtherYear(
  { year }: DetectHint,
  level: string | null,
  sample: Uint8Array,
  line: Line,
): boolean {
  if (year === null || level !== year.level || line.end - line.start < year.end) return false
  const text = ascii(sample, line.start + year.start, line.start + year.end)
  return text.trim() !== '' && !/^\d{4}$/.test(text)
}

function isCapital(byte: number): boolean {
  return byte >= 0x41 && byte <= 0x5a
}

function ascii(sample: Uint8Array, start: number, end: number): string {
  return String.fromCharCode(...sample.subarray(start, end))
}

function best<T>(items: readonly T[], score: (item: T) => number): readonly T[] {
  const top = Math.max(...items.map(score))
  return items.filter((item) => score(item) === top)
}

// Files with batch headers.

function byHeaders(
  candidates: readonly Candidate[],
  sample: Uint8Array,
  lines: readonly Line[],
): Detection | null {
  for (const { hint } of candidates) {
    if (hint.year === null) continue
    const { level, start, end } = hint.year
    const years = lines
      .filter((line) => levelOf({ hint } as Candidate, sample, line) === level)
      .map((line) => yearAt(sample, line, start, end))
    const year = mostCommon(years)
    if (year === null) continue
    const alike = candidates.filter((other) => other.hint.year?.level === level)
    const chosen = best(alike, (other) => -yearsAway(other.spec, year))[0]!
    return {
      spec: chosen.spec,
      dataYear: year,
      reason: `its batch headers (${level}) say data year ${year}`,
    }
  }
  return null
}

function yearAt(sample: Uint8Array, line: Line, start: number, end: number): number | null {
  if (line.end - line.start < end) return null
  const text = ascii(sample, line.start + start, line.start + end)
  const year = /^\d{4}$/.test(text) ? Number(text) : 0
  return year >= FIRST_YEAR && year <= LAST_YEAR ? year : null
}

function mostCommon(years: readonly (number | null)[]): number | null {
  const counts = new Map<number, number>()
  for (const year of years) if (year !== null) counts.set(year, (counts.get(year) ?? 0) + 1)
  return best([...counts], ([, count]) => count)[0]?.[0] ?? null
}

function yearsAway({ dataYears }: CompiledSpec, year: number): number {
  if (dataYears === null) return Infinity
  const [first, last] = dataYears
  return Math.max(0, first - year, last === null ? 0 : year - last)
}

// Extracts without headers.

function byLengthsAndDates(
  known: readonly Candidate[],
  sample: Uint8Array,
  lines: readonly Line[],
): Detection {
  const fitting = best(known, (candidate) => -candidate.tooLongCount)
  const year = incidentYear(known[0]!, sample, lines)
  if (year !== null) {
    const byDate = best(known, (candidate) => -yearsAway(candidate.spec, year))[0]!
    if (fitting.includes(byDate)) {
      const reason = `it has no batch header, and its dates are mostly of ${year}`
      return { spec: byDate.spec, dataYear: year, reason }
    }
    const chosen = best(fitting, (candidate) => -yearsAway(candidate.spec, year))[0]!
    const reason = 'it has no batch header, and its records are too long for an earlier edition'
    return { spec: chosen.spec, dataYear: year, reason }
  }
  const chosen = best(fitting, (candidate) => candidate.exactCount).at(-1)!
  return {
    spec: chosen.spec,
    dataYear: null,
    reason: 'it has no batch header and no date, and its record lengths fit best',
  }
}

/** The most common year of incident dates; of other records' first dates when there are none. */
function incidentYear(
  { spec, hint }: Candidate,
  sample: Uint8Array,
  lines: readonly Line[],
): number | null {
  const roles = ['incident', 'child', 'group_b', 'window', 'record'] as const
  for (const role of roles) {
    const years: (number | null)[] = []
    for (const line of lines) {
      const level = levelOf({ hint } as Candidate, sample, line)
      const layout = spec.layouts.find((item) => item.level === level && item.when === undefined)
      if (layout === undefined || spec.tables[layout.tableIndex]!.role !== role) continue
      const date = layout.fields.find((field) => field.type === 'date')
      if (date !== undefined) years.push(yearAt(sample, line, date.start, date.start + 4))
    }
    const year = mostCommon(years)
    if (year !== null) return year
  }
  return null
}

// What was found instead.

function notDetected(found: string): SpecError {
  return new SpecError(
    'SPEC_NOT_DETECTED',
    `the layout is not a NIBRS master file's as far as its first bytes tell: ${found}; ` +
      'if you know the layout, name it, such as nibrs/master@2013, or pass a spec of your own',
  )
}

function describe(
  sample: Uint8Array,
  lines: readonly Line[],
  closest: Candidate | undefined,
): string {
  const first = lines[0]
  const head = ascii(sample, 0, Math.min(sample.length, 8))
  if (head.startsWith('PAR1')) return 'it is a Parquet file'
  if (head.startsWith('ARROW1')) return 'it is an Arrow file'
  if (head.startsWith('%PDF')) return 'it is a PDF document'
  if (/^(\xff\xfe|\xfe\xff)/.test(head)) return 'it is text of two bytes a character (UTF-16)'
  if (first === undefined) {
    if (sample.includes(0x0a)) return 'it holds nothing but blank lines'
    return `it has no line end in its first ${sample.length} bytes`
  }
  const text = ascii(sample, first.start, Math.min(first.end, first.start + 60))
  // NIBRS Technical Specification, chapter 2: length 1-4, level 5, action 6, month 7-8, year 9-12,
  // city 13-16, ORI 17-25.
  if (/^\d{4}[0-9A-Z][A-Z]\d{6}.{4}[A-Z]{2}/.test(text)) {
    return (
      'it looks like the submission format that agencies send (a record length first), ' +
      'which this package does not read'
    )
  }
  if (lines.some((line) => /^IR\d\d[A-Z]{2}/.test(ascii(sample, line.start, line.start + 6)))) {
    return 'it looks like the hate crime master file (records IR), another layout'
  }
  if (/^"?[A-Za-z_]{3,}"?[,\t|]/.test(text)) {
    return "it looks like a table with column names, such as the FBI's CSV downloads"
  }
  if (/^[\s]*[{[<]/.test(text)) return 'it looks like JSON or XML'
  const shown = JSON.stringify(text.slice(0, 2))
  return `${closest?.knownCount ?? 0} of ${lines.length} lines begin with a segment level and an ORI, the first line with ${shown}`
}
