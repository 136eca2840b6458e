import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { writeMasterFile } from '@nibrs/decoder/testing'
import pg from 'pg'
import { afterAll, expect, test } from 'vitest'
import { startPostgres } from '../support/postgres-server.js'
import { crimewh } from './crimewh.js'

const PASSWORD = 'correct-horse-battery'

const server = await startPostgres()
const folder = mkdtempSync(path.join(os.tmpdir(), 'crimewh-pg-'))
afterAll(async () => {
  await server?.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** From now on the server asks for a password. */
async function lock(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  await client.query(`ALTER USER crimewh PASSWORD '${PASSWORD}'`)
  const { rows } = await client.query<{ hba_file: string }>('SHOW hba_file')
  await client.query(
    `COPY (SELECT 'local all all scram-sha-256') TO '${rows[0]!.hba_file}' (FORMAT text)`,
  )
  await client.query('SELECT pg_reload_conf()')
  await client.end()
}

test.runIf(server !== null)(
  'a load into PostgreSQL takes the password from wherever it may come, and never shows it',
  async () => {
    const { url } = server!
    await writeMasterFile(path.join(folder, 'nibrs-2022.zip'), { year: 2022, records: 1000 })
    writeFileSync(path.join(folder, 'password'), `${PASSWORD}\n`)
    const entry = `*:*:*:*:${PASSWORD}\n`
    writeFileSync(path.join(folder, 'pgpass'), entry, { mode: 0o600 })
    const to = ['--to', `${url}${url.includes('?') ? '&' : '?'}schema=crime`]
    const load = ['load', 'nibrs', 'nibrs-2022.zip', ...to, '--force']
    const first = await crimewh(load, { cwd: folder })
    expect(first.stderr).toMatch(/^nibrs data_year=2022 state=\*: load 1, 1,000 rows/)
    await lock(url)

    const none = await crimewh(load, { cwd: folder })
    expect(none.code).toBe(1)
    expect(none.stderr).toMatch(/^crimewh: .*password/i)
    const wrong = await crimewh([...load, '--json', '--debug'], {
      cwd: folder,
      env: { PGPASSWORD: 'wrong-secret' },
    })
    expect(wrong.code).toBe(1)
    expect(JSON.parse(wrong.stdout)).toMatchObject({ error: { code: 'DESTINATION_AUTH' } })
    expect(wrong.stdout + wrong.stderr).not.toContain('wrong-secret')

    const ways = [
      await crimewh(load, { cwd: folder, env: { PGPASSWORD: PASSWORD } }),
      await crimewh(load, { cwd: folder, env: { PGPASSFILE: path.join(folder, 'pgpass') } }),
      await crimewh([...load, '--password-file', 'password'], { cwd: folder }),
    ]
    for (const [way, { code, stdout, stderr }] of ways.entries()) {
      expect(code, `${way} ${stderr}`).toBe(0)
      expect(stdout + stderr).not.toContain(PASSWORD)
    }
    const list = ['loads', 'list', ...to, '--json', '--password-file', 'password']
    const { stdout } = await crimewh(list, { cwd: folder })
    const { loads } = JSON.parse(stdout) as { loads: readonly { readonly status: string }[] }
    expect(loads.map(({ status }) => status)).toEqual([
      'superseded',
      'superseded',
      'superseded',
      'committed',
    ])
    expect(stdout).not.toContain(PASSWORD)
  },
)
