import type { IssueCode } from './issues.js'
import type { FieldSpec } from './spec/types.js'

/**
 * The readable oracle: bytes of one field -> value or issue, one function per field type.
 *
 * The generated decoders must agree with these functions on every input; they hand over here any
 * field that is not plainly clean. NUL bytes count as blanks throughout.
 */

/** First and last year a `date` field may hold; others are reported as `FIELD_DATE`. */
export const FIRST_YEAR = 1900
export const LAST_YEAR = 2078

const BLANK = 0x20
const DAY_MS = 86_400_000

/** Result of decoding one field: `value` (and `code` for mixed fields), or why there is none. */
export interface DecodedField {
  readonly value: string | number | boolean | null
  /** The two characters of a `number_or_code` field; null elsewhere. */
  readonly code: string | null
  readonly issue: IssueCode | null
}

const NOTHING: DecodedField = { value: null, code: null, issue: null }

function ok(value: string | number | boolean): DecodedField {
  return { value, code: null, issue: null }
}

function bad(issue: IssueCode): DecodedField {
  return { value: null, code: null, issue }
}

/** True when every byte of the half-open range is a blank or NUL. */
export function isBlank(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!
    if (byte !== BLANK && byte !== 0) return false
  }
  return true
}

/** Digits, zero-filled or with leading blanks; undefined for anything else. Width at most 15. */
export function parseDigits(bytes: Uint8Array, start: number, end: number): number | undefined {
  let i = start
  while (i < end && (bytes[i] === BLANK || bytes[i] === 0)) i++
  if (i === end) return undefined
  let value = 0
  for (; i < end; i++) {
    const digit = bytes[i]! - 0x30
    if (digit < 0 || digit > 9) return undefined
    value = value * 10 + digit
  }
  return value
}

function isOverflow(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) if (bytes[i] !== 0x23) return false
  return true
}

/** Text of a byte range with NULs as blanks. */
export function textOf(
  bytes: Uint8Array,
  start: number,
  end: number,
  characters: readonly string[],
): string {
  let text = ''
  for (let i = start; i < end; i++) text += bytes[i] === 0 ? ' ' : characters[bytes[i]!]!
  return text
}

/**
 * Whether an unlisted code is kept as sent: printable ASCII up to two characters wide, digits and
 * capital letters when wider. Anything else becomes null, its bytes are in the issue.
 */
export function keepsUnlisted(text: string): boolean {
  return text.length <= 2 ? /^[\x21-\x7e ]+$/.test(text) : /^[0-9A-Z]+$/.test(text)
}

/** Text without trailing blanks; a tab or a no-break space (0xA0) is a character like others. */
function trimBlanks(text: string): string {
  let end = text.length
  while (end > 0 && text.charCodeAt(end - 1) === BLANK) end--
  return text.slice(0, end)
}

function decodeCode(text: string, field: FieldSpec): DecodedField {
  const code = trimBlanks(text)
  if (field.codes === undefined || field.codes.codes.has(code)) return ok(code)
  return {
    value: keepsUnlisted(code) ? code : null,
    code: null,
    issue: 'FIELD_CODE_UNKNOWN',
  }
}

/**
 * Days since 1970-01-01 of an eight-digit `yyyymmdd` text.
 *
 * @returns undefined off the calendar or outside {@link FIRST_YEAR}..{@link LAST_YEAR}
 */
export function daysOf(year: number, month: number, day: number): number | undefined {
  if (year < FIRST_YEAR || year > LAST_YEAR || month < 1 || month > 12 || day < 1) return undefined
  if (day > new Date(Date.UTC(year, month, 0)).getUTCDate()) return undefined
  return Date.UTC(year, month - 1, day) / DAY_MS
}

function decodeDate(bytes: Uint8Array, start: number, end: number): DecodedField {
  let value = 0
  for (let i = start; i < end; i++) {
    const digit = bytes[i]! - 0x30
    if (digit < 0 || digit > 9) return bad('FIELD_DATE')
    value = value * 10 + digit
  }
  if (value === 0) return NOTHING
  const days = daysOf(Math.floor(value / 10_000), Math.floor(value / 100) % 100, value % 100)
  return days === undefined ? bad('FIELD_DATE') : ok(days)
}

/**
 * Whole and fraction as one scaled number. Leading blanks may reach into the fraction (`"    5"`
 * with two decimals is 0.05); a blank fraction behind a whole part is zero.
 */
function decodeDecimal(bytes: Uint8Array, base: number, field: FieldSpec): DecodedField {
  const start = base + field.start
  const end = base + field.end
  const { fraction } = field
  const whole = parseDigits(bytes, start, end)
  if (fraction === undefined) {
    if (whole !== undefined) return ok(whole)
    return bad(isOverflow(bytes, start, end) ? 'FIELD_OVERFLOW' : 'FIELD_NOT_NUMERIC')
  }
  const fractionStart = base + fraction.start
  const fractionEnd = base + fraction.end
  const scale = 10 ** (fraction.end - fraction.start)
  if (isBlank(bytes, fractionStart, fractionEnd)) {
    if (whole !== undefined) return ok(whole * scale)
  } else {
    const part = parseDigits(bytes, fractionStart, fractionEnd)
    if (isBlank(bytes, start, end)) {
      if (part !== undefined) return ok(part)
    } else if (whole !== undefined && part !== undefined && startsWithDigit(bytes, fractionStart)) {
      return ok(whole * scale + part)
    }
  }
  return bad(isOverflow(bytes, start, end) ? 'FIELD_OVERFLOW' : 'FIELD_NOT_NUMERIC')
}

function startsWithDigit(bytes: Uint8Array, at: number): boolean {
  return bytes[at]! >= 0x30 && bytes[at]! <= 0x39
}

function decodeMixed(text: string, field: FieldSpec): DecodedField {
  const code = trimBlanks(text)
  const [low, high] = field.range ?? [0, 10 ** text.length - 1]
  if (/^\d+$/.test(text)) {
    const number = Number(text)
    if (number >= low && number <= high) return { value: number, code, issue: null }
  }
  if (field.codes?.codes.has(code)) return { value: null, code, issue: null }
  return { value: null, code: keepsUnlisted(code) ? code : null, issue: 'FIELD_NUMBER_OR_CODE' }
}

/**
 * Decodes one field of a record that starts at `base`; the record must be padded with blanks to
 * its layout's length. Dates come as days since 1970-01-01, decimals scaled to whole numbers.
 */
export function decodeField(
  field: FieldSpec,
  bytes: Uint8Array,
  base: number,
  characters: readonly string[],
): DecodedField {
  const start = base + field.start
  const end = base + field.end
  const blank =
    isBlank(bytes, start, end) &&
    (field.fraction === undefined ||
      isBlank(bytes, base + field.fraction.start, base + field.fraction.end))
  if (blank) return NOTHING
  switch (field.type) {
    case 'text':
    case 'identifier': {
      const text = textOf(bytes, start, end, characters)
      return {
        value: field.type === 'text' ? trimBlanks(text) : text,
        code: null,
        issue: text.includes('\ufffd') ? 'FIELD_ENCODING' : null,
      }
    }
    case 'integer': {
      const value = parseDigits(bytes, start, end)
      if (value === undefined) {
        return bad(isOverflow(bytes, start, end) ? 'FIELD_OVERFLOW' : 'FIELD_NOT_NUMERIC')
      }
      if (field.range !== undefined && (value < field.range[0] || value > field.range[1])) {
        return bad('FIELD_NOT_NUMERIC')
      }
      return ok(value)
    }
    case 'decimal':
      return decodeDecimal(bytes, base, field)
    case 'date':
      return decodeDate(bytes, start, end)
    case 'hour': {
      const text = textOf(bytes, start, end, characters)
      return /^([01]\d|2[0-3])$/.test(text) ? ok(Number(text)) : bad('FIELD_HOUR')
    }
    case 'flag': {
      const text = trimBlanks(textOf(bytes, start, end, characters))
      if (text === field.flag?.yes) return ok(true)
      return text === field.flag?.no ? ok(false) : bad('FIELD_FLAG')
    }
    case 'code':
      return decodeCode(textOf(bytes, start, end, characters), field)
    case 'number_or_code':
      return decodeMixed(textOf(bytes, start, end, characters), field)
  }
}
