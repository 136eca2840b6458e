import { expectTypeOf, it } from 'vitest'
import type { CellValue } from '../../src/batch.js'
import type { Decoding } from '../../src/decode.js'
import type {
  DecodedEvent,
  EventIssue,
  events,
  Incident,
  IncidentOptions,
  incidents,
  RecordEvent,
  VictimRelationship,
  VictimRow,
  WithheldEvent,
} from '../../src/incidents.js'
import type { Issue } from '../../src/issues.js'
import type { Row, rows } from '../../src/rows.js'

it('rows are objects of cells, with their line and its length as numbers', () => {
  expectTypeOf<Parameters<typeof rows>>().toEqualTypeOf<
    [decoding: Decoding, segment: string, options?: { readonly labels?: boolean }]
  >()
  expectTypeOf<ReturnType<typeof rows>>().toExtend<AsyncIterable<Row>>()
  expectTypeOf<Row['sex_label']>().toEqualTypeOf<CellValue>()
  expectTypeOf<Row['record_number']>().toEqualTypeOf<number>()
})

it('incidents have named lists, and victims what they point to beside their columns', () => {
  expectTypeOf<ReturnType<typeof incidents>>().toExtend<AsyncIterable<Incident>>()
  expectTypeOf<Incident['administrative']>().toEqualTypeOf<Row | null>()
  expectTypeOf<Incident['victims']>().toEqualTypeOf<readonly VictimRow[]>()
  expectTypeOf<VictimRow['relationships']>().toEqualTypeOf<readonly VictimRelationship[]>()
  expectTypeOf<VictimRow['linkedOffenses']>().toEqualTypeOf<readonly Row[]>()
  expectTypeOf<VictimRow['sex']>().toEqualTypeOf<CellValue>()
  expectTypeOf<VictimRow>().toExtend<Row>()
  expectTypeOf<VictimRelationship['offender']>().toEqualTypeOf<Row | null>()
  expectTypeOf<Issue>().toExtend<EventIssue>()
})

it('events are told apart by kind', () => {
  expectTypeOf<ReturnType<typeof events>>().toExtend<AsyncIterable<DecodedEvent>>()
  expectTypeOf<DecodedEvent['kind']>().toEqualTypeOf<
    'incident' | 'batch_header' | 'window_record' | 'group_b_arrest' | 'other_record' | 'withheld'
  >()
  expectTypeOf<Extract<DecodedEvent, { kind: 'withheld' }>>().toEqualTypeOf<WithheldEvent>()
  const event = {} as DecodedEvent
  if (event.kind === 'incident') expectTypeOf(event).toEqualTypeOf<Incident>()
  else if (event.kind !== 'withheld') expectTypeOf(event).toEqualTypeOf<RecordEvent>()
})

it('what is delivered cannot be assigned to, and options are checked', () => {
  const incident = { victims: [] } as unknown as Incident
  // @ts-expect-error: lists are read-only
  expectTypeOf(incident.victims.push)
  // @ts-expect-error: no such option
  expectTypeOf<{ label: true }>().toExtend<IncidentOptions>()
})
