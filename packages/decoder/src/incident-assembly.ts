import type { SegmentBatch } from './batch.js'
import type { Decoding } from './decode.js'
import { OptionError } from './errors.js'
import { HeldRows, type SegmentPlan } from './held-rows.js'
import type { Issue, IssueCode } from './issues.js'
import { type Row, RowShape } from './rows.js'
import { SeenKeys } from './seen-keys.js'

/**
 * A fault as `events` and `incidents` deliver it. `byteOffset` is null for the two that lie between
 * records, INCIDENT_KEY_REPEATED and INCIDENT_PART_ORPHAN: batches do not carry offsets of rows,
 * `recordNumber` says where.
 */
export interface EventIssue extends Omit<Issue, 'byteOffset'> {
  readonly byteOffset: number | null
}

/** An incident's records, as far as they have come. */
export class IncidentEntry {
  readonly kind = 'incident'
  readonly keyText: string
  readonly header: RecordEntry | null
  readonly firstRecord: number
  /** Record i is row `rows[i]` of `parts[i]`. */
  readonly parts: HeldRows[] = []
  readonly rows: number[] = []
  open = true
  hasAdministrative = false
  /** The key was met before and its earlier records are delivered. */
  isRepeat = false
  /** Faults of the incident as a whole, by record number. */
  readonly faults: EventIssue[] = []

  constructor(keyText: string, header: RecordEntry | null, firstRecord: number) {
    this.keyText = keyText
    this.header = header
    this.firstRecord = firstRecord
  }
}

/** A record that stands by itself: a header, a window record, a Group B arrest. */
export class RecordEntry {
  readonly kind = 'record'
  readonly held: HeldRows
  readonly header: RecordEntry | null
  readonly #index: number
  #row: Row | null = null

  constructor(held: HeldRows, index: number, header: RecordEntry | null) {
    this.held = held
    this.header = header
    this.#index = index
  }

  /** Made once, so that all incidents of an agency share the row of its header. */
  get row(): Row {
    return (this.#row ??= this.held.row(this.#index))
  }

  get issues(): readonly EventIssue[] {
    return this.held.issuesOf(this.#index)
  }
}

/** A record that has no row. */
export interface WithheldEntry {
  readonly kind: 'withheld'
  readonly issue: Issue
}

export type Entry = IncidentEntry | RecordEntry | WithheldEntry

export interface AssemblyOptions {
  readonly labels: boolean
  /** An incident takes records up to this many lines after its first one. */
  readonly lookAheadRecords: number
}

const WITHHELD: ReadonlySet<IssueCode> = new Set(['RECORD_UNKNOWN_LEVEL', 'RECORD_TOO_SHORT'])
/** Withheld records kept back at most for the sake of order. */
const WITHHELD_LIMIT = 16_384
const COMPACT_AFTER = 4096

/**
 * Puts the records of a decoding back into file order and the incidents together.
 *
 * Batches of one flush (those with the same `throughRecord`) cover one stretch of the file and are
 * merged by record number. Entries leave in the order of their first record, so an open incident
 * holds back what follows it, for `lookAheadRecords` lines at most.
 */
export class IncidentAssembly {
  readonly #stats: Decoding['stats']
  readonly #plans = new Map<string, SegmentPlan>()
  readonly #incidentSegment: string | null
  readonly #lookAhead: number

  // The flush being collected.
  #group: HeldRows[] = []
  #groupThrough = -1
  #mergedThrough = 0
  #issues: Issue[] = []
  #withheld: Issue[] = []

  // The queue of entries not yet handed out.
  #queue: Entry[] = []
  #queueHead = 0
  #ready: Entry[] = []

  // The record set of the current header.
  #header: RecordEntry | null = null
  readonly #open = new Map<string, IncidentEntry>()
  readonly #seen = new SeenKeys()

  // The record placed last, which mostly has the key of the next.
  #last: IncidentEntry | null = null
  #lastHeld: HeldRows | null = null
  #lastRow = 0

  constructor(
    { spec, stats, sinkSchema }: Decoding,
    { labels, lookAheadRecords }: AssemblyOptions,
  ) {
    this.#stats = stats
    this.#lookAhead = lookAheadRecords
    let incidentSegment: string | null = null
    for (const table of sinkSchema.tables) {
      const { role } = spec.tables.find(({ name }) => name === table.name)!
      if (role === 'incident') incidentSegment = table.name
      const key = role === 'incident' || role === 'child' ? spec.incidentKey : null
      const shape = new RowShape(table, labels)
      this.#plans.set(table.name, { role, columns: table.columns, shape, key })
    }
    this.#incidentSegment = incidentSegment
  }

  /** Takes the next batch; returns the entries that are complete, in file order. */
  push(batch: SegmentBatch): readonly Entry[] {
    if (batch.throughRecord !== this.#groupThrough) {
      this.#mergeGroup()
      this.#groupThrough = batch.throughRecord
    }
    for (const issue of batch.issues) {
      if (WITHHELD.has(issue.code)) this.#withheld.push(issue)
      else this.#issues.push(issue)
    }
    if (batch.rowCount > 0) {
      const held = new HeldRows(batch, this.#plans.get(batch.segment)!)
      if (held.recordNumbers[0]! <= this.#mergedThrough) throw notAligned(held)
      this.#group.push(held)
    }
    if (this.#withheld.length > WITHHELD_LIMIT) {
      for (const issue of this.#withheld) this.#ready.push({ kind: 'withheld', issue })
      this.#withheld = []
    }
    return this.#takeReady()
  }

  /** Says that no batch follows; returns all that is left. */
  end(): readonly Entry[] {
    this.#mergeGroup()
    const left = [...this.#issues, ...this.#withheld]
    for (const issue of left.sort((a, b) => a.recordNumber - b.recordNumber)) {
      this.#queue.push({ kind: 'withheld', issue })
    }
    this.#closeAll()
    return this.#takeReady()
  }

  #takeReady(): readonly Entry[] {
    const ready = this.#ready
    if (ready.length > 0) this.#ready = []
    return ready
  }

  /** Places the records of one flush in the order of their lines. */
  #mergeGroup(): void {
    const group = this.#group
    if (group.length === 0) return
    this.#group = []
    this.#issues = this.#issues.filter((issue) => {
      const held = group.find(({ segment }) => segment === issue.segment)
      held?.addIssue(issue)
      return held === undefined
    })
    const withheld = this.#withheld.sort((a, b) => a.recordNumber - b.recordNumber)
    this.#withheld = []
    const cursors = new Int32Array(group.length)
    let nextWithheld = 0
    for (;;) {
      let from = -1
      let record = nextWithheld < withheld.length ? withheld[nextWithheld]!.recordNumber : Infinity
      for (let i = 0; i < group.length; i++) {
        const candidate = group[i]!
        const cursor = cursors[i]!
        if (cursor < candidate.rowCount && candidate.recordNumbers[cursor]! < record) {
          from = i
          record = candidate.recordNumbers[cursor]!
        }
      }
      if (record === Infinity) break
      this.#closeBefore(record - this.#lookAhead)
      if (from < 0) this.#queue.push({ kind: 'withheld', issue: withheld[nextWithheld++]! })
      else this.#placeRecord(group[from]!, cursors[from]!++, record)
      this.#handOut()
    }
    this.#mergedThrough = this.#groupThrough
  }

  #placeRecord(held: HeldRows, row: number, record: number): void {
    switch (held.role) {
      case 'incident':
      case 'child':
        this.#placePart(held, row, record)
        return
      case 'header':
        this.#closeAll()
        this.#header = new RecordEntry(held, row, null)
        this.#queue.push(this.#header)
        return
      case 'window':
      case 'group_b':
      case 'record':
        this.#queue.push(new RecordEntry(held, row, this.#header))
    }
  }

  #placePart(held: HeldRows, row: number, record: number): void {
    const isAdministrative = held.role === 'incident'
    let incident = this.#sameAsLast(held, row) ?? this.#open.get(held.key!.text(row))
    if (incident === undefined || (isAdministrative && incident.hasAdministrative)) {
      incident = this.#openIncident(held, row, record)
    }
    incident.parts.push(held)
    incident.rows.push(row)
    if (isAdministrative) incident.hasAdministrative = true
    this.#last = incident
    this.#lastHeld = held
    this.#lastRow = row
  }

  #sameAsLast(held: HeldRows, row: number): IncidentEntry | undefined {
    const last = this.#last
    if (last === null || !last.open) return undefined
    return held.key!.equals(row, this.#lastHeld!.key!, this.#lastRow) ? last : undefined
  }

  #openIncident(held: HeldRows, row: number, record: number): IncidentEntry {
    const keyText = held.key!.text(row)
    const incident = new IncidentEntry(keyText, this.#header, record)
    const earlier = this.#open.get(keyText)
    if (earlier !== undefined) this.#close(earlier)
    if (!this.#seen.add(keyText)) {
      incident.isRepeat = true
      this.#report(incident, 'INCIDENT_KEY_REPEATED', held.segment, record)
    }
    this.#open.set(keyText, incident)
    this.#queue.push(incident)
    return incident
  }

  /** Closes incidents that began before a record; the queue is in the order of first records. */
  #closeBefore(record: number): void {
    while (this.#queueHead < this.#queue.length) {
      const head = this.#queue[this.#queueHead]!
      if (head.kind === 'incident' && head.open) {
        if (head.firstRecord >= record) return
        this.#close(head)
      }
      this.#handOut()
    }
  }

  #closeAll(): void {
    for (const incident of this.#open.values()) this.#close(incident)
    this.#seen.clear()
    this.#handOut()
  }

  #close(incident: IncidentEntry): void {
    incident.open = false
    this.#open.delete(incident.keyText)
    if (incident.hasAdministrative || incident.isRepeat || this.#incidentSegment === null) return
    for (let i = 0; i < incident.parts.length; i++) {
      const held = incident.parts[i]!
      const record = held.recordNumbers[incident.rows[i]!]!
      this.#report(incident, 'INCIDENT_PART_ORPHAN', held.segment, record)
    }
  }

  #report(incident: IncidentEntry, code: IssueCode, segment: string, recordNumber: number): void {
    incident.faults.push({
      code,
      segment,
      field: null,
      recordNumber,
      byteOffset: null,
      raw: incident.keyText.replaceAll('\0', ''),
    })
    const { issues } = this.#stats
    issues[code] = (issues[code] ?? 0) + 1
  }

  /** Moves what is complete from the head of the queue to the entries handed out. */
  #handOut(): void {
    const queue = this.#queue
    while (this.#queueHead < queue.length) {
      const head = queue[this.#queueHead]!
      if (head.kind === 'incident' && head.open) break
      this.#ready.push(head)
      this.#queueHead++
    }
    if (this.#queueHead === queue.length) {
      queue.length = 0
      this.#queueHead = 0
    } else if (this.#queueHead >= COMPACT_AFTER && this.#queueHead * 2 > queue.length) {
      queue.splice(0, this.#queueHead)
      this.#queueHead = 0
    }
  }
}

function notAligned({ segment, recordNumbers }: HeldRows): OptionError {
  return new OptionError(
    'OPTION_CONFLICT',
    `record ${recordNumbers[0]} of segment "${segment}" came after later records, so incidents cannot be put together; decode without "aligned: false"`,
    { option: 'aligned', segment, recordNumber: recordNumbers[0]! },
  )
}
