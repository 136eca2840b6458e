import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { decode } from '../../src/decode.js'
import { type DecodedEvent, events } from '../../src/incidents.js'
import { loadSpec } from '../../src/spec/load.js'
import type { CompiledSpec } from '../../src/spec/types.js'
import { bytesOf, chunksOf, decodeAll, type Row } from '../decode/text.js'
import * as line from './lines.js'
import { outline, recordsOf } from './lines.js'

let spec: CompiledSpec
beforeAll(async () => {
  spec = await loadSpec('nibrs/master@2013')
})

/** A line of a made file: its text, and what the model needs to know of it. */
interface MadeLine {
  readonly text: string
  readonly kind: 'header' | 'administrative' | 'child' | 'window' | 'group_b' | 'withheld' | 'blank'
  readonly key: string
}

const partKinds = {
  administrative: line.administrative,
  offense: line.offense,
  property: line.property,
  victim: line.victim,
  offender: line.offender,
  arrestee: line.arrestee,
}

/** Few keys and few lines, so that everything meets everything. */
const madeLine = (): fc.Arbitrary<MadeLine> => {
  const number = fc.constantFrom('A', 'B', ' A', '', 'C')
  const ori = fc.constantFrom('ZZ0010100', 'ZZ0010200')
  const part = fc
    .tuple(fc.constantFrom(...(Object.keys(partKinds) as (keyof typeof partKinds)[])), number, ori)
    .map(([segment, name, agency]): MadeLine => {
      const kind = segment === 'administrative' ? 'administrative' : 'child'
      // Field 35-36 is not numeric in some segments: an issue of the row's own.
      const parts: line.Parts = name === 'C' ? { 35: '-' } : {}
      return { text: partKinds[segment](name, parts, agency), kind, key: `${agency}/${name}` }
    })
  const single = fc
    .tuple(
      fc.constantFrom(
        [line.groupB, 'group_b'] as const,
        [line.windowClearance, 'window'] as const,
        [line.windowProperty, 'window'] as const,
        [line.windowArrestee, 'window'] as const,
      ),
      number,
    )
    .map(([[build, kind], name]): MadeLine => ({ text: build(name), kind, key: '' }))
  const others = fc.constantFrom<MadeLine>(
    { text: line.header(), kind: 'header', key: '' },
    { text: '?? unknown level', kind: 'withheld', key: '' },
    { text: '0450ZZ001', kind: 'withheld', key: '' },
    { text: '', kind: 'blank', key: '' },
  )
  return fc.oneof(
    { arbitrary: part, weight: 12 },
    { arbitrary: single, weight: 2 },
    { arbitrary: others, weight: 2 },
  )
}

interface ModelIncident {
  readonly lines: number[]
  readonly first: number
  readonly key: string
  administrative: boolean
  repeat: boolean
  open: boolean
}

/** The rules of `events`, one line at a time over a list: outlines without rows' own issues. */
function model(lines: readonly MadeLine[], lookAhead: number): string[] {
  const entries: (string | ModelIncident)[] = []
  let seen = new Set<string>()
  lines.forEach(({ kind, key }, index) => {
    const record = index + 1
    if (kind === 'blank') return
    for (const entry of entries) {
      if (typeof entry !== 'string' && record - entry.first > lookAhead) entry.open = false
    }
    if (kind === 'withheld') {
      entries.push(`withheld ${record}`)
    } else if (kind === 'header') {
      for (const entry of entries) if (typeof entry !== 'string') entry.open = false
      seen = new Set()
      entries.push(`batch_header ${record}`)
    } else if (kind === 'window') {
      entries.push(`window_record ${record}`)
    } else if (kind === 'group_b') {
      entries.push(`group_b_arrest ${record}`)
    } else {
      let incident = entries.find(
        (entry): entry is ModelIncident =>
          typeof entry !== 'string' && entry.open && entry.key === key,
      )
      if (incident !== undefined && kind === 'administrative' && incident.administrative) {
        incident.open = false
        incident = undefined
      }
      if (incident === undefined) {
        const repeat = seen.has(key)
        seen.add(key)
        incident = { lines: [], first: record, key, administrative: false, repeat, open: true }
        entries.push(incident)
      }
      incident.lines.push(record)
      incident.administrative ||= kind === 'administrative'
    }
  })
  return entries.map((entry) => {
    if (typeof entry === 'string') return entry
    const issues = entry.repeat
      ? [` INCIDENT_KEY_REPEATED@${entry.first}`]
      : entry.administrative
        ? []
        : entry.lines.map((record) => ` INCIDENT_PART_ORPHAN@${record}`)
    return `incident ${entry.lines.join(',')}${issues.join('')}`
  })
}

/** An event in short, leaving out the issues that are the rows' own. */
const bare = (event: DecodedEvent): string =>
  outline(event).replace(/ (FIELD|FILLER|RECORD|HEADER)\w+@\d+/g, '')

async function read(
  chunks: Iterable<Uint8Array>,
  lookAheadRecords: number,
  options: { batchRows?: number; reuseArrays?: boolean },
): Promise<{ found: DecodedEvent[]; issues: Record<string, number> }> {
  const decoding = decode(chunks, spec, options)
  const found: DecodedEvent[] = []
  for await (const event of events(decoding, { lookAheadRecords })) found.push(event)
  return { found, issues: decoding.stats.issues }
}

/** Rows of events by segment, each list by record number. */
function rowsOf(found: readonly DecodedEvent[]): Record<string, Row[]> {
  const rows: Record<string, Row[]> = {}
  const add = (segment: string, row: Row): void => void (rows[segment] ??= []).push(row)
  for (const event of found) {
    if (event.kind === 'withheld') continue
    if (event.kind !== 'incident') {
      add(event.segment, event.row)
      continue
    }
    if (event.administrative !== null) add('administrative', event.administrative)
    for (const row of event.offenses) add('offense', row)
    for (const row of event.properties) add('property', row)
    for (const row of event.offenders) add('offender', row)
    for (const row of event.arrestees) add('arrestee', row)
    for (const { relationships: _, linkedOffenses: __, ...row } of event.victims) {
      add('victim', row as Row)
    }
  }
  for (const list of Object.values(rows)) {
    list.sort((a, b) => (a['record_number'] as number) - (b['record_number'] as number))
  }
  return rows
}

const counted = (codes: readonly string[]): Record<string, number> => {
  const counts: Record<string, number> = {}
  for (const code of codes) counts[code] = (counts[code] ?? 0) + 1
  return counts
}

describe('events', () => {
  it('follow the rules one line at a time, and keep every row and issue once', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(madeLine(), { maxLength: 40 }),
        fc.integer({ min: 1, max: 12 }),
        fc.constantFrom(1, 2, 3, 7, 64),
        fc.integer({ min: 1, max: 400 }),
        fc.boolean(),
        async (lines, lookAhead, batchRows, chunkBytes, reuseArrays) => {
          const bytes = bytesOf(lines.map(({ text }) => text))
          const options = { batchRows, reuseArrays }
          const { found, issues } = await read(chunksOf(bytes, chunkBytes), lookAhead, options)
          expect(found.map(bare)).toEqual(model(lines, lookAhead))

          const expected = await decodeAll(bytes, spec, { batchRows: 64 })
          const tables = Object.entries(expected.rows).filter(([, rows]) => rows.length > 0)
          expect(rowsOf(found)).toEqual(Object.fromEntries(tables))
          const delivered = found.flatMap((event) =>
            event.kind === 'withheld' ? [event.issue] : event.issues,
          )
          expect(counted(delivered.map(({ code }) => code))).toEqual(issues)
          const own = delivered.filter(({ byteOffset }) => byteOffset !== null)
          expect(own.sort((a, b) => a.byteOffset! - b.byteOffset!)).toEqual(expected.issues)

          const whole = await read([bytes], lookAhead, { batchRows: 64 })
          expect(found).toStrictEqual(whole.found)
        },
      ),
      { numRuns: 80 },
    )
  })

  it('of a file without a single row come in its order too', async () => {
    const lines = ['?? unknown level', '0450ZZ001', '?? another', '0150ZZ001']
    const { found } = await read([bytesOf(lines)], 20, {})
    expect(found.map(bare)).toEqual(lines.map((_, index) => `withheld ${index + 1}`))
  })

  it('have each record once, in the order of their first records', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(madeLine(), { maxLength: 60 }), async (lines) => {
        const bytes = bytesOf(lines.map(({ text }) => text))
        const { found } = await read([bytes], 20, { batchRows: 5 })
        const firsts = found.map((event) =>
          event.kind === 'withheld'
            ? event.issue.recordNumber
            : Math.min(...recordsOf(event).map(({ record }) => record)),
        )
        expect(firsts).toEqual([...firsts].sort((a, b) => a - b))
        const records = found.flatMap((event) =>
          event.kind === 'withheld'
            ? [event.issue.recordNumber]
            : recordsOf(event).map(({ record }) => record),
        )
        const there = lines.flatMap(({ kind }, index) => (kind === 'blank' ? [] : [index + 1]))
        expect(records.sort((a, b) => a - b)).toEqual(there)
      }),
      { numRuns: 40 },
    )
  })
})
