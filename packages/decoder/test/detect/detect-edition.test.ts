import { beforeAll, describe, expect, test } from 'vitest'
import { detectEdition } from '../../src/spec/detect.js'
import { detectHint, type DetectHint } from '../../src/spec/detect-hint.js'
import { loadSpec } from '../../src/spec/load.js'
import { bytes, header, line, oldHeaders, record } from './lines.js'

let editions: readonly DetectHint[]

beforeAll(async () => {
  editions = await Promise.all(
    ['1991', '2002', '2013'].map(async (year) =>
      detectHint(await loadSpec(`nibrs/master@${year}`)),
    ),
  )
})

function detect(lines: readonly string[], lineEnd?: string) {
  return detectEdition(bytes(lines, lineEnd), true, editions)
}

describe('a file with batch headers', () => {
  test.each([
    ['2013', 'nibrs/master@2013'],
    ['2015', 'nibrs/master@2013'],
    ['2025', 'nibrs/master@2013'],
  ])('of one line (BH), data year %s, is %s', (year, id) => {
    const found = detect([header(year), record('01', 89, `${year}0101`)])
    expect(found).toEqual({
      id,
      dataYear: Number(year),
      reason: `its batch headers (BH) say data year ${year}`,
    })
  })

  test.each([
    ['1991', 'nibrs/master@1991'],
    ['2001', 'nibrs/master@1991'],
    ['2002', 'nibrs/master@2002'],
    ['2012', 'nibrs/master@2002'],
  ])('of three lines (B1 to B3), data year %s, is %s', (year, id) => {
    const found = detect([...oldHeaders(year), record('01', 58, `${year}0101`)])
    expect(found).toEqual({
      id,
      dataYear: Number(year),
      reason: `its batch headers (B3) say data year ${year}`,
    })
  })

  test('goes by the header even where incident dates say otherwise', () => {
    const found = detect([...oldHeaders('2002'), record('01', 58, '20011231')])
    expect(found.id).toBe('nibrs/master@2002')
  })

  test('takes the year most headers give', () => {
    const found = detect([header('2019'), header('2020'), header('2020')])
    expect(found.dataYear).toBe(2020)
  })

  test('keeps to the kind of header when the year is outside every edition that has it', () => {
    expect(detect([header('2012')]).id).toBe('nibrs/master@2013')
    expect(detect([...oldHeaders('2013')]).id).toBe('nibrs/master@2002')
  })

  test('without a readable year goes by the kind of header, then by dates', () => {
    expect(detect([header('    '), record('01', 58, '19950101')]).id).toBe('nibrs/master@2013')
    const old = [...oldHeaders('    '), record('01', 58, '19950101')]
    expect(detect(old)).toMatchObject({ id: 'nibrs/master@1991', dataYear: 1995 })
  })

  test('may have CRLF, NUL bytes, blank lines, an end mark and a byte order mark', () => {
    const lines = ['', ...oldHeaders('1998'), '   ', record('05', 39, '19980101'), '\u001a']
    const text = Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), bytes(lines, '\r\n')])
    expect(detectEdition(text, true, editions).id).toBe('nibrs/master@1991')
  })
})

describe('an extract without batch headers', () => {
  test.each([
    ['05', 39, 'nibrs/master@1991', 1995],
    ['05', 39, 'nibrs/master@2002', 2007],
    ['05', 39, 'nibrs/master@2013', 2016],
    ['01', 58, 'nibrs/master@1991', 2001],
    ['01', 89, 'nibrs/master@2013', 2013],
  ])('of %s records of %i bytes goes by its dates: %s', (level, length, id, year) => {
    expect(detect([record(level, length, `${year}0630`, { [length]: 'N' })])).toEqual({
      id,
      dataYear: year,
      reason: `it has no batch header, and its dates are mostly of ${year}`,
    })
  })

  test.each([
    ['04', 135, 'nibrs/master@2002'],
    ['05', 40, 'nibrs/master@2013'],
  ])(
    'with %s records of %i bytes is no earlier edition, whatever its dates',
    (level, length, id) => {
      const lines = [
        record('01', 58, '19990101'),
        record(level, length, '19990101', { [length]: 'N' }),
      ]
      expect(detect(lines)).toMatchObject({
        id,
        reason: 'it has no batch header, and its records are too long for an earlier edition',
      })
    },
  )

  test('padded with blanks to 132 bytes is not too long', () => {
    expect(detect([record('05', 132, '19950101', { 39: 'W' })]).id).toBe('nibrs/master@1991')
  })

  test('prefers incident dates to the dates of arrests and windows', () => {
    const lines = [
      ...Array.from({ length: 5 }, () => record('07', 56, '20020201')),
      record('01', 58, '20010601'),
    ]
    expect(detect(lines)).toMatchObject({ id: 'nibrs/master@1991', dataYear: 2001 })
  })

  test('of Group B arrests alone goes by arrest dates', () => {
    expect(detect([record('07', 56, '20051203')]).id).toBe('nibrs/master@2002')
  })

  test('without any date is taken for the edition whose lengths it has', () => {
    expect(detect([record('W3', 132, '        ', { 132: 'C' })])).toEqual({
      id: 'nibrs/master@2013',
      dataYear: null,
      reason: 'it has no batch header and no date, and its record lengths fit best',
    })
    const found = detect([record('04', 123, '        ', { 122: 'VS' })])
    expect(found.id).toBe('nibrs/master@1991')
  })
})

describe('a sample', () => {
  test('that is not the whole file ends with a line that does not count', () => {
    const text = Buffer.concat([bytes([header('2022')]), Buffer.from('XX not a whole line')])
    expect(detectEdition(text, false, editions).id).toBe('nibrs/master@2013')
  })

  test('is looked at for 4,096 lines', () => {
    const usual = Array.from({ length: 4095 }, () => record('05', 39, '19950101', { 39: 'W' }))
    const long = record('05', 40, '19950101', { 40: 'N' })
    expect(detect([...usual, long]).id).toBe('nibrs/master@2013')
    expect(detect([...usual, ...usual.slice(0, 1), long]).id).toBe('nibrs/master@1991')
  })

  test('may hold some lines of unknown levels', () => {
    expect(detect([header('2022'), header('2022'), 'ZZ strange']).id).toBe('nibrs/master@2013')
  })
})

describe('what is not a master file is refused, and the message says what it is', () => {
  test.each([
    // The lengths of the submission format look like levels: 0307 is not a property record.
    ['the submission format', '03073I032021    AK0010100000000001', 'submission format'],
    ['a CSV download', 'data_year,agency_id,incident_id', 'column names'],
    ['JSON', '{"incident": 1}', 'JSON or XML'],
    ['text of other kinds', 'Lorem ipsum', '0 of 1 lines begin with a segment level and an ORI'],
    ['a Parquet file', 'PAR1\u0015\u0004\n', 'Parquet file'],
    ['UTF-16', '\u00ff\u00feB\0H\0', 'UTF-16'],
  ])('%s', (_name, text, message) => {
    expect(() => detect([text])).toThrowError(
      expect.objectContaining({
        name: 'SpecError',
        code: 'SPEC_NOT_DETECTED',
        message: expect.stringContaining(message),
      }),
    )
  })

  test('a long file without a line end', () => {
    const text = new Uint8Array(5000).fill(0x41)
    expect(() => detectEdition(text, false, editions)).toThrowError(/no line end in its first 5000/)
  })

  test('an empty file', () => {
    expect(() => detectEdition(new Uint8Array(0), true, editions)).toThrowError(
      expect.objectContaining({ name: 'InputError', code: 'INPUT_EMPTY' }),
    )
  })

  test.each([['\r'], ['']])('records that %j ends, not a line feed', (end) => {
    const text = Buffer.from(Array.from({ length: 31 }, () => header('2022')).join(end))
    expect(() => detectEdition(text, true, editions)).toThrowError(/only line has \d+ bytes/)
  })

  test('nothing but blank lines', () => {
    expect(() => detect(['', '   '])).toThrowError(/nothing but blank lines/)
  })

  test('the hate crime master file, whose headers are BH too', () => {
    const hateCrime = header('ZIII', { 226: '2021' })
    expect(() => detect([hateCrime, hateCrime])).toThrowError(/0 of 2 lines/)
    expect(() => detect([hateCrime, line(312, { 1: 'IR50AK0010100' })])).toThrowError(/hate crime/)
  })

  test('mostly unknown levels', () => {
    const lines = [header('2022'), ...Array.from({ length: 3 }, () => line(50, { 1: 'QQ' }))]
    expect(() => detect(lines)).toThrowError(/1 of 4 lines/)
  })

  test('never quotes more than two characters of a record', () => {
    let message = ''
    try {
      detect([line(60, { 1: 'QQ50AK0010100SECRETNUMBER' })])
    } catch (error) {
      message = (error as Error).message
    }
    expect(message).toContain('"QQ"')
    expect(message).not.toContain('AK0010100')
  })
})
