import { ServerError } from '@ukpolice/client'
import { describe, expect, it } from 'vitest'
import { DestinationError } from '../src/index.js'
import { retrying } from '../src/retry.js'

function passing(): DestinationError {
  return new DestinationError('DESTINATION_FAILED', 'it may pass', { retryable: true })
}

describe('retrying', () => {
  it('tries again after errors that may pass, waiting longer each time', async () => {
    const waits: number[] = []
    let tries = 0
    const result = await retrying(
      async () => {
        if (++tries < 3) throw passing()
        return 'done'
      },
      { retries: 2, signal: undefined, onRetry: (_attempt, waitMs) => waits.push(waitMs) },
    )
    expect(result).toBe('done')
    expect(waits).toHaveLength(2)
    expect(waits[0]).toBeGreaterThanOrEqual(125)
    expect(waits[0]).toBeLessThanOrEqual(250)
    expect(waits[1]).toBeGreaterThanOrEqual(250)
    expect(waits[1]).toBeLessThanOrEqual(500)
  })

  it('waits as long as the error asks for', async () => {
    const waits: number[] = []
    let tries = 0
    await retrying(
      async () => {
        if (++tries > 2) return
        if (tries === 1) {
          const context = { retryable: true, retryAfterMs: 20 }
          throw new DestinationError('DESTINATION_FAILED', 'busy', context)
        }
        throw new ServerError('API_OUTAGE', 'busy too', {
          status: 503,
          retryable: true,
          context: { retryAfterMs: 30 },
        })
      },
      { retries: 2, signal: undefined, onRetry: (_attempt, waitMs) => waits.push(waitMs) },
    )
    expect(waits).toEqual([20, 30])
  })

  it('gives up when the tries are used up, or the error is final', async () => {
    for (const [error, expected] of [
      [passing(), 3],
      [new DestinationError('DESTINATION_ROW', 'it will not pass'), 1],
      [new DestinationError('DESTINATION_LOCKED', 'held', { retryable: true }), 1],
      [new TypeError('a fault of the program'), 1],
    ] as const) {
      let tries = 0
      const work = async () => {
        tries++
        throw error
      }
      const options = { retries: 2, signal: undefined, onRetry: () => undefined }
      await expect(retrying(work, options)).rejects.toBe(error)
      expect(tries).toBe(expected)
    }
  })

  it('ends a wait when it is aborted, with the reason', async () => {
    const controller = new AbortController()
    const reason = new Error('enough')
    const work = async () => {
      throw passing()
    }
    const working = retrying(work, {
      retries: 5,
      signal: controller.signal,
      onRetry: () => controller.abort(reason),
    })
    await expect(working).rejects.toBe(reason)
  })
})
