import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { type Disposition, load, openDestination } from '../../src/index.js'
import { memoryRows, memorySource, memoryTable } from '../support/memory-source.js'
import { crimewh } from './crimewh.js'

const folder = mkdtempSync(path.join(os.tmpdir(), 'crimewh-loads-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const schema = memoryTable(
  'keyed',
  { id: { kind: 'integer', bits: 32 }, name: { kind: 'text' } },
  { key: ['id'] },
)

test('a purge tells of rows that merges put aside, and they are counted with the merge', async () => {
  const destination = openDestination(`duckdb:${path.join(folder, 'w.duckdb')}`)
  const put = async (part: string, name: string, disposition: Disposition) => {
    const source = memorySource([{ schema, rows: memoryRows([1, name]) }], {
      slice: [{ name: 'part', type: 'text', value: part }],
    })
    await load({ source, destination, disposition })
  }
  await put('a', 'one', 'merge')
  await put('b', 'uno', 'merge')
  const loads = (...args: string[]) =>
    crimewh(['loads', ...args, '--to', 'duckdb:w.duckdb'], { cwd: folder })
  expect((await loads('purge')).stderr).toBe('rows that merges put aside are dropped for good: 1\n')
  expect((await loads('purge')).stderr).toBe('no load was replaced since the last purge\n')
  const listed = JSON.parse((await loads('list', '--json')).stdout) as {
    loads: readonly { manifest: object }[]
  }
  expect(listed.loads[0]!.manifest).not.toHaveProperty('purgedRows')
  expect(listed.loads[1]!.manifest).toMatchObject({ purgedRows: [{ loadId: 1, rows: 1 }] })
  const refused = await loads('remove', '2')
  expect(refused).toMatchObject({ code: 1 })
  expect(refused.stderr).toBe(
    'crimewh: load 2 put 1 row of load 1 aside, which was purged and cannot come back, as it would have to; take it away all the same with force (--force), or load what should be there instead\n',
  )
  expect(await loads('remove', '2', '--force')).toMatchObject({
    code: 0,
    stderr: 'load 2 is removed with its 1 rows\n',
  })
  await put('a', 'eins', 'merge')
  await put('b', 'ein', 'merge')
  await put('c', 'drei', 'append')
  await put('c', 'three', 'replace-slice')
  const both = await loads('purge')
  expect(both.stderr).toBe(
    '1 replaced rows of load 5 are dropped for good\nrows that merges put aside are dropped for good: 1\n',
  )
})
