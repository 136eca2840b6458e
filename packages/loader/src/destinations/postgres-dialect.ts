import { quoteName } from '../schema/ddl.js'
import type { Dialect, StoredType } from './contract.js'

/** PostgreSQL's names, as `format_type` gives them. */
function typeName(type: StoredType): string {
  switch (type.kind) {
    case 'text':
      return 'text'
    case 'integer':
      return type.bits === 32 ? 'integer' : 'bigint'
    case 'decimal':
      return `numeric(${type.precision},${type.scale})`
    case 'date':
      return 'date'
    case 'timestamp':
      return 'timestamp without time zone'
    case 'boolean':
      return 'boolean'
    case 'json':
      return 'jsonb'
    case 'uuid':
      return 'uuid'
  }
}

/** How PostgreSQL writes SQL. */
export const postgresDialect: Dialect = {
  name: 'postgres',
  typeName,
  alterType(table, column, type) {
    const [name, wanted] = [quoteName(column), typeName(type)]
    return `ALTER TABLE ${quoteName(table)} ALTER COLUMN ${name} TYPE ${wanted} USING ${name}::${wanted}`
  },
  // Rows of a load lie together, so block ranges find them. Keeping the index takes a sixth of the
  // server's time for a load; making it after the rows takes as much.
  indexes: (table) => [
    `CREATE INDEX ON ${quoteName(table)} USING brin (load_id) WITH (pages_per_range = 16)`,
  ],
}
