import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Issue } from '../../src/issues.js'
import { CHUNK_BYTES, CHUNKS_AHEAD, ChunkFeed } from '../../src/parallel/chunk-feed.js'
import { decodeFiles, type DecodeFilesOptions } from '../../src/parallel/decode-files.js'
import { partition } from '../../src/parallel/partition.js'
import type { FileFormat } from '../../src/sinks/file-format.js'
import type { ClosingFile, WrittenFile } from '../../src/sinks/table-sink.js'
import { loadSpec } from '../../src/spec/load.js'
import type { CompiledSpec } from '../../src/spec/types.js'
import { generateMasterFile } from '../../src/testing/index.js'

// Worker threads run the built worker: `npm test` builds before it tests.
const folder = mkdtempSync(path.join(tmpdir(), 'threads-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let spec: CompiledSpec
let old: CompiledSpec
let input: Uint8Array
let oldInput: Uint8Array
beforeAll(async () => {
  spec = await loadSpec('nibrs/master@2013')
  old = await loadSpec('nibrs/master@2002')
  const faults = { rate: 0.01 }
  input = await bytesOf({ year: 2021, records: 60_000, seed: 5, faults })
  oldInput = await bytesOf({ year: 2005, records: 30_000, seed: 6, trim: 'some', faults })
})

async function bytesOf(options: Parameters<typeof generateMasterFile>[0]): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for (const chunk of await generateMasterFile(options)) chunks.push(Uint8Array.from(chunk))
  return Buffer.concat(chunks)
}

function* cut(bytes: Uint8Array, size: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

function options(directory: string, changes: Partial<DecodeFilesOptions>): DecodeFilesOptions {
  return {
    directory,
    force: false,
    format: 'parquet',
    labels: false,
    segments: null,
    limit: null,
    batchRows: 8192,
    threads: 2,
    packed: false,
    signal: new AbortController().signal,
    onIssues: () => {},
    onProgress: () => {},
    beforeClose: async () => ({ 'test.note': 'same for all' }),
    ...changes,
  }
}

function hashes(directory: string): Record<string, string> {
  return Object.fromEntries(
    readdirSync(directory)
      .sort()
      .map((name) => [
        name,
        createHash('sha256')
          .update(readFileSync(path.join(directory, name)))
          .digest('hex'),
      ]),
  )
}

const inFileOrder = (a: Issue, b: Issue): number =>
  a.byteOffset - b.byteOffset ||
  (a.field ?? '').localeCompare(b.field ?? '') ||
  a.code.localeCompare(b.code)

describe('threads', () => {
  it.each<[FileFormat, boolean]>([
    ['parquet', true],
    ['csv', false],
    ['ndjson', true],
    ['arrow', false],
  ])(
    'write the same %s bytes, counts and issues however many there are',
    async (format, labels) => {
      const results = []
      for (const threads of [2, 3, 4]) {
        const directory = path.join(folder, `${format}-${threads}`)
        const issues: Issue[] = []
        const { stats, files } = await decodeFiles(
          cut(input, 300_000 + threads),
          spec,
          options(directory, {
            format,
            labels,
            threads,
            onIssues: (found) => issues.push(...found),
          }),
        )
        results.push({
          stats,
          files: files.map(({ segment, rowCount, byteCount }) => ({
            segment,
            rowCount,
            byteCount,
          })),
          hashes: hashes(directory),
          issues: issues.sort(inFileOrder),
        })
      }
      expect(results[1]).toEqual(results[0])
      expect(results[2]).toEqual(results[0])
      const { stats } = results[0]!
      const rows = Object.values(stats.rows).reduce((sum, count) => sum + count, 0)
      expect(stats.records).toBe(
        rows + stats.joinedHeaderParts + stats.withheld + stats.notSelected,
      )
      expect(stats.withheld).toBeGreaterThan(0)
      expect(Object.values(stats.issues).reduce((sum, count) => sum + count, 0)).toBe(
        results[0]!.issues.length,
      )
    },
  )

  it('agree on three-part headers, trimmed lines, selection and limit', async () => {
    const results = []
    for (const threads of [2, 4]) {
      const directory = path.join(folder, `old-${threads}`)
      const { stats } = await decodeFiles(
        cut(oldInput, 100_001),
        old,
        options(directory, {
          threads,
          segments: ['batch_header', 'victim', 'offender', 'offense'],
          limit: 20_000,
        }),
      )
      results.push({ stats, hashes: hashes(directory) })
    }
    expect(results[1]).toEqual(results[0])
    const { stats } = results[0]!
    expect(stats.records).toBe(20_000)
    expect(stats.notSelected).toBeGreaterThan(0)
    expect(stats.joinedHeaderParts).toBeGreaterThan(0)
  })

  it('end together when the input fails, and leave nothing', async () => {
    const directory = path.join(folder, 'failing')
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield* cut(input, 1 << 20)
      throw new Error('the cable was pulled')
    }
    await expect(decodeFiles(failing(), spec, options(directory, {}))).rejects.toThrow(/cable/)
    expect(existsSync(directory)).toBe(false)
  })

  it('end together when aborted, with the reason given', async () => {
    const directory = path.join(folder, 'aborted')
    const controller = new AbortController()
    const reason = new Error('changed my mind')
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (let round = 0; ; round++) {
        yield input
        if (round === 3) controller.abort(reason)
      }
    }
    await expect(
      decodeFiles(endless(), spec, options(directory, { signal: controller.signal })),
    ).rejects.toBe(reason)
    expect(existsSync(directory)).toBe(false)
  })

  it('pass on the error of a worker with its class and code', async () => {
    const directory = path.join(folder, 'too-long')
    const long = Buffer.alloc(3 << 20, 0x41)
    await expect(
      decodeFiles(cut(long, 1 << 20), spec, options(directory, {})),
    ).rejects.toMatchObject({ name: 'InputError', code: 'INPUT_RECORD_TOO_LONG' })
    expect(existsSync(directory)).toBe(false)
  })

  it('write the closing file before any file has its final name, and name all or none', async () => {
    const directory = path.join(folder, 'closed')
    let seen: readonly WrittenFile[] = []
    const closing = (bytes: () => Uint8Array): ClosingFile => ({
      fileName: 'manifest.json',
      bytes(tables) {
        expect(tables.map(({ path }) => existsSync(path))).not.toContain(true)
        seen = tables
        return bytes()
      },
    })
    const decodeWith = (bytes: () => Uint8Array) =>
      decodeFiles(cut(input, 1 << 20), spec, options(directory, { closing: closing(bytes) }))
    const full = new Error('no room for it')
    await expect(
      decodeWith(() => {
        throw full
      }),
    ).rejects.toBe(full)
    expect(existsSync(directory)).toBe(false)
    // Something of that name appears meanwhile.
    await expect(
      decodeWith(() => {
        mkdirSync(path.join(directory, 'manifest.json'))
        return Buffer.from('{}')
      }),
    ).rejects.toMatchObject({ code: 'OUTPUT_NOT_WRITABLE' })
    expect(readdirSync(directory)).toEqual(['manifest.json'])
    rmSync(directory, { recursive: true })
    const { files } = await decodeWith(() => Buffer.from('{}'))
    expect(files).toEqual(seen)
    expect(readFileSync(path.join(directory, 'manifest.json'), 'utf8')).toBe('{}')
    for (const { path, byteCount } of files) expect(statSync(path).size).toBe(byteCount)
  })

  it('refuse to overwrite before anything is read', async () => {
    const directory = path.join(folder, 'twice')
    await decodeFiles(cut(input, 1 << 20), spec, options(directory, {}))
    let read = 0
    const counting = (function* () {
      read++
      yield input
    })()
    await expect(decodeFiles(counting, spec, options(directory, {}))).rejects.toMatchObject({
      code: 'OUTPUT_EXISTS',
    })
    expect(read).toBe(0)
  })
})

describe('partition', () => {
  it.each([2, 3, 4, 8])('gives every segment to one of %i threads', (threads) => {
    for (const input of ['text', 'packed'] as const) {
      const sets = partition(spec.tables, threads, input)
      expect(sets).toHaveLength(threads)
      expect(sets.flat().sort()).toEqual(spec.tables.map(({ name }) => name).sort())
    }
  })

  it('leaves less to the thread that inflates', () => {
    const ownOf = (input: 'text' | 'packed') => partition(spec.tables, 2, input)[0]!.length
    expect(ownOf('packed')).toBeLessThan(ownOf('text'))
  })
})

describe('chunk feed', () => {
  it('waits while the other thread holds every buffer, and uses them again', async () => {
    const sent: ArrayBuffer[] = []
    const feed = new ChunkFeed((message) => {
      if (message.type === 'chunk') sent.push(message.buffer)
    })
    for (let i = 0; i < CHUNKS_AHEAD; i++) {
      await feed.ready(CHUNK_BYTES)
      feed.send(new Uint8Array(CHUNK_BYTES).fill(i))
    }
    expect(new Set(sent).size).toBe(CHUNKS_AHEAD)
    let free = false
    const waiting = feed.ready(1).then(() => (free = true))
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(free).toBe(false)
    feed.takeBack(sent[0]!)
    await waiting
    feed.send(Uint8Array.of(99))
    feed.end()
    expect(sent[CHUNKS_AHEAD]).toBe(sent[0])
    expect(new Uint8Array(sent[0]!)[0]).toBe(99)
  })

  it('gathers chunks, and keeps their order', () => {
    const sent: number[][] = []
    const feed = new ChunkFeed((message) => {
      if (message.type === 'end') return
      const bytes = new Uint8Array(message.buffer, 0, message.byteCount)
      sent.push([bytes.length, bytes[0]!, bytes.at(-1)!])
    })
    const third = Math.floor(CHUNK_BYTES / 3)
    for (let i = 0; i < 4; i++) feed.send(new Uint8Array(third).fill(i))
    feed.send(new Uint8Array(CHUNK_BYTES).fill(4))
    feed.send(Uint8Array.of(5))
    feed.end()
    expect(sent).toEqual([
      [third * 3, 0, 2],
      [third, 3, 3],
      [CHUNK_BYTES, 4, 4],
      [1, 5, 5],
    ])
  })

  it('ends a wait when the other thread fails', async () => {
    const feed = new ChunkFeed(() => {})
    for (let i = 0; i < CHUNKS_AHEAD; i++) feed.send(new Uint8Array(CHUNK_BYTES))
    const waiting = feed.ready(1)
    feed.wake()
    await expect(waiting).resolves.toBeUndefined()
  })
})
