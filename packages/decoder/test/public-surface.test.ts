import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

const folder = fileURLToPath(new URL('..', import.meta.url))
const manifest = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'))

/** What users may import. A name here is a promise: taking one away is a breaking change. */
const SURFACE: Readonly<Record<string, readonly string[]>> = {
  '.': [
    'DecoderError',
    'InputError',
    'OptionError',
    'RecordError',
    'SpecError',
    'decode',
    'detectSpec',
    'drain',
    'events',
    'incidents',
    'isDecoderError',
    'listSpecs',
    'loadSpec',
    'openInput',
    'parseSpec',
    'rows',
  ],
  './parquet': ['parquetFiles'],
  './arrow': ['arrowFiles', 'arrowStream'],
  './csv': ['csvFiles', 'csvStream'],
  './ndjson': ['ndjsonFiles', 'ndjsonStream'],
  './testing': ['generateMasterFile', 'generateTruth', 'writeMasterFile'],
  './cli': ['main'],
}

describe('the package', () => {
  test('exports these entries and no others', () => {
    expect(Object.keys(manifest.exports)).toEqual([...Object.keys(SURFACE), './package.json'])
  })

  test.each(Object.entries(SURFACE))('%s exports what it promises', async (entry, names) => {
    const { types, default: file } = manifest.exports[entry]
    expect(existsSync(path.join(folder, types))).toBe(true)
    const module = await import(path.join(folder, file))
    expect(Object.keys(module)).toEqual(expect.arrayContaining([...names]))
  })

  test('the main entry exports nothing else', async () => {
    const module = await import(path.join(folder, manifest.exports['.'].default))
    expect(Object.keys(module).sort()).toEqual([...SURFACE['.']!].sort())
  })

  test('is ES modules only, without side effects, for Node 20.19 and later', () => {
    expect(manifest).toMatchObject({
      type: 'module',
      sideEffects: false,
      engines: { node: '>=20.19' },
    })
    expect(manifest).not.toHaveProperty('main')
    expect(manifest).not.toHaveProperty('bin') // The command belongs to the package nibrs-decode.
  })
})
