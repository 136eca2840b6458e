import { createReadStream, readdirSync } from 'node:fs'
import path from 'node:path'
import type { DuckDBConnection } from '@duckdb/node-api'
import { columnSql, isLevel, linesOf, sqlText } from './duckdb-decode.js'
import type { PeerTable } from './peer-tables.js'

/** Something in which two outputs are not the same. */
export interface Difference {
  readonly table: string
  /** Null for the table as a whole. */
  readonly column: string | null
  readonly ours: string
  readonly peer: string
}

/**
 * Compares two folders of Parquet files: in each table the number of rows; in each column the number
 * of cells that are not null and the sum of hashes of their text; and the sum of hashes of whole
 * rows, so that cells are also in the rows they belong to. `record_number` is held against the text
 * by {@link compareRecordNumbers}.
 */
export async function compareParquet(
  connection: DuckDBConnection,
  ours: string,
  peer: string,
  tables: readonly PeerTable[],
): Promise<readonly Difference[]> {
  const differences: Difference[] = []
  for (const { name, columns } of tables) {
    const names = [...columns.map((column) => column.name), 'record_length']
    const hash = (cell: string): string => `sum(hash(${cell})::HUGEINT)`
    const select = [
      'count(*)',
      hash(`[${names.map((column) => `"${column}"::VARCHAR`).join(', ')}]`),
      ...names.flatMap((column) => [`count("${column}")`, hash(`"${column}"::VARCHAR`)]),
    ].join(', ')
    const of = (folder: string): Promise<readonly string[]> =>
      oneRow(connection, `SELECT ${select} FROM ${sqlText(path.join(folder, `${name}.parquet`))}`)
    const [a, b] = [await of(ours), await of(peer)]
    const report = (column: string | null, what: string, i: number): void => {
      if (a[i] === b[i]) return
      differences.push({ table: name, column, ours: `${what} ${a[i]}`, peer: `${what} ${b[i]}` })
    }
    report(null, 'rows', 0)
    names.forEach((column, i) => {
      report(column, 'values', 2 + 2 * i)
      report(column, 'hash', 3 + 2 * i)
    })
    // Cells may all be there and still stand in other rows.
    if (!differences.some(({ table }) => table === name)) report(null, 'hash of rows', 1)
  }
  return differences
}

/** Holds `record_number` and `record_length` of our files, and the keys beside them, to the text. */
export async function compareRecordNumbers(
  connection: DuckDBConnection,
  ours: string,
  text: string,
  tables: readonly PeerTable[],
): Promise<readonly Difference[]> {
  const keyEnd = Math.max(...tables.flatMap(({ columns }) => columns.slice(0, 3).map(endOf)))
  await connection.run(
    'CREATE OR REPLACE TEMP TABLE numbered AS SELECT row_number() OVER () AS n, ' +
      `strlen(l) AS length, substring(l, 1, ${keyEnd}) AS l FROM ${linesOf(text)}`,
  )
  const differences: Difference[] = []
  for (const { name, level, columns } of tables) {
    const keys = columns.slice(0, 3)
    const hash = (cells: readonly string[]): string =>
      `SELECT count(*), sum(hash(concat_ws('|', ${cells.join(', ')}))::HUGEINT)`
    const file = sqlText(path.join(ours, `${name}.parquet`))
    const a = await oneRow(
      connection,
      `${hash(['record_number', 'record_length', ...keys.map((key) => key.name)])} FROM ${file}`,
    )
    const b = await oneRow(
      connection,
      `${hash(['n', 'length', ...keys.map(columnSql)])} FROM numbered WHERE ${isLevel(level)}`,
    )
    if (a.join() !== b.join()) {
      differences.push({ table: name, column: 'record_number', ours: a.join(), peer: b.join() })
    }
  }
  await connection.run('DROP TABLE numbered')
  return differences
}

function endOf({ start, width }: { readonly start: number; readonly width: number }): number {
  return start + width
}

async function oneRow(connection: DuckDBConnection, sql: string): Promise<readonly string[]> {
  const reader = await connection.runAndReadAll(sql)
  return reader.getRows()[0]!.map(String)
}

/** Compares the files of two folders byte for byte. */
export async function compareBytes(ours: string, peer: string): Promise<readonly Difference[]> {
  const differences: Difference[] = []
  const names = (folder: string): readonly string[] =>
    readdirSync(folder)
      .filter((name) => name !== 'manifest.json')
      .sort()
  const [a, b] = [names(ours), names(peer)]
  if (a.join() !== b.join()) {
    return [{ table: 'all', column: null, ours: a.join(), peer: b.join() }]
  }
  for (const name of a) {
    const at = await firstDifference(path.join(ours, name), path.join(peer, name))
    if (at === null) continue
    const where = `other bytes from ${at} on`
    differences.push({ table: name, column: null, ours: where, peer: where })
  }
  return differences
}

/** Offset of the first byte in which two files differ; null when they are the same. */
async function firstDifference(a: string, b: string): Promise<number | null> {
  const options = { highWaterMark: 1 << 20 }
  const others = createReadStream(b, options)[Symbol.asyncIterator]()
  let rest: Buffer = Buffer.alloc(0)
  let offset = 0
  for await (const chunk of createReadStream(a, options)) {
    let mine = chunk as Buffer
    while (mine.length > 0) {
      if (rest.length === 0) {
        const next = await others.next()
        if (next.done === true) return offset
        rest = next.value as Buffer
      }
      const length = Math.min(mine.length, rest.length)
      if (mine.compare(rest, 0, length, 0, length) !== 0) {
        let i = 0
        while (mine[i] === rest[i]) i++
        return offset + i
      }
      offset += length
      mine = mine.subarray(length)
      rest = rest.subarray(length)
    }
  }
  return rest.length > 0 || (await others.next()).done !== true ? offset : null
}

/**
 * Lets only sameness pass.
 *
 * @throws {Error} that names the first columns that differ
 */
export function assertSame(what: string, differences: readonly Difference[]): void {
  if (differences.length === 0) return
  const shown = differences
    .slice(0, 10)
    .map(({ table, column, ours, peer }) => `  ${table}.${column ?? '*'}: ${ours}, not ${peer}`)
  throw new Error(
    `${what}: ${differences.length} differences, so there is nothing to compare the speed of\n` +
      shown.join('\n'),
  )
}
