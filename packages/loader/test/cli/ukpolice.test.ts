import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import {
  archiveFiles,
  generateData,
  makeZip,
  startTestServer,
  type TestData,
  type TestServer,
} from '@ukpolice/client/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { crimewh } from './crimewh.js'
import { holdDuckdb } from '../support/hold-duckdb.js'
import { query } from './query.js'

let folder: string
let server: TestServer

beforeAll(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'crimewh-ukpolice-'))
  server = await startTestServer(august)
})
afterAll(async () => {
  await server.close()
  rmSync(folder, { recursive: true, force: true })
})

const common = { seed: 7, crimeCount: 120, forces: ['leicestershire', 'kent'] } as const
const complete = generateData(common)
/** June to August; Kent is late with the stops of August. */
const august: TestData = {
  ...complete,
  availability: complete.availability.map((entry) =>
    entry.date === '2026-08' ? { ...entry, 'stop-and-search': ['leicestershire'] } : entry,
  ),
  stops: complete.stops!.filter(({ force, month }) => force !== 'kent' || month !== '2026-08'),
}

const run = (args: string[]) =>
  crimewh([...args, '--base-url', server.url, '--json'], { cwd: folder })
const to = ['--to', 'duckdb:police.duckdb']
const rows = (sql: string) => query(path.join(folder, 'police.duckdb'), sql)
const STOP_SLICES = `SELECT force, month, count(*)::int FROM stg_ukpolice_stop GROUP BY ALL ORDER BY ALL`

const ASKED_FIRST = ['crime-last-updated 200', 'crimes-street-dates 200', 'forces 200']
/** The forces are asked for with each data set. */
const ONLY_WHAT_IS_NEW = [...ASKED_FIRST, 'forces 200', 'forces 200']

interface Report {
  readonly status?: string
  readonly leftOutDatasets?: readonly string[]
  readonly datasets: readonly {
    readonly dataset: string
    readonly upToDate: number
    readonly slices: readonly { readonly slice: string; readonly status: string }[]
    readonly failed: readonly { readonly slice: string; readonly code: string }[]
    readonly notTried: number
    readonly late: readonly unknown[]
    readonly leftOutForces?: readonly string[]
    readonly unlistedForces?: readonly string[]
    readonly unlistedMonths?: readonly string[]
  }[]
}

async function report(
  args: string[],
  code = 0,
): Promise<Report & { requests: readonly string[]; stderr: string }> {
  const before = server.requests.length
  const result = await run(args)
  expect(result.code, result.stderr).toBe(code)
  // Each run begins with a full bucket; the server's may still hold the run before, so that a request
  // is refused and asked again.
  const requests = server.requests
    .slice(before)
    .filter(({ status }) => status !== 429)
    .map(({ path: route, status }) => `${route} ${status}`)
  return { ...(JSON.parse(result.stdout) as Report), requests, stderr: result.stderr }
}

function slicesOf(found: Report, status: string): readonly string[] {
  return found.datasets.flatMap(({ dataset, slices }) =>
    slices.filter((slice) => slice.status === status).map(({ slice }) => `${dataset} ${slice}`),
  )
}

function held(data: TestData, force: string, month: string): number {
  return data.stops!.filter((stop) => stop.force === force && stop.month === month).length
}

// In this order: each test goes on from the warehouse the one before has left.
describe('the historic load and the daily sync', () => {
  test('load ukpolice loads every published month; what failed is told, the rest goes on', async () => {
    server.setFault((request) =>
      request.path === 'stops-force' && request.params.get('date') === '2026-07'
        ? { kind: 'status', status: 404 }
        : undefined,
    )
    const found = await report(['load', 'ukpolice', ...to], 1)
    server.setFault(undefined)
    expect(slicesOf(found, 'loaded')).toHaveLength(6 + 6 + 3)
    expect(found.datasets[2]!.failed.map(({ slice }) => slice).sort()).toEqual([
      'force=kent month=2026-07',
      'force=leicestershire month=2026-07',
    ])
    expect(found.datasets[2]!.late).toEqual([{ force: 'kent', month: '2026-08' }])
    expect(found.stderr).toContain('stops of 2026-08 are not yet published by kent')
  })

  test('run again, it loads what is missing and asks for nothing else', async () => {
    const found = await report(['load', 'ukpolice', ...to])
    expect(slicesOf(found, 'loaded')).toEqual([
      'stops force=leicestershire month=2026-07',
      'stops force=kent month=2026-07',
    ])
    expect(found.datasets.map(({ upToDate }) => upToDate)).toEqual([6, 6, 3])
    expect(found.requests.filter((route) => !ASKED_FIRST.includes(route))).toEqual([
      'stops-force 200',
      'stops-force 200',
    ])
    expect(await rows(STOP_SLICES)).toEqual(
      [
        ['kent', '2026-06'],
        ['kent', '2026-07'],
        ['leicestershire', '2026-06'],
        ['leicestershire', '2026-07'],
        ['leicestershire', '2026-08'],
      ].map(([force, month]) => [force, month, held(august, force!, month!)]),
    )
  })

  test('a sync of a day without news says so, for five requests', async () => {
    const found = await report(['sync', 'ukpolice', ...to])
    expect(found.status).toBe('nothing new')
    expect(found.stderr).toContain('nothing new')
    expect(found.requests.toSorted()).toEqual(ONLY_WHAT_IS_NEW)
  })

  test('a force that comes late is loaded the day it is there, and nothing else', async () => {
    server.publish(complete)
    const found = await report(['sync', 'ukpolice', ...to])
    expect(found.status).toBe('loaded')
    expect(slicesOf(found, 'loaded')).toEqual(['stops force=kent month=2026-08'])
    expect(slicesOf(found, 'skipped')).toEqual([])
  })

  test('a publication brings the new month and the months that were restated', async () => {
    const september = generateData({ ...common, seed: 8, newest: '2026-09', monthCount: 1 })
    const restated = complete.stops!.filter(
      (stop, index) => !(stop.force === 'kent' && stop.month === '2026-07' && index % 2 === 0),
    )
    server.publish({
      ...complete,
      availability: [...september.availability, ...complete.availability],
      crimes: [...september.crimes!, ...complete.crimes!],
      outcomes: [...september.outcomes!, ...complete.outcomes!],
      stops: [...september.stops!, ...restated],
    })
    const found = await report(['sync', 'ukpolice', ...to])
    expect(slicesOf(found, 'loaded').toSorted()).toEqual([
      'crimes force=kent month=2026-09',
      'crimes force=leicestershire month=2026-09',
      'outcomes force=kent month=2026-09',
      'outcomes force=leicestershire month=2026-09',
      'stops force=kent month=2026-07',
      'stops force=kent month=2026-09',
      'stops force=leicestershire month=2026-09',
    ])
    expect(slicesOf(found, 'skipped')).toHaveLength(6 + 6 + 5)
    const [[kent]] = (await rows(
      `SELECT count(*)::int FROM stg_ukpolice_stop WHERE force = 'kent' AND month = '2026-07'`,
    )) as [[number]]
    expect(kent).toBe(restated.filter((s) => s.force === 'kent' && s.month === '2026-07').length)
  })

  test('and the day after there is nothing new again, not even the months that were the same', async () => {
    const found = await report(['sync', 'ukpolice', ...to])
    expect(found.status).toBe('nothing new')
    expect(found.requests.toSorted()).toEqual(ONLY_WHAT_IS_NEW)
  })
})

test('a sync keeps to the data sets, forces and first month that the warehouse has', async () => {
  const small = ['--to', 'duckdb:small.duckdb']
  const range = ['--police-force', 'kent', '--since', '2026-08', '--dataset', 'stops']
  await report(['load', 'ukpolice', ...small, ...range, '--until', '2026-08'])
  const found = await report(['sync', 'ukpolice', ...small])
  expect(slicesOf(found, 'loaded')).toEqual(['stops force=kent month=2026-09'])
  const more = await report(['sync', 'ukpolice', ...small, '--dataset', 'outcomes'])
  expect(slicesOf(more, 'loaded')).toEqual([
    'outcomes force=kent month=2026-08',
    'outcomes force=kent month=2026-09',
  ])
})

test('a force whose stops are all late at the first load is loaded the day they are there', async () => {
  const to = ['--to', 'duckdb:late.duckdb']
  server.publish(august)
  await report(['load', 'ukpolice', ...to, '--since', '2026-08', '--dataset', 'crimes'])
  await report(['load', 'ukpolice', ...to, '--since', '2026-08', '--dataset', 'stops'])
  const before = await report(['sync', 'ukpolice', ...to])
  expect(before.status).toBe('nothing new')
  expect(before.leftOutDatasets).toEqual(['outcomes'])
  expect(before.stderr).toContain('left out, never loaded: outcomes; load once')
  server.publish(complete)
  const found = await report(['sync', 'ukpolice', ...to])
  expect(slicesOf(found, 'loaded')).toEqual(['stops force=kent month=2026-08'])
  expect(found.datasets.map(({ leftOutForces }) => leftOutForces)).toEqual([[], []])
})

test('a published force of which nothing was ever loaded is told, unless forces are given', async () => {
  const to = ['--to', 'duckdb:left-out.duckdb']
  server.publish(august)
  await report(['load', 'ukpolice', ...to, '--since', '2026-08', '--dataset', 'stops'])
  const before = await report(['sync', 'ukpolice', ...to])
  expect(before.datasets[0]!.leftOutForces).toEqual([])
  server.publish(complete)
  const after = await report(['sync', 'ukpolice', ...to])
  expect(after.status).toBe('nothing new')
  expect(after.datasets[0]!.leftOutForces).toEqual(['kent'])
  expect(after.stderr).toContain(
    'stops: left out, never loaded: kent; to have one, load it once with "load ukpolice --dataset stops --police-force kent --since 2026-08"',
  )
  const given = await report(['sync', 'ukpolice', ...to, '--police-force', 'leicestershire'])
  expect(given.datasets[0]!.leftOutForces).toEqual([])
  await report(['load', 'ukpolice', ...to, '--dataset', 'stops', '--police-force', 'kent'])
  const loaded = await report(['sync', 'ukpolice', ...to])
  expect(loaded.stderr).not.toContain('left out, never loaded: kent')
})

test('a loaded force that the service no longer lists is told, and the others are synced', async () => {
  const to = ['--to', 'duckdb:dropped.duckdb', '--dataset', 'stops']
  server.publish(complete)
  await report(['load', 'ukpolice', ...to, '--since', '2026-07', '--until', '2026-07'])
  server.publish({ ...complete, forces: complete.forces.filter(({ id }) => id !== 'kent') })
  const found = await report(['sync', 'ukpolice', ...to])
  expect(slicesOf(found, 'loaded')).toEqual(['stops force=leicestershire month=2026-08'])
  expect(found.datasets[0]!.unlistedForces).toEqual(['kent'])
  expect(found.stderr).toContain(
    'stops: no longer listed by the service, so not asked for: kent; what is loaded stays as it is',
  )
  const named = await run(['sync', 'ukpolice', ...to, '--police-force', 'kent'])
  expect(named.code).toBe(2)
  expect(named.stderr).toContain('the service lists no force "kent"')
  server.publish(complete)
  expect(
    await query(
      path.join(folder, 'dropped.duckdb'),
      'SELECT force, month FROM stg_ukpolice_stop GROUP BY ALL ORDER BY ALL',
    ),
  ).toEqual([
    ['kent', '2026-07'],
    ['leicestershire', '2026-07'],
    ['leicestershire', '2026-08'],
  ])
})

test('months that came and went are told, until the bulk archive has filled them', async () => {
  const to = ['--to', 'duckdb:gap.duckdb']
  server.publish(complete)
  await report(['load', 'ukpolice', ...to, '--dataset', 'stops'])
  const later = generateData({ ...common, seed: 9, newest: '2027-01', monthCount: 5 })
  const listed = ['2027-01', '2026-11']
  server.publish({
    ...later,
    availability: later.availability.filter(({ date }) => listed.includes(date)),
  })
  const found = await report(['sync', 'ukpolice', ...to])
  expect(found.status).toBe('loaded')
  expect(found.datasets[0]!.unlistedMonths).toEqual(['2026-09', '2026-10', '2026-12'])
  expect(found.stderr).toContain(
    'stops: neither loaded nor published by the API: 2026-09, 2026-10, 2026-12; look in the bulk archive',
  )
  const before = later.stops!.filter(({ month }) => month < '2026-11')
  const files = archiveFiles({ ...later, crimes: [], outcomes: [], stops: before })
  writeFileSync(path.join(folder, 'gap.zip'), makeZip(files))
  const filled = await crimewh(['load', 'ukpolice-archive', 'gap.zip', ...to], { cwd: folder })
  expect(filled.code, filled.stderr).toBe(0)
  const after = await report(['sync', 'ukpolice', ...to])
  expect(after.status).toBe('nothing new')
  expect(after.datasets[0]!.unlistedMonths).toEqual(['2026-12'])
  server.publish(complete)
})

test('stops of the British Transport Police come by default, and nothing is asked of it besides', async () => {
  const to = ['--to', 'duckdb:btp.duckdb', '--since', '2026-08']
  server.publish(complete)
  await report(['load', 'ukpolice', ...to, '--dataset', 'stops'])
  server.publish({
    ...complete,
    availability: complete.availability.map((entry) => ({
      ...entry,
      'stop-and-search': [...entry['stop-and-search']!, 'btp'],
    })),
    stops: [...complete.stops!, ...complete.stops!.map((stop) => ({ ...stop, force: 'btp' }))],
  })
  const told = await report(['sync', 'ukpolice', ...to])
  expect(told.datasets[0]!.leftOutForces).toEqual(['btp'])
  const found = await report(['load', 'ukpolice', ...to])
  expect(slicesOf(found, 'loaded').toSorted()).toEqual([
    'crimes force=kent month=2026-08',
    'crimes force=leicestershire month=2026-08',
    'outcomes force=kent month=2026-08',
    'outcomes force=leicestershire month=2026-08',
    'stops force=btp month=2026-08',
  ])
  const after = await report(['sync', 'ukpolice', ...to])
  expect(after.status).toBe('nothing new')
  server.publish(complete)
})

describe('after five failures in a row', () => {
  const load = ['load', 'ukpolice', '--to', 'duckdb:five.duckdb', '--dataset', 'stops']

  test('a run stops when the service answers nothing, and says what it did not try', async () => {
    server.publish(complete)
    let asked = 0
    server.setFault(({ path: route }) => {
      const isDown = route === 'stops-force' || (route === 'crime-last-updated' && ++asked > 1)
      return isDown ? { kind: 'status', status: 404 } : undefined
    })
    const found = await report(load, 1)
    expect(found.datasets[0]).toMatchObject({ slices: [], notTried: 1 })
    expect(found.datasets[0]!.failed).toHaveLength(5)
    expect(found.stderr).toContain('stopped after 5 failures in a row')
    expect(found.stderr).toContain('not tried: 1 slice')
  })

  test('it goes on when the service answers, past slices that cannot be had', async () => {
    server.setFault(({ path: route, params }) =>
      route === 'stops-force' &&
      !(params.get('date') === '2026-08' && params.get('force') === 'kent')
        ? { kind: 'status', status: 404 }
        : undefined,
    )
    const found = await report(load, 1)
    expect(found.datasets[0]!.failed).toHaveLength(5)
    expect(found.datasets[0]!.notTried).toBe(0)
    expect(slicesOf(found, 'loaded')).toEqual(['stops force=kent month=2026-08'])
    server.setFault(undefined)
    expect(slicesOf(await report(load), 'loaded')).toHaveLength(5)
  })
})

test('a server that is down is one sentence, exit 1, and nothing is written', async () => {
  const { code, stderr } = await crimewh(
    ['sync', 'ukpolice', '--to', 'duckdb:down.duckdb', '--base-url', 'http://127.0.0.1:1/api'],
    { cwd: folder },
  )
  expect(code).toBe(1)
  expect(stderr).toMatch(/^crimewh: .*failed after \d+ attempts?.*\n$/)
})

test('an area of the caller goes into tables of its own', async () => {
  const ring = [
    [-1.3, 52.5],
    [-0.9, 52.5],
    [-0.9, 52.8],
    [-1.3, 52.8],
    [-1.3, 52.5],
  ]
  const polygon = { type: 'Polygon', coordinates: [ring] }
  writeFileSync(path.join(folder, 'area.geojson'), JSON.stringify(polygon))
  const found = await report([
    ...['load', 'ukpolice', '--to', 'duckdb:area.duckdb', '--within', 'area.geojson'],
    ...['--area', 'leicester', '--since', '2026-08', '--until', '2026-08', '--dataset', 'crimes'],
  ])
  expect(slicesOf(found, 'loaded')).toEqual(['crimes area=leicester month=2026-08'])
  const placed = complete.crimes!.filter(
    ({ row }) => row.month === '2026-08' && row.location !== null,
  )
  expect(
    await query(
      path.join(folder, 'area.duckdb'),
      'SELECT count(*)::int FROM stg_ukpolice_area_crime',
    ),
  ).toEqual([[placed.length]])
})

describe('an area that is in', () => {
  const corners = [
    [-1.3, 52.5],
    [-0.9, 52.5],
    [-0.9, 52.8],
    [-1.3, 52.8],
  ]
  const smaller = corners.map(([lng, lat]) => [lng, lat === 52.8 ? 52.6 : lat])
  const closed = (ring: readonly unknown[]) => [...ring, ring[0]]
  const polygonOf = (ring: readonly unknown[]) => ({ type: 'Polygon', coordinates: [closed(ring)] })
  const turned = [...corners.slice(2), ...corners.slice(0, 2)].toReversed()
  const loadAs = (name: string, shape: string, ...more: string[]) => [
    ...['load', 'ukpolice', '--to', 'duckdb:shape.duckdb', '--area', name],
    ...['--within', `${shape}.geojson`, '--dataset', 'stops', ...more],
  ]
  const load = (shape: string, ...more: string[]) => loadAs('leicester', shape, ...more)
  const LOADED = `SELECT month, count(*)::int FROM stg_ukpolice_area_stop GROUP BY ALL ORDER BY ALL`
  const inPlace = () => query(path.join(folder, 'shape.duckdb'), LOADED)

  beforeAll(() => {
    const shapes = {
      large: polygonOf(corners),
      'large-again': { type: 'Feature', geometry: polygonOf(turned) },
      small: polygonOf(smaller),
    }
    for (const [name, shape] of Object.entries(shapes)) {
      writeFileSync(path.join(folder, `${name}.geojson`), JSON.stringify(shape))
    }
    server.publish(complete)
  })

  test('is passed over when the same shape is written another way', async () => {
    await report(load('large', '--since', '2026-07'))
    const again = await report(load('large-again', '--since', '2026-07'))
    expect(again.datasets[0]).toMatchObject({ upToDate: 2, slices: [] })
  })

  test('refuses another shape under its name, in whichever months and data sets', async () => {
    const before = await inPlace()
    for (const more of [
      ['--since', '2026-07'],
      ['--until', '2026-06'],
      ['--dataset', 'crimes'],
      ['--since', '2026-08', '--force'],
      ['--force', '--disposition', 'append'],
    ]) {
      const { code, stderr } = await run(load('small', ...more))
      expect({ code, stderr }).toMatchObject({ code: 2 })
      expect(stderr).toContain('area "leicester" is in with another shape than the one given')
    }
    expect(await inPlace()).toEqual(before)
  })

  test('takes another shape when all of it is loaded anew, or under another name', async () => {
    const before = await inPlace()
    const named = await report(loadAs('inner', 'small', '--since', '2026-08'))
    expect(slicesOf(named, 'loaded')).toEqual(['stops area=inner month=2026-08'])
    const forced = await report(load('small', '--since', '2026-07', '--force'))
    expect(slicesOf(forced, 'loaded')).toHaveLength(2)
    const again = await report(load('small', '--since', '2026-07'))
    expect(again.datasets[0]).toMatchObject({ upToDate: 2, slices: [] })
    expect(await inPlace()).not.toEqual(before)
  })

  test('takes another shape in several data sets when all of them are loaded anew', async () => {
    const both = ['--dataset', 'crimes', '--since', '2026-07']
    await report(load('small', ...both))
    const { code, stderr } = await run(load('large', '--since', '2026-07', '--force'))
    expect({ code, stderr }).toMatchObject({ code: 2 })
    expect(stderr).toContain('in 2 slices that would stay, such as ukpolice_area_crime of 2026-07')
    const forced = await report(load('large', ...both, '--force'))
    expect(slicesOf(forced, 'loaded')).toHaveLength(4)
    expect(slicesOf(await report(load('large', ...both)), 'loaded')).toEqual([])
  })

  test('counts as equal when its load recorded no shape', async () => {
    const instance = await DuckDBInstance.create(path.join(folder, 'shape.duckdb'))
    const connection = await instance.connect()
    await connection.run(`UPDATE crimewh_load SET state = '{"checked":"2026-08"}'`)
    connection.closeSync()
    instance.closeSync()
    const found = await report(load('large', '--since', '2026-07'))
    expect(found.datasets[0]).toMatchObject({ upToDate: 2, slices: [] })
  })
})

test('slices that are in under another contract are loaded again, and then passed over', async () => {
  const load = ['load', 'ukpolice', '--to', 'duckdb:contract.duckdb', '--dataset', 'stops']
  const few = [...load, '--police-force', 'kent', '--since', '2026-08']
  server.publish(complete)
  await report(few)
  expect((await report([...few, '--contract', 'evolve'])).datasets[0]!.upToDate).toBe(1)
  const other = await report([...few, '--contract', 'freeze'])
  expect(slicesOf(other, 'loaded')).toEqual(['stops force=kent month=2026-08'])
  const again = await report([...few, '--contract', 'freeze'])
  expect(again.datasets[0]).toMatchObject({ upToDate: 1, slices: [] })
})

test('a neighbourhood whose boundary is no polygon is an issue, and its force and the others load', async () => {
  const line = [
    { latitude: '52.6', longitude: '-1.2' },
    { latitude: '52.7', longitude: '-1.1' },
    { latitude: '52.6', longitude: '-1.2' },
  ]
  const [first] = complete.neighbourhoods!
  server.publish({
    ...complete,
    neighbourhoods: complete.neighbourhoods!.map((each) =>
      each === first ? { ...each, boundary: line } : each,
    ),
  })
  const found = await report([
    ...['load', 'ukpolice', '--to', 'duckdb:line.duckdb', '--dataset', 'crimes'],
    ...['--since', '2026-08'],
  ])
  server.publish(complete)
  expect(slicesOf(found, 'loaded')).toEqual([
    'crimes force=leicestershire month=2026-08',
    'crimes force=kent month=2026-08',
  ])
  expect(
    await query(
      path.join(folder, 'line.duckdb'),
      'SELECT code, raw FROM crimewh_issue ORDER BY ALL',
    ),
  ).toEqual([['AREA_INCOMPLETE', `no boundary: ${first!.detail.id}`]])
})

test('load ukpolice-archive loads every file, and a second time none', async () => {
  writeFileSync(path.join(folder, 'archive.zip'), makeZip(archiveFiles(august)))
  const load = [
    'load',
    'ukpolice-archive',
    'archive.zip',
    '--to',
    'duckdb:archive.duckdb',
    '--json',
  ]
  const first = await crimewh(load, { cwd: folder })
  expect(first.code, first.stderr).toBe(0)
  expect(slicesOf(JSON.parse(first.stdout) as Report, 'loaded')).toHaveLength(6 + 6 + 5)
  const file = path.join(folder, 'archive.duckdb')
  for (const [table, held] of [
    ['stg_ukpolice_archive_crime', august.crimes],
    ['stg_ukpolice_archive_outcome', august.outcomes],
    ['stg_ukpolice_archive_stop', august.stops],
  ] as const) {
    expect(await query(file, `SELECT count(*)::int FROM ${table}`)).toEqual([[held!.length]])
  }
  const second = await crimewh(load, { cwd: folder })
  expect(slicesOf(JSON.parse(second.stdout) as Report, 'loaded')).toEqual([])
  expect(slicesOf(JSON.parse(second.stdout) as Report, 'skipped')).toHaveLength(17)
})

test('load ukpolice-archive tells of a file that cannot be read, and loads the others', async () => {
  const files = archiveFiles({ ...august, crimes: [], outcomes: [] }).map((file) =>
    file.name.includes('2026-06-kent') ? { ...file, content: 'Not,The,Header\n1,2,3\n' } : file,
  )
  writeFileSync(path.join(folder, 'bad.zip'), makeZip(files))
  const load = ['load', 'ukpolice-archive', 'bad.zip', '--to', 'duckdb:bad.duckdb', '--json']
  const { code, stdout, stderr } = await crimewh(load, { cwd: folder })
  expect(code, stderr).toBe(1)
  const found = JSON.parse(stdout) as Report
  expect(slicesOf(found, 'loaded')).toHaveLength(4)
  expect(found.datasets[0]!.failed).toMatchObject([
    { slice: 'force=kent month=2026-06', code: 'ARCHIVE_HEADER' },
  ])
  expect(stderr).toContain('force=kent month=2026-06 failed: ')
})

describe('load ukpolice-archive of an archive that lacks something', () => {
  const gaps = archiveFiles(august).filter(
    ({ name }) => !name.includes('outcomes') && name !== '2026-07/2026-07-kent-street.csv',
  )
  const odd = ['2026-06/2026-13-kent-street.csv', '2026-06/2026-06-Kent-street.csv']
  const loadGaps = async (...more: string[]) => {
    writeFileSync(
      path.join(folder, 'gaps.zip'),
      makeZip([...gaps, ...odd.map((name) => ({ name, content: 'Not,The,Header\n' }))]),
    )
    const to = ['--to', 'duckdb:gaps.duckdb', '--json']
    return crimewh(['load', 'ukpolice-archive', 'gaps.zip', ...to, ...more], { cwd: folder })
  }

  test.each([
    [['--police-force', 'kent', '--police-force', 'surey'], 2, /"surey"; .*kent, leicestershire/],
    [['--dataset', 'crimes', '--dataset', 'outcomes'], 1, /no outcomes file .*stop-and-search/],
    [['--dataset', 'stops', '--since', '2027-01'], 1, /no stop-and-search file .* 2026-08/],
  ] as const)('%j is refused before anything is loaded', async (more, expected, message) => {
    const { code, stderr } = await loadGaps(...more)
    expect(stderr).toMatch(message)
    expect(code).toBe(expected)
    expect(existsSync(path.join(folder, 'gaps.duckdb'))).toBe(false)
  })

  test('two files of one slice are refused before another data set is loaded', async () => {
    const [stops] = gaps.filter(({ name }) => name.includes('stop-and-search'))
    const again = { ...stops!, name: `again/${path.basename(stops!.name)}` }
    writeFileSync(path.join(folder, 'twice.zip'), makeZip([...gaps, again]))
    const load = ['load', 'ukpolice-archive', 'twice.zip', '--to', 'duckdb:gaps.duckdb']
    const { code, stderr } = await crimewh(load, { cwd: folder })
    expect({ code, stderr }).toMatchObject({ code: 1 })
    for (const name of [stops!.name, again.name]) expect(stderr).toContain(name)
    expect(existsSync(path.join(folder, 'gaps.duckdb'))).toBe(false)
  })

  test('gaps and files of other names are told, and the others are loaded', async () => {
    const { code, stdout, stderr } = await loadGaps('--since', '2026-05')
    expect({ code, stderr }).toMatchObject({ code: 0 })
    const found = JSON.parse(stdout) as Report
    expect(slicesOf(found, 'loaded')).toHaveLength(5 + 5)
    expect(found).toMatchObject({
      absentDatasets: ['outcomes'],
      otherNames: odd,
      datasets: [
        {
          dataset: 'crimes',
          absentForces: [],
          absentMonths: ['2026-05'],
          absentFiles: [{ force: 'kent', month: '2026-07' }],
        },
        { dataset: 'stops', absentFiles: [{ force: 'kent', month: '2026-08' }] },
      ],
    })
    for (const told of [
      'gaps.zip has no file of outcomes',
      'gaps.zip has no file of crimes for 2026-05',
      'gaps.zip has no file of crimes for 2026-07 by kent',
      'gaps.zip has no file of stops for 2026-08 by kent',
      odd.join(', '),
    ]) {
      expect(stderr).toContain(told)
    }
  })

  test('a force needs a file of one data set when none is named', async () => {
    const files = [...gaps, { name: '2026-08/2026-08-btp-street.csv', content: gaps[0]!.content }]
    writeFileSync(path.join(folder, 'btp.zip'), makeZip(files))
    const load = ['load', 'ukpolice-archive', 'btp.zip', '--to', 'duckdb:btp.duckdb', '--json']
    const forces = ['--police-force', 'btp', '--police-force', 'leicestershire']
    const few = [...load, ...forces, '--since', '2026-08']
    const { code, stdout, stderr } = await crimewh([...few, '--dry-run'], { cwd: folder })
    expect({ code, stderr }).toMatchObject({ code: 0 })
    expect(JSON.parse(stdout)).toMatchObject({
      absentDatasets: ['outcomes'],
      datasets: [
        { dataset: 'crimes', absentForces: [] },
        { dataset: 'stops', absentForces: ['btp'] },
      ],
    })
    const named = await crimewh([...few, '--dataset', 'stops'], { cwd: folder })
    expect(named.stderr).toMatch(/no stop-and-search file of a force "btp"/)
    expect(named.code).toBe(2)
  })
})

test('sync waits for another process that has the file open, when it is asked to', async () => {
  const sync = ['sync', 'ukpolice', '--to', 'duckdb:held.duckdb', '--dataset', 'stops']
  const few = [...sync, '--police-force', 'leicestershire', '--since', '2026-08']
  const holder = await holdDuckdb(path.join(folder, 'held.duckdb'), 4000)
  try {
    expect((await run(few)).stderr).toContain(`PID ${holder.pid}`)
    const { code, stderr } = await run([...few, '--lock-wait', '60'])
    expect({ code, stderr }).toMatchObject({ code: 0 })
  } finally {
    holder.kill('SIGKILL')
  }
})
