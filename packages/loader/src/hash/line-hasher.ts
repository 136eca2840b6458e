import { ROW_HASH_MODULE } from './row-hash-module.js'

/** Hexadecimal digits of a row hash. */
export const HASH_DIGITS = 32

const PAGE_BYTES = 65_536
/** Secret, accumulators and digits of the module stand below. */
const FIRST_FREE = 2048
/** Bytes that the module may read behind a text and write behind its output. */
const SLACK_BYTES = 64
/** Separators and up to ten digits of a record number, beside the hash. */
const PREFIX_BYTES = HASH_DIGITS + 12
/** Row hash and record number of a tuple, with their lengths. */
const TUPLE_BYTES = 32
/** Most bytes that a field of a tuple takes beside those of its text: a decimal. */
const FIELD_BYTES = 32

/** The parts of the WebAssembly API used here; the compiler's Node types do not declare it. */
interface WasmApi {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (module: object) => { readonly exports: unknown }
}

const { Module, Instance } = (globalThis as unknown as { readonly WebAssembly: WasmApi })
  .WebAssembly

interface HashModule {
  readonly memory: { readonly buffer: ArrayBuffer; grow(pages: number): number }
  prepare(): void
  hashLines(text: number, end: number, hashes: number, ends: number, most: number): number
  prefixLines(
    text: number,
    ends: number,
    hashes: number,
    records: number,
    count: number,
    prefix: number,
    prefixEnd: number,
    out: number,
  ): number
  tupleLines(
    text: number,
    ends: number,
    hashes: number,
    records: number,
    count: number,
    types: number,
    typesEnd: number,
    prefix: number,
    prefixEnd: number,
    out: number,
  ): number
}

/** How a table's rows become tuples of PostgreSQL's binary COPY. */
export interface TupleLayout {
  /** Count of fields, and the fields before the row hash. */
  readonly prefix: Uint8Array
  /** A code for each data column: see `columnCode`. */
  readonly codes: Uint8Array
}

let compiled: object | undefined

/**
 * Hashes the lines of one batch at a time: XXH3-128 with seed 0 of each line without its line feed,
 * as 32 lower-case hexadecimal digits, most significant first. A line feed between double quotes
 * does not end a line.
 *
 * `begin`, `append` any number of times, `hash`, then `hashes` and `prefixed` until the next
 * `begin`.
 */
export class LineHasher {
  readonly #module: HashModule
  readonly #take: (byteCount: number) => Uint8Array
  #rowCount = 0
  #text = FIRST_FREE
  #end = FIRST_FREE

  /** @param take gives arrays for `prefixed` and `tuples`. Default: new ones. */
  constructor(take: (byteCount: number) => Uint8Array = Buffer.allocUnsafeSlow) {
    this.#take = take
    compiled ??= new Module(Buffer.from(ROW_HASH_MODULE, 'base64'))
    this.#module = new Instance(compiled).exports as HashModule
    this.#module.prepare()
  }

  /** Makes room for a batch of `rowCount` lines. */
  begin(rowCount: number): void {
    this.#rowCount = rowCount
    // Hashes, ends of lines, record numbers; then the text.
    this.#text = align(FIRST_FREE + rowCount * (HASH_DIGITS + 8))
    this.#end = this.#text
    this.#reserve(this.#text)
  }

  /** Adds text. The bytes are copied. */
  append(bytes: Uint8Array): void {
    this.#reserve(this.#end + bytes.length)
    new Uint8Array(this.#module.memory.buffer).set(bytes, this.#end)
    this.#end += bytes.length
  }

  /** Adds text as UTF-8. */
  appendText(text: string): void {
    this.#reserve(this.#end + text.length * 3)
    const room = new Uint8Array(this.#module.memory.buffer).subarray(this.#end)
    this.#end += encoder.encodeInto(text, room).written
  }

  /** @throws {RangeError} unless the text has exactly the lines announced */
  hash(): void {
    const found = this.#module.hashLines(
      this.#text,
      this.#end,
      this.#hashesAt,
      this.#endsAt,
      this.#rowCount,
    )
    const complete =
      this.#rowCount === 0
        ? this.#end === this.#text
        : new DataView(this.#module.memory.buffer).getUint32(
            this.#endsAt + (this.#rowCount - 1) * 4,
            true,
          ) === this.#end
    if (found !== this.#rowCount || !complete) {
      throw new RangeError(`the text of ${this.#rowCount} rows holds ${found} lines or more`)
    }
  }

  /** The digits of all rows, one after another. A view: good until the next call. */
  get hashes(): Uint8Array {
    const { buffer } = this.#module.memory
    return new Uint8Array(buffer, this.#hashesAt, this.#rowCount * HASH_DIGITS)
  }

  /** Bytes of the text. */
  get byteCount(): number {
    return this.#end - this.#text
  }

  /**
   * `<prefix><hash>,<record number>,<line>` and a line feed for each line, in memory of its own.
   *
   * @param prefix the same for all lines, such as `17,2022,`
   */
  prefixed(prefix: string, recordNumbers: Uint32Array): Uint8Array {
    const prefixBytes = encoder.encode(prefix)
    const prefixAt = align(this.#end + SLACK_BYTES)
    const prefixEnd = prefixAt + prefixBytes.length
    const out = align(prefixEnd + SLACK_BYTES)
    const perRow = PREFIX_BYTES + prefixBytes.length
    this.#reserve(out + this.#end - this.#text + this.#rowCount * perRow)
    const { buffer } = this.#module.memory
    new Uint8Array(buffer).set(prefixBytes, prefixAt)
    new Uint32Array(buffer, this.#recordsAt, this.#rowCount).set(
      recordNumbers.subarray(0, this.#rowCount),
    )
    const end = this.#module.prefixLines(
      this.#text,
      this.#endsAt,
      this.#hashesAt,
      this.#recordsAt,
      this.#rowCount,
      prefixAt,
      prefixEnd,
      out,
    )
    const lines = this.#take(end - out)
    lines.set(new Uint8Array(buffer, out, end - out))
    return lines
  }

  /**
   * `<prefix><hash><record number><fields>` for each line, in memory of its own.
   *
   * @throws {RangeError} unless each line has a cell for each column
   */
  tuples({ prefix, codes }: TupleLayout, recordNumbers: Uint32Array): Uint8Array {
    const codesAt = align(this.#end + SLACK_BYTES)
    const codesEnd = codesAt + codes.length
    const prefixAt = align(codesEnd + SLACK_BYTES)
    const prefixEnd = prefixAt + prefix.length
    const out = align(prefixEnd + SLACK_BYTES)
    const perRow = prefix.length + TUPLE_BYTES + codes.length * FIELD_BYTES
    this.#reserve(out + this.#end - this.#text + this.#rowCount * perRow)
    const { buffer } = this.#module.memory
    const memory = new Uint8Array(buffer)
    memory.set(codes, codesAt)
    memory.set(prefix, prefixAt)
    new Uint32Array(buffer, this.#recordsAt, this.#rowCount).set(
      recordNumbers.subarray(0, this.#rowCount),
    )
    const end = this.#module.tupleLines(
      this.#text,
      this.#endsAt,
      this.#hashesAt,
      this.#recordsAt,
      this.#rowCount,
      codesAt,
      codesEnd,
      prefixAt,
      prefixEnd,
      out,
    )
    if (end === 0) throw new RangeError(`a line does not have the ${codes.length} cells of its row`)
    const tuples = this.#take(end - out)
    tuples.set(memory.subarray(out, end))
    return tuples
  }

  get #hashesAt(): number {
    return FIRST_FREE
  }

  get #endsAt(): number {
    return FIRST_FREE + this.#rowCount * HASH_DIGITS
  }

  get #recordsAt(): number {
    return this.#endsAt + this.#rowCount * 4
  }

  #reserve(end: number): void {
    const { memory } = this.#module
    const missing = end + SLACK_BYTES - memory.buffer.byteLength
    if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES))
  }
}

const encoder = new TextEncoder()

function align(address: number): number {
  return Math.ceil(address / 16) * 16
}
