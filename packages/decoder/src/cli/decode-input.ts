import path from 'node:path'
import type { BatchSink } from '../batch.js'
import { decode } from '../decode.js'
import { drain } from '../drain.js'
import type { ByteSource, InputInfo } from '../input.js'
import type { DecodeStats } from '../record-decoder.js'
import { tableFormat } from '../sinks/file-format.js'
import type { WrittenFile, WrittenStream } from '../sinks/table-sink.js'
import type { CompiledSpec } from '../spec/types.js'
import type { DecodeCommand, InputPlan } from './args.js'
import { earlierTables, leftOver } from './earlier-run.js'
import { manifestFile } from './manifest.js'
import { naming, prepareInput, type PreparedInput, type RunContext } from './prepare-input.js'
import { startProgress } from './progress.js'
import { requireSeparateOutputs } from './separate-outputs.js'
import {
  accountedRecords,
  fileMetadata,
  type DecodeSummary,
  type OutputSummary,
} from './summary.js'
import { fileSink, streamSink } from './table-sinks.js'
import { packageVersion } from './version.js'

/**
 * Rows of a batch, which is a row group of Parquet, a record batch of Arrow, for texts below so many
 * bytes.
 *
 * A batch of each table stands in memory, and memory not touched before costs more than more row
 * groups do until some of them were written: a tenth of the time of 100 MB, a twentieth of 200 MB.
 * Parquet gets larger by 2.7 % and 0.7 %.
 */
const BATCH_ROWS = [
  { belowBytes: 160 << 20, rows: 16_384 },
  { belowBytes: 800 << 20, rows: 32_768 },
] as const
const MOST_BATCH_ROWS = 65_536

/** Bytes of text in a byte of gzip, roughly, where its size is not known. */
const TEXT_PER_PACKED_BYTE = 10

/**
 * Decodes one input to its folder or to standard output.
 *
 * @throws whatever the input, the spec, the data under `--strict` or the output throws; then no
 *   output is left
 */
export async function decodeInput(
  plan: InputPlan,
  command: DecodeCommand,
  context: RunContext,
): Promise<DecodeSummary> {
  const prepared = await prepareInput(plan, command, context)
  const { input } = prepared
  try {
    const info = await input.info()
    const job = new Job(prepared, info, command, context)
    requireSeparateOutputs(await tablePaths(plan, prepared.spec, command), command)
    const earlier = plan.directory === null ? [] : earlierTables(plan.directory)
    const summary = await decodeWithProgress(job, plan.directory)
    if (plan.directory !== null) tellLeftOver(plan.directory, earlier, summary, context)
    return summary
  } catch (error) {
    throw naming(error, input.name)
  } finally {
    await input.close()
  }
}

function tellLeftOver(
  directory: string,
  earlier: readonly string[],
  { files }: DecodeSummary,
  { terminal }: RunContext,
): void {
  const names = leftOver(directory, earlier, files)
  if (names.length === 0) return
  terminal.note(
    `${directory} also holds ${names.join(', ')} of an earlier run; this one's manifest does not list them`,
  )
}

/** Where the tables of an input will stand; none when they go to standard output. */
async function tablePaths(
  { directory }: InputPlan,
  { tables }: CompiledSpec,
  { format, labels, segments }: DecodeCommand,
): Promise<readonly string[]> {
  if (directory === null) return []
  const { extension } = await tableFormat(format, { labels, batchRows: MOST_BATCH_ROWS })
  return tables
    .filter(({ name }) => segments.length === 0 || segments.includes(name))
    .map(({ name }) => path.join(directory, name + extension))
}

/** What one decoding needs and finds out, on however many threads. */
class Job {
  readonly prepared: PreparedInput
  readonly command: DecodeCommand
  readonly context: RunContext
  /** Segments asked for; null for all. */
  readonly segments: readonly string[] | null
  /** Counters of the decoding under way. */
  live: Pick<DecodeStats, 'bytes' | 'records'> = { bytes: 0, records: 0 }
  readonly info: InputInfo
  readonly #version = packageVersion()
  readonly #hashing: Promise<string | null>
  #sha256: string | null = null
  /** Of everything decoded, from `finish` on. */
  #stats: DecodeStats | null = null

  constructor(
    prepared: PreparedInput,
    info: InputInfo,
    command: DecodeCommand,
    context: RunContext,
  ) {
    this.prepared = prepared
    this.command = command
    this.context = context
    this.segments = command.segments.length === 0 ? null : command.segments
    this.info = info
    this.#hashing = hashOf(prepared.input, command.limit)
  }

  progress(): { bytes: number; records: number; fraction: number | null } {
    const { compressedBytes, uncompressedBytes } = this.info
    const total = compressedBytes ?? uncompressedBytes ?? 0
    return {
      bytes: this.live.bytes,
      records: this.live.records,
      fraction: total === 0 ? null : this.prepared.input.bytesRead / total,
    }
  }

  /** Once everything is decoded and before the files are complete. */
  async finish(stats: DecodeStats): Promise<void> {
    this.context.issues?.endInput(this.prepared.input.name)
    assertAllCounted(stats)
    this.#stats = stats
    this.#sha256 = await this.#hashing
  }

  metadata(stats: DecodeStats): Readonly<Record<string, string>> {
    const source = { name: this.prepared.input.name, sha256: this.#sha256 }
    return fileMetadata(source, this.prepared.spec, stats, this.#version)
  }

  /** After `finish`, from what was written or is about to get its final names. */
  summary(written: readonly (WrittenFile | WrittenStream)[]): DecodeSummary {
    const { input, spec, reason } = this.prepared
    const { entry = null, kind } = this.info
    return {
      source: { name: input.name, entry, kind, sha256: this.#sha256 },
      spec: { id: spec.id, revision: spec.revision, reason },
      version: this.#version,
      format: this.command.format,
      labels: this.command.labels,
      segments: this.segments,
      limit: this.command.limit,
      stats: this.#stats!,
      files: outputSummaries(written),
    }
  }
}

/** SHA-256 of the input, hashed beside the reading; null for a stream that `--limit` cuts short. */
function hashOf(input: ByteSource, limit: number | null): Promise<string | null> {
  const hashing = input.sha256()
  if (limit !== null) return hashing.catch(() => null)
  hashing.catch(() => {}) // Awaited at the end; until then a failed decoding speaks first.
  return hashing
}

/** The promise to lose nothing, held at every run. */
function assertAllCounted(stats: DecodeStats): void {
  if (accountedRecords(stats) === stats.records) return
  throw new Error(
    `${stats.records} records were read and ${accountedRecords(stats)} accounted for: ` +
      'this is a fault in the program, please report it',
  )
}

/**
 * Bytes of text from which several threads save more than their start costs.
 *
 * A second thread takes about 0.35 s of processor time more. It relieves the first of nothing at 100
 * MB, of a fifth of its time at 200 MB and of a quarter at 600 MB.
 */
const THREADS_FROM_BYTES = 160 << 20

function worthThreads(info: InputInfo, { threads, strict }: DecodeCommand): boolean {
  // The first issue of the file is only known to one thread that sees every segment.
  if (threads < 2 || strict) return false
  return (textBytes(info) ?? 0) >= THREADS_FROM_BYTES
}

/** By size alone, for threads are not to be seen in the output. A stream may be of any size. */
function batchRowsFor(info: InputInfo): number {
  const bytes = textBytes(info) ?? Infinity
  return BATCH_ROWS.find(({ belowBytes }) => bytes < belowBytes)?.rows ?? MOST_BATCH_ROWS
}

/** Size of the text, estimated for gzip; null for a stream. */
function textBytes({ uncompressedBytes, compressedBytes }: InputInfo): number | null {
  if (uncompressedBytes !== undefined) return uncompressedBytes
  return compressedBytes === undefined ? null : compressedBytes * TEXT_PER_PACKED_BYTE
}

async function decodeWithProgress(job: Job, directory: string | null): Promise<DecodeSummary> {
  const { context, command, info, prepared } = job
  const progress = startProgress(context.terminal, prepared.input.name, () => job.progress())
  try {
    return directory !== null && worthThreads(info, command)
      ? await decodeOnThreads(job, directory, info.kind !== 'text')
      : await decodeOnOneThread(job, directory)
  } finally {
    progress.stop()
  }
}

async function decodeOnThreads(
  job: Job,
  directory: string,
  packed: boolean,
): Promise<DecodeSummary> {
  const { force, format, labels, limit, threads } = job.command
  const { source, spec } = job.prepared
  const { decodeFiles } = await import('../parallel/decode-files.js')
  const { files } = await decodeFiles(source, spec, {
    directory,
    force,
    format,
    labels,
    segments: job.segments,
    limit,
    batchRows: batchRowsFor(job.info),
    threads,
    packed,
    signal: job.context.signal,
    onIssues: (issues) => job.context.issues?.add(issues),
    onProgress: (live) => (job.live = live),
    beforeClose: async (stats) => {
      await job.finish(stats)
      return job.metadata(stats)
    },
    closing: manifestFile((tables) => job.summary(tables)),
  })
  return job.summary(files)
}

async function decodeOnOneThread(job: Job, directory: string | null): Promise<DecodeSummary> {
  const { limit, strict } = job.command
  const { signal } = job.context
  const decoding = decode(job.prepared.source, job.prepared.spec, {
    ...(job.segments === null ? {} : { segments: job.segments }),
    ...(limit === null ? {} : { limit }),
    strict,
    batchRows: batchRowsFor(job.info),
    aligned: false,
    reuseArrays: true,
    metadata: () => job.metadata(decoding.stats),
    signal,
  })
  job.live = decoding.stats
  return drain(decoding, await outputSink(job, directory, decoding.stats), { signal })
}

/** The sink of the command's format with issues, checks and manifest around it. */
async function outputSink(
  job: Job,
  directory: string | null,
  stats: DecodeStats,
): Promise<BatchSink<DecodeSummary>> {
  const { command, context } = job
  const manifest = manifestFile((written) => job.summary(written))
  const tables = await (directory === null
    ? streamSink(command)
    : fileSink(directory, command, batchRowsFor(job.info), manifest))
  return {
    open: (schema) => tables.open(schema),
    async write(batch) {
      context.issues?.add(batch.issues)
      if (batch.rowCount > 0) await tables.write(batch)
    },
    async close() {
      await job.finish(stats)
      return job.summary(await tables.close())
    },
    abort: (reason) => tables.abort(reason),
  }
}

function outputSummaries(
  written: readonly (WrittenFile | WrittenStream)[],
): readonly OutputSummary[] {
  return written.map((item) => ({
    segment: item.segment,
    file: 'path' in item ? item.path : null,
    rows: item.rowCount,
    bytes: item.byteCount,
  }))
}
