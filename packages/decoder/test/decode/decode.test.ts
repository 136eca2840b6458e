import { beforeAll, describe, expect, it } from 'vitest'
import { decode } from '../../src/decode.js'
import { OptionError, RecordError } from '../../src/errors.js'
import { loadSpec } from '../../src/spec/load.js'
import type { CompiledSpec } from '../../src/spec/types.js'
import { bytesOf, chunksOf, decodeAll, lawHolds, record } from './text.js'

let spec: CompiledSpec
let old: CompiledSpec
beforeAll(async () => {
  spec = await loadSpec('nibrs/master@2013')
  old = await loadSpec('nibrs/master@1991')
})

const header = (year: string, ori = 'ZZ0010100', state = '50'): string =>
  record(284, { 1: `BH${state}${ori}`, 14: '000000000000', 42: 'SOMEWHERE', 230: year })

const offender = (parts: Record<number, string>, length = 40): string =>
  record(length, { 1: '0550ZZ0010100', 14: 'ABC 12345  X', 26: '20200102', 34: '01', ...parts })

const offense = (parts: Record<number, string>, length = 59): string =>
  record(length, { 1: '0250ZZ0010100', 14: 'ABC 12345  X', 26: '20200102', 34: '13AC', ...parts })

const property = (parts: Record<number, string>): string =>
  record(102, { 1: '0350ZZ0010100', 14: 'ABC 12345  X', 26: '20200102', 34: '716', ...parts })

describe('values', () => {
  it('keeps identifiers whole, with their leading, inner and trailing blanks', async () => {
    const line = record(40, { 1: '0550ZZ0010100', 14: ' B-B0CQ 72 ', 26: '20200102', 34: '01' })
    const { rows } = await decodeAll(bytesOf([line]), spec)
    expect(rows['offender']![0]!['incident_number']).toBe(' B-B0CQ 72  ')
  })

  it.each([
    ['27', 27, '27', null],
    ['01', 1, '01', null],
    ['98', 98, '98', null],
    ['00', null, '00', null],
    ['99', null, '99', null],
    ['NN', null, 'NN', null],
    ['NB', null, 'NB', null],
    ['BB', null, 'BB', null],
    ['  ', null, null, null],
    ['7 ', null, '7', 'FIELD_NUMBER_OR_CODE'],
    ['X1', null, 'X1', 'FIELD_NUMBER_OR_CODE'],
  ])('reads age %j as %j and code %j', async (text, age, code, issue) => {
    const { rows, issues } = await decodeAll(bytesOf([offender({ 36: text })]), spec)
    expect(rows['offender']![0]).toMatchObject({ age, age_code: code })
    expect(issues.map((found) => found.code)).toEqual(issue === null ? [] : [issue])
  })

  it('keeps an unlisted code as sent and reports every occurrence with its position', async () => {
    const lines = [offender({ 38: 'm' }), offender({ 38: 'M' }), offender({ 38: 'm' })]
    const { rows, issues } = await decodeAll(bytesOf(lines), spec)
    expect(rows['offender']!.map((row) => row['sex'])).toEqual(['m', 'M', 'm'])
    expect(issues).toEqual(
      [1, 3].map((recordNumber) => ({
        code: 'FIELD_CODE_UNKNOWN',
        segment: 'offender',
        field: 'sex',
        recordNumber,
        byteOffset: (recordNumber - 1) * 41 + 37,
        raw: 'm',
      })),
    )
  })

  it.each([
    ['20240229', '2024-02-29', null],
    ['20230229', null, 'FIELD_DATE'],
    ['00000000', null, null],
    ['        ', null, null],
    ['19000101', '1900-01-01', null],
    ['20781231', '2078-12-31', null],
    ['18991231', null, 'FIELD_DATE'],
    ['20201301', null, 'FIELD_DATE'],
    ['2020010 ', null, 'FIELD_DATE'],
  ])('reads date %j as %j', async (text, date, issue) => {
    const { rows, issues } = await decodeAll(bytesOf([offender({ 26: text })]), spec)
    expect(rows['offender']![0]!['incident_date']).toBe(date)
    expect(issues.map((found) => found.code)).toEqual(issue === null ? [] : [issue])
  })

  it.each([
    ['000000001', 1, null],
    ['999999999', 999_999_999, null],
    ['         ', null, null],
    ['#########', null, 'FIELD_OVERFLOW'],
    ['      120', 120, null],
    ['12       ', null, 'FIELD_NOT_NUMERIC'],
    ['-00000001', null, 'FIELD_NOT_NUMERIC'],
  ])('reads property value %j as %j', async (text, value, issue) => {
    const { rows, issues } = await decodeAll(bytesOf([property({ 37: text })]), spec)
    expect(rows['property']![0]!['property_value']).toBe(value)
    expect(issues.map(({ code, raw }) => [code, raw])).toEqual(
      issue === null ? [] : [[issue, text]],
    )
  })

  it.each([
    ['000000012', '345', 12.345],
    ['999999999', '999', 999_999_999.999],
    ['000000000', '001', 0.001],
    ['000000002', '   ', 2],
    ['         ', '  5', 0.005],
    ['       12', '345', 12.345],
  ])('joins drug quantity %s and thousandths %j to one exact decimal', async (a, b, value) => {
    const { rows } = await decodeAll(bytesOf([property({ 58: 'E', 59: a, 68: b, 71: 'GM' })]), spec)
    expect(rows['property']![0]!['drug_quantity_1']).toBe(value)
  })

  it.each([
    ['        1', '2 5'],
    ['000000001', ' 25'],
    ['00000001 ', '250'],
  ])('does not guess at drug quantity %j and thousandths %j', async (a, b) => {
    const { rows, issues } = await decodeAll(bytesOf([property({ 59: a, 68: b })]), spec)
    expect(rows['property']![0]!['drug_quantity_1']).toBeNull()
    expect(issues.map(({ code, raw }) => [code, raw])).toEqual([['FIELD_NOT_NUMERIC', a + b]])
  })

  it('reads a blank hour as unknown and reports an hour such as "1-"', async () => {
    const line = (hour: string): string =>
      record(89, { 1: '0150ZZ0010100', 14: 'A', 26: '20200102', 35: hour, 50: 'N', 89: 'N' })
    const { rows, issues } = await decodeAll(
      bytesOf(['00', '23', '  ', '1-', '24'].map(line)),
      spec,
    )
    expect(rows['administrative']!.map((row) => row['incident_hour'])).toEqual([
      0,
      23,
      null,
      null,
      null,
    ])
    expect(issues.map(({ code, raw }) => [code, raw])).toEqual([
      ['FIELD_HOUR', '1-'],
      ['FIELD_HOUR', '24'],
    ])
  })

  it('reads NUL bytes as blanks without moving what follows', async () => {
    const line = offender({ 36: '\0\0M\0', 14: '\0'.repeat(12) })
    const { rows, issues } = await decodeAll(bytesOf([line]), spec)
    expect(rows['offender']![0]).toMatchObject({
      incident_number: null,
      age: null,
      age_code: null,
      sex: 'M',
      race: null,
    })
    expect(issues).toEqual([])
  })

  it('reads bytes above 0x7F in a city name as Latin-1', async () => {
    const line = record(284, { 1: 'BH53ZZ0010100', 42: 'MAYAGÜEZ', 230: '2020' })
    const { rows } = await decodeAll(bytesOf([line]), spec)
    expect(rows['batch_header']![0]!['city_name']).toBe('MAYAGÜEZ')
  })

  it('reports data in filler, which no column would carry', async () => {
    const line = record(89, { 1: '0150ZZ0010100', 14: 'A', 26: '20200102', 59: '13A', 89: 'N' })
    const { issues } = await decodeAll(bytesOf([line]), spec)
    expect(issues).toMatchObject([{ code: 'FILLER_NOT_BLANK', byteOffset: 58 }])
  })
})

describe('lines', () => {
  it('decodes short lines, leaving what is cut off null and the length to tell it', async () => {
    const { rows, issues, stats } = await decodeAll(bytesOf([offender({ 36: '30' }, 37)]), spec)
    expect(rows['offender']![0]).toMatchObject({ age: 30, sex: null, record_length: 37 })
    expect(issues).toEqual([])
    expect(stats.shortRecords).toBe(1)
  })

  it('reads optional tails when the line has them', async () => {
    const lines = [offense({ 58: '88' }), offense({ 58: '8812', 62: '13' }, 67)]
    const { rows, issues } = await decodeAll(bytesOf(lines), spec)
    expect(
      rows['offense']!.map((row) => [row['bias_motivation_2'], row['bias_motivation_3']]),
    ).toEqual([
      [null, null],
      ['12', '13'],
    ])
    expect(issues).toEqual([])
  })

  it('ignores blanks beyond the layout and reports anything else there', async () => {
    const lines = [offender({}, 132), offender({ 50: 'ZZ' }, 60)]
    const { issues, stats } = await decodeAll(bytesOf(lines), spec)
    expect(issues).toMatchObject([
      { code: 'RECORD_TRAILING_DATA', recordNumber: 2, byteOffset: 133 + 40 },
    ])
    expect(stats.longRecords).toBe(2)
  })

  it('withholds unknown levels and records without their whole key', async () => {
    const lines = ['99 WHAT IS THIS', offender({}, 20), offender({}, 25)]
    const { rows, issues, stats } = await decodeAll(bytesOf(lines), spec)
    expect(issues.map((issue) => [issue.code, issue.segment, issue.recordNumber])).toEqual([
      ['RECORD_UNKNOWN_LEVEL', null, 1],
      ['RECORD_TOO_SHORT', 'offender', 2],
    ])
    expect(rows['offender']).toHaveLength(1)
    expect(stats).toMatchObject({ records: 3, withheld: 2 })
    expect(lawHolds(stats)).toBe(true)
  })

  it('finds a line end inside what a record of full length would take', async () => {
    // Cut at 20, and the next line puts a line end where the first would have ended: 20 + 1 + 19.
    const lines = [offender({}, 20), 'BH50ZZ0010100      ', offender({})]
    const { stats } = await decodeAll(bytesOf(lines), spec)
    expect(stats).toMatchObject({ records: 3, withheld: 1 })
    expect(stats.rows).toMatchObject({ offender: 1, batch_header: 1 })
  })

  it.each(['\n', '\r\n'])(
    'counts blank lines and end marks apart, with line end %j',
    async (end) => {
      const body = bytesOf(['', offender({}), '   ', offender({})], end)
      const { rows, stats } = await decodeAll(Buffer.concat([body, Buffer.from([0x1a])]), spec)
      expect(stats).toMatchObject({ records: 2, blankLines: 2, endMarks: 1, withheld: 0 })
      expect(rows['offender']!.map((row) => row['record_number'])).toEqual([2, 4])
    },
  )

  it('decodes a last line without an end', async () => {
    const whole = bytesOf([offender({ 36: '30' })])
    const { rows } = await decodeAll(whole.subarray(0, whole.length - 1), spec)
    expect(rows['offender']).toHaveLength(1)
  })

  it('gives the same rows and issues however the input is cut', async () => {
    const lines = [
      header('2020'),
      offender({ 38: 'x' }),
      offense({}),
      'junk',
      property({ 37: '#' }),
    ]
    const bytes = bytesOf(Array.from({ length: 40 }, () => lines).flat(), '\r\n')
    const whole = await decodeAll(bytes, spec, { batchRows: 7 })
    for (const size of [1, 2, 3, 41, 100, 1000]) {
      const cut = await decodeAll(chunksOf(bytes, size), spec, { batchRows: 7 })
      expect(cut).toEqual(whole)
    }
    expect(lawHolds(whole.stats)).toBe(true)
  })

  it('refuses a line longer than 1 MiB with its position', async () => {
    const bytes = Buffer.concat([bytesOf([offender({})]), Buffer.alloc(3 << 20, 0x41)])
    await expect(decodeAll(chunksOf(bytes, 65_536), spec)).rejects.toMatchObject({
      code: 'INPUT_RECORD_TOO_LONG',
      byteOffset: 41,
      recordNumber: 2,
    })
  })
})

describe('headers', () => {
  const part = (level: string, parts: Record<number, string>, length = 132): string =>
    record(length, { 1: `${level}12ZZ0010100`, ...parts })

  it('joins the three lines of 1991-2012 into one row', async () => {
    const lines = [
      part('B1', { 42: 'OLDTOWN', 72: 'IL' }, 105),
      part('B2', { 26: '000012345', 74: '000000777' }, 121),
      part('B3', { 26: '000000009', 54: '1991', 94: '031' }, 108),
      record(39, { 1: '0512ZZ0010100', 14: 'A', 26: '19910102', 34: '01' }),
    ]
    const { rows, stats, issues } = await decodeAll(bytesOf(lines), old)
    expect(rows['batch_header']).toHaveLength(1)
    expect(rows['batch_header']![0]).toMatchObject({
      ori: 'ZZ0010100',
      city_name: 'OLDTOWN',
      current_population_1: 12_345,
      current_population_3: 777,
      current_population_5: 9,
      master_file_year: 1991,
      fips_county_code_1: '031',
      record_number: 1,
      record_length: 105 + 121 + 108,
    })
    expect(issues).toEqual([])
    expect(stats).toMatchObject({ records: 4, joinedHeaderParts: 2, dataYear: 1991 })
    expect(lawHolds(stats)).toBe(true)
  })

  it('keeps a header with missing lines, in place, and says which are missing', async () => {
    const lines = [part('B1', { 42: 'A' }), part('B3', { 54: '1991' }), part('B2', {})]
    const { rows, issues, stats } = await decodeAll(bytesOf(lines), old)
    expect(rows['batch_header']!.map((row) => row['record_number'])).toEqual([1, 3])
    expect(issues.map((issue) => [issue.code, issue.recordNumber, issue.raw])).toEqual([
      ['HEADER_PART_MISSING', 1, 'B2'],
      ['HEADER_PART_MISSING', 3, 'B1 B3'],
      ['HEADER_REPEATED', 3, '12ZZ0010100'],
    ])
    expect(lawHolds(stats)).toBe(true)
  })

  it('places the issue of a joined header in the line it stands in', async () => {
    const lines = [part('B1', {}), part('B2', {}), part('B3', { 26: '00000000X' })]
    const { issues } = await decodeAll(bytesOf(lines), old)
    expect(issues).toMatchObject([
      {
        code: 'FIELD_NOT_NUMERIC',
        field: 'current_population_5',
        recordNumber: 3,
        byteOffset: 2 * 133 + 25,
      },
    ])
  })

  it('keeps repeated headers and reports them', async () => {
    const { rows, issues } = await decodeAll(bytesOf([header('2020'), header('2020')]), spec)
    expect(rows['batch_header']).toHaveLength(2)
    expect(issues.map((issue) => [issue.code, issue.recordNumber])).toEqual([
      ['HEADER_REPEATED', 2],
    ])
  })

  const arrestee = (state: string, shift: number): string =>
    record(73 + shift, {
      1: `06${state}ZZ0010100`,
      14: 'A',
      26: '20150102',
      34: '01',
      36: 'T'.repeat(12 + shift),
      [48 + shift]: '20150103ON13A01',
      [67 + shift]: '33MW',
    })

  it('reads Vermont arrestees of 2015 one position to the right, and no others', async () => {
    const lines = [header('2015', 'VT0010100', '44'), arrestee('44', 1), arrestee('45', 0)]
    const { rows, issues } = await decodeAll(bytesOf(lines), spec)
    expect(rows['arrestee']).toMatchObject([
      { arrest_transaction_number: 'T'.repeat(13), arrest_date: '2015-01-03', age: 33 },
      { arrest_transaction_number: 'T'.repeat(12), arrest_date: '2015-01-03', age: 33 },
    ])
    expect(issues).toEqual([])
    const later = await decodeAll(bytesOf([header('2016'), arrestee('44', 0)]), spec)
    expect(later.rows['arrestee']![0]!['age']).toBe(33)
  })
})

describe('options', () => {
  it('counts records of other segments as not selected', async () => {
    const bytes = bytesOf([header('2020'), offender({}), offense({}), offender({})])
    const { rows, stats } = await decodeAll(bytes, spec, { segments: ['offense'] })
    expect(Object.keys(rows)).toEqual(['offense'])
    expect(stats).toMatchObject({ records: 4, notSelected: 3, dataYear: 2020 })
    expect(lawHolds(stats)).toBe(true)
  })

  it('stops at the limit', async () => {
    const bytes = bytesOf(Array.from({ length: 50 }, () => offender({})))
    const { rows, stats } = await decodeAll(bytes, spec, { limit: 17 })
    expect(rows['offender']).toHaveLength(17)
    expect(stats.records).toBe(17)
  })

  it('throws at the first issue of the file under strict', async () => {
    const bytes = bytesOf([offender({}), property({ 37: 'x' }), offender({ 38: '?' })])
    await expect(decodeAll(bytes, spec, { strict: true })).rejects.toMatchObject({
      name: 'RecordError',
      code: 'FIELD_NOT_NUMERIC',
      recordNumber: 2,
      segment: 'property',
      field: 'property_value',
      byteOffset: 41 + 36,
    })
    await expect(decodeAll(bytes, spec, { strict: true })).rejects.toBeInstanceOf(RecordError)
  })

  it('refuses unknown options and segments before reading', () => {
    expect(() => decode([], spec, { sgments: [] } as never)).toThrow(OptionError)
    expect(() => decode([], spec, { segments: ['victims'] })).toThrow(/it has batch_header/)
    expect(() => decode([], spec, { batchRows: 0 })).toThrow(/batchRows/)
  })

  it('cuts every segment at the record where one is full, unless told otherwise', async () => {
    const bytes = bytesOf(
      Array.from({ length: 10 }, () => [offender({}), offender({}), offense({})]).flat(),
    )
    const cuts = async (aligned: boolean): Promise<[string, number, number][]> => {
      const found: [string, number, number][] = []
      for await (const batch of decode([bytes], spec, { batchRows: 8, aligned })) {
        found.push([batch.segment, batch.rowCount, batch.throughRecord])
      }
      return found
    }
    expect(await cuts(true)).toEqual([
      ['offense', 3, 11],
      ['offender', 8, 11],
      ['offense', 4, 23],
      ['offender', 8, 23],
      ['offense', 3, 30],
      ['offender', 4, 30],
    ])
    expect((await cuts(false)).map(([segment, count]) => [segment, count])).toEqual([
      ['offender', 8],
      ['offender', 8],
      ['offense', 8],
      ['offense', 2],
      ['offender', 4],
    ])
  })

  it('reads nothing ahead and closes the input when the loop is left', async () => {
    let pulled = 0
    let closed = false
    async function* input(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) {
          pulled++
          yield bytesOf([offender({}), offender({})])
        }
      } finally {
        closed = true
      }
    }
    for await (const batch of decode(input(), spec, { batchRows: 2 })) {
      expect(batch.rowCount).toBe(2)
      expect(pulled).toBe(1)
      break
    }
    expect(closed).toBe(true)
  })

  it('passes the reason of an abort through', async () => {
    const reason = new Error('enough')
    const controller = new AbortController()
    const decoding = decode([bytesOf([offender({})])], spec, {
      batchRows: 1,
      signal: controller.signal,
    })
    await expect(
      (async () => {
        for await (const batch of decoding) {
          expect(batch.rowCount).toBe(1)
          controller.abort(reason)
        }
      })(),
    ).rejects.toBe(reason)
  })
})
