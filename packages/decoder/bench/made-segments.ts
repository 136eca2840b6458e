import type { Column, SegmentBatch, SinkTable } from '../src/batch.js'
import {
  BytesCells,
  columnMap,
  DictionaryCells,
  GrowingDictionary,
  NumberCells,
  RECORD_COLUMNS,
} from '../src/columns.js'
import type { CodeTable, ColumnSpec } from '../src/spec/types.js'

/** A table with a few batches of made rows, shaped like those of a NIBRS master file. */
export interface MadeSegment {
  readonly table: SinkTable
  readonly batches: readonly SegmentBatch[]
  /** Bytes of a line of the master file, with its end. */
  readonly lineBytes: number
  /** Share of this segment among the lines of a year. */
  readonly share: number
}

/** Draws 32-bit numbers from a seed (xorshift32). */
function generator(seed: number): () => number {
  let state = seed | 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
}

type Draw = () => number

function codes(name: string, count: number, width: number): CodeTable {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'
  const list = Array.from({ length: count }, (_, index) => {
    let code = ''
    for (let n = index, i = 0; i < width; i++, n = Math.floor(n / 36)) code = letters[n % 36] + code
    const words = 'Motor Vehicle Parts or Accessories of Unknown Kind'.slice(0, 5 + (index % 30))
    return [code, { label: `${words} ${index}` }] as const
  })
  return { name, title: name, codes: new Map(list) }
}

const TABLES = {
  state: codes('state', 55, 2),
  offense: codes('offense', 86, 3),
  one: codes('one', 9, 1),
  two: codes('two', 46, 2),
  drug: codes('drug', 18, 1),
  measure: codes('measure', 13, 2),
  relationship: codes('relationship', 28, 2),
}

type Kind = 'code' | 'integer' | 'date' | 'ori' | 'incident' | 'decimal' | 'flag' | 'hour'

/** name, kind, width, share of rows that have a value, code table. */
type MadeColumn = readonly [string, Kind, number, number, CodeTable?]

const KEY: readonly MadeColumn[] = [
  ['state_code', 'code', 2, 1, TABLES.state],
  ['ori', 'ori', 9, 1],
  ['incident_number', 'incident', 12, 1],
  ['incident_date', 'date', 8, 1],
]

const PERSON: readonly MadeColumn[] = [
  ['age', 'integer', 2, 0.9],
  ['age_code', 'code', 2, 0.99, TABLES.two],
  ['sex', 'code', 1, 0.99, TABLES.one],
  ['race', 'code', 1, 0.99, TABLES.one],
  ['ethnicity', 'code', 1, 0.9, TABLES.one],
]

function repeated(
  from: number,
  to: number,
  columns: (n: number) => readonly MadeColumn[],
): readonly MadeColumn[] {
  return Array.from({ length: to - from + 1 }, (_, index) => columns(from + index)).flat()
}

const LAYOUTS: readonly (readonly [string, number, number, readonly MadeColumn[]])[] = [
  [
    'administrative',
    90,
    0.17,
    [
      ...KEY,
      ['report_date_indicator', 'code', 1, 0.1, TABLES.one],
      ['incident_hour', 'hour', 2, 0.95],
      ['total_offense_segments', 'integer', 2, 1],
      ['total_victim_segments', 'integer', 3, 1],
      ['total_offender_segments', 'integer', 2, 1],
      ['total_arrestee_segments', 'integer', 2, 1],
      ['city_submission', 'code', 4, 0.05],
      ['cleared_exceptionally', 'code', 1, 1, TABLES.one],
      ['exceptional_clearance_date', 'date', 8, 0.03],
      ['cargo_theft', 'flag', 1, 0.3],
    ],
  ],
  [
    'offense',
    60,
    0.19,
    [
      ...KEY,
      ['offense_code', 'code', 3, 1, TABLES.offense],
      ['attempted_completed', 'code', 1, 1, TABLES.one],
      ['suspected_of_using_1', 'code', 1, 1, TABLES.one],
      ['suspected_of_using_2', 'code', 1, 0.01, TABLES.one],
      ['suspected_of_using_3', 'code', 1, 0.001, TABLES.one],
      ['location_type', 'code', 2, 1, TABLES.two],
      ['premises_entered', 'integer', 2, 0.05],
      ['method_of_entry', 'code', 1, 0.1, TABLES.one],
      ...repeated(1, 3, (n): readonly MadeColumn[] => [
        [`criminal_activity_${n}`, 'code', 1, [0, 0.2, 0.01, 0.001][n]!, TABLES.one],
      ]),
      ...repeated(1, 3, (n): readonly MadeColumn[] => [
        [`weapon_force_${n}`, 'code', 2, [0, 0.25, 0.01, 0.001][n]!, TABLES.two],
        [`automatic_indicator_${n}`, 'code', 1, [0, 0.01, 0.001, 0.0001][n]!, TABLES.one],
      ]),
      ['bias_motivation_1', 'code', 2, 1, TABLES.two],
      ...repeated(2, 5, (n): readonly MadeColumn[] => [
        [`bias_motivation_${n}`, 'code', 2, 0, TABLES.two],
      ]),
    ],
  ],
  [
    'property',
    103,
    0.2,
    [
      ...KEY,
      ['property_loss', 'code', 1, 1, TABLES.one],
      ['property_description', 'code', 2, 0.95, TABLES.two],
      ['property_value', 'integer', 9, 0.85],
      ['date_recovered', 'date', 8, 0.1],
      ['stolen_motor_vehicles', 'integer', 2, 0.05],
      ['recovered_motor_vehicles', 'integer', 2, 0.02],
      ...repeated(1, 3, (n): readonly MadeColumn[] => [
        [`drug_type_${n}`, 'code', 1, [0, 0.1, 0.02, 0.005][n]!, TABLES.drug],
        [`drug_quantity_${n}`, 'decimal', 12, [0, 0.08, 0.015, 0.003][n]!],
        [`drug_measurement_${n}`, 'code', 2, [0, 0.08, 0.015, 0.003][n]!, TABLES.measure],
      ]),
    ],
  ],
  [
    'victim',
    136,
    0.2,
    [
      ...KEY,
      ['victim_sequence', 'integer', 3, 1],
      ['offense_code_1', 'code', 3, 1, TABLES.offense],
      ...repeated(2, 10, (n): readonly MadeColumn[] => [
        [`offense_code_${n}`, 'code', 3, 0.1 / 4 ** (n - 2), TABLES.offense],
      ]),
      ['victim_type', 'code', 1, 1, TABLES.one],
      ...PERSON,
      ['resident_status', 'code', 1, 0.7, TABLES.one],
      ['circumstance_1', 'code', 2, 0.08, TABLES.two],
      ['circumstance_2', 'code', 2, 0.005, TABLES.two],
      ['justifiable_homicide_circumstance', 'code', 1, 0.0001, TABLES.one],
      ['injury_1', 'code', 1, 0.25, TABLES.one],
      ...repeated(2, 5, (n): readonly MadeColumn[] => [
        [`injury_${n}`, 'code', 1, 0.02 / 5 ** (n - 2), TABLES.one],
      ]),
      ['related_offender_number_1', 'integer', 2, 0.3],
      ['relationship_1', 'code', 2, 0.3, TABLES.relationship],
      ...repeated(2, 10, (n): readonly MadeColumn[] => [
        [`related_offender_number_${n}`, 'integer', 2, 0.04 / 3 ** (n - 2)],
        [`relationship_${n}`, 'code', 2, 0.04 / 3 ** (n - 2), TABLES.relationship],
      ]),
      ['officer_activity', 'code', 2, 0.005, TABLES.two],
      ['officer_assignment', 'code', 1, 0.005, TABLES.one],
      ['officer_other_ori', 'ori', 9, 0.0005],
    ],
  ],
  ['offender', 41, 0.19, [...KEY, ['offender_sequence', 'integer', 2, 1], ...PERSON]],
  [
    'arrestee',
    74,
    0.05,
    [
      ...KEY,
      ['arrestee_sequence', 'integer', 2, 1],
      ['arrest_transaction_number', 'incident', 12, 1],
      ['arrest_date', 'date', 8, 1],
      ['arrest_type', 'code', 1, 1, TABLES.one],
      ['multiple_arrestee', 'code', 1, 1, TABLES.one],
      ['offense_code', 'code', 3, 1, TABLES.offense],
      ['armed_with_1', 'code', 2, 1, TABLES.two],
      ['automatic_indicator_1', 'code', 1, 0.01, TABLES.one],
      ['armed_with_2', 'code', 2, 0.01, TABLES.two],
      ['automatic_indicator_2', 'code', 1, 0.001, TABLES.one],
      ...PERSON,
      ['resident_status', 'code', 1, 0.9, TABLES.one],
      ['disposition_under_18', 'code', 1, 0.1, TABLES.one],
    ],
  ],
]

/** Made batches of the segments that carry nearly all lines of a year. */
export function madeSegments(batchRows: number, batchCount: number): readonly MadeSegment[] {
  const draw = generator(20221)
  const dictionaries = new Map<string, GrowingDictionary>()
  return LAYOUTS.map(([name, lineBytes, share, columns], segmentIndex) => {
    const specs = columns.map(columnSpec)
    const table = { name, title: name, columns: [...specs, ...RECORD_COLUMNS] }
    const batches = Array.from({ length: batchCount }, (_, index) => {
      const cells = columns.map((column, at): Column =>
        madeColumn(column, specs[at]!, batchRows, dictionaries, draw),
      )
      const first = 10_000_000 + index * batchRows * 5
      const recordNumbers = Uint32Array.from({ length: batchRows }, (_, row) => first + row * 5)
      const recordLengths = new Uint32Array(batchRows).fill(lineBytes - 1)
      return {
        segment: name,
        segmentIndex,
        rowCount: batchRows,
        throughRecord: first + batchRows * 5,
        columns: columnMap([
          ...cells,
          new NumberCells(RECORD_COLUMNS[0]!, batchRows, recordNumbers, null),
          new NumberCells(RECORD_COLUMNS[1]!, batchRows, recordLengths, null),
        ]),
        recordNumbers,
        recordLengths,
        issues: [],
      }
    })
    return { table, batches, lineBytes, share }
  })
}

function columnSpec([name, kind, width, , table]: MadeColumn): ColumnSpec {
  const type = kind === 'ori' || kind === 'incident' ? 'identifier' : kind
  const scale = kind === 'decimal' ? 3 : 0
  return { name, type, width, scale, ...(table === undefined ? {} : { codes: table }) }
}

/** Values a dictionary of this kind holds. */
function valuesOf([, kind, width, , table]: MadeColumn): (string | number | boolean)[] {
  switch (kind) {
    case 'code':
      return table === undefined ? ['1234', 'AB12'] : [...table.codes.keys()]
    case 'integer':
      return Array.from({ length: 10 ** Math.min(width, 3) }, (_, value) => value)
    case 'hour':
      return Array.from({ length: 24 }, (_, value) => value)
    case 'date':
      return Array.from({ length: 366 }, (_, day) => 18_993 + day)
    case 'flag':
      return [false, true]
    case 'ori':
      return Array.from({ length: 18_000 }, (_, n) => `AK${String(n).padStart(5, '0')}00`)
    case 'decimal':
    case 'incident':
      return []
  }
}

function madeColumn(
  column: MadeColumn,
  spec: ColumnSpec,
  rowCount: number,
  dictionaries: Map<string, GrowingDictionary>,
  draw: Draw,
): Column {
  const [, kind, width, share, table] = column
  const isFilled = () => draw() / 2 ** 32 < share
  if (kind === 'incident') {
    const bytes = new Uint8Array(rowCount * width)
    const letters = Buffer.from('ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 -')
    for (let i = 0; i < bytes.length; i++) bytes[i] = letters[draw() % letters.length]!
    const valid = new Uint8Array(rowCount).fill(1)
    return new BytesCells(spec, rowCount, {
      width,
      bytes,
      valid,
      trim: false,
      characters: LATIN1,
      nonAscii: false,
    })
  }
  if (kind === 'decimal' || (kind === 'integer' && width > 3)) {
    const values = kind === 'decimal' ? new Float64Array(rowCount) : new Int32Array(rowCount)
    const valid = new Uint8Array(rowCount)
    for (let row = 0; row < rowCount; row++) {
      if (!isFilled()) continue
      valid[row] = 1
      const magnitude = 10 ** (1 + (draw() % 5))
      values[row] = kind === 'decimal' ? draw() % (magnitude * 10) : draw() % magnitude
    }
    return new NumberCells(spec, rowCount, values, valid)
  }
  const key = `${kind}/${width}/${table?.name ?? ''}`
  let dictionary = dictionaries.get(key)
  if (dictionary === undefined) {
    dictionary = new GrowingDictionary(spec.codes ?? null)
    for (const value of valuesOf(column)) dictionary.add(value)
    dictionaries.set(key, dictionary)
  }
  const size = dictionary.values.length - 1
  const isWide = kind === 'ori' || width === 4
  const narrow =
    kind === 'date' || width === 3
      ? Uint16Array
      : kind === 'code' && width > 1
        ? Uint16Array
        : Uint8Array
  const indices = new (isWide ? Uint32Array : narrow)(rowCount)
  let current = 1
  for (let row = 0; row < rowCount; row++) {
    if (!isFilled()) continue
    // Agencies and dates come in runs; small numbers and common codes are the rule.
    if (kind === 'ori' || kind === 'date') {
      if (draw() % 200 === 0) current = 1 + (draw() % size)
      indices[row] = current
    } else {
      indices[row] = 1 + Math.floor(size * (draw() / 2 ** 32) ** 3)
    }
  }
  return new DictionaryCells(spec, rowCount, indices, dictionary)
}

const LATIN1: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  String.fromCharCode(byte === 0 ? 32 : byte),
)
