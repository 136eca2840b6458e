import type { PartNode, PrintedRange, SegmentNode, SpecDocument } from './document.js'
import { expandFields, printedPosition, printedRange, type PlainField } from './expand.js'
import { specFault, type Where } from './yaml-source.js'

/** A physical record while it is compiled: fields still carry their places in the file. */
export interface Part {
  readonly node: PartNode
  readonly index: number
  readonly offset: number
  readonly maxLength: number
  readonly fields: readonly PlainField[]
}

/** Unrolls the fields of every part and checks that they cover its bytes, once each. */
export function layOut(segment: SegmentNode, document: SpecDocument): readonly Part[] {
  const parts: Part[] = []
  let offset = 0
  for (const [index, node] of segment.parts.entries()) {
    const fields = expandFields(node.fields)
    const isLast = index === segment.parts.length - 1
    checkNames(fields)
    for (const field of fields) checkLength(field, node.length, isLast)
    checkCover(fields, node, document, segment)
    const maxLength = Math.max(node.length, ...fields.map((field) => field.extent.end))
    parts.push({ node, index, offset, maxLength, fields })
    offset += node.length
  }
  return parts
}

function checkNames(fields: readonly PlainField[]): void {
  const seen = new Set<string>()
  for (const field of fields) {
    if (seen.has(field.name)) {
      const message = 'the name is taken by a field above (repeats count too); rename one'
      throw specFault('SPEC_DUPLICATE_FIELD', field.where, message)
    }
    seen.add(field.name)
  }
}

function checkLength(field: PlainField, length: number, isLastPart: boolean): void {
  const { start, end } = field.extent
  const printed = printedPosition(field)
  if (field.optional && !isLastPart) {
    throw specFault(
      'SPEC_PAST_LENGTH',
      field.where,
      'only the last part of a joined record may have optional fields; drop "optional"',
    )
  }
  if (field.optional && start <= length) {
    throw specFault(
      'SPEC_PAST_LENGTH',
      field.where,
      `pos ${printed} begins within length ${length}; drop "optional" or shorten length`,
    )
  }
  if (!field.optional && end > length) {
    throw specFault(
      'SPEC_PAST_LENGTH',
      field.where,
      `pos ${printed} ends past length ${length}; correct pos or length, or mark it optional`,
    )
  }
}

/** Every byte belongs to the segment level or to one field or filler: no overlap, no gap. */
function checkCover(
  fields: readonly PlainField[],
  part: PartNode,
  document: SpecDocument,
  segment: SegmentNode,
): void {
  type Taken = PrintedRange & { readonly name: string; readonly where: Where }
  const taken: Taken[] = fields.flatMap((field) =>
    [field.position, ...(field.fraction === undefined ? [] : [field.fraction])].map((range) => ({
      ...range,
      name: field.name,
      where: field.where,
    })),
  )
  if (document.level !== undefined) {
    taken.push({ ...document.level.position, name: 'segment_level', where: document.level.where })
  }
  taken.sort((a, b) => a.start - b.start || a.end - b.end)
  const end = Math.max(part.length, ...taken.map((range) => range.end))
  let next = 1
  let last: Taken | undefined
  for (const range of taken) {
    if (last !== undefined && range.start < next) {
      const [named, other] = range.name === 'segment_level' ? [last, range] : [range, last]
      const message =
        `pos ${printedRange(named)} overlaps "${other.name}" ` +
        `(${printedRange(other)}); check the positions against the printed page`
      throw specFault('SPEC_OVERLAP', named.where, message, [other.name, named.name])
    }
    if (range.start > next) throw gap(next, range.start - 1, range.where)
    next = range.end + 1
    last = range
  }
  if (next <= end) throw gap(next, end, { ...part.where, segment: segment.name })
}

function gap(start: number, end: number, where: Where): Error {
  const printed = printedRange({ start, end })
  const bytes = start === end ? `byte ${printed} belongs` : `bytes ${printed} belong`
  const filler = `filler_${start}: { pos: ${printed}, type: filler }`
  const message = `${bytes} to no field; correct the positions about it, or add ${filler}`
  return specFault('SPEC_GAP', where, message)
}
