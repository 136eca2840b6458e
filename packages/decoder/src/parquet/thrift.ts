import type { ByteWriter } from './byte-writer.js'

/**
 * Element types of the compact protocol, as used in field and list headers.
 * Source: Apache Thrift, compact protocol specification.
 */
export const THRIFT = {
  true: 1,
  false: 2,
  byte: 3,
  i16: 4,
  i32: 5,
  i64: 6,
  binary: 8,
  list: 9,
  struct: 12,
} as const

const encoder = new TextEncoder()

/**
 * Writes Thrift's compact protocol: fields in ascending order of id, structs closed with `end`.
 *
 * A struct inside a list is opened with `element`, one inside a struct with `struct`; the
 * outermost struct is open from the start.
 */
export class ThriftWriter {
  readonly #out: ByteWriter
  readonly #outerFields: number[] = []
  #lastField = 0

  constructor(out: ByteWriter) {
    this.#out = out
  }

  #field(id: number, type: number): void {
    const step = id - this.#lastField
    if (step > 0 && step < 16) this.#out.byte((step << 4) | type)
    else {
      this.#out.byte(type)
      this.#out.zigzag(id)
    }
    this.#lastField = id
  }

  bool(id: number, value: boolean): void {
    this.#field(id, value ? THRIFT.true : THRIFT.false)
  }

  i8(id: number, value: number): void {
    this.#field(id, THRIFT.byte)
    this.#out.byte(value & 255)
  }

  i16(id: number, value: number): void {
    this.#field(id, THRIFT.i16)
    this.#out.zigzag(value)
  }

  i32(id: number, value: number): void {
    this.#integer(id, THRIFT.i32, value)
  }

  i64(id: number, value: number): void {
    this.#integer(id, THRIFT.i64, value)
  }

  /** In one go where field and number are ordinary, for there are dozens of them in every chunk. */
  #integer(id: number, type: number, value: number): void {
    const out = this.#out
    const { bytes } = out
    const step = id - this.#lastField
    let at = out.length
    if (step < 1 || step > 15 || value < 0 || value >= 2 ** 30 || at + 6 > bytes.length) {
      this.#field(id, type)
      out.zigzag(value)
      return
    }
    bytes[at++] = (step << 4) | type
    let rest = value * 2
    for (; rest > 127; rest >>>= 7) bytes[at++] = (rest & 127) | 128
    bytes[at++] = rest
    out.length = at
    this.#lastField = id
  }

  binary(id: number, value: Uint8Array): void {
    this.#field(id, THRIFT.binary)
    this.listBinary(value)
  }

  string(id: number, value: string): void {
    this.binary(id, encoder.encode(value))
  }

  struct(id: number): void {
    this.#field(id, THRIFT.struct)
    this.element()
  }

  /** Header of a struct whose fields and end the caller writes by itself. */
  rawStruct(id: number): void {
    this.#field(id, THRIFT.struct)
  }

  /** Fields in bytes, from the first one after those written up to `lastField`. */
  raw(fields: Uint8Array, lastField: number): void {
    this.#out.append(fields)
    this.#lastField = lastField
  }

  /** Opens a struct that is an element of a list. */
  element(): void {
    this.#outerFields.push(this.#lastField)
    this.#lastField = 0
  }

  /** Closes the innermost struct. */
  end(): void {
    this.#out.byte(0)
    this.#lastField = this.#outerFields.pop() ?? 0
  }

  /** An empty struct, as unions of parameterless types hold. */
  emptyStruct(id: number): void {
    this.struct(id)
    this.end()
  }

  /** Header of a list; its `count` elements follow. */
  list(id: number, elementType: number, count: number): void {
    this.#field(id, THRIFT.list)
    if (count < 15) this.#out.byte((count << 4) | elementType)
    else {
      this.#out.byte(0xf0 | elementType)
      this.#out.varint(count)
    }
  }

  listInteger(value: number): void {
    this.#out.zigzag(value)
  }

  listBool(value: boolean): void {
    this.#out.byte(value ? THRIFT.true : THRIFT.false)
  }

  listBinary(value: Uint8Array): void {
    this.#out.varint(value.length)
    this.#out.append(value)
  }
}
