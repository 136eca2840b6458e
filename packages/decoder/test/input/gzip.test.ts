import { constants, gzipSync, deflateRawSync, crc32 } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { openInput } from '../../src/input.js'
import { countedChunks, failureOf, readAll } from './reading.js'
import { sampleText } from './zip-bytes.js'

const text = sampleText(500)
const packed = gzipSync(text)

/** A gzip member with the optional header fields in `flags`. */
function member(flags: number, optional: Uint8Array, crc = crc32(text), size = text.length) {
  const trailer = Buffer.alloc(8)
  trailer.writeUInt32LE(crc, 0)
  trailer.writeUInt32LE(size, 4)
  const header = Buffer.from([0x1f, 0x8b, 8, flags, 0, 0, 0, 0, 0, 255])
  return Buffer.concat([header, optional, deflateRawSync(text), trailer])
}

describe('gzip files', () => {
  test('several members are one text, wherever the source is cut', async () => {
    const file = Buffer.concat([packed, gzipSync(Buffer.alloc(0)), packed, packed])
    const expected = Buffer.concat([text, text, text])
    expect(expected.equals(await readAll(file))).toBe(true)
    for (const size of [1, 2, 3, 7, 64, packed.length - 1, packed.length, packed.length + 1]) {
      const read = await readAll(countedChunks(file, size).chunks())
      expect(expected.equals(read), `chunks of ${size}`).toBe(true)
    }
  })

  test('all optional header fields are passed over', async () => {
    const extra = Buffer.from([5, 0, 1, 2, 3, 4, 5])
    const texts = Buffer.from('name\0comment\0')
    const file = member(4 + 8 + 16 + 2, Buffer.concat([extra, texts, Buffer.from([9, 9])]))
    expect(text.equals(await readAll(file))).toBe(true)
    expect(text.equals(await readAll(countedChunks(file, 1).chunks()))).toBe(true)
  })

  test('garbage after the last member is an error that says where it begins', async () => {
    for (const garbage of ['x', 'garbage', '\u001fx', '\u0000\u0000\u0000x']) {
      const file = Buffer.concat([packed, packed, Buffer.from(garbage)])
      for (const input of [file, countedChunks(file, 100).chunks()]) {
        const error = await failureOf(input, 'INPUT_CORRUPT')
        const at = 2 * packed.length + garbage.lastIndexOf('\0') + 1
        expect(error.byteOffset, JSON.stringify(garbage)).toBe(at)
        expect(error.message).toContain(
          `bytes that are not gzip follow the gzip data, at byte ${at}`,
        )
      }
    }
  })

  test('zero bytes after the last member are padding', async () => {
    const file = Buffer.concat([packed, Buffer.alloc(5000)])
    expect(text.equals(await readAll(file))).toBe(true)
    expect(text.equals(await readAll(countedChunks(file, 300).chunks()))).toBe(true)
  })

  test('a wrong CRC-32, size, method, flag or byte is an error', async () => {
    const none = Buffer.alloc(0)
    await failureOf(member(0, none, 7), 'INPUT_CRC')
    await failureOf(member(0, none, crc32(text), 3), 'INPUT_CORRUPT')
    await failureOf(member(0x20, none), 'INPUT_CORRUPT')
    const method = Buffer.from(packed)
    method[2] = 7
    await failureOf(method, 'INPUT_CORRUPT')
    const wrong = Buffer.from(packed)
    wrong.fill(0xff, 10, 40)
    const { message } = await failureOf(wrong, 'INPUT_CORRUPT')
    expect(message).toContain('the compressed data is wrong (')
  })

  test('an error in a later member names that member', async () => {
    const file = Buffer.concat([packed, member(0, Buffer.alloc(0), 7)])
    const { message } = await failureOf(file, 'INPUT_CRC')
    expect(message).toContain(`the gzip member at byte ${packed.length} fails its CRC-32 check`)
  })

  test('a bomb is stopped by ratio or by size, after bounded output', async () => {
    const bomb = gzipSync(Buffer.alloc(300 * 1024 * 1024), { level: constants.Z_BEST_SPEED })
    const source = openInput(bomb, { maxRatio: 100 })
    let byteCount = 0
    const reading = (async () => {
      for await (const chunk of source) byteCount += chunk.length
    })()
    await expect(reading).rejects.toMatchObject({ code: 'INPUT_BOMB' })
    expect(byteCount).toBeLessThan(bomb.length * 100 + 2 ** 21)
    await failureOf(packed, 'INPUT_BOMB', { maxBytes: text.length - 1 })
    expect((await readAll(packed, { maxBytes: text.length })).length).toBe(text.length)
  })
})
