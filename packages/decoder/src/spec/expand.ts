import type { FieldNode, GroupNode, PrintedRange } from './document.js'

/** A field as it stands in the record: repeats unrolled, names final, positions as printed. */
export interface PlainField extends Omit<FieldNode, 'repeat' | 'optionalFrom'> {
  /** All its bytes, the fraction of a decimal included. */
  readonly extent: PrintedRange
}

/** Unrolls repeats and groups, in the order written. */
export function expandFields(nodes: readonly (FieldNode | GroupNode)[]): readonly PlainField[] {
  return nodes.flatMap((node) => (node.kind === 'field' ? expandField(node) : expandGroup(node)))
}

/** `59-88`, `89`, or `59-67 and 70-72` where a fraction stands apart. */
export function printedPosition(field: Pick<PlainField, 'position' | 'fraction'>): string {
  const { position, fraction } = field
  if (fraction === undefined) return printedRange(position)
  if (fraction.start === position.end + 1) {
    return printedRange({ start: position.start, end: fraction.end })
  }
  return `${printedRange(position)} and ${printedRange(fraction)}`
}

export function printedRange({ start, end }: PrintedRange): string {
  return start === end ? `${start}` : `${start}-${end}`
}

function expandField(node: FieldNode): PlainField[] {
  if (node.repeat === undefined) return [plain(node, node.name, 0, '', node.optional)]
  const { start, end } = extentOf(node)
  const stride = end - start + 1
  return Array.from({ length: node.repeat }, (_, index) => {
    const optional = node.optional || index + 1 >= (node.optionalFrom ?? Infinity)
    return plain(node, `${node.name}_${index + 1}`, stride * index, `${index + 1}`, optional)
  })
}

function expandGroup(group: GroupNode): PlainField[] {
  const extents = group.fields.map(extentOf)
  const start = Math.min(...extents.map((extent) => extent.start))
  const end = Math.max(...extents.map((extent) => extent.end))
  const stride = end - start + 1
  return Array.from({ length: group.repeat }, (_, index) =>
    group.fields.map((node) => {
      const prefix = group.prefixes?.[index]
      const name = prefix === undefined ? `${node.name}_${index + 1}` : `${prefix}_${node.name}`
      return plain(node, name, stride * index, prefix ?? `${index + 1}`, node.optional)
    }),
  ).flat()
}

function plain(
  node: FieldNode,
  name: string,
  offset: number,
  mark: string,
  optional: boolean,
): PlainField {
  const { description, fraction } = node
  return {
    ...node,
    name,
    where: { ...node.where, field: name },
    position: moved(node.position, offset),
    ...(fraction === undefined ? {} : { fraction: moved(fraction, offset) }),
    extent: moved(extentOf(node), offset),
    ...(description === undefined ? {} : { description: description.replaceAll('{n}', mark) }),
    optional,
  }
}

function moved(range: PrintedRange, offset: number): PrintedRange {
  return { start: range.start + offset, end: range.end + offset }
}

function extentOf({ position, fraction }: FieldNode): PrintedRange {
  if (fraction === undefined) return position
  return {
    start: Math.min(position.start, fraction.start),
    end: Math.max(position.end, fraction.end),
  }
}
