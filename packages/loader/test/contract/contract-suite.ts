import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { generateTruth, type GeneratedTruth } from '@nibrs/decoder/testing'
import { makeZip } from '@ukpolice/client/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  DestinationError,
  listLoads,
  load,
  type LoadOptions,
  openDestination,
  purgeLoads,
  readStates,
  removeLoad,
  SchemaDriftError,
  SourceError,
  type StageIssue,
  type TableSchema,
} from '../../src/index.js'
import { columnSchemas, keyColumn, rowConverter, textColumn } from '../../src/sources/api-rows.js'
import { nibrsFile } from '../../src/sources/nibrs.js'
import { everything, structure } from '../support/catalogue.js'
import { memoryRows, memorySource, memoryTable } from '../support/memory-source.js'
import { records } from '../support/records.js'
import {
  contents,
  rowHashes,
  single,
  type Warehouse,
  type WarehouseKind,
} from '../support/warehouse.js'

const TEXT = { kind: 'text' } as const
const INTEGER = { kind: 'integer', bits: 32 } as const
const BIGINT = { kind: 'integer', bits: 64 } as const
const DECIMAL = { kind: 'decimal', precision: 9, scale: 3 } as const

const PLAIN = memoryTable('sample', { code: TEXT, count: INTEGER })
const KEYED = memoryTable('keyed', { id: INTEGER, name: TEXT }, { key: ['id'] })

function slicePart(value: string) {
  return [{ name: 'part', type: 'text', value }] as const
}

async function codes(warehouse: Warehouse): Promise<readonly unknown[]> {
  const rows = await warehouse.query('SELECT code FROM stg_sample ORDER BY code')
  return rows.map((row) => row['code'])
}

/** Every acceptance test of the loader that needs one warehouse, on one kind of destination. */
export function contractSuite(kind: WarehouseKind): void {
  const folder = mkdtempSync(path.join(tmpdir(), 'cwtest-'))
  let clean: GeneratedTruth
  let faulty: GeneratedTruth
  const cleanFile = path.join(folder, '2022.txt')
  const faultyFile = path.join(folder, 'faulty.txt')

  beforeAll(async () => {
    clean = await generateTruth({ year: 2022, records: 3_000, seed: 5 })
    faulty = await generateTruth({ year: 2022, records: 4_000, seed: 6, faults: { rate: 0.02 } })
    writeFileSync(cleanFile, clean.bytes)
    writeFileSync(faultyFile, faulty.bytes)
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  describe(`a load into ${kind.name}`, () => {
    it('stages every row of a file with its lineage', async () => {
      const warehouse = await kind.make()
      const { destination } = warehouse
      const result = await load({ source: nibrsFile(cleanFile), destination })
      expect(result.status).toBe('loaded')
      const { loadId } = result.slices[0]!
      for (const [segment, rows] of clean.rows) {
        const table = `stg_nibrs_${segment}`
        expect(await single(warehouse, `SELECT count(*) FROM ${table}`)).toBe(rows.length)
        const [lineage] = await warehouse.query(
          `SELECT count(DISTINCT load_id) AS loads, min(load_id) AS load_id, sum(source_record) AS records,
                  min(data_year) AS data_year, count(state) AS states, count(row_hash) AS hashes
             FROM ${table}`,
        )
        expect(Number(lineage!['records'])).toBe(
          rows.reduce((sum, { recordNumber }) => sum + recordNumber, 0),
        )
        const expected = { loads: 1, load_id: loadId, data_year: 2022, states: 0 }
        expect(lineage).toMatchObject({ ...expected, hashes: rows.length })
      }
    })

    it('gives typed values that equal what was generated', async () => {
      const warehouse = await kind.make()
      await load({ source: nibrsFile(cleanFile), destination: warehouse.destination })
      const seen = await contents(warehouse)
      for (const segment of ['administrative', 'property', 'victim']) {
        const table = clean.spec.tables.find(({ name }) => name === segment)!
        const names = table.columns.map(({ name }) => name)
        const cells = names.map((name) => `CAST("${name}" AS VARCHAR) AS "${name}"`).join(', ')
        const stored = await warehouse.query(
          `SELECT ${cells} FROM stg_nibrs_${segment} ORDER BY source_record`,
        )
        const expected = clean.rows.get(segment)!.map(({ values }) =>
          values.map((value, index) => {
            if (value === null) return null
            const { type, scale } = table.columns[index]!
            return type === 'decimal' ? Number(value).toFixed(scale) : String(value)
          }),
        )
        expect(stored.map((row) => names.map((name) => row[name]))).toEqual(expected)
        expect(seen[`stg_nibrs_${segment}`]).toHaveLength(expected.length)
      }
    })

    it('is skipped the second time and changes nothing', async () => {
      const warehouse = await kind.make()
      const { destination } = warehouse
      const first = await load({ source: nibrsFile(cleanFile), destination })
      const before = await everything(warehouse)
      const second = await load({ source: nibrsFile(cleanFile), destination })
      expect(second.status).toBe('skipped')
      expect(second.slices[0]!.loadId).toBe(first.slices[0]!.loadId)
      expect(await everything(warehouse)).toEqual(before)
      expect(await listLoads(destination)).toHaveLength(1)
    })

    it.each([
      ['known before', true],
      ['known once it is read', false],
    ])(
      'is not skipped where the slice holds more than the same content, %s',
      async (_, isKnown) => {
        const warehouse = await kind.make()
        const { destination } = warehouse
        const put = async (code: string, part: string, more: Partial<LoadOptions> = {}) => {
          const fingerprint = isKnown ? { sha256: code, byteCount: 1 } : null
          const source = memorySource([{ schema: PLAIN, rows: memoryRows([code, 1]) }], {
            fingerprint,
            slice: slicePart(part),
          })
          return (await load({ source, destination, ...more })).slices[0]!
        }
        const first = await put('a', 'x')
        const second = await put('b', 'x', { disposition: 'append' })
        expect((await put('b', 'x', { disposition: 'append' })).status).toBe('skipped')
        const planned = await put('a', 'x', { dryRun: true })
        expect(planned.plan).toMatchObject({
          supersedes: [{ loadId: first.loadId }, { loadId: second.loadId }],
          inAlready: null,
        })
        expect((await put('a', 'x')).status).toBe('loaded')
        expect(await codes(warehouse)).toEqual(['a'])
        expect((await put('a', 'x')).status).toBe('skipped')

        await put('c', 'y')
        expect((await put('c', 'y', { disposition: 'replace', dryRun: true })).status).toBe(
          'planned',
        )
        expect((await put('c', 'y', { disposition: 'replace' })).status).toBe('loaded')
        expect(await codes(warehouse)).toEqual(['c'])
        expect((await put('c', 'y', { disposition: 'replace' })).status).toBe('skipped')
      },
    )

    it('is not skipped for rows that something else took away', async () => {
      const rows = memoryRows(['a', 1], ['b', 2])
      for (const fingerprint of [null, { sha256: 'ab', byteCount: 2 }]) {
        const { destination, query } = await kind.make()
        const source = () => memorySource([{ schema: PLAIN, rows }], { fingerprint })
        await load({ source: source(), destination })
        for (const damage of [
          "DELETE FROM stg_sample WHERE code = 'a'",
          'INSERT INTO stg_sample SELECT * FROM stg_sample',
          'DROP TABLE stg_sample',
        ]) {
          await query(damage)
          for (const dryRun of fingerprint === null ? [false] : [false, true]) {
            const again = load({ source: source(), destination, dryRun })
            await expect(again).rejects.toMatchObject({ code: 'DESTINATION_COUNTS' })
            await expect(again).rejects.toThrow(/put 2 rows into stg_sample, and \d are .*--force/)
          }
          await load({ source: source(), destination, force: true })
          const [row] = await query('SELECT count(*) AS n FROM stg_sample')
          expect(row!['n']).toBe(2)
          expect((await load({ source: source(), destination })).status).toBe('skipped')
        }
      }
    })

    it('of another file of the same zip is other content, and what was left out is said', async () => {
      const { destination, query } = await kind.make()
      const both = path.join(folder, 'both.zip')
      writeFileSync(
        both,
        makeZip([
          { name: 'a.txt', content: faulty.bytes },
          { name: 'b.txt', content: clean.bytes },
        ]),
      )
      const loadEntry = async (entry?: string, dryRun = false) => {
        const source = nibrsFile(both, entry === undefined ? {} : { entry })
        return (await load({ source, destination, dryRun })).slices[0]!
      }
      const first = await loadEntry()
      expect(first.manifest!.files).toMatchObject([
        { name: 'both.zip', entry: 'a.txt', entryCount: 2 },
      ])
      expect(first.warnings).toEqual([
        expect.stringMatching(/^both\.zip holds 2 files and only a\.txt was read; .*--entry/),
      ])
      expect(await loadEntry('a*')).toMatchObject({ status: 'skipped', warnings: first.warnings })
      expect(await loadEntry('b.txt', true)).toMatchObject({ status: 'planned' })
      expect(await loadEntry('b.txt')).toMatchObject({
        status: 'loaded',
        manifest: { files: [{ entry: 'b.txt' }], supersedes: [first.loadId] },
      })
      const [row] = await query('SELECT count(*) AS n FROM stg_nibrs_offense')
      expect(Number(row!['n'])).toBe(clean.rows.get('offense')!.length)
      expect(await loadEntry('b.txt')).toMatchObject({ status: 'skipped' })
    })

    it('of a zip with one file says nothing of it', async () => {
      const { destination } = await kind.make()
      const one = path.join(folder, 'one.zip')
      writeFileSync(one, makeZip([{ name: 'a.txt', content: clean.bytes }]))
      const [slice] = (await load({ source: nibrsFile(one), destination })).slices
      expect(slice!.warnings).toEqual([])
      expect(Object.keys(slice!.manifest!.files[0]!)).toEqual(['name', 'sha256', 'byteCount'])
    })

    it('under another contract is not the same, and one that recorded none had the usual', async () => {
      const { destination, query } = await kind.make()
      const rows = memoryRows(['a', 1])
      for (const fingerprint of [null, { sha256: 'ab', byteCount: 2 }]) {
        const slice = slicePart(fingerprint === null ? 'rows' : 'bytes')
        const source = () => memorySource([{ schema: PLAIN, rows }], { fingerprint, slice })
        const first = await load({ source: source(), destination })
        expect(first.slices[0]!.manifest).toMatchObject({ contract: 'evolve' })
        await query(
          `UPDATE crimewh_load SET manifest = replace(manifest, '"contract":"evolve",', '')`,
        )
        expect((await listLoads(destination)).at(-1)!.manifest).not.toHaveProperty('contract')
        const statusUnder = async (contract?: 'evolve' | 'quarantine') => {
          const options = contract === undefined ? {} : { contract }
          return (await load({ source: source(), destination, ...options })).status
        }
        expect(await statusUnder()).toBe('skipped')
        expect(await statusUnder('evolve')).toBe('skipped')
        expect(await statusUnder('quarantine')).toBe('loaded')
        expect(await statusUnder('quarantine')).toBe('skipped')
        expect(await statusUnder()).toBe('loaded')
      }
    })

    it('under force takes the place of the same content', async () => {
      const warehouse = await kind.make()
      const { destination } = warehouse
      const first = await load({ source: nibrsFile(cleanFile), destination })
      const before = await contents(warehouse)
      const again = await load({ source: nibrsFile(cleanFile), destination, force: true })
      expect(again.status).toBe('loaded')
      const [firstId, secondId] = [first.slices[0]!.loadId, again.slices[0]!.loadId]
      expect(secondId).not.toBe(firstId)
      expect(await contents(warehouse)).toEqual(before)
      expect(await single(warehouse, 'SELECT count(*) FROM stg_nibrs_offense')).toBe(
        clean.rows.get('offense')!.length,
      )
      expect(await single(warehouse, 'SELECT min(load_id) FROM stg_nibrs_offense')).toBe(secondId)
      const statuses = (await listLoads(destination)).map(({ status }) => status)
      expect(statuses).toEqual(['superseded', 'committed'])
      const { tables } = again.slices[0]!.manifest!
      const offense = tables.find(({ table }) => table === 'stg_nibrs_offense')!
      expect(offense).toMatchObject({ replaced: offense.staged, removed: 0, added: 0 })
    })

    it('of a restated slice removes what is no longer published and counts it', async () => {
      const warehouse = await kind.make()
      const { destination } = warehouse
      await load({ source: nibrsFile(cleanFile), destination })
      const lines = Buffer.from(clean.bytes).toString('latin1').split('\n')
      const gone = new Set(
        lines
          .filter((line) => line.startsWith('01'))
          .slice(10, 15)
          .map((line) => line.slice(4, 25)),
      )
      const kept = lines.filter((line) => line === '' || !gone.has(line.slice(4, 25)))
      const removedLines = lines.filter((line) => !kept.includes(line))
      const restated = path.join(folder, 'restated.txt')
      writeFileSync(restated, kept.join('\n'), 'latin1')
      const { slices } = await load({ source: nibrsFile(restated), destination })
      const { tables } = slices[0]!.manifest!
      expect(gone.size).toBe(5)
      expect(removedLines.length).toBeGreaterThan(10)
      expect(tables.reduce((sum, { removed }) => sum + removed, 0)).toBe(removedLines.length)
      const counted = 'SELECT CAST(sum(removed) AS INTEGER) FROM crimewh_load_table'
      expect(await single(warehouse, counted)).toBe(removedLines.length)
      expect(tables.reduce((sum, { added }) => sum + added, 0)).toBe(0)
      for (const key of gone) {
        const where = `ori = '${key.slice(0, 9)}' AND incident_number = '${key.slice(9)}'`
        for (const segment of ['administrative', 'offense', 'property', 'victim', 'offender']) {
          const sql = `SELECT count(*) FROM stg_nibrs_${segment} WHERE ${where}`
          expect(await single(warehouse, sql)).toBe(0)
        }
      }
    })

    it('reports every fault with its position, and balances its counts', async () => {
      const warehouse = await kind.make()
      const { destination } = warehouse
      const { slices } = await load({ source: nibrsFile(faultyFile), destination })
      const stored = await warehouse.query(
        `SELECT code, table_name, field, record_number, byte_offset, raw FROM crimewh_issue
          WHERE load_id = ${slices[0]!.loadId}`,
      )
      const asText = (cells: readonly unknown[]) => JSON.stringify(cells)
      const expected = faulty.issues.map(
        ({ code, segment, field, recordNumber, byteOffset, raw }) =>
          asText([
            code,
            segment === null ? null : `nibrs_${segment}`,
            field,
            recordNumber,
            byteOffset,
            raw.replaceAll('\0', '␀'),
          ]),
      )
      const seen = stored.map((row) =>
        asText([
          row['code'],
          row['table_name'],
          row['field'],
          row['record_number'],
          row['byte_offset'],
          row['raw'],
        ]),
      )
      expect(expected.length).toBeGreaterThan(40)
      expect(seen.sort()).toEqual(expected.sort())
      const unbalanced = `SELECT count(*) FROM crimewh_load_table
        WHERE decoded <> staged + joined + withheld + not_selected`
      expect(await single(warehouse, unbalanced)).toBe(0)
      const decoded = 'SELECT CAST(sum(decoded) AS INTEGER) FROM crimewh_load_table'
      expect(await single(warehouse, decoded)).toBe(faulty.manifest.records)
      const withheld = 'SELECT CAST(sum(withheld) AS INTEGER) FROM crimewh_load_table'
      expect(faulty.manifest.withheld).toBeGreaterThan(0)
      expect(await single(warehouse, withheld)).toBe(faulty.manifest.withheld)
      for (const { table, staged } of slices[0]!.manifest!.tables) {
        if (table === null) continue
        expect(await single(warehouse, `SELECT count(*) FROM ${table}`)).toBe(staged)
      }
    })

    it('with too many faults leaves the destination untouched', async () => {
      const warehouse = await kind.make()
      const { destination } = warehouse
      const source = () => nibrsFile(faultyFile)
      for (const maxIssues of [{ share: 0.005 }, 10] as const) {
        const failing = load({ source: source(), destination, maxIssues })
        await expect(failing).rejects.toMatchObject({ code: 'SOURCE_ISSUES' })
        await expect(failing).rejects.toBeInstanceOf(SourceError)
        expect(await rowHashes(warehouse)).toEqual({})
        expect(await listLoads(destination)).toEqual([])
      }
      await load({ source: nibrsFile(cleanFile), destination })
      const before = await records(warehouse)
      const failing = load({ source: source(), destination, maxIssues: { share: 0.005 } })
      await expect(failing).rejects.toMatchObject({ code: 'SOURCE_ISSUES' })
      expect(await records(warehouse)).toEqual(before)
      const { status } = await load({ source: source(), destination, maxIssues: { share: 0.05 } })
      expect(status).toBe('loaded')
    })

    it('under quarantine withholds the rows with faults and still balances', async () => {
      const warehouse = await kind.make()
      const { destination } = warehouse
      const source = nibrsFile(faultyFile)
      const { slices } = await load({ source, destination, contract: 'quarantine' })
      const { tables, issueCount } = slices[0]!.manifest!
      const records = new Set(faulty.issues.map(({ recordNumber }) => recordNumber))
      expect(issueCount).toBe(faulty.issues.length)
      const rowCount = [...faulty.rows.values()]
        .flat()
        .filter(({ recordNumber }) => !records.has(recordNumber)).length
      expect(tables.reduce((sum, { staged }) => sum + staged, 0)).toBe(rowCount)
      const sql =
        'SELECT count(*) FROM crimewh_issue i JOIN stg_nibrs_victim v ON v.source_record = i.record_number'
      expect(await single(warehouse, sql)).toBe(0)
    })

    it('is refused when the source does not account for its rows', async () => {
      const warehouse = await kind.make()
      const { destination } = warehouse
      const rows = memoryRows(['a', 1], ['b', 2])
      const source = memorySource([{ schema: PLAIN, rows }], { miscount: 1 })
      await expect(load({ source, destination })).rejects.toMatchObject({ code: 'SOURCE_COUNTS' })
      expect(await rowHashes(warehouse)).toEqual({})
    })
  })

  describe(`schema changes in ${kind.name}`, () => {
    const rows = memoryRows(['a', 1])
    const load1 = (warehouse: Warehouse, schema: TableSchema, more = {}) =>
      load({
        source: memorySource([{ schema, rows: memoryRows(schema.columns.map(() => null)) }], {
          slice: slicePart('b'),
        }),
        destination: warehouse.destination,
        ...more,
      })

    async function prepared(): Promise<Warehouse> {
      const warehouse = await kind.make()
      const source = memorySource([{ schema: PLAIN, rows }])
      await load({ source, destination: warehouse.destination })
      return warehouse
    }

    it('adds a column, also where superseded rows are kept', async () => {
      const warehouse = await prepared()
      const wider = memoryTable('sample', { code: TEXT, count: INTEGER, extra: DECIMAL })
      await load1(warehouse, wider)
      expect(await single(warehouse, 'SELECT count(*) FROM stg_sample WHERE extra IS NULL')).toBe(2)
      const forced = memorySource([{ schema: wider, rows: memoryRows(['a', 1, '1.5']) }])
      await load({ source: forced, destination: warehouse.destination })
      expect(await single(warehouse, 'SELECT count(*) FROM stg_sample_superseded')).toBe(1)
      const { loadId } = (await listLoads(warehouse.destination)).at(-1)!
      await removeLoad(warehouse.destination, loadId)
      expect(await single(warehouse, 'SELECT count(*) FROM stg_sample')).toBe(2)
    })

    it('keeps a column that is no longer wanted', async () => {
      const warehouse = await prepared()
      const before = await structure(warehouse)
      const narrow = memoryTable('sample', { code: TEXT })
      const source = memorySource([{ schema: narrow, rows: memoryRows(['b']) }], {
        slice: slicePart('b'),
      })
      await load({ source, destination: warehouse.destination })
      expect(await warehouse.query('SELECT code, count FROM stg_sample ORDER BY code')).toEqual([
        { code: 'a', count: 1 },
        { code: 'b', count: null },
      ])
      expect(await structure(warehouse)).toEqual(before)
    })

    it('widens a whole number', async () => {
      const warehouse = await prepared()
      await load1(warehouse, memoryTable('sample', { code: TEXT, count: BIGINT }))
      expect(
        await single(warehouse, 'SELECT count FROM stg_sample ORDER BY count NULLS LAST'),
      ).toBe(1)
    })

    it('refuses to narrow one, prints the statements, and does it when allowed', async () => {
      const warehouse = await kind.make()
      const wide = memoryTable('sample', { code: TEXT, count: BIGINT })
      const source = memorySource([{ schema: wide, rows }])
      await load({ source, destination: warehouse.destination })
      const look = async () => [await structure(warehouse), await records(warehouse)]
      const before = await look()
      const refused = load1(warehouse, PLAIN)
      await expect(refused).rejects.toBeInstanceOf(SchemaDriftError)
      await expect(refused).rejects.toMatchObject({ code: 'DRIFT_DESTRUCTIVE' })
      await expect(refused).rejects.toThrow(/ALTER TABLE "stg_sample" ALTER COLUMN "count" TYPE/)
      expect(await look()).toEqual(before)
      await load1(warehouse, PLAIN, { allowDestructive: true })
      expect(await single(warehouse, 'SELECT count(*) FROM stg_sample')).toBe(2)
      expect((await structure(warehouse)).length).toBe(before[0]!.length)
      expect(await structure(warehouse)).not.toEqual(before[0])
    })
  })

  describe(`dispositions in ${kind.name}`, () => {
    const put = (
      warehouse: Warehouse,
      part: string,
      values: readonly (readonly [string, number])[],
      more = {},
    ) =>
      load({
        source: memorySource([{ schema: PLAIN, rows: memoryRows(...values) }], {
          slice: slicePart(part),
        }),
        destination: warehouse.destination,
        ...more,
      })
    it('replace-slice leaves other slices alone', async () => {
      const warehouse = await kind.make()
      await put(warehouse, 'a', [['a1', 1]])
      await put(warehouse, 'b', [['b1', 1]])
      await put(warehouse, 'a', [['a2', 1]])
      expect(await codes(warehouse)).toEqual(['a2', 'b1'])
    })

    it('counts equal rows as often as they are', async () => {
      const warehouse = await kind.make()
      const first = await put(warehouse, 'a', [
        ['x', 1],
        ['x', 1],
        ['x', 1],
        ['y', 1],
      ])
      expect(first.slices[0]!.manifest!.tables[0]).toMatchObject({ replaced: 0, added: 4 })
      const { slices } = await put(warehouse, 'a', [
        ['x', 1],
        ['z', 1],
        ['z', 1],
      ])
      const counts = { replaced: 4, removed: 3, added: 2 }
      expect(slices[0]!.manifest!.tables[0]).toMatchObject(counts)
      const { slices: emptied } = await put(warehouse, 'a', [])
      const gone = { replaced: 3, removed: 3, added: 0 }
      expect(emptied[0]!.manifest!.tables[0]).toMatchObject(gone)
    })

    it('replace takes the place of every slice', async () => {
      const warehouse = await kind.make()
      await put(warehouse, 'a', [['a1', 1]])
      await put(warehouse, 'b', [['b1', 1]])
      const { slices } = await put(warehouse, 'c', [['c1', 1]], { disposition: 'replace' })
      expect(await codes(warehouse)).toEqual(['c1'])
      await removeLoad(warehouse.destination, slices[0]!.loadId!)
      expect(await codes(warehouse)).toEqual(['a1', 'b1'])
    })

    it('append adds, and a later replace-slice replaces all of it', async () => {
      const warehouse = await kind.make()
      await put(warehouse, 'a', [['a1', 1]])
      await put(warehouse, 'a', [['a2', 1]], { disposition: 'append' })
      expect(await codes(warehouse)).toEqual(['a1', 'a2'])
      await put(warehouse, 'a', [['a3', 1]])
      expect(await codes(warehouse)).toEqual(['a3'])
    })

    it('merge replaces rows with the same key and can be undone', async () => {
      const warehouse = await kind.make()
      const { destination } = warehouse
      const merge = (part: string, ...rows: [number | null, string][]) =>
        load({
          source: memorySource([{ schema: KEYED, rows: memoryRows(...rows) }], {
            slice: slicePart(part),
          }),
          destination,
          disposition: 'merge',
        })
      await merge('a', [1, 'one'], [2, 'two'], [null, 'none'])
      const before = await contents(warehouse)
      const { slices } = await merge('b', [2, 'zwei'], [3, 'drei'], [null, 'keiner'])
      const names = await warehouse.query('SELECT name FROM stg_keyed ORDER BY name')
      expect(names.map((row) => row['name'])).toEqual(['drei', 'keiner', 'none', 'one', 'zwei'])
      expect(slices[0]!.manifest!.tables[0]).toMatchObject({ replaced: 1, removed: 1, added: 3 })
      await removeLoad(destination, slices[0]!.loadId!)
      expect(await contents(warehouse)).toEqual(before)
      await expect(merge('c', [4, 'x'], [4, 'y'])).rejects.toThrow(/more than once/)
      expect(await contents(warehouse)).toEqual(before)
    })

    it('merge is refused for a table without a key', async () => {
      const warehouse = await kind.make()
      const merging = put(warehouse, 'a', [['a', 1]], { disposition: 'merge' })
      await expect(merging).rejects.toMatchObject({ code: 'OPTION_CONFLICT' })
    })

    it('a whole year takes the place of its states, and a state cannot double it', async () => {
      const warehouse = await kind.make()
      const year = (state: string | null, code: string) =>
        load({
          source: memorySource([{ schema: PLAIN, rows: memoryRows([code, 1]) }], {
            slice: [
              { name: 'data_year', type: 'integer', value: 2022 },
              { name: 'state', type: 'text', value: state },
            ],
          }),
          destination: warehouse.destination,
        })
      await year('VT', 'vt')
      await year('NH', 'nh')
      await year(null, 'all')
      expect(await codes(warehouse)).toEqual(['all'])
      const refused = year('VT', 'vt2')
      await expect(refused).rejects.toMatchObject({ code: 'SLICE_COVERED' })
      await expect(refused).rejects.toBeInstanceOf(DestinationError)
      expect(await codes(warehouse)).toEqual(['all'])
    })
  })

  describe(`undo in ${kind.name}`, () => {
    it('brings back exactly what was there before', async () => {
      const warehouse = await kind.make()
      const { destination } = warehouse
      const first = await load({ source: nibrsFile(faultyFile), destination })
      const before = await records(warehouse)
      expect(before['crimewh_issue']).toHaveLength(faulty.issues.length)
      const second = await load({ source: nibrsFile(cleanFile), destination })
      expect(await records(warehouse)).not.toEqual(before)
      const removed = await removeLoad(destination, second.slices[0]!.loadId!)
      expect(removed.restored).toEqual([first.slices[0]!.loadId])
      expect(await records(warehouse)).toEqual(before)
      const { loadId } = first.slices[0]!
      expect(await single(warehouse, 'SELECT min(load_id) FROM stg_nibrs_offense')).toBe(loadId)
      await removeLoad(destination, first.slices[0]!.loadId!)
      expect(await contents(warehouse)).toEqual({})
      expect(await listLoads(destination)).toEqual([])
    })

    it('of a load in the middle changes nothing that is seen', async () => {
      const warehouse = await kind.make()
      const { destination } = warehouse
      const put = async (code: string) => {
        const rows = memoryRows([code, 1])
        const result = await load({ source: memorySource([{ schema: PLAIN, rows }]), destination })
        return result.slices[0]!.loadId!
      }
      const [first, second, third] = [await put('1'), await put('2'), await put('3')]
      const before = await contents(warehouse)
      await removeLoad(destination, second)
      expect(await contents(warehouse)).toEqual(before)
      expect((await removeLoad(destination, third)).restored).toEqual([first])
      expect(await single(warehouse, 'SELECT code FROM stg_sample')).toBe('1')
    })

    it('is refused after a purge, and says which load cannot come back', async () => {
      const warehouse = await kind.make()
      const { destination } = warehouse
      const put = (code: string) => {
        const rows = memoryRows([code, 1])
        return load({ source: memorySource([{ schema: PLAIN, rows }]), destination })
      }
      const first = await put('1')
      const second = await put('2')
      const before = await contents(warehouse)
      const purged = await purgeLoads(destination)
      expect(purged).toEqual({ loadIds: [first.slices[0]!.loadId], rows: 1, mergedRows: 0 })
      expect(await contents(warehouse)).toEqual(before)
      const loadId = second.slices[0]!.loadId!
      await expect(removeLoad(destination, loadId)).rejects.toMatchObject({
        code: 'REMOVE_CONFLICT',
        message: expect.stringContaining(`load ${first.slices[0]!.loadId}, which was purged`),
      })
      expect(await contents(warehouse)).toEqual(before)
      const removed = await removeLoad(destination, loadId, { force: true })
      expect(removed).toMatchObject({ restored: [], restoredRows: 0, removedRows: 1 })
      await expect(removeLoad(destination, 999)).rejects.toMatchObject({ code: 'LOAD_NOT_FOUND' })
    })
  })

  describe(`state in ${kind.name}`, () => {
    it('is kept with the load, moves on when the content stays, and is undone with it', async () => {
      const warehouse = await kind.make()
      const { destination } = warehouse
      const put = (code: string, published: string) =>
        load({
          source: memorySource([{ schema: PLAIN, rows: memoryRows([code, 1]) }], {
            state: { published },
          }),
          destination,
        })
      const published = async () =>
        (await readStates(destination, 'memory')).get('part=a')?.['published']
      expect(await published()).toBeUndefined()
      expect((await put('1', '2024-01')).status).toBe('loaded')
      expect((await put('1', '2024-02')).status).toBe('skipped')
      expect(await published()).toBe('2024-02')
      const { slices } = await put('2', '2024-03')
      expect(await published()).toBe('2024-03')
      await removeLoad(destination, slices[0]!.loadId!)
      expect(await published()).toBe('2024-02')
    })
  })

  describe(`rows one by one in ${kind.name}`, () => {
    const all = memoryTable(
      'all_kinds',
      {
        t: TEXT,
        i: INTEGER,
        b: BIGINT,
        d: DECIMAL,
        day: { kind: 'date' },
        moment: { kind: 'timestamp' },
        f: { kind: 'boolean' },
        j: { kind: 'json' },
      },
      { keepsUnknownKeys: true },
    )
    const awkward = memoryRows(
      ['', 0, 9_007_199_254_740_991, '12.500', '2024-02-29', '2024-01-01 10:00:00.250', true, '{}'],
      ['a "quoted", text', -5, -1, '-0.001', '1900-01-01', '2024-01-01 00:00:00', false, '[1]'],
      ['two\nlines\r\nand more', null, null, 0, null, null, null, null],
      ['\\N', null, null, null, null, null, null, null],
      ['NULL', null, null, null, null, null, null, null],
      ['Zoë “£” 𝄞 \\. ', null, null, null, null, null, null, null],
      [null, null, null, null, null, null, null, null],
    )

    it('keeps every value apart, empty text from null above all', async () => {
      const warehouse = await kind.make()
      const source = memorySource([{ schema: all, rows: awkward }])
      await load({ source, destination: warehouse.destination })
      const stored = await warehouse.query(
        `SELECT t, i, b, CAST(d AS VARCHAR) AS d, CAST(day AS VARCHAR) AS day,
                CAST(moment AS VARCHAR) AS moment, f, CAST(j AS VARCHAR) AS j
           FROM stg_all_kinds ORDER BY source_record`,
      )
      expect(stored.map(({ t }) => t)).toEqual(awkward.map(({ values }) => values[0]))
      expect(stored[0]).toMatchObject({ i: 0, b: 9_007_199_254_740_991, d: '12.500', f: true })
      expect(stored[0]).toMatchObject({
        day: '2024-02-29',
        moment: '2024-01-01 10:00:00.25',
        j: '{}',
      })
      expect(stored[1]).toMatchObject({
        i: -5,
        d: '-0.001',
        f: false,
        moment: '2024-01-01 00:00:00',
      })
      expect(stored[2]).toMatchObject({ d: '0.000', f: null })
    })

    it('reports a value that does not fit and keeps the row with null', async () => {
      const warehouse = await kind.make()
      const rows = memoryRows(['x', 3_000_000_000], ['a\0b', 1], ['ok', 2])
      const source = memorySource([{ schema: PLAIN, rows }])
      await load({ source, destination: warehouse.destination })
      const stored = await warehouse.query(
        'SELECT code, count FROM stg_sample ORDER BY source_record',
      )
      expect(stored).toEqual([
        { code: 'x', count: null },
        { code: null, count: 1 },
        { code: 'ok', count: 2 },
      ])
      const issues = await warehouse.query(
        'SELECT field, code, record_number, raw FROM crimewh_issue ORDER BY record_number',
      )
      expect(issues).toEqual([
        { field: 'count', code: 'FIELD_DOES_NOT_FIT', record_number: 1, raw: '3000000000' },
        { field: 'code', code: 'FIELD_DOES_NOT_FIT', record_number: 2, raw: 'a␀b' },
      ])
    })

    it('keeps, refuses or withholds unknown keys, as the contract says', async () => {
      const warehouse = await kind.make()
      const { destination } = warehouse
      const values = awkward[6]!.values
      const rows = [
        { sourceRecord: 1, values },
        { sourceRecord: 2, values, unknownKeys: { new_key: [1, null], a: { z: 1, b: 2 } } },
      ]
      const source = () => memorySource([{ schema: all, rows }])
      await expect(
        load({ source: source(), destination, contract: 'freeze' }),
      ).rejects.toMatchObject({ code: 'DRIFT_UNKNOWN_KEYS' })
      await load({ source: source(), destination })
      const kept = await single(
        warehouse,
        'SELECT CAST(unknown_keys AS VARCHAR) FROM stg_all_kinds WHERE unknown_keys IS NOT NULL',
      )
      expect(JSON.parse(String(kept))).toEqual({ new_key: [1, null], a: { z: 1, b: 2 } })
      const { slices } = await load({
        source: source(),
        destination,
        contract: 'quarantine',
        force: true,
      })
      expect(slices[0]!.manifest!.tables[0]).toMatchObject({ decoded: 2, staged: 1, withheld: 1 })
      expect(await single(warehouse, 'SELECT code FROM crimewh_issue')).toBe('UNKNOWN_KEY')
    })

    it('withholds rows whose misfit the source told, under quarantine only', async () => {
      const warehouse = await kind.make()
      const { destination } = warehouse
      const columns = [textColumn('id'), keyColumn('count', INTEGER)]
      const table = memoryTable('plain', {}, { columns: columnSchemas(columns, 'memory') })
      const issues: StageIssue[] = []
      const converter = rowConverter(table, columns)
      const place = { byteOffset: null, file: null }
      const rows = [
        converter.convert({ id: 'a', count: 1 }, 1, place, issues),
        converter.convert({ id: 'b', count: 'two' }, 2, place, issues),
        converter.convert({ id: 'c', count: 3 }, 3, place, issues),
      ]
      const source = () => memorySource([{ schema: table, rows, issues }])
      const evolved = await load({ source: source(), destination })
      expect(evolved.slices[0]!.manifest!.tables[0]).toMatchObject({ staged: 3, withheld: 0 })
      const { slices } = await load({ source: source(), destination, contract: 'quarantine' })
      expect(slices[0]!.manifest).toMatchObject({
        tables: [{ decoded: 3, staged: 2, withheld: 1 }],
        issues: { FIELD_INTEGER: 1 },
      })
      expect(await warehouse.query('SELECT id FROM stg_plain ORDER BY id')).toEqual([
        { id: 'a' },
        { id: 'c' },
      ])
    })
  })

  describe(`two loaders of ${kind.name}`, () => {
    const slow = (rows: ReturnType<typeof memoryRows>, until: Promise<void>) =>
      memorySource([{ schema: PLAIN, rows }], { beforeBatch: () => until })

    it('do not work on one slice: the second is told who does', async () => {
      const warehouse = await kind.make()
      const { destination } = warehouse
      let release = () => {}
      let started = () => {}
      const isStarted = new Promise<void>((resolve) => (started = resolve))
      const isReleased = new Promise<void>((resolve) => (release = resolve))
      const first = load({
        source: memorySource([{ schema: PLAIN, rows: memoryRows(['a', 1]) }], {
          beforeBatch: () => {
            started()
            return isReleased
          },
        }),
        destination,
      })
      await isStarted
      const other = openDestination(warehouse.url)
      const rows = memoryRows(['b', 2])
      const second = load({ source: slow(rows, Promise.resolve()), destination: other })
      await expect(second).rejects.toMatchObject({ code: 'DESTINATION_LOCKED', retryable: true })
      await expect(second).rejects.toThrow(new RegExp(`${process.pid}.*load memory part=a`))
      const waiting: string[] = []
      const third = load({
        source: slow(rows, Promise.resolve()),
        destination: other,
        lockWaitMs: 20_000,
        onProgress: (event) => {
          if (event.kind !== 'waiting') return
          waiting.push(event.holder)
          release()
        },
      })
      await Promise.all([first, third])
      expect(waiting).toHaveLength(1)
      expect(await warehouse.query('SELECT code, count FROM stg_sample')).toEqual([
        { code: 'b', count: 2 },
      ])
    })
  })

  describe(`a dry run on ${kind.name}`, () => {
    it('of an empty database says what would happen and makes nothing', async () => {
      const warehouse = await kind.make()
      const { destination } = warehouse
      const before = await everything(warehouse)
      const manifestDirectory = path.join(folder, `manifests-${kind.name}`)
      const options = { source: nibrsFile(cleanFile), destination, manifestDirectory }
      const planned = await load({ ...options, dryRun: true })
      expect(planned.status).toBe('planned')
      expect(planned.slices[0]!.plan!.ddl.join('\n')).toContain('CREATE TABLE "stg_nibrs_offense"')
      expect(await listLoads(destination)).toEqual([])
      expect(await everything(warehouse)).toEqual(before)
      expect(existsSync(manifestDirectory)).toBe(false)
      await load(options)
      expect(await everything(warehouse)).not.toEqual(before)
      expect(existsSync(manifestDirectory)).toBe(true)
    })

    it('over data says what would be replaced and writes nothing', async () => {
      const warehouse = await kind.make()
      const { destination } = warehouse
      const loaded = await load({ source: nibrsFile(cleanFile), destination })
      const before = await everything(warehouse)
      const same = await load({ source: nibrsFile(cleanFile), destination, dryRun: true })
      expect(same.status).toBe('skipped')
      const rows = [...clean.rows.values()].flat().length
      const options = { source: nibrsFile(faultyFile), destination, dryRun: true }
      for (const more of [{}, { force: true }, { disposition: 'replace' }] as const) {
        const other = await load({ ...options, ...more })
        expect(other.slices[0]!.plan).toMatchObject({
          ddl: [],
          destructiveDdl: [],
          supersedes: [{ loadId: loaded.slices[0]!.loadId, rows }],
        })
      }
      expect(await everything(warehouse)).toEqual(before)
    })

    it('of a changed spec shows what would change and changes nothing', async () => {
      const warehouse = await kind.make()
      const { destination } = warehouse
      const old = memoryTable('sample', { code: TEXT, count: INTEGER, big: BIGINT })
      const rows = memoryRows(['a', 1, 2])
      await load({ source: memorySource([{ schema: old, rows }]), destination })
      const before = await everything(warehouse)
      const changed = memoryTable('sample', { count: BIGINT, big: INTEGER, extra: DECIMAL })
      const source = memorySource([{ schema: changed, rows: memoryRows([1, 2, '1.5']) }])
      for (const more of [{}, { allowDestructive: true, force: true }]) {
        const { slices } = await load({ source, destination, dryRun: true, ...more })
        const { ddl, destructiveDdl } = slices[0]!.plan!
        const all = ddl.join('\n')
        expect(all).toMatch(/ALTER TABLE "stg_sample" ADD COLUMN "extra"/)
        expect(all).toMatch(/ALTER TABLE "stg_sample_superseded" ALTER COLUMN "count" TYPE/)
        expect(destructiveDdl).toHaveLength(2)
        expect(destructiveDdl[0]).toMatch(/ALTER TABLE "stg_sample" ALTER COLUMN "big" TYPE/)
      }
      expect(await everything(warehouse)).toEqual(before)
      await load({ source, destination, allowDestructive: true })
      expect(await everything(warehouse)).not.toEqual(before)
    })
  })

  describe(`an abort of a load into ${kind.name}`, () => {
    it('passes its reason through and leaves nothing', async () => {
      const warehouse = await kind.make()
      const controller = new AbortController()
      const reason = new Error('enough')
      const source = memorySource([{ schema: PLAIN, rows: memoryRows(['a', 1]) }], {
        beforeBatch: () => controller.abort(reason),
      })
      const { destination } = warehouse
      const loading = load({ source, destination, signal: controller.signal })
      await expect(loading).rejects.toBe(reason)
      expect(await rowHashes(warehouse)).toEqual({})
      const again = memorySource([{ schema: PLAIN, rows: memoryRows(['a', 1]) }])
      expect((await load({ source: again, destination })).status).toBe('loaded')
    })
  })
}
