/**
 * Speed and size of the Parquet writer alone, on made-up batches shaped like a NIBRS year.
 *
 *     npx esbuild packages/decoder/bench/parquet-writer.ts --bundle --platform=node --format=esm \
 *       --external:@duckdb/node-api --outfile=node_modules/.cache/parquet-writer.mjs
 *     node node_modules/.cache/parquet-writer.mjs [--rows 12e6] [--codec none] [--labels]
 *       [--segment victim] [--columns] [--sizes] [--keep folder]
 *
 * Times are processor time of encoding alone, without the system's part in writing the files, so
 * that other work on the machine matters less.
 *
 * `--rows` is the number of lines over all segments (12e6 is about 1 GB of text). `--columns` adds
 * the time of each column, `--sizes` compares the files with what DuckDB writes of the same rows,
 * `--keep` leaves them all in a folder.
 */
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { Column } from '../src/batch.js'
import {
  BytesCells,
  columnMap,
  DictionaryCells,
  GrowingDictionary,
  NumberCells,
} from '../src/columns.js'
import type { Codec } from '../src/parquet/format.js'
import { RowGroupEncoder } from '../src/parquet/row-group.js'
import { PARQUET_MAGIC, ParquetTableWriter } from '../src/parquet/table-writer.js'
import type { CodeTable, ColumnSpec, ColumnType } from '../src/spec/types.js'

const ROW_GROUP_ROWS = 131_072
const PAGE_ROWS = 16_384

/** A column to make up: what it holds, how many values there are and how many cells have one. */
interface Shape {
  readonly name: string
  readonly type: ColumnType
  readonly width: number
  readonly distinct: number
  readonly share: number
}

const code = (name: string, width: number, distinct: number, share = 1): Shape => ({
  name,
  type: 'code',
  width,
  distinct,
  share,
})
const integer = (name: string, width: number, distinct: number, share = 1): Shape => ({
  name,
  type: 'integer',
  width,
  distinct,
  share,
})
const date = (name: string, share = 1): Shape => ({
  name,
  type: 'date',
  width: 8,
  distinct: 380,
  share,
})
const repeat = (count: number, share: number, make: (i: number, share: number) => Shape[]) =>
  Array.from({ length: count }, (_, i) => make(i + 1, share / 6 ** i)).flat()

const KEY: readonly Shape[] = [
  code('state_code', 2, 51),
  { name: 'ori', type: 'identifier', width: 9, distinct: 18_000, share: 1 },
  { name: 'incident_number', type: 'identifier', width: 12, distinct: 0, share: 1 },
  date('incident_date'),
]

interface Segment {
  /** Of all lines of a file. */
  readonly share: number
  readonly lineBytes: number
  /** Rows that follow each other with one incident number. */
  readonly rowsPerIncident: number
  readonly shapes: readonly Shape[]
}

const SEGMENTS: Readonly<Record<string, Segment>> = {
  administrative: {
    share: 0.175,
    lineBytes: 89,
    rowsPerIncident: 1,
    shapes: [
      ...KEY,
      code('report_date_indicator', 1, 1, 0.1),
      { name: 'incident_hour', type: 'hour', width: 2, distinct: 24, share: 0.97 },
      integer('total_offense_segments', 2, 4),
      integer('total_victim_segments', 3, 8),
      integer('total_offender_segments', 2, 6),
      integer('total_arrestee_segments', 2, 5),
      code('city_submission', 4, 300, 0.05),
      code('cleared_exceptionally', 1, 6),
      date('exceptional_clearance_date', 0.03),
      code('cargo_theft', 1, 2, 0.3),
    ],
  },
  offense: {
    share: 0.195,
    lineBytes: 59,
    rowsPerIncident: 1.15,
    shapes: [
      ...KEY,
      code('offense_code', 3, 60),
      code('attempted_completed', 1, 2),
      ...repeat(3, 0.99, (i, share) => [code(`suspected_of_using_${i}`, 1, 4, share)]),
      code('location_type', 2, 46),
      integer('premises_entered', 2, 10, 0.003),
      code('method_of_entry', 1, 2, 0.08),
      ...repeat(3, 0.3, (i, share) => [code(`criminal_activity_${i}`, 1, 12, share)]),
      ...repeat(3, 0.3, (i, share) => [
        code(`weapon_force_${i}`, 2, 18, share),
        code(`automatic_indicator_${i}`, 1, 1, share * 0.05),
      ]),
      code('bias_motivation_1', 2, 20),
    ],
  },
  property: {
    share: 0.2,
    lineBytes: 102,
    rowsPerIncident: 1.4,
    shapes: [
      ...KEY,
      code('property_loss', 1, 8),
      code('property_description', 2, 70, 0.9),
      integer('property_value', 9, 0, 0.75),
      date('date_recovered', 0.1),
      integer('stolen_motor_vehicles', 2, 4, 0.06),
      integer('recovered_motor_vehicles', 2, 4, 0.03),
      ...repeat(3, 0.1, (i, share) => [
        code(`drug_type_${i}`, 1, 17, share),
        { name: `drug_quantity_${i}`, type: 'decimal', width: 12, distinct: 0, share: share * 0.7 },
        code(`drug_measurement_${i}`, 2, 12, share * 0.7),
      ]),
    ],
  },
  victim: {
    share: 0.2,
    lineBytes: 135,
    rowsPerIncident: 1.25,
    shapes: [
      ...KEY,
      integer('victim_sequence', 3, 9),
      ...repeat(10, 1, (i, share) => [code(`offense_code_${i}`, 3, 60, share)]),
      code('victim_type', 1, 9),
      integer('age', 2, 98, 0.7),
      code('age_code', 2, 102, 0.75),
      code('sex', 1, 3, 0.75),
      code('race', 1, 7, 0.75),
      code('ethnicity', 1, 3, 0.7),
      code('resident_status', 1, 3, 0.65),
      ...repeat(2, 0.12, (i, share) => [code(`circumstance_${i}`, 2, 16, share)]),
      code('justifiable_homicide_circumstance', 1, 7, 0.0001),
      ...repeat(5, 0.3, (i, share) => [code(`injury_${i}`, 1, 8, share)]),
      ...repeat(10, 0.45, (i, share) => [
        integer(`related_offender_number_${i}`, 2, 9, share),
        code(`relationship_${i}`, 2, 27, share),
      ]),
      code('officer_activity', 2, 11, 0.003),
      code('officer_assignment', 1, 7, 0.003),
      { name: 'officer_other_ori', type: 'identifier', width: 9, distinct: 500, share: 0.0005 },
    ],
  },
  offender: {
    share: 0.19,
    lineBytes: 40,
    rowsPerIncident: 1.15,
    shapes: [
      ...KEY,
      integer('offender_sequence', 2, 8),
      integer('age', 2, 98, 0.45),
      code('age_code', 2, 102, 0.6),
      code('sex', 1, 3, 0.62),
      code('race', 1, 7, 0.62),
      code('ethnicity', 1, 3, 0.5),
    ],
  },
  arrestee: {
    share: 0.04,
    lineBytes: 73,
    rowsPerIncident: 1.1,
    shapes: [
      ...KEY,
      integer('arrestee_sequence', 2, 5),
      { name: 'arrest_transaction_number', type: 'identifier', width: 12, distinct: 0, share: 1 },
      date('arrest_date'),
      code('arrest_type', 1, 3),
      code('multiple_indicator', 1, 3),
      code('arrest_offense_code', 3, 60),
      ...repeat(2, 1, (i, share) => [
        code(`weapon_${i}`, 2, 15, share),
        code(`automatic_indicator_${i}`, 1, 1, share * 0.02),
      ]),
      integer('age', 2, 98, 0.99),
      code('age_code', 2, 102),
      code('sex', 1, 2),
      code('race', 1, 6),
      code('ethnicity', 1, 3, 0.9),
      code('resident_status', 1, 3, 0.9),
      code('disposition_under_18', 1, 2, 0.08),
    ],
  },
}

/** Uniform numbers from 0 to 1, the same in every run. */
function seededRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

const ALPHANUMERIC = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'
const LATIN1 = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte))

function specOf(shape: Shape): ColumnSpec {
  const { name, type, width } = shape
  const base = { name, type, width, scale: type === 'decimal' ? 3 : 0 }
  return type === 'code' ? { ...base, codes: codeTable(shape) } : base
}

function codeTable(shape: Shape): CodeTable {
  const codes = new Map(
    Array.from({ length: shape.distinct }, (_, i) => [
      codeText(shape, i),
      { label: `Label of code ${i} in the table of ${shape.name}` },
    ]),
  )
  return { name: shape.name, title: shape.name, codes }
}

function codeText(shape: Shape, i: number): string {
  let text = ''
  for (let rest = i, k = 0; k < shape.width; k++) {
    text = ALPHANUMERIC[rest % 36]! + text
    rest = Math.floor(rest / 36)
  }
  return text
}

class Fabricator {
  readonly #random = seededRandom(20_220_101)
  readonly #dictionaries = new Map<string, GrowingDictionary>()

  /** One full batch of a segment, in the arrays the decoder would use. */
  batch(segment: Segment): readonly Column[] {
    const incidents = this.#incidents(segment.rowsPerIncident)
    const columns = segment.shapes.map((shape) => this.#column(shape, incidents))
    return [
      ...columns,
      new NumberCells(RECORD[0]!, ROW_GROUP_ROWS, this.#recordNumbers(), null),
      new NumberCells(RECORD[1]!, ROW_GROUP_ROWS, this.#lengths(segment.lineBytes), null),
    ]
  }

  /** Incident of each row. */
  #incidents(rowsPerIncident: number): Uint32Array {
    const incidents = new Uint32Array(ROW_GROUP_ROWS)
    let incident = 0
    for (let row = 1; row < ROW_GROUP_ROWS; row++) {
      if (this.#random() < 1 / rowsPerIncident) incident++
      incidents[row] = incident
    }
    return incidents
  }

  #column(shape: Shape, incidents: Uint32Array): Column {
    const spec = specOf(shape)
    if (shape.name === 'ori') return this.#oris(spec, shape, incidents)
    if (shape.type === 'identifier' && shape.width > 9) return this.#identifiers(spec, incidents)
    if (shape.distinct === 0) return this.#amounts(spec, shape)
    if (shape.name === 'state_code') return this.#states(spec, shape)
    const dictionary = this.#dictionary(spec, shape)
    const Indexes = shape.type === 'identifier' ? Uint32Array : indexArray(shape)
    const indexes = new Indexes(ROW_GROUP_ROWS + 16)
    const skew = shape.type === 'date' ? 1 : 2.5
    const shared = shape.name === 'incident_date'
    let last = -1
    for (let row = 0; row < ROW_GROUP_ROWS; row++) {
      if (shared && incidents[row] === last) {
        indexes[row] = indexes[row - 1]!
        continue
      }
      last = incidents[row]!
      if (this.#random() >= shape.share) continue
      indexes[row] = 1 + Math.floor(this.#random() ** skew * shape.distinct)
    }
    return new DictionaryCells(spec, ROW_GROUP_ROWS, indexes, dictionary)
  }

  #dictionary(spec: ColumnSpec, shape: Shape): GrowingDictionary {
    const key = `${shape.type}/${shape.width}/${shape.distinct}`
    let dictionary = this.#dictionaries.get(key)
    if (dictionary === undefined) {
      dictionary = new GrowingDictionary(spec.codes ?? null)
      for (let i = 0; i < shape.distinct; i++) {
        dictionary.add(
          shape.type === 'date' ? 18_993 + i : spec.codes ? codeText(shape, i) : valueOf(shape, i),
        )
      }
      this.#dictionaries.set(key, dictionary)
    }
    return dictionary
  }

  /** Agencies one after the other, as the file is sorted. */
  #oris(spec: ColumnSpec, shape: Shape, incidents: Uint32Array): Column {
    const dictionary = this.#dictionary(spec, shape)
    const indexes = new Uint32Array(ROW_GROUP_ROWS + 16)
    let ori = 4_000
    let left = 0
    for (let row = 0; row < ROW_GROUP_ROWS; row++) {
      if (left-- <= 0 && incidents[row] !== incidents[row - 1]) {
        ori++
        left = Math.floor(this.#random() ** 4 * 10_000)
      }
      indexes[row] = ori
    }
    return new DictionaryCells(spec, ROW_GROUP_ROWS, indexes, dictionary)
  }

  /** The file is sorted by state. */
  #states(spec: ColumnSpec, shape: Shape): Column {
    const indexes = new Uint16Array(ROW_GROUP_ROWS + 16).fill(7)
    indexes.fill(8, ROW_GROUP_ROWS / 3)
    return new DictionaryCells(spec, ROW_GROUP_ROWS, indexes, this.#dictionary(spec, shape))
  }

  /** Scrambled letters with an ending per agency, as published. */
  #identifiers(spec: ColumnSpec, incidents: Uint32Array): Column {
    const { width } = spec
    const bytes = new Uint8Array(ROW_GROUP_ROWS * width + 16)
    for (let row = 0; row < ROW_GROUP_ROWS; row++) {
      const at = row * width
      if (row > 0 && incidents[row] === incidents[row - 1]) {
        bytes.copyWithin(at, at - width, at)
        continue
      }
      for (let i = 0; i < width; i++) {
        const fixed = i < 3 || i >= width - 3
        bytes[at + i] = ALPHANUMERIC.charCodeAt(
          fixed ? (i * 5) % 36 : Math.floor(this.#random() * 36),
        )
      }
    }
    return new BytesCells(spec, ROW_GROUP_ROWS, {
      width,
      bytes,
      valid: new Uint8Array(ROW_GROUP_ROWS + 16).fill(1),
      trim: false,
      characters: LATIN1,
      nonAscii: false,
    })
  }

  /** Amounts of money or drugs: mostly round, some not. */
  #amounts(spec: ColumnSpec, shape: Shape): Column {
    const wide = shape.type === 'decimal'
    const values = new (wide ? Float64Array : Int32Array)(ROW_GROUP_ROWS + 16)
    const valid = new Uint8Array(ROW_GROUP_ROWS + 16)
    for (let row = 0; row < ROW_GROUP_ROWS; row++) {
      if (this.#random() >= shape.share) continue
      valid[row] = 1
      const amount = Math.floor(10 ** (this.#random() * 4.5))
      const round = this.#random() < 0.7 ? 10 ** Math.floor(Math.log10(amount)) : 1
      values[row] = Math.floor(amount / round) * round * (wide ? 100 : 1)
    }
    return new NumberCells(spec, ROW_GROUP_ROWS, values, valid)
  }

  #recordNumbers(): Uint32Array {
    const numbers = new Uint32Array(ROW_GROUP_ROWS + 16)
    let number = 30_000_000
    for (let row = 0; row < ROW_GROUP_ROWS; row++) {
      number += 1 + Math.floor(this.#random() ** 3 * 12)
      numbers[row] = number
    }
    return numbers
  }

  #lengths(lineBytes: number): Uint32Array {
    return new Uint32Array(ROW_GROUP_ROWS + 16).fill(lineBytes)
  }
}

function indexArray(shape: Shape): Uint8ArrayConstructor | Uint16ArrayConstructor {
  const oneByte = shape.type === 'hour' || (shape.type === 'integer' && shape.width <= 2)
  return oneByte || (shape.type === 'code' && shape.width === 1) ? Uint8Array : Uint16Array
}

function valueOf(shape: Shape, i: number): string | number {
  return shape.type === 'identifier' ? `AK${String(i).padStart(7, '0')}` : i
}

const RECORD: readonly ColumnSpec[] = ['record_number', 'record_length'].map((name) => ({
  name,
  type: 'integer',
  width: 10,
  scale: 0,
}))

const { values: flags } = parseArgs({
  options: {
    rows: { type: 'string', default: '12e6' },
    codec: { type: 'string', default: 'none' },
    labels: { type: 'boolean', default: false },
    segment: { type: 'string' },
    columns: { type: 'boolean', default: false },
    sizes: { type: 'boolean', default: false },
    keep: { type: 'string' },
  },
})

interface Measured {
  readonly name: string
  readonly rows: number
  readonly ms: number
  readonly bytes: number
  readonly textBytes: number
}

async function main(): Promise<void> {
  const directory = flags.keep ?? mkdtempSync(join(tmpdir(), 'parquet-bench-'))
  mkdirSync(directory, { recursive: true })
  const options = {
    rowGroupRows: ROW_GROUP_ROWS,
    pageRows: PAGE_ROWS,
    codec: flags.codec as Codec,
    labels: flags.labels,
  }
  const encoder = new RowGroupEncoder(options)
  const fabricator = new Fabricator()
  const measured: Measured[] = []
  const columnTimes = new Map<string, number>()
  try {
    const names = Object.keys(SEGMENTS).filter((n) => (flags.segment ?? n) === n)
    const batches = names.map((name) => fabricator.batch(SEGMENTS[name]!))
    names.forEach((name, i) => {
      const segment = SEGMENTS[name]!
      const columns = batches[i]!
      const table = {
        name,
        title: name,
        columns: [...segment.shapes.map(specOf), ...RECORD],
      }
      const groups = Math.max(1, Math.round((Number(flags.rows) * segment.share) / ROW_GROUP_ROWS))
      const writer = new ParquetTableWriter(table, { ...options, encoder })
      const path = join(directory, `${name}.parquet`)
      const fd = openSync(path, 'w')
      const map = columnMap(columns)
      let offset = writeSync(fd, PARQUET_MAGIC)
      let ms = 0
      const timed = <T>(work: () => T): T => {
        const started = process.cpuUsage()
        const result = work()
        ms += process.cpuUsage(started).user / 1000
        return result
      }
      for (let g = 0; g < groups; g++) {
        const group = timed(() => writer.encode(map, ROW_GROUP_ROWS))
        writer.place(group, offset)
        offset += writeSync(fd, group.bytes)
      }
      const footer = timed(() => writer.finish(offset, {}))
      offset += writeSync(fd, footer)
      closeSync(fd)
      const rows = groups * ROW_GROUP_ROWS
      const textBytes = rows * (segment.lineBytes + 1)
      measured.push({ name, rows, ms, bytes: offset, textBytes })
      if (flags.columns) {
        for (const column of columns) {
          const single = new ParquetTableWriter(
            { ...table, columns: table.columns.filter((c) => c.name === column.name) },
            { ...options, encoder },
          )
          const start = process.cpuUsage()
          for (let g = 0; g < 20; g++) single.encode(map, ROW_GROUP_ROWS)
          columnTimes.set(`${name}.${column.name}`, process.cpuUsage(start).user / 20_000)
        }
      }
    })
    report(measured)
    if (flags.columns) {
      console.log('\ncolumn, ns a row')
      for (const [name, ms] of columnTimes) {
        console.log(`${name.padEnd(50)} ${((ms * 1e6) / ROW_GROUP_ROWS).toFixed(2)}`)
      }
    }
    if (flags.sizes) await compareSizes(directory, names)
  } finally {
    if (flags.keep === undefined) rmSync(directory, { recursive: true, force: true })
  }
}

function report(measured: readonly Measured[]): void {
  const sum = (key: 'rows' | 'ms' | 'bytes' | 'textBytes') =>
    measured.reduce((total, one) => total + one[key], 0)
  const total = {
    name: 'all',
    rows: sum('rows'),
    ms: sum('ms'),
    bytes: sum('bytes'),
    textBytes: sum('textBytes'),
  }
  console.log(`${process.version} codec=${flags.codec} labels=${flags.labels}`)
  for (const { name, rows, ms, bytes, textBytes } of [...measured, total]) {
    console.log(
      `${name.padEnd(16)} ${(rows / 1e6).toFixed(2)} M rows ${ms.toFixed(0).padStart(5)} ms ` +
        `${(rows / ms / 1e3).toFixed(1).padStart(5)} M rows/s ` +
        `${(textBytes / ms / 1e3).toFixed(0).padStart(5)} MB/s of text ` +
        `${(ms / (textBytes / 1e9)).toFixed(0).padStart(5)} ms/GB ` +
        `${(bytes / rows).toFixed(2).padStart(6)} bytes/row out`,
    )
  }
}

async function compareSizes(directory: string, names: readonly string[]): Promise<void> {
  const { DuckDBInstance } = await import('@duckdb/node-api')
  const instance = await DuckDBInstance.create(':memory:', { threads: '1' })
  const connection = await instance.connect()
  let ours = 0
  let theirs = 0
  for (const name of names) {
    const path = join(directory, `${name}.parquet`)
    const copy = join(directory, `${name}.duckdb.parquet`)
    await connection.run(`COPY (FROM read_parquet('${path}')) TO '${copy}' (FORMAT parquet)`)
    const size = statSync(path).size
    const duckDbSize = statSync(copy).size
    ours += size
    theirs += duckDbSize
    console.log(
      `${name.padEnd(16)} ${size} / DuckDB snappy ${duckDbSize} = ${(size / duckDbSize).toFixed(3)}`,
    )
  }
  console.log(`all              ${ours} / DuckDB snappy ${theirs} = ${(ours / theirs).toFixed(3)}`)
}

await main()
