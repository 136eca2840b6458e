import { readInlineTables } from './code-table.js'
import type { PartNode, SegmentNode, SpecDocument } from './document.js'
import { readFieldOrGroup } from './read-field.js'
import {
  expectFormat,
  MAX_RECORD_LENGTH,
  NAME,
  NAME_SHAPE,
  placedText,
  readName,
  readPosition,
  readSource,
  readYears,
} from './read-values.js'
import type { Encoding, SegmentRole } from './types.js'
import { readYaml, type Where, type YamlValue } from './yaml-source.js'

/** Encodings a spec may name. */
export const ENCODINGS = ['ascii', 'latin1', 'windows-1252'] as const satisfies readonly Encoding[]

const ROLES = [
  'header',
  'incident',
  'child',
  'window',
  'group_b',
  'record',
] as const satisfies readonly SegmentRole[]

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

function readEncoding(value: YamlValue): Encoding {
  const name = value.expectText('encoding')
  const known = ENCODINGS.find((encoding) => encoding === name)
  if (known !== undefined) return known
  throw value.fault(
    'SPEC_BAD_ENCODING',
    `"${name}" is not a single-byte encoding this package reads; use one of ${ENCODINGS.join(', ')}`,
  )
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
        return readFieldOrGroup(key, at.where, entry.within({ field: key }))
      }),
  }
}
