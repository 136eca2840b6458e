import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { decode, loadSpec, openInput } from '@nibrs/decoder'
import { generateMasterFile, generateTruth, writeMasterFile } from '@nibrs/decoder/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sliceKey } from '../../src/schema/table-schema.js'
import { listLoads, load, openDestination } from '../../src/index.js'
import { nibrsFile } from '../../src/sources/index.js'
import { collect, readSlice } from './collect.js'

let folder: string
let archive: string

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'loader-nibrs-'))
  archive = path.join(folder, 'nibrs-2022.zip')
  await writeMasterFile(archive, { year: 2022, records: 4000, faults: { rate: 0.02 } })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

async function firstSlice(...args: Parameters<typeof nibrsFile>) {
  for await (const slice of nibrsFile(...args).slices({})) return slice
  throw new Error('no slice')
}

test('a zip is one slice, known by its bytes, with a table for each segment', async () => {
  const [collected] = await collect(nibrsFile(archive))
  const { slice, rowCounts, accounting } = collected!
  const bytes = readFileSync(archive)
  expect(sliceKey(slice.slice)).toBe('data_year=2022 state=*')
  expect(slice.fingerprint).toEqual({
    sha256: createHash('sha256').update(bytes).digest('hex'),
    byteCount: bytes.length,
  })
  expect(slice.provenance.spec).toBe('nibrs/master@2013')
  expect(slice.tables.map(({ name }) => name)).toContain('nibrs_window_arrestee')
  expect(rowCounts.get('nibrs_offense')).toBeGreaterThan(100)
  const sums = accounting.reduce((sum, table) => sum + table.records, 0)
  expect(sums).toBe(4000)
})

test('columns carry the place in the document they come from', async () => {
  const slice = await firstSlice(archive)
  const offense = slice.tables.find(({ name }) => name === 'nibrs_offense')!
  const column = offense.columns.find(({ name }) => name === 'offense_code')
  expect(column?.provenance).toMatch(
    /^nibrs\/master@2013 offense\.offense_code \(34-36\), data element 6$/,
  )
  expect(offense.columns.at(-1)?.name).toBe('record_length')
})

test('faults arrive with the positions the generator put them at', async () => {
  const truth = await generateTruth({ year: 2022, records: 4000, faults: { rate: 0.02 } })
  const [{ issues, accounting }] = (await collect(nibrsFile(archive))) as [
    Awaited<ReturnType<typeof readSlice>>,
  ]
  const key = (issue: { recordNumber: number; byteOffset: number | null; code: string }) =>
    `${issue.recordNumber} ${issue.byteOffset} ${issue.code}`
  const expected = truth.issues.map(({ segment, ...issue }) => ({
    ...issue,
    table: segment === null ? null : `nibrs_${segment}`,
  }))
  const sorted = <T extends Parameters<typeof key>[0]>(list: readonly T[]) =>
    [...list].sort((a, b) => (key(a) < key(b) ? -1 : 1))
  expect(sorted(issues)).toEqual(sorted(expected))
  expect(accounting.reduce((sum, { withheld }) => sum + withheld, 0)).toBe(truth.manifest.withheld)
  expect(truth.manifest.withheld).toBeGreaterThan(0)
})

test('three-part headers of early years are joined and counted', async () => {
  const file = path.join(folder, 'nibrs-1998.txt')
  await writeMasterFile(file, { year: 1998, records: 3000 })
  const [{ slice, accounting }] = (await collect(nibrsFile(file))) as [
    Awaited<ReturnType<typeof readSlice>>,
  ]
  expect(sliceKey(slice.slice)).toBe('data_year=1998 state=*')
  expect(slice.provenance.spec).toBe('nibrs/master@1991')
  const header = accounting.find(({ table }) => table === 'nibrs_batch_header')!
  expect(header.joined).toBe(2 * header.rows)
  expect(accounting.reduce((sum, { records }) => sum + records, 0)).toBe(3000)
})

describe('one state', () => {
  test('holds the rows of that state alone, and counts the others', async () => {
    const spec = await loadSpec('nibrs/master@2013')
    const expected: Record<string, number> = {}
    let code = ''
    let abbreviation = ''
    for await (const batch of decode(openInput(archive), spec)) {
      const states = batch.columns.get('state_code')!
      for (let row = 0; row < batch.rowCount; row++) {
        if (code === '') {
          code = states.get(row) as string
          abbreviation = spec.tables[0]!.columns.find(
            ({ name }) => name === 'state_code',
          )!.codes!.codes.get(code)!.attributes!['abbreviation']!
        }
        if (states.get(row) !== code) continue
        expected[`nibrs_${batch.segment}`] = (expected[`nibrs_${batch.segment}`] ?? 0) + 1
      }
    }
    const slice = await firstSlice(archive, { state: abbreviation.toLowerCase() })
    expect(sliceKey(slice.slice)).toBe(`data_year=2022 state=${abbreviation}`)
    const reading = slice.read({})
    const cells: Record<string, Set<unknown>> = {}
    const counts: Record<string, number> = {}
    for await (const batch of reading) {
      if (batch.kind !== 'columns') throw new Error('expected columns')
      const seen = (cells[batch.table] ??= new Set())
      const { rowCount, columns } = batch.batch
      counts[batch.table] = (counts[batch.table] ?? 0) + rowCount
      for (let row = 0; row < rowCount; row++) seen.add(columns.get('state_code')!.get(row))
      expect(() => columns.get('state_code')!.get(rowCount)).toThrow(RangeError)
    }
    expect(Object.fromEntries(Object.entries(counts).filter(([, n]) => n > 0))).toEqual(expected)
    for (const seen of Object.values(cells)) expect([...seen].every((s) => s === code)).toBe(true)
    const accounting = reading.accounting()
    expect(accounting.reduce((sum, { records }) => sum + records, 0)).toBe(4000)
    expect(accounting.some(({ notSelected }) => notSelected > 0)).toBe(true)
  })

  test('keeps every cell of the rows it selects', async () => {
    const file = path.join(folder, 'two-states.txt')
    const lines = await linesOf(2022)
    writeFileSync(file, lines.join('\n') + '\n')
    const spec = await loadSpec('nibrs/master@2013')
    const code = lines.find((line) => line.startsWith('01'))!.slice(2, 4)
    const whole = await cellsOf(decode(openInput(file), spec), code)
    const slice = await firstSlice(file, { state: code })
    const batches = (async function* () {
      for await (const batch of slice.read({})) if (batch.kind === 'columns') yield batch.batch
    })()
    expect(await cellsOf(batches, code)).toEqual(whole)
    expect(whole.length).toBeGreaterThan(10)
  })

  test('that the file has no row of is refused, and the rows that are in stay', async () => {
    const file = path.join(folder, 'once.txt')
    const lines = await linesOf(2022)
    writeFileSync(file, lines.join('\n') + '\n')
    const code = lines.find((line) => line.startsWith('01'))!.slice(2, 4)
    const destination = openDestination(`duckdb:${path.join(folder, 'states.duckdb')}`)
    await load({ source: nibrsFile(file, { state: code }), destination })
    writeFileSync(file, lines.filter((line) => line.slice(2, 4) !== code).join('\n') + '\n')
    for (const dryRun of [true, false]) {
      await expect(
        load({ source: nibrsFile(file, { state: code }), destination, dryRun }),
      ).rejects.toMatchObject({
        code: 'SOURCE_NO_SLICE',
        message: expect.stringMatching(
          /^once\.txt has no row of state [A-Z]{2} in 2022; /,
        ) as string,
      })
    }
    const loads = await listLoads(destination)
    expect(loads.map(({ status }) => status)).toEqual(['committed'])
  })

  test('is refused when there is no such state', async () => {
    await expect(firstSlice(archive, { state: 'XX' })).rejects.toMatchObject({
      code: 'OPTION_INVALID',
      option: 'state',
    })
  })
})

async function linesOf(year: number): Promise<string[]> {
  const chunks: Uint8Array[] = []
  for (const chunk of await generateMasterFile({ year, records: 1500 })) {
    chunks.push(chunk.slice())
  }
  return Buffer.concat(chunks).toString('latin1').trimEnd().split('\n')
}

type Batches = AsyncIterable<{
  readonly rowCount: number
  readonly recordNumbers: Uint32Array
  readonly columns: ReadonlyMap<string, { get(row: number): unknown; label(row: number): unknown }>
}>

async function cellsOf(batches: Batches, state: string): Promise<unknown[]> {
  const rows: unknown[][] = []
  for await (const { rowCount, columns, recordNumbers } of batches) {
    for (let row = 0; row < rowCount; row++) {
      if (columns.get('state_code')!.get(row) !== state) continue
      const cells = [...columns].map(([name, c]) => [name, c.get(row), c.label(row)])
      rows.push([recordNumbers[row], cells])
    }
  }
  return rows.sort((a, b) => Number(a[0]) - Number(b[0]))
}

describe('the data year', () => {
  test('is asked for when no header tells it', async () => {
    const file = path.join(folder, 'headless.txt')
    const spec = await loadSpec('nibrs/master@2013')
    const lines = (await linesOf(2022)).filter((line) => !line.startsWith('BH'))
    writeFileSync(file, lines.join('\n') + '\n')
    await expect(firstSlice(file, { spec: spec.id })).rejects.toMatchObject({
      code: 'SOURCE_NO_SLICE',
    })
    const slice = await firstSlice(file, { spec: spec.id, dataYear: 2022 })
    expect(sliceKey(slice.slice)).toBe('data_year=2022 state=*')
  })

  test('that contradicts the headers is refused', async () => {
    await expect(firstSlice(archive, { dataYear: 2021 })).rejects.toMatchObject({
      code: 'OPTION_CONFLICT',
    })
  })

  test('of a header further on that differs is an issue, and the row is kept', async () => {
    const file = path.join(folder, 'two-years.txt')
    const lines = await linesOf(2022)
    const other = lines.findLast((line) => line.startsWith('BH'))!
    lines.push(`${other.slice(0, 229)}2021${other.slice(233)}`)
    writeFileSync(file, lines.join('\n') + '\n')
    const [{ issues, rowCounts }] = (await collect(nibrsFile(file))) as [
      Awaited<ReturnType<typeof readSlice>>,
    ]
    expect(issues.filter(({ code }) => code === 'SLICE_OTHER_YEAR')).toEqual([
      expect.objectContaining({ recordNumber: lines.length, raw: '2021' }),
    ])
    const headers = lines.filter((line) => line.startsWith('BH')).length
    expect(rowCounts.get('nibrs_batch_header')).toBe(headers)
  })
})

test('a file that grows while it is loaded is not loaded', async () => {
  const file = path.join(folder, 'growing.txt')
  await writeMasterFile(file, { year: 2022, records: 2000 })
  const slice = await firstSlice(file)
  appendFileSync(file, '\n')
  await expect(readSlice(slice)).rejects.toMatchObject({ code: 'SOURCE_CHANGED', retryable: false })
})

test('a file that grows while it is hashed is not loaded', async () => {
  const file = path.join(folder, 'growing-early.txt')
  await writeMasterFile(file, { year: 2022, records: 2000 })
  const options = {
    get state() {
      appendFileSync(file, '\n') // Asked for after the first records were looked at.
      return undefined
    },
  }
  await expect(firstSlice(file, options as object)).rejects.toMatchObject({
    code: 'SOURCE_CHANGED',
    message: expect.stringContaining('run the load again') as string,
  })
})

test('a file that is not there is reported as such', async () => {
  await expect(firstSlice(path.join(folder, 'nope.zip'))).rejects.toMatchObject({
    code: 'INPUT_NOT_FOUND',
  })
})

test('a misspelt option is not ignored', () => {
  expect(() => nibrsFile(archive, { year: 2022 } as object)).toThrow(
    expect.objectContaining({ code: 'OPTION_UNKNOWN' }),
  )
})

test.skipIf(process.platform === 'win32')(
  'a pipe, a device or a folder is refused before it is opened',
  async () => {
    const pipe = path.join(folder, 'pipe.zip')
    execFileSync('mkfifo', [pipe])
    for (const [file, kind] of [
      [pipe, 'pipe.zip is a pipe'],
      ['/dev/null', 'null is a device'],
      [folder, 'is a folder'],
    ] as const) {
      const refused = firstSlice(file)
      await expect(refused).rejects.toMatchObject({ code: 'SOURCE_NOT_A_FILE' })
      await expect(refused).rejects.toThrow(kind)
    }
  },
)
