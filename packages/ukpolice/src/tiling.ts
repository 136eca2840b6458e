import type { LatLng, Rings } from './area.js'
import { boundsOf, clipToCell, holeHolds } from './clip.js'
import { type CellBounds, isTooManyResultsError, TooManyResultsError } from './errors.js'

/** Rows of one cell. */
export interface TiledCell<Row> {
  readonly cell: CellBounds
  readonly rows: readonly Row[]
  readonly remainingCellCount: number
}

/** What {@link tile} needs to know of a route. */
export interface TileOptions<Row> {
  readonly polygons: readonly Rings[]
  /** Asks for one ring; a {@link TooManyResultsError} makes the cell smaller. */
  readonly ask: (ring: readonly LatLng[], signal: AbortSignal) => Promise<readonly Row[]>
  /** The place of a row, or undefined for one without. */
  readonly placeOf: (row: Row) => LatLng | undefined
  /** Cells asked for together. */
  readonly concurrency: number
  /** No cell is cut below this height or width. */
  readonly minCellDegrees: number
  readonly signal?: AbortSignal | undefined
}

/**
 * About two metres: wide enough for six-decimal rounding, narrow enough to cost nothing.
 *
 * A cell is asked for with this margin and the answer cut back, so what the service does with a
 * point on the border of a request never decides about a point inside the area.
 */
export const marginDegrees = 0.000_02

const wholePlane: CellBounds = {
  south: -Infinity,
  west: -Infinity,
  north: Infinity,
  east: Infinity,
}

interface Task<Row> {
  readonly cell: CellBounds
  result?: Promise<CellResult<Row>>
}

type CellResult<Row> =
  | { readonly kind: 'rows'; readonly rows: readonly Row[]; readonly unplaced: readonly Row[][] }
  | { readonly kind: 'refused'; readonly box: CellBounds; readonly error: TooManyResultsError }
  | { readonly kind: 'failed'; readonly error: unknown }

/**
 * Asks for an area in as few cells as the service allows, in a fixed order, without loss or
 * double count.
 *
 * Cells are half-open and together cover the plane, so every coordinate belongs to exactly one.
 * Within a cell the polygons of a multipolygon may overlap or touch; all rows of one place come
 * from the first polygon whose answer has that place. The service decides about places, not rows,
 * so this keeps equal rows apart and never adds one.
 */
export async function* tile<Row>(options: TileOptions<Row>): AsyncGenerator<TiledCell<Row>> {
  const stop = new AbortController()
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal
  const tasks: Task<Row>[] = [{ cell: wholePlane }]
  const unplacedSeen = new Map<string, number>()
  try {
    while (tasks.length > 0) {
      for (const task of tasks.slice(0, options.concurrency)) {
        task.result ??= askCell(task.cell, options, signal)
      }
      const { cell, result } = tasks[0] as Task<Row>
      const answer = await (result as Promise<CellResult<Row>>)
      options.signal?.throwIfAborted()
      if (answer.kind === 'failed') throw answer.error
      if (answer.kind === 'refused') {
        const cells = splitCell(cell, answer.box, options.minCellDegrees)
        if (cells.length === 0) throw tooManyInCell(answer.box, answer.error, options)
        tasks.splice(0, 1, ...cells.map((part) => ({ cell: part })))
        continue
      }
      tasks.shift()
      const extra = answer.unplaced.flatMap((rows) => newUnplaced(rows, unplacedSeen))
      const rows = extra.length > 0 ? [...answer.rows, ...extra] : answer.rows
      yield { cell, rows, remainingCellCount: tasks.length }
    }
  } finally {
    stop.abort()
  }
}

async function askCell<Row>(
  cell: CellBounds,
  options: TileOptions<Row>,
  signal: AbortSignal,
): Promise<CellResult<Row>> {
  const wide: CellBounds = {
    south: cell.south - marginDegrees,
    west: cell.west - marginDegrees,
    north: cell.north + marginDegrees,
    east: cell.east + marginDegrees,
  }
  const rows: Row[] = []
  const unplaced: Row[][] = []
  const owner = new Map<string, number>()
  let asking: readonly LatLng[] = []
  let number = 0
  try {
    for (const rings of options.polygons) {
      if (clipToCell(rings, wide).length === 0) continue
      const [outer, ...holes] = rings
      const pieces = clipToCell([outer as readonly LatLng[]], wide)
      for (const piece of pieces) {
        number += 1
        asking = piece
        const loose: Row[] = []
        for (const row of await options.ask(piece, signal)) {
          const place = options.placeOf(row)
          if (!place) {
            loose.push(row)
            continue
          }
          if (!cellHolds(cell, place)) continue
          if (holes.some((hole) => holeHolds(hole, place))) continue
          const key = `${place.lat},${place.lng}`
          const first = owner.get(key)
          if (first === undefined) owner.set(key, number)
          else if (first !== number) continue
          rows.push(row)
        }
        unplaced.push(loose)
      }
    }
    return { kind: 'rows', rows, unplaced }
  } catch (error) {
    if (isTooManyResultsError(error)) return { kind: 'refused', box: boundsOf([asking]), error }
    return { kind: 'failed', error }
  }
}

function cellHolds(cell: CellBounds, { lat, lng }: LatLng): boolean {
  return lat >= cell.south && lat < cell.north && lng >= cell.west && lng < cell.east
}

/** A row without a place can be in every answer; only what exceeds the answers before is new. */
function newUnplaced<Row>(rows: readonly Row[], seen: Map<string, number>): Row[] {
  const counts = new Map<string, number>()
  return rows.filter((row) => {
    const key = JSON.stringify(row)
    const count = (counts.get(key) ?? 0) + 1
    counts.set(key, count)
    if (count <= (seen.get(key) ?? 0)) return false
    seen.set(key, count)
    return true
  })
}

/** Two or four parts of a cell, cut through the middle of the piece that was refused. */
function splitCell(cell: CellBounds, box: CellBounds, minCellDegrees: number): CellBounds[] {
  const height = box.north - box.south
  // A degree of longitude is shorter than one of latitude.
  const width = (box.east - box.west) * Math.cos(((box.north + box.south) / 2) * (Math.PI / 180))
  const middleLat = middle(box.south, box.north)
  const middleLng = middle(box.west, box.east)
  const canCutLat = height > minCellDegrees && middleLat > cell.south && middleLat < cell.north
  const canCutLng = width > minCellDegrees && middleLng > cell.west && middleLng < cell.east
  const cutLat = canCutLat && (height * 2 > width || !canCutLng)
  const cutLng = canCutLng && (width * 2 > height || !canCutLat)
  if (!cutLat && !cutLng) return []
  const rows = cutLat
    ? [
        { ...cell, north: middleLat },
        { ...cell, south: middleLat },
      ]
    : [cell]
  return cutLng
    ? rows.flatMap((row) => [
        { ...row, east: middleLng },
        { ...row, west: middleLng },
      ])
    : rows
}

function middle(low: number, high: number): number {
  return Math.round(((low + high) / 2) * 1e6) / 1e6
}

function tooManyInCell<Row>(
  box: CellBounds,
  cause: TooManyResultsError,
  options: TileOptions<Row>,
): TooManyResultsError {
  const digits = (value: number): string => value.toFixed(6)
  return new TooManyResultsError(
    `the cell from ${digits(box.south)},${digits(box.west)} to ${digits(box.north)},${digits(box.east)} was still refused at the smallest size of ${options.minCellDegrees} degrees; lower minCellDegrees, or leave the cell out of the area`,
    { status: cause.status, cell: box, context: cause.context, cause },
  )
}
