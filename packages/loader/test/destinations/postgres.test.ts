import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { startThread } from '../../src/destinations/postgres-thread.js'
import { load, openDestination } from '../../src/index.js'
import { memoryRows, memorySource, memoryTable } from '../support/memory-source.js'
import { postgresKind, single } from '../support/warehouse.js'

const kind = postgresKind()
const isThere = await kind.start()
afterAll(() => kind.stop())

const TABLE = memoryTable('sample', {
  code: { kind: 'text' },
  count: { kind: 'integer', bits: 32 },
})
const ROWS = memoryRows(['a', 1], ['b', 2])

describe('a PostgreSQL destination', () => {
  it.runIf(isThere)('loads two slices at the same time', async () => {
    const warehouse = await kind.make()
    const first = openDestination(warehouse.url)
    await load({ source: memorySource([{ schema: TABLE, rows: ROWS }]), destination: first })
    let arrived = 0
    let bothThere = () => {}
    const together = new Promise<void>((resolve) => (bothThere = resolve))
    const source = (part: string) =>
      memorySource([{ schema: TABLE, rows: ROWS }], {
        slice: [{ name: 'part', type: 'text', value: part }],
        beforeBatch: () => {
          if (++arrived === 2) bothThere()
          return together
        },
      })
    await Promise.all([
      load({ source: source('b'), destination: first }),
      load({ source: source('c'), destination: openDestination(warehouse.url) }),
    ])
    expect(await single(warehouse, 'SELECT count(*) FROM stg_sample')).toBe(6)
  })

  it.runIf(isThere)('does the whole transaction again when the connection is lost', async () => {
    const warehouse = await kind.make()
    const { destination } = warehouse
    const events: string[] = []
    let cuts = 0
    const source = memorySource([{ schema: TABLE, rows: ROWS }], {
      beforeBatch: async () => {
        if (cuts++ > 0) return
        await warehouse.query(
          `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE application_name LIKE 'crimewh%' AND pid <> pg_backend_pid()`,
        )
      },
    })
    const result = await load({
      source,
      destination,
      onProgress: (event) => events.push(event.kind),
    })
    expect(result.status).toBe('loaded')
    expect(events).toContain('retry')
    expect(await single(warehouse, 'SELECT count(*) FROM stg_sample')).toBe(2)
  })

  it.runIf(isThere)(
    'does the whole transaction again when the thread of its connection ends',
    async () => {
      const warehouse = await kind.make()
      const errors: unknown[] = []
      let ends = 0
      const result = await load({
        source: memorySource([{ schema: TABLE, rows: ROWS }], {
          beforeBatch: async () => {
            if (ends++ === 0) await startThread()!.terminate()
          },
        }),
        destination: warehouse.destination,
        onProgress: (event) => {
          if (event.kind === 'retry') errors.push(event.error)
        },
      })
      expect(result.status).toBe('loaded')
      expect(errors).toMatchObject([{ code: 'DESTINATION_FAILED', retryable: true }])
      expect(await single(warehouse, 'SELECT count(*) FROM stg_sample')).toBe(2)
    },
  )

  for (const state of ['40001', '40P01']) {
    it.runIf(isThere)(`does the whole transaction again after SQLSTATE ${state}`, async () => {
      const warehouse = await kind.make()
      const { destination } = warehouse
      await load({ source: memorySource([{ schema: TABLE, rows: ROWS }]), destination })
      // A sequence is not undone with its transaction: the first try fails, the second does not.
      await warehouse.query('CREATE SEQUENCE tries')
      await warehouse.query(
        `CREATE FUNCTION fail_once() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
           IF nextval('tries') = 1 THEN RAISE 'try again' USING ERRCODE = '${state}'; END IF;
           RETURN NEW; END $$`,
      )
      await warehouse.query(
        'CREATE TRIGGER once BEFORE INSERT ON stg_sample FOR EACH ROW EXECUTE FUNCTION fail_once()',
      )
      const errors: unknown[] = []
      const rows = memoryRows(['c', 3], ['d', 4], ['e', 5])
      const result = await load({
        source: memorySource([{ schema: TABLE, rows }]),
        destination,
        onProgress: (event) => {
          if (event.kind === 'retry') errors.push(event.error)
        },
      })
      expect(errors).toMatchObject([{ databaseCode: state, retryable: true }])
      expect(result.slices[0]!.manifest!.tables[0]).toMatchObject({ staged: 3, replaced: 2 })
      const codes = await warehouse.query('SELECT code FROM stg_sample ORDER BY code')
      expect(codes.map((row) => row['code'])).toEqual(['c', 'd', 'e'])
      expect(await single(warehouse, 'SELECT count(*) FROM crimewh_load')).toBe(2)
    })
  }

  it.runIf(isThere)(
    'waits for one that changes the schema as long as it is asked to, and says who that is',
    async () => {
      const warehouse = await kind.make()
      const { destination } = warehouse
      const holders: string[] = []
      let release = () => {}
      const released = new Promise<void>((resolve) => (release = resolve))
      let began = () => {}
      const begun = new Promise<void>((resolve) => (began = resolve))
      const put = (part: string, lockWaitMs: number, beforeBatch: () => Promise<void> | void) =>
        load({
          source: memorySource([{ schema: TABLE, rows: ROWS }], {
            slice: [{ name: 'part', type: 'text', value: part }],
            beforeBatch,
          }),
          destination,
          lockWaitMs,
          onProgress: (event) => {
            if (event.kind !== 'waiting') return
            holders.push(event.holder)
            release()
          },
        })
      const first = put('first', 0, () => {
        began()
        return released
      })
      await begun
      await expect(put('second', 0, () => {})).rejects.toMatchObject({
        code: 'DESTINATION_LOCKED',
        holder: expect.stringContaining('load memory part=first') as string,
      })
      await Promise.all([first, put('second', 60_000, () => {})])
      expect(holders).toHaveLength(1)
      expect(holders[0]).toContain('load memory part=first')
      expect(await single(warehouse, 'SELECT count(*) FROM stg_sample')).toBe(4)
    },
  )

  it.runIf(isThere)(
    'waits for those who use a table it has to change as long as it is asked to',
    async () => {
      const warehouse = await kind.make()
      const { destination } = warehouse
      const put = (schema: typeof TABLE, lockWaitMs: number, onWait: (holder: string) => void) =>
        load({
          source: memorySource([{ schema, rows: ROWS }], {
            slice: [{ name: 'part', type: 'text', value: schema === TABLE ? 'old' : 'new' }],
          }),
          destination,
          lockWaitMs,
          onProgress: (event) => {
            if (event.kind === 'waiting') onWait(event.holder)
          },
        })
      await put(TABLE, 0, () => {})
      const wider = memoryTable('sample', {
        code: { kind: 'text' },
        count: { kind: 'integer', bits: 64 },
      })
      const holders: string[] = []
      await warehouse.session(async (query) => {
        await query("SET application_name = 'a long report'")
        await query('BEGIN')
        await query('SELECT count(*) FROM stg_sample')
        await expect(put(wider, 0, () => {})).rejects.toMatchObject({
          code: 'DESTINATION_LOCKED',
          holder: expect.stringContaining('a long report') as string,
        })
        // Others may still read and load what needs no change.
        expect(await single(warehouse, 'SELECT count(*) FROM stg_sample')).toBe(2)
        let ended: Promise<unknown> = Promise.resolve()
        await put(wider, 60_000, (holder) => {
          holders.push(holder)
          ended = query('COMMIT')
        })
        await ended
      })
      expect(holders).toHaveLength(1)
      expect(holders[0]).toContain('a long report')
      expect(await single(warehouse, 'SELECT count(*) FROM stg_sample')).toBe(4)
    },
  )

  it('says which host it cannot reach, without the user', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    await new Promise((resolve) => server.close(resolve))
    const destination = openDestination(`postgres://someone@127.0.0.1:${port}/crime`)
    const connecting = destination.connect()
    await expect(connecting).rejects.toMatchObject({ code: 'DESTINATION_CONNECT', retryable: true })
    await expect(connecting).rejects.toThrow(`postgres://127.0.0.1:${port}/crime`)
    await expect(connecting).rejects.not.toThrow('someone')
  })

  it('refuses a password in the URL and never repeats it', () => {
    for (const url of [
      'postgres://me:hunter2@localhost/crime',
      'postgres://me@localhost/crime?password=hunter2',
    ]) {
      expect(() => openDestination(url)).toThrow(/PGPASSWORD/)
      expect(() => openDestination(url)).not.toThrow(/hunter2/)
    }
  })

  it('reads the password from a file and does not show it', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'cwpw-'))
    try {
      const passwordFile = path.join(folder, 'password')
      writeFileSync(passwordFile, 'hunter2\n')
      // Asks for a clear-text password, keeps what comes, and refuses it.
      let sent = ''
      const server = createServer((socket) => {
        let started = false
        socket.on('data', (data) => {
          if (started) {
            if (sent !== '') return
            sent += data.toString('latin1')
            const fields = 'SFATAL\0C28P01\0Mpassword authentication failed\0\0'
            const head = Buffer.from([0x45, 0, 0, 0, fields.length + 4])
            socket.end(Buffer.concat([head, Buffer.from(fields)]))
          } else {
            started = true
            socket.write(Buffer.from([0x52, 0, 0, 0, 8, 0, 0, 0, 3]))
          }
        })
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      const { port } = server.address() as AddressInfo
      const url = `postgres://me@127.0.0.1:${port}/crime?sslmode=disable`
      const connecting = openDestination(url, { passwordFile }).connect()
      await expect(connecting).rejects.toMatchObject({ code: 'DESTINATION_AUTH', retryable: false })
      await expect(connecting).rejects.not.toThrow('hunter2')
      expect(sent).toContain('hunter2')
      await new Promise((resolve) => server.close(resolve))
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })

  it.runIf(isThere)('passes on where a row was refused', async () => {
    const warehouse = await kind.make()
    const { destination } = warehouse
    await load({ source: memorySource([{ schema: TABLE, rows: ROWS }]), destination })
    await warehouse.query('ALTER TABLE stg_sample ADD CONSTRAINT small CHECK (count < 10)')
    const rows = memoryRows(['c', 5], ['d', 50])
    const failing = load({ source: memorySource([{ schema: TABLE, rows }]), destination })
    await expect(failing).rejects.toMatchObject({
      code: 'DESTINATION_ROW',
      databaseCode: '23514',
      table: 'stg_sample',
      retryable: false,
    })
    await expect(failing).rejects.toThrow(/line 2/)
    expect(await single(warehouse, 'SELECT count(*) FROM stg_sample')).toBe(2)
  })
})
