import type { FieldNode, GroupNode } from './document.js'
import { NAME, NAME_SHAPE, placedText, readName, readPosition } from './read-values.js'
import type { FieldType } from './types.js'
import type { Where, YamlValue } from './yaml-source.js'

/** Most repetitions of a field or group. */
const MAX_REPEAT = 1_000

/** Most digits a number may have, so that every value is exact in a double. */
export const MAX_DIGITS = 15

const FIELD_TYPES = [
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

/** Trailing blanks are trimmed before a flag is compared, and a blank one is null. */
const FLAG = /[^ ]$/
const FLAG_SHAPE = 'text that does not end in a blank (a blank flag is null)'

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

/** Reads one entry of `fields`: a field, or a group of fields that repeat together. */
export function readFieldOrGroup(name: string, at: Where, value: YamlValue): FieldNode | GroupNode {
  const isGroup =
    value.isMap && value.entries('field properties').some((entry) => entry.key === 'fields')
  return isGroup ? readGroup(name, at, value) : readField(name, at, value)
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
  const yes = keys.get('yes')?.expectText('yes', FLAG, FLAG_SHAPE)
  const no = keys.get('no')?.expectText('no', FLAG, FLAG_SHAPE)
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
