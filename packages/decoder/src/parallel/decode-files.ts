import { Worker } from 'node:worker_threads'
import type { ByteChunks } from '../byte-chunks.js'
import type { Issue } from '../issues.js'
import type { DecodeStats } from '../record-decoder.js'
import { AtomicFiles, type AtomicFile } from '../sinks/atomic-files.js'
import { type FileFormat, tableFormat } from '../sinks/file-format.js'
import { commitTables, fileNames, type ClosingFile, type WrittenFile } from '../sinks/table-sink.js'
import type { CompiledSpec } from '../spec/types.js'
import { CHUNK_BYTES, ChunkFeed } from './chunk-feed.js'
import { received, type WorkerMessage, type WorkerStart } from './messages.js'
import { partition } from './partition.js'
import { type GroupFile, SegmentGroup } from './segment-group.js'

/** What {@link decodeFiles} needs. */
export interface DecodeFilesOptions {
  readonly directory: string
  readonly force: boolean
  readonly format: FileFormat
  readonly labels: boolean
  /** Segments to decode; null for all. */
  readonly segments: readonly string[] | null
  readonly limit: number | null
  /** Rows of a batch, and of a row group: a multiple of 8. */
  readonly batchRows: number
  /** Threads in all, this one included: 2 or more. */
  readonly threads: number
  /** Whether the input is unpacked on the way, which is work of this thread. */
  readonly packed: boolean
  readonly signal: AbortSignal
  /** Issues in any order; each list is sorted by position. */
  readonly onIssues: (issues: readonly Issue[]) => void
  /** Called now and then with the counters of this thread: `bytes` and `records` are those of all. */
  readonly onProgress: (stats: DecodeStats) => void
  /** Called once everything is decoded; gives the metadata for the files' footers. */
  readonly beforeClose: (stats: DecodeStats) => Promise<Readonly<Record<string, string>>>
  /** One more file, written when the tables are complete. */
  readonly closing?: ClosingFile
}

/**
 * Decodes an input to one file for each segment on several threads.
 *
 * Segments are divided among the threads; each sees the whole input and writes its own files, so
 * rows, their order and the bytes of every file are those of one thread. All files get their final
 * names together at the end. An error in any thread, or an abort, ends all threads and removes
 * what was written.
 */
export async function decodeFiles(
  source: ByteChunks,
  spec: CompiledSpec,
  options: DecodeFilesOptions,
): Promise<{ readonly stats: DecodeStats; readonly files: readonly WrittenFile[] }> {
  const { directory, force, format, labels, limit, batchRows, signal } = options
  const tables = spec.tables.filter(
    ({ name }) => options.segments === null || options.segments.includes(name),
  )
  const threads = Math.max(2, Math.min(options.threads, tables.length))
  const sets = partition(tables, threads, options.packed ? 'packed' : 'text')
  const { extension } = await tableFormat(format, { labels, batchRows })
  const output = new AtomicFiles({ directory, force })
  const workers: WorkerHandle[] = []
  try {
    signal.throwIfAborted()
    await output.reserve(fileNames(tables, extension, options.closing))
    const files: Record<string, AtomicFile> = {}
    for (const { name } of tables) files[name] = await output.open(name + extension)
    const plans = sets.map((segments, index) => ({
      spec,
      segments,
      primary: index === 0,
      format,
      labels,
      batchRows,
      limit,
      files: Object.fromEntries(segments.map((name) => [name, files[name]!.fd])),
    }))
    for (const plan of plans.slice(1)) workers.push(new WorkerHandle({ plan }, options.onIssues))
    const own = new SegmentGroup(plans[0]!, options.onIssues)
    await own.start()
    const check = (): void => {
      signal.throwIfAborted()
      for (const worker of workers) worker.throwIfFailed()
    }
    if (!own.limitReached) {
      for await (const chunk of source) {
        for (let at = 0; at < chunk.length; at += CHUNK_BYTES) {
          const part = chunk.subarray(at, at + CHUNK_BYTES)
          for (const { feed } of workers) await feed.ready(part.length)
          check()
          for (const { feed } of workers) feed.send(part)
          await own.feed(part)
        }
        options.onProgress(own.stats)
        if (own.limitReached) break
      }
    }
    for (const { feed } of workers) feed.end()
    await own.endInput()
    const counted = await Promise.all(workers.map((worker) => worker.decoded))
    signal.throwIfAborted()
    const stats = mergedStats(own.stats, counted)
    const metadata = await options.beforeClose(stats)
    for (const worker of workers) worker.finish(metadata)
    const written = (
      await Promise.all([own.finish(metadata), ...workers.map((worker) => worker.finished)])
    ).flat()
    signal.throwIfAborted()
    const outputs = tables.map(({ name }) => {
      const { rowCount, byteCount } = written.find(({ segment }) => segment === name)!
      return { segment: name, path: files[name]!.finalPath, rowCount, byteCount }
    })
    await commitTables(output, outputs, options.closing)
    return { stats, files: outputs }
  } catch (error) {
    await Promise.all(workers.map((worker) => worker.terminate()))
    await output.abort()
    throw error
  }
}

/** A worker thread and what it has promised. */
class WorkerHandle {
  readonly decoded: Promise<DecodeStats>
  readonly finished: Promise<readonly GroupFile[]>
  readonly feed: ChunkFeed
  readonly #worker: Worker
  #failure: Error | null = null

  constructor(start: WorkerStart, onIssues: (issues: readonly Issue[]) => void) {
    this.#worker = new Worker(workerUrl(), {
      workerData: start,
      stdin: false,
      // What a decoding thread makes is short-lived: a small young generation saves 10 MiB.
      resourceLimits: { maxYoungGenerationSizeMb: 4 },
    })
    this.feed = new ChunkFeed((message, transfer) => this.#worker.postMessage(message, transfer))
    const decoded = deferred<DecodeStats>()
    const finished = deferred<readonly GroupFile[]>()
    this.decoded = decoded.promise
    this.finished = finished.promise
    // Awaited late, or not at all when another thread fails first.
    this.decoded.catch(() => {})
    this.finished.catch(() => {})
    const fail = (error: Error): void => {
      this.#failure ??= error
      this.feed.wake()
      decoded.reject(error)
      finished.reject(error)
    }
    this.#worker.on('message', (message: WorkerMessage) => {
      switch (message.type) {
        case 'used':
          this.feed.takeBack(message.buffer)
          return
        case 'issues':
          onIssues(message.issues)
          return
        case 'decoded':
          decoded.resolve(message.stats)
          return
        case 'finished':
          finished.resolve(message.files)
          return
        case 'failed':
          fail(received(message.error))
      }
    })
    this.#worker.on('error', fail)
    this.#worker.on('exit', (code) => {
      fail(new Error(`a decoding thread ended with code ${code} before its work was done`))
    })
  }

  throwIfFailed(): void {
    if (this.#failure !== null) throw this.#failure
  }

  finish(metadata: Readonly<Record<string, string>>): void {
    this.#worker.postMessage({ type: 'finish', metadata })
  }

  async terminate(): Promise<void> {
    await this.#worker.terminate()
  }
}

interface Deferred<Value> {
  readonly promise: Promise<Value>
  readonly resolve: (value: Value) => void
  readonly reject: (reason: unknown) => void
}

/** Promise.withResolvers, which Node 20 does not have. */
function deferred<Value>(): Deferred<Value> {
  let resolve!: (value: Value) => void
  let reject!: (reason: unknown) => void
  const promise = new Promise<Value>((onResolve, onReject) => {
    resolve = onResolve
    reject = onReject
  })
  return { promise, resolve, reject }
}

/** The built worker: this package's `dist/parallel/worker.js`. */
function workerUrl(): URL {
  const here = import.meta.url
  const [, root] = /^(.*\/)dist\//.exec(here) ?? []
  return root === undefined
    ? new URL('../../dist/parallel/worker.js', here)
    : new URL('dist/parallel/worker.js', root)
}

/** Counters of the whole input from those of each thread, which all saw every record. */
function mergedStats(own: DecodeStats, others: readonly DecodeStats[]): DecodeStats {
  const all = [own, ...others]
  const sum = (pick: (stats: DecodeStats) => number): number =>
    all.reduce((total, stats) => total + pick(stats), 0)
  const rows = { ...own.rows }
  const issues = { ...own.issues }
  for (const other of others) {
    if (other.records !== own.records) {
      throw new Error(
        `threads disagree on the number of records, ${own.records} and ${other.records}: ` +
          'this is a fault in the program, please report it',
      )
    }
    for (const [name, count] of Object.entries(other.rows)) rows[name] = (rows[name] ?? 0) + count
    for (const [code, count] of Object.entries(other.issues)) {
      issues[code] = (issues[code] ?? 0) + count
    }
  }
  return {
    ...own,
    rows,
    issues,
    joinedHeaderParts: sum((stats) => stats.joinedHeaderParts),
    withheld: sum((stats) => stats.withheld),
    // A record is not selected when no thread took it.
    notSelected: sum((stats) => stats.notSelected) - others.length * own.records,
    shortRecords: sum((stats) => stats.shortRecords),
    longRecords: sum((stats) => stats.longRecords),
  }
}
