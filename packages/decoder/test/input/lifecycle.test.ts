import { createHash } from 'node:crypto'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { openInput } from '../../src/input.js'
import { countedChunks, fileOf, openDescriptors, readAll, temporaryFolder } from './reading.js'
import { sampleText, storedBlocks, zipBytes } from './zip-bytes.js'

const text = sampleText(30_000)
const hasProc = fs.existsSync('/proc/self/fd')

const files: Record<string, Uint8Array> = {
  text,
  gzip: gzipSync(text),
  'deflated zip': zipBytes([{ name: 'a.txt', data: text }]),
  'stored zip': zipBytes([{ name: 'a.txt', data: text, method: 0 }]),
  'Deflate64 zip': zipBytes([{ name: 'a.txt', data: text, method: 9, packed: storedBlocks(text) }]),
}

function sha256Of(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

describe('reading ahead', () => {
  test('a stream of text is asked for a chunk only when one is wanted', async () => {
    const counted = countedChunks(text, 1000)
    let wanted = 0
    for await (const chunk of openInput(counted.chunks())) {
      wanted++
      expect(chunk.length).toBeLessThanOrEqual(1000)
      expect(counted.pulls).toBe(wanted)
      if (wanted % 100 === 0) await delay(1)
    }
    expect(wanted).toBe(Math.ceil(text.length / 1000))
  })

  test('a gzip stream is asked for what one chunk ahead needs, and no more', async () => {
    const packed = gzipSync(text)
    const counted = countedChunks(packed, 1000)
    const source = openInput(counted.chunks(), { chunkBytes: 65_536 })
    let given = 0
    for await (const chunk of source) {
      given += chunk.length
      await delay(1)
      // Packed size of what was given and of one chunk more, the piece in use and one to come;
      // a tenth more, for not every line packs alike.
      const needed = ((given + 65_536) / text.length) * packed.length * 1.1 + 2000
      expect(counted.pulls * 1000).toBeLessThanOrEqual(needed)
    }
    expect(given).toBe(text.length)
  })

  for (const [name, bytes] of Object.entries(files)) {
    test(`leaving the loop closes the file of a ${name}`, { skip: !hasProc }, async () => {
      const path = fileOf('input', bytes)
      let chunkCount = 0
      for await (const chunk of openInput(path, { chunkBytes: 65_536 })) {
        expect(chunk.length).toBeGreaterThan(0)
        expect(openDescriptors(path)).toBe(1)
        if (++chunkCount === 2) break
      }
      expect(openDescriptors(path)).toBe(0)
    })

    test(`the end of the loop closes the file of a ${name}`, { skip: !hasProc }, async () => {
      const path = fileOf('input', bytes)
      await readAll(path)
      expect(openDescriptors(path)).toBe(0)
    })

    test(`leaving the loop closes the stream of a ${name}`, async () => {
      const counted = countedChunks(bytes, 1000)
      for await (const chunk of openInput(counted.chunks(), { chunkBytes: 65_536 })) {
        expect(chunk.length).toBeGreaterThan(0)
        break
      }
      expect(counted.closed).toBe(true)
      const readable = Readable.from(countedChunks(bytes, 1000).chunks())
      for await (const chunk of openInput(readable)) {
        expect(chunk.length).toBeGreaterThan(0)
        break
      }
      expect(readable.destroyed).toBe(true)
    })

    test(`an abort ends a ${name} with the reason and closes it`, async () => {
      const path = fileOf('input', bytes)
      const reason = new Error('user left')
      const controller = new AbortController()
      const source = openInput(path, { chunkBytes: 65_536, signal: controller.signal })
      let chunkCount = 0
      const reading = (async () => {
        for await (const chunk of source) {
          expect(chunk.length).toBeGreaterThan(0)
          if (++chunkCount === 2) controller.abort(reason)
        }
      })()
      await expect(reading).rejects.toBe(reason)
      expect(chunkCount).toBe(2)
      if (hasProc) expect(openDescriptors(path)).toBe(0)
    })
  }
})

describe('closing', () => {
  test('an abort before the start opens nothing', async () => {
    const counted = countedChunks(text, 1000)
    const signal = AbortSignal.abort('no')
    await expect(readAll(counted.chunks(), { signal })).rejects.toBe('no')
    await expect(openInput(fileOf('a', text), { signal }).info()).rejects.toBe('no')
    await expect(openInput(fileOf('a', text), { signal }).sha256()).rejects.toBe('no')
    expect(counted.pulls).toBe(0)
  })

  for (const [name, head] of [
    ['before its first byte', new Uint8Array(0)],
    ['in the middle of text', text.subarray(0, 5000)],
    ['in the middle of gzip', gzipSync(text).subarray(0, 5000)],
    ['in the middle of a zip', zipBytes([{ name: 'a', data: text }]).subarray(0, 5000)],
  ] as const) {
    test(`an abort ends the wait for a stream that falls silent ${name}`, async () => {
      const controller = new AbortController()
      const reason = new Error('user left')
      let cancelled = false
      const web = new ReadableStream<Uint8Array>({
        start: (stream) => (head.length > 0 ? stream.enqueue(head) : undefined),
        cancel() {
          cancelled = true
        },
      })
      const node = new Readable({ read() {} })
      if (head.length > 0) node.push(head)
      async function* generator() {
        if (head.length > 0) yield head
        await new Promise(() => undefined)
      }
      setTimeout(() => controller.abort(reason), 50)
      const { signal } = controller
      const readings = [web, node, generator()].map((input) => readAll(input, { signal }))
      for (const reading of readings) await expect(reading).rejects.toBe(reason)
      expect(cancelled).toBe(true)
      expect(node.destroyed).toBe(true)
    })
  }

  test('close after info closes the file, and the source is closed for good', async () => {
    const path = fileOf('input', files['deflated zip'])
    const source = openInput(path)
    await source.info()
    if (hasProc) expect(openDescriptors(path)).toBe(1)
    await source.close()
    await source.close()
    if (hasProc) expect(openDescriptors(path)).toBe(0)
    expect((await source.info()).kind).toBe('zip')
    await expect(openInput(path).close()).resolves.toBe(undefined)
    const closed = openInput(path)
    await closed.close()
    await expect(closed.info()).rejects.toMatchObject({ code: 'INPUT_NOT_READABLE' })
    const reading = closed[Symbol.asyncIterator]().next()
    await expect(reading).rejects.toMatchObject({ code: 'INPUT_NOT_READABLE' })
  })

  test('close in the middle of reading is an error, never an early end', async () => {
    for (const [name, bytes] of Object.entries(files)) {
      for (const input of [fileOf('input', bytes), countedChunks(bytes, 1000).chunks()]) {
        const source = openInput(input, { chunkBytes: 65_536 })
        const reading = (async () => {
          for await (const chunk of source) {
            expect(chunk.length).toBeGreaterThan(0)
            await source.close()
          }
        })()
        await expect(reading, name).rejects.toMatchObject({ name: 'InputError' })
      }
    }
  })

  test('close ends a wait for the first bytes of a stream', async () => {
    const node = new Readable({ read() {} })
    const source = openInput(node)
    const info = source.info().catch((error: unknown) => error)
    await delay(10)
    await source.close()
    expect(node.destroyed).toBe(true)
    expect(await info).toMatchObject({ name: 'InputError' })
  })

  test('an iterator that was never asked for a chunk closes what info opened', async () => {
    const path = fileOf('input', text)
    const source = openInput(path)
    await source.info()
    await source[Symbol.asyncIterator]().return?.()
    if (hasProc) expect(openDescriptors(path)).toBe(0)
  })

  test('a source that fails is an InputError with its cause, after what it gave', async () => {
    const cause = new Error('socket hang up')
    async function* failing() {
      yield text.subarray(0, 100)
      throw cause
    }
    let byteCount = 0
    const reading = (async () => {
      for await (const chunk of openInput(failing())) byteCount += chunk.length
    })()
    await expect(reading).rejects.toMatchObject({ code: 'INPUT_NOT_READABLE', cause })
    expect(byteCount).toBe(100)
    const packed = gzipSync(text)
    async function* failingGzip() {
      yield packed.subarray(0, 3000)
      throw cause
    }
    await expect(readAll(failingGzip())).rejects.toMatchObject({
      code: 'INPUT_NOT_READABLE',
      cause,
    })
  })

  test('every failure closes the file', { skip: !hasProc }, async () => {
    const before = fs.readdirSync('/proc/self/fd').length
    const failing = [
      Buffer.alloc(0),
      zipBytes([]),
      zipBytes([{ name: 'a', data: text, crc: 1 }]),
      zipBytes([{ name: 'a', data: text, offset: 99 }]),
      zipBytes([{ name: 'a', data: text, method: 9, packed: Buffer.alloc(50, 255) }]),
      zipBytes([{ name: 'a', data: text, flags: 1 }]),
      gzipSync(text).subarray(0, -4),
      gzipSync(gzipSync(text)),
    ]
    for (const bytes of failing) {
      const path = fileOf('input', bytes)
      await expect(readAll(path)).rejects.toThrow()
      expect(openDescriptors(path)).toBe(0)
      await expect(readAll(countedChunks(bytes, 500).chunks())).rejects.toThrow()
    }
    expect(fs.readdirSync('/proc/self/fd').length).toBe(before)
  })

  test('a zip that came as a stream leaves no temporary file', { skip: !hasProc }, async () => {
    const spooled = () => fs.readdirSync(tmpdir()).filter((name) => name.includes('nibrs-decoder'))
    const bytes = files['deflated zip']
    for await (const chunk of openInput(countedChunks(bytes, 1000).chunks())) {
      expect(chunk.length).toBeGreaterThan(0)
      expect(spooled()).toEqual([])
      expect(openDescriptors('.nibrs-decoder-')).toBe(1)
      break
    }
    await expect(readAll(countedChunks(bytes.subarray(0, -9), 1000).chunks())).rejects.toThrow()
    expect(spooled()).toEqual([])
    expect(openDescriptors('.nibrs-decoder-')).toBe(0)
  })

  test('a file that shrinks while it is read is an error', async () => {
    const path = fileOf('input', text)
    const reading = (async () => {
      for await (const chunk of openInput(path, { chunkBytes: 65_536 })) {
        expect(chunk.length).toBe(65_536)
        fs.truncateSync(path, 100_000)
      }
    })()
    await expect(reading).rejects.toMatchObject({ code: 'INPUT_TRUNCATED' })
  })
})

describe('sha256', () => {
  test('is that of the source as given, for every kind and origin', async () => {
    for (const [name, bytes] of Object.entries(files)) {
      const expected = sha256Of(bytes)
      const inputs = [
        fileOf('input', bytes),
        bytes,
        new Blob([new Uint8Array(bytes)]),
        countedChunks(bytes, 1000).chunks(),
        Readable.from(countedChunks(bytes, 1000).chunks()),
      ]
      for (const input of inputs) {
        const source = openInput(input)
        const before = source.sha256()
        for await (const chunk of source) expect(chunk.length).toBeGreaterThan(0)
        expect(await before, name).toBe(expected)
        expect(await source.sha256(), name).toBe(expected)
      }
    }
  })

  test('of a file can be asked for without reading, and after', async () => {
    const path = fileOf('input', text)
    expect(await openInput(path).sha256()).toBe(sha256Of(text))
    const source = openInput(path)
    for await (const chunk of source) expect(chunk.length).toBeGreaterThan(0)
    expect(await source.sha256()).toBe(sha256Of(text))
    if (hasProc) expect(openDescriptors(path)).toBe(0)
  })

  test('of a large file is made on a thread that close ends', async () => {
    const large = Buffer.alloc(64 * 1024 * 1024, 'crime data ')
    const path = fileOf('input', large)
    expect(await openInput(path).sha256()).toBe(sha256Of(large))
    const source = openInput(path)
    const hashing = source.sha256()
    await source.close()
    await expect(hashing).rejects.toMatchObject({ code: 'INPUT_NOT_READABLE' })
    const controller = new AbortController()
    const aborted = openInput(path, { signal: controller.signal }).sha256()
    setTimeout(() => controller.abort('enough'), 5)
    await expect(aborted).rejects.toBe('enough')
    if (hasProc) expect(openDescriptors(path)).toBe(0)
  })

  test('of a stream that was left before its end is an error that says so', async () => {
    const source = openInput(countedChunks(text, 1000).chunks())
    for await (const chunk of source) {
      expect(chunk.length).toBe(1000)
      break
    }
    await expect(source.sha256()).rejects.toThrow('it was left at byte 1000, before its end')
  })

  test('of a file that was replaced after it was opened is an error', async () => {
    const path = fileOf('input', text)
    const source = openInput(path)
    await source.info()
    fs.rmSync(path)
    fs.writeFileSync(path, 'another')
    await expect(source.sha256()).rejects.toMatchObject({ code: 'INPUT_CORRUPT' })
    await source.close()
  })

  test('that fails and is never asked for again is no unhandled rejection', async () => {
    const unhandled: unknown[] = []
    const note = (error: unknown) => unhandled.push(error)
    process.on('unhandledRejection', note)
    void openInput(join(temporaryFolder(), 'missing'))
      .sha256()
      .catch(() => undefined)
    const source = openInput(countedChunks(text, 1000).chunks())
    void source.sha256()
    await source.close()
    await delay(20)
    process.off('unhandledRejection', note)
    expect(unhandled).toEqual([])
  })
})
