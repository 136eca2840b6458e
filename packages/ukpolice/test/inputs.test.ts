import { describe, expect, it } from 'vitest'
import { generateData } from '../src/testing/index.js'
import { failure, serve, unlimited } from './serve.js'

const at = { lat: 52.63, lng: -1.13 }
const ring = [
  { lat: 52, lng: -2 },
  { lat: 53, lng: -2 },
  { lat: 53, lng: 0 },
]
const geo = (coordinates: unknown) => ({ type: 'Polygon', coordinates }) as any

describe('wrong inputs end before the request they are for', () => {
  const cases: [
    name: string,
    code: string,
    text: RegExp,
    call: (police: any) => Promise<unknown>,
  ][] = [
    [
      'unknown category',
      'OPTION_UNKNOWN_CATEGORY',
      /did you mean "burglary"/,
      (p) => p.crimes.street({ at, category: 'burglaries' }),
    ],
    [
      'late month',
      'OPTION_MONTH_UNPUBLISHED',
      /newest month is 2026-08/,
      (p) => p.crimes.street({ at, month: '2026-09' }),
    ],
    [
      'early month',
      'OPTION_MONTH_UNPUBLISHED',
      /back to 2026-06 only/,
      (p) => p.stops.street({ at, month: '2019-01' }),
    ],
    [
      'malformed month',
      'OPTION_BAD_MONTH',
      /not a month/,
      (p) => p.outcomes.atLocation({ at, month: '2026-13' }),
    ],
    [
      'day instead of month',
      'OPTION_BAD_MONTH',
      /not a month/,
      (p) => p.crimes.street({ at, month: '2026-07-15' }),
    ],
    [
      'unknown force',
      'OPTION_UNKNOWN_FORCE',
      /did you mean "leicestershire"/,
      (p) => p.stops.force({ force: 'leicester' }),
    ],
    ['btp where it has no page', 'OPTION_UNKNOWN_FORCE', /no page/, (p) => p.forces.get('btp')],
    [
      'path traversal',
      'OPTION_BAD_PATH',
      /cannot be part/,
      (p) => p.neighbourhoods.get('leicestershire', '..'),
    ],
    [
      'slash in an id',
      'OPTION_BAD_PATH',
      /cannot be part/,
      (p) => p.neighbourhoods.boundary('leicestershire', 'NC04/../../forces'),
    ],
    [
      'query in an id',
      'OPTION_BAD_PATH',
      /cannot be part/,
      (p) => p.neighbourhoods.get('leicestershire', 'NC04?x=1'),
    ],
    [
      'traversal by the escape hatch',
      'OPTION_BAD_PATH',
      /cannot be part/,
      (p) => p.request('leicestershire/../forces'),
    ],
    [
      'absolute address in the escape hatch',
      'OPTION_BAD_PATH',
      /cannot be part/,
      (p) => p.request('https://elsewhere.test/x'),
    ],
    [
      'capital persistent id',
      'OPTION_BAD_ID',
      /lower case/,
      (p) => p.outcomes.forCrime('A'.repeat(64)),
    ],
    ['empty persistent id', 'OPTION_BAD_ID', /anti-social/, (p) => p.outcomes.forCrime('')],
    [
      'text as location',
      'OPTION_BAD_ID',
      /whole number/,
      (p) => p.stops.atLocation({ location: '883407' }),
    ],
    [
      'two areas',
      'OPTION_BAD_AREA',
      /"at" and "within"/,
      (p) => p.crimes.street({ at, within: ring }),
    ],
    ['no area', 'OPTION_BAD_AREA', /not none/, (p) => p.crimes.street({})],
    [
      'location where only an area works',
      'OPTION_BAD_AREA',
      /exactly one of "at", "within"/,
      (p) => p.crimes.street({ location: 1 }),
    ],
    [
      'swapped point',
      'OPTION_BAD_AREA',
      /swap/,
      (p) => p.crimes.street({ at: { lat: -1.13, lng: 52.63 } }),
    ],
    [
      'text coordinates',
      'OPTION_BAD_AREA',
      /decimal degrees/,
      (p) => p.crimes.street({ at: { lat: '52', lng: '-1' } }),
    ],
    [
      'latitude 999',
      'OPTION_BAD_AREA',
      /decimal degrees/,
      (p) => p.neighbourhoods.locate({ lat: 999, lng: 0 }),
    ],
    [
      'misspelt key',
      'OPTION_UNKNOWN_KEY',
      /"date"/,
      (p) => p.crimes.street({ at, date: '2026-07' }),
    ],
    [
      'misspelt call option',
      'OPTION_UNKNOWN_KEY',
      /"timeout"/,
      (p) => p.crimes.street({ at }, { timeout: 3 }),
    ],
    [
      'two vertices',
      'OPTION_BAD_POLYGON',
      /at least 3/,
      (p) => p.crimes.street({ within: ring.slice(0, 2) }),
    ],
    [
      'repeated vertices',
      'OPTION_BAD_POLYGON',
      /at least 3/,
      (p) => p.crimes.street({ within: [ring[0], ring[0], ring[1], ring[1]] }),
    ],
    [
      'vertices on a line',
      'OPTION_BAD_POLYGON',
      /one line/,
      (p) =>
        p.crimes.street({
          within: [0.1, 0.2, 0.3].map((step) => ({ lat: 52 + step, lng: -1 + step })),
        }),
    ],
    [
      'NaN in a vertex',
      'OPTION_BAD_POLYGON',
      /vertex 2 in ring 1/,
      (p) => p.crimes.street({ within: [ring[0], { lat: NaN, lng: 0 }, ring[2]] }),
    ],
    [
      'a point abroad',
      'OPTION_BAD_AREA',
      /outside the United Kingdom/,
      (p) => p.crimes.street({ at: { lat: 40.71, lng: -74.01 } }),
    ],
    [
      'a polygon abroad',
      'OPTION_BAD_POLYGON',
      /outside the United Kingdom/,
      (p) =>
        p.crimes.streetAll({
          within: ring.map(({ lat, lng }) => ({ lat: lat - 11, lng: lng + 14 })),
        }),
    ],
    ['empty boundary', 'OPTION_BAD_POLYGON', /0 distinct/, (p) => p.crimes.street({ within: [] })],
    [
      'swapped GeoJSON',
      'OPTION_BAD_POLYGON',
      /longitude first/,
      (p) =>
        p.crimes.street({
          within: geo([
            [
              [52, -2],
              [53, -2],
              [53, 0],
            ],
          ]),
        }),
    ],
    [
      'a GeoJSON point',
      'OPTION_BAD_POLYGON',
      /"Point"/,
      (p) => p.crimes.street({ within: { type: 'Point', coordinates: [0, 52] } }),
    ],
    [
      'a feature without geometry',
      'OPTION_BAD_POLYGON',
      /an area is/,
      (p) => p.crimes.street({ within: { type: 'Feature', geometry: null } }),
    ],
    [
      'GeoJSON without rings',
      'OPTION_BAD_POLYGON',
      /no ring/,
      (p) => p.crimes.street({ within: geo([]) }),
    ],
    [
      'holes in a single request',
      'OPTION_BAD_POLYGON',
      /tiled method/,
      (p) =>
        p.crimes.street({
          within: geo([
            [
              [-2, 52],
              [-2, 53],
              [0, 53],
            ],
            [
              [-1.9, 52.8],
              [-1.8, 52.9],
              [-1.7, 52.9],
            ],
          ]),
        }),
    ],
    [
      'text instead of parameters',
      'OPTION_INVALID',
      /params must be/,
      (p) => p.request('forces', { params: 'x' }),
    ],
    [
      'BigInt in a point',
      'OPTION_BAD_AREA',
      /decimal degrees.*"52n"/,
      (p) => p.crimes.street({ at: { lat: 52n, lng: -1 } }),
    ],
    [
      'BigInt in a vertex',
      'OPTION_BAD_POLYGON',
      /vertex 2 in ring 1.*"53n"/,
      (p) => p.crimes.streetAll({ within: [ring[0], { lat: 53n, lng: -2 }, ring[2]] }),
    ],
    [
      'BigInt in GeoJSON',
      'OPTION_BAD_POLYGON',
      /vertex 1 in ring 1.*"-2n"/,
      (p) =>
        p.stops.street({
          within: geo([
            [
              [-2n, 52],
              [-2, 53],
              [0, 53],
            ],
          ]),
        }),
    ],
    [
      'BigInt as area',
      'OPTION_BAD_POLYGON',
      /an area is.*"1n"/,
      (p) => p.crimes.street({ within: 1n }),
    ],
    [
      'BigInt as location',
      'OPTION_BAD_ID',
      /whole number.*"883407n"/,
      (p) => p.crimes.atLocation({ location: 883407n }),
    ],
    [
      'BigInt as month',
      'OPTION_BAD_MONTH',
      /"202607n" is not a month/,
      (p) => p.crimes.street({ at, month: 202607n }),
    ],
    [
      'BigInt as category',
      'OPTION_UNKNOWN_CATEGORY',
      /no category "1n"/,
      (p) => p.crimes.street({ at, category: 1n }),
    ],
    [
      'BigInt as force',
      'OPTION_UNKNOWN_FORCE',
      /no force "1n"/,
      (p) => p.stops.force({ force: 1n }),
    ],
    [
      'BigInt as id',
      'OPTION_BAD_PATH',
      /"1n" cannot be part/,
      (p) => p.neighbourhoods.get('kent', 1n),
    ],
    ['BigInt as persistent id', 'OPTION_BAD_ID', /"1n"/, (p) => p.outcomes.forCrime(1n)],
    [
      'an area that holds itself',
      'OPTION_BAD_POLYGON',
      /an area is/,
      (p) => {
        const within: { self?: object } = {}
        within.self = within
        return p.crimes.street({ within })
      },
    ],
    ['nothing at all', 'OPTION_INVALID', /takes an object/, (p) => p.crimes.street()],
    [
      'tiny minCellDegrees',
      'OPTION_INVALID',
      /minCellDegrees/,
      (p) => p.crimes.streetAll({ within: ring }, { minCellDegrees: 0 }),
    ],
  ]

  for (const [name, code, text, call] of cases) {
    it(`${name}: ${code}`, async () => {
      const { police, server } = await serve({ client: unlimited })
      const error = await failure(call(police))
      expect(error).toMatchObject({ name: 'OptionError', code, retryable: false })
      expect(error.message).toMatch(text)
      const reference = ['crimes-street-dates', 'crime-categories', 'forces']
      expect(server.requests.filter(({ path }) => !reference.includes(path))).toEqual([])
    })
  }
})

describe('what the service answers is told apart', () => {
  const cases: [
    name: string,
    code: string,
    status: number,
    call: (police: any) => Promise<unknown>,
  ][] = [
    [
      'unknown neighbourhood',
      'API_UNKNOWN_NEIGHBOURHOOD',
      404,
      (p) => p.neighbourhoods.get('leicestershire', 'nc04'),
    ],
    ['unknown location', 'API_UNKNOWN_LOCATION', 404, (p) => p.crimes.atLocation({ location: 7 })],
    ['unknown crime', 'API_UNKNOWN_CRIME', 404, (p) => p.outcomes.forCrime('0'.repeat(64))],
    [
      'point at sea',
      'API_OUTSIDE_COVERAGE',
      404,
      (p) => p.neighbourhoods.locate({ lat: 50, lng: 2 }),
    ],
    ['unknown force in a path', 'API_UNKNOWN_FORCE', 404, (p) => p.request('forces/atlantis')],
    [
      'unknown force in a parameter',
      'API_UNKNOWN_FORCE',
      502,
      (p) => p.request('crimes-no-location', { params: { category: 'drugs', force: 'atlantis' } }),
    ],
    [
      'month before the window',
      'API_MONTH_OUTSIDE_WINDOW',
      404,
      (p) =>
        p.request('crimes-street/all-crime', { params: { lat: 52, lng: -1, date: '2001-01' } }),
    ],
    [
      'malformed month of a force',
      'API_MONTH_OUTSIDE_WINDOW',
      502,
      (p) => p.request('stops-force', { params: { force: 'metropolitan', date: 'July2026' } }),
    ],
    [
      'malformed polygon',
      'API_BAD_POLYGON',
      404,
      (p) => p.request('stops-street', { method: 'POST', params: { poly: '52;-1' } }),
    ],
    [
      'polygon of two vertices',
      'API_BAD_POLYGON',
      502,
      (p) => p.request('stops-street', { method: 'POST', params: { poly: '52,-1:53,-1' } }),
    ],
    ['missing place', 'API_BAD_REQUEST', 400, (p) => p.request('crimes-street/all-crime')],
    ['unknown route', 'API_NOT_FOUND', 404, (p) => p.request('forces/metropolitan/cars')],
  ]

  for (const [name, code, status, call] of cases) {
    it(`${name}: ${code}`, async () => {
      const { police } = await serve({ client: { ...unlimited, retry: { limit: 1, baseMs: 1 } } })
      expect(await failure(call(police))).toMatchObject({ code, status })
    })
  }

  it('a wrong area of a tiled call is found before even the lists are asked for', async () => {
    const { police, server } = await serve({ client: unlimited })
    const within: never[] = []
    for (const call of [
      police.crimes.streetAll({ within }),
      police.outcomes.atLocationAll({ within }),
      police.stops.streetAll({ within }),
    ]) {
      expect(await failure(call)).toMatchObject({ code: 'OPTION_BAD_POLYGON' })
    }
    expect(server.requests).toEqual([])
  })

  it('inputs are checked as before after a caller has changed a list it was given', async () => {
    const { police } = await serve({ client: unlimited })
    const categories: any = await police.categories.list()
    categories.push({ url: 'theft', name: 'Theft' })
    const months: any = await police.availability.list()
    months.push({ date: '2031-01' })
    const forces: any = await police.forces.list()
    forces.push({ id: 'atlantis', name: 'Atlantis' })
    for (const [call, code] of [
      [police.crimes.street({ at, category: 'theft' }), 'OPTION_UNKNOWN_CATEGORY'],
      [police.crimes.street({ at, month: '2031-01' }), 'OPTION_MONTH_UNPUBLISHED'],
      [police.stops.force({ force: 'atlantis' }), 'OPTION_UNKNOWN_FORCE'],
    ] as const) {
      expect(await failure(call)).toMatchObject({ code })
    }
  })

  it('an area that is partly abroad is asked for', async () => {
    const { police, data } = await serve({
      client: unlimited,
      data: generateData({ monthCount: 1 }),
    })
    const around = [
      { lat: 40, lng: -20 },
      { lat: 70, lng: -20 },
      { lat: 70, lng: 20 },
      { lat: 40, lng: 20 },
    ]
    const placed = data.crimes?.filter(({ row }) => row.location !== null)
    expect(await police.crimes.streetAll({ within: around })).toHaveLength(placed?.length ?? -1)
  })

  it('a month that left the window after it was checked', async () => {
    const { police, server, data } = await serve({ client: unlimited })
    await police.availability.list()
    server.publish({ ...data, availability: data.availability.slice(0, 1) })
    expect(await failure(police.crimes.street({ at, month: '2026-06' }))).toMatchObject({
      code: 'API_MONTH_OUTSIDE_WINDOW',
      name: 'NotFoundError',
    })
  })
})
