import { quoteName } from '../schema/ddl.js'
import type { Dialect, StoredType } from './contract.js'

/** DuckDB's names, as `duckdb_columns()` gives them. */
function typeName(type: StoredType): string {
  switch (type.kind) {
    case 'text':
    case 'json':
      return 'VARCHAR'
    case 'integer':
      return type.bits === 32 ? 'INTEGER' : 'BIGINT'
    case 'decimal':
      return `DECIMAL(${type.precision},${type.scale})`
    case 'date':
      return 'DATE'
    case 'timestamp':
      return 'TIMESTAMP'
    case 'boolean':
      return 'BOOLEAN'
    case 'uuid':
      return 'UUID'
  }
}

/** How DuckDB writes SQL. JSON is text: its type is an extension that may not be there. */
export const duckdbDialect: Dialect = {
  name: 'duckdb',
  typeName,
  alterType: (table, column, type) =>
    `ALTER TABLE ${quoteName(table)} ALTER COLUMN ${quoteName(column)} TYPE ${typeName(type)}`,
  indexes: () => [],
}
