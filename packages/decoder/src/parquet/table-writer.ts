import type { SinkTable } from '../batch.js'
import type { ColumnCells } from './column-cells.js'
import { encodeFooter } from './footer.js'
import { MAGIC } from './format.js'
import { type PlacedRowGroup, placeRowGroup } from './placed-row-group.js'
import type { EncodedRowGroup, RowGroupLayout, RowGroupOptions } from './row-group.js'
import { RowGroupEncoder } from './row-group.js'
import type { ParquetField } from './schema.js'
import { parquetFields } from './schema.js'

/** What {@link ParquetTableWriter} needs to know beforehand. */
export interface ParquetTableOptions extends RowGroupOptions {
  /** Adds `<name>_label` after each code column. */
  readonly labels: boolean
  /** Shared by tables written on one thread, so that its buffers exist once. */
  readonly encoder?: RowGroupEncoder
}

/**
 * One Parquet file in three steps that need not happen in one place: `encode` turns rows into the
 * bytes of a row group, `place` notes where in the file such bytes stand, `finish` gives the end of
 * the file.
 *
 * A file is {@link PARQUET_MAGIC}, then row groups at any offsets, then what `finish` returns.
 * Several threads may each hold a writer of the same table and only `encode`; their layouts, sent
 * to the one that holds the file, are placed there in the order of rows.
 */
export class ParquetTableWriter {
  readonly #table: SinkTable
  readonly #options: ParquetTableOptions
  readonly #fields: readonly ParquetField[]
  readonly #rowGroups: PlacedRowGroup[] = []
  #encoder: RowGroupEncoder | undefined

  constructor(table: SinkTable, options: ParquetTableOptions) {
    this.#table = table
    this.#options = options
    this.#fields = parquetFields(table, options.labels)
    this.#encoder = options.encoder
  }

  /** Rows placed so far. */
  get rowCount(): number {
    return this.#rowGroups.reduce((sum, group) => sum + group.rowCount, 0)
  }

  /** Encodes one row group of 1 to `rowGroupRows` rows; its `bytes` last until the next call. */
  encode(columns: ReadonlyMap<string, ColumnCells>, rowCount: number): EncodedRowGroup {
    this.#encoder ??= new RowGroupEncoder(this.#options)
    return this.#encoder.encode(this.#fields, columns, rowCount)
  }

  /** Notes that an encoded row group stands at byte `offset`. Call in the order of rows. */
  place(group: RowGroupLayout, offset: number): void {
    this.#rowGroups.push(placeRowGroup(group, this.#fields, this.#options.codec, offset))
  }

  /** The end of the file: page indexes and footer, to be written at byte `offset`. */
  finish(offset: number, metadata: Readonly<Record<string, string>>): Uint8Array {
    return encodeFooter(
      {
        tableName: this.#table.name,
        fields: this.#fields,
        rowGroups: this.#rowGroups,
        metadata,
        createdBy: createdBy(metadata),
      },
      offset,
    )
  }
}

/** The first four bytes of a file. */
export const PARQUET_MAGIC = MAGIC

/** Who wrote the file, in the form readers parse: a name, and the version where it is known. */
function createdBy(metadata: Readonly<Record<string, string>>): string {
  const version = metadata['nibrs.package_version']
  return version === undefined ? '@nibrs/decoder' : `@nibrs/decoder version ${version}`
}
