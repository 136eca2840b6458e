import { describe, expect, it } from 'vitest'
import { BytePool } from '../src/byte-pool.js'

describe('a pool of arrays', () => {
  it('gives an array again once it was given back, and never before', () => {
    const pool = new BytePool(1 << 20)
    const first = pool.take(300_000)
    const second = pool.take(300_000)
    expect(second.buffer).not.toBe(first.buffer)
    pool.give([first])
    const third = pool.take(500_000)
    expect(third.buffer).toBe(first.buffer)
    expect(third).toHaveLength(500_000)
    expect(pool.take(300_000).buffer).not.toBe(first.buffer)
  })

  it('does not spend a large array on few bytes, or one that is too small', () => {
    const pool = new BytePool(8 << 20)
    const large = pool.take(4 << 20)
    pool.give([large])
    expect(pool.take(500_000).buffer).not.toBe(large.buffer)
    expect(pool.take(5 << 20).buffer).not.toBe(large.buffer)
    expect(pool.take(600_000).buffer).toBe(large.buffer)
  })

  it('gives the smallest that fits', () => {
    const pool = new BytePool(8 << 20)
    const [large, small] = [pool.take(2 << 20), pool.take(1 << 20)]
    pool.give([large, small])
    expect(pool.take(900_000).buffer).toBe(small.buffer)
    expect(pool.take(900_000).buffer).toBe(large.buffer)
  })

  it('makes arrays of at most twice what is asked for', () => {
    for (const byteCount of [10_000, 16_384, 100_000, 524_288, 524_289, 5_000_001]) {
      const array = new BytePool(0).take(byteCount)
      expect(array).toHaveLength(byteCount)
      expect(array.buffer.byteLength).toBeLessThanOrEqual(2 * byteCount)
    }
  })

  it('keeps no more than it may', () => {
    const pool = new BytePool(1 << 20)
    const arrays = [pool.take(1 << 20), pool.take(1 << 20)]
    pool.give(arrays)
    expect(pool.take(1 << 20).buffer).toBe(arrays[0]!.buffer)
    expect(pool.take(1 << 20).buffer).not.toBe(arrays[1]!.buffer)
  })

  it('keeps all that are shared, for the collector does not see their size', () => {
    const pool = new BytePool(1 << 20, { shared: true })
    const arrays = [pool.take(1 << 20), pool.take(1 << 20), pool.take(1 << 20)]
    expect(arrays.every(({ buffer }) => buffer instanceof SharedArrayBuffer)).toBe(true)
    pool.give(arrays)
    const again = [pool.take(1 << 20), pool.take(1 << 20), pool.take(1 << 20)]
    expect(new Set(again.map(({ buffer }) => buffer))).toEqual(
      new Set(arrays.map(({ buffer }) => buffer)),
    )
  })
})
