import { readFileSync } from 'node:fs'
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { openInput } from '../../src/input.js'
import { failureOf, fileOf, readAll } from './reading.js'
import { deflate64Text, sampleText, storedBlocks, zipBytes } from './zip-bytes.js'

const small = Buffer.from('small\n')
const large = sampleText(2000)
const fixture = new URL('fixtures/deflate64.zip', import.meta.url)

describe('zip archives', () => {
  test('the largest file is read by default, the first of equals, and all are listed', async () => {
    const archive = zipBytes([
      { name: 'readme.txt', data: small, method: 0 },
      { name: 'data/', method: 0 },
      { name: 'data/2022.txt', data: large },
      { name: 'data/copy.txt', data: large, method: 9, packed: storedBlocks(large) },
    ])
    const source = openInput(fileOf('nibrs.zip', archive))
    expect(await source.info()).toEqual({
      kind: 'zip',
      name: 'nibrs',
      entry: 'data/2022.txt',
      method: 'deflate',
      compressedBytes: deflateRawSync(large).length,
      uncompressedBytes: large.length,
      entries: [
        { name: 'readme.txt', size: 6, compressedSize: 6, method: 'stored', encrypted: false },
        {
          name: 'data/2022.txt',
          size: large.length,
          compressedSize: deflateRawSync(large).length,
          method: 'deflate',
          encrypted: false,
        },
        {
          name: 'data/copy.txt',
          size: large.length,
          compressedSize: storedBlocks(large).length,
          method: 'deflate64',
          encrypted: false,
        },
      ],
    })
    await source.close()
  })

  test('entry chooses by exact name first, then by glob, the largest of several', async () => {
    const archive = zipBytes([
      { name: 'a/one.txt', data: Buffer.from('a/one\n') },
      { name: 'a/b/two.txt', data: Buffer.from('a/b/two\n') },
      { name: '[x].txt', data: Buffer.from('bracket\n') },
      { name: 'x.dat', data: large },
      { name: '*.txt', data: Buffer.from('star\n') },
    ])
    const chosen: Record<string, string> = {
      'a/one.txt': 'a/one\n',
      'one.txt': 'a/one\n',
      'o?e.*': 'a/one\n',
      'a/*.txt': 'a/one\n',
      'a/**': 'a/b/two\n',
      '**/two.txt': 'a/b/two\n',
      '[x].txt': 'bracket\n',
      '*.txt': 'star\n',
    }
    for (const [entry, expected] of Object.entries(chosen)) {
      expect(String(await readAll(archive, { entry })), entry).toBe(expected)
    }
    expect(large.equals(await readAll(archive, { entry: '*.dat' }))).toBe(true)
    const { message } = await failureOf(archive, 'INPUT_NO_ENTRY', { entry: 'a/*.dat' })
    expect(message).toContain('no entry matches "a/*.dat"; the archive holds "a/one.txt", "a/b/')
  })

  test('no file in the archive is INPUT_NO_ENTRY', async () => {
    await failureOf(zipBytes([]), 'INPUT_NO_ENTRY')
    await failureOf(zipBytes([{ name: 'a/', method: 0 }]), 'INPUT_NO_ENTRY')
  })

  test('entry names are only ever text: no path, no control character', async () => {
    for (const name of ['../../etc/passwd', '/abs.txt', 'C:\\x.txt', 'a\u001b[31m.txt', '']) {
      const archive = zipBytes([{ name, data: small }])
      const source = openInput(fileOf('safe.zip', archive))
      const info = await source.info()
      expect(info.name).toBe('safe')
      await source.close()
      expect(String(await readAll(archive))).toBe('small\n')
    }
    const hidden = zipBytes([{ name: 'a\u001b[31m.txt', data: small, crc: 1 }])
    expect((await failureOf(hidden, 'INPUT_CRC')).message).toContain('"a\\u001b[31m.txt"')
  })

  test('an archive without a name of its own lends outputs the base name of the entry', async () => {
    const archive = zipBytes([{ name: '../data/NIBRS_2022.txt', data: small }])
    expect((await openInput(archive).info()).name).toBe('NIBRS_2022')
  })

  test('a Deflate64 entry of a real compressor is read', async () => {
    const archive = readFileSync(fixture)
    const packed = archive.subarray(30 + 'deflate64.txt'.length)
    expect(() => inflateRawSync(packed)).toThrow('too many length or distance symbols')
    const source = openInput(fixture)
    expect(await source.info()).toMatchObject({ method: 'deflate64', uncompressedBytes: 140_004 })
    await source.close()
    expect(deflate64Text().equals(await readAll(fixture))).toBe(true)
    expect(deflate64Text().equals(await readAll(new Blob([archive])))).toBe(true)
  })

  test('a wrong CRC-32 is an error at the end, for every method', async () => {
    for (const method of [0, 8, 9]) {
      const packed = method === 9 ? { packed: storedBlocks(large) } : {}
      const archive = zipBytes([{ name: 'a.txt', data: large, method, crc: 7, ...packed }])
      const error = await failureOf(archive, 'INPUT_CRC')
      expect(error.message).toBe(
        'entry "a.txt" of the input: the unpacked bytes fail the CRC-32 check; fetch it again',
      )
    }
  })

  test('more or fewer bytes than declared is an error, for every method', async () => {
    for (const method of [8, 9]) {
      const packed = method === 9 ? storedBlocks(large) : deflateRawSync(large)
      const part = { name: 'a.txt', data: large, method, packed }
      const more = zipBytes([{ ...part, size: large.length - 1 }])
      await failureOf(more, 'INPUT_CORRUPT')
      const fewer = zipBytes([{ ...part, size: large.length + 1 }])
      await failureOf(fewer, method === 9 ? 'INPUT_CORRUPT' : 'INPUT_TRUNCATED')
    }
    const stored = { name: 'a.txt', data: large, method: 0, size: large.length - 1 }
    const { message } = await failureOf(zipBytes([stored]), 'INPUT_CORRUPT')
    expect(message).toContain('is stored but has two sizes')
  })

  test('data that ends before its time or is no deflate data is an error', async () => {
    const packed = deflateRawSync(large)
    const cut = { name: 'a.txt', data: large, packed: packed.subarray(0, -20) }
    await failureOf(zipBytes([cut]), 'INPUT_TRUNCATED')
    const wrong = { name: 'a.txt', data: large, packed: Buffer.alloc(500, 0xff) }
    await failureOf(zipBytes([wrong]), 'INPUT_CORRUPT')
    const fixtureBytes = readFileSync(fixture)
    fixtureBytes.fill(0xff, 1000, 1100)
    await failureOf(fixtureBytes, 'INPUT_CORRUPT')
  })

  test('an encrypted entry is refused, another one beside it is not', async () => {
    const archive = zipBytes([
      { name: 'secret.txt', data: large, flags: 1 },
      { name: 'open.txt', data: small },
    ])
    const { message } = await failureOf(archive, 'INPUT_ENCRYPTED')
    expect(message).toContain('entry "secret.txt" of the input is encrypted')
    expect(String(await readAll(archive, { entry: 'open.txt' }))).toBe('small\n')
    const strong = zipBytes([{ name: 'secret.txt', data: large, flags: 0x41 }])
    await failureOf(strong, 'INPUT_ENCRYPTED')
  })

  test('another method is refused by its number', async () => {
    for (const [method, known] of [
      [12, 'bzip2'],
      [14, 'LZMA'],
      [93, 'zstd'],
      [77, ''],
    ] as const) {
      const archive = zipBytes([{ name: 'a.txt', data: large, method, packed: large }])
      const { message } = await failureOf(archive, 'INPUT_UNSUPPORTED')
      expect(message).toContain(`is packed by method ${method}${known && ` (${known})`}; expected`)
    }
  })

  test('an archive in parts is refused', async () => {
    const archive = zipBytes([{ name: 'a.txt', data: small }], { diskNumber: 2 })
    await failureOf(archive, 'INPUT_UNSUPPORTED')
    const zip64 = zipBytes([{ name: 'a.txt', data: small }], { diskNumber: 2, zip64: true })
    await failureOf(zip64, 'INPUT_UNSUPPORTED')
  })

  test('a directory that points astray is an error', async () => {
    const part = { name: 'a.txt', data: small }
    await failureOf(zipBytes([{ ...part, offset: 5 }]), 'INPUT_CORRUPT')
    await failureOf(zipBytes([{ ...part, offset: 1e6 }]), 'INPUT_TRUNCATED')
    await failureOf(zipBytes([{ ...part, localSignature: 0x08074b50 }]), 'INPUT_CORRUPT')
    const far = { ...part, zip64: true, offset: 2 ** 52 }
    await failureOf(zipBytes([far], { zip64: true }), 'INPUT_TRUNCATED')
    const beyond = { ...part, compressedSize: 1e6 }
    await failureOf(zipBytes([beyond]), 'INPUT_TRUNCATED')
    await failureOf(zipBytes([part], { entryCount: 2 }), 'INPUT_TRUNCATED')
    await failureOf(zipBytes([part], { entryCount: 2, comment: 'x'.repeat(99) }), 'INPUT_CORRUPT')
    const extra = Buffer.from([1, 0, 200, 0, 1])
    await failureOf(zipBytes([{ ...part, extra }]), 'INPUT_CORRUPT')
  })

  test('a malformed Unicode name beside the plain one does not stop the reading', async () => {
    const extra = Buffer.from([0x75, 0x70, 0, 0])
    const source = openInput(zipBytes([{ name: 'plain.txt', data: small, extra }]))
    expect((await source.info()).entry).toBe('plain.txt')
  })

  test('bytes after the end of the deflate data, within the entry, do no harm', async () => {
    const packed = Buffer.concat([deflateRawSync(large), Buffer.alloc(100, 7)])
    const archive = zipBytes([{ name: 'a.txt', data: large, packed }])
    expect(large.equals(await readAll(archive))).toBe(true)
  })

  test('a comment at the end of the archive does no harm', async () => {
    const archive = zipBytes([{ name: 'a.txt', data: large }], { comment: 'made for a test' })
    expect(large.equals(await readAll(archive))).toBe(true)
  })
})

describe('bombs', () => {
  const zeros = Buffer.alloc(70 * 1024 * 1024)

  test('a ratio no real file has is refused before the first byte', async () => {
    const archive = zipBytes([{ name: 'zeros.txt', data: zeros }])
    const source = openInput(archive)
    const error = await source.info().catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'INPUT_BOMB' })
    expect((error as Error).message).toContain('over the 250:1 allowed')
    expect(source.bytesRead).toBe(0)
    let byteCount = 0
    for await (const chunk of openInput(archive, { maxRatio: 1100 })) byteCount += chunk.length
    expect(byteCount).toBe(zeros.length)
  })

  test('a declared size that is a lie is refused by ratio, or found out while reading', async () => {
    const part = { name: 'a.txt', data: small, zip64: true }
    await failureOf(zipBytes([{ ...part, size: 2 ** 45 }], { zip64: true }), 'INPUT_BOMB')
    const lie = zipBytes([{ name: 'zeros.txt', data: zeros, size: 1000 }])
    const { message } = await failureOf(lie, 'INPUT_CORRUPT')
    expect(message).toContain('holds more than the 1000 bytes its directory declares')
  })

  test('a small file may have any ratio', async () => {
    const repeated = Buffer.from('x'.repeat(1_000_000))
    expect(repeated.equals(await readAll(zipBytes([{ name: 'a', data: repeated }])))).toBe(true)
  })

  test('maxBytes is held before the reading of a zip', async () => {
    const archive = zipBytes([{ name: 'a.txt', data: large }])
    await failureOf(archive, 'INPUT_BOMB', { maxBytes: large.length - 1 })
    expect(large.equals(await readAll(archive, { maxBytes: large.length }))).toBe(true)
  })

  test('a directory of a hundred thousand entries is refused unread', async () => {
    const archive = zipBytes([{ name: 'a.txt', data: small }], { zip64: true, entryCount: 1e9 })
    await failureOf(archive, 'INPUT_BOMB')
  })
})
