import { parse } from 'csv-parse/sync'
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { archiveFiles, generateData, makeZip, type TestServer } from '../src/testing/index.js'
import { packageFolder, requireFreshBuild } from './dist.js'
import { serve } from './serve.js'

const area = {
  type: 'Feature',
  properties: {},
  geometry: {
    type: 'Polygon',
    coordinates: [
      [
        [-2, 52],
        [0, 52],
        [0, 53],
        [-2, 53],
        [-2, 52],
      ],
    ],
  },
}
let directory: string
let areaFile: string

beforeAll(requireFreshBuild)
beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'ukpolice-cli-'))
  areaFile = path.join(directory, 'area.geojson')
  await writeFile(areaFile, JSON.stringify(area))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

interface Run {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs the installed command as a shell would. */
function run(
  server: TestServer | undefined,
  args: readonly string[],
  options: { readonly input?: string; readonly interruptAfterMs?: number } = {},
): Promise<Run> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [path.join(packageFolder, 'bin/ukpolice.js'), ...args], {
      cwd: directory,
      env: { ...process.env, UKPOLICE_BASE_URL: server?.url ?? 'http://127.0.0.1:9/api' },
    })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, stdout, stderr }))
    child.stdin.end(options.input ?? '')
    if (options.interruptAfterMs) setTimeout(() => child.kill('SIGINT'), options.interruptAfterMs)
  })
}

describe('ukpolice', () => {
  it('forces, neighbourhoods and months give tables', async () => {
    const { server } = await serve({ data: generateData({ lateForces: ['metropolitan'] }) })
    const forces = await run(server, ['forces'])
    expect(forces).toEqual({
      code: 0,
      stderr: '',
      stdout:
        'id,name\nleicestershire,Leicestershire Police\nmetropolitan,Metropolitan Police\nnorthern-ireland,Northern Ireland Police\n',
    })
    const list = await run(server, ['neighbourhoods', 'leicestershire', '--format', 'ndjson'])
    expect(list.stdout.split('\n')[0]).toBe(
      '{"force":"leicestershire","id":"NC04","name":"Area NC04"}',
    )
    const one = await run(server, [
      'neighbourhoods',
      'leicestershire',
      'NC04',
      '--format',
      'geojson',
    ])
    expect(JSON.parse(one.stdout).features[0].geometry.coordinates[0]).toHaveLength(5)
    const months = await run(server, ['months'])
    expect(months.stdout).toBe(
      'month,stop_forces,late_with_stops\n2026-06,3,\n2026-07,3,\n2026-08,2,metropolitan\n',
    )
  })

  it('crimes within an area, over months, in three formats', async () => {
    const { server, data } = await serve({ limit: 90 })
    const wanted = (data.crimes ?? []).map(({ row }) => row).filter((row) => row.location)
    const args = ['crimes', '--within', 'area.geojson', '--since', '2026-06']

    const csv = await run(server, [...args, '--format', 'csv'])
    expect(csv.code).toBe(0)
    const table = parse(csv.stdout, { columns: true }) as Record<string, string>[]
    expect(table).toHaveLength(wanted.length)
    expect(new Set(table.map((row) => row['id']))).toEqual(
      new Set(wanted.map((row) => String(row.id))),
    )
    expect(csv.stderr).toMatch(/2026-08: \d+ rows \(3 of 3 months\)/)

    const ndjson = await run(server, [...args, '--format', 'ndjson', '-q'])
    expect(ndjson.stderr).toBe('')
    const lines = ndjson.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    const byId = (rows: any[]) => [...rows].sort((a, b) => a.id - b.id)
    expect(byId(lines)).toEqual(byId([...wanted]))

    const geojson = await run(server, [...args, '--format', 'geojson', '-o', 'out.geojson'])
    expect([geojson.code, geojson.stdout]).toEqual([0, ''])
    const collection = JSON.parse(await readFile(path.join(directory, 'out.geojson'), 'utf8'))
    expect(collection.features).toHaveLength(wanted.length)
    expect(collection.features[0].geometry.type).toBe('Point')
    expect(await readdir(directory)).toEqual(['area.geojson', 'out.geojson'])
  }, 60_000)

  it('stops of a force that is late say so', async () => {
    const { server } = await serve({ data: generateData({ lateForces: ['metropolitan'] }) })
    const stops = await run(server, ['stops', '--police-force', 'metropolitan'])
    expect(stops.code).toBe(0)
    expect(stops.stdout).toMatch(/^month,type,datetime,[a-z_,]+\n$/) // the columns, and no row
    expect(stops.stderr).toContain('metropolitan has not published this month')
    const before = await run(server, [
      'stops',
      '--police-force',
      'metropolitan',
      '--month',
      '2026-07',
    ])
    expect(before.stdout.split('\n')[0]).toMatch(/^month,type,datetime,/)
  })

  it('outcomes at a point, unplaced crimes, and an area from standard input', async () => {
    const { server, data } = await serve()
    const [row] = (data.crimes ?? []).map((crime) => crime.row).filter((crime) => crime.location)
    const at = `${row?.location?.latitude},${row?.location?.longitude}`
    expect((await run(server, ['outcomes', '--at', at])).code).toBe(0)
    const unplaced = await run(server, ['crimes', '--police-force', 'btp'])
    expect(unplaced.stderr).toContain('note: British Transport Police')
    const piped = await run(server, ['stops', '--within', '-', '--format', 'ndjson'], {
      input: JSON.stringify(area),
    })
    expect(piped.stdout.trimEnd().split('\n').length).toBe(
      data.stops?.filter((stop) => stop.month === '2026-08' && stop.row.location).length,
    )
  })

  it('months that fail are named, and the file says that it is not complete', async () => {
    const { server } = await serve({
      fault: (request) =>
        request.params.get('date') === '2026-07' ? { kind: 'status', status: 404 } : undefined,
    })
    const args = ['stops', '--police-force', 'metropolitan', '--since', '2026-05', '-o', 'out.csv']
    const result = await run(server, args)
    expect(result.code).toBe(1)
    expect(result.stderr).toContain('2026-05: skipped, the API no longer reaches back that far')
    expect(result.stderr).toContain('2026-07: failed')
    expect(result.stderr).toContain('out.csv.partial lacks the months that failed')
    expect(result.stderr).toContain('--month 2026-07')
    expect(await readdir(directory)).toEqual(['area.geojson', 'out.csv.partial'])
  })

  it('archive gives rows and lists files', async () => {
    const data = generateData({ forces: ['kent', 'essex'] })
    await writeFile(path.join(directory, 'a.zip'), makeZip(archiveFiles(data)))
    const args = ['archive', 'a.zip', '--police-force', 'kent', '--since', '2026-07']
    const street = await run(undefined, args)
    expect(street.code).toBe(0)
    const table = parse(street.stdout, { columns: true }) as Record<string, string>[]
    const wanted = data.crimes?.filter(
      ({ force, row }) => force === 'kent' && row.month > '2026-06',
    )
    expect(table).toHaveLength(wanted?.length ?? -1)
    expect(table[0]).toMatchObject({ force: 'kent', month: '2026-07', id: '' })
    const stops = await run(undefined, [
      ...args,
      '--dataset',
      'stop-and-search',
      '--format',
      'geojson',
    ])
    expect(JSON.parse(stops.stdout).features.length).toBeGreaterThan(5)
    const list = await run(undefined, [...args, '--list'])
    expect(list.stdout).toContain('2026-07/2026-07-kent-street.csv,2026-07,kent,street,')
    const none = await run(undefined, ['archive', 'a.zip', '--police-force', 'atlantis'])
    expect(none).toMatchObject({ code: 2, stdout: '' })
  })

  it('archive takes a month or the latest from the server it is told of', async () => {
    const zip = makeZip(archiveFiles(generateData({ forces: ['kent'], monthCount: 1 })))
    const { server } = await serve({ archives: { latest: zip, '2026-08': zip } })
    for (const source of ['latest', '2026-08']) {
      const byOption = ['archive', source, '--list', '-q', '--base-url', server.url]
      const results = [
        await run(undefined, byOption),
        await run(server, ['archive', source, '--list', '-q']),
      ]
      for (const { code, stdout, stderr } of results) {
        expect([code, stderr]).toEqual([0, ''])
        expect(stdout).toContain('2026-08-kent-street.csv')
      }
    }
  })

  it('archive reports bad rows, and stops at the first under --strict', async () => {
    const [file] = archiveFiles(generateData({ forces: ['kent'], monthCount: 1 }))
    const content = `${String(file?.content)}too,few\n`
    await writeFile(path.join(directory, 'a.zip'), makeZip([{ name: file?.name ?? '', content }]))
    const tolerant = await run(undefined, ['archive', 'a.zip'])
    expect(tolerant.code).toBe(0)
    expect(tolerant.stderr).toMatch(/line 302: ROW_CELL_COUNT, "too,few"; the row is left out/)
    const strict = await run(undefined, ['archive', 'a.zip', '--strict', '-o', 'out.csv'])
    expect(strict.code).toBe(3)
    expect(existsSync(path.join(directory, 'out.csv.partial'))).toBe(false)
  })

  it('archive names the forces and months it has no file of, beside those it has', async () => {
    const data = generateData({ forces: ['kent', 'essex'] })
    await writeFile(path.join(directory, 'a.zip'), makeZip(archiveFiles(data)))
    const asked = ['--police-force', 'kent', '--police-force', 'esex', '--month', '2026-07']
    const result = await run(undefined, ['archive', 'a.zip', ...asked, '--month', '2019-07'])
    expect(result.code).toBe(0)
    expect(result.stderr).toContain('a.zip has no street file of the force "esex" for that')
    expect(result.stderr).toContain('a.zip has no street file of 2019-07 for that')
    expect(result.stderr).not.toMatch(/"kent"|of 2026-07/)
  })

  it('a table without rows still has its columns, and a long one no warning', async () => {
    const { server } = await serve({ data: generateData({ crimeCount: 1500 }) })
    for (const command of ['crimes', 'outcomes', 'stops']) {
      const some = await run(server, [command, '--within', 'area.geojson'])
      const none = await run(server, [command, '--at', '57.9,-5'])
      expect(none.code).toBe(0)
      expect(none.stdout).toBe(`${some.stdout.split('\n')[0] ?? ''}\n`)
      expect(none.stdout).toMatch(/^month,.*,street_name/)
    }
    const json = await run(server, ['crimes', '--at', '57.9,-5', '--format', 'geojson'])
    expect(JSON.parse(json.stdout)).toEqual({ type: 'FeatureCollection', features: [] })

    const files = archiveFiles(generateData({ crimeCount: 40_000, monthCount: 1 }))
    await writeFile(path.join(directory, 'a.zip'), makeZip(files))
    const long = await run(undefined, ['archive', 'a.zip', '--format', 'ndjson', '-q'])
    expect(long).toMatchObject({ code: 0, stderr: '' })
    const [file] = archiveFiles(generateData({ forces: ['kent'], monthCount: 1 }))
    const content = `${String(file?.content).split('\n')[0] ?? ''}\n`
    await writeFile(path.join(directory, 'b.zip'), makeZip([{ name: file?.name ?? '', content }]))
    const full = await run(undefined, ['archive', 'a.zip', '-q'])
    const empty = await run(undefined, ['archive', 'b.zip', '-q'])
    expect(empty.stdout).toBe(`${full.stdout.split('\n')[0] ?? ''}\n`)
  }, 60_000)

  it('mistakes end with 2 and one line', async () => {
    const { server } = await serve()
    await writeFile(path.join(directory, 'bad.geojson'), '{"type":')
    const cases: [string[], RegExp][] = [
      [[], /say what to do/],
      [['crime'], /no command "crime"/],
      [['crimes'], /exactly one of --within/],
      [['crimes', '--at', '52.6', '--since', '2026-07'], /not a point/],
      [['crimes', '--at', '52.6,-1.1', '--since', '2026-7'], /not a month/],
      [['crimes', '--at', '52.6,-1.1', '--category', 'theft'], /no category "theft"/],
      [['crimes', '--within', 'none.geojson'], /cannot read none\.geojson/],
      [['crimes', '--within', 'bad.geojson'], /not GeoJSON/],
      [['stops', '--police-force', 'leicester'], /did you mean "leicestershire"/],
      [['forces', '--since', '2026-07'], /does not take --since/],
      [['forces', '--format', 'xml'], /no format "xml"/],
      [['forces', '--colour'], /--colour/],
      [['neighbourhoods'], /needs a force/],
      [['neighbourhoods', 'leicestershire', '..'], /cannot be part/],
      [['archive', 'a.zip', '--dataset', 'crimes'], /no data set "crimes"/],
      [['forces', '-o', 'area.geojson'], /exists; use --force/],
      [['forces', '-o', 'nowhere/out.csv'], /there is no folder nowhere/],
    ]
    for (const [args, text] of cases) {
      const result = await run(server, args)
      expect([args, result.code, result.stdout]).toEqual([args, 2, ''])
      expect(result.stderr).toMatch(text)
      expect(result.stderr.trimEnd().split('\n')).toHaveLength(1)
    }
  }, 60_000)

  it('an outage ends with 1, an interruption with 130, and neither leaves a file', async () => {
    const { server } = await serve({ fault: () => ({ kind: 'status', status: 418 }) })
    const failed = await run(server, ['forces', '-o', 'out.csv'])
    expect(failed.code).toBe(1)
    expect(failed.stderr).toContain('(API_UNEXPECTED_STATUS)')
    server.setFault(() => ({ kind: 'delay', delayMs: 5000 }))
    const stopped = await run(server, ['forces', '-o', 'out.csv'], { interruptAfterMs: 1500 })
    expect(stopped.code).toBe(130)
    expect(await readdir(directory)).toEqual(['area.geojson'])
  })

  it('a cache folder saves the second run its requests', async () => {
    const { server } = await serve()
    const args = ['crimes', '--within', 'area.geojson', '--cache', 'cache', '-q']
    const first = await run(server, args)
    const before = server.requests.length
    const second = await run(server, args)
    expect(second.stdout).toBe(first.stdout)
    const routes = server.requests.slice(before).map(({ path: route }) => route)
    expect(routes).not.toContain('crimes-street/all-crime')
  })

  it('--help and --version work without anything else', async () => {
    const help = await run(undefined, ['--help'])
    expect(help.code).toBe(0)
    for (const command of ['crimes', 'forces', 'neighbourhoods', 'stops', 'archive']) {
      expect(help.stdout).toContain(`\n  ${command}`)
    }
    expect((await run(undefined, ['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  })
})
