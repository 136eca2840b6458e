import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { archiveFiles, generateData, makeZip } from '@ukpolice/client/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sliceKey } from '../../src/schema/table-schema.js'
import { ARCHIVE_DATASETS, ukpoliceArchive } from '../../src/sources/index.js'
import { collect, rowObject } from './collect.js'

let folder: string
let archive: string
const data = generateData({ monthCount: 2, crimeCount: 120 })

beforeAll(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'loader-archive-'))
  archive = path.join(folder, 'latest.zip')
  writeFileSync(archive, makeZip(archiveFiles(data)))
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('every file of a data set is a slice with all its rows', async () => {
  const slices = await collect(ukpoliceArchive(archive, { dataset: 'street' }))
  expect(slices).toHaveLength(6)
  expect(sliceKey(slices[0]!.slice.slice)).toBe('force=leicestershire month=2026-07')
  const rows = slices.flatMap(({ rows }) => rows.get('ukpolice_archive_crime')!)
  expect(rows).toHaveLength(data.crimes!.length)
  const first = slices[0]!
  const row = first.rows.get('ukpolice_archive_crime')![0]!
  const held = data.crimes!.find(
    (crime) => crime.force === 'leicestershire' && crime.row.month === '2026-07',
  )!.row
  expect(row.sourceRecord).toBe(2)
  expect(rowObject(first, 'ukpolice_archive_crime', row)).toMatchObject({
    persistent_id: held.persistent_id,
    category: held.category,
    reported_by: 'Leicestershire Police',
    location_latitude: held.location?.latitude ?? null,
  })
})

test('no key of a row is left over', async () => {
  for (const dataset of ARCHIVE_DATASETS) {
    const slices = await collect(ukpoliceArchive(archive, { dataset }))
    const rows = slices.flatMap((slice) => [...slice.rows.values()].flat())
    expect(rows.length).toBeGreaterThan(10)
    expect(rows.filter(({ unknownKeys }) => unknownKeys !== undefined)).toEqual([])
  }
})

test('forces and months narrow it down', async () => {
  const options = {
    dataset: 'stop-and-search',
    forces: ['metropolitan'],
    since: '2026-08',
  } as const
  const slices = await collect(ukpoliceArchive(archive, options))
  expect(slices.map(({ slice }) => sliceKey(slice.slice))).toEqual([
    'force=metropolitan month=2026-08',
  ])
  expect(slices[0]!.rows.get('ukpolice_archive_stop')).toHaveLength(
    data.stops!.filter((s) => s.force === 'metropolitan' && s.month === '2026-08').length,
  )
})

test('rows that cannot be read are withheld, counted and told with their place', async () => {
  const files = archiveFiles(data).map((file) => {
    if (file.name !== '2026-08/2026-08-metropolitan-outcomes.csv') return file
    return { ...file, content: `${String(file.content).trimEnd()}\ntoo,few,cells\n` }
  })
  const broken = path.join(folder, 'broken.zip')
  writeFileSync(broken, makeZip(files))
  const options = { dataset: 'outcomes', forces: ['metropolitan'], since: '2026-08' } as const
  const [slice] = await collect(ukpoliceArchive(broken, options))
  const content = String(
    files.find(({ name }) => name.endsWith('08-metropolitan-outcomes.csv'))!.content,
  )
  const [counts] = slice!.accounting
  expect(counts).toMatchObject({ withheld: 1, records: counts!.rows + 1 })
  expect(slice!.issues).toEqual([
    {
      code: 'ROW_CELL_COUNT',
      table: 'ukpolice_archive_outcome',
      field: null,
      recordNumber: content.trimEnd().split('\n').length,
      byteOffset: Buffer.byteLength(content) - Buffer.byteLength('too,few,cells\n'),
      raw: 'too,few,cells',
      file: '2026-08/2026-08-metropolitan-outcomes.csv',
    },
  ])
})

test('an archive without the files asked for is an error that says what it has', async () => {
  await expect(
    collect(ukpoliceArchive(archive, { dataset: 'street', since: '2026-09' })),
  ).rejects.toThrow(/latest\.zip has no street file .* 2026-07 to 2026-08/)
})

test('a force without a file is an error that says which ones have some', async () => {
  const forces = ['metropolitan', 'metropolitn']
  const refused = collect(ukpoliceArchive(archive, { dataset: 'street', forces }))
  await expect(refused).rejects.toMatchObject({ code: 'OPTION_INVALID', option: 'forces' })
  await expect(refused).rejects.toThrow(/no street file of a force "metropolitn"; .*metropolitan/)
})

test('two files of one force and month are refused before the first slice', async () => {
  const files = archiveFiles(data)
  const twice = files.find(({ name }) => name.includes('2026-08-metropolitan-street'))!
  const doubled = path.join(folder, 'doubled.zip')
  const second = { ...twice, name: `again/${path.basename(twice.name)}` }
  writeFileSync(doubled, makeZip([...files, second]))
  let sliceCount = 0
  const reading = async (options: Parameters<typeof ukpoliceArchive>[1]) => {
    for await (const _ of ukpoliceArchive(doubled, options).slices({})) sliceCount++
  }
  const refused = reading({ dataset: 'street' })
  await expect(refused).rejects.toMatchObject({
    code: 'SOURCE_SLICE_TWICE',
    slice: 'force=metropolitan month=2026-08',
  })
  await expect(refused).rejects.toThrow(second.name)
  await expect(refused).rejects.toThrow(twice.name)
  expect(sliceCount).toBe(0)
  await reading({ dataset: 'street', until: '2026-07' })
  expect(sliceCount).toBe(3)
})
