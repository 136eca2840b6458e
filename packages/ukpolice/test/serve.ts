import { onTestFinished } from 'vitest'
import { type ClientOptions, createClient, type PoliceClient } from '../src/index.js'
import {
  generateData,
  startTestServer,
  type TestData,
  type TestServer,
  type TestServerOptions,
} from '../src/testing/index.js'

export interface Served {
  readonly police: PoliceClient
  readonly server: TestServer
  readonly data: TestData
}

/**
 * A client on a test server of its own, closed when the test ends.
 *
 * For a client with the limits of `unlimited` the server has no bucket, unless the test asks for
 * one: it would refuse such a client now and then, depending on how fast the machine is.
 */
export async function serve(
  options: TestServerOptions & {
    readonly data?: TestData
    readonly client?: ClientOptions
  } = {},
): Promise<Served> {
  const { data = generateData(), client, ...serverOptions } = options
  const rate = client?.limits === unlimited.limits ? { rate: false as const } : {}
  const server = await startTestServer(data, { ...rate, ...serverOptions })
  onTestFinished(() => server.close())
  const police = createClient({ baseUrl: server.url, ...client })
  return { police, server, data }
}

/** Rows as sorted text, to compare multisets. */
export function sorted(rows: readonly unknown[]): string[] {
  return rows.map((row) => JSON.stringify(row)).sort()
}

/** The error a promise ends with. */
export async function failure(promise: Promise<unknown>): Promise<any> {
  return promise.then(
    (value) => {
      throw new Error(`expected a failure, got ${JSON.stringify(value)?.slice(0, 200)}`)
    },
    (error: unknown) => error,
  )
}

/** Limits that never slow a test down; the bucket itself is tested in rate-limiter.test.ts. */
export const unlimited: ClientOptions = {
  limits: { perSecond: 1e6, burst: 1e6, concurrency: 4 },
  retry: { limit: 4, baseMs: 2, maxMs: 50 },
}
