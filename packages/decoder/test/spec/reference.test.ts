import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { readCodeTable } from '../../src/spec/code-table.js'
import { expandFields, type PlainField } from '../../src/spec/expand.js'
import { loadSpec, specsFolder } from '../../src/spec/load.js'
import { readSpecDocument } from '../../src/spec/schema.js'
import type { CodeTable } from '../../src/spec/types.js'

// Every edition against the reference layouts and code lists, field by field, both ways.

interface ReferenceField {
  name: string
  start: number
  end: number
  width: number
  type: 'string' | 'number' | 'date' | 'code' | 'filler'
  codes?: string
  element?: string
  description: string
}
interface ReferenceSegment {
  name: string
  recordLength: number
  fields: ReferenceField[]
  optionalFields?: ReferenceField[]
}
interface ReferenceVersion {
  years: [number, number]
  extends?: string
  appliesTo?: { stateCode: string }
  segments: Record<string, ReferenceSegment>
}
type Lists = Record<string, Record<string, string>>
interface Validity {
  from?: number | string
  to?: number
  note?: string
}

const here = path.dirname(fileURLToPath(import.meta.url))
const folder = path.join(
  process.env['CRIME_SHARED_REFERENCE'] ?? path.join(here, '../../../../../shared/reference'),
  'nibrs-master',
)
const isThere = existsSync(path.join(folder, 'layouts.json'))
if (!isThere) console.warn(`SKIPPED (no shared reference): specs against ${folder}`)
const read = <T>(name: string): T =>
  JSON.parse(isThere ? readFileSync(path.join(folder, name), 'utf8') : '{}') as T
const layouts = read<Record<string, ReferenceVersion>>('layouts.json')
const codes = read<
  Lists & { _validity: Record<string, Record<string, Validity>>; _notes: Record<string, string> }
>('codes.json')

const EDITIONS: Record<string, string> = {
  '1991-2001': '1991',
  '2002-2012': '2002',
  '2013-': '2013',
  '2015-vermont': '2015-vermont',
}
const TABLES: Record<string, string> = {
  BH: 'batch_header',
  B1: 'batch_header',
  B2: 'batch_header',
  B3: 'batch_header',
  '01': 'administrative',
  '02': 'offense',
  '03': 'property',
  '04': 'victim',
  '05': 'offender',
  '06': 'arrestee',
  '07': 'group_b_arrest',
  W1: 'window_clearance',
  W3: 'window_property',
  W6: 'window_arrestee',
}
const IDENTIFIERS = [
  'ori',
  'incidentNumber',
  'arrestTransactionNumber',
  'coveredByOri',
  'officerOtherOri',
]
const FLAGS = ['activityFlag', 'coreCity', 'cargoTheft']

/** `fipsCountyCode5` -> `fips_county_code_5`, `januaryGroupAB` -> `january_group_ab`. */
function snake(name: string): string {
  return name
    .replace(/AB$/, 'Ab')
    .replace(/(\d+)/g, '_$1')
    .replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

interface Flat {
  name: string
  pos: string
  type: string
  codes: string | null
  element: string | null
  optional: boolean
  description: string
}

/** What our language makes of a reference field. */
function expected(field: ReferenceField, level: string, optional: boolean): Flat {
  const isHeader = TABLES[level] === 'batch_header'
  let type: string
  if (isHeader && field.name === 'incidentNumber') type = 'filler'
  else if (IDENTIFIERS.includes(field.name)) type = 'identifier'
  else if (field.name === 'age') type = 'number_or_code'
  else if (field.name === 'incidentHour') type = 'hour'
  else if (FLAGS.includes(field.codes ?? '')) type = 'flag'
  else
    type = { string: 'text', number: 'integer', date: 'date', code: 'code', filler: 'filler' }[
      field.type
    ]
  return {
    name: isHeader && field.name === 'incidentNumber' ? 'sort_filler' : snake(field.name),
    pos: `${field.start}-${field.end}`,
    type,
    codes: field.codes === undefined ? null : snake(field.codes),
    element: field.element ?? null,
    optional,
    description: field.description.replace(/; YYYYMMDD$/, ''),
  }
}

function flat(field: PlainField): Flat {
  return {
    name: field.name,
    pos: `${field.position.start}-${field.position.end}`,
    type: field.type,
    codes: field.codes?.value ?? null,
    element: field.element ?? null,
    optional: field.optional,
    description: field.description ?? '',
  }
}

/** Reference fields in our language: thousandths joined, the level left out. */
function expectedFields(segment: ReferenceSegment, level: string): Flat[] {
  const all = [
    ...segment.fields.map((field) => expected(field, level, false)),
    ...(segment.optionalFields ?? []).map((field) => expected(field, level, true)),
  ].filter((field) => field.name !== 'segment_level')
  return all
    .filter((field) => !field.name.startsWith('drug_quantity_thousandths'))
    .map((field) => (/^drug_quantity_\d$/.test(field.name) ? { ...field, type: 'decimal' } : field))
}

function readEdition(version: string) {
  const file = path.join(specsFolder(), 'nibrs', 'master', `${version}.yaml`)
  return readSpecDocument(readFileSync(file, 'utf8'), file)
}

/** Our descriptions that say more than the reference, or say it of another field. */
const OWN_WORDS = /^(sort_filler|drug_quantity_\d|bias_motivation_1|filler_59)$/

describe.runIf(isThere)('specs and the reference layouts', () => {
  it('cover the same editions', () => {
    expect(Object.keys(layouts).sort()).toEqual(Object.keys(EDITIONS).sort())
  })

  for (const [key, version] of Object.entries(EDITIONS)) {
    const reference = layouts[key] ?? { years: [0, 0], segments: {} }

    it(`${version}: years, levels and lengths agree`, () => {
      const document = readEdition(version)
      const parts = document.segments.flatMap((segment) =>
        segment.parts.map((part) => [
          part.level!.value,
          { table: segment.name, length: part.length },
        ]),
      )
      const wanted = Object.entries(reference.segments).map(([level, segment]) => [
        level,
        { table: TABLES[level], length: segment.recordLength },
      ])
      expect(Object.fromEntries(parts)).toEqual(Object.fromEntries(wanted))
      const [first, last] = reference.years
      if (version === '2013') expect(document.dataYears).toEqual([first, null])
      else expect(document.appliesTo?.dataYears ?? document.dataYears).toEqual([first, last])
      if (reference.appliesTo !== undefined) {
        expect(document.extends?.value).toBe(`nibrs/master@${EDITIONS[reference.extends!]}`)
        expect(document.appliesTo).toMatchObject({
          field: 'state_code',
          values: [reference.appliesTo.stateCode],
        })
      } else {
        expect(document.level?.position).toEqual({ start: 1, end: 2 })
        expect(document.level?.codes?.value).toBe('segment_level')
      }
    })

    for (const [level, segment] of Object.entries(reference.segments)) {
      it(`${version}: every field of ${level} agrees, none is missing, none is extra`, () => {
        const document = readEdition(version)
        const part = document.segments
          .flatMap((item) => item.parts)
          .find((item) => item.level?.value === level)
        const ours = expandFields(part!.fields).map(flat)
        const theirs = expectedFields(segment, level)
        if (version === '2002' && level === '01') {
          // The bytes between length 58 and cargo theft at 89: the reference leaves them out.
          theirs.splice(-1, 0, {
            name: 'filler_59',
            pos: '59-88',
            type: 'filler',
            codes: null,
            element: null,
            optional: true,
            description: '',
          })
        }
        const bare = (field: Flat): Flat =>
          OWN_WORDS.test(field.name) ? { ...field, description: '' } : field
        expect(ours.map(bare)).toEqual(theirs.map(bare))
      })
    }

    it(`${version}: byte offsets are the reference positions, moved once`, async () => {
      const spec = await loadSpec(`nibrs/master@${version}`)
      for (const [level, segment] of Object.entries(reference.segments)) {
        const isOverlay = version === '2015-vermont'
        const layout = spec.layouts.find(
          (item) => item.level === level && (item.when !== undefined) === isOverlay,
        )!
        const byName = new Map(
          [...segment.fields, ...(segment.optionalFields ?? [])].map((field) => [
            snake(field.name),
            field,
          ]),
        )
        expect(layout.fields.length).toBeGreaterThan(0)
        for (const field of layout.fields) {
          const reference = byName.get(field.name)!
          const at = `${level} ${field.name}`
          expect([at, field.start - layout.partOffset, field.end - layout.partOffset]).toEqual([
            at,
            reference.start - 1,
            reference.end,
          ])
          if (field.fraction !== undefined) {
            const thousandths = byName.get(field.name.replace('quantity', 'quantity_thousandths'))!
            expect(field.fraction).toEqual({ start: thousandths.start - 1, end: thousandths.end })
          }
        }
      }
    })
  }

  it('every drug quantity has its thousandths', async () => {
    const spec = await loadSpec('nibrs/master@2013')
    const property = spec.tables.find((table) => table.name === 'property')!
    const decimals = property.columns.filter((column) => column.type === 'decimal')
    expect(decimals.map(({ name, width, scale }) => ({ name, width, scale }))).toEqual(
      [1, 2, 3].map((n) => ({ name: `drug_quantity_${n}`, width: 12, scale: 3 })),
    )
  })
})

// Lists that live on as attributes of codes, not as tables of their own.
const AS_ATTRIBUTES = [
  'stateToAbbreviation',
  'stateToDivision',
  'divisionToRegion',
  'offenseGroupA',
  'offenseCrimeAgainst',
]
/** Labels we shortened: the reference has a remark in its label, we have it in the note. */
const SHORTER_LABELS: Lists = { state: { '98': 'Federal agencies' } }

function codeTable(name: string): CodeTable {
  const file = path.join(specsFolder(), 'nibrs', 'codes', `${name}.yaml`)
  return readCodeTable(readFileSync(file, 'utf8'), file)
}

function attribute(table: string, name: string): Record<string, string> {
  const entries = [...codeTable(table).codes].flatMap(([code, entry]) =>
    entry.attributes?.[name] === undefined ? [] : [[code, entry.attributes[name]]],
  )
  return Object.fromEntries(entries) as Record<string, string>
}

describe.runIf(isThere)('code tables and the reference lists', () => {
  const keys = Object.keys(codes).filter(
    (key) => !key.startsWith('_') && !AS_ATTRIBUTES.includes(key),
  )

  it('cover the same lists', async () => {
    const { readdirSync } = await import('node:fs')
    const files = readdirSync(path.join(specsFolder(), 'nibrs', 'codes'))
    expect(files.sort()).toEqual(keys.map((key) => `${snake(key)}.yaml`).sort())
  })

  for (const key of keys) {
    it(`${snake(key)}: codes, labels and years agree, both ways`, () => {
      const table = codeTable(snake(key))
      const ours = [...table.codes].map(([code, { label, from, to }]) => [
        code,
        { label, from, to },
      ])
      const theirs = Object.entries(codes[key]!).map(([code, label]) => {
        // The reference dates the Group B offenses once, in the list of all offenses.
        const dated = key === 'offenseGroupB' ? 'offense' : key
        const { from, to } = codes._validity[dated]?.[code] ?? {}
        const years = { from: typeof from === 'number' ? from : undefined, to }
        return [code, { label: SHORTER_LABELS[key]?.[code] ?? label, ...years }]
      })
      expect(Object.fromEntries(ours)).toEqual(Object.fromEntries(theirs))
      for (const [code, { from, note }] of Object.entries(codes._validity[key] ?? {})) {
        const isRemarked = note !== undefined || typeof from === 'string'
        const found = table.codes.get(code)?.note
        if (isRemarked && table.note === undefined)
          expect([code, typeof found]).toEqual([code, 'string'])
      }
      if (codes._notes[key] !== undefined) expect(table.note).toContain(codes._notes[key])
    })
  }

  it('attributes are the reference maps', () => {
    expect(attribute('state', 'abbreviation')).toEqual(codes['stateToAbbreviation'])
    expect(attribute('state', 'division')).toEqual(codes['stateToDivision'])
    expect(attribute('country_division', 'region')).toEqual(codes['divisionToRegion'])
    expect(attribute('offense', 'crime_against')).toEqual(codes['offenseCrimeAgainst'])
    const group = attribute('offense', 'group')
    const inGroup = (letter: string): string[] =>
      Object.keys(group).filter((code) => group[code] === letter)
    expect(inGroup('A').sort()).toEqual(Object.keys(codes['offenseGroupA']!).sort())
    expect(inGroup('B').sort()).toEqual(Object.keys(codes['offenseGroupB']!).sort())
  })
})
