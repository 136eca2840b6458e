import { spawnSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import type { CompiledSpec } from '@nibrs/decoder'
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api'
import { contest, type Finding, type Skipped } from './contest.js'
import { duckDbStatements, type DuckDbForm } from './duckdb-decode.js'
import { compareBytes, compareParquet, compareRecordNumbers, assertSame } from './identity.js'
import { type Input, makeInput, warm } from './inputs.js'
import { type Command, measure } from './measure.js'
import type { Peers } from './peers.js'
import { type PeerTable, peerTables } from './peer-tables.js'

/** A goal, or a group of figures, that `npm run bench` knows. */
export interface Goal {
  /** `P1` to `P10`. */
  readonly id: string
  /** What is done, in a few words. */
  readonly title: string
  /** Bytes of text that the goal is set for: on less, starting up weighs more. */
  readonly setFor?: number
  run(bench: Bench): Promise<readonly (Finding | Skipped)[]>
}

/** What the flags of `npm run bench` say. */
export interface BenchOptions {
  /** Bytes of text of the largest input. */
  readonly size: number
  readonly seed: number
  /** Pairs of runs for each comparison. */
  readonly pairs: number
  /** Where generated inputs are kept. */
  readonly cache: string
  /** Where outputs go; the caller removes it. */
  readonly scratch: string
}

/** How ours is run. */
export interface OursOptions {
  readonly threads?: number
  readonly format?: 'parquet' | 'csv'
}

const BIN = createRequire(import.meta.url).resolve('nibrs-decode/bin/nibrs-decode.js')

/** Sizes of text, in bytes, of inputs that are not as large as asked for. */
const TEXT_SIZE = 1e9
const COLD_SIZE = 100e6

/** What goals have in common: inputs, ours and the peers as commands, and the proof. */
export class Bench {
  readonly spec: CompiledSpec
  readonly tables: readonly PeerTable[]
  readonly peers: Peers
  readonly options: BenchOptions
  /** Tells the person who waits. */
  readonly note: (text: string) => void
  /** What was proved, for the report. */
  readonly proofs: string[] = []
  readonly #inputs = new Map<number, Promise<Input>>()
  readonly #proved = new Map<Input, Promise<void>>()
  readonly #forms = new Map<string, Promise<Command & { readonly form: DuckDbForm }>>()

  constructor(
    spec: CompiledSpec,
    peers: Peers,
    options: BenchOptions,
    note: (text: string) => void,
  ) {
    this.spec = spec
    this.tables = peerTables(spec)
    this.peers = peers
    this.options = options
    this.note = note
  }

  /** Bytes of text of the inputs: all of it, at most 1 GB, a quarter, and 100 MB. */
  get sizes(): { whole: number; text: number; quarter: number; cold: number } {
    const { size } = this.options
    return {
      whole: size,
      text: Math.min(size, TEXT_SIZE),
      quarter: size / 4,
      cold: Math.min(size, COLD_SIZE),
    }
  }

  /** The input of about that many bytes of text, in the page cache. */
  async input(bytes: number): Promise<Input> {
    const { seed, cache } = this.options
    let made = this.#inputs.get(bytes)
    if (made === undefined) {
      made = makeInput(bytes, seed, cache, this.note)
      this.#inputs.set(bytes, made)
    }
    const input = await made
    await warm(input.zip)
    await warm(input.text)
    return input
  }

  /** A folder for the outputs of one contestant. */
  folder(name: string): string {
    return path.join(this.options.scratch, name)
  }

  /** A JSON file that tells a peer what to do. */
  plan(name: string, content: unknown): string {
    const file = path.join(this.options.scratch, `${name}.json`)
    mkdirSync(this.options.scratch, { recursive: true })
    writeFileSync(file, JSON.stringify(content))
    return file
  }

  /** The product: the built command `nibrs-decode`, on a zip or a text. */
  ours(file: string, { threads, format = 'parquet' }: OursOptions = {}): Command {
    const output = this.folder('ours')
    const args = [BIN, file, '--output', output, '--format', format, '--quiet']
    if (threads !== undefined) args.push('--threads', String(threads))
    return { program: process.execPath, args, output }
  }

  /** One of our small programs, for what the command does not offer and for peers in Node. */
  program(name: string, args: readonly string[], output?: string): Command {
    const file = fileURLToPath(new URL(`./programs/${name}.js`, import.meta.url))
    return {
      program: process.execPath,
      args: [file, ...args],
      ...(output === undefined ? {} : { output }),
    }
  }

  /** DuckDB's decode of the text to Parquet, in the form that is faster on this input. */
  async duckDb(input: Input, threads: number): Promise<Command & { readonly form: DuckDbForm }> {
    const key = `${input.text} ${threads}`
    let chosen = this.#forms.get(key)
    if (chosen === undefined) this.#forms.set(key, (chosen = this.#chooseForm(input, threads)))
    return chosen
  }

  /** Ours against a peer, in turn, in this run. */
  async contest(
    what: Parameters<typeof contest>[0],
    ours: Command,
    peer: Command,
  ): Promise<Finding> {
    this.note(`${what.goal}: ${what.work}, against ${what.against}`)
    return contest(what, ours, peer, this.options.pairs)
  }

  /**
   * Proves that ours and DuckDB make the same of an input, from zip and text, on one thread and two.
   *
   * @throws {Error} that names the columns that differ
   */
  async prove(input: Input): Promise<void> {
    let proved = this.#proved.get(input)
    if (proved === undefined) this.#proved.set(input, (proved = this.#prove(input)))
    return proved
  }

  /** Lends a DuckDB for proofs; it may spill to disk. */
  async withDuckDb<T>(use: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
    const database = await DuckDBInstance.create(':memory:', {
      threads: '2',
      temp_directory: this.folder('spill'),
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
    })
    const connection = await database.connect()
    try {
      return await use(connection)
    } finally {
      connection.closeSync()
      database.closeSync()
    }
  }

  /** Says that something was proved. */
  proved(what: string): void {
    if (!this.proofs.includes(what)) this.proofs.push(what)
    this.note(`proved: ${what}`)
  }

  /** Runs a command and returns what it printed. */
  printed({ program, args }: Command): string {
    const { status, stdout, stderr, error } = spawnSync(program, args, {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    })
    if (error !== undefined) throw error
    if (status !== 0)
      throw new Error(`${program} ${args.join(' ')}: ended with ${status}\n${stderr}`)
    return stdout
  }

  async #chooseForm(
    input: Input,
    threads: number,
  ): Promise<Command & { readonly form: DuckDbForm }> {
    const command = (form: DuckDbForm): Command => {
      const output = this.folder('duckdb')
      const statements = duckDbStatements(this.tables, input.text, output, form)
      const plan = this.plan(`duckdb-${form}-${path.basename(input.text)}`, statements)
      return this.program('duckdb', [String(threads), plan], output)
    }
    const times: Record<DuckDbForm, number> = { scan: 0, table: 0 }
    for (const form of ['scan', 'table'] as const) {
      this.note(`DuckDB on ${threads} threads, form "${form}", to see which is faster`)
      times[form] = (await measure(command(form))).wallMs
    }
    const form = times.scan < times.table ? 'scan' : 'table'
    return { ...command(form), form }
  }

  async #prove(input: Input): Promise<void> {
    const size = sizeName(input.bytes)
    this.note(`proving that the outputs are the same, ${size}`)
    const peer = this.folder('duckdb')
    await measure(await this.duckDb(input, 2))
    const keep = (command: Command, name: string): Command & { readonly output: string } => ({
      ...command,
      args: command.args.map((arg) => (arg === command.output ? this.folder(name) : arg)),
      output: this.folder(name),
    })
    const two = keep(this.ours(input.zip, { threads: 2 }), 'ours-2')
    const one = keep(this.ours(input.zip, { threads: 1 }), 'ours-1')
    const text = keep(this.ours(input.text, { threads: 1 }), 'ours-text')
    for (const command of [two, one, text]) await measure(command)
    const differences = await this.withDuckDb(async (connection) => [
      ...(await compareParquet(connection, two.output, peer, this.tables)),
      ...(await compareParquet(connection, text.output, peer, this.tables)),
      ...(await compareRecordNumbers(connection, two.output, input.text, this.tables)),
      ...(await compareBytes(two.output, one.output)),
    ])
    assertSame(`Parquet of ${size}`, differences)
    const columns = this.tables.reduce((sum, table) => sum + table.columns.length + 2, 0)
    this.proved(
      `Parquet of ${size}, ${columns} columns of ${this.tables.length} tables, ` +
        `${input.records.toLocaleString('en-US')} rows: the same as DuckDB's, from zip and from ` +
        'text; the same bytes on 1 and 2 threads',
    )
  }
}

/** `200 MB`, `3.0 GB`. */
export function sizeName(bytes: number): string {
  return bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`
}
