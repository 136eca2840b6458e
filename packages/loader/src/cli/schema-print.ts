import { loadSpec } from '@nibrs/decoder'
import type { Dialect } from '../destinations/contract.js'
import { duckdbDialect } from '../destinations/duckdb-dialect.js'
import { postgresDialect } from '../destinations/postgres-dialect.js'
import { schemaStatements } from '../schema/print-schema.js'
import { stageName } from '../schema/stage-columns.js'
import type { Slice, TableSchema } from '../schema/table-schema.js'
import {
  apiTable,
  ARCHIVE_DATASETS,
  archiveTable,
  nibrsTables,
  UKPOLICE_DATASETS,
} from '../sources/index.js'
import { oneOf, UsageError } from './args.js'
import type { CommandContext, CommandEnd } from './context.js'

const SOURCES = ['nibrs', 'ukpolice', 'ukpolice-area', 'ukpolice-archive'] as const
const DIALECTS: Readonly<Record<'duckdb' | 'postgres', Dialect>> = {
  duckdb: duckdbDialect,
  postgres: postgresDialect,
}
const NIBRS_SPEC = 'nibrs/master@2013'

/** `crimewh schema print --dialect <name>`: needs no database. */
export async function printSchema({ command }: CommandContext): Promise<CommandEnd> {
  const name = command.text('dialect')
  if (name === null) throw new UsageError('"schema print" needs --dialect duckdb or postgres')
  const dialect = DIALECTS[oneOf('dialect', name, ['duckdb', 'postgres'])]
  const given = command.text('source')
  const sources = given === null ? SOURCES : [oneOf('source', given, SOURCES)]
  const statements = new Set<string>()
  const columns: PrintedColumn[] = []
  for (const source of sources) {
    const { tables, slice } = await tablesOf(source, command.text('spec') ?? NIBRS_SPEC)
    for (const statement of schemaStatements(dialect, tables, slice)) statements.add(statement)
    columns.push(...tables.flatMap(printedColumns))
  }
  const list = [...statements]
  return {
    json: { dialect: dialect.name, statements: list, columns },
    text: `${list.join(';\n')};\n`,
  }
}

/** A data column with where its values come from, for `--json`. */
interface PrintedColumn {
  readonly table: string
  readonly column: string
  readonly description: string | null
  readonly provenance: string
}

function printedColumns(table: TableSchema): readonly PrintedColumn[] {
  return table.columns.map(({ name, description = null, provenance }) => ({
    table: stageName(table),
    column: name,
    description,
    provenance,
  }))
}

async function tablesOf(
  source: (typeof SOURCES)[number],
  spec: string,
): Promise<{ readonly tables: readonly TableSchema[]; readonly slice: Slice }> {
  const monthly = (name: string): Slice => [
    { name, type: 'text', value: '' },
    { name: 'month', type: 'text', value: '' },
  ]
  switch (source) {
    case 'nibrs':
      return {
        tables: nibrsTables(await loadSpec(spec)),
        slice: [
          { name: 'data_year', type: 'integer', value: 0 },
          { name: 'state', type: 'text', value: null },
        ],
      }
    case 'ukpolice':
      return {
        tables: UKPOLICE_DATASETS.map((name) => apiTable(name).table),
        slice: monthly('force'),
      }
    case 'ukpolice-area':
      return {
        tables: UKPOLICE_DATASETS.map((name) => apiTable(name, true).table),
        slice: monthly('area'),
      }
    case 'ukpolice-archive':
      return {
        tables: ARCHIVE_DATASETS.map((name) => archiveTable(name).table),
        slice: monthly('force'),
      }
  }
}
