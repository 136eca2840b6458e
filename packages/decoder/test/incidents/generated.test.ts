import { describe, expect, it } from 'vitest'
import { decode } from '../../src/decode.js'
import { type DecodedEvent, events, incidents } from '../../src/incidents.js'
import { generateMasterFile, generateTruth } from '../../src/testing/index.js'
import { chunksOf } from '../decode/text.js'
import { outline } from './lines.js'

/** Names of the lists an incident has beside its administrative row. */
const lists = {
  offense: 'offenses',
  property: 'properties',
  victim: 'victims',
  offender: 'offenders',
  arrestee: 'arrestees',
} as const

describe('a generated year', () => {
  it.each([1995, 2008, 2015, 2022])(
    'of %i comes back as whole incidents, as many records as each announces',
    async (year) => {
      const file = await generateMasterFile({ year, records: 20_000, seed: year })
      const decoding = decode(file, file.spec)
      let count = 0
      for await (const incident of incidents(decoding)) {
        count++
        expect(incident.issues).toEqual([])
        expect(incident.header).not.toBeNull()
        expect({
          total_offense_segments: incident.offenses.length,
          total_victim_segments: incident.victims.length,
          total_offender_segments: incident.offenders.length,
          total_arrestee_segments: incident.arrestees.length,
        }).toEqual(
          Object.fromEntries(
            ['offense', 'victim', 'offender', 'arrestee'].map((segment) => {
              const name = `total_${segment}_segments`
              return [name, incident.administrative![name]]
            }),
          ),
        )
      }
      expect(count).toBe(file.manifest.rows['administrative'])
      expect(count).toBeGreaterThan(1000)
      expect(decoding.stats.rows).toEqual(file.manifest.rows)
      expect(decoding.stats.issues).toEqual(file.manifest.issues)
    },
  )

  it.each([
    [2009, 1, 8192, 1 << 20],
    [2023, 2, 500, 4099],
  ])(
    'of %i with faults loses no row and no issue in events',
    async (year, seed, batchRows, chunkBytes) => {
      const truth = await generateTruth({
        year,
        seed,
        records: 12_000,
        faults: { rate: 0.05 },
        trim: 'some',
        lineEnd: 'mixed',
      })
      const decoding = decode(chunksOf(truth.bytes, chunkBytes), truth.spec, { batchRows })
      const lines: Record<string, number[]> = {}
      const issues: Record<string, number> = {}
      const add = (segment: string, line: number): void => void (lines[segment] ??= []).push(line)
      const report = ({ code }: { code: string }): void =>
        void (issues[code] = (issues[code] ?? 0) + 1)
      let withheld = 0
      for await (const event of events(decoding)) {
        if (event.kind === 'withheld') {
          withheld++
          report(event.issue)
          continue
        }
        event.issues.forEach(report)
        if (event.kind !== 'incident') {
          add(event.segment, event.row.record_number)
          continue
        }
        if (event.administrative !== null) {
          add('administrative', event.administrative.record_number)
        }
        for (const [segment, name] of Object.entries(lists)) {
          for (const row of event[name]) add(segment, row.record_number)
        }
      }
      expect(withheld).toBe(truth.manifest.withheld)
      expect(withheld).toBeGreaterThan(0)
      for (const [segment, expected] of truth.rows) {
        const found = (lines[segment] ?? []).sort((a, b) => a - b)
        expect(found).toEqual(expected.map(({ recordNumber }) => recordNumber))
      }
      const { INCIDENT_KEY_REPEATED: _, INCIDENT_PART_ORPHAN: __, ...own } = issues
      expect(own).toEqual(truth.manifest.issues)
      expect(issues).toEqual(decoding.stats.issues)
    },
  )

  it.each([2009, 2021])('of %i gives the same events for any batches and chunks', async (year) => {
    const truth = await generateTruth({ year, records: 3000, faults: { rate: 0.02 } })
    const read = async (batchRows: number, chunkBytes: number): Promise<DecodedEvent[]> => {
      const found: DecodedEvent[] = []
      const decoding = decode(chunksOf(truth.bytes, chunkBytes), truth.spec, { batchRows })
      for await (const event of events(decoding, { labels: true })) found.push(event)
      return found
    }
    const expected = await read(8192, 1 << 20)
    const outlines = expected.map(outline)
    for (const [batchRows, chunkBytes] of [
      [2, 100_000],
      [7, 1 << 20],
      [100, 61],
    ] as const) {
      const found = await read(batchRows, chunkBytes)
      expect(found.map(outline)).toEqual(outlines)
      expect(JSON.stringify(found)).toBe(JSON.stringify(expected))
    }
  })
})
