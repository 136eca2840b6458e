import { InputError, SpecError } from '../errors.js'
import type { DetectHint, LineBytes } from './detect-hint.js'

/** What the first bytes of a file say about its layout. */
export interface Detection {
  /** Id of the edition. */
  readonly id: string
  /** Data year that decided, from headers or dates; null when lengths alone did. */
  readonly dataYear: number | null
  /** Why, as half a sentence: "its batch headers (BH) say data year 2022". */
  readonly reason: string
}

/** Bytes to offer `detectEdition`: enough for some thousand records. */
export const DETECT_BYTES = 1 << 20
/** Lines looked at. All of a MiB, 12,000, took as long as starting the program. */
export const DETECT_LINES = 4096

/** More than any record of a master file has; a batch header, the longest, has 284 bytes. */
const LONGEST_RECORD = 1024

const FIRST_YEAR = 1980
const LAST_YEAR = 2100
const BLANK = 0x20

interface Line {
  readonly start: number
  readonly end: number
}

/** Lines of one level. */
interface LevelLines {
  readonly lines: Line[]
  /** How many of them have an agency, by length. */
  readonly lengthCounts: Map<number, number>
}

type LinesByLevel = ReadonlyMap<number, LevelLines>

interface Candidate {
  readonly hint: DetectHint
  readonly byLevel: LinesByLevel
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
 * @param sample the first bytes of the text, best {@link DETECT_BYTES} of them, or {@link DETECT_LINES} lines
 * @param complete true when the sample is the whole file, so that its last line counts
 * @param hints editions to choose from, oldest first
 * @throws {SpecError} SPEC_NOT_DETECTED saying what was found instead
 * @throws {InputError} INPUT_EMPTY when there is no byte
 */
export function detectEdition(
  sample: Uint8Array,
  complete: boolean,
  hints: readonly DetectHint[],
): Detection {
  if (sample.length === 0) {
    throw new InputError('INPUT_EMPTY', 'the input is empty; expected records, one a line')
  }
  const lines = splitLines(sample, complete)
  if (isRunTogether(lines)) {
    const size = lines[0]!.end - lines[0]!.start
    throw notDetected({
      what: `its only line has ${size} bytes, so records do not end in a line feed (0x0A)`,
      isOther: true,
    })
  }
  const grouped = new Map<string, LinesByLevel>()
  const candidates = hints.map((hint) => {
    // Editions that have level and agency in the same places share the work.
    const place = JSON.stringify([hint.level, hint.ori])
    const byLevel = grouped.get(place) ?? groupByLevel(sample, lines, hint)
    grouped.set(place, byLevel)
    return { hint, byLevel, knownCount: 0, tooLongCount: 0, exactCount: 0 }
  })
  for (const candidate of candidates) countLines(candidate, sample)
  const known = best(candidates, (candidate) => candidate.knownCount)
  if (known.length === 0 || known[0]!.knownCount * 2 <= lines.length) {
    throw notDetected(describe(sample, lines, known[0]))
  }
  return byHeaders(known, sample) ?? byLengthsAndDates(known, sample)
}

function splitLines(sample: Uint8Array, complete: boolean): readonly Line[] {
  const lines: Line[] = []
  let start = hasByteOrderMark(sample) ? 3 : 0
  while (start < sample.length && lines.length < DETECT_LINES) {
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

/** Whether a single line is longer than any record: what stands between records ends no line. */
function isRunTogether(lines: readonly Line[]): boolean {
  return lines.length === 1 && lines[0]!.end - lines[0]!.start > LONGEST_RECORD
}

/** Blanks, NUL bytes, the carriage return and the end mark 0x1A: no text ends in them. */
function isPadding(byte: number): boolean {
  return byte === BLANK || byte === 0 || byte === 0x0d || byte === 0x1a
}

function hasByteOrderMark(sample: Uint8Array): boolean {
  return sample[0] === 0xef && sample[1] === 0xbb && sample[2] === 0xbf
}

/** Lines by the {@link levelKey} of their level; none where the edition has no level. */
function groupByLevel(
  sample: Uint8Array,
  lines: readonly Line[],
  { level, ori }: DetectHint,
): LinesByLevel {
  const groups = new Map<number, LevelLines>()
  if (level === null) return groups
  for (const line of lines) {
    const length = line.end - line.start
    if (length < level.end) continue
    let key = 0
    for (let at = level.start; at < level.end; at++) key = key * 256 + sample[line.start + at]!
    let group = groups.get(key)
    if (group === undefined) groups.set(key, (group = { lines: [], lengthCounts: new Map() }))
    group.lines.push(line)
    if (ori !== null && !hasAgency(ori, sample, line)) continue
    group.lengthCounts.set(length, (group.lengthCounts.get(length) ?? 0) + 1)
  }
  return groups
}

/** The bytes of a level as one number; levels have one or two. */
function levelKey(level: string): number {
  let key = 0
  for (let i = 0; i < level.length; i++) key = key * 256 + level.charCodeAt(i)
  return key
}

function linesOf({ byLevel }: Candidate, level: string): readonly Line[] {
  return byLevel.get(levelKey(level))?.lines ?? []
}

function countLines(candidate: Candidate, sample: Uint8Array): void {
  const { hint, byLevel } = candidate
  for (const { level, length, maxLength } of hint.levels) {
    const lengthCounts = new Map(byLevel.get(levelKey(level))?.lengthCounts)
    if (level === hint.year?.level) {
      for (const line of linesOf(candidate, level)) {
        if (!hasOtherYear(hint.year, sample, line)) continue
        if (hint.ori !== null && !hasAgency(hint.ori, sample, line)) continue
        const lineLength = line.end - line.start
        lengthCounts.set(lineLength, lengthCounts.get(lineLength)! - 1)
      }
    }
    for (const [lineLength, count] of lengthCounts) {
      candidate.knownCount += count
      if (lineLength > maxLength) candidate.tooLongCount += count
      if (lineLength === length) candidate.exactCount += count
    }
  }
}

/**
 * Every ORI begins with the letters of a state. In the submission format, whose records begin with
 * their length ("0307" looks like level 03), digits and an action letter stand in its place.
 */
function hasAgency(ori: LineBytes, sample: Uint8Array, { start, end }: Line): boolean {
  if (end - start < ori.end) return false
  return isCapital(sample[start + ori.start]!) && isCapital(sample[start + ori.start + 1]!)
}

/**
 * A header with something else where the year stands. Headers of the hate crime master file are BH
 * too, with a state and an ORI in the same places.
 */
function hasOtherYear(year: LineBytes, sample: Uint8Array, line: Line): boolean {
  if (line.end - line.start < year.end) return false
  const text = ascii(sample, line.start + year.start, line.start + year.end)
  return text.trim() !== '' && !/^\d{4}$/.test(text)
}

function isCapital(byte: number): boolean {
  return byte >= 0x41 && byte <= 0x5a
}

function ascii(sample: Uint8Array, start: number, end: number): string {
  let text = ''
  for (let at = start; at < Math.min(end, sample.length); at++) {
    text += String.fromCharCode(sample[at]!)
  }
  return text
}

function best<T>(items: readonly T[], score: (item: T) => number): readonly T[] {
  const top = Math.max(...items.map(score))
  return items.filter((item) => score(item) === top)
}

// Files with batch headers.

function byHeaders(candidates: readonly Candidate[], sample: Uint8Array): Detection | null {
  for (const candidate of candidates) {
    if (candidate.hint.year === null) continue
    const { level, start, end } = candidate.hint.year
    const headers = linesOf(candidate, level)
    const year = mostCommon(headers.map((line) => yearAt(sample, line, start, end)))
    if (year === null) continue
    const alike = candidates.filter((other) => other.hint.year?.level === level)
    const chosen = best(alike, (other) => -yearsAway(other.hint, year))[0]!
    return {
      id: chosen.hint.id,
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

function yearsAway({ dataYears }: DetectHint, year: number): number {
  if (dataYears === null) return Infinity
  const [first, last] = dataYears
  return Math.max(0, first - year, last === null ? 0 : year - last)
}

// Extracts without headers.

function byLengthsAndDates(known: readonly Candidate[], sample: Uint8Array): Detection {
  const fitting = best(known, (candidate) => -candidate.tooLongCount)
  const year = incidentYear(known[0]!, sample)
  if (year !== null) {
    const byDate = best(known, (candidate) => -yearsAway(candidate.hint, year))[0]!
    if (fitting.includes(byDate)) {
      const reason = `it has no batch header, and its dates are mostly of ${year}`
      return { id: byDate.hint.id, dataYear: year, reason }
    }
    const chosen = best(fitting, (candidate) => -yearsAway(candidate.hint, year))[0]!
    const reason = 'it has no batch header, and its records are too long for an earlier edition'
    return { id: chosen.hint.id, dataYear: year, reason }
  }
  const chosen = best(fitting, (candidate) => candidate.exactCount).at(-1)!
  return {
    id: chosen.hint.id,
    dataYear: null,
    reason: 'it has no batch header and no date, and its record lengths fit best',
  }
}

/** The most common year of incident dates; of other records' first dates when there are none. */
function incidentYear(candidate: Candidate, sample: Uint8Array): number | null {
  const roles = ['incident', 'child', 'group_b', 'window', 'record'] as const
  for (const role of roles) {
    const dated = candidate.hint.levels.flatMap(({ level, dateStart, role: own }) =>
      own !== role || dateStart === null
        ? []
        : linesOf(candidate, level).map((line) => ({ line, dateStart })),
    )
    // Of years equally common the first in the file counts.
    dated.sort((a, b) => a.line.start - b.line.start)
    const year = mostCommon(
      dated.map(({ line, dateStart }) => yearAt(sample, line, dateStart, dateStart + 4)),
    )
    if (year !== null) return year
  }
  return null
}

// What was found instead.

/** What the bytes look like. */
interface Found {
  readonly what: string
  /** Whether it is known to be something else, which no bundled spec fits. */
  readonly isOther: boolean
}

function notDetected({ what, isOther }: Found): SpecError {
  const said = `the layout is not a NIBRS master file's as far as its first bytes tell: ${what}; `
  if (isOther) {
    return new SpecError('SPEC_NOT_DETECTED', `${said}check that this is the right file`)
  }
  return new SpecError(
    'SPEC_NOT_DETECTED',
    `${said}if you know the layout, name it, such as nibrs/master@2013, or pass a spec of your own`,
    { option: 'spec' },
  )
}

function describe(
  sample: Uint8Array,
  lines: readonly Line[],
  closest: Candidate | undefined,
): Found {
  const other = (what: string): Found => ({ what, isOther: true })
  const first = lines[0]
  const head = ascii(sample, 0, Math.min(sample.length, 8))
  if (head.startsWith('PAR1')) return other('it is a Parquet file')
  if (head.startsWith('ARROW1')) return other('it is an Arrow file')
  if (head.startsWith('%PDF')) return other('it is a PDF document')
  if (/^(\xff\xfe|\xfe\xff)/.test(head))
    return other('it is text of two bytes a character (UTF-16)')
  if (first === undefined) {
    if (sample.includes(0x0a)) return other('it holds nothing but blank lines')
    return other(`it has no line end in its first ${sample.length} bytes`)
  }
  const text = ascii(sample, first.start, Math.min(first.end, first.start + 60))
  // NIBRS Technical Specification, chapter 2: length 1-4, level 5, action 6, month 7-8, year 9-12,
  // city 13-16, ORI 17-25.
  if (/^\d{4}[0-9A-Z][A-Z]\d{6}.{4}[A-Z]{2}/.test(text)) {
    return other(
      'it looks like the submission format that agencies send (a record length first), ' +
        'which this package does not read',
    )
  }
  if (lines.some((line) => /^IR\d\d[A-Z]{2}/.test(ascii(sample, line.start, line.start + 6)))) {
    return other(
      'it looks like the hate crime master file (records IR), which needs a spec of your own',
    )
  }
  if (/^"?[A-Za-z_]{3,}"?[,\t|]/.test(text)) {
    return other("it looks like a table with column names, such as the FBI's CSV downloads")
  }
  if (/^[\s]*[{[<]/.test(text)) return other('it looks like JSON or XML')
  const shown = JSON.stringify(text.slice(0, 2))
  const known = closest?.knownCount ?? 0
  return {
    what:
      `${known} of ${lines.length} lines begin with a segment level and an ORI, ` +
      `the first line with ${shown}`,
    isOther: false,
  }
}
