/** Writes one object of a FlatBuffer and returns its position. */
export type Part = (out: FlatBufferOut) => number

/** One present field of a table: its slot in the schema, how it is stored, and its value. */
export type Slot =
  | readonly [slot: number, kind: ScalarKind, value: number | boolean]
  | readonly [slot: number, kind: 'part', value: Part]

type ScalarKind = 'int8' | 'int16' | 'int32' | 'int64'

const SIZES = { int8: 1, int16: 2, int32: 4, int64: 8, part: 4 }

/** The bytes of a FlatBuffer in the making, written front to back. */
export class FlatBufferOut {
  bytes = new Uint8Array(1024)
  view = new DataView(this.bytes.buffer)
  length = 0

  /** Takes `size` zeroed bytes at a multiple of `alignment` and returns their position. */
  reserve(size: number, alignment: number): number {
    const position = Math.ceil(this.length / alignment) * alignment
    this.length = position + size
    if (this.length > this.bytes.length) {
      const grown = new Uint8Array(this.length * 2)
      grown.set(this.bytes)
      this.bytes = grown
      this.view = new DataView(grown.buffer)
    }
    return position
  }

  /** Lets the reference at `from` point to `to`, which must come after it. */
  refer(from: number, to: number): void {
    this.view.setUint32(from, to - from, true)
  }

  setInt64(position: number, value: number): void {
    this.view.setBigInt64(position, BigInt(value), true)
  }
}

/**
 * A table with the given fields.
 *
 * Source of the encoding: FlatBuffers internals, https://flatbuffers.dev/internals/
 */
export function table(...slots: readonly Slot[]): Part {
  return (out) => {
    const slotCount = slots.reduce((count, [slot]) => Math.max(count, slot + 1), 0)
    const vtable = out.reserve(4 + 2 * slotCount, 2)
    let size = 4
    const largestFirst = [...slots].sort((a, b) => SIZES[b[1]] - SIZES[a[1]])
    const offsets = largestFirst.map(([, kind]) => {
      const offset = Math.ceil(size / SIZES[kind]) * SIZES[kind]
      size = offset + SIZES[kind]
      return offset
    })
    const start = out.reserve(size, 8)
    out.view.setUint16(vtable, 4 + 2 * slotCount, true)
    out.view.setUint16(vtable + 2, size, true)
    out.view.setInt32(start, start - vtable, true)
    largestFirst.forEach((field, index) => {
      out.view.setUint16(vtable + 4 + 2 * field[0], offsets[index]!, true)
    })
    largestFirst.forEach((field, index) => {
      const position = start + offsets[index]!
      if (field[1] === 'part') out.refer(position, field[2](out))
      else writeScalar(out, position, field[1], Number(field[2]))
    })
    return start
  }
}

function writeScalar(out: FlatBufferOut, position: number, kind: ScalarKind, value: number): void {
  switch (kind) {
    case 'int8':
      return out.view.setInt8(position, value)
    case 'int16':
      return out.view.setInt16(position, value, true)
    case 'int32':
      return out.view.setInt32(position, value, true)
    case 'int64':
      return out.setInt64(position, value)
  }
}

/** A string: length, UTF-8 bytes, a closing zero. */
export function string(text: string): Part {
  return (out) => {
    const bytes = new TextEncoder().encode(text)
    const start = out.reserve(4 + bytes.length + 1, 4)
    out.view.setUint32(start, bytes.length, true)
    out.bytes.set(bytes, start + 4)
    return start
  }
}

/** A vector of references to tables or strings. */
export function vector(parts: readonly Part[]): Part {
  return (out) => {
    const start = out.reserve(4 + 4 * parts.length, 4)
    out.view.setUint32(start, parts.length, true)
    parts.forEach((part, index) => out.refer(start + 4 + 4 * index, part(out)))
    return start
  }
}

/** A vector of structs made of 64-bit integers: `values` holds all members, struct after struct. */
export function structVector(membersPerStruct: number, values: readonly number[]): Part {
  return (out) => {
    // The length stands right before the first struct, which is aligned to eight bytes.
    const start = out.reserve(8 + 8 * values.length, 8) + 4
    out.view.setUint32(start, values.length / membersPerStruct, true)
    values.forEach((value, index) => out.setInt64(start + 4 + 8 * index, value))
    return start
  }
}

/** A whole FlatBuffer with `root` as its root table. */
export function flatBuffer(root: Part): Uint8Array {
  const out = new FlatBufferOut()
  const start = out.reserve(4, 8)
  out.refer(start, root(out))
  return out.bytes.subarray(0, out.length)
}
