import type { TextParts } from './text-format.js'
import { BYTE_TEXT } from './text-row-module.js'

/**
 * How each byte of a text is written: 256 entries of eight bytes, see {@link BYTE_TEXT}.
 *
 * @param characters byte to character of the encoding
 * @returns null when a byte that the row loop copies as it is stands for another character, or a
 *   character takes more than six bytes
 */
export function byteTexts(characters: readonly string[], parts: TextParts): Uint8Array | null {
  const entries = new Uint8Array(256 * BYTE_TEXT.size)
  const alwaysQuoted = parts.textQuote !== ''
  for (let byte = 0; byte < 256; byte++) {
    const cell = parts.cell(characters[byte]!)!
    const isQuoted = cell.startsWith('"')
    const text = Buffer.from(isQuoted ? cell.slice(1, -1) : cell)
    const isCopied =
      byte >= 0x20 && byte < 0x80 && !parts.specialCharacters.includes(String.fromCharCode(byte))
    const isItself = text.length === 1 && text[0] === byte && isQuoted === alwaysQuoted
    if ((isCopied && !isItself) || text.length > BYTE_TEXT.length) return null
    const at = byte * BYTE_TEXT.size
    entries.set(text, at)
    entries[at + BYTE_TEXT.length] = text.length
    entries[at + BYTE_TEXT.needsQuotes] = isQuoted ? 1 : 0
  }
  return entries
}
