import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { listLoads, load, openDestination } from '../src/index.js'
import { memoryRows, memorySource, memoryTable } from './support/memory-source.js'

const folder = mkdtempSync(path.join(tmpdir(), 'loader-manifests-'))
const destination = openDestination(`duckdb:${path.join(folder, 'w.duckdb')}`)
const schema = memoryTable('sample', { code: { kind: 'text' } })
const source = () => memorySource([{ schema, rows: memoryRows(['a']) }])
afterAll(() => rmSync(folder, { recursive: true, force: true }))

test('a folder that cannot be written to fails before anything is loaded', async () => {
  const notFolder = path.join(folder, 'file')
  writeFileSync(notFolder, '')
  await expect(
    load({ source: source(), destination, manifestDirectory: notFolder }),
  ).rejects.toMatchObject({
    code: 'OPTION_INVALID',
    option: 'manifestDirectory',
    message: expect.stringContaining(notFolder) as string,
  })
  expect(await listLoads(destination)).toEqual([])
})

test('a manifest that cannot be written after the commit is a warning of a load that is in', async () => {
  const manifestDirectory = path.join(folder, 'manifests')
  const { status, slices } = await load({
    source: source(),
    destination,
    manifestDirectory,
    onProgress: ({ kind }) => {
      if (kind !== 'committing') return
      expect(readdirSync(manifestDirectory)).toEqual([])
      mkdirSync(path.join(manifestDirectory, 'load-1.json'))
    },
  })
  expect(status).toBe('loaded')
  expect(slices[0]!.loadId).toBe(1)
  expect(slices[0]!.warnings).toEqual([
    expect.stringMatching(/^load 1 is in, but its manifest could not be written to .*: EISDIR/),
  ])
  expect(readdirSync(manifestDirectory)).toEqual(['load-1.json'])
  expect(await listLoads(destination)).toHaveLength(1)
})
