import * as fs from 'node:fs'
import type { SinkSchema } from '../batch.js'
import { sinkSchemaOf } from '../decode.js'
import { OptionError } from '../errors.js'
import type { Issue } from '../issues.js'
import { resolveDecodeOptions } from '../options.js'
import { type DecodeStats, RecordDecoder } from '../record-decoder.js'
import { type FileFormat, tableFormat } from '../sinks/file-format.js'
import type { TableWriter } from '../sinks/table-sink.js'
import type { CompiledSpec } from '../spec/types.js'

/** What a thread is told about its share of the work. Copied to workers as it is. */
export interface GroupPlan {
  readonly spec: CompiledSpec
  readonly segments: readonly string[]
  /** Whether this group reports what belongs to no segment: lines with an unknown level. */
  readonly primary: boolean
  readonly format: FileFormat
  readonly labels: boolean
  readonly batchRows: number
  readonly limit: number | null
  /** Open file descriptors of the segments' files, by name. */
  readonly files: Readonly<Record<string, number>>
}

/** What one segment's file came to. */
export interface GroupFile {
  readonly segment: string
  readonly rowCount: number
  readonly byteCount: number
}

interface OpenTable {
  readonly segment: string
  readonly writer: TableWriter
  rowCount: number
  byteCount: number
}

/** Decodes some segments of an input and writes their files: one thread's share. */
export class SegmentGroup {
  readonly #decoder: RecordDecoder
  readonly #tables = new Map<string, OpenTable>()
  readonly #onIssues: (issues: readonly Issue[]) => void
  readonly #schema: SinkSchema
  readonly #plan: GroupPlan
  #metadata: Readonly<Record<string, string>> = {}

  constructor(plan: GroupPlan, onIssues: (issues: readonly Issue[]) => void) {
    const options = resolveDecodeOptions({
      segments: plan.segments,
      batchRows: plan.batchRows,
      aligned: false,
      reuseArrays: true,
      ...(plan.limit === null ? {} : { limit: plan.limit }),
      metadata: () => this.#metadata,
    })
    this.#plan = plan
    this.#decoder = new RecordDecoder(plan.spec, options, { quietUnknown: !plan.primary })
    this.#schema = sinkSchemaOf(plan.spec, options)
    this.#onIssues = onIssues
  }

  get stats(): DecodeStats {
    return this.#decoder.stats
  }

  get limitReached(): boolean {
    return this.#decoder.limitReached
  }

  async start(): Promise<void> {
    const { openTable } = await tableFormat(this.#plan.format, this.#plan)
    for (const table of this.#schema.tables) {
      const fd = this.#plan.files[table.name]!
      const entry: OpenTable = {
        segment: table.name,
        rowCount: 0,
        byteCount: 0,
        writer: openTable(table, this.#schema, (bytes) => {
          writeAll(fd, bytes, entry.byteCount, table.name)
          entry.byteCount += bytes.length
        }),
      }
      this.#tables.set(table.name, entry)
      await entry.writer.start()
    }
  }

  /** Decodes a chunk; its bytes are used up when the promise resolves. */
  async feed(chunk: Uint8Array): Promise<void> {
    this.#decoder.feed(chunk)
    await this.#run()
  }

  /** Decodes what is left after the last chunk. */
  async endInput(): Promise<void> {
    this.#decoder.end()
    await this.#run()
  }

  /** Completes the files' contents. */
  async finish(metadata: Readonly<Record<string, string>>): Promise<readonly GroupFile[]> {
    this.#metadata = metadata
    const files: GroupFile[] = []
    for (const entry of this.#tables.values()) {
      await entry.writer.end()
      const { segment, rowCount, byteCount } = entry
      files.push({ segment, rowCount, byteCount })
    }
    return files
  }

  async #run(): Promise<void> {
    let more = true
    while (more) {
      more = this.#decoder.step()
      if (this.#decoder.batches.length === 0) continue
      for (const batch of this.#decoder.batches.splice(0)) {
        if (batch.issues.length > 0) this.#onIssues(batch.issues)
        if (batch.rowCount === 0) continue
        const entry = this.#tables.get(batch.segment)!
        await entry.writer.write(batch)
        entry.rowCount += batch.rowCount
      }
      this.#decoder.release()
    }
  }
}

function writeAll(fd: number, bytes: Uint8Array, position: number, segment: string): void {
  let written = 0
  try {
    while (written < bytes.length) {
      written += fs.writeSync(fd, bytes, written, bytes.length - written, position + written)
    }
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new OptionError(
      'OUTPUT_NOT_WRITABLE',
      `cannot write byte ${position + written} of the ${segment} output: ${reason}; ` +
        'check free space and permissions, then run again',
      { segment, byteOffset: position + written, cause },
    )
  }
}
