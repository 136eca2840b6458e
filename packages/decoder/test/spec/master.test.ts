import { beforeAll, describe, expect, it } from 'vitest'
import { loadSpec } from '../../src/spec/load.js'
import type { CompiledSpec, FieldSpec, LayoutSpec } from '../../src/spec/types.js'

const VERSIONS = ['1991', '2002', '2013', '2015-vermont'] as const
const specs = new Map<string, CompiledSpec>()

beforeAll(async () => {
  for (const version of VERSIONS) specs.set(version, await loadSpec(`nibrs/master@${version}`))
})

function layout(version: string, level: string, isOverlay = false): LayoutSpec {
  return specs
    .get(version)!
    .layouts.find((item) => item.level === level && (item.when !== undefined) === isOverlay)!
}

function field(version: string, level: string, name: string, isOverlay = false): FieldSpec {
  const found = layout(version, level, isOverlay).fields.find((item) => item.name === name)
  if (found === undefined) throw new Error(`${version} ${level} has no ${name}`)
  return found
}

// Typed in by hand from the FBI's record descriptions, apart from the YAML: printed, 1-based.
const PRINTED: [versions: string, level: string, name: string, start: number, end: number][] = [
  ['1991 2002 2013', '01', 'state_code', 3, 4],
  ['1991 2002 2013', '01', 'ori', 5, 13],
  ['1991 2002 2013', '01', 'incident_number', 14, 25],
  ['1991 2002 2013', '01', 'incident_date', 26, 33],
  ['1991 2002 2013', '01', 'incident_hour', 35, 36],
  ['1991 2002 2013', '01', 'total_victim_segments', 39, 41],
  ['1991 2002 2013', '01', 'exceptional_clearance_date', 51, 58],
  ['2002 2013', '01', 'cargo_theft', 89, 89],
  ['1991 2002 2013', 'W1', 'window_offense_code_1', 59, 61],
  ['1991 2002 2013', 'W1', 'window_offense_code_10', 86, 88],
  ['1991 2002 2013', '02', 'offense_code', 34, 36],
  ['1991 2002 2013', '02', 'suspected_of_using_3', 40, 40],
  ['1991 2002 2013', '02', 'location_type', 41, 42],
  ['1991 2002 2013', '02', 'weapon_force_1', 49, 50],
  ['1991 2002 2013', '02', 'automatic_indicator_3', 57, 57],
  ['1991 2002 2013', '02', 'bias_motivation_1', 58, 59],
  ['2013', '02', 'bias_motivation_5', 66, 67],
  ['1991 2002 2013', '03', 'property_loss', 34, 34],
  ['1991 2002 2013', '03', 'property_value', 37, 45],
  ['1991 2002 2013', '03', 'date_recovered', 46, 53],
  ['1991 2002 2013', '03', 'drug_quantity_1', 59, 67],
  ['1991 2002 2013', '03', 'drug_measurement_2', 86, 87],
  ['1991 2002 2013', '03', 'drug_type_3', 88, 88],
  ['1991 2002 2013', 'W3', 'window_offense_code_10', 130, 132],
  ['1991 2002 2013', '04', 'victim_sequence', 34, 36],
  ['1991 2002 2013', '04', 'victim_offense_code_10', 64, 66],
  ['1991 2002 2013', '04', 'victim_type', 67, 67],
  ['1991 2002 2013', '04', 'age', 68, 69],
  ['1991 2002 2013', '04', 'circumstance_2', 76, 77],
  ['1991 2002 2013', '04', 'injury_5', 83, 83],
  ['1991 2002 2013', '04', 'related_offender_number_1', 84, 85],
  ['1991 2002 2013', '04', 'relationship_10', 122, 123],
  ['2002 2013', '04', 'officer_other_ori', 127, 135],
  ['1991 2002 2013', '05', 'age', 36, 37],
  ['2013', '05', 'ethnicity', 40, 40],
  ['1991 2002 2013', '06', 'arrest_date', 48, 55],
  ['1991 2002 2013', '06', 'arrest_offense_code', 58, 60],
  ['1991 2002 2013', '06', 'disposition_under_18', 73, 73],
  ['1991 2002 2013', 'W6', 'window_clearance', 74, 74],
  ['1991 2002 2013', 'W6', 'window_offense_code_10', 102, 104],
  ['1991 2002 2013', '07', 'arrest_transaction_number', 14, 25],
  ['1991 2002 2013', '07', 'arrest_offense_code', 41, 43],
  ['1991 2002 2013', '07', 'disposition_under_18', 56, 56],
  ['2013', 'BH', 'city_name', 42, 71],
  ['2013', 'BH', 'state_abbreviation', 72, 73],
  ['2013', 'BH', 'current_population_1', 106, 114],
  ['2013', 'BH', 'last_population_5', 217, 225],
  ['2013', 'BH', 'master_file_year', 230, 233],
  ['2013', 'BH', 'january_zero_report', 234, 234],
  ['2013', 'BH', 'december_window', 269, 269],
  ['2013', 'BH', 'fips_county_code_5', 282, 284],
  ['2013', 'BH', 'date_state_began_leoka', 285, 292],
  ['1991 2002', 'B1', 'city_name', 42, 71],
  ['1991 2002', 'B1', 'agency_inactive_date', 98, 105],
  ['1991 2002', 'B2', 'current_population_1', 26, 34],
  ['1991 2002', 'B2', 'last_population_4', 113, 121],
  ['1991 2002', 'B3', 'current_population_5', 26, 34],
  ['1991 2002', 'B3', 'master_file_year', 54, 57],
  ['1991 2002', 'B3', 'december_window', 93, 93],
  ['1991 2002', 'B3', 'fips_county_code_5', 106, 108],
]

describe('NIBRS master editions', () => {
  it('have the printed positions of well-known fields', () => {
    for (const [versions, level, name, start, end] of PRINTED) {
      for (const version of versions.split(' ')) {
        const found = field(version, level, name)
        const { partOffset } = layout(version, level)
        const at = `${version} ${level} ${name}`
        expect([at, found.start - partOffset, found.end - partOffset]).toEqual([at, start - 1, end])
      }
    }
  })

  it('do not have fields of later years', () => {
    const names = (version: string, level: string): string[] =>
      layout(version, level).fields.map((item) => item.name)
    expect(names('1991', '01')).not.toContain('cargo_theft')
    expect(names('1991', '04')).not.toContain('officer_activity')
    expect(names('1991', '05')).not.toContain('ethnicity')
    expect(names('2002', '05')).not.toContain('ethnicity')
    expect(names('2002', '02')).not.toContain('bias_motivation_2')
  })

  it('give every edition the same tables, columns, types and order', () => {
    const shape = (version: string): unknown =>
      specs.get(version)!.tables.map(({ name, index, role, columns }) => ({
        name,
        index,
        role,
        columns: columns.map(({ name, type, width, scale, mixed, codes }) => ({
          name,
          type,
          width,
          scale,
          mixed,
          codes: codes?.name,
        })),
      }))
    for (const version of VERSIONS) expect(shape(version)).toEqual(shape('2013'))
  })

  it('have the eleven segments with their levels', () => {
    const levels = (version: string): [string, readonly string[]][] =>
      specs.get(version)!.tables.map((table) => [table.name, table.levels])
    expect(levels('2013')).toEqual([
      ['batch_header', ['BH']],
      ['administrative', ['01']],
      ['window_clearance', ['W1']],
      ['offense', ['02']],
      ['property', ['03']],
      ['window_property', ['W3']],
      ['victim', ['04']],
      ['offender', ['05']],
      ['arrestee', ['06']],
      ['window_arrestee', ['W6']],
      ['group_b_arrest', ['07']],
    ])
    expect(levels('1991')[0]).toEqual(['batch_header', ['B1', 'B2', 'B3']])
    expect(levels('2002').slice(1)).toEqual(levels('2013').slice(1))
  })

  it('join the three batch headers of 1991 to 2012 into one record', () => {
    for (const version of ['1991', '2002']) {
      const parts = ['B1', 'B2', 'B3'].map((level) => layout(version, level))
      expect(
        parts.map((part) => [part.part, part.partCount, part.partOffset, part.length]),
      ).toEqual([
        [0, 3, 0, 132],
        [1, 3, 132, 132],
        [2, 3, 264, 132],
      ])
      expect(new Set(parts.map((part) => part.tableIndex)).size).toBe(1)
      for (const part of parts) {
        expect(part.keyFields).toEqual([{ name: 'ori', start: 4, end: 13 }])
        for (const item of part.fields) {
          expect(item.start).toBeGreaterThanOrEqual(part.partOffset)
          expect(item.end).toBeLessThanOrEqual(part.partOffset + part.length)
        }
      }
      const names = parts.flatMap((part) => part.fields.map((item) => item.name))
      expect(new Set(names).size).toBe(names.length)
      expect(names.filter((name) => name === 'ori')).toEqual(['ori'])
      expect(field(version, 'B3', 'master_file_year').printed).toBe('54-57')
    }
  })

  it('place a line by its key and no less', () => {
    for (const level of ['01', '02', '03', '04', '05', '06', 'W1', 'W3', 'W6', '07']) {
      expect([level, layout('2013', level).keyLength]).toEqual([level, 25])
    }
    expect(layout('2013', 'BH').keyLength).toBe(13)
    expect(layout('2013', '07').keyFields.map((item) => item.name)).toEqual([
      'ori',
      'arrest_transaction_number',
    ])
    expect(specs.get('1991')!.incidentKey).toEqual(['ori', 'incident_number'])
    expect(specs.get('1991')!.yearField).toEqual({
      table: 'batch_header',
      column: 'master_file_year',
    })
  })

  it('read optional tails only beyond the nominal length', () => {
    const tails = (version: string, level: string): [number, number, string[]] => {
      const found = layout(version, level)
      const optional = found.fields.filter((item) => item.optional).map((item) => item.name)
      return [found.length, found.maxLength, optional]
    }
    expect(tails('2013', 'BH')).toEqual([284, 292, ['date_state_began_leoka']])
    expect(tails('2013', '02')).toEqual([59, 67, [2, 3, 4, 5].map((n) => `bias_motivation_${n}`)])
    expect(tails('2002', '01')).toEqual([58, 89, ['cargo_theft']])
    expect(tails('2002', 'W1')).toEqual([88, 89, ['cargo_theft']])
    expect(tails('1991', '01')).toEqual([58, 58, []])
  })

  it('watch blank ranges, but not the sort filler of batch headers', () => {
    expect(layout('2013', 'BH').fillers).toEqual([])
    expect(layout('2013', '01').fillers).toEqual([{ name: 'filler_59', start: 58, end: 88 }])
    expect(layout('1991', 'B2').fillers).toEqual([{ name: 'filler_122', start: 253, end: 264 }])
  })

  it('split age into a number and a code, and join a drug quantity into one decimal', () => {
    const spec = specs.get('2013')!
    const victim = spec.tables.find((table) => table.name === 'victim')!
    const age = field('2013', '04', 'age')
    expect(age).toMatchObject({ type: 'number_or_code', range: [1, 98] })
    expect(age.columns.map((at) => victim.columns[at])).toMatchObject([
      { name: 'age', type: 'integer', mixed: 'number', width: 2 },
      { name: 'age_code', type: 'code', mixed: 'code', width: 2, codes: { name: 'age_special' } },
    ])
    expect(field('2013', '03', 'drug_quantity_3')).toMatchObject({
      type: 'decimal',
      start: 88,
      end: 97,
      fraction: { start: 97, end: 100 },
      printed: '89-100',
    })
  })

  it('know flags by their characters', () => {
    expect(field('2013', 'BH', 'june_group_ab')).toMatchObject({
      type: 'flag',
      flag: { yes: 'Y', no: 'N' },
    })
    const header = specs.get('2013')!.tables[0]!
    expect(header.columns.filter((column) => column.type === 'flag')).toHaveLength(37)
    expect(header.columns.find((column) => column.name === 'core_city')!.codes).toBeUndefined()
  })

  it('point every field at its own columns, by name', () => {
    for (const spec of specs.values()) {
      for (const item of spec.layouts) {
        const { columns } = spec.tables[item.tableIndex]!
        for (const one of item.fields) {
          const names = one.columns.map((at) => columns[at]!.name)
          const wanted = one.type === 'number_or_code' ? [one.name, `${one.name}_code`] : [one.name]
          expect(names).toEqual(wanted)
          const [first] = one.columns
          if (one.type === 'code') expect(columns[first!]!.codes).toBe(one.codes)
        }
      }
    }
  })

  it('share one code table object between fields, editions in use, and the shape', () => {
    const offense = specs
      .get('1991')!
      .tables.flatMap((table) => table.columns)
      .filter((column) => column.codes?.name === 'offense')
      .map((column) => column.codes)
    expect(offense.length).toBeGreaterThan(30)
    expect(new Set(offense).size).toBe(1)
  })
})

describe('the Vermont overlay', () => {
  it('comes with the 2013 edition, for state 44 in 2015 only', () => {
    for (const level of ['06', 'W6']) {
      expect(layout('2013', level, true).when).toEqual({
        dataYears: [2015, 2015],
        start: 2,
        end: 4,
        values: ['44'],
      })
      expect(layout('2013', level, true).tableIndex).toBe(layout('2013', level).tableIndex)
    }
    expect(specs.get('2013')!.layouts.filter((item) => item.when !== undefined)).toHaveLength(2)
  })

  it('moves the fields after the arrest transaction number by one', () => {
    expect(field('2013', '06', 'arrest_transaction_number', true)).toMatchObject({
      start: 35,
      end: 48,
    })
    for (const level of ['06', 'W6']) {
      const base = layout('2013', level)
      const moved = layout('2013', level, true)
      expect(moved.length).toBe(base.length + 1)
      expect(moved.fields.map((item) => item.name)).toEqual(base.fields.map((item) => item.name))
      for (const [at, item] of moved.fields.entries()) {
        const before = base.fields[at]!
        const shift = before.start > 35 ? 1 : 0
        expect([item.name, item.start]).toEqual([item.name, before.start + shift])
        expect(item.columns).toEqual(before.columns)
      }
    }
  })

  it('makes the column as wide as the wider number, in every edition', () => {
    for (const spec of specs.values()) {
      for (const name of ['arrestee', 'window_arrestee']) {
        const table = spec.tables.find((item) => item.name === name)!
        expect(
          table.columns.find((column) => column.name === 'arrest_transaction_number')!.width,
        ).toBe(13)
      }
    }
  })

  it('is in force in every year when loaded by its own id', () => {
    const spec = specs.get('2015-vermont')!
    expect(spec).toMatchObject({
      id: 'nibrs/master@2015-vermont',
      version: '2015-vermont',
      dataYears: [2015, 2015],
    })
    expect(layout('2015-vermont', '06', true).when).toMatchObject({ dataYears: [0, 9999] })
    expect(spec.layouts.filter((item) => item.when !== undefined)).toHaveLength(2)
    expect(spec.layouts).toHaveLength(specs.get('2013')!.layouts.length)
  })
})

describe('code tables', () => {
  const codes = (table: string, column: string): ReadonlyMap<string, unknown> =>
    specs
      .get('2013')!
      .tables.find((item) => item.name === table)!
      .columns.find((item) => item.name === column)!.codes!.codes

  it('label codes and say from when they are valid', () => {
    expect(codes('offense', 'offense_code').get('09A')).toMatchObject({
      label: 'Murder and nonnegligent manslaughter',
      attributes: { group: 'A', crime_against: 'Person' },
    })
    expect(codes('offense', 'offense_code').get('720')).toMatchObject({ from: 2015 })
    expect(codes('group_b_arrest', 'arrest_offense_code').get('90I')).toMatchObject({ to: 2010 })
    expect(codes('victim', 'state_code').get('44')).toMatchObject({ label: 'Vermont' })
  })

  it('keep Group B offenses as the main offense table has them', () => {
    const all = codes('arrestee', 'arrest_offense_code')
    for (const [code, entry] of codes('group_b_arrest', 'arrest_offense_code')) {
      const { label, from, to } = entry as { label: string; from?: number; to?: number }
      expect(all.get(code)).toMatchObject({ label, attributes: { group: 'B' } })
      expect({ from, to }).toEqual({
        from: (all.get(code) as { from?: number }).from,
        to: (all.get(code) as { to?: number }).to,
      })
    }
  })
})
