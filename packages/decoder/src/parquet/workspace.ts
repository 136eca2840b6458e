import { Arena } from '../arena.js'
import { hasWasm } from '../wasm/web-assembly.js'
import { ByteWriter } from './byte-writer.js'
import { EntryTables } from './entry-tables.js'
import { BLOCK_VALUES, type IndexArray, type Kernels, MAX_DISTINCT } from './kernels/kernels.js'
import { plainKernels } from './kernels/plain-kernels.js'
import { WASM_KERNEL_BYTES, wasmKernels } from './kernels/wasm-kernels.js'

/** Room behind arrays of values, which kernels read and write by vectors. */
const SPARE_BYTES = 64

/** Widest rows that are staged a page at a time: twelve bytes and a NUL, rounded up. */
const STAGED_ROW_BYTES = 16

/** Most bytes a row takes in a page: twelve of its own, two packed differences. */
const PAGE_VALUE_BYTES = 21

/** At least as many arrays as are taken from the arena. */
const ARRAY_COUNT = 24

/** Size of the largest dictionary whose entries the fast kernels can look up. */
const FAST_TABLE_SIZE = 1 << 17

/** The same memory as elements of one, two, four and eight bytes. */
export interface Overlaid {
  readonly 1: Uint8Array
  readonly 2: Uint16Array
  readonly 4: Uint32Array
  readonly int32: Int32Array
  readonly float64: Float64Array
}

/**
 * The arrays that encoding works in, next to each other where the fast kernels reach them, and the
 * kernels. Serves one column chunk at a time, any number one after the other.
 */
export class Workspace {
  readonly kernels: Kernels
  readonly pageRows: number
  /** The column at hand: all rows, or the rows of one page. */
  readonly source: Overlaid
  /** Values of the chunk without nulls. */
  readonly dense: Overlaid
  /** Rows with a value, of the chunk or of one page: one bit a row. */
  readonly bitmap: Uint8Array
  /** A byte for each row of the column at hand: 1 where it has a value. */
  readonly valid: Uint8Array
  readonly prefixes: Int32Array
  readonly suffixes: Int32Array
  readonly body: Uint8Array
  /** Numbers of a chunk as indexes into the distinct ones. */
  readonly indexes: Uint16Array
  readonly distinct: Float64Array
  /** The page being made. */
  readonly page: ByteWriter
  readonly #tables: EntryTables
  /** All the memory that the kernels reach, by bytes and by words. */
  readonly #bytes: Uint8Array
  readonly #words: Int32Array
  #largeTables: EntryTables | null = null

  /**
   * @param rowCapacity most rows of a chunk
   * @param pageRows rows of a page: a multiple of 64, so that pages begin with a whole vector
   * @param host memory that columns are in, which are then read where they are; if it has room
   */
  constructor(rowCapacity: number, pageRows: number, wasm = true, host?: Arena) {
    Workspace.requirePageRows(pageRows)
    this.pageRows = pageRows
    const sizes = {
      source: Math.max(rowCapacity * 8, pageRows * STAGED_ROW_BYTES) + SPARE_BYTES,
      dense: Math.max(rowCapacity * 4, pageRows * 8) + SPARE_BYTES,
      bitmap: Math.ceil(rowCapacity / 8) + SPARE_BYTES,
      valid: rowCapacity + SPARE_BYTES,
      perValue: pageRows + BLOCK_VALUES,
      body: pageRows * 12 + SPARE_BYTES,
      indexes: rowCapacity * 2 + SPARE_BYTES,
      distinct: (MAX_DISTINCT + 1) * 8,
      used: Math.min(rowCapacity + 1, FAST_TABLE_SIZE) * 4,
      page: pageRows * PAGE_VALUE_BYTES + Math.ceil(rowCapacity / 4) + 8192,
    }
    const total =
      sizes.source +
      sizes.dense +
      sizes.bitmap +
      sizes.valid +
      FAST_TABLE_SIZE * 14 +
      sizes.perValue * 8 +
      sizes.body +
      sizes.indexes +
      sizes.distinct +
      sizes.used +
      sizes.page +
      WASM_KERNEL_BYTES
    // Every array may be moved up to the next multiple of sixteen.
    const room = total + ARRAY_COUNT * 16
    const arena =
      wasm && host !== undefined && host.room >= room ? host : new Arena(room, wasm && hasWasm())
    this.#bytes = arena.bytes
    this.#words = new Int32Array(arena.bytes.buffer)
    this.kernels = arena.memory === null ? plainKernels : wasmKernels(arena)
    this.source = overlaid(arena.take('u8', sizes.source))
    this.dense = overlaid(arena.take('u8', sizes.dense))
    this.bitmap = arena.take('u8', sizes.bitmap)
    this.valid = arena.take('u8', sizes.valid)
    this.prefixes = arena.take('i32', sizes.perValue)
    this.suffixes = arena.take('i32', sizes.perValue)
    this.body = arena.take('u8', sizes.body)
    this.indexes = arena.take('u16', sizes.indexes / 2)
    this.distinct = arena.take('f64', sizes.distinct / 8)
    this.page = new ByteWriter(arena.take('u8', sizes.page), 'fixed')
    this.#tables = new EntryTables(this.kernels, FAST_TABLE_SIZE, {
      marks: arena.take('u8', FAST_TABLE_SIZE),
      seen: arena.take('u8', FAST_TABLE_SIZE),
      ranks: arena.take('u32', FAST_TABLE_SIZE),
      order: arena.take('u32', FAST_TABLE_SIZE),
      places: arena.take('u32', FAST_TABLE_SIZE),
      used: arena.take('u32', sizes.used / 4),
    })
  }

  /** @throws {RangeError} when pages would not begin with a whole vector */
  static requirePageRows(pageRows: number): void {
    if (pageRows > 0 && pageRows % 64 === 0) return
    throw new RangeError(`${pageRows} rows cannot be a page; expected a multiple of 64`)
  }

  /** Tables for a dictionary of `size` entries: those the fast kernels reach, unless it is huge. */
  tablesFor(size: number): EntryTables {
    if (size <= this.#tables.size) return this.#tables
    if (this.#largeTables === null || size > this.#largeTables.size) {
      const room = size * 2
      this.#largeTables = new EntryTables(plainKernels, room, {
        marks: new Uint8Array(room),
        seen: new Uint8Array(room),
        ranks: new Uint32Array(room),
        order: new Uint32Array(room),
        places: new Uint32Array(room),
        used: new Uint32Array(room),
      })
    }
    return this.#largeTables
  }

  /** Rows where kernels reach them, with zeros behind: in place if they are so, else copied. */
  stage<A extends IndexArray | Int32Array | Float64Array>(rows: A, rowCount: number): A {
    const size = rowCount * rows.BYTES_PER_ELEMENT
    if (this.#reaches(rows) && this.#isZero(rows.byteOffset + size)) return rows
    const target = this.#sourceLike(rows) as A
    target.set(rows.subarray(0, rowCount))
    this.source[1].fill(0, size, size + SPARE_BYTES)
    return target
  }

  /** The same for the bytes that tell which rows have a value. */
  stageValid(valid: Uint8Array, rowCount: number): Uint8Array {
    if (this.#reaches(valid) && this.#isZero(valid.byteOffset + rowCount)) return valid
    this.valid.set(valid.subarray(0, rowCount))
    this.valid.fill(0, rowCount, rowCount + SPARE_BYTES)
    return this.valid
  }

  /** Bytes of one page, with anything behind them. */
  stageBytes(bytes: Uint8Array, start: number, end: number): Uint8Array {
    const page = bytes.subarray(start, end)
    if (this.#reaches(page)) return page
    this.source[1].set(page)
    return this.source[1]
  }

  #reaches({ buffer }: ArrayBufferView): boolean {
    return buffer === this.#words.buffer
  }

  /** Whether the bytes that a vector may reach behind the end of an array are all zero. */
  #isZero(start: number): boolean {
    const end = start + SPARE_BYTES
    if (end > this.#bytes.length) return false
    const bytes = this.#bytes
    const words = this.#words
    const firstWord = (start + 3) >>> 2
    for (let at = start; at < firstWord * 4; at++) if (bytes[at] !== 0) return false
    for (let word = firstWord; word < (end + 3) >>> 2; word++) if (words[word] !== 0) return false
    return true
  }

  #sourceLike(rows: IndexArray | Int32Array | Float64Array): typeof rows {
    if (rows instanceof Int32Array) return this.source.int32
    if (rows instanceof Float64Array) return this.source.float64
    return this.source[rows.BYTES_PER_ELEMENT as 1 | 2 | 4]
  }
}

function overlaid(bytes: Uint8Array): Overlaid {
  const { buffer, byteOffset, length } = bytes
  return {
    1: bytes,
    2: new Uint16Array(buffer, byteOffset, length >>> 1),
    4: new Uint32Array(buffer, byteOffset, length >>> 2),
    int32: new Int32Array(buffer, byteOffset, length >>> 2),
    float64: new Float64Array(buffer, byteOffset, length >>> 3),
  }
}
