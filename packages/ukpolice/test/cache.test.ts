import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Cache, createClient, memoryCache } from '../src/index.js'
import { diskCache } from '../src/node/index.js'
import { generateData } from '../src/testing/index.js'
import { serve, unlimited } from './serve.js'

const within = [
  { lat: 52, lng: -2 },
  { lat: 53, lng: -2 },
  { lat: 53, lng: 0 },
  { lat: 52, lng: 0 },
]
let directory: string

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'ukpolice-cache-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

const kinds: [string, () => Cache][] = [
  ['memory', () => memoryCache()],
  ['disk', () => diskCache({ directory: path.join(directory, 'made/when/needed') })],
]

for (const [name, make] of kinds) {
  describe(`the ${name} cache`, () => {
    it('answers the second time without a request', async () => {
      const { police, server } = await serve({ client: { ...unlimited, cache: make() } })
      const first = await police.crimes.street({ within, month: '2026-07' })
      const count = server.requests.length
      const second = await police.crimes.street({ within, month: '2026-07' })
      expect(server.requests).toHaveLength(count)
      expect([first.fromCache, second.fromCache]).toEqual([false, true])
      expect(second).toEqual(first)
      await police.crimes.street({ within, month: '2026-07', category: 'drugs' })
      await police.crimes.street({ within, month: '2026-06' })
      expect(server.requests).toHaveLength(count + 2)
    })

    it('is shared by clients, and passed over once a new month is published', async () => {
      const cache = make()
      const data = generateData({ newest: '2026-07' })
      const { police, server } = await serve({ data, client: { ...unlimited, cache } })
      await police.outcomes.atLocation({ within, month: '2026-07' })
      const other = createClient({ ...unlimited, baseUrl: server.url, cache, referenceTtlMs: 0 })
      const again = await other.outcomes.atLocation({ within, month: '2026-07' })
      expect(again.fromCache).toBe(true)
      server.publish(generateData({ newest: '2026-08' }))
      const later = await other.outcomes.atLocation({ within, month: '2026-07' })
      expect(later.fromCache).toBe(false)
    })

    it('asks again for stops once a late force has published', async () => {
      const client = { ...unlimited, cache: make(), referenceTtlMs: 0 }
      const { police, server } = await serve({
        data: generateData({ lateForces: ['metropolitan'] }),
        client,
      })
      const ask = () => police.stops.force({ force: 'metropolitan' })
      expect((await ask()).fromCache).toBe(false)
      expect((await ask()).fromCache).toBe(true)
      server.publish(generateData())
      const later = await ask()
      expect([later.fromCache, later.length > 0]).toEqual([false, true])
    })

    it('tells services apart that share a host', async () => {
      const cache = make()
      const mirrored: Record<string, string> = {
        '/mirror/api/crime-last-updated': '{"date":"2026-08-01"}',
        '/mirror/api/forces': '[{"id":"kent","name":"Kent Police"}]',
      }
      const { server } = await serve({
        fault: ({ path: route }) => {
          const body = mirrored[route]
          return body === undefined ? undefined : { kind: 'body', body }
        },
      })
      const ask = (baseUrl: string) => createClient({ ...unlimited, baseUrl, cache }).forces.list()
      const forces = await ask(server.url)
      const count = server.requests.length
      expect(await ask(`${server.url}/`)).toEqual(forces)
      expect(server.requests.slice(count).map((each) => each.path)).not.toContain('forces')
      expect(await ask(server.url.replace(/api$/, 'mirror/api'))).toEqual([
        { id: 'kent', name: 'Kent Police' },
      ])
    })

    it('does not keep failures', async () => {
      let broken = true
      const { police } = await serve({
        client: { ...unlimited, cache: make(), retry: { limit: 0 } },
        fault: (request) =>
          broken && request.path === 'stops-force' ? { kind: 'status', status: 500 } : undefined,
      })
      await expect(police.stops.force({ force: 'metropolitan' })).rejects.toThrow(/500/)
      broken = false
      expect((await police.stops.force({ force: 'metropolitan' })).fromCache).toBe(false)
    })
  })
}

describe('the disk cache', () => {
  it('replaces entries that are damaged or of another key', async () => {
    const { police } = await serve({ client: { ...unlimited, cache: diskCache({ directory }) } })
    await police.forces.list()
    const [file] = (await readdir(directory)) as [string]
    const full = path.join(directory, file)
    const text = await readFile(full, 'utf8')
    for (const damaged of [text.slice(0, -20), 'x', '', text.replace('forces', 'farces')]) {
      await writeFile(full, damaged)
      expect(await police.forces.list()).toHaveLength(3)
      expect(await readFile(full, 'utf8')).toBe(text)
    }
    expect(await readdir(directory)).toEqual([file])
  })
})

describe('the memory cache', () => {
  it('gives up what was not used for longest', () => {
    const cache = memoryCache({ maxCharacters: 20 })
    const entry = { text: '12345678' }
    void cache.set('a', entry)
    void cache.set('b', entry)
    void cache.get('a')
    void cache.set('c', entry)
    expect(['a', 'b', 'c'].map((key) => cache.get(key) !== undefined)).toEqual([true, false, true])
    void cache.set('big', { text: 'x'.repeat(30) })
    expect(cache.get('big')).toBeUndefined()
    expect(cache.get('a')).toBe(entry)
  })
})
