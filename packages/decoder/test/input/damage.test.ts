import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { InputError } from '../../src/errors.js'
import { countedChunks, readAll } from './reading.js'
import { sampleText, storedBlocks, zipBytes } from './zip-bytes.js'

const text = sampleText(12)

const packings: Record<string, Buffer> = {
  gzip: gzipSync(text),
  'deflated zip': zipBytes([{ name: 'a.txt', data: text }]),
  'stored zip': zipBytes([{ name: 'a.txt', data: text, method: 0 }]),
  'zip with sizes after the data': zipBytes([{ name: 'a.txt', data: text, descriptor: true }]),
  zip64: zipBytes([{ name: 'a.txt', data: text, zip64: true }], { zip64: true, comment: 'note' }),
  'Deflate64 zip': zipBytes([{ name: 'a.txt', data: text, method: 9, packed: storedBlocks(text) }]),
}

/** What reading gives: the bytes, or the InputError it ended in. Anything else fails the test. */
async function outcomeOf(bytes: Uint8Array, chunkSize = 0): Promise<Buffer | InputError> {
  try {
    return await readAll(chunkSize === 0 ? bytes : countedChunks(bytes, chunkSize).chunks())
  } catch (error) {
    if (error instanceof InputError) return error
    throw error
  }
}

describe('damaged archives', () => {
  for (const [name, bytes] of Object.entries(packings)) {
    test(`a ${name} cut at any byte is an InputError`, async () => {
      const given: number[] = []
      for (let end = 0; end < bytes.length; end++) {
        const cut = bytes.subarray(0, end)
        for (const outcome of [await outcomeOf(cut), await outcomeOf(cut, 50)]) {
          if (!(outcome instanceof InputError)) given.push(end)
        }
      }
      expect(given).toEqual([])
      expect(text.equals((await outcomeOf(bytes)) as Buffer)).toBe(true)
    })

    test(`a ${name} with any byte changed is an InputError or gives the same text`, async () => {
      const different: number[] = []
      for (let at = 0; at < bytes.length; at++) {
        for (const change of [0xff, 0x01, 0x80]) {
          const changed = Buffer.from(bytes)
          changed[at] ^= change
          const outcome = await outcomeOf(changed)
          // The first bytes are what tells an archive from text.
          if (at < 4 && outcome instanceof Buffer && outcome.equals(changed)) continue
          if (outcome instanceof Buffer && !outcome.equals(text)) different.push(at)
        }
      }
      expect(different).toEqual([])
    })
  }

  test('the Deflate64 data of a real compressor, cut or changed, is an InputError', async () => {
    const bytes = readFileSync(new URL('fixtures/deflate64.zip', import.meta.url))
    const expected = await readAll(bytes)
    for (let at = 0; at < bytes.length; at += 331) {
      expect(await outcomeOf(bytes.subarray(0, at))).toBeInstanceOf(InputError)
      const changed = Buffer.from(bytes)
      changed[Math.max(at, 4)] ^= 0x55
      const outcome = await outcomeOf(changed)
      expect(outcome instanceof InputError || outcome.equals(expected), `byte ${at}`).toBe(true)
    }
  })

  test('random bytes after any mark end in an InputError or are the text they are', async () => {
    const marks = [
      Buffer.from([0x1f, 0x8b, 8, 0]),
      Buffer.from([0x50, 0x4b, 3, 4]),
      Buffer.from([0x50, 0x4b, 5, 6]),
      Buffer.alloc(0),
    ]
    const property = fc.asyncProperty(
      fc.constantFrom(...marks),
      fc.uint8Array({ maxLength: 300 }),
      fc.nat(60),
      async (mark, noise, chunkSize) => {
        const bytes = Buffer.concat([mark, noise])
        const outcome = await outcomeOf(bytes, chunkSize)
        if (outcome instanceof InputError) return true
        return mark.length === 0 && outcome.equals(bytes)
      },
    )
    await fc.assert(property, { numRuns: 2000 })
  })

  test('random directories end in an InputError or in the text', async () => {
    const archive = packings.zip64
    const directory = archive.indexOf(Buffer.from([0x50, 0x4b, 1, 2]))
    const property = fc.asyncProperty(
      fc.array(fc.tuple(fc.integer({ min: directory, max: archive.length - 1 }), fc.nat(255)), {
        minLength: 1,
        maxLength: 12,
      }),
      async (changes) => {
        const changed = Buffer.from(archive)
        for (const [at, value] of changes) changed[at] = value
        const outcome = await outcomeOf(changed)
        return outcome instanceof InputError || outcome.equals(text)
      },
    )
    await fc.assert(property, { numRuns: 3000 })
  })
})
