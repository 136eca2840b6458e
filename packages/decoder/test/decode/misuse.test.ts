import { describe, expect, test } from 'vitest'
import { decode } from '../../src/decode.js'
import { detectSpec } from '../../src/detect.js'
import { loadSpec } from '../../src/spec/load.js'
import type { CompiledSpec } from '../../src/spec/types.js'

// What JavaScript lets through and types do not.
const anything = (value: unknown): never => value as never
const text = Buffer.from(`05${' '.repeat(38)}\n`)
const misuse = { name: 'OptionError', code: 'OPTION_INVALID' }

describe('what is no input is refused, and never decoded to nothing', () => {
  test.each([
    ['a lone array of bytes', text],
    ['an ArrayBuffer', text.buffer],
    ['a path', 'nibrs-2022.txt'],
    ['nothing', undefined],
    ['null', null],
  ])('%s', async (_name, input) => {
    const spec = await loadSpec('nibrs/master@2013')
    expect(() => decode(anything(input), spec)).toThrowError(
      expect.objectContaining({ ...misuse, option: 'input' }),
    )
    await expect(detectSpec(anything(input))).rejects.toMatchObject(misuse)
  })

  test.each([
    ['ArrayBuffers', new ArrayBuffer(8)],
    ['texts', 'text'],
    ['numbers', 5],
  ])('chunks that are %s', async (_name, chunk) => {
    const spec = await loadSpec('nibrs/master@2013')
    let closed = false
    function* input(): Generator<unknown> {
      try {
        yield text
        yield chunk
      } finally {
        closed = true
      }
    }
    const all = async (): Promise<void> => {
      for await (const _batch of decode(anything(input()), spec)) {
        // Only to the end.
      }
    }
    await expect(all()).rejects.toMatchObject(misuse)
    expect(closed).toBe(true)
    await expect(detectSpec(anything([chunk]))).rejects.toMatchObject(misuse)
  })
})

test('a spec that was not awaited is named as such', async () => {
  const promise = loadSpec('nibrs/master@2013')
  expect(() => decode([text], promise as unknown as CompiledSpec)).toThrowError(
    /a promise.*awaited/,
  )
  await promise
})
