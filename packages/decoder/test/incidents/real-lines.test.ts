import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { decode } from '../../src/decode.js'
import { type DecodedEvent, events, incidents } from '../../src/incidents.js'
import { loadSpec } from '../../src/spec/load.js'
import { outline } from './lines.js'

const repository = fileURLToPath(new URL('../../../..', import.meta.url))
const shared = process.env['CRIME_SHARED_DATA'] ?? path.join(repository, '..', 'shared', 'data')
const folder = path.join(shared, 'nibrs-master')
const isThere = existsSync(folder)
if (!isThere) console.warn(`SKIPPED (no shared data): incidents of real lines in ${folder}`)

const bytes = (name: string): Uint8Array => readFileSync(path.join(folder, name))

describe.skipIf(!isThere)('real lines', () => {
  it('of 2020 are eight incidents of one agency, the last cut after its victim', async () => {
    const spec = await loadSpec('nibrs/master@2013')
    const found: DecodedEvent[] = []
    const decoding = decode([bytes('sample-2020-ak.txt')], spec)
    for await (const event of events(decoding)) found.push(event)
    expect(found.map(outline)).toEqual([
      'batch_header 1',
      'batch_header 2',
      'incident 3,4,5,6',
      'incident 7,8,9,10,11',
      'incident 12,13,14,15',
      'incident 16,17,18,19,20',
      'incident 21,22,23,24,25',
      'incident 26,27,28,29,30,31',
      'incident 32,33,34,35,36',
      'incident 37,38,39',
    ])
    expect(decoding.stats.issues).toEqual({})
  })

  it('of 2020 read as they do by hand', async () => {
    const spec = await loadSpec('nibrs/master@2013')
    const found = []
    const decoding = decode([bytes('sample-2020-ak.txt')], spec)
    for await (const incident of incidents(decoding, { labels: true })) found.push(incident)

    // Line by line from the layout: 01 at 26-33, 34, 35-36; 02 at 34-36, 37, 38, 41-42, 49-50,
    // 58-59; 04 at 34-36, 37-39, 67, 68-73, 79, 84-87; 05 at 34-35, 36-40.
    const [first, second] = found
    expect(first).toMatchObject({
      key: { ori: 'AK0010200', incident_number: 'C60BROS9728N' },
      header: { record_number: 2, city_name: 'FAIRBANKS', master_file_year: 2020 },
      administrative: {
        state_code: '50',
        state_code_label: 'Alaska',
        incident_date: '2020-12-31',
        report_date_indicator: 'R',
        incident_hour: 0,
        total_offense_segments: 1,
        total_victim_segments: 1,
        total_offender_segments: 1,
        total_arrestee_segments: 0,
        cleared_exceptionally: 'N',
        exceptional_clearance_date: null,
        cargo_theft: false,
      },
      offenses: [
        {
          offense_code: '11A',
          attempted_completed: 'C',
          suspected_of_using_1: 'A',
          location_type: '20',
          weapon_force_1: '40',
          bias_motivation_1: '88',
        },
      ],
      properties: [],
      victims: [
        {
          victim_sequence: 1,
          victim_offense_code_1: '11A',
          victim_type: 'I',
          age: 24,
          sex: 'F',
          race: 'I',
          ethnicity: 'N',
          resident_status: 'N',
          injury_1: 'M',
          relationships: [{ offender_number: 1, relationship: 'OK', offender: { age: 42 } }],
          linkedOffenses: [{ offense_code: '11A', record_number: 4 }],
        },
      ],
      offenders: [{ offender_sequence: 1, age: 42, sex: 'M', race: 'B', ethnicity: 'N' }],
      arrestees: [],
      issues: [],
    })
    expect(second!.victims[0]).toMatchObject({ age: 3, age_code: '03', injury_1: 'N' })
    expect(second!.victims[0]!.relationships).toMatchObject([
      { offender_number: 1, relationship: 'BE', offender: { age: 12, record_number: 10 } },
      { offender_number: 2, relationship: 'BE', offender: { age: 41, record_number: 11 } },
    ])

    // A fraud without a known offender, with two properties; its victim names offender 1.
    expect(found[5]).toMatchObject({
      key: { incident_number: 'CN0BAFBV728N' },
      properties: [
        { property_loss: '7', property_description: '25', property_value: 70 },
        { property_loss: '7', property_description: '65', property_value: 0 },
      ],
      victims: [
        {
          age: 38,
          relationships: [{ offender_number: 1, relationship: 'RU', offender: { age_code: '00' } }],
        },
      ],
    })
    // A burglary by an offender of whom nothing is known, which no victim is related to.
    expect(found[3]).toMatchObject({
      victims: [{ age: 31, relationships: [], linkedOffenses: [{ premises_entered: 1 }] }],
      offenders: [{ offender_sequence: 0, age: null, age_code: null, sex: null }],
    })
    // The file was cut: the victim is related to an offender whose record did not make it.
    expect(found[7]!.victims[0]!.relationships).toMatchObject([
      { offender_number: 1, relationship: 'BG', offender: null },
    ])
  })

  it('of 2021, picked by hand, come out once each, with their orphans', async () => {
    const spec = await loadSpec('nibrs/master@2013')
    const found: DecodedEvent[] = []
    const decoding = decode([bytes('sample-2021-mixed.txt')], spec)
    for await (const event of events(decoding)) found.push(event)
    // Lines 3, 7, 10, 13 and 16 (01 to 05) have one key; 4, 5 and 6 are other 01 records; the
    // eleven other records of incidents stand alone.
    const orphans = [8, 9, 11, 12, 14, 15, 17, 18, 19, 20, 21]
    expect(found.map(outline)).toEqual([
      'batch_header 1',
      'batch_header 2',
      'incident 3,7,10,13,16',
      'incident 4',
      'incident 5',
      'incident 6',
      ...orphans.map((line) => `incident ${line} INCIDENT_PART_ORPHAN@${line}`),
      ...[22, 23, 24].map((line) => `group_b_arrest ${line}`),
      ...[25, 26, 27, 28, 29, 30, 31].map((line) => `window_record ${line}`),
    ])
    expect(decoding.stats.issues).toEqual({ INCIDENT_PART_ORPHAN: 11 })
  })
})
