import type { DecodeStats } from '../record-decoder.js'
import type { InputInfo } from '../input.js'
import type { CompiledSpec } from '../spec/types.js'

/** One output file, or one stream when `file` is null. */
export interface OutputSummary {
  readonly segment: string
  readonly file: string | null
  readonly rows: number
  readonly bytes: number
}

/** What became of one input: `--json` prints it, `manifest.json` keeps it, people read a table. */
export interface DecodeSummary {
  readonly source: {
    readonly name: string
    /** The file read from a zip archive. */
    readonly entry: string | null
    readonly kind: InputInfo['kind']
    /** SHA-256 of the file as given; null when it was not read to its end. */
    readonly sha256: string | null
  }
  readonly spec: {
    readonly id: string
    readonly revision: number
    /** Why this spec. */
    readonly reason: string
  }
  readonly version: string
  readonly format: string
  readonly labels: boolean
  /** Segments asked for; null for all. */
  readonly segments: readonly string[] | null
  readonly limit: number | null
  readonly stats: DecodeStats
  readonly files: readonly OutputSummary[]
}

/** Records whose whereabouts are known: rows, joined header parts, withheld and not selected. */
export function accountedRecords(stats: DecodeStats): number {
  return totalRows(stats) + stats.joinedHeaderParts + stats.withheld + stats.notSelected
}

export function totalRows(stats: DecodeStats): number {
  return Object.values(stats.rows).reduce((sum, rows) => sum + rows, 0)
}

export function totalIssues(stats: DecodeStats): number {
  return Object.values(stats.issues).reduce((sum, count) => sum + count, 0)
}

/** Key-value metadata of the files: what a reader needs to know where they came from. */
export function fileMetadata(
  source: { readonly name: string; readonly sha256: string | null },
  spec: CompiledSpec,
  stats: DecodeStats,
  version: string,
): Readonly<Record<string, string>> {
  return {
    'nibrs.spec': spec.id,
    'nibrs.spec_revision': String(spec.revision),
    'nibrs.package_version': version,
    'nibrs.source': source.name,
    ...(source.sha256 === null ? {} : { 'nibrs.source_sha256': source.sha256 }),
    ...(stats.dataYear === null ? {} : { 'nibrs.data_year': String(stats.dataYear) }),
  }
}
