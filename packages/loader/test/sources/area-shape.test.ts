import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { createClient } from '@ukpolice/client'
import { generateData, startTestServer, type TestServer } from '@ukpolice/client/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { listLoads, load, type LoadOptions, openDestination } from '../../src/index.js'
import { ukpoliceApi, type UkPoliceApiOptions } from '../../src/sources/index.js'

const LARGE = [
  { lat: 52.5, lng: -1.3 },
  { lat: 52.5, lng: -0.9 },
  { lat: 52.8, lng: -0.9 },
  { lat: 52.8, lng: -1.3 },
]
const SMALL = LARGE.map(({ lat, lng }) => ({ lat: lat === 52.8 ? 52.6 : lat, lng }))
/** Routes that say what is published. */
const LISTS = ['crime-last-updated', 'crimes-street-dates', 'forces']

let folder: string
let server: TestServer
let count = 0

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'loader-shape-'))
  server = await startTestServer(
    generateData({ forces: ['leicestershire'], monthCount: 3, crimeCount: 60, stopCount: 60 }),
    { rate: false },
  )
})
afterAll(async () => {
  await server.close()
  rmSync(folder, { recursive: true, force: true })
})

type Source = Partial<Omit<UkPoliceApiOptions, 'area'>> & {
  readonly name?: string
  readonly within?: typeof LARGE
  readonly anew?: NonNullable<UkPoliceApiOptions['area']>['anew']
}

/** A warehouse with stops of the last two months of an area, and a way to load more of it. */
async function withArea() {
  const destination = openDestination(`duckdb:${path.join(folder, `w${++count}.duckdb`)}`)
  const loadArea = async (
    { name = 'leicester', within = LARGE, anew, ...source }: Source,
    options: Partial<LoadOptions> = {},
  ) => {
    const client = createClient({ baseUrl: server.url, limits: { perSecond: 1e4, burst: 1e4 } })
    const area = { name, within, ...(anew === undefined ? {} : { anew }) }
    const api = ukpoliceApi({ client, dataset: 'stops', since: '2026-07', ...source, area })
    return load({ source: api, destination, ...options })
  }
  expect((await loadArea({})).slices).toHaveLength(2)
  const shapes = async () =>
    (await listLoads(destination))
      .filter(({ status }) => status === 'committed')
      .map(({ sourceKind, manifest, state }) => [sourceKind, manifest.slice, state!['areaSha256']])
  return { destination, loadArea, shapes }
}

describe('an area that is in', () => {
  test('is skipped when the same shape is given another way', async () => {
    const { loadArea } = await withArea()
    const turned = [...LARGE.slice(2), ...LARGE.slice(0, 2)].toReversed()
    expect((await loadArea({ within: turned })).status).toBe('skipped')
  })

  test.each<[string, Source, Partial<LoadOptions>, number]>([
    ['of the same months', {}, {}, 2],
    ['of another month', { since: '2026-06', until: '2026-06' }, {}, 2],
    ['of another data set', { dataset: 'crimes' }, {}, 2],
    ['in a dry run', {}, { dryRun: true }, 2],
    ['with force for some of the months', { since: '2026-08' }, { force: true }, 1],
    ['with force beside what is in', {}, { force: true, disposition: 'append' }, 2],
  ])('refuses another shape under its name %s', async (_, source, options, slices) => {
    const { loadArea, shapes } = await withArea()
    const before = await shapes()
    const asked = server.requests.length
    const refused = loadArea({ ...source, within: SMALL }, options)
    await expect(refused).rejects.toMatchObject({ code: 'OPTION_CONFLICT', option: 'area' })
    const where = slices === 1 ? '1 slice' : `${slices} slices`
    await expect(refused).rejects.toThrow(
      `area "leicester" is in with another shape than the one given (--within), in ${where} that would stay, such as ukpolice_area_stop of 2026-07`,
    )
    const routes = server.requests.slice(asked).map((request) => request.path)
    expect(routes.filter((route) => !LISTS.includes(route))).toEqual([])
    expect(await shapes()).toEqual(before)
  })

  test('refuses another shape in a slice without a row, and keeps the shape it has', async () => {
    const { loadArea, shapes } = await withArea()
    const sea = LARGE.map(({ lat, lng }) => ({ lat, lng: lng + 3 }))
    const farther = sea.map(({ lat, lng }) => ({ lat, lng: lng + 0.5 }))
    await loadArea({ name: 'sea', within: sea })
    const before = await shapes()
    const refused = loadArea({ name: 'sea', within: farther })
    await expect(refused).rejects.toMatchObject({ code: 'OPTION_CONFLICT' })
    expect(await shapes()).toEqual(before)
  })

  test('takes another shape with force for all of it, or under another name', async () => {
    const { loadArea, shapes } = await withArea()
    expect((await loadArea({ name: 'inner', within: SMALL })).status).toBe('loaded')
    expect((await loadArea({ within: SMALL }, { force: true })).status).toBe('loaded')
    expect(new Set((await shapes()).map(([, , sha256]) => sha256)).size).toBe(1)
    expect((await loadArea({ within: SMALL })).status).toBe('skipped')
  })

  test('takes another shape in several data sets when they are named', async () => {
    const { loadArea, shapes } = await withArea()
    await loadArea({ dataset: 'crimes' })
    const reshape = { within: SMALL, anew: { datasets: ['crimes', 'stops'] } } as const
    const alone = loadArea({ within: SMALL }, { force: true })
    await expect(alone).rejects.toThrow('2 slices that would stay, such as ukpolice_area_crime of')
    await expect(loadArea({ ...reshape })).rejects.toThrow('in 4 slices that would stay')
    for (const dataset of ['crimes', 'stops'] as const) {
      const { slices } = await loadArea({ ...reshape, dataset }, { force: true })
      expect(slices.map(({ status }) => status)).toEqual(['loaded', 'loaded'])
    }
    expect(new Set((await shapes()).map(([, , sha256]) => sha256)).size).toBe(1)
  })
})
