import type { Encoding } from './spec/types.js'

/** Stands for a byte that the encoding gives no character (U+FFFD). */
export const UNDEFINED_CHARACTER = '\uFFFD'

/**
 * Characters of windows-1252 for bytes 0x80 to 0x9F; all others are those of latin1.
 * Five bytes (81, 8D, 8F, 90, 9D) have none. Source: the Unicode Consortium's CP1252.TXT; a test
 * holds all tables of this file equal to those of iconv-lite, which does not run in browsers.
 */
const WINDOWS_1252 =
  '\u20AC\uFFFD\u201A\u0192\u201E\u2026\u2020\u2021\u02C6\u2030\u0160\u2039\u0152\uFFFD\u017D\uFFFD' +
  '\uFFFD\u2018\u2019\u201C\u201D\u2022\u2013\u2014\u02DC\u2122\u0161\u203A\u0153\uFFFD\u017E\u0178'

const tables = new Map<Encoding, readonly string[]>()

/**
 * The 256 characters of a single-byte encoding, by byte. A byte without a character is
 * {@link UNDEFINED_CHARACTER}: in `ascii` all from 0x80 on, in `windows-1252` five, in `latin1`
 * none. One table is made per encoding and shared.
 */
export function characterTable(encoding: Encoding): readonly string[] {
  let table = tables.get(encoding)
  if (table === undefined) {
    table = Array.from({ length: 256 }, (_, byte) => character(encoding, byte))
    tables.set(encoding, table)
  }
  return table
}

function character(encoding: Encoding, byte: number): string {
  if (encoding === 'ascii' && byte >= 0x80) return UNDEFINED_CHARACTER
  if (encoding === 'windows-1252' && byte >= 0x80 && byte <= 0x9f) return WINDOWS_1252[byte - 0x80]!
  return String.fromCharCode(byte)
}
