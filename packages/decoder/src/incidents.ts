import type { CellValue } from './batch.js'
import type { Decoding } from './decode.js'
import { OptionError } from './errors.js'
import {
  type Entry,
  type EventIssue,
  IncidentAssembly,
  type IncidentEntry,
  type RecordEntry,
} from './incident-assembly.js'
import { rejectUnknownOptions } from './options.js'
import type { Row } from './rows.js'

export type { EventIssue } from './incident-assembly.js'

/** Options of {@link incidents} and {@link events}. */
export interface IncidentOptions {
  /** Adds `<column>_label` behind each column that has a code table, in every row. Default false. */
  readonly labels?: boolean
  /**
   * An incident takes records up to this many lines after its first one, or to the next batch
   * header, whichever comes first. Default 65,536; 1 to 16,777,216. This bounds memory: no more
   * than these records and two flushes of batches are held, in columns.
   */
  readonly lookAheadRecords?: number
}

/** Columns that tell incidents apart, as the spec names them: `ori` and `incident_number`. */
export type IncidentKey = Readonly<Record<string, CellValue>>

/** What a victim was to one offender: one of the ten pairs of a victim record. */
export interface VictimRelationship {
  /** As on the victim record; 0 is an offender of whom nothing is known. */
  readonly offender_number: number | null
  readonly relationship: string | null
  /** With `labels` only. */
  readonly relationship_label?: string | null
  /** The incident's offender with that number; null when it has none. */
  readonly offender: Row | null
}

/** A victim's row, with what it points to in its incident. */
export type VictimRow = Row & {
  /** Pairs that are not blank, in the order of the record. */
  readonly relationships: readonly VictimRelationship[]
  /** The incident's offenses that `victim_offense_code_1` to `_10` name, in file order. */
  readonly linkedOffenses: readonly Row[]
}

/** An incident with all of its records; each list is in file order. */
export interface Incident {
  readonly kind: 'incident'
  readonly key: IncidentKey
  /** Batch header of the agency; null when the file has none, or it is not decoded. */
  readonly header: Row | null
  /** Null when the record never came; an issue says so, unless the segment is not decoded. */
  readonly administrative: Row | null
  readonly offenses: readonly Row[]
  readonly properties: readonly Row[]
  readonly victims: readonly VictimRow[]
  readonly offenders: readonly Row[]
  readonly arrestees: readonly Row[]
  /** Issues of all of its records, by record number. */
  readonly issues: readonly EventIssue[]
}

/** A record that is no part of an incident. */
export interface RecordEvent {
  /**
   * `batch_header`: a header; `window_record`: one of the window segments; `group_b_arrest`: a
   * Group B arrest report; `other_record`: a segment that a spec of your own gives no role.
   */
  readonly kind: 'batch_header' | 'window_record' | 'group_b_arrest' | 'other_record'
  /** The table of the row: `window_property`. */
  readonly segment: string
  /** The batch header before it; null for a header itself. */
  readonly header: Row | null
  readonly row: Row
  readonly issues: readonly EventIssue[]
}

/** A record that has no row: its level is unknown, or it ends within its key. */
export interface WithheldEvent {
  readonly kind: 'withheld'
  readonly issue: EventIssue
}

/** Whatever a file holds; `kind` tells which. */
export type DecodedEvent = Incident | RecordEvent | WithheldEvent

/**
 * Everything in a file, in file order: incidents with their records, and each record that stands
 * by itself. Every row and every withheld record comes out exactly once.
 *
 * An incident is the records of one key in one record set (from a batch header to the next), and
 * comes at the place of its first record. Its records need not be adjacent: see
 * `lookAheadRecords`. What does not fit is delivered with an issue:
 *
 * - INCIDENT_PART_ORPHAN, on each record of an incident whose administrative record never came;
 * - INCIDENT_KEY_REPEATED, where an administrative record has a key that already has one, or any
 *   record a key whose incident is closed: a new incident begins there. Remembered are the keys of
 *   the record set, of a very long one the last million.
 *
 * Both are counted in `decoding.stats.issues` as well; under `strict` they do not throw. Withheld
 * records come in file order too, unless more than 16,384 come in one flush.
 *
 * @throws {OptionError} at once, for unknown or impossible options, and OPTION_CONFLICT for a spec
 *   whose incidents cannot be put together; while iterating, OPTION_CONFLICT for a decoding whose
 *   batches are not aligned
 * @throws what the decoding throws, while iterating
 */
export function events(
  decoding: Decoding,
  options: IncidentOptions = {},
): AsyncGenerator<DecodedEvent, void, undefined> {
  const { assembly, links } = prepare(decoding, options)
  return read(decoding, assembly, (entry) => toEvent(entry, links))
}

/**
 * The incidents of a file, in the order of their first records: {@link events} of kind `incident`.
 *
 * @throws {OptionError} as `events` does, and OPTION_CONFLICT when no segment of an incident is
 *   decoded
 * @throws what the decoding throws, while iterating
 */
export function incidents(
  decoding: Decoding,
  options: IncidentOptions = {},
): AsyncGenerator<Incident, void, undefined> {
  const { assembly, links } = prepare(decoding, options)
  if (links.segments.size === 0) {
    throw new OptionError(
      'OPTION_CONFLICT',
      `no segment of an incident is decoded from ${decoding.spec.id}; read the others with events() or rows()`,
      { option: 'segments', spec: decoding.spec.id },
    )
  }
  return read(decoding, assembly, (entry) =>
    entry.kind === 'incident' ? toIncident(entry, links) : null,
  )
}

async function* read<Item>(
  decoding: Decoding,
  assembly: IncidentAssembly,
  convert: (entry: Entry) => Item | null,
): AsyncGenerator<Item, void, undefined> {
  for await (const batch of decoding) {
    for (const entry of assembly.push(batch)) {
      const item = convert(entry)
      if (item !== null) yield item
    }
  }
  for (const entry of assembly.end()) {
    const item = convert(entry)
    if (item !== null) yield item
  }
}

const OPTIONS = new Set(['labels', 'lookAheadRecords'])

/** The lists of an incident, by the segment that fills them. */
const CHILDREN = {
  offense: 'offenses',
  property: 'properties',
  victim: 'victims',
  offender: 'offenders',
  arrestee: 'arrestees',
} as const

type ListName = (typeof CHILDREN)[keyof typeof CHILDREN]

/** Where an incident's rows go and which columns tie them together. */
interface Links {
  readonly key: readonly string[]
  /** Segment to list; null for the administrative segment. */
  readonly segments: ReadonlyMap<string, ListName | null>
  readonly relationships: readonly { readonly number: string; readonly relationship: string }[]
  readonly offenseCodes: readonly string[]
  readonly labels: boolean
}

function prepare(
  decoding: Decoding,
  options: IncidentOptions,
): { assembly: IncidentAssembly; links: Links } {
  rejectUnknownOptions(options, OPTIONS)
  const labels = options.labels ?? false
  const lookAheadRecords = options.lookAheadRecords ?? 65_536
  if (!Number.isInteger(lookAheadRecords) || lookAheadRecords < 1 || lookAheadRecords > 2 ** 24) {
    throw new OptionError(
      'OPTION_INVALID',
      `option "lookAheadRecords" is ${String(lookAheadRecords)}; expected a whole number from 1 to ${2 ** 24}`,
      { option: 'lookAheadRecords' },
    )
  }
  const links = linksOf(decoding, labels)
  return { assembly: new IncidentAssembly(decoding, { labels, lookAheadRecords }), links }
}

function linksOf({ spec, sinkSchema }: Decoding, labels: boolean): Links {
  const segments = new Map<string, ListName | null>()
  const selected = new Set(sinkSchema.tables.map(({ name }) => name))
  const columns = new Set<string>()
  for (const { name, role, columns: own } of spec.tables) {
    if (!selected.has(name) || (role !== 'incident' && role !== 'child')) continue
    if (spec.incidentKey === null) {
      throw cannotAssemble(spec.id, name, 'names no incident_key; add it to the spec')
    }
    if (role === 'child' && !isChild(name)) {
      const known = Object.keys(CHILDREN).join(', ')
      throw cannotAssemble(spec.id, name, `has a segment "${name}" beside ${known}; leave it out`)
    }
    segments.set(name, isChild(name) && role === 'child' ? CHILDREN[name] : null)
    if (name === 'victim') for (const column of own) columns.add(column.name)
  }
  const numbers = Array.from({ length: 10 }, (_, index) => index + 1)
  return {
    key: spec.incidentKey ?? [],
    segments,
    relationships: numbers
      .map((n) => ({ number: `related_offender_number_${n}`, relationship: `relationship_${n}` }))
      .filter(({ number, relationship }) => columns.has(number) && columns.has(relationship)),
    offenseCodes: numbers
      .map((n) => `victim_offense_code_${n}`)
      .filter((name) => columns.has(name)),
    labels,
  }
}

function isChild(segment: string): segment is keyof typeof CHILDREN {
  return Object.hasOwn(CHILDREN, segment)
}

function cannotAssemble(spec: string, segment: string, why: string): OptionError {
  const message = `incidents cannot be put together: ${spec} ${why}, or read segments with rows()`
  return new OptionError('OPTION_CONFLICT', message, { spec, segment })
}

const KINDS = {
  header: 'batch_header',
  window: 'window_record',
  group_b: 'group_b_arrest',
  record: 'other_record',
} as const

function toEvent(entry: Entry, links: Links): DecodedEvent {
  switch (entry.kind) {
    case 'incident':
      return toIncident(entry, links)
    case 'record':
      return toRecordEvent(entry)
    case 'withheld':
      return { kind: 'withheld', issue: entry.issue }
  }
}

function toRecordEvent({ held, header, row, issues }: RecordEntry): RecordEvent {
  const kind = KINDS[held.role as keyof typeof KINDS]
  return { kind, segment: held.segment, header: header?.row ?? null, row, issues }
}

function toIncident(entry: IncidentEntry, links: Links): Incident {
  const lists: Record<ListName, Row[]> = {
    offenses: [],
    properties: [],
    victims: [],
    offenders: [],
    arrestees: [],
  }
  let administrative: Row | null = null
  const key: Record<string, CellValue> = {}
  const issues: EventIssue[] = [...entry.faults]
  for (let i = 0; i < entry.parts.length; i++) {
    const held = entry.parts[i]!
    const at = entry.rows[i]!
    const row = held.row(at)
    if (i === 0) for (const name of links.key) key[name] = row[name]!
    const list = links.segments.get(held.segment)!
    if (list === null) administrative = row
    else lists[list].push(row)
    for (const issue of held.issuesOf(at)) issues.push(issue)
  }
  if (issues.length > 1) issues.sort((a, b) => a.recordNumber - b.recordNumber)
  const { offenses, properties, offenders, arrestees } = lists
  return {
    kind: 'incident',
    key,
    header: entry.header?.row ?? null,
    administrative,
    offenses,
    properties,
    victims: lists.victims.map((row) => linkVictim(row, links, offenses, offenders)),
    offenders,
    arrestees,
    issues,
  }
}

function linkVictim(
  row: Row,
  { relationships, offenseCodes, labels }: Links,
  offenses: readonly Row[],
  offenders: readonly Row[],
): VictimRow {
  const found: VictimRelationship[] = []
  for (const names of relationships) {
    const number = row[names.number] as number | null
    const relationship = row[names.relationship] as string | null
    if (number === null && relationship === null) continue
    found.push({
      offender_number: number,
      relationship,
      ...(labels
        ? { relationship_label: row[`${names.relationship}_label`] as string | null }
        : {}),
      offender:
        number === null
          ? null
          : (offenders.find(({ offender_sequence }) => offender_sequence === number) ?? null),
    })
  }
  const codes: CellValue[] = []
  for (const name of offenseCodes) if (row[name] !== null) codes.push(row[name]!)
  // Set in place: copying the row would double the work of making it.
  const victim = row as Writable<VictimRow>
  victim.relationships = found
  victim.linkedOffenses = offenses.filter(({ offense_code }) => codes.includes(offense_code!))
  return victim
}

type Writable<Item> = { -readonly [Key in keyof Item]: Item[Key] }
