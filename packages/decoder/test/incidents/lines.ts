import type { CellValue } from '../../src/batch.js'
import { decode } from '../../src/decode.js'
import {
  type DecodedEvent,
  events,
  type Incident,
  type IncidentOptions,
  incidents,
} from '../../src/incidents.js'
import type { DecodeOptions } from '../../src/options.js'
import type { CompiledSpec } from '../../src/spec/types.js'
import { bytesOf, record } from '../decode/text.js'

export type Parts = Record<number, string>

export const ORI = 'ZZ0010100'

const start = (level: string, number: string, ori: string): Parts => ({
  1: `${level}50${ori}`,
  14: number.padEnd(12),
  26: '20200102',
})

/** A builder of records of one level: key first, then whatever stands at other positions. */
const level =
  (name: string, length: number, usual: Parts) =>
  (number: string, parts: Parts = {}, ori = ORI): string =>
    record(length, { ...start(name, number, ori), ...usual, ...parts })

export const administrative = level('01', 89, { 37: '01', 39: '001', 42: '01', 44: '00', 50: 'N' })
export const offense = level('02', 59, { 34: '13A', 37: 'C', 41: '20', 58: '88' })
export const property = level('03', 102, { 34: '7', 35: '16', 37: '000005000' })
export const victim = level('04', 135, { 34: '001', 37: '13A', 67: 'I' })
export const offender = level('05', 40, { 34: '01' })
export const arrestee = level('06', 73, { 34: '01', 48: '20200105', 56: 'O', 57: 'N', 58: '13A' })
export const groupB = level('07', 56, { 34: '01', 40: 'O', 41: '90J', 50: '30', 52: 'M' })
export const windowClearance = level('W1', 89, { 50: 'B', 51: '20200203', 59: '13A' })
export const windowProperty = level('W3', 132, { 34: '5', 35: '03', 46: '20200203' })
export const windowArrestee = level('W6', 104, { 34: '01', 48: '20200203', 74: 'Y', 75: '13A' })

export const header = (ori = ORI): string =>
  record(284, { 1: `BH50${ori}`, 14: '000000000000', 42: 'SOMEWHERE', 72: 'AK', 230: '2020' })

/** Every column of a segment as null, for expectations that name the others. */
export function blankRow(spec: CompiledSpec, segment: string): Record<string, CellValue> {
  const table = spec.tables.find(({ name }) => name === segment)!
  return Object.fromEntries(table.columns.map(({ name }) => [name, null]))
}

export type Options = IncidentOptions & DecodeOptions

function split({ labels, lookAheadRecords, ...decodeOptions }: Options) {
  const options: IncidentOptions = {
    ...(labels === undefined ? {} : { labels }),
    ...(lookAheadRecords === undefined ? {} : { lookAheadRecords }),
  }
  return { options, decodeOptions }
}

export async function allEvents(
  lines: readonly string[],
  spec: CompiledSpec,
  given: Options = {},
): Promise<DecodedEvent[]> {
  const { options, decodeOptions } = split(given)
  const found: DecodedEvent[] = []
  for await (const event of events(decode([bytesOf(lines)], spec, decodeOptions), options)) {
    found.push(event)
  }
  return found
}

export async function allIncidents(
  lines: readonly string[],
  spec: CompiledSpec,
  given: Options = {},
): Promise<Incident[]> {
  const { options, decodeOptions } = split(given)
  const found: Incident[] = []
  for await (const incident of incidents(decode([bytesOf(lines)], spec, decodeOptions), options)) {
    found.push(incident)
  }
  return found
}

/** Segment and line of every row of an event, in the order they stand in it. */
export function recordsOf(event: DecodedEvent): { segment: string; record: number }[] {
  if (event.kind === 'withheld') return []
  if (event.kind !== 'incident') {
    return [{ segment: event.segment, record: event.row.record_number }]
  }
  const lists = {
    administrative: event.administrative === null ? [] : [event.administrative],
    offense: event.offenses,
    property: event.properties,
    victim: event.victims,
    offender: event.offenders,
    arrestee: event.arrestees,
  }
  return Object.entries(lists).flatMap(([segment, rows]) =>
    rows.map((row) => ({ segment, record: row.record_number })),
  )
}

/** An event in short: its kind, its lines in file order, and its issues. */
export function outline(event: DecodedEvent): string {
  if (event.kind === 'withheld') return `withheld ${event.issue.recordNumber}`
  const lines = recordsOf(event)
    .map(({ record }) => record)
    .sort((a, b) => a - b)
  const issues = event.issues.map(({ code, recordNumber }) => ` ${code}@${recordNumber}`)
  return `${event.kind} ${lines.join(',')}${issues.join('')}`
}
