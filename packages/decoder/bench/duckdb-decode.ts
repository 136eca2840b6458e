import type { PeerColumn, PeerTable } from './peer-tables.js'

/**
 * How DuckDB goes about it: `scan` reads the text anew for each table, `table` reads it once into a
 * table of lines.
 */
export type DuckDbForm = 'scan' | 'table'

/** A literal of DuckDB's SQL. */
export function sqlText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}

/**
 * The lines of a text as a relation with one column `l`: the CSV reader with a delimiter that never
 * occurs, which is the fastest way DuckDB has.
 */
export function linesOf(text: string): string {
  return (
    `read_csv(${sqlText(text)}, auto_detect=false, header=false, delim='\u0001', quote='', ` +
    `escape='', nullstr='\u0002', null_padding=false, columns={'l': 'VARCHAR'})`
  )
}

/** The lines of one table, by a comparison of the level: quicker in DuckDB than `substring`. */
export function isLevel(level: string): string {
  const last = level.length - 1
  const next = level.slice(0, last) + String.fromCharCode(level.charCodeAt(last) + 1)
  return `l >= ${sqlText(level)} AND l < ${sqlText(next)}`
}

/**
 * One column as an expression over a line `l`. Of the ways to say it this was the fastest tried: a
 * blank cell is made null before it is parsed, and a code of one character is not trimmed; together
 * they take a sixth off DuckDB's time. `l[1:2]` for `substring` doubles it.
 */
export function columnSql(column: PeerColumn): string {
  const { kind, start, width, fraction, range, flag, optional } = column
  const cell = `substring(l, ${start + 1}, ${width})`
  const filled = `NULLIF(${cell}, ${sqlText(' '.repeat(width))})`
  switch (kind) {
    case 'text':
    case 'code':
      return width === 1 && !optional ? filled : `NULLIF(rtrim(${cell}), '')`
    case 'identifier':
      return filled
    case 'date':
      return `try_strptime(${filled}, '%Y%m%d')::DATE`
    case 'hour':
      return `TRY_CAST(${filled} AS INTEGER)`
    case 'flag':
      return `CASE ${cell} WHEN ${sqlText(flag!.yes)} THEN true WHEN ${sqlText(flag!.no)} THEN false END`
    case 'integer': {
      const number = `TRY_CAST(${filled} AS ${width > 9 ? 'BIGINT' : 'INTEGER'})`
      if (range === null) return number
      return `CASE WHEN ${number} BETWEEN ${range[0]} AND ${range[1]} THEN ${number} END`
    }
    case 'decimal': {
      const scale = fraction?.width ?? 0
      const type = `DECIMAL(${width + scale}, ${scale})`
      if (fraction === null) return `TRY_CAST(${filled} AS ${type})`
      return `TRY_CAST(${filled} || '.' || substring(l, ${fraction.start + 1}, ${scale}) AS ${type})`
    }
  }
}

/**
 * DuckDB's decode of a text to one Parquet file for each table, with its own defaults for the files.
 * It has the columns of ours but for `record_number`, which would cost DuckDB a pass of its own.
 */
export function duckDbStatements(
  tables: readonly PeerTable[],
  text: string,
  folder: string,
  form: DuckDbForm,
): readonly string[] {
  const lines = form === 'scan' ? linesOf(text) : 'lines'
  const copies = tables.map(({ name, level, columns }) => {
    const cells = columns.map((column) => `${columnSql(column)} AS ${column.name}`)
    return (
      `COPY (SELECT ${cells.join(', ')}, strlen(l)::INTEGER AS record_length FROM ${lines} ` +
      `WHERE ${isLevel(level)}) TO ${sqlText(`${folder}/${name}.parquet`)} (FORMAT parquet)`
    )
  })
  return form === 'scan' ? copies : [`CREATE TABLE lines AS FROM ${linesOf(text)}`, ...copies]
}
