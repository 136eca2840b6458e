import type { BatchSink } from '../batch.js'
import { decode, type ByteChunks } from '../decode.js'
import { detectSpec } from '../detect.js'
import { drain } from '../drain.js'
import { OptionError } from '../errors.js'
import { openInput, type ByteSource, type InputInfo } from '../input.js'
import { decodeFiles } from '../parallel/decode-files.js'
import type { DecodeStats } from '../record-decoder.js'
import type { WrittenFile, WrittenStream } from '../sinks/table-sink.js'
import { loadSpec } from '../spec/load.js'
import type { CompiledSpec } from '../spec/types.js'
import { nearest, UsageError, type DecodeCommand, type InputPlan } from './args.js'
import type { IssueLog } from './issue-log.js'
import { ManifestFile } from './manifest.js'
import { startProgress } from './progress.js'
import {
  accountedRecords,
  fileMetadata,
  type DecodeSummary,
  type OutputSummary,
} from './summary.js'
import { writeStdout, type Terminal } from './terminal.js'
import { packageVersion } from './version.js'

/** Rows of a batch for file outputs: a row group of the Parquet writer. */
const FILE_BATCH_ROWS = 65_536

export interface RunContext {
  readonly signal: AbortSignal
  readonly terminal: Terminal
  readonly issues: IssueLog | null
}

/** The input with its layout found: what decoding and `--dry-run` begin with. */
export interface PreparedInput {
  readonly input: ByteSource
  readonly source: ByteChunks
  readonly spec: CompiledSpec
  readonly reason: string
}

/** Opens an input and finds its spec; says which on the terminal. */
export async function prepareInput(
  { input: path }: InputPlan,
  command: DecodeCommand,
  { signal, terminal }: RunContext,
): Promise<PreparedInput> {
  const given = command.spec === null ? null : await loadSpec(command.spec)
  const input = openInput(path, {
    signal,
    ...(command.entry === null ? {} : { entry: command.entry }),
  })
  try {
    await input.info()
    const found =
      given === null
        ? await detectSpec(input)
        : { spec: given, reason: 'given by --spec', source: input }
    checkSegments(command.segments, found.spec)
    terminal.note(`${input.name}: ${found.spec.id}, ${found.reason}`)
    return { input, source: found.source, spec: found.spec, reason: found.reason }
  } catch (error) {
    await input.close()
    throw error
  }
}

function checkSegments(segments: readonly string[], spec: CompiledSpec): void {
  const names = spec.tables.map((table) => table.name)
  for (const segment of segments) {
    if (names.includes(segment)) continue
    const close = nearest(segment, names)
    const hint = close === null ? '' : `; did you mean ${close}?`
    throw new UsageError(
      `${spec.id} has no segment "${segment}", it has ${names.join(', ')}${hint}`,
    )
  }
}

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
  const { signal, terminal, issues } = context
  const { input, source, spec, reason } = await prepareInput(plan, command, context)
  try {
    const info = await input.info()
    const hashing = hashOf(input, command.limit)
    let sha256: string | null = null
    const version = packageVersion()
    const segments = command.segments.length === 0 ? null : command.segments
    const metadata = (stats: DecodeStats): Readonly<Record<string, string>> =>
      fileMetadata({ name: input.name, sha256 }, spec, stats, version)
    const summarize = (files: readonly OutputSummary[], stats: DecodeStats): DecodeSummary => ({
      source: { name: input.name, entry: info.entry ?? null, kind: info.kind, sha256 },
      spec: { id: spec.id, revision: spec.revision, reason },
      version,
      format: command.format,
      labels: command.labels,
      segments,
      limit: command.limit,
      stats,
      files,
    })
    const beforeClose = async (stats: DecodeStats): Promise<void> => {
      issues?.endInput(input.name)
      assertAllCounted(stats)
      sha256 = await hashing
    }
    const totalBytes = info.compressedBytes ?? info.uncompressedBytes ?? null
    let live: Pick<DecodeStats, 'bytes' | 'records'> = { bytes: 0, records: 0 }
    const progress = startProgress(terminal, input.name, () => ({
      bytes: live.bytes,
      records: live.records,
      fraction: totalBytes === null || totalBytes === 0 ? null : input.bytesRead / totalBytes,
    }))
    try {
      if (plan.directory !== null && worthThreads(info, command)) {
        const manifest = new ManifestFile(plan.directory, command.force)
        await manifest.reserve()
        const { stats, files } = await decodeFiles(source, spec, {
          directory: plan.directory,
          force: command.force,
          format: command.format,
          labels: command.labels,
          segments,
          limit: command.limit,
          batchRows: FILE_BATCH_ROWS,
          threads: command.threads,
          signal,
          onIssues: (found) => issues?.add(found),
          onProgress: (stats) => (live = stats),
          beforeClose: async (stats) => {
            await beforeClose(stats)
            return metadata(stats)
          },
        })
        const summary = summarize(outputSummaries(files), stats)
        await manifest.write(summary)
        return summary
      }
      const decoding = decode(source, spec, {
        ...(segments === null ? {} : { segments }),
        ...(command.limit === null ? {} : { limit: command.limit }),
        strict: command.strict,
        batchRows: FILE_BATCH_ROWS,
        aligned: false,
        reuseArrays: true,
        metadata: () => metadata(decoding.stats),
        signal,
      })
      live = decoding.stats
      const written = await drain(
        decoding,
        await outputSink(plan, command, {
          issues,
          beforeClose: () => beforeClose(decoding.stats),
          summarize: (files) => summarize(files, decoding.stats),
        }),
        { signal },
      )
      return summarize(written, decoding.stats)
    } finally {
      progress.stop()
    }
  } finally {
    await input.close()
  }
}

/** Sizes from which several threads start up faster than they save: text, and compressed. */
const THREADS_FROM_BYTES = 64 << 20
const THREADS_FROM_COMPRESSED_BYTES = 8 << 20

function worthThreads(info: InputInfo, { threads, strict }: DecodeCommand): boolean {
  // The first issue of the file is only known to one thread that sees every segment.
  if (threads < 2 || strict) return false
  return info.uncompressedBytes !== undefined
    ? info.uncompressedBytes >= THREADS_FROM_BYTES
    : (info.compressedBytes ?? 0) >= THREADS_FROM_COMPRESSED_BYTES
}

/** SHA-256 of the input, hashed beside the reading; null for a stream that `--limit` cuts short. */
function hashOf(input: ByteSource, limit: number | null): Promise<string | null> {
  const hashing = input.sha256()
  if (limit === null) {
    hashing.catch(() => {}) // Awaited at the end; until then a failed decoding speaks first.
    return hashing
  }
  return hashing.catch(() => null)
}

/** The promise to lose nothing, held at every run. */
function assertAllCounted(stats: DecodeStats): void {
  if (accountedRecords(stats) === stats.records) return
  throw new Error(
    `${stats.records} records were read and ${accountedRecords(stats)} accounted for: ` +
      'this is a fault in the program, please report it',
  )
}

interface OutputHooks {
  readonly issues: IssueLog | null
  readonly beforeClose: () => Promise<void>
  readonly summarize: (files: readonly OutputSummary[]) => DecodeSummary
}

/** The sink of a command's format with issues, checks and manifest around it. */
async function outputSink(
  { directory }: InputPlan,
  command: DecodeCommand,
  { issues, beforeClose, summarize }: OutputHooks,
): Promise<BatchSink<readonly OutputSummary[]>> {
  const tables = await (directory === null
    ? streamSink(command)
    : fileSink(command.format, directory, command))
  const manifest = directory === null ? null : new ManifestFile(directory, command.force)
  return {
    async open(schema) {
      await tables.open(schema)
      await manifest?.reserve()
    },
    async write(batch) {
      issues?.add(batch.issues)
      if (batch.rowCount > 0) await tables.write(batch)
    },
    async close() {
      await beforeClose()
      const files = outputSummaries(await tables.close())
      await manifest?.write(summarize(files))
      return files
    },
    async abort(reason) {
      await tables.abort(reason)
      await manifest?.abort()
    },
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

type TablesSink = BatchSink<readonly (WrittenFile | WrittenStream)[]>

/** The sink of a format; loads only that format's library. */
async function fileSink(
  format: DecodeCommand['format'],
  directory: string,
  { force, labels }: DecodeCommand,
): Promise<TablesSink> {
  const options = { directory, force, labels }
  switch (format) {
    case 'parquet':
      return (await import('../sinks/parquet.js')).parquetFiles(options)
    case 'arrow':
      return (await import('../sinks/arrow.js')).arrowFiles(options)
    case 'csv':
      return (await import('../sinks/csv.js')).csvFiles(options)
    case 'ndjson':
      return (await import('../sinks/ndjson.js')).ndjsonFiles(options)
  }
}

async function streamSink({ format, labels }: DecodeCommand): Promise<TablesSink> {
  const write = (bytes: Uint8Array) => writeStdout(bytes)
  const options = { labels }
  switch (format) {
    case 'parquet':
      throw new OptionError('OPTION_CONFLICT', 'Parquet cannot be written to a stream')
    case 'arrow':
      return asList((await import('../sinks/arrow.js')).arrowStream(write, options))
    case 'csv':
      return asList((await import('../sinks/csv.js')).csvStream(write, options))
    case 'ndjson':
      return asList((await import('../sinks/ndjson.js')).ndjsonStream(write, options))
  }
}

function asList(sink: BatchSink<WrittenStream>): TablesSink {
  return {
    open: (schema) => sink.open(schema),
    write: (batch) => sink.write(batch),
    close: async () => [await sink.close()],
    abort: (reason) => sink.abort(reason),
  }
}
