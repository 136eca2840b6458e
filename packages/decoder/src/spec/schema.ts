import type { CodeEntry, CodeTable, Encoding, FieldType, Provenance, SegmentRole } from './types.js'
import { readYaml, type Where, type YamlValue } from './yaml-source.js'

/** Bytes as printed: 1-based, both ends included. */
export interface PrintedRange {
  readonly start: number
  readonly end: number
}

/** A value of a spec with its place, for errors that only show when parts are put together. */
export interface Placed<T> {
  readonly value: T
  readonly where: Where
}

/** A field as written: one entry of `fields`, repeats not yet unrolled. */
export interface FieldNode {
  readonly kind: 'field'
  readonly name: string
  readonly where: Where
  readonly position: PrintedRange
  readonly type: FieldType | 'filler'
  readonly repeat?: number
  readonly optional: boolean
  /** First repetition that is optional; those before it must be there. */
  readonly optionalFrom?: number
  readonly codes?: Placed<string>
  readonly element?: string
  readonly description?: string
  readonly fraction?: PrintedRange
  readonly scale?: number
  readonly range?: readonly [number, number]
  readonly flag?: { readonly yes: string; readonly no: string }
  /** Filler that may hold anything. */
  readonly ignore: boolean
}

/** Fields that repeat together, with the positions of the first repetition. */
export interface GroupNode {
  readonly kind: 'group'
  readonly name: string
  readonly where: Where
  readonly repeat: number
  /** One name per repetition, put before the field names; without them `_1`, `_2`, … go behind. */
  readonly prefixes?: readonly string[]
  readonly fields: readonly FieldNode[]
}

/** One physical record of a segment. */
export interface PartNode {
  readonly where: Where
  readonly level?: Placed<string>
  readonly length: number
  readonly fields: readonly (FieldNode | GroupNode)[]
}

/** A segment as written. */
export interface SegmentNode {
  readonly name: string
  readonly where: Where
  readonly title?: string
  readonly role?: SegmentRole
  readonly key: readonly Placed<string>[]
  readonly source?: Provenance
  readonly parts: readonly PartNode[]
}

/** A spec file, checked for form, not yet put together with what it refers to. */
export interface SpecDocument {
  readonly file: string
  readonly where: Where
  /** `nibrs/master@2013` */
  readonly id: string
  readonly family: string
  readonly version: string
  readonly revision: number
  readonly title: string
  readonly dataYears: readonly [number, number | null] | null
  readonly encoding: Encoding
  readonly source?: Provenance
  readonly level?: {
    readonly position: PrintedRange
    readonly codes?: Placed<string>
    where: Where
  }
  readonly yearField?: Placed<string>
  readonly incidentKey?: Placed<readonly string[]>
  readonly codeFolder?: string
  readonly codeTables: ReadonlyMap<string, CodeTable>
  readonly shape?: Placed<string>
  readonly overlays: readonly Placed<string>[]
  readonly extends?: Placed<string>
  readonly appliesTo?: {
    readonly where: Where
    readonly field: string
    readonly values: readonly string[]
    readonly dataYears: readonly [number, number | null]
  }
  readonly segments: readonly SegmentNode[]
}

/** Longest record a spec may describe, in bytes. */
export const MAX_RECORD_LENGTH = 65_535
/** Most repetitions of a field or group. */
export const MAX_REPEAT = 1_000
/** Most digits a number may have, so that every value is exact in a double. */
export const MAX_DIGITS = 15

export const FIELD_TYPES = [
  'text',
  'identifier',
  'integer',
  'decimal',
  'date',
  'hour',
  'code',
  'flag',
  'number_or_code',
] as const satisfies readonly FieldType[]
export const ENCODINGS = ['ascii', 'latin1', 'windows-1252'] as const satisfies readonly Encoding[]
export const ROLES = [
  'header',
  'incident',
  'child',
  'window',
  'group_b',
  'record',
] as const satisfies readonly SegmentRole[]

const NAME = /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/
const NAME_SHAPE = 'snake_case (letters, digits, single underscores)'
const FAMILY = /^[a-z0-9][a-z0-9_-]*(\/[a-z0-9][a-z0-9_-]*)*$/
const VERSION = /^[a-z0-9][a-z0-9._-]*$/

const SPEC_KEYS = [
  'format',
  'id',
  'version',
  'revision',
  'title',
  'data_years',
  'encoding',
  'source',
  'segment_level',
  'year_field',
  'incident_key',
  'code_folder',
  'code_tables',
  'shape',
  'overlays',
  'extends',
  'applies_to',
  'segments',
] as const
/** Keys that only a spec of its own has: an overlay takes them from what it extends. */
const BASE_ONLY_KEYS = [
  'data_years',
  'encoding',
  'segment_level',
  'year_field',
  'incident_key',
  'shape',
  'overlays',
] as const

/** Properties beyond `pos`, `type`, `repeat`, `optional`, `optional_from`, `description`. */
const TYPE_KEYS: Readonly<Record<FieldType | 'filler', readonly string[]>> = {
  text: ['element'],
  identifier: ['element'],
  integer: ['element', 'range'],
  decimal: ['element', 'fraction', 'scale'],
  date: ['element', 'format'],
  hour: ['element', 'codes'],
  code: ['element', 'codes'],
  flag: ['element', 'codes', 'yes', 'no'],
  number_or_code: ['element', 'codes', 'range'],
  filler: ['ignore'],
}
const TYPE_REQUIRED: Readonly<Partial<Record<FieldType | 'filler', readonly string[]>>> = {
  code: ['codes'],
  flag: ['yes', 'no'],
  number_or_code: ['codes', 'range'],
}
const COMMON_FIELD_KEYS = ['pos', 'type', 'repeat', 'optional', 'optional_from', 'description']
const FIELD_KEYS = [
  ...COMMON_FIELD_KEYS,
  ...new Set(Object.values(TYPE_KEYS).flatMap((keys) => [...keys])),
]

/**
 * Reads a spec file and checks its form, without looking at what it refers to.
 *
 * @throws {SpecError} `SPEC_SYNTAX`, `SPEC_SCHEMA`, `SPEC_BAD_POSITION`, `SPEC_BAD_ENCODING` or
 * `SPEC_DUPLICATE_FIELD`, each with file, line and column.
 */
export function readSpecDocument(text: string, file: string): SpecDocument {
  const bare = readYaml(text, file)
  const required = ['format', 'id', 'version', 'revision', 'title', 'segments']
  const head = bare.expectKeys('a spec', SPEC_KEYS, required)
  expectFormat(head.get('format')!)
  const family = head.get('id')!.expectText('id', FAMILY, 'a name such as nibrs/master')
  const version = head
    .get('version')!
    .expectText('version', VERSION, 'lower case letters, digits, dots and dashes, such as "2013"')
  const id = `${family}@${version}`
  const root = bare.within({ spec: id })
  const at = (key: string): YamlValue | undefined => head.get(key)?.within({ spec: id })

  const isOverlay = head.has('extends')
  if (isOverlay) {
    for (const key of BASE_ONLY_KEYS) {
      const message = `an overlay takes "${key}" from the spec it extends; remove it here`
      if (head.has(key)) throw at(key)!.fault('SPEC_SCHEMA', message)
    }
    if (!head.has('applies_to')) {
      throw root.fault('SPEC_SCHEMA', 'an overlay needs "applies_to"; say which records it is for')
    }
  } else {
    const stray = at('applies_to')
    if (stray !== undefined) {
      throw stray.fault('SPEC_SCHEMA', '"applies_to" needs "extends"; only an overlay has it')
    }
    if (!head.has('encoding')) {
      throw root.fault('SPEC_SCHEMA', `a spec needs "encoding"; add one of ${ENCODINGS.join(', ')}`)
    }
  }

  const segments = at('segments')!
    .entries('segments')
    .map(({ key, at: keyAt, value }) => {
      keyAt.expectText('segment name', NAME, NAME_SHAPE)
      return readSegment(key, keyAt.where, value.within({ segment: key }))
    })
  if (segments.length === 0) {
    throw at('segments')!.fault('SPEC_SCHEMA', 'a spec needs at least one segment; add it')
  }

  const years = at('data_years')
  const levelAt = at('segment_level')
  const level = levelAt === undefined ? undefined : readLevel(levelAt)
  const yearField = placedText(
    at('year_field'),
    'year_field',
    /^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$/,
    'segment.field',
  )
  const incidentKeyAt = at('incident_key')
  const codeFolder = at('code_folder')?.expectText('code_folder')
  const shape = placedText(at('shape'), 'shape')
  const parent = placedText(at('extends'), 'extends')
  const appliesTo = at('applies_to')
  const source = readSource(at('source'))
  return {
    file,
    where: root.where,
    id,
    family,
    version,
    revision: at('revision')!.expectWhole('revision', 1, 9_999),
    title: at('title')!.expectText('title'),
    dataYears: years === undefined ? null : readYears(years),
    encoding: isOverlay ? 'latin1' : readEncoding(at('encoding')!),
    ...(source === undefined ? {} : { source }),
    ...(level === undefined ? {} : { level }),
    ...(yearField === undefined ? {} : { yearField }),
    ...(incidentKeyAt === undefined
      ? {}
      : {
          incidentKey: {
            value: incidentKeyAt.expectList('column names').map((name) => readName(name)),
            where: incidentKeyAt.where,
          },
        }),
    ...(codeFolder === undefined ? {} : { codeFolder }),
    codeTables: readInlineTables(at('code_tables')),
    ...(shape === undefined ? {} : { shape }),
    overlays:
      at('overlays')
        ?.expectList('overlay files')
        .map((item) => ({ value: item.expectText('an overlay file'), where: item.where })) ?? [],
    ...(parent === undefined ? {} : { extends: parent }),
    ...(appliesTo === undefined ? {} : { appliesTo: readAppliesTo(appliesTo) }),
    segments,
  }
}

/**
 * Reads a code table file.
 *
 * @throws {SpecError} `SPEC_SYNTAX` or `SPEC_SCHEMA`, with file, line and column.
 */
export function readCodeTable(text: string, file: string): CodeTable {
  const root = readYaml(text, file)
  const head = root.expectKeys(
    'a code table',
    ['format', 'code_table', 'title', 'source', 'note', 'codes'],
    ['format', 'code_table', 'title', 'codes'],
  )
  expectFormat(head.get('format')!)
  return tableFrom(readName(head.get('code_table')!), head)
}

function expectFormat(value: YamlValue): void {
  if (value.scalar !== 1) {
    const mend = 'this package reads format 1 only; see specs/README.md'
    throw value.fault('SPEC_SCHEMA', `expected format 1, found ${value.found}; ${mend}`)
  }
}

function readName(value: YamlValue): string {
  return value.expectText('a name', NAME, NAME_SHAPE)
}

function placedText(
  value: YamlValue | undefined,
  what: string,
  pattern?: RegExp,
  shape?: string,
): Placed<string> | undefined {
  if (value === undefined) return undefined
  return { value: value.expectText(what, pattern, shape), where: value.where }
}

function readEncoding(value: YamlValue): Encoding {
  const name = value.expectText('encoding')
  const known = ENCODINGS.find((encoding) => encoding === name)
  if (known !== undefined) return known
  throw value.fault(
    'SPEC_BAD_ENCODING',
    `"${name}" is not a single-byte encoding this package reads; use one of ${ENCODINGS.join(', ')}`,
  )
}

function readYears(value: YamlValue): [number, number | null] {
  const items = value.expectList('two years')
  if (items.length !== 2) {
    const message = `expected [first, last] years, found ${items.length} of them; use null for open`
    throw value.fault('SPEC_SCHEMA', message)
  }
  const first = items[0]!.expectWhole('the first year', 1, 9_999)
  if (items[1]!.scalar === null) return [first, null]
  return [first, items[1]!.expectWhole('the last year, or null,', first, 9_999)]
}

function readSource(value: YamlValue | undefined): Provenance | undefined {
  if (value === undefined) return undefined
  const keys = ['title', 'date', 'url', 'note', 'confidence'] as const
  const source: Partial<Record<(typeof keys)[number], string>> = {}
  const found = value.expectKeys('source', keys)
  for (const key of keys) {
    const text = found.get(key)?.expectText(`source ${key}`)
    if (text !== undefined) source[key] = text
  }
  return source
}

/** `34-36` or `34`: 1-based, both ends included. */
function readPosition(value: YamlValue, what = 'pos'): PrintedRange {
  const scalar = value.scalar
  const match = /^([1-9]\d{0,4})(?:-([1-9]\d{0,4}))?$/.exec(
    typeof scalar === 'number' || typeof scalar === 'string' ? String(scalar) : '',
  )
  const start = Number(match?.[1] ?? 0)
  const end = Number(match?.[2] ?? start)
  if (match === null) {
    const message = `expected ${what} as printed, counted from 1, such as 34-36, found ${value.found}`
    throw value.fault('SPEC_BAD_POSITION', message)
  }
  if (end < start) {
    throw value.fault('SPEC_BAD_POSITION', `${what} ${match[0]} ends before it starts; swap them`)
  }
  if (end > MAX_RECORD_LENGTH) {
    const message = `${what} ${match[0]} is past ${MAX_RECORD_LENGTH}, the longest record allowed`
    throw value.fault('SPEC_BAD_POSITION', message)
  }
  return { start, end }
}

function readLevel(value: YamlValue): NonNullable<SpecDocument['level']> {
  const keys = value.expectKeys('segment_level', ['pos', 'codes'], ['pos'])
  const codes = placedText(keys.get('codes'), 'codes', NAME, NAME_SHAPE)
  return {
    position: readPosition(keys.get('pos')!),
    ...(codes === undefined ? {} : { codes }),
    where: value.where,
  }
}

function readAppliesTo(value: YamlValue): NonNullable<SpecDocument['appliesTo']> {
  const required = ['field', 'values', 'data_years']
  const keys = value.expectKeys('applies_to', required, required)
  return {
    where: value.where,
    field: readName(keys.get('field')!),
    values: keys
      .get('values')!
      .expectList('values')
      .map((item) => item.expectText('a value')),
    dataYears: readYears(keys.get('data_years')!),
  }
}

function readSegment(name: string, where: Where, value: YamlValue): SegmentNode {
  const known = ['title', 'level', 'parts', 'length', 'role', 'key', 'source', 'fields']
  const keys = value.expectKeys('a segment', known)
  const partsAt = keys.get('parts')
  let parts: PartNode[]
  if (partsAt === undefined) {
    parts = [readPart(value.where, keys, value)]
  } else {
    for (const key of ['level', 'length', 'fields']) {
      const message = `"${key}" stands in each of the parts; move it there`
      if (keys.has(key)) throw keys.get(key)!.fault('SPEC_SCHEMA', message)
    }
    const items = partsAt.expectList('parts')
    if (items.length < 2) {
      throw partsAt.fault('SPEC_SCHEMA', 'one part is no parts; put its keys in the segment itself')
    }
    parts = items.map((item) => {
      const partKeys = ['level', 'length', 'fields']
      return readPart(item.where, item.expectKeys('a part', partKeys, partKeys), item)
    })
  }
  const title = keys.get('title')?.expectText('title')
  const roleAt = keys.get('role')
  const role = ROLES.find((known) => known === roleAt?.scalar)
  if (roleAt !== undefined && role === undefined) {
    throw roleAt.fault(
      'SPEC_SCHEMA',
      `expected a role of ${ROLES.join(', ')}, found ${roleAt.found}`,
    )
  }
  const source = readSource(keys.get('source'))
  return {
    name,
    where: { ...where, segment: name },
    ...(title === undefined ? {} : { title }),
    ...(role === undefined ? {} : { role }),
    key:
      keys
        .get('key')
        ?.expectList('field names')
        .map((item) => ({ value: readName(item), where: item.where })) ?? [],
    ...(source === undefined ? {} : { source }),
    parts,
  }
}

function readPart(where: Where, keys: ReadonlyMap<string, YamlValue>, value: YamlValue): PartNode {
  const need = (key: string): YamlValue => {
    const found = keys.get(key)
    if (found === undefined) throw value.fault('SPEC_SCHEMA', `a segment needs "${key}"; add it`)
    return found
  }
  const level = placedText(keys.get('level'), 'level')
  return {
    where,
    ...(level === undefined ? {} : { level }),
    length: need('length').expectWhole('length', 1, MAX_RECORD_LENGTH),
    fields: need('fields')
      .entries('fields', 'SPEC_DUPLICATE_FIELD')
      .map(({ key, at, value: entry }) => {
        at.within({ field: key }).expectText('field name', NAME, NAME_SHAPE)
        const named = entry.within({ field: key })
        const isGroup =
          named.isMap && named.entries('field properties').some((pair) => pair.key === 'fields')
        return isGroup ? readGroup(key, at.where, named) : readField(key, at.where, named)
      }),
  }
}

function readGroup(name: string, at: Where, value: YamlValue): GroupNode {
  const keys = value.expectKeys('a group of fields', ['repeat', 'prefixes', 'fields'], ['fields'])
  const prefixes = keys
    .get('prefixes')
    ?.expectList('prefixes')
    .map((item) => readName(item))
  const repeat = keys.get('repeat')?.expectWhole('repeat', 1, MAX_REPEAT) ?? prefixes?.length
  if (repeat === undefined) {
    throw value.fault('SPEC_SCHEMA', 'a group of fields needs "repeat" or "prefixes"; add one')
  }
  if (prefixes !== undefined && prefixes.length !== repeat) {
    const message = `repeat is ${repeat}, but there are ${prefixes.length} prefixes; make them equal`
    throw value.fault('SPEC_SCHEMA', message)
  }
  const fields = keys
    .get('fields')!
    .entries('fields', 'SPEC_DUPLICATE_FIELD')
    .map(({ key, at: fieldAt, value: entry }) => {
      const named = entry.within({ field: key })
      fieldAt.within({ field: key }).expectText('field name', NAME, NAME_SHAPE)
      const field = readField(key, fieldAt.where, named)
      if (field.repeat !== undefined) {
        throw named.fault('SPEC_SCHEMA', 'a field of a repeated group cannot repeat; write it out')
      }
      return field
    })
  if (fields.length === 0) throw value.fault('SPEC_SCHEMA', 'the group has no fields; add one')
  return {
    kind: 'group',
    name,
    where: { ...at, field: name },
    repeat,
    ...(prefixes === undefined ? {} : { prefixes }),
    fields,
  }
}

function readField(name: string, at: Where, value: YamlValue): FieldNode {
  const keys = value.expectKeys('a field', FIELD_KEYS, ['pos', 'type'])
  const type = readType(keys.get('type')!)
  for (const [key, property] of keys) {
    if (COMMON_FIELD_KEYS.includes(key) || TYPE_KEYS[type].includes(key)) continue
    throw property.fault('SPEC_SCHEMA', `"${key}" means nothing for type ${type}; remove it`)
  }
  for (const key of TYPE_REQUIRED[type] ?? []) {
    if (!keys.has(key)) throw value.fault('SPEC_SCHEMA', `type ${type} needs "${key}"; add it`)
  }
  if (keys.has('fraction') && keys.has('scale')) {
    throw value.fault('SPEC_SCHEMA', 'a decimal has "fraction" or "scale", not both; drop one')
  }
  const format = keys.get('format')
  if (format !== undefined && format.scalar !== 'yyyymmdd') {
    throw format.fault('SPEC_SCHEMA', `expected format yyyymmdd, found ${format.found}`)
  }
  const repeat = keys.get('repeat')?.expectWhole('repeat', 1, MAX_REPEAT)
  const optionalFromAt = keys.get('optional_from')
  if (optionalFromAt !== undefined && repeat === undefined) {
    throw optionalFromAt.fault('SPEC_SCHEMA', '"optional_from" needs "repeat"; use optional: true')
  }
  const optionalFrom = optionalFromAt?.expectWhole('optional_from', 2, Math.max(repeat ?? 2, 2))
  const codes = placedText(keys.get('codes'), 'codes', NAME, NAME_SHAPE)
  const element = keys.get('element')?.expectText('element')
  const description = keys.get('description')?.expectText('description')
  const fractionAt = keys.get('fraction')
  const scale = keys.get('scale')?.expectWhole('scale', 1, MAX_DIGITS)
  const rangeAt = keys.get('range')
  const yes = keys.get('yes')?.expectText('yes')
  const no = keys.get('no')?.expectText('no')
  if (yes !== undefined && yes === no) {
    throw value.fault('SPEC_SCHEMA', `yes and no are both "${yes}"; give them different characters`)
  }
  return {
    kind: 'field',
    name,
    where: { ...at, field: name },
    position: readPosition(keys.get('pos')!),
    type,
    ...(repeat === undefined ? {} : { repeat }),
    optional: keys.get('optional')?.expectTrue('optional') ?? false,
    ...(optionalFrom === undefined ? {} : { optionalFrom }),
    ...(codes === undefined ? {} : { codes }),
    ...(element === undefined ? {} : { element }),
    ...(description === undefined ? {} : { description }),
    ...(fractionAt === undefined ? {} : { fraction: readPosition(fractionAt, 'fraction') }),
    ...(scale === undefined ? {} : { scale }),
    ...(rangeAt === undefined ? {} : { range: readRange(rangeAt) }),
    ...(yes === undefined || no === undefined ? {} : { flag: { yes, no } }),
    ignore: keys.get('ignore')?.expectTrue('ignore') ?? false,
  }
}

function readType(value: YamlValue): FieldType | 'filler' {
  const known = [...FIELD_TYPES, 'filler' as const].find((type) => type === value.scalar)
  if (known !== undefined) return known
  const list = [...FIELD_TYPES, 'filler'].join(', ')
  throw value.fault('SPEC_SCHEMA', `expected a type of ${list}, found ${value.found}`)
}

function readRange(value: YamlValue): [number, number] {
  const match = /^(\d{1,15})-(\d{1,15})$/.exec(typeof value.scalar === 'string' ? value.scalar : '')
  if (match === null || Number(match[1]) > Number(match[2])) {
    throw value.fault('SPEC_SCHEMA', `expected a range such as 1-98, found ${value.found}`)
  }
  return [Number(match[1]), Number(match[2])]
}

function readInlineTables(value: YamlValue | undefined): ReadonlyMap<string, CodeTable> {
  const tables = new Map<string, CodeTable>()
  for (const { key, at, value: entry } of value?.entries('code tables') ?? []) {
    at.expectText('code table name', NAME, NAME_SHAPE)
    const known = ['title', 'source', 'note', 'codes']
    tables.set(key, tableFrom(key, entry.expectKeys('a code table', known, ['codes'])))
  }
  return tables
}

function tableFrom(name: string, keys: ReadonlyMap<string, YamlValue>): CodeTable {
  const codes = new Map<string, CodeEntry>()
  for (const { key, at, value } of keys.get('codes')!.entries('codes')) {
    if (key === '' || key.endsWith(' ')) {
      const message = `code "${key}" is blank or ends in a blank, which is not kept; remove the blank`
      throw at.fault('SPEC_SCHEMA', message)
    }
    codes.set(key, readCode(value))
  }
  if (codes.size === 0) {
    throw keys.get('codes')!.fault('SPEC_SCHEMA', `code table "${name}" has no codes; add them`)
  }
  const source = keys.get('source')?.expectText('source')
  const note = keys.get('note')?.expectText('note')
  return {
    name,
    title: keys.get('title')?.expectText('title') ?? name,
    ...(source === undefined ? {} : { source }),
    ...(note === undefined ? {} : { note }),
    codes,
  }
}

/** A label alone, or a map with label, years, note and attributes. */
function readCode(value: YamlValue): CodeEntry {
  if (!value.isMap) return { label: value.expectText('a label') }
  const known = ['label', 'from', 'to', 'note', 'attributes']
  const keys = value.expectKeys('a code', known, ['label'])
  const from = keys.get('from')?.expectWhole('from', 1, 9_999)
  const to = keys.get('to')?.expectWhole('to', from ?? 1, 9_999)
  const note = keys.get('note')?.expectText('note')
  const attributes = keys
    .get('attributes')
    ?.entries('attributes')
    .map((entry): [string, string] => [
      entry.at.expectText('attribute name', NAME, NAME_SHAPE),
      entry.value.expectText(`attribute ${entry.key}`),
    ])
  return {
    label: keys.get('label')!.expectText('label'),
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(note === undefined ? {} : { note }),
    ...(attributes === undefined ? {} : { attributes: Object.fromEntries(attributes) }),
  }
}
