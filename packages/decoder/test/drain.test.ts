import { describe, expect, test } from 'vitest'
import type { BatchSink, SegmentBatch, SinkSchema } from '../src/batch.js'
import { drain } from '../src/drain.js'

const sinkSchema: SinkSchema = {
  specId: 'test/drain',
  specRevision: 1,
  tables: [],
  metadata: () => ({}),
}

function batchOf(segmentIndex: number): SegmentBatch {
  return {
    segment: 'victim',
    segmentIndex,
    rowCount: 0,
    throughRecord: segmentIndex,
    columns: new Map(),
    recordNumbers: new Uint32Array(0),
    recordLengths: new Uint32Array(0),
    issues: [],
  }
}

type Step = 'next' | 'end' | 'return' | 'open' | 'write' | 'close' | `abort ${string}`

/** A source and a sink that write down every call made on them, in one list. */
function counted(options: { batches?: number; failAt?: number; hangAt?: number } = {}) {
  const { batches = 3, failAt = -1, hangAt = -1 } = options
  const log: Step[] = []
  let given = 0
  let open = 0
  let mostOpen = 0
  const source = {
    sinkSchema,
    [Symbol.asyncIterator]: () => ({
      async next(): Promise<IteratorResult<SegmentBatch>> {
        log.push('next')
        if (given === failAt) throw new RangeError('source broke')
        if (given === hangAt) return new Promise(() => undefined)
        if (given === batches) {
          log.push('end')
          return { done: true, value: undefined }
        }
        open++
        mostOpen = Math.max(mostOpen, open)
        return { done: false, value: batchOf(given++) }
      },
      async return(): Promise<IteratorResult<SegmentBatch>> {
        log.push('return')
        return { done: true, value: undefined }
      },
    }),
  }
  const written: number[] = []
  const sink: BatchSink<readonly number[]> = {
    async open() {
      log.push('open')
    },
    async write(batch) {
      await new Promise((resolve) => setImmediate(resolve))
      log.push('write')
      written.push(batch.segmentIndex)
      open--
    },
    async close() {
      log.push('close')
      return written
    },
    async abort(reason) {
      log.push(`abort ${String(reason)}`)
    },
  }
  return { source, sink, log, mostOpen: () => mostOpen }
}

function aborts(log: readonly Step[]): Step[] {
  return log.filter((step) => step.startsWith('abort'))
}

describe('drain', () => {
  test('opens, writes each batch in order before asking for the next, and closes', async () => {
    const { source, sink, log, mostOpen } = counted()
    await expect(drain(source, sink)).resolves.toEqual([0, 1, 2])
    const steps = 'open next write next write next write next end close'
    expect(log.join(' ')).toBe(steps)
    expect(mostOpen()).toBe(1)
  })

  test('a source without batches still opens and closes the sink', async () => {
    const { source, sink, log } = counted({ batches: 0 })
    await expect(drain(source, sink)).resolves.toEqual([])
    expect(log).toEqual(['open', 'next', 'end', 'close'])
  })

  test('a failing source aborts the sink once and is not closed a second time', async () => {
    const { source, sink, log } = counted({ failAt: 1 })
    await expect(drain(source, sink)).rejects.toThrow(new RangeError('source broke'))
    expect(log).toEqual(['open', 'next', 'write', 'next', 'abort RangeError: source broke'])
  })

  for (const method of ['open', 'write', 'close'] as const) {
    test(`a sink that fails in ${method} is aborted once and its error is thrown`, async () => {
      const { source, sink, log } = counted()
      const failure = new Error(`${method} failed`)
      sink[method] = async () => {
        throw failure
      }
      await expect(drain(source, sink)).rejects.toBe(failure)
      expect(aborts(log)).toEqual([`abort Error: ${method} failed`])
      expect(log.includes('return')).toBe(method !== 'close')
      expect(log.includes('close')).toBe(false)
    })
  }

  test('a failing abort is added to the first error and does not hide it', async () => {
    const { source, sink } = counted({ failAt: 0 })
    const second = new Error('cannot remove')
    sink.abort = () => {
      throw second
    }
    const error: unknown = await drain(source, sink).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(RangeError)
    expect((error as { cleanupErrors?: unknown }).cleanupErrors).toEqual([second])
  })

  test('a source that fails to close is added to the first error too', async () => {
    const { source, sink, log } = counted()
    const failure = new Error('write failed')
    sink.write = async () => {
      throw failure
    }
    const broken = {
      sinkSchema,
      [Symbol.asyncIterator]: () => ({
        ...source[Symbol.asyncIterator](),
        return: () => Promise.reject(new Error('cannot close')),
      }),
    }
    await expect(drain(broken, sink)).rejects.toBe(failure)
    expect(failure).toHaveProperty('cleanupErrors', [new Error('cannot close')])
    expect(aborts(log)).toHaveLength(1)
  })

  test('a frozen error or a reason that is no error is thrown as it is', async () => {
    const { source, sink } = counted({ hangAt: 0 })
    sink.abort = () => Promise.reject(new Error('cannot remove'))
    await expect(drain(source, sink, { signal: AbortSignal.abort('enough') })).rejects.toBe(
      'enough',
    )
    sink.open = () => Promise.reject(Object.freeze(new Error('frozen')))
    await expect(drain(counted().source, sink)).rejects.toThrow('frozen')
  })

  test('an aborted signal stops before the sink is opened', async () => {
    const { source, sink, log } = counted()
    const reason = new Error('user left')
    await expect(drain(source, sink, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason)
    expect(log).toEqual(['abort Error: user left', 'return'])
  })

  test('an abort while the source waits ends at once with the reason', async () => {
    const { source, sink, log } = counted({ hangAt: 1 })
    const controller = new AbortController()
    const reason = new Error('user left')
    setTimeout(() => controller.abort(reason), 20)
    await expect(drain(source, sink, { signal: controller.signal })).rejects.toBe(reason)
    expect(log).toEqual(['open', 'next', 'write', 'next', 'abort Error: user left', 'return'])
  })

  test('an abort during a write lets the write end and asks for no further batch', async () => {
    const { source, sink, log } = counted()
    const controller = new AbortController()
    const write = sink.write.bind(sink)
    sink.write = async (batch) => {
      controller.abort(new Error('user left'))
      await write(batch)
    }
    await expect(drain(source, sink, { signal: controller.signal })).rejects.toThrow('user left')
    expect(log).toEqual(['open', 'next', 'write', 'abort Error: user left', 'return'])
  })

  test('a generator that has begun runs its finally block when the sink fails', async () => {
    let closed = false
    async function* generate() {
      try {
        yield batchOf(0)
        yield batchOf(1)
      } finally {
        closed = true
      }
    }
    const { sink } = counted()
    sink.write = async () => {
      throw new Error('disk full')
    }
    await expect(drain(Object.assign(generate(), { sinkSchema }), sink)).rejects.toThrow(
      'disk full',
    )
    expect(closed).toBe(true)
  })

  test('no listener stays on the signal', async () => {
    const controller = new AbortController()
    const { source, sink } = counted()
    let listeners = 0
    const signal = controller.signal
    const add = signal.addEventListener.bind(signal)
    const remove = signal.removeEventListener.bind(signal)
    signal.addEventListener = (...parameters: Parameters<typeof add>) => {
      listeners++
      add(...parameters)
    }
    signal.removeEventListener = (...parameters: Parameters<typeof remove>) => {
      listeners--
      remove(...parameters)
    }
    await drain(source, sink, { signal })
    expect(listeners).toBe(0)
  })
})
