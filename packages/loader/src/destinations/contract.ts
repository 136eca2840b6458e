import type { SegmentBatch } from '@nibrs/decoder'
import type { BytePool } from '../byte-pool.js'
import type { StageIssue } from '../source.js'
import type { ColumnKind, Slice, TableSchema } from '../schema/table-schema.js'

/** Differences between destinations, as values. */
export interface Capabilities {
  /** A schema change is part of the load's transaction. */
  readonly transactionalDdl: boolean
  /** The longest name of a table or column. */
  readonly maxIdentifierBytes: number
  /**
   * How staged rows arrive: by column, or as tuples of PostgreSQL's binary COPY. What has no such
   * form arrives as CSV lines.
   */
  readonly bulk: 'columns' | 'tuples'
  /** Rows of a batch that suit it; sources may give fewer or more. */
  readonly batchRows: number
  /** More than one process may load at the same time. */
  readonly concurrentLoaders: boolean
}

/** How a destination writes SQL. */
export interface Dialect {
  readonly name: 'duckdb' | 'postgres'
  /** The type's name as the catalogue gives it back. */
  typeName(type: StoredType): string
  /** Statement that changes a column's type. */
  alterType(table: string, column: string, type: StoredType): string
  /** Statements after `CREATE TABLE` of a staging table: indexes that cost a load little. */
  indexes(table: string): readonly string[]
}

/** Types of data columns, and of the row hash. */
export type StoredType = ColumnKind | { readonly kind: 'uuid' }

/** A value of a query's result. */
export type SqlValue = string | number | boolean | null

/** What a lock is for. See `lockNames`. */
export interface LockRequest {
  /** In order of the alphabet; more than one only without a slice. */
  readonly sourceKinds: readonly string[]
  /** The slice; null for all of the source kinds. */
  readonly slice: Slice | null
  /** What to tell others who ask for the lock: `load nibrs data_year=2022`. */
  readonly purpose: string
  readonly waitMs: number
  readonly onWait: (holder: string) => void
  readonly signal?: AbortSignal
}

/** Rows ready to be written, with their hashes. */
export type HashedRows =
  | {
      readonly kind: 'columns'
      readonly table: TableSchema
      readonly batch: SegmentBatch
      /** 32 hexadecimal digits a row, as bytes; good, like the batch, until `write` has ended. */
      readonly hashes: Uint8Array
    }
  | {
      readonly kind: 'lines'
      readonly table: TableSchema
      readonly rowCount: number
      /** CSV lines with the cells of `stageColumns`; the array is the stage's own. */
      readonly lines: Uint8Array
    }
  | {
      readonly kind: 'tuples'
      readonly table: TableSchema
      readonly rowCount: number
      /** Binary tuples with the fields of `stageColumns`; the array is the stage's own. */
      readonly tuples: Uint8Array
    }

/** Takes rows of one load. */
export interface Stage {
  write(rows: HashedRows): Promise<void>
  writeIssues(issues: readonly StageIssue[]): Promise<void>
  /** Puts all rows into the transaction and returns rows written by table name without prefix. */
  finish(): Promise<ReadonlyMap<string, number>>
  /** Drops what was staged. Never throws because there is nothing. */
  abort(): Promise<void>
}

/** What a stage is opened for. */
export interface StageRequest {
  readonly loadId: number
  readonly slice: Slice
  readonly tables: readonly TableSchema[]
  /** For arrays of lines and tuples that are done with. */
  readonly arrays: BytePool
  readonly signal?: AbortSignal
}

/** An open destination: one transaction at a time. */
export interface Connection extends AsyncDisposable {
  readonly dialect: Dialect
  readonly capabilities: Capabilities
  /**
   * Begins a transaction, under a lock that ends with it.
   *
   * @throws {DestinationError} DESTINATION_LOCKED naming the holder
   */
  begin(lock: LockRequest | null): Promise<void>
  /**
   * Keeps two loaders from changing the schema at the same time, until the transaction ends, and
   * waits until nobody uses the tables that will be changed.
   *
   * @param changed tables there are that the statements to come will change
   * @throws {DestinationError} DESTINATION_LOCKED naming the holder, after `lock.waitMs`
   */
  lockSchema(lock: LockRequest, changed: readonly string[]): Promise<void>
  /**
   * What somebody who runs schema statements by hand has to run first, to make the schema of the
   * tables where it is missing and to choose it.
   */
  firstStatements(): Promise<readonly string[]>
  commit(): Promise<void>
  /** Undoes the transaction; nothing when there is none. */
  rollback(): Promise<void>
  /** Runs one statement. */
  query(sql: string, values?: readonly SqlValue[]): Promise<readonly Record<string, SqlValue>[]>
  /** Deletes rows and resolves to how many, with the memory that so many take. */
  remove(table: string, where: string): Promise<number>
  /** Columns of the tables there are, by table and column name, as catalogue types. */
  columnsOf(tables: readonly string[]): Promise<ReadonlyMap<string, ReadonlyMap<string, string>>>
  openStage(request: StageRequest): Promise<Stage>
}

/** Options of {@link Destination.connect}. */
export interface ConnectOptions {
  readonly signal?: AbortSignal
  /** Open without the right to change anything, and without creating anything. Default false. */
  readonly readOnly?: boolean
  /** Rows of a load will be written, which may be worth a thread. Default false. */
  readonly manyRows?: boolean
  /** Milliseconds to wait where one process at a time may open the destination. Default 0. */
  readonly lockWaitMs?: number
  /** Called when such a wait begins, with who is waited for. */
  readonly onWait?: (holder: string) => void
}

/** A place to load into. */
export interface Destination {
  /** For messages; never a credential: `duckdb:crime.duckdb`. */
  readonly name: string
  readonly dialect: Dialect
  readonly capabilities: Capabilities
  /** Begins with what a connection for a load will need, beside the work of this thread. */
  prepare?(): void
  /** @returns null under `readOnly` when there is nothing there yet */
  connect(options?: ConnectOptions): Promise<Connection | null>
}
