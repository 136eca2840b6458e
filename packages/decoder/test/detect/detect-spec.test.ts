import { describe, expect, test } from 'vitest'
import { detectSpec } from '../../src/detect.js'
import { bytes, header, record } from './lines.js'

/** A source that tells how far it was read and whether it was closed. */
function counted(chunks: readonly Uint8Array[]) {
  const state = { pulls: 0, closed: false }
  return {
    state,
    async *[Symbol.asyncIterator]() {
      try {
        for (const chunk of chunks) {
          state.pulls++
          yield chunk
        }
      } finally {
        state.closed = true
      }
    },
  }
}

async function collect(source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of source) chunks.push(chunk.slice())
  return Buffer.concat(chunks)
}

function pieces(text: Uint8Array, size: number): Uint8Array[] {
  const made: Uint8Array[] = []
  for (let at = 0; at < text.length; at += size) made.push(text.subarray(at, at + size))
  return made
}

const small = bytes([header('2022'), record('01', 89, '20220101'), record('02', 59, '20220101')])
const large = bytes([
  header('2022'),
  ...Array.from({ length: 40_000 }, () => record('02', 59, '20220101')),
])

describe('detectSpec', () => {
  test('gives the compiled spec, the year and the reason', async () => {
    const found = await detectSpec([small])
    expect(found.spec.id).toBe('nibrs/master@2013')
    expect(found.dataYear).toBe(2022)
    expect(found.reason).toBe('its batch headers (BH) say data year 2022')
  })

  test.each([1 << 16, 1 << 20, 4 << 20])(
    'looks at the first MiB of the text and no further, in chunks of %i',
    async (size) => {
      const line = record('02', 59, '20220101').padEnd(999)
      const text = bytes([
        header('2022'),
        ...Array<string>(1100).fill(line),
        ...Array<string>(2900).fill('x'.repeat(999)),
      ])
      const found = await detectSpec(pieces(text, size))
      expect(found.spec.id).toBe('nibrs/master@2013')
    },
  )

  test.each([1, 7, 100, 5000, 1 << 20])('replays every byte of chunks of %i', async (size) => {
    const text = size < 100 ? small : large
    const { source } = await detectSpec(counted(pieces(text, size)))
    expect(Buffer.compare(await collect(source), text)).toBe(0)
  })

  test('reads no further than 4,096 lines before the decoding asks for more', async () => {
    const input = counted(pieces(large, 65_536))
    const { source } = await detectSpec(input)
    let end = 0
    for (let line = 0; line < 4096; line++) end = large.indexOf(10, end) + 1
    expect(input.state.pulls).toBe(Math.ceil(end / 65_536))
    await collect(source)
    expect(input.state.pulls).toBe(Math.ceil(large.length / 65_536))
  })

  test('reads on behind blank lines, and no further than the first MiB', async () => {
    const blank = Buffer.alloc(700_000, `${' '.repeat(87)}\n`)
    const { spec, source } = await detectSpec(pieces(Buffer.concat([blank, large]), 65_536))
    expect(spec.id).toBe('nibrs/master@2013')
    expect((await collect(source)).length).toBe(blank.length + large.length)
    const input = counted(pieces(Buffer.alloc(2 << 20, `${' '.repeat(87)}\n`), 65_536))
    await expect(detectSpec(input)).rejects.toMatchObject({ code: 'SPEC_NOT_DETECTED' })
    expect(input.state.pulls).toBe(16)
  })

  test('copes with a source that fills the same array again', async () => {
    async function* reusing() {
      const array = new Uint8Array(50)
      for (const piece of pieces(small, 50)) {
        array.fill(0)
        array.set(piece)
        yield array.subarray(0, piece.length)
      }
    }
    const { source } = await detectSpec(reusing())
    expect(Buffer.compare(await collect(source), small)).toBe(0)
  })

  test('closes the input when nothing was recognised', async () => {
    const input = counted([new Uint8Array(2 << 20).fill(0x41), small])
    await expect(detectSpec(input)).rejects.toMatchObject({ code: 'SPEC_NOT_DETECTED' })
    expect(input.state).toEqual({ pulls: 1, closed: true })
  })

  test('closes the input when the replay is left, begun or not', async () => {
    const begun = counted(pieces(large, 65_536))
    for await (const _chunk of (await detectSpec(begun)).source) break
    expect(begun.state.closed).toBe(true)

    const unread = counted(pieces(large, 65_536))
    const { source } = await detectSpec(unread)
    await source[Symbol.asyncIterator]().return?.()
    expect(unread.state.closed).toBe(true)
  })

  test('an empty input is an InputError', async () => {
    await expect(detectSpec([])).rejects.toMatchObject({ code: 'INPUT_EMPTY' })
  })
})
