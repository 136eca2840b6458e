import { afterEach, describe, expect, it } from 'vitest'
import { createClient, type ClientOptions, type PoliceClient } from '../src/index.js'
import {
  generateData,
  startTestServer,
  type TestData,
  type TestServer,
  type TestServerOptions,
} from '../src/testing/index.js'

let server: TestServer | undefined

async function start(
  options: TestServerOptions & { data?: TestData; client?: ClientOptions } = {},
): Promise<{ police: PoliceClient; data: TestData; server: TestServer }> {
  const { data = generateData(), client, ...serverOptions } = options
  server = await startTestServer(data, serverOptions)
  return { police: createClient({ baseUrl: server.url, ...client }), data, server }
}

afterEach(async () => {
  await server?.close()
  server = undefined
})

describe('routes', () => {
  it('lists the forces as the service sends them', async () => {
    const { police, data } = await start()
    expect(await police.forces.list()).toEqual(data.forces)
  })

  it('posts a polygon as a form and returns its crimes', async () => {
    const { police, data, server } = await start()
    const ring = [
      { lat: 52, lng: -2 },
      { lat: 53, lng: -2 },
      { lat: 53, lng: 0 },
      { lat: 52, lng: 0 },
    ]
    const crimes = await police.crimes.street({ month: '2026-07', within: ring })
    const wanted = data.crimes?.filter(({ row }) => row.month === '2026-07' && row.location)
    expect(crimes).toEqual(wanted?.map(({ row }) => row))
    const sent = server.requests.at(-1)
    expect(sent?.method).toBe('POST')
    expect(sent?.headers['content-type']).toMatch(/^application\/x-www-form-urlencoded/)
  })
})
