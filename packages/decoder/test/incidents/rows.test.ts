import { beforeAll, describe, expect, it } from 'vitest'
import { decode } from '../../src/decode.js'
import { OptionError } from '../../src/errors.js'
import { type Row, rows, type RowsOptions, RowShape } from '../../src/rows.js'
import { loadSpec } from '../../src/spec/load.js'
import type { CompiledSpec } from '../../src/spec/types.js'
import type { DecodeOptions } from '../../src/options.js'
import { bytesOf } from '../decode/text.js'
import * as line from './lines.js'

let spec: CompiledSpec
beforeAll(async () => {
  spec = await loadSpec('nibrs/master@2013')
})

const lines = [
  line.administrative('A'),
  line.victim('A', { 68: '24F', 71: 'I' }),
  line.victim('A', { 34: '002', 68: 'NBq' }),
  line.offender('A'),
  line.property('A', { 58: 'E', 59: '000000012345' }),
]

async function allRows(
  segment: string,
  options?: RowsOptions,
  decodeOptions?: DecodeOptions,
): Promise<Row[]> {
  const found: Row[] = []
  for await (const row of rows(decode([bytesOf(lines)], spec, decodeOptions), segment, options)) {
    found.push(row)
  }
  return found
}

describe('rows', () => {
  it('are those of one segment, with every column in table order, then the record columns', async () => {
    const offenders = await allRows('offender')
    expect(offenders).toStrictEqual([
      {
        state_code: '50',
        ori: 'ZZ0010100',
        incident_number: 'A           ',
        incident_date: '2020-01-02',
        offender_sequence: 1,
        age: null,
        age_code: null,
        sex: null,
        race: null,
        ethnicity: null,
        record_number: 4,
        record_length: 40,
      },
    ])
    expect(Object.keys(offenders[0]!)).toEqual([
      ...spec.tables.find(({ name }) => name === 'offender')!.columns.map(({ name }) => name),
      'record_number',
      'record_length',
    ])
  })

  it('have decimals as numbers', async () => {
    expect(await allRows('property')).toMatchObject([{ drug_quantity_1: 12.345 }])
  })

  it('have labels behind codes when asked: null for null and for unlisted codes', async () => {
    const [first, second] = await allRows('victim', { labels: true })
    expect(first).toMatchObject({
      sex: 'F',
      sex_label: 'Female',
      injury_5: null,
      injury_5_label: null,
    })
    expect(second).toMatchObject({
      sex: 'q',
      sex_label: null,
      age: null,
      age_code: 'NB',
      age_code_label: '1 to 6 days old',
    })
    expect(Object.keys(first!).filter((key) => key.endsWith('_label'))).toHaveLength(
      spec.tables
        .find(({ name }) => name === 'victim')!
        .columns.filter(({ codes }) => codes !== undefined).length,
    )
  })

  it.each([1, 2, 8192])('are the same in batches of %i rows', async (batchRows) => {
    const expected = await allRows('victim')
    expect(await allRows('victim', {}, { batchRows, aligned: false })).toStrictEqual(expected)
    expect(await allRows('victim', {}, { batchRows, reuseArrays: true })).toStrictEqual(expected)
    expect(await allRows('victim', {}, { segments: ['victim'] })).toStrictEqual(expected)
  })

  it('are the same whether generated code makes them or plain code', async () => {
    for await (const batch of decode([bytesOf(lines)], spec)) {
      const table = decode([], spec).sinkSchema.tables.find(({ name }) => name === batch.segment)!
      const generated = new RowShape(table, true).bind(batch)
      const plain = new RowShape(table, true, false).bind(batch)
      for (let row = 0; row < batch.rowCount; row++) {
        expect(plain(row)).toStrictEqual(generated(row))
        expect(Object.keys(plain(row))).toEqual(Object.keys(generated(row)))
      }
    }
  })

  it('close the input when the loop is left', async () => {
    let closed = false
    async function* input(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield bytesOf(lines)
      } finally {
        closed = true
      }
    }
    for await (const row of rows(decode(input(), spec, { batchRows: 2 }), 'victim')) {
      expect(row.record_number).toBe(2)
      break
    }
    expect(closed).toBe(true)
  })

  it('refuse unknown options and segments at once', () => {
    const fault = (call: () => unknown): OptionError => {
      try {
        call()
      } catch (error) {
        if (error instanceof OptionError) return error
        throw error
      }
      throw new Error('nothing was thrown')
    }
    const decoding = decode([], spec, { segments: ['victim', 'offense'] })
    expect(fault(() => rows(decoding, 'victim', { label: true } as object)).code).toBe(
      'OPTION_UNKNOWN',
    )
    expect(fault(() => rows(decoding, 'victims'))).toMatchObject({
      code: 'OPTION_SEGMENT_UNKNOWN',
      segment: 'victims',
    })
    expect(fault(() => rows(decoding, 'offender'))).toMatchObject({
      code: 'OPTION_CONFLICT',
      message:
        'segment "offender" is not decoded, only offense, victim; add it to the option "segments" of decode',
    })
  })

  it('refuse labels that would take the name of a column', () => {
    const codes = spec.tables.flatMap(({ columns }) => columns).find(({ name }) => name === 'sex')!
    const clash = {
      ...spec,
      tables: spec.tables.map((table) =>
        table.name === 'offender'
          ? { ...table, columns: [...table.columns, { ...codes, name: 'race_label' }] }
          : table,
      ),
    }
    expect(() => rows(decode([], clash), 'offender', { labels: true })).toThrow(
      'segment "offender" already has a column "race_label"',
    )
    expect(() => rows(decode([], clash), 'offender')).not.toThrow()
  })
})
