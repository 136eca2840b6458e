import { describe, expect, it } from 'vitest'
import { createClient } from '../src/index.js'
import { generateData } from '../src/testing/index.js'
import { failure, serve, unlimited } from './serve.js'

const square = [
  { lat: 52, lng: -2 },
  { lat: 53, lng: -2 },
  { lat: 53, lng: 0 },
  { lat: 52, lng: 0 },
]
const month = '2026-07'

describe('the 22 routes', () => {
  it('each answer what the server holds, and are asked for by the documented path', async () => {
    const { police, server, data } = await serve({ client: unlimited })
    const crimes = data.crimes?.filter(({ row }) => row.month === month) ?? []
    const stops = data.stops?.filter((stop) => stop.month === month) ?? []
    const outcomes = data.outcomes?.filter(({ row }) => row.date === month) ?? []
    const [held] = data.neighbourhoods ?? []
    const placed = crimes.find(({ row }) => row.location)?.row
    const location = placed?.location?.street.id as number
    const at = {
      lat: Number(placed?.location?.latitude),
      lng: Number(placed?.location?.longitude),
    }
    const rows = (list: readonly { row: any }[], keep: (row: any) => boolean) =>
      list.map(({ row }) => row).filter(keep)
    const here = (row: any) => row.location?.street.id === location

    const seen = async (call: Promise<unknown>): Promise<[unknown, string]> => {
      const value = await call
      const { method, path } = server.requests.at(-1) ?? { method: '', path: '' }
      return [value, `${method} ${path}`]
    }

    expect(await seen(police.availability.list())).toEqual([
      data.availability,
      'GET crimes-street-dates',
    ])
    expect(await seen(police.availability.lastUpdated())).toEqual([
      '2026-08',
      'GET crime-last-updated',
    ])
    expect(await seen(police.categories.list())).toEqual([data.categories, 'GET crime-categories'])
    expect(await seen(police.crimes.street({ month, within: square, category: 'drugs' }))).toEqual([
      rows(crimes, (row) => row.location && row.category === 'drugs'),
      'POST crimes-street/drugs',
    ])
    const [around, aroundPath] = await seen(police.crimes.street({ month, at }))
    expect(aroundPath).toBe('GET crimes-street/all-crime')
    expect(around).toEqual(expect.arrayContaining(rows(crimes, here)))
    expect(await seen(police.crimes.atLocation({ month, location }))).toEqual([
      rows(crimes, here),
      'GET crimes-at-location',
    ])
    expect(await police.crimes.atLocation({ month, at })).toEqual(rows(crimes, here))
    expect(await seen(police.forces.list())).toEqual([data.forces, 'GET forces'])
    expect(await seen(police.crimes.unplaced({ month, force: 'metropolitan' }))).toEqual([
      crimes
        .filter(({ force, row }) => force === 'metropolitan' && !row.location)
        .map(({ row }) => row),
      'GET crimes-no-location',
    ])
    expect(await seen(police.outcomes.atLocation({ month, within: square }))).toEqual([
      rows(outcomes, (row) => row.crime.location),
      'POST outcomes-at-location',
    ])
    expect(await police.outcomes.atLocation({ month, location })).toEqual(
      rows(outcomes, (row) => here(row.crime)),
    )
    const [history] = data.cases ?? []
    expect(await seen(police.outcomes.forCrime(history?.crime.persistent_id as string))).toEqual([
      history,
      `GET outcomes-for-crime/${history?.crime.persistent_id}`,
    ])
    const [detail, detailPath] = await seen(police.forces.get('metropolitan'))
    expect(detail).toMatchObject({ id: 'metropolitan', engagement_methods: [] })
    expect(detailPath).toBe('GET forces/metropolitan')
    expect(await seen(police.forces.people('metropolitan'))).toEqual([
      [],
      'GET forces/metropolitan/people',
    ])
    const [listed, listedPath] = await seen(police.neighbourhoods.list('leicestershire'))
    expect(listedPath).toBe('GET leicestershire/neighbourhoods')
    expect(listed).toContainEqual({ id: 'NC04', name: 'Area NC04' })
    const [force, id] = ['leicestershire', 'NC04'] as const
    expect(await seen(police.neighbourhoods.get(force, id))).toEqual([
      held?.detail,
      'GET leicestershire/NC04',
    ])
    expect(await seen(police.neighbourhoods.boundary(force, id))).toEqual([
      held?.boundary,
      'GET leicestershire/NC04/boundary',
    ])
    expect(await seen(police.neighbourhoods.people(force, id))).toEqual([
      held?.people,
      'GET leicestershire/NC04/people',
    ])
    expect(await seen(police.neighbourhoods.events(force, id))).toEqual([
      held?.events,
      'GET leicestershire/NC04/events',
    ])
    expect(await seen(police.neighbourhoods.priorities(force, id))).toEqual([
      held?.priorities,
      'GET leicestershire/NC04/priorities',
    ])
    expect(await seen(police.neighbourhoods.locate({ lat: 52.56, lng: -1.24 }))).toEqual([
      { force, neighbourhood: id },
      'GET locate-neighbourhood',
    ])
    expect(await seen(police.stops.street({ month, within: square }))).toEqual([
      rows(stops, (row) => row.location),
      'POST stops-street',
    ])
    expect(await seen(police.stops.atLocation({ month, location }))).toEqual([
      rows(stops, here),
      'GET stops-at-location',
    ])
    const ofForce = stops.filter((stop) => stop.force === 'metropolitan')
    expect(await seen(police.stops.force({ month, force: 'metropolitan' }))).toEqual([
      rows(ofForce, () => true),
      'GET stops-force',
    ])
    expect(await seen(police.stops.unplaced({ month, force: 'metropolitan' }))).toEqual([
      rows(ofForce, (row) => !row.location),
      'GET stops-no-location',
    ])
    const routes = new Set(
      server.requests.map(({ path }) => path.replace(/(outcomes-for-crime\/).*/, '$1id')),
    )
    expect(routes.size).toBe(23) // 22 routes, one of them under two categories
  })

  it('use the boundary of a neighbourhood as an area', async () => {
    const { police } = await serve({ client: unlimited })
    const within = await police.neighbourhoods.boundary('leicestershire', '55.CR3001')
    const crimes = await police.crimes.street({ month, within })
    expect(crimes.length).toBeGreaterThan(0)
  })

  it('join the boundaries of a force to an area', async () => {
    const { police, server, data } = await serve({ client: unlimited })
    const within = await police.neighbourhoods.forceArea('leicestershire')
    expect(within.coordinates).toHaveLength(3)
    expect(within.withoutBoundary).toEqual([])
    const crimes = await police.crimes.streetAll({ month, within })
    const ids = new Set(crimes.map((crime) => crime.id))
    expect(ids.size).toBe(crimes.length)
    expect(crimes.length).toBeGreaterThan(20)
    server.publish({
      ...data,
      neighbourhoods: (data.neighbourhoods ?? []).map((each, index) =>
        index === 1 ? { ...each, boundary: [] } : each,
      ),
    })
    const holed = await police.neighbourhoods.forceArea('leicestershire')
    expect(holed.withoutBoundary).toEqual(['55.CR3001'])
    server.setFault(({ path }) =>
      path.endsWith('NC04/boundary') ? { kind: 'status', status: 404 } : undefined,
    )
    expect(await failure(police.neighbourhoods.forceArea('leicestershire'))).toMatchObject({
      code: 'API_UNKNOWN_NEIGHBOURHOOD',
    })
  })

  it.each([
    ['two points, the first given again', ['52.6,-1.2', '52.7,-1.1', '52.6,-1.2']],
    ['three points on one line', ['52.6,-1.2', '52.65,-1.15', '52.7,-1.1']],
    ['one point three times', ['52.6,-1.2', '52.6,-1.2', '52.6,-1.2']],
    ['latitude and longitude swapped', ['-1.2,52.6', '-1.1,52.6', '-1.1,52.7']],
    ['a place outside the United Kingdom', ['10,10', '10,11', '11,11']],
  ])('leave a boundary that is no polygon out of the area of a force: %s', async (_, points) => {
    const { police, server, data } = await serve({ client: unlimited })
    const boundary = points.map((point) => {
      const [latitude = '', longitude = ''] = point.split(',')
      return { latitude, longitude }
    })
    server.publish({
      ...data,
      neighbourhoods: (data.neighbourhoods ?? []).map((each, index) =>
        index === 1 ? { ...each, boundary } : each,
      ),
    })
    const within = await police.neighbourhoods.forceArea('leicestershire')
    expect(within.coordinates).toHaveLength(2)
    expect(within.withoutBoundary).toEqual(['55.CR3001'])
    const crimes = await police.crimes.streetAll({ month, within })
    expect(crimes.length).toBeGreaterThan(0)
  })

  it('encode ids with spaces and dots', async () => {
    const { police, server } = await serve({ client: unlimited })
    await police.neighbourhoods.get('northern-ireland', 'West Side')
    expect(server.requests.at(-1)?.path).toBe('northern-ireland/West%20Side')
    await police.neighbourhoods.get('leicestershire', '55.CR3001')
    expect(server.requests.at(-1)?.path).toBe('leicestershire/55.CR3001')
  })

  it('send the newest published month when none is given', async () => {
    const { police, server } = await serve({ client: unlimited })
    const crimes = await police.crimes.street({ at: { lat: 52.63, lng: -1.13 } })
    expect(server.requests.at(-1)?.params.get('date')).toBe('2026-08')
    expect(crimes.month).toBe('2026-08')
  })

  it('are reached by the escape hatch under the same errors', async () => {
    const { police, data } = await serve({ client: unlimited })
    expect(await police.request('crimes-street-dates')).toEqual(data.availability)
    const poly = '52,-2:53,-2:53,0:52,0'
    const crimes = await police.request<unknown[]>('crimes-street/all-crime', {
      method: 'POST',
      params: { poly, date: month },
    })
    expect(crimes.length).toBeGreaterThan(0)
    expect(await failure(police.request('no/such/route'))).toMatchObject({
      code: 'API_UNKNOWN_FORCE',
      status: 404,
    })
  })
})

describe('what comes with the rows', () => {
  it('is hidden from iteration and JSON', async () => {
    const { police } = await serve({ client: unlimited })
    const rows = await police.crimes.street({ month, within: square })
    expect(rows.month).toBe(month)
    expect(rows.fromCache).toBe(false)
    expect(Object.keys(rows)).toHaveLength(rows.length)
    expect(JSON.stringify(rows)).toBe(JSON.stringify([...rows]))
  })

  it('names the known holes, dated', async () => {
    const data = generateData({ forces: ['greater-manchester', 'leicestershire'] })
    const { police } = await serve({ data, client: unlimited })
    const stops = await police.stops.force({ month, force: 'greater-manchester' })
    expect(stops.coverage.map((note) => [note.id, note.knownOn])).toEqual([
      ['greater-manchester-none', '2026-10-01'],
    ])
    const leicester = await police.stops.force({ month, force: 'leicestershire' })
    expect(leicester.coverage).toEqual([])
    const edinburgh = await police.crimes.street({ month, at: { lat: 55.95, lng: -3.19 } })
    expect(edinburgh.coverage.map((note) => note.id)).toContain('scotland-btp-only')
    const manchester = await police.crimes.streetAll({
      month,
      within: [
        { lat: 53.4, lng: -2.3 },
        { lat: 53.5, lng: -2.3 },
        { lat: 53.5, lng: -2.2 },
      ],
    })
    expect(manchester.coverage.map((note) => note.id)).toContain('greater-manchester-none')
  })

  it('tells no stops from none published yet', async () => {
    const data = generateData({ lateForces: ['metropolitan'] })
    const { police } = await serve({ data, client: unlimited })
    const late = await police.stops.force({ force: 'metropolitan' })
    expect([late.length, late.published, late.month]).toEqual([0, false, '2026-08'])
    const early = await police.stops.force({ force: 'metropolitan', month })
    expect([early.length > 0, early.published]).toEqual([true, true])
    expect(await police.availability.lateForces()).toEqual({
      month: '2026-08',
      published: ['leicestershire', 'northern-ireland'],
      late: ['metropolitan'],
    })
  })

  it('reports unknown words and keys and keeps them, or refuses them when strict', async () => {
    const found: unknown[] = []
    const body = JSON.stringify([{ id: 'x', name: 'X', motto: 'y' }])
    const client = { ...unlimited, onFinding: (finding: unknown) => found.push(finding) }
    const { police, server } = await serve({ fault: () => ({ kind: 'body', body }), client })
    expect(await police.forces.list()).toEqual([{ id: 'x', name: 'X', motto: 'y' }])
    expect(found).toEqual([{ kind: 'unknown-key', field: 'entry', value: 'motto', count: 1 }])
    const strict = createClient({ ...unlimited, baseUrl: server.url, shapes: 'strict' })
    expect(await failure(strict.forces.list())).toMatchObject({
      name: 'ShapeError',
      code: 'SHAPE_MISMATCH',
    })
  })
})

describe('hooks and options', () => {
  it('show every attempt and every repeat', async () => {
    const events: unknown[] = []
    let failures = 2
    const { police, server } = await serve({
      fault: () => (failures-- > 0 ? { kind: 'status', status: 500 } : undefined),
      client: {
        ...unlimited,
        onRequest: ({ method, attempt }) => events.push(['request', method, attempt]),
        onRetry: ({ attempt }) => events.push(['retry', attempt]),
      },
    })
    await police.request('forces')
    expect(events).toEqual([
      ['request', 'GET', 1],
      ['retry', 2],
      ['request', 'GET', 2],
      ['retry', 3],
      ['request', 'GET', 3],
    ])
    expect(server.requests).toHaveLength(3)
  })

  it('pass on an error thrown by a hook, without a repeat', async () => {
    const mine = new Error('mine')
    const { police, server } = await serve({
      client: {
        onRequest: () => {
          throw mine
        },
      },
    })
    expect(await failure(police.request('forces'))).toBe(mine)
    expect(server.requests).toHaveLength(0)
  })

  it('send the user agent', async () => {
    const { police, server } = await serve({ client: { ...unlimited, userAgent: 'my-app/1.0' } })
    await police.request('forces')
    expect(server.requests[0]?.headers['user-agent']).toBe('my-app/1.0')
  })

  it('refuse unknown keys and an http address away from this machine', () => {
    expect(() => createClient({ timeout: 3 } as object)).toThrow(/no key "timeout"/)
    expect(() => createClient({ baseUrl: 'http://data.police.uk/api' })).toThrow(/must use https/)
    expect(() => createClient({ baseUrl: 'nonsense' })).toThrow(/not an address/)
    expect(() => createClient({ timeoutMs: 0 })).toThrow(/timeoutMs/)
    expect(() => createClient({ shapes: 'lax' as 'strict' })).toThrow(/"tolerant" or "strict"/)
  })

  it('do not follow a redirect of a POST, which would lose the polygon', async () => {
    const { police, server } = await serve({
      client: unlimited,
      fault: (request) =>
        request.method === 'POST'
          ? { kind: 'status', status: 301, headers: { location: '/api/forces' } }
          : undefined,
    })
    expect(await failure(police.crimes.street({ within: square }))).toMatchObject({
      code: 'API_UNEXPECTED_STATUS',
      status: 301,
    })
    expect(server.requests.filter((request) => request.path === 'forces')).toEqual([])
  })
})
