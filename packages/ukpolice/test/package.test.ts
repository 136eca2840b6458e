import { build } from 'vite'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { createContext, runInContext } from 'node:vm'
import { beforeAll, describe, expect, it } from 'vitest'
import type * as Client from '../src/index.js'
import { packageFolder, requireFreshBuild } from './dist.js'
import { serve } from './serve.js'
import { filesBelow } from './shared-data.js'

beforeAll(requireFreshBuild)

const manifest = JSON.parse(readFileSync(path.join(packageFolder, 'package.json'), 'utf8')) as {
  exports: Record<string, unknown>
  dependencies: Record<string, string>
}

describe('the package', () => {
  it('has exactly these entry points, and each of them loads', async () => {
    expect(Object.keys(manifest.exports)).toEqual([
      '.',
      './node',
      './archive',
      './testing',
      './cli',
      './package.json',
    ])
    const names: Record<string, readonly string[]> = {}
    for (const [entry, target] of Object.entries(manifest.exports)) {
      if (typeof target === 'string') continue
      const file = path.join(packageFolder, (target as { default: string }).default)
      names[entry] = Object.keys((await import(file)) as object)
    }
    expect(names['.']).toEqual(expect.arrayContaining(['createClient', 'memoryCache']))
    expect(names['./node']).toEqual(['diskCache'])
    expect(names['./archive']).toEqual(['archiveHeaders', 'archiveUrl', 'openArchive'])
    expect(names['./testing']).toEqual(expect.arrayContaining(['startTestServer', 'generateData']))
    expect(names['./cli']).toEqual(['main'])
  })

  it('keeps each library to one source file', () => {
    const importers = new Map<string, Set<string>>()
    const source = path.join(packageFolder, 'src')
    for (const file of filesBelow(source)) {
      const text = readFileSync(path.join(source, file), 'utf8')
      for (const [, name] of text.matchAll(/from '([^'.][^']*)'/g)) {
        const library = Object.keys(manifest.dependencies).find((each) => name?.startsWith(each))
        if (library) importers.set(library, (importers.get(library) ?? new Set()).add(file))
      }
    }
    expect([...importers.keys()].sort()).toEqual(Object.keys(manifest.dependencies).sort())
    for (const [library, users] of importers) expect([library, users.size]).toEqual([library, 1])
  })

  it('runs in a browser: one bundle without Node, in a world without Node', async () => {
    const result = await build({
      configFile: false,
      logLevel: 'silent',
      root: packageFolder,
      build: {
        write: false,
        minify: true,
        target: 'es2022',
        lib: {
          entry: path.join(packageFolder, 'dist/index.js'),
          formats: ['iife'],
          name: 'ukpolice',
        },
      },
    })
    const [bundle] = [result].flat() as { output: { code: string }[] }[]
    const code = bundle?.output[0]?.code ?? ''
    expect(bundle?.output).toHaveLength(1)
    expect(code).not.toMatch(/node:|require\(|Buffer\.from/)
    expect(Buffer.byteLength(code)).toBeLessThan(80_000)

    const { server, data } = await serve()
    const webWorld = createContext({
      AbortController,
      AbortSignal,
      DOMException,
      fetch,
      FormData,
      Headers,
      ReadableStream,
      Request,
      Response,
      TextDecoder,
      TextEncoder,
      URL,
      URLSearchParams,
      WritableStream,
      performance,
      setTimeout,
      clearTimeout,
      document: {},
    })
    runInContext(`var globalThis = this; ${code}; this.ukpolice = ukpolice`, webWorld)
    const library = webWorld['ukpolice'] as typeof Client
    const police = library.createClient({ baseUrl: server.url, cache: library.memoryCache() })
    const within = [
      { lat: 52, lng: -2 },
      { lat: 53, lng: -2 },
      { lat: 53, lng: 0 },
      { lat: 52, lng: 0 },
    ]
    const crimes = await police.crimes.streetAll({ within, month: '2026-07' })
    const wanted = data.crimes?.filter(({ row }) => row.month === '2026-07' && row.location)
    expect(crimes).toHaveLength(wanted?.length ?? -1)
    expect(server.requests.at(-1)?.headers['user-agent']).not.toMatch(/ukpolice/)
  })
})
