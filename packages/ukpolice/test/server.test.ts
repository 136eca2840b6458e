import { describe, expect, it } from 'vitest'
import { generateData, startTestServer } from '../src/testing/index.js'
import { serve } from './serve.js'

const poly = '52,-2:53,-2:53,0:52,0'
const street = 'crimes-street/all-crime'

describe('the test server answers as the service was seen to', () => {
  // Source: status codes probed on 2026-10-01.
  const cases: [situation: string, path: string, status: number, body: string | RegExp][] = [
    ['month before the window', `${street}?lat=52.6&lng=-1.1&date=2001-01`, 404, ''],
    ['malformed month', `${street}?lat=52.6&lng=-1.1&date=July2026`, 404, ''],
    ['day instead of month', 'stops-street?lat=52.6&lng=-1.1&date=2026-07-15', 404, ''],
    ['malformed month of a force', 'stops-force?force=metropolitan&date=2026-13', 502, ''],
    ['month after the newest', `${street}?lat=52.6&lng=-1.1&date=2027-01`, 200, '[]'],
    ['no place', street, 400, ''],
    ['no longitude', `${street}?lat=52.6`, 400, ''],
    ['latitude in words', `${street}?lat=north&lng=1`, 400, ''],
    ['outside coverage', `${street}?lat=999&lng=1`, 200, '[]'],
    ['malformed polygon', 'stops-street?poly=52;1', 404, ''],
    ['two vertices', 'outcomes-at-location?poly=52,-1:53,-1', 502, ''],
    ['long request line', `${street}?poly=${'52.000001,-1.000001:'.repeat(250)}52,-1`, 400, /html/],
    [
      'unknown category',
      `crimes-street/piracy?poly=${poly}&date=2026-07`,
      200,
      /drugs.*burglary|burglary.*drugs/,
    ],
    ['unknown location of crimes', 'crimes-at-location?location_id=7', 404, ''],
    ['unknown location of outcomes', 'outcomes-at-location?location_id=7', 404, ''],
    ['unknown location of stops', 'stops-at-location?location_id=7', 200, '[]'],
    ['unknown force of crimes', 'crimes-no-location?category=drugs&force=atlantis', 502, ''],
    ['btp, which is not listed', 'crimes-no-location?category=drugs&force=btp', 200, '[]'],
    ['unknown force of stops', 'stops-force?force=atlantis', 200, '[]'],
    ['unknown force in a path', 'forces/btp', 404, 'Not Found'],
    ['unknown neighbourhood', 'leicestershire/nc04', 404, 'Not Found'],
    ['malformed point', 'locate-neighbourhood?q=here', 404, 'Not Found'],
    ['unknown crime', `outcomes-for-crime/${'0'.repeat(64)}`, 404, ''],
    ['capital crime', `outcomes-for-crime/${'AB'.repeat(32)}`, 404, ''],
  ]
  for (const [situation, path, status, body] of cases) {
    it(`${situation}: ${status}`, async () => {
      const { server } = await serve()
      const response = await fetch(`${server.url}/${path}`)
      expect(response.status).toBe(status)
      const text = await response.text()
      if (typeof body === 'string') expect(text).toBe(body)
      else expect(text).toMatch(body)
    })
  }

  it('pages of any origin can read its answers, and its refusals', async () => {
    const { server } = await serve({ rate: { perSecond: 0.001, burst: 2 } })
    const answers: unknown[] = []
    for (const path of ['forces', 'forces/btp', 'forces']) {
      const { status, headers } = await fetch(`${server.url}/${path}`)
      answers.push([status, headers.get('access-control-allow-origin')])
    }
    expect(answers).toEqual([
      [200, '*'],
      [404, '*'],
      [429, '*'],
    ])
  })

  it('a form is read, a JSON body is not', async () => {
    const { server } = await serve()
    const url = `${server.url}/${street}`
    const form = await fetch(url, { method: 'POST', body: new URLSearchParams({ poly }) })
    expect(form.status).toBe(200)
    const json = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ poly }),
    })
    expect([json.status, await json.text()]).toEqual([400, ''])
  })

  it('an area over the limit is refused whatever the category, stops are not', async () => {
    const { server } = await serve({ limit: 50, data: generateData({ stopCount: 200 }) })
    for (const [path, status] of [
      [street, 503],
      ['crimes-street/drugs', 503],
      ['outcomes-at-location', 503],
      ['stops-street', 200],
    ] as const) {
      const response = await fetch(`${server.url}/${path}?poly=${poly}`)
      expect([path, response.status]).toEqual([path, status])
      expect(response.headers.get('retry-after')).toBeNull()
    }
  })

  it('the bucket leaks: 30 at once, then 15 a second', async () => {
    const { server } = await serve()
    const ask = async () => (await fetch(`${server.url}/forces`)).status
    const burst = await Promise.all(Array.from({ length: 45 }, ask))
    const served = burst.filter((status) => status === 200).length
    expect(served).toBeGreaterThanOrEqual(30)
    expect(served).toBeLessThan(45)
    expect(burst.filter((status) => status === 429)).toHaveLength(45 - served)
    await new Promise((resolve) => setTimeout(resolve, 500))
    const later = await Promise.all(Array.from({ length: 5 }, ask))
    expect(later).toEqual([200, 200, 200, 200, 200])
  })

  it('the same seed gives the same data, another seed other data', () => {
    const text = (seed: number) => JSON.stringify(generateData({ seed, monthCount: 1 }))
    expect(text(4)).toBe(text(4))
    expect(text(4)).not.toBe(text(5))
  })

  it('closes while requests are open', async () => {
    const server = await startTestServer(generateData(), { latencyMs: 5000 })
    const pending = fetch(`${server.url}/forces`).catch(() => 'closed')
    while (server.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    await server.close()
    expect(await pending).toBe('closed')
  })
})
