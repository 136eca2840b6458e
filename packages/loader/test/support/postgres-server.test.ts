import path from 'node:path'
import { tmpdir } from 'node:os'
import pg from 'pg'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { binaryFolders, packagedFolders, startPostgres } from './postgres-server.js'

const nowhere = path.join(tmpdir(), 'no-such-folder')
afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

describe('a PostgreSQL server for tests', () => {
  it('comes with the packages of the repository', async () => {
    expect(packagedFolders()).toHaveLength(1)
    vi.stubEnv('PG_BIN', undefined)
    expect(binaryFolders().at(-1)).toBe(packagedFolders()[0])
    const server = await startPostgres([nowhere, ...packagedFolders()])
    const client = new pg.Client({ connectionString: server!.url })
    await client.connect()
    const { rows } = await client.query<{ n: number }>('SELECT 40 + 2 AS n')
    await client.end()
    await server!.stop()
    expect(rows).toEqual([{ n: 42 }])
  })

  it('that is not to be had is told, so that tests can be skipped', async () => {
    vi.stubEnv('CI', undefined)
    vi.stubEnv('PG_BIN', undefined)
    const warn = vi.spyOn(console, 'warn').mockReturnValue()
    expect(await startPostgres([nowhere])).toBeNull()
    expect(warn).toHaveBeenCalledWith(expect.stringMatching(/^SKIPPED \(PostgreSQL\): /))
  })

  it.each([
    ['in CI', { CI: 'true', PG_BIN: undefined }],
    ['where PG_BIN names its folder', { CI: undefined, PG_BIN: nowhere }],
  ])('that is not to be had is an error %s', async (_, env) => {
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value)
    await expect(startPostgres([nowhere])).rejects.toThrow('no PostgreSQL binaries')
    if (env.PG_BIN !== undefined) expect(binaryFolders()).toEqual([nowhere])
  })
})
