import type { SegmentBatch, SinkSchema } from './batch.js'
import { type ByteChunks, requireChunk, requireChunks } from './byte-chunks.js'
import { RECORD_COLUMNS } from './columns.js'
import { OptionError } from './errors.js'
import { type DecodeOptions, resolveDecodeOptions, type ResolvedDecodeOptions } from './options.js'
import { type DecodeStats, RecordDecoder } from './record-decoder.js'
import type { CompiledSpec } from './spec/types.js'

/** A running decoding: batches to iterate over, once, and live counters. */
export interface Decoding extends AsyncIterable<SegmentBatch> {
  readonly spec: CompiledSpec
  /** Live; final once the iteration has ended. */
  readonly stats: DecodeStats
  /** What a sink is opened with. */
  readonly sinkSchema: SinkSchema
}

/** Tables as a sink sees them: the selected ones, record columns included. */
export function sinkSchemaOf(spec: CompiledSpec, options: ResolvedDecodeOptions): SinkSchema {
  return {
    specId: spec.id,
    specRevision: spec.revision,
    tables: spec.tables
      .filter((table) => options.segments === null || options.segments.includes(table.name))
      .map((table) => ({
        name: table.name,
        title: table.title,
        columns: [...table.columns, ...RECORD_COLUMNS],
      })),
    metadata: () => ({
      'nibrs.spec': spec.id,
      'nibrs.spec_revision': String(spec.revision),
      ...options.metadata(),
    }),
  }
}

/**
 * Decodes fixed-width text: bytes in, column batches out.
 *
 * Nothing is read before the first batch is asked for, nor ahead of the next one; leaving the loop
 * closes the input. Faults in data are issues on the batches and in `stats`; every record is
 * counted: records = rows + joinedHeaderParts + withheld + notSelected.
 *
 * @param input chunks of any size, cut anywhere
 * @param spec what `loadSpec` or `compileSpec` returned
 * @throws {OptionError} at once, for unknown or impossible options, and for what is no input or no
 *   spec; while iterating, for a chunk that is not bytes
 * @throws {RecordError} while iterating, at the first issue under `strict`
 * @throws {InputError} while iterating, for a line over 1 MiB and whatever the input throws
 */
export function decode(
  input: ByteChunks,
  spec: CompiledSpec,
  options: DecodeOptions = {},
): Decoding {
  requireChunks(input)
  requireSpec(spec)
  const resolved = resolveDecodeOptions(options)
  const decoder = new RecordDecoder(spec, resolved)
  let started = false
  return {
    spec,
    stats: decoder.stats,
    sinkSchema: sinkSchemaOf(spec, resolved),
    [Symbol.asyncIterator](): AsyncIterator<SegmentBatch> {
      if (started) throw new TypeError('a decoding can be iterated over once; call decode again')
      started = true
      return run(decoder, input, resolved)
    },
  }
}

async function* run(
  decoder: RecordDecoder,
  input: ByteChunks,
  { signal }: ResolvedDecodeOptions,
): AsyncGenerator<SegmentBatch> {
  signal?.throwIfAborted()
  function* batches(): Generator<SegmentBatch> {
    for (;;) {
      const more = decoder.step()
      for (const batch of decoder.batches.splice(0)) yield batch
      decoder.release()
      signal?.throwIfAborted()
      if (!more) return
    }
  }
  if (!decoder.limitReached) {
    for await (const chunk of input) {
      signal?.throwIfAborted()
      requireChunk(chunk)
      decoder.feed(chunk)
      yield* batches()
      if (decoder.limitReached) break
    }
  }
  decoder.end()
  yield* batches()
}

/** @throws {OptionError} OPTION_INVALID, most often for a promise that was not awaited */
function requireSpec(spec: unknown): asserts spec is CompiledSpec {
  if (typeof spec === 'object' && spec !== null && 'tables' in spec && 'layouts' in spec) return
  const found = spec instanceof Promise ? 'a promise' : 'not a compiled spec'
  throw new OptionError(
    'OPTION_INVALID',
    `the spec is ${found}; expected what loadSpec or compileSpec returned, awaited`,
    { option: 'spec' },
  )
}
