import { byteRange, type ByteRange } from './compile-fields.js'
import type { SegmentNode } from './document.js'
import type { Part } from './lay-out.js'
import type { FieldSpec, LayoutSpec } from './types.js'
import { specFault } from './yaml-source.js'

/** Layouts of one segment, a part each. */
export function compileLayouts(
  parts: readonly Part[],
  segment: SegmentNode,
  key: SegmentNode['key'],
  fields: readonly (readonly FieldSpec[])[],
  level: ByteRange | null,
  tableIndex: number,
): LayoutSpec[] {
  return parts.map((part) => {
    const keyFields = key.map(({ value, where }) => {
      const field = part.fields.find((item) => item.name === value)
      if (field === undefined || field.type === 'filler' || field.optional) {
        const problem =
          field === undefined ? 'is no field' : field.optional ? 'is optional' : 'is filler'
        throw specFault(
          'SPEC_BAD_KEY',
          { ...where, segment: segment.name, field: value },
          `named as key, but ${problem} of this segment; name fields every record has`,
        )
      }
      return { name: value, ...byteRange(field.extent) }
    })
    return {
      level: part.node.level?.value ?? '',
      tableIndex,
      part: part.index,
      partCount: parts.length,
      partOffset: part.offset,
      length: part.node.length,
      maxLength: part.maxLength,
      keyLength: Math.max(level?.end ?? 0, ...keyFields.map((field) => field.end)),
      keyFields,
      fields: fields[part.index]!,
      fillers: part.fields
        .filter((field) => field.type === 'filler' && !field.ignore)
        .map((field) => ({ name: field.name, ...byteRange(field.position, part.offset) })),
    }
  })
}
