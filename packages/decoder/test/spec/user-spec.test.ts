import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { SpecError } from '../../src/errors.js'
import { compileSpec } from '../../src/spec/compile.js'
import { loadSpec, parseSpec } from '../../src/spec/load.js'
import { readSpecDocument } from '../../src/spec/schema.js'
import { fileURLToPath } from 'node:url'

const right = (name: string): string =>
  fileURLToPath(new URL(`fixtures/right/${name}`, import.meta.url))

describe("a user's spec", () => {
  it('may have one record type and no segment level', async () => {
    const spec = await parseSpec(`
format: 1
id: rainfall
version: "1987"
revision: 1
title: Monthly rainfall by station
encoding: ascii
segments:
  month:
    length: 17
    key: [station]
    fields:
      station: { pos: 1-5, type: identifier }
      year: { pos: 6-9, type: integer }
      rain: { pos: 10-15, type: decimal, scale: 1 }
      gauge: { pos: 16, type: code, codes: gauge }
      spare: { pos: 17, type: filler }
code_tables:
  gauge: { codes: { "M": Manual, "A": Automatic } }
`)
    expect(spec).toMatchObject({
      id: 'rainfall@1987',
      family: 'rainfall',
      encoding: 'ascii',
      level: null,
      dataYears: null,
      yearField: null,
      incidentKey: null,
    })
    expect(spec.tables).toHaveLength(1)
    expect(spec.tables[0]).toMatchObject({ name: 'month', role: 'record', levels: [] })
    expect(spec.tables[0]!.columns).toMatchObject([
      { name: 'station', type: 'identifier', width: 5, scale: 0 },
      { name: 'year', type: 'integer', width: 4, scale: 0 },
      { name: 'rain', type: 'decimal', width: 6, scale: 1 },
      { name: 'gauge', type: 'code', width: 1, codes: { name: 'gauge', title: 'gauge' } },
    ])
    const [layout] = spec.layouts
    expect(layout).toMatchObject({
      level: '',
      part: 0,
      partCount: 1,
      partOffset: 0,
      length: 17,
      maxLength: 17,
      keyLength: 5,
      keyFields: [{ name: 'station', start: 0, end: 5 }],
      fillers: [{ name: 'spare', start: 16, end: 17 }],
    })
    expect(layout!.fields[2]).toMatchObject({
      name: 'rain',
      start: 9,
      end: 14,
      fraction: { start: 14, end: 15 },
      printed: '10-15',
    })
    expect(layout!.fields[3]!.codes!.codes.get('A')).toEqual({ label: 'Automatic' })
  })

  it('needs no key: any line that reaches past the level is placed', async () => {
    const text = (level: string): string => `
format: 1
id: bare
version: "1"
revision: 1
title: Bare
encoding: latin1
${level === '' ? '' : 'segment_level: { pos: 4 }'}
segments:
  only:
    ${level === '' ? '' : 'level: "X"'}
    length: 4
    fields: { a: { pos: 1-3, type: text }${level === '' ? ', b: { pos: 4, type: text }' : ''} }
`
    const keyLength = async (level: string): Promise<number> =>
      (await parseSpec(text(level))).layouts[0]!.keyLength
    expect(await keyLength('')).toBe(0)
    expect(await keyLength('X')).toBe(4)
  })

  it('may use every word of the language', async () => {
    const spec = await loadSpec(right('everything.yaml'))
    expect(spec).toMatchObject({
      id: 'test/everything@2020',
      revision: 3,
      dataYears: [2019, 2020],
      encoding: 'windows-1252',
      level: { start: 0, end: 2 },
      source: { title: 'Made up for the tests', confidence: 'A' },
      yearField: { table: 'header', column: 'year' },
      incidentKey: ['case'],
    })
    const [header, incident, person] = spec.tables
    expect(header).toMatchObject({
      role: 'header',
      levels: ['H1', 'H2'],
      source: { title: 'Page one' },
    })
    expect(header!.columns.map((column) => column.name)).toEqual([
      'agency',
      'year',
      'spring_sent',
      'summer_sent',
      'autumn_sent',
      'winter_sent',
    ])
    expect(header!.columns[3]!.description).toBe('Sent in summer')
    const second = spec.layouts[1]!
    expect(second).toMatchObject({ level: 'H2', part: 1, partCount: 2, partOffset: 9, fillers: [] })
    expect(second.keyFields).toEqual([{ name: 'agency', start: 2, end: 5 }])
    expect(second.fields.map(({ name, start, printed }) => [name, start, printed])).toEqual([
      ['spring_sent', 14, '6'],
      ['summer_sent', 15, '7'],
      ['autumn_sent', 16, '8'],
      ['winter_sent', 17, '9'],
    ])
    expect(spec.layouts[0]!.fields[1]!.range).toEqual([2019, 2020])
    const decimals = incident!.columns.filter((column) => column.type === 'decimal')
    expect(decimals.map(({ width, scale }) => [width, scale])).toEqual([
      [5, 2],
      [5, 2],
    ])
    const hour = spec.layouts[2]!.fields.find((field) => field.name === 'hour')!
    expect(hour.codes!.codes.get('12')).toEqual({ label: 'Noon' })
    expect(incident!.columns[hour.columns[0]!]!.codes).toBeUndefined()
    expect(spec.layouts[2]).toMatchObject({ length: 30, maxLength: 33 })
    expect(person!.columns.map((column) => column.name)).toEqual([
      'case',
      'age',
      'age_code',
      'weapon_1',
      'loaded_1',
      'weapon_2',
      'loaded_2',
      'mark_1',
      'mark_2',
      'mark_3',
    ])
    expect(person!.columns[5]).toMatchObject({ description: 'Weapon 2', codes: { name: 'weapon' } })
    expect(person!.columns[5]!.codes!.codes.get('2')).toEqual({
      label: 'Knife',
      from: 1990,
      to: 2020,
      note: 'Any blade.',
      attributes: { deadly: 'yes' },
    })
    const marks = spec.layouts[3]!.fields.filter((field) => field.name.startsWith('mark'))
    expect(marks.map((field) => field.optional)).toEqual([false, false, true])
  })

  it('may be an overlay by path, in force whatever the year', async () => {
    const spec = await loadSpec(right('based-vermont.yaml'))
    expect(spec).toMatchObject({ id: 'test/layout@2-vermont', dataYears: [2015, null] })
    expect(spec.layouts.map((layout) => layout.when)).toEqual([
      undefined,
      { dataYears: [0, 9999], start: 2, end: 4, values: ['44', '45'] },
    ])
    expect(spec.layouts[1]!.keyFields).toEqual([{ name: 'number', start: 4, end: 9 }])
    expect(spec.tables[0]!.columns[1]).toMatchObject({ name: 'number', width: 5 })
  })

  it('may lack tables and columns of its shape: they come out empty', async () => {
    const spec = await loadSpec(right('earlier.yaml'))
    expect(spec.tables.map((table) => [table.name, table.levels])).toEqual([
      ['header', []],
      ['incident', ['IN']],
      ['person', ['PE']],
    ])
    const whole = await loadSpec(right('everything.yaml'))
    expect(spec.tables.map((table) => table.columns.map((column) => column.name))).toEqual(
      whole.tables.map((table) => table.columns.map((column) => column.name)),
    )
    expect(spec.layouts.map((layout) => layout.fields.map((field) => field.name))).toEqual([
      ['note', 'case'],
      ['case', 'age'],
    ])
    // Written in another order than the shape has its columns.
    expect(spec.layouts[0]!.fields.map((field) => field.columns)).toEqual([[5], [0]])
  })

  it('may use YAML anchors for what repeats', async () => {
    const spec = await parseSpec(`
format: 1
id: anchors
version: "1"
revision: 1
title: Anchors
encoding: ascii
segment_level: { pos: 1 }
segments:
  a: { level: "A", length: 5, fields: { number: &number { pos: 2-5, type: integer } } }
  b: { level: "B", length: 5, fields: { number: *number } }
`)
    expect(spec.layouts.map((layout) => layout.fields[0]!.start)).toEqual([1, 1])
  })

  it('fails only as a SpecError, whatever is done to its text', async () => {
    const file = right('everything.yaml')
    const whole = readFileSync(file, 'utf8')
    const resolve = (reference: string, from: string) => {
      const found = path.resolve(path.dirname(from), reference)
      return reference.includes('codes/') && existsSync(found)
        ? { file: found, text: readFileSync(found, 'utf8') }
        : null
    }
    let refused = 0
    await fc.assert(
      fc.asyncProperty(
        fc.nat(whole.length - 1),
        fc.nat(12),
        fc.oneof(
          fc.string({ maxLength: 6 }),
          fc.constantFrom('\n', '  ', '- ', '*a', '&a ', '1', '{', ': '),
        ),
        async (at, removed, inserted) => {
          const text = whole.slice(0, at) + inserted + whole.slice(at + removed)
          try {
            await parseSpec(text, { file, resolve })
          } catch (error) {
            if (!(error instanceof SpecError)) throw error
            expect(error.line).toBeGreaterThan(0)
            expect(error.message.length).toBeLessThan(400)
            refused++
          }
        },
      ),
      { numRuns: 400 },
    )
    expect(refused).toBeGreaterThan(100)
  })

  it('is refused by the compiler itself when a code table was not handed over', () => {
    const text = `format: 1
id: bare
version: "1"
revision: 1
title: Bare
encoding: latin1
segments:
  row: { length: 1, fields: { sex: { pos: 1, type: code, codes: sex } } }
`
    const document = readSpecDocument(text, 'bare.yaml')
    expect(() => compileSpec({ document, codeTables: new Map() })).toThrow(
      'bare.yaml:8:65: segment "row", field "sex": there is no code table "sex"; add it under code_tables',
    )
  })
})
