import type {
  Fingerprint,
  Slice,
  Source,
  SourceSlice,
  StageIssue,
  StageRow,
  TableSchema,
} from '../../src/index.js'

/** What a memory source holds for one table. */
export interface MemoryTable {
  readonly schema: TableSchema
  readonly rows: readonly StageRow[]
  readonly issues?: readonly StageIssue[]
}

export interface MemoryOptions {
  readonly kind?: string
  readonly slice?: Slice
  readonly fingerprint?: Fingerprint | null
  readonly contract?: SourceSlice['contract']
  readonly state?: Readonly<Record<string, string>> | null
  readonly spec?: string
  /** Added to the accounting of the first table, to make it wrong. */
  readonly miscount?: number
  /** Called before each batch. */
  readonly beforeBatch?: () => Promise<void> | void
}

/** A source whose rows are given. */
export function memorySource(tables: readonly MemoryTable[], options: MemoryOptions = {}): Source {
  const { fingerprint = null, contract = 'evolve', state = null, miscount = 0 } = options
  return {
    kind: options.kind ?? 'memory',
    name: 'memory',
    async *slices() {
      yield {
        slice: options.slice ?? [{ name: 'part', type: 'text', value: 'a' }],
        tables: tables.map(({ schema }) => schema),
        provenance: {
          spec: options.spec ?? 'memory',
          specRevision: null,
          producedBy: 'tests 1.0.0',
        },
        contract,
        fingerprint,
        files: [],
        expectedRows: tables.reduce((sum, { rows }) => sum + rows.length, 0),
        state,
        rereadable: true,
        read: () => ({
          progress: () => ({ done: 0, total: null, unit: 'requests' }),
          accounting: () =>
            tables.map(({ schema, rows }, index) => ({
              table: schema.name,
              records: rows.length + (index === 0 ? miscount : 0),
              rows: rows.length + (index === 0 ? miscount : 0),
              joined: 0,
              withheld: 0,
              notSelected: 0,
            })),
          async *[Symbol.asyncIterator]() {
            for (const { schema, rows, issues = [] } of tables) {
              await options.beforeBatch?.()
              yield { kind: 'rows' as const, table: schema.name, rows, issues }
            }
          },
        }),
      }
    },
  }
}

/** A table of the given columns, as short as can be. */
export function memoryTable(
  name: string,
  columns: Readonly<Record<string, TableSchema['columns'][number]['type']>>,
  more: Partial<TableSchema> = {},
): TableSchema {
  return {
    name,
    title: name,
    grain: 'One row per row',
    key: null,
    keepsUnknownKeys: false,
    columns: Object.entries(columns).map(([column, type]) => ({
      name: column,
      type,
      provenance: 'tests',
    })),
    ...more,
  }
}

/** Rows numbered from 1. */
export function memoryRows(...values: readonly StageRow['values'][]): readonly StageRow[] {
  return values.map((cells, index) => ({ sourceRecord: index + 1, values: cells }))
}
