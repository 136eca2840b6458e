import { SourceError, DestinationError } from './errors.js'
import type { TableCounts } from './load-result.js'
import { STAGE_PREFIX } from './schema/stage-columns.js'
import type { TableAccounting } from './source.js'

/** What the loader saw of a table: rows in batches, and those it kept out itself. */
export interface GivenRows {
  readonly rows: number
  readonly withheld: number
}

/**
 * Holds three counts against each other: what the source says it met, what its batches held, and
 * what the destination took. Every record must be accounted for.
 *
 * @param written rows by table name without prefix, counted by the destination
 * @throws {SourceError} SOURCE_COUNTS
 * @throws {DestinationError} DESTINATION_COUNTS
 */
export function reconcile(
  accounting: readonly TableAccounting[],
  given: ReadonlyMap<string, GivenRows>,
  written: ReadonlyMap<string, number>,
): readonly TableCounts[] {
  const known = new Set(accounting.map(({ table }) => table))
  for (const table of given.keys()) {
    if (!known.has(table)) throw unbalanced(table, 'it gave rows without accounting for them')
  }
  return accounting.map(({ table, records, rows, joined, withheld, notSelected }) => {
    if (records !== rows + joined + withheld + notSelected) {
      throw unbalanced(
        table,
        `${records} records are not ${rows} rows, ${joined} joined, ${withheld} withheld and ${notSelected} not selected`,
      )
    }
    const seen = (table === null ? undefined : given.get(table)) ?? { rows: 0, withheld: 0 }
    if (seen.rows !== rows) {
      throw unbalanced(table, `it accounts for ${rows} rows and gave ${seen.rows}`)
    }
    const staged = (table === null ? undefined : written.get(table)) ?? 0
    if (staged !== rows - seen.withheld) {
      throw new DestinationError(
        'DESTINATION_COUNTS',
        `table ${STAGE_PREFIX}${table} took ${staged} of ${rows - seen.withheld} rows; nothing was loaded: try again, and report it if it stays`,
        { table: `${STAGE_PREFIX}${table}` },
      )
    }
    return {
      table: table === null ? null : STAGE_PREFIX + table,
      decoded: records,
      staged,
      joined,
      withheld: withheld + seen.withheld,
      notSelected,
      replaced: 0,
      removed: 0,
      added: 0,
    }
  })
}

function unbalanced(table: string | null, reason: string): SourceError {
  return new SourceError(
    'SOURCE_COUNTS',
    `the source's counts of ${table ?? 'records without a table'} do not balance: ${reason}; nothing was loaded: report this as a fault of the program`,
    table === null ? {} : { table },
  )
}
