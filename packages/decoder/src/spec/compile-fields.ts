import type { PrintedRange, SegmentNode, SpecSource } from './document.js'
import { printedPosition, type PlainField } from './expand.js'
import type { Part } from './lay-out.js'
import { MAX_DIGITS } from './read-field.js'
import { placeColumn, type TableBuilder } from './table-builder.js'
import type { CodeTable, ColumnSpec, FieldSpec } from './types.js'
import { placeOf, specFault } from './yaml-source.js'

/** Bytes: 0-based, half-open. */
export interface ByteRange {
  readonly start: number
  readonly end: number
}

/** 1-based inclusive to 0-based half-open, the only place where this is done. */
export function byteRange({ start, end }: PrintedRange, offset = 0): ByteRange {
  return { start: start - 1 + offset, end: end + offset }
}

/** Fields of all parts, joined; a field that several parts repeat (the key) is kept once. */
export function compileFields(
  parts: readonly Part[],
  source: SpecSource,
  builder: TableBuilder,
  segment: SegmentNode,
): readonly FieldSpec[][] {
  const first = new Map<string, PlainField>()
  return parts.map((part) =>
    part.fields.flatMap((field): FieldSpec[] => {
      if (field.type === 'filler') return []
      const before = part.index === 0 ? undefined : first.get(field.name)
      if (before !== undefined) {
        const isKey = segment.key.some((key) => key.value === field.name)
        const isSame =
          before.type === field.type && widthOf(before.position) === widthOf(field.position)
        // The levels of one joined record all begin with the same state and key.
        if (isSame && (isKey || samePlace(before.position, field.position))) return []
        const message =
          'an earlier part has a field of this name, but of another type, width or position; ' +
          'rename one or make them equal'
        throw specFault('SPEC_DUPLICATE_FIELD', field.where, message)
      }
      first.set(field.name, field)
      return [compileField(field, part.offset, source, builder)]
    }),
  )
}

function samePlace(a: PrintedRange, b: PrintedRange): boolean {
  return a.start === b.start && a.end === b.end
}

function widthOf({ start, end }: PrintedRange): number {
  return end - start + 1
}

function compileField(
  field: PlainField,
  offset: number,
  source: SpecSource,
  builder: TableBuilder,
): FieldSpec {
  const codes = codeTableOf(field, source)
  checkWidth(field, codes)
  let bytes = byteRange(field.position, offset)
  let fraction = field.fraction === undefined ? undefined : byteRange(field.fraction, offset)
  if (field.scale !== undefined) {
    // An implied point: the last digits of the field itself are the fraction.
    fraction = { start: bytes.end - field.scale, end: bytes.end }
    bytes = { start: bytes.start, end: fraction.start }
  }
  const columns = columnsOf(field, codes, fraction).map((column) =>
    placeColumn(column, field, builder),
  )
  const type = field.type as FieldSpec['type']
  return {
    name: field.name,
    type,
    ...bytes,
    printed: printedPosition(field),
    ...(fraction === undefined ? {} : { fraction }),
    ...(codes === undefined ? {} : { codes }),
    ...(field.range === undefined ? {} : { range: field.range }),
    ...(field.flag === undefined ? {} : { flag: field.flag }),
    optional: field.optional,
    columns,
  }
}

function codeTableOf(field: PlainField, source: SpecSource): CodeTable | undefined {
  if (field.codes === undefined) return undefined
  const table = source.codeTables.get(field.codes.value)
  if (table !== undefined) return table
  const known = [...source.codeTables.keys()].sort().join(', ')
  throw specFault(
    'SPEC_UNKNOWN_CODE_TABLE',
    { ...field.where, ...placeOf(field.codes.where) },
    `there is no code table "${field.codes.value}"; ` +
      (known === '' ? 'add it under code_tables' : `add it under code_tables or use: ${known}`),
  )
}

function checkWidth(field: PlainField, codes: CodeTable | undefined): void {
  const width = widthOf(field.position)
  const wrong = (expected: string): Error =>
    specFault(
      'SPEC_BAD_WIDTH',
      field.where,
      `pos ${printedPosition(field)} is ${width} wide, but ${expected}`,
    )
  switch (field.type) {
    case 'date':
      if (width !== 8) throw wrong('a date is yyyymmdd, 8 wide; correct pos or the type')
      break
    case 'hour':
      if (width !== 2) throw wrong('an hour is 00 to 23, 2 wide; correct pos or the type')
      break
    case 'integer':
      if (width > MAX_DIGITS) throw wrong(`an integer has at most ${MAX_DIGITS} digits; use text`)
      break
    case 'decimal': {
      const digits = width + (field.fraction === undefined ? 0 : widthOf(field.fraction))
      if (digits > MAX_DIGITS)
        throw wrong(`a decimal has at most ${MAX_DIGITS} digits in all; use text`)
      if (field.scale === undefined && field.fraction === undefined) {
        throw wrong('nothing says where its point is; add scale or fraction, or use type integer')
      }
      if (field.scale !== undefined && field.scale >= width) {
        throw wrong(`scale ${field.scale} leaves no whole digit; lower the scale`)
      }
      break
    }
    case 'flag':
      for (const text of [field.flag!.yes, field.flag!.no]) {
        if (text.length > width) throw wrong(`"${text}" is longer; shorten it or widen pos`)
      }
      break
    case 'number_or_code':
    case 'text':
    case 'identifier':
    case 'code':
    case 'filler':
      break
  }
  if (field.range !== undefined && String(field.range[1]).length > width) {
    throw wrong(`its range goes to ${field.range[1]}; lower the range or widen pos`)
  }
  if (codes === undefined || field.type === 'flag' || field.type === 'hour') return
  for (const code of codes.codes.keys()) {
    if (code.length > width) {
      throw wrong(`code "${code}" of table "${codes.name}" is longer; correct pos or the table`)
    }
  }
}

function columnsOf(
  field: PlainField,
  codes: CodeTable | undefined,
  fraction: ByteRange | undefined,
): ColumnSpec[] {
  const width = widthOf(field.position) + (field.fraction ? widthOf(field.fraction) : 0)
  const about = {
    ...(field.element === undefined ? {} : { element: field.element }),
    ...(field.description === undefined ? {} : { description: field.description }),
  }
  if (field.type === 'number_or_code') {
    return [
      { name: field.name, type: 'integer', width, scale: 0, ...about, mixed: 'number' },
      {
        name: `${field.name}_code`,
        type: 'code',
        width,
        scale: 0,
        ...(codes === undefined ? {} : { codes }),
        ...about,
        mixed: 'code',
      },
    ]
  }
  return [
    {
      name: field.name,
      type: field.type as ColumnSpec['type'],
      width,
      scale: fraction === undefined ? 0 : fraction.end - fraction.start,
      // Hours and flags are values, not codes: their tables only serve the documentation.
      ...(field.type === 'code' && codes !== undefined ? { codes } : {}),
      ...about,
    },
  ]
}
