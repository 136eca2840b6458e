import { Arena } from '../arena.js'
import type { ColumnCells } from './column-cells.js'
import { BytesChunkEncoder } from './bytes-chunk.js'
import { ByteWriter } from './byte-writer.js'
import { compressorOf } from './codecs.js'
import type { ColumnChunk, PageLocations } from './column-chunk.js'
import { ChunkWriter } from './column-chunk.js'
import { DictionaryChunkEncoder } from './dictionary-chunk.js'
import type { Codec } from './format.js'
import { NumberChunkEncoder } from './number-chunk.js'
import { RankedDictionaries } from './ranked-values.js'
import type { ParquetField } from './schema.js'
import { Workspace } from './workspace.js'

/** What {@link RowGroupEncoder} needs to know beforehand. */
export interface RowGroupOptions {
  /** Most rows `encode` is given at a time. */
  readonly rowGroupRows: number
  /** Rows of a data page: a multiple of 64. */
  readonly pageRows: number
  readonly codec: Codec
  /** Use generated kernels where the engine has them. Default: true. The bytes are the same. */
  readonly wasm?: boolean
}

/**
 * Where the columns and pages of an encoded row group stand. Overwritten by the next `encode` of the
 * same encoder; a structured clone may be sent to another thread.
 */
export interface RowGroupLayout {
  readonly rowCount: number
  readonly byteCount: number
  readonly chunks: readonly ColumnChunk[]
  readonly pageLocations: PageLocations
  /** Column indexes of the chunks, one after the other. */
  readonly columnIndexes: Uint8Array
}

/** A row group in bytes, with offsets counted from its own start. */
export interface EncodedRowGroup extends RowGroupLayout {
  readonly bytes: Uint8Array
}

/** Whether cells of a kind are strings. */
const HOLDS_STRINGS = { number: false, bytes: true } as const

/**
 * Turns rows by column into the bytes of a row group. Knows nothing of files: the same rows give
 * the same bytes on any thread, wherever they will stand. One encoder serves any number of tables.
 */
export class RowGroupEncoder {
  readonly #out = new ByteWriter(1 << 20)
  readonly #columnIndexes = new ByteWriter(1 << 12)
  readonly #chunk: ChunkWriter
  readonly #dictionaries = new RankedDictionaries()
  readonly #options: RowGroupOptions
  #encoders: ChunkEncoders | null = null

  constructor(options: RowGroupOptions) {
    Workspace.requirePageRows(options.pageRows)
    this.#options = options
    this.#chunk = new ChunkWriter(this.#out, this.#columnIndexes, compressorOf(options.codec))
  }

  encode(
    fields: readonly ParquetField[],
    columns: ReadonlyMap<string, ColumnCells>,
    rowCount: number,
  ): EncodedRowGroup {
    this.#chunk.beginRowGroup()
    const encoders = (this.#encoders ??= new ChunkEncoders(this.#options, arenaOf(columns)))
    const chunks = fields.map((field) => {
      const column = columns.get(field.source)
      if (column === undefined) throw new TypeError(`the batch has no column "${field.source}"`)
      return this.#encodeChunk(encoders, field, column, rowCount)
    })
    const bytes = this.#out.written()
    return {
      rowCount,
      byteCount: bytes.length,
      chunks,
      pageLocations: this.#chunk.pageLocations,
      columnIndexes: this.#columnIndexes.written(),
      bytes,
    }
  }

  #encodeChunk(
    encoders: ChunkEncoders,
    field: ParquetField,
    column: ColumnCells,
    rowCount: number,
  ): ColumnChunk {
    const chunk = this.#chunk
    if (
      column.kind !== 'dictionary' &&
      HOLDS_STRINGS[column.kind] !== (field.physical === 'byteArray')
    ) {
      throw new TypeError(`column "${field.name}" cannot be written from ${column.kind} cells`)
    }
    switch (column.kind) {
      case 'dictionary': {
        if (field.part === 'label') {
          const labels = this.#dictionaries.labels(column.dictionary)
          const { indices } = column
          return encoders.dictionaries.encodeLabels(chunk, field, indices, rowCount, labels)
        }
        const ranked = this.#dictionaries.values(column.dictionary, field.physical)
        return encoders.dictionaries.encode(chunk, field, column.indices, rowCount, ranked)
      }
      case 'number':
        return encoders.numbers.encode(chunk, field, column, rowCount)
      case 'bytes':
        return encoders.bytes.encode(chunk, field, column, rowCount)
    }
  }
}

/** Encoders of each kind of column, over one workspace. */
class ChunkEncoders {
  readonly dictionaries: DictionaryChunkEncoder
  readonly numbers: NumberChunkEncoder
  readonly bytes: BytesChunkEncoder

  constructor({ rowGroupRows, pageRows, wasm }: RowGroupOptions, host: Arena | undefined) {
    const workspace = new Workspace(rowGroupRows, pageRows, wasm, host)
    this.dictionaries = new DictionaryChunkEncoder(workspace)
    this.numbers = new NumberChunkEncoder(workspace, this.dictionaries)
    this.bytes = new BytesChunkEncoder(workspace)
  }
}

/** The arena that columns are in: those of a batch are all in the same one, or in none. */
function arenaOf(columns: ReadonlyMap<string, ColumnCells>): Arena | undefined {
  for (const column of columns.values()) {
    return Arena.of(
      column.kind === 'dictionary'
        ? column.indices
        : column.kind === 'number'
          ? column.values
          : column.bytes,
    )
  }
  return undefined
}
