import type {
  Source,
  SourceSlice,
  StageIssue,
  StageRow,
  TableAccounting,
} from '../../src/source.js'

/** A slice read to its end. */
export interface Collected {
  readonly slice: SourceSlice
  /** Row batches by table. */
  readonly rows: ReadonlyMap<string, readonly StageRow[]>
  /** Rows of column batches by table. */
  readonly rowCounts: ReadonlyMap<string, number>
  readonly issues: readonly StageIssue[]
  readonly accounting: readonly TableAccounting[]
}

export async function collect(source: Source): Promise<readonly Collected[]> {
  const collected: Collected[] = []
  for await (const slice of source.slices({})) collected.push(await readSlice(slice))
  return collected
}

export async function readSlice(slice: SourceSlice): Promise<Collected> {
  const rows = new Map<string, StageRow[]>()
  const rowCounts = new Map<string, number>()
  const issues: StageIssue[] = []
  const reading = slice.read({})
  for await (const batch of reading) {
    issues.push(...batch.issues)
    const count = batch.kind === 'rows' ? batch.rows.length : batch.batch.rowCount
    rowCounts.set(batch.table, (rowCounts.get(batch.table) ?? 0) + count)
    if (batch.kind === 'rows') {
      const held = rows.get(batch.table) ?? []
      rows.set(batch.table, held)
      held.push(...batch.rows)
    }
  }
  return { slice, rows, rowCounts, issues, accounting: reading.accounting() }
}

/** One row as an object, by column name. */
export function rowObject({ slice }: Collected, table: string, row: StageRow): object {
  const { columns } = slice.tables.find(({ name }) => name === table)!
  return Object.fromEntries(columns.map(({ name }, index) => [name, row.values[index]]))
}
