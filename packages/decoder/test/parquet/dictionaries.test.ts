import { readFileSync } from 'node:fs'
import type { DuckDBConnection } from '@duckdb/node-api'
import { beforeAll, describe, expect, test } from 'vitest'
import { GrowingDictionary } from '../../src/columns.js'
import { metadataOf, openDuckDb, query, readCells } from './readers.js'
import { dictionaryColumn, seededRandom, spec } from './tables.js'
import { temporaryDirectory, writeTable } from './write.js'

const directory = temporaryDirectory()
let duckDb: DuckDBConnection

beforeAll(async () => {
  duckDb = await openDuckDb()
})

const name = spec('name', 'identifier', 9)
const number = spec('number', 'integer', 9)

describe.each([1, 2, 3, 4, 5, 16, 17, 255, 256, 257, 2047, 2048, 2049, 65_536, 70_000])(
  'a dictionary of %i values',
  (size) => {
    const bytesPerIndex = size < 256 ? 1 : size < 65_536 ? 2 : 4

    test('as strings, some of them null', async () => {
      const random = seededRandom(size)
      const cells = Array.from({ length: Math.max(size * 1.3, 3000) | 0 }, (_, row) => {
        const value = row < size ? row : Math.floor(random() * size)
        return row >= size && random() < 0.1 ? null : `V${value}`
      })
      const path = await writeTable(
        directory,
        [name],
        [[dictionaryColumn(name, cells, { bytesPerIndex })]],
        { rowGroupRows: 131_072 },
      )
      expect(await readCells(path, 'name')).toEqual(cells)
      const [row] = await query(
        duckDb,
        `SELECT count(name) AS present, count(DISTINCT name) AS different, min(name) AS least,
           max(name) AS greatest FROM read_parquet('${path}')`,
      )
      const present = cells.filter((cell) => cell !== null)
      const sorted = [...new Set(present)].sort()
      expect(row).toEqual({
        present: present.length,
        different: size,
        least: sorted[0],
        greatest: sorted.at(-1),
      })
    })

    test('as numbers, in falling order', async () => {
      const cells = Array.from({ length: size * 2 }, (_, row) => 1_000_000 - (row >> 1))
      const path = await writeTable(
        directory,
        [number],
        [[dictionaryColumn(number, cells, { bytesPerIndex })]],
        { rowGroupRows: 262_144 },
      )
      expect(await readCells(path, 'number')).toEqual(cells)
      const { statistics } = metadataOf(path).row_groups[0]!.columns[0]!.meta_data!
      expect(statistics?.min_value).toBe(1_000_000 - size + 1)
      expect(statistics?.max_value).toBe(1_000_000)
      expect(statistics?.distinct_count).toBe(BigInt(size))
    })
  },
)

test('a dictionary too large for the fast tables, then a small one', async () => {
  const size = 140_000
  const names = Array.from({ length: size }, (_, row) => (row % 7 === 0 ? null : `V${row}`))
  const numbers = names.map((_, row) => (row * 31) % 17)
  const path = await writeTable(
    directory,
    [name, number],
    [[dictionaryColumn(name, names), dictionaryColumn(number, numbers)]],
    { rowGroupRows: 262_144 },
  )
  expect(await readCells(path, 'name')).toEqual(names)
  expect(await readCells(path, 'number')).toEqual(numbers)
  const sorted = names.filter((cell) => cell !== null).sort()
  const [row] = await query(
    duckDb,
    `SELECT count(DISTINCT name) AS different, min(name) AS least, max(name) AS greatest,
       count(*) FILTER (name = 'V99999') AS found FROM read_parquet('${path}')`,
  )
  expect(row).toEqual({
    different: sorted.length,
    least: sorted[0],
    greatest: sorted.at(-1),
    found: 1,
  })
})

test('a row group holds only the dictionary entries that occur in it', async () => {
  const dictionary = new GrowingDictionary(null)
  const cells = Array.from({ length: 64 }, (_, row) => `V${row}`)
  const column = dictionaryColumn(name, cells, { dictionary })
  const path = await writeTable(directory, [name], [[column]], { rowGroupRows: 32 })
  expect(await readCells(path, 'name')).toEqual(cells)
  const counts = metadataOf(path).row_groups.map(
    (group) => group.columns[0]!.meta_data!.statistics!.distinct_count,
  )
  expect(counts).toEqual([32n, 32n])
})

test('a dictionary that grows between batches keeps its row group', async () => {
  const dictionary = new GrowingDictionary(null)
  const first = Array.from({ length: 100 }, (_, row) => `A${row}`)
  const second = Array.from({ length: 400 }, (_, row) => `B${row}`)
  const path = await writeTable(
    directory,
    [name],
    [
      [dictionaryColumn(name, first, { dictionary, bytesPerIndex: 1 })],
      [dictionaryColumn(name, second, { dictionary, bytesPerIndex: 2 })],
    ],
  )
  expect(await readCells(path, 'name')).toEqual([...first, ...second])
  expect(metadataOf(path).row_groups).toHaveLength(1)
})

test('a dictionary that is replaced between batches ends its row group', async () => {
  const first = ['A', 'B', null, 'C']
  const second = ['C', null, 'A', 'D', 'D']
  const path = await writeTable(
    directory,
    [name],
    [[dictionaryColumn(name, first)], [dictionaryColumn(name, second)]],
  )
  expect(await readCells(path, 'name')).toEqual([...first, ...second])
  expect(metadataOf(path).row_groups.map((group) => group.num_rows)).toEqual([4n, 5n])
})

test('the order in which a dictionary grew does not show in the file', async () => {
  const cells = Array.from({ length: 5000 }, (_, row) => `V${(row * 7919) % 613}`)
  const shuffled = new GrowingDictionary(null)
  for (const value of [...new Set(cells)].reverse()) shuffled.add(value)
  shuffled.add('never used')
  const paths = [
    await writeTable(directory, [name], [[dictionaryColumn(name, cells)]]),
    await writeTable(
      directory,
      [name],
      [[dictionaryColumn(name, cells, { dictionary: shuffled })]],
    ),
  ]
  const [one, other] = paths.map((path) => readFileSync(path))
  expect(one!.equals(other!)).toBe(true)
  expect(await readCells(paths[1]!, 'name')).toEqual(cells)
})

test('a dictionary that grows in any order from row group to row group stays in order', async () => {
  const dictionary = new GrowingDictionary(null)
  const random = seededRandom(3)
  const batches = Array.from({ length: 12 }, () =>
    Array.from({ length: 64 }, () => `V${Math.floor(random() * 900)}`),
  )
  const columns = batches.map((cells) => [
    dictionaryColumn(name, cells, { dictionary, bytesPerIndex: 2 }),
  ])
  const path = await writeTable(directory, [name], columns, { rowGroupRows: 64 })
  expect(await readCells(path, 'name')).toEqual(batches.flat())
  metadataOf(path).row_groups.forEach((group, i) => {
    const sorted = [...batches[i]!].sort()
    const { statistics } = group.columns[0]!.meta_data!
    expect(statistics).toMatchObject({ min_value: sorted[0], max_value: sorted.at(-1) })
  })
})
