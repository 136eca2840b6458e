import * as fs from 'node:fs'
import path from 'node:path'
import type { Issue } from '../issues.js'
import { AtomicFiles, type AtomicFile } from '../sinks/atomic-files.js'

/** Issues sorted in memory at a time; more go to a temporary file as one sorted run. */
const RUN_ISSUES = 16_384
/** Memory for reading all runs at once while merging. */
const MERGE_BYTES = 32 << 20
const WRITE_BYTES = 1 << 20

/** An issue as it is written: one JSON object a line. */
interface LoggedIssue extends Issue {
  /** Name of the input. */
  readonly source: string
}

interface Run {
  readonly start: number
  readonly end: number
}

/**
 * Writes issues to an NDJSON file in file order, whatever the order they come in.
 *
 * Batches of different segments cover different stretches of a file, and threads may hand theirs
 * in at any time, so this is an external sort: sorted runs in a temporary file, merged at the end
 * of each input. Memory stays bounded however many issues there are.
 */
export class IssueLog {
  readonly #output: AtomicFiles
  readonly #file: AtomicFile
  readonly #scratch: AtomicFiles
  readonly #runsFile: AtomicFile
  #runs: Run[] = []
  #held: Issue[] = []
  #pending: string[] = []
  #pendingLength = 0
  /** Where the issues of inputs that are wholly done end. */
  #doneBytes = 0
  #closed: Promise<string> | null = null

  private constructor(
    output: AtomicFiles,
    file: AtomicFile,
    scratch: AtomicFiles,
    runsFile: AtomicFile,
  ) {
    this.#output = output
    this.#file = file
    this.#scratch = scratch
    this.#runsFile = runsFile
  }

  /** @throws {OptionError} OUTPUT_EXISTS, OUTPUT_NOT_WRITABLE */
  static async open(file: string, force: boolean): Promise<IssueLog> {
    const directory = path.dirname(path.resolve(file))
    const name = path.basename(file)
    const output = new AtomicFiles({ directory, force })
    const scratch = new AtomicFiles({ directory, force: true })
    try {
      const opened = await output.open(name)
      return new IssueLog(output, opened, scratch, await scratch.open(`${name}.runs`))
    } catch (error) {
      await Promise.allSettled([scratch.abort(), output.abort()])
      throw error
    }
  }

  /** Takes issues of the current input, in any order. */
  add(issues: readonly Issue[]): void {
    for (const issue of issues) {
      this.#held.push(issue)
      if (this.#held.length >= RUN_ISSUES) this.#spill()
    }
  }

  /** Writes the issues of an input, in file order, under its name. */
  endInput(source: string): void {
    if (this.#runs.length > 0) {
      this.#spill()
      for (const issue of mergeRuns(this.#runsFile.fd, this.#runs)) this.#write(issue, source)
      this.#runs = []
      this.#runsFile.position = 0
    } else {
      for (const issue of this.#held.sort(inFileOrder)) this.#write(issue, source)
      this.#held = []
    }
    this.#flush(this.#file)
  }

  /** Says that the tables of the inputs ended so far are complete. */
  inputDone(): void {
    this.#doneBytes = this.#file.position
  }

  /**
   * As `close`, but takes away before what is not of inputs that are done, unless the file is closed
   * already: its descriptor may be another file's by then.
   */
  async closeDone(): Promise<string> {
    if (this.#closed === null) fs.ftruncateSync(this.#file.fd, this.#doneBytes)
    return this.close()
  }

  /** Gives the file its final name, once. Returns its absolute path. */
  close(): Promise<string> {
    this.#closed ??= this.#commit()
    return this.#closed
  }

  async #commit(): Promise<string> {
    await this.#scratch.abort()
    const [file] = await this.#output.commit()
    return file!
  }

  /** Removes everything written. */
  async abort(): Promise<void> {
    await this.#scratch.abort()
    await this.#output.abort()
  }

  #write(issue: Issue, source: string): void {
    const { code, segment, field, recordNumber, byteOffset, raw } = issue
    const line: LoggedIssue = { source, code, segment, field, recordNumber, byteOffset, raw }
    this.#append(this.#file, line)
  }

  #spill(): void {
    if (this.#held.length === 0) return
    const start = this.#runsFile.position
    for (const issue of this.#held.sort(inFileOrder)) this.#append(this.#runsFile, issue)
    this.#flush(this.#runsFile)
    this.#runs.push({ start, end: this.#runsFile.position })
    this.#held = []
  }

  #append(file: AtomicFile, value: object): void {
    const line = JSON.stringify(value) + '\n'
    this.#pending.push(line)
    this.#pendingLength += line.length
    if (this.#pendingLength >= WRITE_BYTES) this.#flush(file)
  }

  #flush(file: AtomicFile): void {
    if (this.#pending.length === 0) return
    file.write(Buffer.from(this.#pending.join(''), 'utf8'))
    this.#pending = []
    this.#pendingLength = 0
  }
}

/** By byte; at the same byte the record's own issues first, then by field and code. */
function inFileOrder(a: Issue, b: Issue): number {
  return (
    a.byteOffset - b.byteOffset || compare(a.field ?? '', b.field ?? '') || compare(a.code, b.code)
  )
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function* mergeRuns(fd: number, runs: readonly Run[]): Generator<Issue> {
  const size = Math.max(4096, Math.floor(MERGE_BYTES / runs.length))
  const heads: { issue: Issue; rest: Iterator<Issue> }[] = []
  for (const run of runs) {
    const rest = readRun(fd, run, size)
    const first = rest.next()
    if (first.done !== true) heads.push({ issue: first.value, rest })
  }
  // A binary heap, the earliest issue on top.
  for (let i = Math.floor(heads.length / 2) - 1; i >= 0; i--) siftDown(heads, i)
  while (heads.length > 0) {
    const top = heads[0]!
    yield top.issue
    const next = top.rest.next()
    if (next.done === true) {
      const last = heads.pop()!
      if (heads.length === 0) return
      heads[0] = last
    } else {
      top.issue = next.value
    }
    siftDown(heads, 0)
  }
}

function siftDown(heads: { issue: Issue }[], from: number): void {
  for (let at = from; ;) {
    let least = at
    for (const child of [2 * at + 1, 2 * at + 2]) {
      if (child < heads.length && inFileOrder(heads[child]!.issue, heads[least]!.issue) < 0) {
        least = child
      }
    }
    if (least === at) return
    ;[heads[at], heads[least]] = [heads[least]!, heads[at]!]
    at = least
  }
}

function* readRun(fd: number, { start, end }: Run, size: number): Generator<Issue> {
  const block = Buffer.allocUnsafe(size)
  let rest: Buffer = Buffer.alloc(0)
  for (let position = start; position < end;) {
    const count = fs.readSync(fd, block, 0, Math.min(size, end - position), position)
    if (count === 0) throw new Error('the temporary file of issues became shorter')
    position += count
    const bytes = Buffer.concat([rest, block.subarray(0, count)])
    let at = 0
    for (let lineEnd = bytes.indexOf(0x0a); lineEnd >= 0; lineEnd = bytes.indexOf(0x0a, at)) {
      yield JSON.parse(bytes.toString('utf8', at, lineEnd)) as Issue
      at = lineEnd + 1
    }
    rest = bytes.subarray(at)
  }
}
