import {
  type LocationArea,
  type PointArea,
  type PolygonArea,
  type PolygonInput,
  polyText,
  readPolygons,
  readSingleRing,
  requireKnownKeys,
  requireLocation,
  requirePoint,
  type Rings,
} from '../area.js'
import { type Rows, type TiledPage, withDetails } from '../answer.js'
import type { Caller, RouteAnswer } from '../caller.js'
import { boundsOf } from '../clip.js'
import { type Dataset, findCoverageNotes } from '../coverage.js'
import { type CellBounds, OptionError } from '../errors.js'
import type { Month } from '../month.js'
import type { CallOptions } from '../options.js'
import type { ShapeName } from '../shapes.js'
import { marginDegrees, tile } from '../tiling.js'
import { position } from '../values.js'

/** Options of a tiled call. */
export interface TileCallOptions extends CallOptions {
  /**
   * Smallest height and width of a cell in degrees of latitude; a refused cell of this size ends
   * the call. Default 0.0005, some 55 metres.
   */
  readonly minCellDegrees?: number | undefined
  /** Cells asked for together. Default 4. */
  readonly concurrency?: number | undefined
}

/** Any form of area that some route takes. */
export type AnyArea = PointArea | PolygonArea | LocationArea

/** An area turned into parameters. */
export interface AreaParams {
  readonly params: Readonly<Record<string, string>>
  /** Polygons always go by POST: a GET line is refused beyond 4,094 characters. */
  readonly post: boolean
  readonly bounds: CellBounds | undefined
}

const areaKeys = ['at', 'within', 'location'] as const

/** Turns an area into parameters. @throws {OptionError} */
export function areaParams(
  area: AnyArea,
  allowed: readonly (typeof areaKeys)[number][],
  route: string,
): AreaParams {
  const given = areaKeys.filter((key) => area[key] !== undefined)
  const [key] = given
  if (given.length !== 1 || !key || !allowed.includes(key)) {
    throw new OptionError(
      'OPTION_BAD_AREA',
      `${route} takes exactly one of ${allowed.map((name) => `"${name}"`).join(', ')}, not ${given.map((name) => `"${name}"`).join(' and ') || 'none'}`,
      { context: { route, given } },
    )
  }
  if (area.at !== undefined) {
    const { lat, lng } = requirePoint(area.at)
    const reach = 0.03
    return {
      params: { lat: plain(lat), lng: plain(lng) },
      post: false,
      bounds: { south: lat - reach, west: lng - reach, north: lat + reach, east: lng + reach },
    }
  }
  if (area.within !== undefined) {
    const ring = readSingleRing(area.within)
    return { params: { poly: polyText(ring) }, post: true, bounds: boundsOf([ring]) }
  }
  return {
    params: { location_id: String(requireLocation(area.location)) },
    post: false,
    bounds: undefined,
  }
}

function plain(value: number): string {
  return polyText([{ lat: value, lng: 0 }]).split(',')[0] as string
}

/** A route that answers rows for an area and month. */
export interface AreaRoute<Row> {
  readonly path: readonly string[]
  readonly shape: ShapeName
  readonly dataset: Dataset
  readonly params?: Readonly<Record<string, string>>
  readonly placeOf: (row: Row) => { readonly latitude: string; readonly longitude: string } | null
}

/** Asks a route for the rows of one area and month. */
export async function askArea<Row>(
  caller: Caller,
  route: AreaRoute<Row>,
  area: AreaParams,
  month: Month,
  options: CallOptions,
): Promise<Rows<Row>> {
  const answer = await caller.call<readonly Row[]>(
    {
      path: route.path,
      params: { ...area.params, ...route.params, date: month },
      post: area.post,
      shape: route.shape,
      cacheVersion: route.dataset === 'stops' ? caller.stopVersion(month) : caller.crimeVersion,
    },
    options,
  )
  return answerRows(answer, route.dataset, month, { bounds: area.bounds })
}

/** Rows with what is known about them. */
export function answerRows<Row>(
  answer: RouteAnswer<readonly Row[]>,
  dataset: Dataset,
  month: Month,
  where: { readonly bounds?: CellBounds | undefined; readonly force?: string | undefined },
): Rows<Row> {
  const unknownPlace = where.bounds === undefined && where.force === undefined
  return withDetails(answer.value, {
    month,
    coverage: unknownPlace ? [] : findCoverageNotes({ dataset, month, ...where }),
    findings: answer.findings,
    fromCache: answer.fromCache,
  })
}

/** A tiled question with everything checked that needs no request. */
export interface TiledArea {
  readonly polygons: readonly Rings[]
  readonly minCellDegrees: number
  readonly concurrency: number
}

/** Reads the area and the options of a tiled call. @throws {OptionError} */
export function readTiledArea(within: PolygonInput, options: TileCallOptions): TiledArea {
  const polygons = readPolygons(within)
  const minCellDegrees = options.minCellDegrees ?? 0.0005
  if (!(minCellDegrees >= marginDegrees * 10 && minCellDegrees <= 10)) {
    throw new OptionError(
      'OPTION_INVALID',
      `minCellDegrees must be from ${marginDegrees * 10} to 10, not ${String(minCellDegrees)}`,
      { context: { option: 'minCellDegrees' } },
    )
  }
  const concurrency = options.concurrency ?? 4
  if (!Number.isInteger(concurrency) || concurrency < 1) {
    throw new OptionError(
      'OPTION_INVALID',
      `concurrency must be a whole number of at least 1, not ${String(concurrency)}`,
      { context: { option: 'concurrency' } },
    )
  }
  return { polygons, minCellDegrees, concurrency }
}

/** Asks a route for an area of any size, cell by cell. */
export async function* askTiled<Row>(
  caller: Caller,
  route: AreaRoute<Row>,
  { polygons, minCellDegrees, concurrency }: TiledArea,
  month: Month,
  options: TileCallOptions,
): AsyncGenerator<TiledPage<Row>> {
  const coverage = findCoverageNotes({
    dataset: route.dataset,
    month,
    bounds: boundsOf(polygons.flat()),
  })
  const findings = new Map<string, Rows<Row>['findings'][number]>()
  let fromCache = true
  const cells = tile<Row>({
    polygons,
    concurrency,
    minCellDegrees,
    signal: options.signal,
    placeOf: (row) => {
      const text = route.placeOf(row)
      return (text && position(text)) ?? undefined
    },
    ask: async (ring, signal) => {
      const rows = await askArea(
        caller,
        route,
        { params: { poly: polyText(ring) }, post: true, bounds: undefined },
        month,
        { signal, timeoutMs: options.timeoutMs },
      )
      fromCache &&= rows.fromCache
      for (const finding of rows.findings) {
        const key = `${finding.kind} ${finding.field} ${finding.value}`
        const count = finding.count + (findings.get(key)?.count ?? 0)
        findings.set(key, { ...finding, count })
      }
      return rows
    },
  })
  for await (const { cell, rows, remainingCellCount } of cells) {
    yield withDetails(rows, {
      month,
      coverage,
      findings: [...findings.values()],
      fromCache,
      cell,
      remainingCellCount,
    })
    findings.clear()
    fromCache = true
  }
}

/** Collects the pages of a tiled area. */
export async function collectPages<Row>(pages: AsyncIterable<TiledPage<Row>>): Promise<Rows<Row>> {
  const rows: Row[] = []
  const findings: Rows<Row>['findings'][number][] = []
  let details: Omit<Rows<Row>, keyof (readonly Row[])> | undefined
  let fromCache = true
  for await (const page of pages) {
    for (const row of page) rows.push(row)
    findings.push(...page.findings)
    fromCache &&= page.fromCache
    details ??= page
  }
  return withDetails(rows, {
    month: details?.month,
    coverage: details?.coverage ?? [],
    findings,
    fromCache,
  })
}

/** Keys every query of an area may have. */
export function requireAreaKeys(query: object, extraKeys: readonly string[], route: string): void {
  requireKnownKeys(query, ['month', ...areaKeys, ...extraKeys], route)
}

/** Keys of the options of a tiled call. */
export const tileOptionKeys = ['minCellDegrees', 'concurrency'] as const
