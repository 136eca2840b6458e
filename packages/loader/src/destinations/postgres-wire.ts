import { pipeline } from 'node:stream/promises'
import type { Client } from 'pg'
import type { SqlValue } from './contract.js'
import { type CopyEvents, type CopyFormat, CopyQueue, type TableColumns } from './copy-queue.js'

/** What a statement gave. */
export interface WireResult {
  readonly rows: readonly Record<string, SqlValue>[]
  readonly rowCount: number
}

/**
 * A connection to a PostgreSQL server, on this thread or on another. Statements run in the order in
 * which they are given. Everything rejects with {@link WireError}.
 */
export interface Wire {
  connect(): Promise<void>
  query(text: string, values: readonly SqlValue[]): Promise<WireResult>
  /** For the rows of a load. One at a time. */
  openCopies(columns: TableColumns, events: CopyEvents): Copies
  /** Cuts the connection; the server ends its transaction. */
  destroy(): void
  end(): Promise<void>
}

/** Rows on their way to a server. See {@link CopyQueue}. */
export interface Copies {
  add(table: string, format: CopyFormat, bytes: Uint8Array): void
  finish(): Promise<ReadonlyMap<string, number>>
  drop(): Promise<void>
}

/** What is known of an error, in a form that crosses threads. */
export interface WireFault {
  readonly message: string
  readonly code: string
  /** The connection is gone. */
  readonly lost: boolean
  readonly where?: string | undefined
  readonly detail?: string | undefined
  /** Table whose rows were copied. */
  readonly table?: string | undefined
}

/** {@link WireFault.code} when the driver's packages cannot be loaded. */
export const NO_DRIVER = 'NO_DRIVER'

/** An error of the server, the driver or the connection. */
export class WireError extends Error {
  readonly fault: WireFault

  constructor(fault: WireFault, options?: ErrorOptions) {
    super(fault.message, options)
    this.name = 'WireError'
    this.fault = fault
  }
}

/** What is known of any error; `lost` and `table` as far as the error itself does not say. */
export function faultOf(error: unknown, lost: boolean, table?: string): WireFault {
  if (error instanceof WireError) return error.fault
  const { message = String(error), code = '', where, detail } = error as Partial<DatabaseError>
  return { message, code, lost, where, detail, table }
}

interface DatabaseError extends Error {
  readonly code: string
  readonly where: string
  readonly detail: string
}

const BIGINT_OID = 20
/** Signature of binary COPY, no flags, no extension. */
const BINARY_HEADER = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1')
const BINARY_TRAILER = Buffer.from([0xff, 0xff])

async function importDrivers() {
  try {
    const [pg, copy] = await Promise.all([import('pg'), import('pg-copy-streams')])
    return { Client: pg.default.Client, from: copy.from }
  } catch (cause) {
    throw new WireError({ message: String(cause), code: NO_DRIVER, lost: false }, { cause })
  }
}

let drivers: ReturnType<typeof importDrivers> | undefined

/** Loads the driver's packages, once. */
export function loadDrivers(): ReturnType<typeof importDrivers> {
  return (drivers ??= importDrivers())
}

/** A connection on this thread. */
export class DirectWire implements Wire {
  readonly #url: string
  #client: Client | null = null
  #from: Awaited<ReturnType<typeof loadDrivers>>['from'] | null = null
  #lost = false

  constructor(url: string) {
    this.#url = url
  }

  async connect(): Promise<void> {
    const { Client, from } = await loadDrivers()
    const client = new Client({
      connectionString: this.#url,
      application_name: 'crimewh',
      keepAlive: true,
    })
    this.#client = client
    this.#from = from
    client.on('error', () => {
      this.#lost = true
    })
    await this.#told(() => client.connect())
  }

  async query(text: string, values: readonly SqlValue[]): Promise<WireResult> {
    return this.#told(async () => {
      const { rows, rowCount } = await this.#client!.query<Record<string, SqlValue>>({
        text,
        values: [...values],
        types: {
          getTypeParser: (oid: number) => (oid === BIGINT_OID ? Number : parserOf(oid)),
        },
      })
      return { rows, rowCount: rowCount ?? 0 }
    })
  }

  openCopies(columns: TableColumns, events: CopyEvents): Copies {
    return new CopyQueue((...rows) => this.#copy(...rows), columns, events)
  }

  async #copy(
    table: string,
    statement: string,
    format: CopyFormat,
    chunks: readonly Uint8Array[],
  ): Promise<number> {
    return this.#told(async () => {
      const stream = this.#client!.query(this.#from!(statement))
      const sent = format === 'binary' ? [BINARY_HEADER, ...chunks, BINARY_TRAILER] : chunks
      await pipeline(sent, stream)
      return stream.rowCount
    }, table)
  }

  destroy(): void {
    const { connection } = (this.#client ?? {}) as {
      connection?: { stream?: { destroy(): void } }
    }
    connection?.stream?.destroy()
  }

  async end(): Promise<void> {
    await this.#told(async () => this.#client?.end())
  }

  async #told<T>(work: () => Promise<T>, table?: string): Promise<T> {
    try {
      return await work()
    } catch (error) {
      throw new WireError(faultOf(error, this.#lost, table), { cause: error })
    }
  }
}

/** Types beside bigint are asked for as booleans, numbers and text only. */
function parserOf(oid: number): (text: string) => SqlValue {
  const BOOLEAN = 16
  const NUMBERS = [21, 23, 26, 700, 701, 1700]
  if (oid === BOOLEAN) return (text) => text === 't'
  return NUMBERS.includes(oid) ? Number : (text) => text
}
