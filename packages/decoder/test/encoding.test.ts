import iconv from 'iconv-lite'
import { describe, expect, it } from 'vitest'
import { characterTable, UNDEFINED_CHARACTER } from '../src/encoding.js'
import { ENCODINGS } from '../src/spec/schema.js'

describe('characterTable', () => {
  for (const encoding of ENCODINGS) {
    it(`${encoding}: all 256 bytes read as iconv-lite reads them`, () => {
      const theirs = Array.from({ length: 256 }, (_, byte) =>
        iconv.decode(Buffer.from([byte]), encoding),
      )
      expect(characterTable(encoding)).toEqual(theirs)
    })
  }

  it('counts the bytes without a character', () => {
    const undefinedBytes = (encoding: (typeof ENCODINGS)[number]): number =>
      characterTable(encoding).filter((character) => character === UNDEFINED_CHARACTER).length
    expect(ENCODINGS.map(undefinedBytes)).toEqual([128, 0, 5])
  })

  it('makes one table per encoding', () => {
    expect(characterTable('latin1')).toBe(characterTable('latin1'))
  })
})
