import { Readable } from 'node:stream'
import { pathToFileURL } from 'node:url'
import { gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { OptionError } from '../../src/errors.js'
import { type InputLike, openInput } from '../../src/input.js'
import { countedChunks, failureOf, fileOf, readAll, temporaryFolder } from './reading.js'
import { sampleText, storedBlocks, zipBytes } from './zip-bytes.js'

const text = sampleText(700)

const packingsOf = (text: Buffer): Record<string, Uint8Array> => ({
  'plain text': text,
  gzip: gzipSync(text),
  'a stored zip entry': zipBytes([{ name: 'a.txt', data: text, method: 0 }]),
  'a deflated zip entry': zipBytes([{ name: 'a.txt', data: text }]),
  'a zip entry with sizes after the data': zipBytes([
    { name: 'a.txt', data: text, descriptor: true },
  ]),
  'a zip64 entry in a zip64 archive': zipBytes([{ name: 'a.txt', data: text, zip64: true }], {
    zip64: true,
  }),
  'a Deflate64 zip entry': zipBytes([
    { name: 'a.txt', data: text, method: 9, packed: storedBlocks(text) },
  ]),
})
const packings = packingsOf(text)

const origins: Record<string, (bytes: Uint8Array) => InputLike> = {
  'a path': (bytes) => fileOf('input', bytes),
  'a file URL': (bytes) => pathToFileURL(fileOf('a b#c', bytes)),
  'a file URL as text': (bytes) => pathToFileURL(fileOf('input', bytes)).href,
  'bytes in memory': (bytes) => bytes,
  'a Blob': (bytes) => new Blob([new Uint8Array(bytes)]),
  'a Node stream': (bytes) => Readable.from(countedChunks(bytes, 4000).chunks()),
  'a web stream': (bytes) => ReadableStream.from(countedChunks(bytes, 4000).chunks()),
  'a generator': (bytes) => countedChunks(bytes, 4000).chunks(),
  'a generator of single bytes': (bytes) => countedChunks(bytes, 1).chunks(),
}

describe('openInput', () => {
  for (const [packing, bytes] of Object.entries(packings)) {
    for (const [origin, from] of Object.entries(origins)) {
      test(`reads ${packing} from ${origin}`, async () => {
        expect(text.equals(await readAll(from(bytes)))).toBe(true)
      })
    }
  }

  test('gives chunks of the size asked for', async () => {
    for (const [packing, bytes] of Object.entries(packingsOf(sampleText(10_000)))) {
      const sizes: number[] = []
      const source = openInput(bytes, { chunkBytes: 65_536 })
      for await (const chunk of source) sizes.push(chunk.length)
      if (packing === 'a Deflate64 zip entry') continue // zip.js cuts as it likes.
      // An inflated chunk ends where a match does.
      expect(Math.max(...sizes), packing).toBeLessThanOrEqual(65_536)
      expect(Math.max(...sizes), packing).toBeGreaterThan(65_536 - 258)
    }
  })

  test('chunks are the reader’s own unless reuse is asked for', async () => {
    const text = sampleText(10_000)
    const path = fileOf('input', text)
    const kept: Uint8Array[] = []
    for await (const chunk of openInput(path, { chunkBytes: 65_536 })) kept.push(chunk)
    expect(text.equals(Buffer.concat(kept))).toBe(true)
    const buffers = new Set<ArrayBufferLike>()
    const copies: Buffer[] = []
    for await (const chunk of openInput(path, { chunkBytes: 65_536, reuseChunks: true })) {
      buffers.add(chunk.buffer)
      copies.push(Buffer.from(chunk))
    }
    expect(buffers.size).toBe(2)
    expect(text.equals(Buffer.concat(copies))).toBe(true)
  })

  test('chunks are right when each is used up before the next, however packed', async () => {
    const text = sampleText(10_000)
    for (const [packing, bytes] of Object.entries(packingsOf(text))) {
      const copies: Buffer[] = []
      const source = openInput(fileOf('input', bytes), { chunkBytes: 65_536, reuseChunks: true })
      for await (const chunk of source) copies.push(Buffer.from(chunk))
      expect(text.equals(Buffer.concat(copies)), packing).toBe(true)
    }
  })

  test('inflated chunks share their memory where reuse is asked for', async () => {
    const bytes = gzipSync(sampleText(10_000))
    const buffers = new Set<ArrayBufferLike>()
    const source = openInput(bytes, { chunkBytes: 65_536, reuseChunks: true })
    for await (const chunk of source) buffers.add(chunk.buffer)
    expect(buffers.size).toBe(1)
  })

  test('info says what the input is, before and after reading it', async () => {
    const path = fileOf('nibrs-2022.TXT.gz', gzipSync(text))
    const source = openInput(path)
    expect(source.name).toBe('nibrs-2022.TXT.gz')
    const info = await source.info()
    expect(info).toEqual({
      kind: 'gzip',
      name: 'nibrs-2022',
      compressedBytes: gzipSync(text).length,
    })
    let byteCount = 0
    for await (const chunk of source) byteCount += chunk.length
    expect(byteCount).toBe(text.length)
    expect(await source.info()).toBe(info)
    expect(source.bytesRead).toBe(info.compressedBytes)
  })

  test('info of plain text knows its size, of a stream it does not', async () => {
    expect(await openInput(text).info()).toEqual({
      kind: 'text',
      name: 'input',
      uncompressedBytes: text.length,
    })
    const source = openInput(countedChunks(text, 1000).chunks())
    expect(await source.info()).toEqual({ kind: 'text', name: 'input' })
    await source.close()
  })

  test('names of outputs are bare, whatever the input was called', async () => {
    const names: Record<string, string> = {
      'nibrs-2022.zip': 'nibrs-2022',
      '2022_NIBRS.v1.txt': '2022_NIBRS.v1',
      'a.zip.txt': 'a.zip',
      noending: 'noending',
      '..\\..\\evil.txt': 'evil',
      'a/b/c.dat': 'c',
      '.txt': 'input',
      '...': 'input',
      'con:a\u0007*?.txt': 'con_a___',
    }
    for (const [given, expected] of Object.entries(names)) {
      const source = openInput(new File([new Uint8Array(text)], given))
      expect((await source.info()).name, given).toBe(expected)
    }
  })

  test('progress: bytesRead grows to the size of the text or of the packed data', async () => {
    const path = fileOf('input', sampleText(10_000))
    const source = openInput(path, { chunkBytes: 65_536 })
    expect(source.bytesRead).toBe(0)
    let given = 0
    for await (const chunk of source) {
      given += chunk.length
      expect(source.bytesRead).toBe(given)
    }
    expect(source.bytesRead).toBe(sampleText(10_000).length)
    for (const bytes of Object.values(packings)) {
      const packed = openInput(bytes)
      const { compressedBytes, uncompressedBytes } = await packed.info()
      for await (const chunk of packed) expect(chunk.length).toBeGreaterThan(0)
      expect(packed.bytesRead).toBe(compressedBytes ?? uncompressedBytes)
    }
  })

  test('a missing file, a folder and a file below a file are named', async () => {
    const folder = temporaryFolder()
    const missing = await failureOf(`${folder}/none.zip`, 'INPUT_NOT_FOUND')
    expect(missing.message).toBe(`there is no file ${folder}/none.zip; check the path`)
    expect(missing.file).toBe(`${folder}/none.zip`)
    expect((await failureOf(folder, 'INPUT_NOT_READABLE')).message).toContain('is a folder')
    await failureOf(`${fileOf('f', text)}/below`, 'INPUT_NOT_FOUND')
    await expect(openInput(`${folder}/none.zip`).info()).rejects.toThrow('there is no file')
    await expect(openInput(`${folder}/none.zip`).sha256()).rejects.toThrow('there is no file')
    await expect(openInput(folder).sha256()).rejects.toThrow('is a folder')
  })

  test('an empty input is an error, packed or not', async () => {
    const nothing = Buffer.alloc(0)
    await failureOf(fileOf('empty', nothing), 'INPUT_EMPTY')
    await failureOf(countedChunks(nothing, 1).chunks(), 'INPUT_EMPTY')
    await failureOf(gzipSync(nothing), 'INPUT_EMPTY')
    await failureOf(zipBytes([{ name: 'a.txt' }]), 'INPUT_EMPTY')
  })

  test('other archives, and archives in archives, are refused by name', async () => {
    const others: Record<string, Buffer> = {
      '7z': Buffer.from('377abcaf271c0004', 'hex'),
      rar: Buffer.from('526172211a0700', 'hex'),
      xz: Buffer.from('fd377a585a0000', 'hex'),
      zstd: Buffer.from('28b52ffd0458', 'hex'),
      'Unix compress': Buffer.from('1f9d90000000', 'hex'),
      tar: Buffer.concat([Buffer.alloc(257), Buffer.from('ustar\u000000')]),
    }
    for (const [name, bytes] of Object.entries(others)) {
      expect((await failureOf(bytes, 'INPUT_UNSUPPORTED')).message).toContain(`is a ${name} `)
      const stream = countedChunks(bytes, bytes.length).chunks()
      expect((await failureOf(stream, 'INPUT_UNSUPPORTED')).message).toContain(`is a ${name} `)
      const packed = await failureOf(gzipSync(bytes), 'INPUT_UNSUPPORTED')
      expect(packed.message).toContain(`is a ${name} `)
    }
    const nested = zipBytes([{ name: 'inner.zip', data: zipBytes([{ name: 'a', data: text }]) }])
    const { message } = await failureOf(nested, 'INPUT_UNSUPPORTED')
    expect(message).toContain('entry "inner.zip" of the input is a zip archive')
  })

  test('impossible options and inputs throw at once', () => {
    const bad: [options: object, code: string][] = [
      [{ chunkSize: 1 }, 'OPTION_UNKNOWN'],
      [{ chunkBytes: 10 }, 'OPTION_INVALID'],
      [{ maxRatio: Number.NaN }, 'OPTION_INVALID'],
      [{ maxBytes: 0 }, 'OPTION_INVALID'],
    ]
    for (const [options, code] of bad) {
      expect(() => openInput(text, options)).toThrow(expect.objectContaining({ code }))
    }
    for (const input of [7, null, undefined, {}, 'https://example.org/a.zip', new URL('data:,a')]) {
      expect(() => openInput(input as unknown as string)).toThrow(OptionError)
    }
  })

  test('a stream of text instead of bytes is an OptionError', async () => {
    const lines = Readable.from(['one', 'two'])
    await expect(readAll(lines)).rejects.toThrow(OptionError)
    expect(lines.destroyed).toBe(true)
  })

  test('an input can be iterated over once', async () => {
    const source = openInput(text)
    for await (const chunk of source) expect(chunk.length).toBeGreaterThan(0)
    expect(() => source[Symbol.asyncIterator]()).toThrow(TypeError)
  })
})
