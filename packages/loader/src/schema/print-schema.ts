import type { Dialect } from '../destinations/contract.js'
import { recordTablesPlan, stageTablesPlan } from './ddl.js'
import type { Slice, TableSchema } from './table-schema.js'

/**
 * The statements that make all tables of a source in an empty database, as `schema print` shows
 * them.
 *
 * @param slice its names and types; the values play no part
 */
export function schemaStatements(
  dialect: Dialect,
  tables: readonly TableSchema[],
  slice: Slice,
): readonly string[] {
  const nothing = new Map<string, ReadonlyMap<string, string>>()
  return [
    ...recordTablesPlan(dialect, nothing).safe,
    ...stageTablesPlan(dialect, nothing, tables, slice).safe,
  ]
}
