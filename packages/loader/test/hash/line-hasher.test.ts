import { readFileSync } from 'node:fs'
import { xxhash128 } from 'hash-wasm'
import { describe, expect, it } from 'vitest'
import { hashModule } from '../../scripts/build-hash.mjs'
import { LineHasher } from '../../src/hash/line-hasher.js'

function digestsOf(lines: readonly string[]): string[] {
  const hasher = new LineHasher()
  hasher.begin(lines.length)
  hasher.append(Buffer.from(lines.map((line) => `${line}\n`).join('')))
  hasher.hash()
  const digits = Buffer.from(hasher.hashes).toString('latin1')
  return lines.map((_, row) => digits.slice(row * 32, row * 32 + 32))
}

describe('line hasher', () => {
  it('gives XXH3-128 of every length, as a library does', async () => {
    const text = Array.from({ length: 4200 }, (_, i) =>
      String.fromCharCode(97 + ((i * 7919 + ((i * i) % 31)) % 26)),
    ).join('')
    const lengths = [...Array.from({ length: 600 }, (_, i) => i), 1023, 1024, 1025, 1088, 1089]
    lengths.push(2047, 2048, 2049, 2112, 3000, 4096, 4097, 4200)
    const lines = lengths.map((length) => text.slice(0, length))
    const expected = await Promise.all(lines.map((line) => xxhash128(line)))
    expect(digestsOf(lines)).toEqual(expected)
  })

  it('hashes lines that are not ASCII as UTF-8', async () => {
    const lines = ['Zoë,£,“”', '', 'ß'.repeat(100)]
    expect(digestsOf(lines)).toEqual(await Promise.all(lines.map((line) => xxhash128(line))))
  })

  it('takes a line feed between quotes as part of the line', async () => {
    const lines = ['1,"a\nb",2', '"",""', '"he said ""no""\n\n",x']
    expect(digestsOf(lines)).toEqual(await Promise.all(lines.map((line) => xxhash128(line))))
  })

  it('puts a prefix, the hash and the record number before each line', async () => {
    const hasher = new LineHasher()
    hasher.begin(3)
    hasher.appendText('a,b\n')
    hasher.append(Buffer.from('c,é\n,\n'))
    hasher.hash()
    const lines = Buffer.from(
      hasher.prefixed('17,data,', Uint32Array.of(1, 4_294_967_295, 120)),
    ).toString()
    const [first, second, third] = await Promise.all(['a,b', 'c,é', ','].map((l) => xxhash128(l)))
    expect(lines).toBe(
      `17,data,${first},1,a,b\n17,data,${second},4294967295,c,é\n17,data,${third},120,,\n`,
    )
  })

  it('refuses a text with another number of lines', () => {
    for (const [rowCount, text] of [
      [1, 'a\nb\n'],
      [2, 'a\n'],
      [0, 'a\n'],
      [1, 'a'],
      [1, '"a\n'],
    ] as const) {
      const hasher = new LineHasher()
      hasher.begin(rowCount)
      hasher.appendText(text)
      expect(() => hasher.hash()).toThrow(RangeError)
    }
  })

  it('grows and can be used again', async () => {
    const hasher = new LineHasher()
    for (const rowCount of [1, 50_000, 3]) {
      hasher.begin(rowCount)
      for (let row = 0; row < rowCount; row++) hasher.appendText(`row ${row}\n`)
      hasher.hash()
      const last = Buffer.from(hasher.hashes.subarray(-32)).toString('latin1')
      expect(last).toBe(await xxhash128(`row ${rowCount - 1}`))
    }
  })

  it('is compiled from the text beside it', async () => {
    const generated = new URL('../../src/hash/row-hash-module.ts', import.meta.url)
    expect(readFileSync(generated, 'utf8')).toBe(await hashModule())
  })
})
