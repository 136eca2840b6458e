import { type LoadRecord, sliceOf } from '../catalog.js'
import { OptionError } from '../errors.js'
import type { SliceSettings } from '../source.js'
import { apiKind, UKPOLICE_DATASETS, type UkPoliceDataset } from './ukpolice-tables.js'

/** An area that is to be loaded. */
export interface ShapedArea {
  readonly name: string
  /** Of its shape, by `areaSha256`. */
  readonly sha256: string
  /** What is loaded anew under `force`. */
  readonly datasets: readonly UkPoliceDataset[]
  readonly months: readonly string[]
}

/**
 * Refuses an area that is in with another shape: rows of both would stand under one name.
 *
 * Slices that are replaced whatever is in them do not count, nor do loads that did not record their
 * shape.
 *
 * @throws {OptionError} OPTION_CONFLICT
 */
export function requireSameShape(
  { name, sha256, datasets, months }: ShapedArea,
  current: readonly LoadRecord[],
  { force, disposition }: SliceSettings,
): void {
  const kinds = UKPOLICE_DATASETS.map((dataset) => apiKind(dataset, true))
  const anew = force ? datasets.map((dataset) => apiKind(dataset, true)) : []
  const others = current.flatMap(({ sourceKind, manifest, state }) => {
    if (!kinds.includes(sourceKind) || (state?.['areaSha256'] ?? sha256) === sha256) return []
    const [area, month] = sliceOf(manifest.slice).map(({ value }) => String(value))
    if (area !== name) return []
    const isReplaced =
      disposition === 'replace' || (disposition === 'replace-slice' && months.includes(month!))
    return anew.includes(sourceKind) && isReplaced ? [] : `${sourceKind} of ${month!}`
  })
  if (others.length === 0) return
  throw new OptionError(
    'OPTION_CONFLICT',
    `area "${name}" is in with another shape than the one given (--within), in ${others.length} ${others.length === 1 ? 'slice' : 'slices'} that would stay, such as ${others[0]!}; give the new shape another name (--area), or load all months and data sets of the area again with force (--force; in a program area.anew names them)`,
    { option: 'area' },
  )
}
