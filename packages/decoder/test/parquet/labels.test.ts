import { describe, expect, test } from 'vitest'
import { OptionError } from '../../src/errors.js'
import { parquetFiles } from '../../src/sinks/parquet.js'
import { metadataOf, readCells } from './readers.js'
import { codeTable, dictionaryColumn, seededRandom, sinkSchema, sinkTable, spec } from './tables.js'
import { temporaryDirectory, writeTable } from './write.js'

const directory = temporaryDirectory()

const labels = { M: 'Male', F: 'Female', U: 'Unknown', N: 'Unknown' }
const sex = spec('sex', 'code', 1, { codes: codeTable('sex', labels) })
const plain = spec('plain', 'code', 1)

test('labels stand in a column after their codes, and only there', async () => {
  const path = await writeTable(
    directory,
    [plain, sex, { ...plain, name: 'last' }],
    [
      [
        dictionaryColumn(plain, ['x', 'y']),
        dictionaryColumn(sex, ['M', 'F']),
        dictionaryColumn({ ...plain, name: 'last' }, ['z', null]),
      ],
    ],
    { labels: true },
  )
  const names = metadataOf(path)
    .schema.slice(1)
    .map((element) => element.name)
  expect(names).toEqual(['plain', 'sex', 'sex_label', 'last'])
  expect(await readCells(path, 'sex_label')).toEqual(['Male', 'Female'])
})

describe.each([
  ['every code has a label', 'MFUN'],
  ['some codes have none', 'MFXYU'],
  ['two codes share a label', 'UN'],
  ['one code', 'M'],
  ['one code without label', 'X'],
])('%s', (_, codes) => {
  test.each([0, 1, 9, 40_000])('%i rows', async (rowCount) => {
    const random = seededRandom(rowCount)
    for (const nullShare of [0, 0.3, 1]) {
      const cells = Array.from({ length: rowCount }, () =>
        random() < nullShare ? null : codes[Math.floor(random() * codes.length)]!,
      )
      const path = await writeTable(directory, [sex], [[dictionaryColumn(sex, cells)]], {
        labels: true,
      })
      expect(await readCells(path, 'sex')).toEqual(cells)
      expect(await readCells(path, 'sex_label')).toEqual(
        cells.map((cell) => (cell === null ? null : ((labels as any)[cell] ?? null))),
      )
    }
  })
})

test('a label column has statistics of its own', async () => {
  const cells = ['U', 'N', null, 'M']
  const path = await writeTable(directory, [sex], [[dictionaryColumn(sex, cells)]], {
    labels: true,
  })
  const statistics = metadataOf(path).row_groups[0]!.columns.map(
    (column) => column.meta_data!.statistics!,
  )
  expect(statistics[0]).toMatchObject({ min_value: 'M', max_value: 'U', distinct_count: 3n })
  expect(statistics[1]).toMatchObject({
    min_value: 'Male',
    max_value: 'Unknown',
    distinct_count: 2n,
    null_count: 1n,
  })
})

test('a column that already has the name of a label is an error', async () => {
  const taken = spec('sex_label', 'text', 10)
  const sink = parquetFiles({ directory, labels: true })
  const opening = sink.open(sinkSchema([sinkTable('taken', [sex, taken])]))
  await expect(opening).rejects.toThrow(OptionError)
  await expect(opening).rejects.toMatchObject({ code: 'OPTION_CONFLICT', field: 'sex_label' })
  await sink.abort(undefined)
})
