import type { SegmentBatch } from '../../src/batch.js'
import type { Issue } from '../../src/issues.js'
import { type DecodeOptions, resolveDecodeOptions } from '../../src/options.js'
import { mergedStats } from '../../src/parallel/merged-stats.js'
import { type DecodeStats, RecordDecoder } from '../../src/record-decoder.js'
import type { CompiledSpec } from '../../src/spec/types.js'

/** What a decoding came to, whoever did it. */
export interface Outcome {
  /** By segment: rows as lists of cells, the record number and length among them. */
  readonly rows: Readonly<Record<string, readonly (readonly unknown[])[]>>
  readonly issues: readonly Issue[]
  readonly counts: Omit<DecodeStats, 'bytes'>
}

class Collector {
  readonly rows: Record<string, unknown[][]> = {}
  readonly issues: Issue[] = []

  add(batch: SegmentBatch): void {
    this.issues.push(...batch.issues)
    const columns = [...batch.columns.values()]
    for (let row = 0; row < batch.rowCount; row++) {
      ;(this.rows[batch.segment] ??= []).push(columns.map((column) => column.get(row)))
    }
  }

  outcome({ bytes: _, ...counts }: DecodeStats): Outcome {
    this.issues.sort(
      (a, b) =>
        a.byteOffset - b.byteOffset ||
        (a.field ?? '').localeCompare(b.field ?? '') ||
        a.code.localeCompare(b.code),
    )
    return { rows: this.rows, issues: this.issues, counts }
  }
}

/** Takes all that a decoder makes of a chunk. */
function run(decoder: RecordDecoder, collector: Collector): void {
  for (let more = true; more;) {
    more = decoder.step()
    for (const batch of decoder.batches.splice(0)) collector.add(batch)
    decoder.release()
  }
}

/** One decoder alone. */
export function decodeAlone(
  chunks: Iterable<Uint8Array>,
  spec: CompiledSpec,
  options: DecodeOptions,
): Outcome {
  const collector = new Collector()
  const decoder = new RecordDecoder(spec, resolveDecodeOptions(options))
  for (const chunk of chunks) {
    decoder.feed(chunk)
    run(decoder, collector)
  }
  decoder.end()
  run(decoder, collector)
  return collector.outcome(decoder.stats)
}

/**
 * One decoder that reads and others that it hands lines to, one for each of `sets` but the first.
 * What the others get lies in memory of its own, as it does behind a thread.
 */
export function decodeShared(
  chunks: Iterable<Uint8Array>,
  spec: CompiledSpec,
  options: DecodeOptions,
  sets: readonly (readonly string[])[],
): Outcome {
  const collector = new Collector()
  const { limit: _, ...unlimited } = options
  const others = sets.slice(1).map((segments) => {
    const resolved = resolveDecodeOptions({ ...unlimited, segments })
    return new RecordDecoder(spec, resolved, { forwarded: true })
  })
  const sent: Uint8Array[][] = others.map(() => [])
  const reader = new RecordDecoder(spec, resolveDecodeOptions({ ...options, segments: sets[0]! }), {
    forwarding: {
      threadCount: others.length,
      threadOf(segment) {
        const index = sets.findIndex((segments) => segments.includes(segment))
        return index > 0 ? index - 1 : undefined
      },
      send: (thread, lines) => sent[thread]!.push(lines.slice()),
    },
  })
  const handOver = (): void => {
    others.forEach((other, thread) => {
      for (const lines of sent[thread]!.splice(0)) {
        other.feed(lines)
        run(other, collector)
      }
    })
  }
  for (const chunk of chunks) {
    reader.feed(chunk)
    run(reader, collector)
    handOver()
  }
  reader.end()
  run(reader, collector)
  handOver()
  for (const other of others) {
    other.end()
    run(other, collector)
  }
  others.forEach(({ stats }, thread) => {
    if (stats.records !== reader.forwardedCounts[thread]) {
      throw new Error(`${reader.forwardedCounts[thread]} lines were sent, ${stats.records} arrived`)
    }
  })
  return collector.outcome(
    mergedStats(
      reader.stats,
      others.map(({ stats }) => stats),
    ),
  )
}
