/*
 * How fast batches become CSV, NDJSON and Arrow, against csv-stringify and JSON.stringify over the
 * same batches in the same run. Batches are made, not decoded, so this is the writers alone.
 *
 *   npx esbuild packages/decoder/bench/text-writers.ts --bundle --platform=node --format=esm \
 *     --packages=external --outfile=node_modules/.cache/text-writers.mjs &&
 *   node node_modules/.cache/text-writers.mjs [--megabytes 200] [--pairs 3] [--out null|<folder>]
 */
import { createHash } from 'node:crypto'
import * as fs from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import type { BatchSink, SinkSchema } from '../src/batch.js'
import { arrowStream } from '../src/sinks/arrow.js'
import { csvFormat, csvStream } from '../src/sinks/csv.js'
import { ndjsonFormat, ndjsonStream } from '../src/sinks/ndjson.js'
import { tableStreamSink, type WriteBytes } from '../src/sinks/table-sink.js'
import { plainTextWriter } from '../src/sinks/text-writer.js'
import { madeSegments, type MadeSegment } from './made-segments.js'

const { values: flags } = parseArgs({
  options: {
    megabytes: { type: 'string', default: '200' },
    pairs: { type: 'string', default: '3' },
    out: { type: 'string', default: 'null' },
    labels: { type: 'boolean', default: false },
    only: { type: 'string' },
    segment: { type: 'string' },
  },
})

const BATCH_ROWS = 8192
const labels = flags.labels
const segments = madeSegments(BATCH_ROWS, 12).filter(
  ({ table }) => flags.segment === undefined || table.name === flags.segment,
)
const shareTotal = segments.reduce((sum, { share }) => sum + share, 0)
const lineMean =
  segments.reduce((sum, { share, lineBytes }) => sum + share * lineBytes, 0) / shareTotal

type OpenSink = (write: WriteBytes) => BatchSink<unknown>

const reference =
  (format: Parameters<typeof plainTextWriter>[0]): OpenSink =>
  (write) =>
    tableStreamSink(write, (table, _schema, output) =>
      plainTextWriter(format, table, labels, output),
    )

const WRITERS: Record<string, { open: OpenSink; share: number; against?: string }> = {
  csv: { open: (write) => csvStream(write, { labels }), share: 1, against: 'csv-stringify' },
  'csv-stringify': { open: reference(csvFormat({})), share: 0.1 },
  ndjson: { open: (write) => ndjsonStream(write, { labels }), share: 1, against: 'JSON.stringify' },
  'JSON.stringify': { open: reference(ndjsonFormat({})), share: 0.2 },
  'ndjson omitNulls': {
    open: (write) => ndjsonStream(write, { labels, omitNulls: true }),
    share: 1,
  },
  arrow: { open: (write) => arrowStream(write, { labels }), share: 1 },
}

function schemaOf({ table }: MadeSegment): SinkSchema {
  return { specId: 'made@1', specRevision: 1, tables: [table], metadata: () => ({}) }
}

/** Batches of each segment in a text of this size. */
function batchCount(segment: MadeSegment, megabytes: number): number {
  const lines = (megabytes * 1e6) / lineMean
  return Math.max(1, Math.round((lines * segment.share) / shareTotal / BATCH_ROWS))
}

interface Run {
  readonly seconds: number
  /** Of all threads: tells more than `seconds` on a machine that others use too. */
  readonly cpuSeconds: number
  readonly textBytes: number
  readonly outBytes: number
}

async function run(name: string, megabytes: number): Promise<Run> {
  let outBytes = 0
  let textBytes = 0
  let seconds = 0
  let cpuSeconds = 0
  for (const segment of segments) {
    const path = flags.out === 'null' ? '/dev/null' : join(flags.out, `${segment.table.name}.out`)
    const fd = fs.openSync(path, 'w')
    const sink = WRITERS[name]!.open((bytes) => {
      outBytes += bytes.length
      fs.writeSync(fd, bytes)
    })
    const count = batchCount(segment, megabytes)
    const start = performance.now()
    const cpu = process.cpuUsage()
    await sink.open(schemaOf(segment))
    for (let i = 0; i < count; i++) await sink.write(segment.batches[i % segment.batches.length]!)
    await sink.close()
    seconds += (performance.now() - start) / 1000
    const { user, system } = process.cpuUsage(cpu)
    cpuSeconds += (user + system) / 1e6
    fs.closeSync(fd)
    textBytes += count * BATCH_ROWS * segment.lineBytes
  }
  return { seconds, cpuSeconds, textBytes, outBytes }
}

async function digest(name: string): Promise<string> {
  const hash = createHash('sha256')
  for (const segment of segments) {
    const sink = WRITERS[name]!.open((bytes) => void hash.update(bytes))
    await sink.open(schemaOf(segment))
    for (const batch of segment.batches.slice(0, 2)) await sink.write(batch)
    await sink.close()
  }
  return hash.digest('hex')
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1]!
}

const names = Object.keys(WRITERS).filter(
  (name) => flags.only === undefined || flags.only.split(',').includes(name),
)
for (const name of names) {
  const { against } = WRITERS[name]!
  if (against === undefined || labels || !names.includes(against)) continue
  if ((await digest(name)) !== (await digest(against))) {
    throw new Error(`${name} and ${against} differ`)
  }
}
const rates = new Map<string, number[]>(names.map((name) => [name, []]))
const cpuRates = new Map<string, number[]>(names.map((name) => [name, []]))
const last = new Map<string, Run>()
for (let pair = 0; pair < Number(flags.pairs); pair++) {
  for (const name of names) {
    const result = await run(name, Number(flags.megabytes) * WRITERS[name]!.share)
    rates.get(name)!.push(result.textBytes / 1e6 / result.seconds)
    cpuRates.get(name)!.push(result.textBytes / 1e6 / result.cpuSeconds)
    last.set(name, result)
  }
}
console.log('writer            text MB/s   out MB/s   ms per GB of text   cpu ms   ratio')
for (const name of names) {
  const rate = median(rates.get(name)!)
  const { textBytes, outBytes } = last.get(name)!
  const { against } = WRITERS[name]!
  const ratio = against !== undefined && rates.has(against) ? rate / median(rates.get(against)!) : 0
  console.log(
    name.padEnd(16),
    rate.toFixed(0).padStart(10),
    ((rate * outBytes) / textBytes).toFixed(0).padStart(10),
    (1e6 / rate).toFixed(0).padStart(16),
    (1e6 / median(cpuRates.get(name)!)).toFixed(0).padStart(11),
    ratio === 0 ? '' : `${ratio.toFixed(1).padStart(12)}x ${against}`,
  )
}
