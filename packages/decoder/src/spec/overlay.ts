import { byteRange, compileFields, type ByteRange } from './compile-fields.js'
import { compileLayouts } from './compile-layouts.js'
import type { SpecDocument, SpecSource } from './document.js'
import { printedPosition } from './expand.js'
import { layOut } from './lay-out.js'
import { TableBuilder } from './table-builder.js'
import type { LayoutSpec } from './types.js'
import { placeOf, specFault, type Where } from './yaml-source.js'

/** `dataYears` of an overlay that was asked for by name. */
const EVERY_YEAR: readonly [number, number] = [0, 9_999]

/** Layouts of an overlay: same tables, other positions, for the records it applies to. */
export function compileOverlay(
  overlay: SpecSource & { readonly forced?: boolean },
  base: SpecSource,
  builders: ReadonlyMap<string, TableBuilder>,
  layouts: readonly LayoutSpec[],
  level: ByteRange | null,
): LayoutSpec[] {
  const { document } = overlay
  const appliesTo = document.appliesTo!
  const refuse = (where: Where, message: string): Error => specFault('SPEC_OVERLAY', where, message)
  if (document.family !== base.document.family) {
    const message = `overlay ${document.id} and ${base.document.id} are of different families`
    throw refuse(document.where, `${message}; give them the same id`)
  }
  const years = base.document.dataYears
  const [first, last] = appliesTo.dataYears
  if (years !== null && (first < years[0] || (last ?? Infinity) > (years[1] ?? Infinity))) {
    const message = `data_years ${first} to ${last ?? 'now'} lie outside those of ${base.document.id}`
    throw refuse(appliesTo.where, `${message}; correct data_years or extends`)
  }
  return document.segments.flatMap((segment) => {
    const { where } = segment
    const replaced = base.document.segments.find((item) => item.name === segment.name)
    const builder = builders.get(segment.name)
    if (replaced === undefined || builder === undefined) {
      throw refuse(
        where,
        `${base.document.id} has no segment "${segment.name}" to replace; correct the name`,
      )
    }
    if (segment.parts.length > 1 || replaced.parts.length > 1) {
      throw refuse(where, 'a record in parts cannot be replaced; give it an edition of its own')
    }
    if (segment.role !== undefined && segment.role !== replaced.role) {
      throw refuse(where, 'the role is that of the replaced segment; remove it here')
    }
    const baseLayout = layouts.find((layout) => layout.tableIndex === builder.index)!
    const levelHere = segment.parts[0]!.level?.value ?? ''
    if (levelHere !== baseLayout.level) {
      const message = `level "${levelHere}" differs from "${baseLayout.level}" of the replaced one`
      throw refuse(where, `${message}; make them equal`)
    }
    const parts = layOut(segment, { ...document, ...levelOf(base.document) })
    const decider = parts[0]!.fields.find((field) => field.name === appliesTo.field)
    const baseDecider = baseLayout.fields.find((field) => field.name === appliesTo.field)
    if (decider === undefined || baseDecider === undefined) {
      const message = `applies_to names "${appliesTo.field}", which is no field of both layouts`
      throw refuse({ ...where, ...placeOf(appliesTo.where) }, `${message}; name one they share`)
    }
    const bytes = byteRange(decider.position)
    const width = bytes.end - bytes.start
    const misfit = appliesTo.values.find((value) => value.length !== width)
    if (misfit !== undefined) {
      const message = `"${appliesTo.field}" is ${width} wide, but the value "${misfit}" is not`
      throw refuse({ ...where, ...placeOf(appliesTo.where) }, `${message}; write all characters`)
    }
    if (bytes.start !== baseDecider.start || bytes.end !== baseDecider.end) {
      const message = `pos ${printedPosition(decider)} is not where the replaced layout has it`
      const mend = 'applies_to needs a field that does not move'
      throw refuse(decider.where, `${message} (${baseDecider.printed}); ${mend}`)
    }
    const shaped = new TableBuilder(builder.table())
    // Vermont's arrest number is wider than the column it goes into: the column grows.
    shaped.mayGrow = true
    const fields = compileFields(parts, overlay, shaped, segment)
    shaped.columns.forEach((column, at) => {
      builder.columns[at] = { ...builder.columns[at]!, width: column.width }
    })
    const key = segment.key.length > 0 ? segment.key : replaced.key
    return compileLayouts(parts, segment, key, fields, level, builder.index).map((layout) => ({
      ...layout,
      when: {
        dataYears: overlay.forced === true ? EVERY_YEAR : [first, last ?? EVERY_YEAR[1]],
        ...bytes,
        values: appliesTo.values,
      },
    }))
  })
}

function levelOf(document: SpecDocument): Pick<SpecDocument, 'level'> {
  return document.level === undefined ? {} : { level: document.level }
}
