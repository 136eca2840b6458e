/*
 * A peer: polars' decode of a text to one Parquet file for each table. Arguments: the folder polars
 * is installed in, text, a JSON file with the tables, output folder.
 */
import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import type { PeerColumn, PeerTable } from '../peer-tables.js'

/** What is used of polars: it is installed apart, so its types are not at hand. */
interface Expression {
  readonly str: {
    slice(start: number, length: number): Expression
    stripCharsEnd(characters: string): Expression
    strptime(type: unknown, format: string): Expression
    lengths(): Expression
  }
  eq(other: Expression): Expression
  and(other: Expression): Expression
  gtEq(other: Expression): Expression
  ltEq(other: Expression): Expression
  cast(type: unknown, strict: boolean): Expression
  alias(name: string): Expression
}
interface Frame {
  filter(condition: Expression): Frame
  select(...columns: Expression[]): Frame
  collectSync(): Frame & { lazy(): Frame; writeParquet(file: string, options: object): void }
}
interface Polars {
  scanCSV(file: string, options: object): Frame
  col(name: string): Expression
  lit(value: unknown): Expression
  when(condition: Expression): {
    then(value: Expression): { otherwise(value: Expression): Expression }
  }
  readonly Utf8: unknown
  readonly Int32: unknown
  readonly Date: unknown
  Decimal(precision: number, scale: number): unknown
  concatString(options: { exprs: readonly Expression[]; sep: string }): Expression
}

const [home, file, plan, folder] = process.argv.slice(2) as [string, string, string, string]
const tables = JSON.parse(readFileSync(plan, 'utf8')) as readonly PeerTable[]
const polars = createRequire(path.join(home, 'x.js'))('nodejs-polars') as Polars
const line = polars.col('l')
const nothing = polars.lit(null)

mkdirSync(folder, { recursive: true })
const lines = polars
  .scanCSV(file, {
    hasHeader: false,
    sep: '\u0001',
    quoteChar: '\u0002',
    schema: { l: polars.Utf8 },
    inferSchemaLength: 0,
  })
  .collectSync()
for (const { name, level, columns } of tables) {
  lines
    .lazy()
    .filter(line.str.slice(0, level.length).eq(polars.lit(level)))
    .select(
      ...columns.map((column) => cellOf(column).alias(column.name)),
      line.str.lengths().cast(polars.Int32, false).alias('record_length'),
    )
    .collectSync()
    .writeParquet(path.join(folder, `${name}.parquet`), { compression: 'snappy' })
}

function nullIf(cell: Expression, text: string): Expression {
  return polars
    .when(cell.eq(polars.lit(text)))
    .then(nothing)
    .otherwise(cell)
}

function cellOf({ kind, start, width, fraction, range, flag }: PeerColumn): Expression {
  const cell = line.str.slice(start, width)
  switch (kind) {
    case 'text':
    case 'code':
      return nullIf(cell.str.stripCharsEnd(' '), '')
    case 'identifier':
      return nullIf(cell, ' '.repeat(width))
    case 'date':
      return cell.str.strptime(polars.Date, '%Y%m%d')
    case 'flag':
      return polars
        .when(cell.eq(polars.lit(flag!.yes)))
        .then(polars.lit(true))
        .otherwise(
          polars
            .when(cell.eq(polars.lit(flag!.no)))
            .then(polars.lit(false))
            .otherwise(nothing),
        )
    case 'hour':
      return cell.cast(polars.Int32, false)
    case 'integer': {
      const number = cell.cast(polars.Int32, false)
      if (range === null) return number
      const within = number.gtEq(polars.lit(range[0])).and(number.ltEq(polars.lit(range[1])))
      return polars.when(within).then(number).otherwise(nothing)
    }
    case 'decimal': {
      const scale = fraction?.width ?? 0
      const type = polars.Decimal(width + scale, scale)
      if (fraction === null) return cell.cast(type, false)
      const part = line.str.slice(fraction.start, scale)
      return polars.concatString({ exprs: [cell, part], sep: '.' }).cast(type, false)
    }
  }
}
