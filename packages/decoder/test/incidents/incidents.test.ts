import { beforeAll, describe, expect, it } from 'vitest'
import { decode } from '../../src/decode.js'
import { OptionError, RecordError } from '../../src/errors.js'
import { events, incidents } from '../../src/incidents.js'
import { loadSpec } from '../../src/spec/load.js'
import type { CompiledSpec } from '../../src/spec/types.js'
import { bytesOf, record } from '../decode/text.js'
import * as line from './lines.js'
import { allEvents, allIncidents, blankRow, ORI, outline } from './lines.js'

let spec: CompiledSpec
let old: CompiledSpec
beforeAll(async () => {
  spec = await loadSpec('nibrs/master@2013')
  old = await loadSpec('nibrs/master@1991')
})

const outlines = async (...args: Parameters<typeof allEvents>): Promise<string[]> =>
  (await allEvents(...args)).map(outline)

describe('an incident', () => {
  const lines = [
    line.header(),
    line.administrative('A 1', { 35: '14', 37: '02', 39: '002', 42: '02', 44: '01', 89: 'N' }),
    line.offense('A 1', { 38: 'AN', 49: '12' }),
    line.offense('A 1', { 34: '240' }),
    line.property('A 1', { 54: '01' }),
    line.victim('A 1', { 40: '240', 68: '24F', 71: 'I', 84: '01OK02ST' }),
    line.victim('A 1', { 34: '002', 37: '240', 67: 'B' }),
    line.offender('A 1', { 36: '42MB' }),
    line.offender('A 1', { 34: '02', 36: 'NNMB' }),
    line.arrestee('A 1', { 36: 'T-1', 61: '12A', 67: '42MBN' }),
  ]
  const common = { state_code: '50', ori: ORI, incident_number: 'A 1         ' }

  it('holds each record as a row with every column, linked to what it points to', async () => {
    const row = (segment: string, record_number: number, cells: object) => ({
      ...blankRow(spec, segment),
      ...common,
      incident_date: '2020-01-02',
      record_number,
      record_length: lines[record_number - 1]!.length,
      ...cells,
    })
    const offenses = [
      row('offense', 3, {
        offense_code: '13A',
        attempted_completed: 'C',
        suspected_of_using_1: 'A',
        suspected_of_using_2: 'N',
        location_type: '20',
        weapon_force_1: '12',
        bias_motivation_1: '88',
      }),
      row('offense', 4, {
        offense_code: '240',
        attempted_completed: 'C',
        location_type: '20',
        bias_motivation_1: '88',
      }),
    ]
    const offenders = [
      row('offender', 8, { offender_sequence: 1, age: 42, age_code: '42', sex: 'M', race: 'B' }),
      row('offender', 9, { offender_sequence: 2, age_code: 'NN', sex: 'M', race: 'B' }),
    ]
    const headerRow = {
      ...blankRow(spec, 'batch_header'),
      state_code: '50',
      ori: ORI,
      city_name: 'SOMEWHERE',
      state_abbreviation: 'AK',
      master_file_year: 2020,
      record_number: 1,
      record_length: 284,
    }
    expect(await allIncidents(lines, spec)).toStrictEqual([
      {
        kind: 'incident',
        key: { ori: ORI, incident_number: 'A 1         ' },
        header: headerRow,
        administrative: row('administrative', 2, {
          incident_hour: 14,
          total_offense_segments: 2,
          total_victim_segments: 2,
          total_offender_segments: 2,
          total_arrestee_segments: 1,
          cleared_exceptionally: 'N',
          cargo_theft: false,
        }),
        offenses,
        properties: [
          row('property', 5, {
            property_loss: '7',
            property_description: '16',
            property_value: 5000,
            stolen_motor_vehicles: 1,
          }),
        ],
        victims: [
          row('victim', 6, {
            victim_sequence: 1,
            victim_offense_code_1: '13A',
            victim_offense_code_2: '240',
            victim_type: 'I',
            age: 24,
            age_code: '24',
            sex: 'F',
            race: 'I',
            related_offender_number_1: 1,
            relationship_1: 'OK',
            related_offender_number_2: 2,
            relationship_2: 'ST',
            relationships: [
              { offender_number: 1, relationship: 'OK', offender: offenders[0] },
              { offender_number: 2, relationship: 'ST', offender: offenders[1] },
            ],
            linkedOffenses: offenses,
          }),
          row('victim', 7, {
            victim_sequence: 2,
            victim_offense_code_1: '240',
            victim_type: 'B',
            relationships: [],
            linkedOffenses: [offenses[1]],
          }),
        ],
        offenders,
        arrestees: [
          row('arrestee', 10, {
            arrestee_sequence: 1,
            arrest_transaction_number: 'T-1         ',
            arrest_date: '2020-01-05',
            arrest_type: 'O',
            multiple_arrestee: 'N',
            arrest_offense_code: '13A',
            armed_with_1: '12',
            automatic_indicator_1: 'A',
            age: 42,
            age_code: '42',
            sex: 'M',
            race: 'B',
            ethnicity: 'N',
          }),
        ],
        issues: [],
      },
    ])
  })

  it('shares one offender, offense and header object among all that point to it', async () => {
    const [first, second] = await allIncidents([...lines, line.administrative('B')], spec)
    expect(first!.victims[0]!.relationships[0]!.offender).toBe(first!.offenders[0])
    expect(first!.victims[0]!.linkedOffenses[1]).toBe(first!.offenses[1])
    expect(first!.victims[1]!.linkedOffenses[0]).toBe(first!.offenses[1])
    expect(second!.header).toBe(first!.header)
  })

  it('has labels behind the codes, of relationships too, when asked', async () => {
    const [incident] = await allIncidents(lines, spec, { labels: true })
    expect(incident!.header).toMatchObject({ state_abbreviation_label: 'Alaska' })
    expect(incident!.offenses[0]).toMatchObject({
      offense_code: '13A',
      offense_code_label: 'Aggravated assault',
      weapon_force_2: null,
      weapon_force_2_label: null,
    })
    expect(incident!.victims[0]!.relationships).toMatchObject([
      { relationship: 'OK', relationship_label: 'Otherwise known' },
      { relationship: 'ST', relationship_label: 'Stranger' },
    ])
    const keys = Object.keys(incident!.offenders[0]!)
    expect(keys.slice(keys.indexOf('sex'))).toEqual([
      'sex',
      'sex_label',
      'race',
      'race_label',
      'ethnicity',
      'ethnicity_label',
      'record_number',
      'record_length',
    ])
  })

  it('keeps a relationship whose offender is not there, and one without a number', async () => {
    const [incident] = await allIncidents(
      [
        line.administrative('A'),
        line.victim('A', { 84: '00RU', 92: '07ST', 100: '  SE', 120: '01OK' }),
        line.offender('A', { 34: '00' }),
      ],
      spec,
    )
    const [unknown] = incident!.offenders
    expect(incident!.victims[0]!.relationships).toStrictEqual([
      { offender_number: 0, relationship: 'RU', offender: unknown },
      { offender_number: 7, relationship: 'ST', offender: null },
      { offender_number: null, relationship: 'SE', offender: null },
      { offender_number: 1, relationship: 'OK', offender: null },
    ])
    expect(unknown).toMatchObject({ offender_sequence: 0 })
  })

  it('links an offense once, however often a victim names it, and not one it does not have', async () => {
    const [incident] = await allIncidents(
      [
        line.administrative('A'),
        line.offense('A', { 34: '220' }),
        line.offense('A'),
        line.victim('A', { 37: '13A13A290' }),
      ],
      spec,
    )
    expect(incident!.victims[0]!.linkedOffenses).toStrictEqual([incident!.offenses[1]])
    expect(incident!.victims[0]!.victim_offense_code_3).toBe('290')
  })

  it('has the issues of all of its records, in file order', async () => {
    const [first, second] = await allIncidents(
      [
        line.administrative('A', { 35: '99' }),
        line.offender('A', { 38: 'q' }),
        line.administrative('B'),
        line.victim('A', { 34: '00X', 70: 'q' }),
      ],
      spec,
    )
    expect(
      first!.issues.map(({ code, recordNumber, field }) => [code, recordNumber, field]),
    ).toEqual([
      ['FIELD_HOUR', 1, 'incident_hour'],
      ['FIELD_CODE_UNKNOWN', 2, 'sex'],
      ['FIELD_NOT_NUMERIC', 4, 'victim_sequence'],
      ['FIELD_CODE_UNKNOWN', 4, 'sex'],
    ])
    expect(first!.issues[1]).toStrictEqual({
      code: 'FIELD_CODE_UNKNOWN',
      segment: 'offender',
      field: 'sex',
      recordNumber: 2,
      byteOffset: 90 + 37,
      raw: 'q',
    })
    expect(second!.issues).toEqual([])
  })
})

describe('the records of an incident', () => {
  it('need not be adjacent', async () => {
    const lines = [
      line.header(),
      line.administrative('A'),
      line.administrative('B'),
      line.offense('B'),
      line.offense('A'),
      line.victim('B'),
      line.victim('A'),
      line.offender('A'),
    ]
    expect(await outlines(lines, spec)).toEqual([
      'batch_header 1',
      'incident 2,5,7,8',
      'incident 3,4,6',
    ])
  })

  it.each([1, 2, 3, 5])('are put together over flushes of %i rows', async (batchRows) => {
    const lines = [
      line.administrative('A'),
      ...['13A', '220', '240', '290'].map((code) => line.offense('A', { 34: code })),
      line.administrative('B'),
      ...['01', '02', '03'].map((number) => line.offender('B', { 34: number })),
      line.offender('A'),
    ]
    expect(await outlines(lines, spec, { batchRows })).toEqual([
      'incident 1,2,3,4,5,10',
      'incident 6,7,8,9',
    ])
  })

  it('are told apart by ORI and by every character of the number, blanks included', async () => {
    const lines = [
      line.administrative(' B-B0'),
      line.administrative('B-B0'),
      line.administrative('B-B0', {}, 'ZZ0010200'),
      line.offender('B-B0', {}, 'ZZ0010200'),
      line.offender(' B-B0'),
      line.offender('B-B0'),
    ]
    expect(await outlines(lines, spec)).toEqual(['incident 1,5', 'incident 2,6', 'incident 3,4'])
  })

  it('may come before their administrative record', async () => {
    const lines = [line.offense('A'), line.victim('A'), line.administrative('A')]
    expect(await outlines(lines, spec)).toEqual(['incident 1,2,3'])
  })

  it('may have state digits that differ: all records after a header belong to it', async () => {
    const lines = [line.header(), line.administrative('A', {}, 'ZZ9910100')]
    const [incident] = await allIncidents(lines, spec)
    expect(incident!.header).toMatchObject({ ori: ORI })
    expect(incident!.key).toEqual({ ori: 'ZZ9910100', incident_number: 'A           ' })
  })

  it('stay together where the key is blank, and the key is null then', async () => {
    const [incident] = await allIncidents([line.administrative(''), line.offender('')], spec)
    expect(incident!.key).toEqual({ ori: ORI, incident_number: null })
    expect(incident!.offenders).toHaveLength(1)
  })
})

describe('the place of an incident', () => {
  it('is that of its first record, among the records that stand by themselves', async () => {
    const lines = [
      line.header(),
      line.header('ZZ0010200'),
      line.groupB('G'),
      line.administrative('A'),
      line.windowClearance('A'),
      line.windowProperty('A'),
      line.windowArrestee('A'),
      line.offender('A'),
      line.groupB('A'),
      line.header('ZZ0010300'),
    ]
    expect(await outlines(lines, spec)).toEqual([
      'batch_header 1',
      'batch_header 2',
      'group_b_arrest 3',
      'incident 4,8',
      'window_record 5',
      'window_record 6',
      'window_record 7',
      'group_b_arrest 9',
      'batch_header 10',
    ])
  })

  it('leaves window records and Group B arrests apart, under their header, by segment', async () => {
    const lines = [
      line.windowProperty('X'),
      line.header(),
      line.windowArrestee('A', { 70: 'q' }),
      line.groupB('G'),
    ]
    const [property, , arrestee, groupB] = await allEvents(lines, spec, { labels: true })
    expect(property).toMatchObject({
      kind: 'window_record',
      segment: 'window_property',
      header: null,
    })
    expect(arrestee).toMatchObject({
      segment: 'window_arrestee',
      header: { record_number: 2, state_code_label: 'Alaska' },
      row: { incident_number: 'A           ', window_offense_code_1_label: 'Aggravated assault' },
      issues: [{ code: 'FIELD_CODE_UNKNOWN', field: 'race', recordNumber: 3 }],
    })
    expect(groupB).toMatchObject({ segment: 'group_b_arrest', row: { arrest_offense_code: '90J' } })
  })

  it('is kept by withheld records too', async () => {
    const lines = [
      'XX unknown',
      line.administrative('A'),
      '0450ZZ00',
      line.offender('A'),
      '??',
      line.header(),
      '0250',
    ]
    const found = await allEvents(lines, spec)
    expect(found.map(outline)).toEqual([
      'withheld 1',
      'incident 2,4',
      'withheld 3',
      'withheld 5',
      'batch_header 6',
      'withheld 7',
    ])
    expect(found[0]).toMatchObject({
      issue: { code: 'RECORD_UNKNOWN_LEVEL', segment: null, byteOffset: 0, raw: 'XX unknown' },
    })
    expect(found[2]).toMatchObject({ issue: { code: 'RECORD_TOO_SHORT', segment: 'victim' } })
  })

  it('gives way to withheld records when very many of them come at once', async () => {
    const lines = [line.administrative('A'), ...Array.from({ length: 40_000 }, (_, n) => `?${n}`)]
    const found = await allEvents(lines, spec)
    expect(found).toHaveLength(40_001)
    const withheld = found.flatMap((event) =>
      event.kind === 'withheld' ? [event.issue.recordNumber] : [],
    )
    expect(withheld).toEqual(Array.from({ length: 40_000 }, (_, n) => n + 2))
  })
})

describe('an incident closes', () => {
  it('at the next batch header: the same key after it is another incident', async () => {
    const lines = [
      line.header(),
      line.administrative('A'),
      line.header('ZZ0010200'),
      line.administrative('A'),
      line.offender('A'),
    ]
    expect(await outlines(lines, spec)).toEqual([
      'batch_header 1',
      'incident 2',
      'batch_header 3',
      'incident 4,5',
    ])
  })

  it('when its first record is further back than the look-ahead', async () => {
    const lines = [
      line.administrative('A'),
      line.administrative('B'),
      line.offense('A'),
      line.offense('A'),
      line.offense('B'),
    ]
    expect(await outlines(lines, spec, { lookAheadRecords: 3 })).toEqual([
      'incident 1,3,4',
      'incident 2,5',
    ])
    expect(await outlines(lines, spec, { lookAheadRecords: 2 })).toEqual(
      [
        'incident 1,3',
        'incident 2 ',
        'incident 4 INCIDENT_KEY_REPEATED@4',
        'incident 5 INCIDENT_KEY_REPEATED@5',
      ].map((text) => text.trimEnd()),
    )
  })

  it('so that at most the look-ahead is held back: the rest is delivered while reading', async () => {
    let read = 0
    function* chunks(): Generator<Uint8Array> {
      for (let n = 0; n < 1000; n++) {
        read++
        yield bytesOf([line.administrative(`N${n}`), line.offender(`N${n}`)])
      }
    }
    const decoding = decode(chunks(), spec, { batchRows: 10 })
    let delivered = 0
    for await (const incident of incidents(decoding, { lookAheadRecords: 40 })) {
      expect(incident.offenders).toHaveLength(1)
      delivered++
      // 20 incidents looked ahead, 10 in the flush that is known to be over, 10 in the next.
      expect(read).toBeLessThanOrEqual(delivered + 41)
    }
    expect(delivered).toBe(1000)
  })
})

describe('faults between records', () => {
  it('are orphans, each record of an incident without an administrative record', async () => {
    const decoding = decode(
      [bytesOf([line.header(), line.offense('A'), line.victim('A'), line.administrative('B')])],
      spec,
    )
    const found = []
    for await (const incident of incidents(decoding)) found.push(incident)
    expect(found.map(outline)).toEqual([
      'incident 2,3 INCIDENT_PART_ORPHAN@2 INCIDENT_PART_ORPHAN@3',
      'incident 4',
    ])
    expect(found[0]).toMatchObject({ administrative: null, offenses: [{}], victims: [{}] })
    expect(found[0]!.issues[1]).toStrictEqual({
      code: 'INCIDENT_PART_ORPHAN',
      segment: 'victim',
      field: null,
      recordNumber: 3,
      byteOffset: null,
      raw: `${ORI}A           `,
    })
    expect(decoding.stats.issues).toEqual({ INCIDENT_PART_ORPHAN: 2 })
  })

  it('are repeated keys: a second administrative record begins an incident of its own', async () => {
    const lines = [
      line.administrative('A'),
      line.offense('A'),
      line.administrative('A', { 35: '77' }),
      line.offender('A'),
      line.administrative('A'),
    ]
    const decoding = decode([bytesOf(lines)], spec)
    const found = []
    for await (const incident of incidents(decoding)) found.push(incident)
    expect(found.map(outline)).toEqual([
      'incident 1,2',
      'incident 3,4 INCIDENT_KEY_REPEATED@3 FIELD_HOUR@3',
      'incident 5 INCIDENT_KEY_REPEATED@5',
    ])
    expect(decoding.stats.issues).toEqual({ INCIDENT_KEY_REPEATED: 2, FIELD_HOUR: 1 })
  })

  it('are a key met again after its incident closed, and no orphans beside that', async () => {
    const lines = [
      line.administrative('A'),
      line.administrative('B'),
      line.administrative('C'),
      line.offender('A'),
      line.victim('A'),
    ]
    const found = await allIncidents(lines, spec, { lookAheadRecords: 2 })
    expect(found.map(outline)).toEqual([
      'incident 1',
      'incident 2',
      'incident 3',
      'incident 4,5 INCIDENT_KEY_REPEATED@4',
    ])
    expect(found[3]!.administrative).toBeNull()
  })

  it('are not reported for administrative records that were not asked for', async () => {
    const lines = [line.header(), line.administrative('A'), line.victim('A'), line.offender('A')]
    const found = await allIncidents(lines, spec, { segments: ['victim', 'offender'] })
    expect(found.map(outline)).toEqual(['incident 3,4'])
    expect(found[0]).toMatchObject({ header: null, administrative: null, issues: [] })
  })
})

describe('headers', () => {
  it('of three lines are one, with the issues of all of them', async () => {
    const key = `50${ORI}`
    const lines = [
      record(132, { 1: `B1${key}`, 42: 'SOMEWHERE' }),
      record(132, { 1: `B2${key}`, 26: 'X' }),
      record(132, { 1: `B3${key}`, 54: '1995' }),
      line.administrative('A').slice(0, 58),
      record(132, { 1: `B1${key}`, 42: 'SOMEWHERE' }),
      line.offender('B').slice(0, 39),
    ]
    const found = await allEvents(lines, old)
    expect(found.map(outline)).toEqual([
      'batch_header 1 FIELD_NOT_NUMERIC@2',
      'incident 4',
      'batch_header 5 HEADER_PART_MISSING@5 HEADER_REPEATED@5',
      'incident 6 INCIDENT_PART_ORPHAN@6',
    ])
    expect(found[1]).toMatchObject({ header: { record_number: 1 } })
    expect(found[3]).toMatchObject({ header: { record_number: 5, city_name: 'SOMEWHERE' } })
  })
})

describe('reading', () => {
  const many = Array.from({ length: 50 }, (_, n) => line.administrative(`N${n}`))

  it('closes the input when the loop is left', async () => {
    let closed = 0
    async function* input(): AsyncGenerator<Uint8Array> {
      try {
        for (const text of many) yield bytesOf([text])
      } finally {
        closed++
      }
    }
    const decoding = decode(input(), spec, { batchRows: 2 })
    for await (const incident of incidents(decoding, { lookAheadRecords: 1 })) {
      expect(incident.administrative).toMatchObject({ record_number: 1 })
      break
    }
    expect(closed).toBe(1)
    expect(decoding.stats.records).toBeLessThan(10)
  })

  it('gets the same from batches that use their arrays again', async () => {
    const lines = many.flatMap((text, n) => [text, line.offender(`N${n}`, { 36: String(10 + n) })])
    const options = { batchRows: 3, lookAheadRecords: 7 }
    const expected = await allEvents(lines, spec, options)
    expect(await allEvents(lines, spec, { ...options, reuseArrays: true })).toStrictEqual(expected)
    expect(expected).toHaveLength(50)
  })

  it('passes on what the decoding throws', async () => {
    const reading = allIncidents([line.offender('A', { 38: 'q' })], spec, { strict: true })
    await expect(reading).rejects.toThrow(RecordError)
  })

  it('refuses batches that are not aligned', async () => {
    const lines = many.flatMap((text, n) => [text, line.offense(`N${n}`), line.offense(`N${n}`)])
    const reading = allIncidents(lines, spec, { aligned: false, batchRows: 4 })
    await expect(reading).rejects.toMatchObject({
      name: 'OptionError',
      code: 'OPTION_CONFLICT',
      message:
        'record 1 of segment "administrative" came after later records, so incidents cannot be put together; decode without "aligned: false"',
      recordNumber: 1,
    })
  })
})

describe('options', () => {
  const code = (call: () => unknown): string => {
    try {
      call()
    } catch (error) {
      if (error instanceof OptionError) return error.code
      throw error
    }
    return 'none'
  }

  it('are checked at once', () => {
    const decoding = decode([], spec)
    expect(code(() => incidents(decoding, { label: true } as object))).toBe('OPTION_UNKNOWN')
    expect(code(() => events(decoding, { lookAheadRecords: 0 }))).toBe('OPTION_INVALID')
    expect(code(() => events(decoding, { lookAheadRecords: 1.5 }))).toBe('OPTION_INVALID')
    expect(code(() => events(decoding, { lookAheadRecords: 2 ** 24 }))).toBe('none')
  })

  it('refuse a decoding that holds no incidents, or not such as these', () => {
    const headers = decode([], spec, { segments: ['batch_header'] })
    expect(code(() => incidents(headers))).toBe('OPTION_CONFLICT')
    expect(code(() => events(headers))).toBe('none')
    const keyless = decode([], { ...spec, incidentKey: null })
    expect(code(() => events(keyless))).toBe('OPTION_CONFLICT')
    const other = {
      ...spec,
      tables: spec.tables.map((table) =>
        table.name === 'offender' ? { ...table, name: 'suspect' } : table,
      ),
    }
    expect(code(() => events(decode([], other)))).toBe('OPTION_CONFLICT')
    expect(code(() => events(decode([], other, { segments: ['victim'] })))).toBe('none')
  })

  it('give segments without a role as records of another kind', async () => {
    const flat = {
      ...spec,
      incidentKey: null,
      tables: spec.tables.map((table) => ({ ...table, role: 'record' as const })),
    }
    const found = await allEvents([line.offender('A')], flat)
    expect(found).toMatchObject([{ kind: 'other_record', segment: 'offender', header: null }])
  })
})
