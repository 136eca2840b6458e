import type { CoverageNote } from './coverage.js'
import type { CellBounds } from './errors.js'
import type { Month } from './month.js'
import type { Finding } from './shapes.js'

/** What is known about an answer beside its rows. */
export interface AnswerDetails {
  /** The month that was asked for, where the route has one. */
  readonly month: Month | undefined
  /** Known holes in what is published that bear on this answer. */
  readonly coverage: readonly CoverageNote[]
  /** Keys and words in the answer that this version does not know. */
  readonly findings: readonly Finding[]
  /** True when the cache gave the answer. */
  readonly fromCache: boolean
}

/**
 * Rows as the service sent them: an ordinary array with the details as hidden properties.
 *
 * `map`, `filter`, spreading and JSON give plain rows; read `rows.coverage` before those.
 */
export type Rows<Row> = readonly Row[] & AnswerDetails

/** Rows of one cell of a tiled area. */
export type TiledPage<Row> = Rows<Row> & {
  /** The rectangle the rows were cut to: south and west included, north and east not. */
  readonly cell: CellBounds
  /** Cells that are known to remain after this one; it can grow when a cell is refused. */
  readonly remainingCellCount: number
}

/** Attaches details to rows, in place, hidden from iteration and JSON. */
export function withDetails<Row, Details extends object>(
  rows: readonly Row[],
  details: Details,
): readonly Row[] & Details {
  const hidden = Object.fromEntries(
    Object.entries(details).map(([key, value]) => [key, { value: value as unknown }]),
  )
  return Object.defineProperties(rows, hidden) as readonly Row[] & Details
}
