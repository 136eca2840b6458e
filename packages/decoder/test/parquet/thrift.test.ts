import { deserializeTCompactProtocol } from 'hyparquet/src/thrift.js'
import { describe, expect, test } from 'vitest'
import { ByteWriter } from '../../src/parquet/byte-writer.js'
import { ThriftWriter } from '../../src/parquet/thrift.js'

const NUMBERS = [0, 1, 63, 64, 127, 128, 8191, 8192, 2 ** 20, 2 ** 29, 2 ** 30 - 1, 2 ** 30]
const NEGATIVE = [-1, -64, -65, -(2 ** 31)]
const LONG = [2 ** 31, 2 ** 40, 2 ** 52 - 1]

/** Field ids with steps that fit into a header's half byte, and with some that do not. */
const IDS = [1, 2, 3, 18, 34, 35]

describe.each([
  ['i32', [...NUMBERS, ...NEGATIVE]],
  ['i64', [...NUMBERS, ...NEGATIVE, ...LONG]],
] as const)('%s fields', (kind, numbers) => {
  test.each(numbers)('of %i are read back by hyparquet', (value) => {
    const out = new ByteWriter(1)
    const thrift = new ThriftWriter(out)
    for (const id of IDS) thrift[kind](id, value)
    thrift.end()
    expect(read(out)).toEqual(Object.fromEntries(IDS.map((id) => [`field_${id}`, value])))
  })
})

test('a buffer of fixed size is filled to its last byte, and not beyond', () => {
  const fill = (size: number) => {
    const out = new ByteWriter(size, 'fixed')
    const thrift = new ThriftWriter(out)
    thrift.i32(1, 300)
    thrift.i32(2, 1)
    thrift.i32(3, 5)
    thrift.end()
    return out
  }
  expect(read(fill(8))).toEqual({ field_1: 300, field_2: 1, field_3: 5 })
  expect(() => fill(7)).toThrow(RangeError)
})

function read(out: ByteWriter): Record<string, unknown> {
  const { buffer, byteOffset } = out.bytes
  const fields: Record<string, unknown> = deserializeTCompactProtocol({
    view: new DataView(buffer as ArrayBuffer, byteOffset, out.length),
    offset: 0,
  })
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === 'bigint' ? Number(value) : value,
    ]),
  )
}
