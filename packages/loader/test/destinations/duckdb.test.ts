import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { writeMasterFile } from '@nibrs/decoder/testing'
import { afterAll, describe, expect, it } from 'vitest'
import { duckdb } from '../../src/destinations/duckdb.js'
import { listLoads, load, openDestination, purgeLoads, removeLoad } from '../../src/index.js'
import { nibrsFile } from '../../src/sources/nibrs.js'
import { holdDuckdb } from '../support/hold-duckdb.js'
import { memoryRows, memorySource, memoryTable } from '../support/memory-source.js'

const folder = mkdtempSync(path.join(tmpdir(), 'cwduck-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const TABLE = memoryTable('sample', { code: { kind: 'text' } })
const source = () => memorySource([{ schema: TABLE, rows: memoryRows(['a']) }])

describe('a DuckDB destination', () => {
  it('names the process that has the file open', async () => {
    const file = path.join(folder, 'held.duckdb')
    const holder = await holdDuckdb(file, 60_000)
    try {
      const loading = load({ source: source(), destination: openDestination(`duckdb:${file}`) })
      await expect(loading).rejects.toMatchObject({ code: 'DESTINATION_LOCKED', retryable: true })
      await expect(loading).rejects.toThrow(`PID ${holder.pid}`)
    } finally {
      holder.kill('SIGKILL')
    }
  })

  it('waits for another process as long as it is asked to, and says so', async () => {
    const file = path.join(folder, 'waited.duckdb')
    const holder = await holdDuckdb(file, 1500)
    const waited: string[] = []
    const { slices } = await load({
      source: source(),
      destination: openDestination(`duckdb:${file}`),
      lockWaitMs: 30_000,
      onProgress: (event) => {
        if (event.kind === 'waiting') waited.push(event.holder)
      },
    })
    expect(slices[0]!.status).toBe('loaded')
    expect(waited).toEqual([`the process with PID ${holder.pid}`])
  })

  it('is opened once by a process, however many ask at once', async () => {
    for (let round = 0; round < 5; round++) {
      const file = path.join(folder, `at-once-${round}.duckdb`)
      const parts = ['a', 'b', 'c', 'd']
      const loads = parts.map((value) =>
        load({
          source: memorySource([{ schema: TABLE, rows: memoryRows([value]) }], {
            slice: [{ name: 'part', type: 'text', value }],
          }),
          destination: openDestination(`duckdb:${file}`),
          lockWaitMs: 30_000,
        }),
      )
      await Promise.all(loads)
      const destination = openDestination(`duckdb:${file}`)
      const committed = (await listLoads(destination)).filter(
        ({ status }) => status === 'committed',
      )
      expect(committed.map(({ manifest }) => manifest.slice).sort()).toEqual(
        parts.map((value) => `part=${value}`),
      )
      const connection = (await destination.connect({ readOnly: true }))!
      const rows = await connection.query('SELECT code FROM stg_sample ORDER BY code')
      expect(rows.map(({ code }) => code)).toEqual(parts)
      const late = load({ source: source(), destination })
      await expect(late).rejects.toMatchObject({ code: 'DESTINATION_LOCKED' })
      await expect(late).rejects.toThrow('which reads')
      await connection[Symbol.asyncDispose]()
    }
  })

  it('gives a wait for another load of the process up at once', async () => {
    const file = path.join(folder, 'abort.duckdb')
    const destination = openDestination(`duckdb:${file}`)
    let go!: () => void
    const held = new Promise<void>((resolve) => (go = resolve))
    let begun!: () => void
    const staging = new Promise<void>((resolve) => (begun = resolve))
    const first = load({
      source: memorySource([{ schema: TABLE, rows: memoryRows(['a']) }], {
        beforeBatch: () => {
          begun()
          return held
        },
      }),
      destination,
    })
    await staging
    const stop = new AbortController()
    const second = load({
      source: source(),
      destination,
      lockWaitMs: 60_000,
      signal: stop.signal,
      onProgress: (event) => {
        if (event.kind === 'waiting') setImmediate(() => stop.abort(new Error('enough')))
      },
    })
    await expect(second).rejects.toThrow('enough')
    go()
    expect((await first).slices[0]!.status).toBe('loaded')
  })

  it('makes no database of a name that is only asked about', async () => {
    const file = path.join(folder, 'typo.duckdb')
    const destination = openDestination(`duckdb:${file}`)
    expect(await purgeLoads(destination)).toEqual({ loadIds: [], rows: 0, mergedRows: 0 })
    await expect(removeLoad(destination, 1)).rejects.toMatchObject({ code: 'LOAD_NOT_FOUND' })
    expect(existsSync(file)).toBe(false)
  })

  it('removes what a load that died left beside the file', async () => {
    const file = path.join(folder, 'left.duckdb')
    const left = path.join(`${file}.stage`, 'load-7')
    mkdirSync(left, { recursive: true })
    writeFileSync(path.join(left, 'rows.parquet'), 'cut off')
    await load({ source: source(), destination: openDestination(`duckdb:${file}`) })
    expect(existsSync(`${file}.stage`)).toBe(false)
  })

  it('removes what DuckDB spilled for a load that died, and nothing else', async () => {
    const file = path.join(folder, 'spilled.duckdb')
    const spilled = `${file}.tmp`
    mkdirSync(spilled)
    writeFileSync(path.join(spilled, 'duckdb_temp_storage_DEFAULT-0.tmp'), 'cut off')
    await load({ source: source(), destination: openDestination(`duckdb:${file}`) })
    expect(existsSync(spilled)).toBe(false)
    mkdirSync(spilled)
    writeFileSync(path.join(spilled, 'duckdb_temp_storage_DEFAULT-0.tmp'), 'cut off')
    writeFileSync(path.join(spilled, 'notes.txt'), 'mine')
    const destination = openDestination(`duckdb:${file}`)
    await load({ source: source(), destination, force: true })
    expect(readdirSync(spilled)).toEqual(['notes.txt'])
  })

  it('has memory for the rows that it deletes, and takes it back', async () => {
    const file = path.join(folder, 'deleted.duckdb')
    const destination = duckdb({ path: file, memoryLimit: '64MiB' })
    await load({ source: source(), destination })
    const connection = (await destination.connect())!
    const limit = async () => {
      const [row] = await connection.query("SELECT current_setting('memory_limit') AS bytes")
      return row!['bytes']
    }
    expect(await limit()).toBe('64.0 MiB')
    await connection.begin(null)
    await connection.query(
      'INSERT INTO stg_sample SELECT s.* FROM stg_sample s, range(6 * 1024 * 1024)',
    )
    expect(await connection.remove('stg_sample', 'true')).toBe(6 * 1024 * 1024 + 1)
    expect(await limit()).toBe('160.0 MiB')
    await connection.rollback()
    expect(await limit()).toBe('64.0 MiB')
    await connection[Symbol.asyncDispose]()
  })

  it('takes rows and lines of many megabytes within its memory', async () => {
    const file = path.join(folder, 'long.duckdb')
    const long = 'x'.repeat(20_000_000)
    const rows = memoryRows(['a'], [long], ['b'])
    const destination = duckdb({ path: file, memoryLimit: '200MB' })
    const { slices } = await load({ source: memorySource([{ schema: TABLE, rows }]), destination })
    expect(slices[0]!.manifest!.tables[0]).toMatchObject({ staged: 3 })
  })

  it('given up while rows go in keeps none of them, and takes the next load', async () => {
    const zip = path.join(folder, 'given-up.zip')
    const { records } = await writeMasterFile(zip, { year: 2022, records: 700_000 })
    const file = path.join(folder, 'given-up.duckdb')
    const destination = openDestination(`duckdb:${file}`)
    const stop = new AbortController()
    const loading = load({
      source: nibrsFile(zip),
      destination,
      signal: stop.signal,
      onProgress: (event) => {
        if (event.kind === 'staging' && event.rows > 300_000) stop.abort(new Error('enough'))
      },
    })
    await expect(loading).rejects.toThrow('enough')
    expect(existsSync(`${file}.stage`)).toBe(false)
    expect(await listLoads(destination)).toEqual([])
    const { slices } = await load({ source: nibrsFile(zip), destination })
    const { tables } = slices[0]!.manifest!
    expect(tables.reduce((sum, { staged, joined }) => sum + staged + joined, 0)).toBe(records)
    expect(existsSync(`${file}.stage`)).toBe(false)
  })

  it('says what is wrong with a path', async () => {
    expect(() => openDestination('duckdb:')).toThrow(/needs "path"/)
    expect(() => openDestination('duckdb::memory:')).toThrow(/needs "path"/)
    expect(() => openDestination('mysql://x')).toThrow(/no destination for "mysql:"/)
    const missing = openDestination(`duckdb:${path.join(folder, 'none', 'x.duckdb')}`)
    await expect(missing.connect()).rejects.toThrow(/there is no folder/)
    const text = path.join(folder, 'text.duckdb')
    writeFileSync(text, 'not a database '.repeat(1000))
    const other = openDestination(`duckdb:${text}`)
    await expect(other.connect()).rejects.toMatchObject({ code: 'DESTINATION_CONNECT' })
  })

  it('that does not exist has no loads, and looking does not make it', async () => {
    const file = path.join(folder, 'absent.duckdb')
    expect(await listLoads(openDestination(`duckdb:${file}`))).toEqual([])
    expect(existsSync(file)).toBe(false)
  })
})
