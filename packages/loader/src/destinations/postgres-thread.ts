import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { MessageChannel, type MessagePort, SHARE_ENV, Worker } from 'node:worker_threads'
import type { SqlValue } from './contract.js'
import type { CopyEvents, CopyFormat, TableColumns } from './copy-queue.js'
import type { Asked, Told } from './postgres-messages.js'
import { type Copies, DirectWire, type Wire, WireError, type WireResult } from './postgres-wire.js'

/**
 * The thread that all connections for loads are on, null where there can be none. It lives as long
 * as the process and does not keep it alive.
 */
let thread: Worker | null | undefined

/** Starts the thread for connections, unless it runs. */
export function startThread(): Worker | null {
  if (thread !== undefined) return thread
  const file = workerUrl()
  if (!existsSync(fileURLToPath(file))) return (thread = null) // Bundled into another program.
  try {
    const started = new Worker(file, {
      env: SHARE_ENV,
      stdin: false,
      // What it makes is short-lived.
      resourceLimits: { maxYoungGenerationSizeMb: 4 },
    })
    started.unref()
    started.on('error', () => {}) // Its connections tell.
    started.on('exit', () => {
      if (thread === started) thread = undefined
    })
    return (thread = started)
  } catch {
    return (thread = null) // Threads may be forbidden to a process.
  }
}

/** The built worker: this package's `dist/destinations/postgres-worker.js`. */
function workerUrl(): URL {
  const here = import.meta.url
  const [, root] = /^(.*\/)dist\//.exec(here) ?? []
  return root === undefined
    ? new URL('../../dist/destinations/postgres-worker.js', here)
    : new URL('dist/destinations/postgres-worker.js', root)
}

/** A connection on a thread of its own where there can be one, otherwise on this one. */
export function threadWire(url: string): Wire {
  const worker = startThread()
  return worker === null ? new DirectWire(url) : new ThreadWire(worker, url)
}

interface Pending {
  resolve(result: unknown): void
  reject(error: unknown): void
}

/**
 * A connection on another thread, which feeds the socket while this one makes the next rows: what
 * the system keeps for a server that reads is used up in a few milliseconds.
 */
class ThreadWire implements Wire {
  readonly #port: MessagePort
  readonly #pending = new Map<number, Pending>()
  #callCount = 0
  readonly #arrays = new Map<number, Uint8Array>()
  #arrayCount = 0
  #events: CopyEvents | null = null
  #isClosed = false

  constructor(worker: Worker, url: string) {
    const { port1, port2 } = new MessageChannel()
    this.#port = port1
    port1.on('message', (told: Told) => this.#onTold(told))
    port1.on('close', () => this.#onClose())
    worker.postMessage({ port: port2, url }, [port2])
  }

  async connect(): Promise<void> {
    await this.#call({ kind: 'connect' })
  }

  async query(text: string, values: readonly SqlValue[]): Promise<WireResult> {
    return (await this.#call({ kind: 'query', text, values })) as WireResult
  }

  openCopies(columns: TableColumns, events: CopyEvents): Copies {
    this.#events = events
    this.#post({ kind: 'openCopies', columns })
    return {
      add: (table: string, format: CopyFormat, bytes: Uint8Array) => {
        const number = this.#arrayCount++
        this.#arrays.set(number, bytes)
        this.#post({ kind: 'rows', table, format, bytes, number })
      },
      finish: async () => (await this.#call({ kind: 'finish' })) as ReadonlyMap<string, number>,
      drop: async () => {
        await this.#call({ kind: 'drop' })
      },
    }
  }

  destroy(): void {
    this.#post({ kind: 'destroy' })
  }

  async end(): Promise<void> {
    try {
      await this.#call({ kind: 'end' })
    } finally {
      this.#isClosed = true
      this.#port.close()
    }
  }

  #post(asked: Asked): void {
    this.#port.postMessage(asked)
  }

  async #call(asked: Asked): Promise<unknown> {
    if (this.#isClosed) throw threadEnded()
    const call = this.#callCount++
    return new Promise((resolve, reject) => {
      this.#pending.set(call, { resolve, reject })
      this.#post({ ...asked, call })
    })
  }

  #onTold(told: Told): void {
    switch (told.kind) {
      case 'taken': {
        const chunks = told.numbers.map((number) => this.#arrays.get(number)!)
        for (const number of told.numbers) this.#arrays.delete(number)
        this.#events?.onTaken(chunks)
        return
      }
      case 'copyFailed':
        this.#events?.onFailed(new WireError(told.fault))
        return
      case 'done':
        this.#pending.get(told.call)?.resolve(told.result)
        this.#pending.delete(told.call)
        return
      case 'failed':
        this.#pending.get(told.call)?.reject(new WireError(told.fault))
        this.#pending.delete(told.call)
    }
  }

  #onClose(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    const error = threadEnded()
    for (const { reject } of this.#pending.values()) reject(error)
    this.#pending.clear()
    this.#events?.onFailed(error)
  }
}

function threadEnded(): WireError {
  const message = 'the connection was closed, for the thread that held it has ended'
  return new WireError({ message, code: '', lost: true })
}
