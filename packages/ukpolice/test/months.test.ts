import { describe, expect, it } from 'vitest'
import { addMonths, monthsBetween, type MonthResult } from '../src/index.js'
import { generateData, type TestData } from '../src/testing/index.js'
import { failure, serve, unlimited } from './serve.js'

async function collect<Value>(run: AsyncIterable<MonthResult<Value>>): Promise<string[]> {
  const seen: string[] = []
  for await (const result of run) {
    seen.push(
      result.status === 'unpublished'
        ? `${result.month} ${result.reason}`
        : `${result.month} ${result.status}`,
    )
  }
  return seen
}

function withGap(data: TestData, month: string): TestData {
  return { ...data, availability: data.availability.filter((entry) => entry.date !== month) }
}

describe('a run over months', () => {
  it('follows what is published, and says of every other month why not', async () => {
    const data = withGap(generateData({ monthCount: 5 }), '2026-06')
    const { police, server } = await serve({ data, client: unlimited })
    const run = police.months({ since: '2026-02', until: '2026-10' }, (month, signal) =>
      police.stops.force({ force: 'metropolitan', month }, { signal }),
    )
    expect(await collect(run)).toEqual([
      '2026-02 before-window',
      '2026-03 before-window',
      '2026-04 done',
      '2026-05 done',
      '2026-06 not-listed',
      '2026-07 done',
      '2026-08 done',
      '2026-09 after-newest',
      '2026-10 after-newest',
    ])
    expect(run.remaining).toEqual([])
    expect(run.progress).toEqual({
      doneCount: 4,
      failedCount: 0,
      unpublishedCount: 5,
      totalCount: 9,
    })
    expect(server.requests.filter(({ path }) => path === 'stops-force')).toHaveLength(4)
  })

  it('ends with the newest published month, not with the calendar', async () => {
    const { police } = await serve({
      data: generateData({ newest: '2024-02', monthCount: 4 }),
      client: unlimited,
    })
    const run = police.months({ since: '2023-12' }, async (month) => month)
    expect(await collect(run)).toEqual(['2023-12 done', '2024-01 done', '2024-02 done'])
  })

  it('reports a failed month, goes on, and can be resumed with what remains', async () => {
    const { police, server } = await serve({
      data: generateData({ monthCount: 4 }),
      client: { ...unlimited, retry: { limit: 0 } },
      fault: (request) =>
        request.params.get('date') === '2026-06' ? { kind: 'status', status: 500 } : undefined,
    })
    const fetchMonth = (month: string) => police.stops.force({ force: 'metropolitan', month })
    const progress: string[] = []
    const run = police.months({ since: '2026-05' }, fetchMonth, {
      onProgress: ({ doneCount, failedCount, totalCount }, month) =>
        progress.push(`${month} ${doneCount}+${failedCount}/${totalCount}`),
    })
    expect(await collect(run)).toEqual([
      '2026-05 done',
      '2026-06 failed',
      '2026-07 done',
      '2026-08 done',
    ])
    expect(progress).toEqual(['2026-05 1+0/4', '2026-06 1+1/4', '2026-07 2+1/4', '2026-08 3+1/4'])
    expect(run.remaining).toEqual(['2026-06'])
    server.setFault(undefined)
    const resumed = police.months({ months: run.remaining }, fetchMonth)
    expect(await collect(resumed)).toEqual(['2026-06 done'])
    expect(resumed.remaining).toEqual([])
  })

  it('that is left early knows what it did not reach', async () => {
    const { police } = await serve({ data: generateData({ monthCount: 4 }), client: unlimited })
    const run = police.months({ since: '2026-05' }, async (month) => month)
    for await (const result of run) if (result.month === '2026-06') break
    expect(run.remaining).toEqual(['2026-07', '2026-08'])
  })

  it('ends on an abort and keeps the rest', async () => {
    const { police } = await serve({ data: generateData({ monthCount: 4 }), client: unlimited })
    const stop = new AbortController()
    const run = police.months(
      { since: '2026-05' },
      async (month) => {
        if (month === '2026-06') stop.abort(new Error('stop'))
        return police.crimes.unplaced({ force: 'btp', month }, { signal: stop.signal })
      },
      { signal: stop.signal },
    )
    expect((await failure(collect(run))).message).toBe('stop')
    expect(run.remaining).toEqual(['2026-06', '2026-07', '2026-08'])
  })

  it('lets an error of the caller through', async () => {
    const { police } = await serve({ client: unlimited })
    const run = police.months({ since: '2026-07' }, async () => {
      throw new TypeError('a mistake')
    })
    expect(await failure(collect(run))).toBeInstanceOf(TypeError)
  })

  it('ends at once on a wrong input, which no month could answer', async () => {
    const { police } = await serve({ client: unlimited })
    const run = police.months({ since: '2026-07' }, (month) =>
      police.stops.force({ force: 'atlantis', month }),
    )
    expect(await failure(collect(run))).toMatchObject({ code: 'OPTION_UNKNOWN_FORCE' })
    expect(run.remaining).toEqual(['2026-07', '2026-08'])
  })

  it('refuses ranges that make no sense', async () => {
    const { police } = await serve({ client: unlimited })
    const go = (range: object) => () => police.months(range as { since: string }, async () => 1)
    expect(go({ since: '2024-13' })).toThrow(/not a month/)
    expect(go({ since: '2024-05', until: '2024-04' })).toThrow(/before since/)
    expect(go({})).toThrow(/either since or months/)
    expect(go({ since: '2024-05', months: [] })).toThrow(/either since or months/)
    expect(go({ from: '2024-05' })).toThrow(/no key "from"/)
    const nothing = 5 as unknown as () => Promise<number>
    expect(() => police.months({ since: '2026-08' }, nothing)).toThrow(/takes a function/)
    const run = police.months({ since: '2026-08' }, async () => 1)
    await collect(run)
    expect((await failure(collect(run))).message).toMatch(/iterated once/)
  })
})

describe('month arithmetic', () => {
  it('crosses years in both directions', () => {
    expect(addMonths('2024-11', 3)).toBe('2025-02')
    expect(addMonths('2024-01', -1)).toBe('2023-12')
    expect(addMonths('2024-12', 0)).toBe('2024-12')
    expect(monthsBetween('2023-11', '2024-02')).toEqual([
      '2023-11',
      '2023-12',
      '2024-01',
      '2024-02',
    ])
    expect(monthsBetween('2024-02', '2024-01')).toEqual([])
  })
})
