import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { SegmentBatch, SinkTable } from '../../src/batch.js'
import {
  BytesCells,
  columnMap,
  DictionaryCells,
  GrowingDictionary,
  NumberCells,
} from '../../src/columns.js'
import { csvFormat } from '../../src/sinks/csv.js'
import { FastTextWriter } from '../../src/sinks/fast-text-writer.js'
import { ndjsonFormat } from '../../src/sinks/ndjson.js'
import type { Output, TableWriter } from '../../src/sinks/table-sink.js'
import type { TextFormat, TextParts } from '../../src/sinks/text-format.js'
import { TextWorkspace } from '../../src/sinks/text-workspace.js'
import { plainTextWriter } from '../../src/sinks/text-writer.js'
import { batch, latin1, spec, table } from './made-batches.js'
import { batchesOf, cases, huge, odd, ordinary } from './made-tables.js'

async function written(
  open: (output: Output) => TableWriter,
  batches: readonly SegmentBatch[],
): Promise<string> {
  const chunks: Uint8Array[] = []
  const writer = open((bytes) => void chunks.push(Buffer.from(bytes)))
  await writer.start()
  for (const each of batches) await writer.write(each)
  await writer.end()
  return Buffer.concat(chunks).toString()
}

async function expectEqual(
  format: TextFormat,
  madeTable: SinkTable,
  labels: boolean,
  batches: readonly SegmentBatch[],
): Promise<string> {
  const fast = format as TextFormat & { readonly parts: TextParts }
  expect(fast.parts).not.toBeNull()
  const plain = await written(
    (output) => plainTextWriter(format, madeTable, labels, output),
    batches,
  )
  const quick = await written(
    (output) => new FastTextWriter(fast, madeTable, labels, new TextWorkspace(fast.parts), output),
    batches,
  )
  let at = 0
  while (at < plain.length && quick[at] === plain[at]) at++
  if (quick !== plain) {
    const around = [Math.max(0, at - 80), at + 80] as const
    expect(quick.slice(...around)).toBe(plain.slice(...around))
  }
  expect(quick.length).toBe(plain.length)
  return quick
}

const formats: fc.Arbitrary<TextFormat> = fc.oneof(
  fc
    .record({
      delimiter: fc.constantFrom(',', ';', '\t', '|'),
      recordDelimiter: fc.constantFrom('\n' as const, '\r\n' as const),
      header: fc.boolean(),
      bom: fc.boolean(),
    })
    .map((options) => csvFormat(options)),
  fc.boolean().map((omitNulls) => ndjsonFormat({ omitNulls })),
)

describe('the generated row loops', () => {
  test('give the bytes of csv-stringify and JSON.stringify for any table', async () => {
    await fc.assert(
      fc.asyncProperty(
        cases([...ordinary, ...odd, huge]),
        formats,
        fc.boolean(),
        fc.boolean(),
        async (made, format, labels, renew) => {
          const madeTable = table('made', made.columns)
          await expectEqual(format, madeTable, labels, batchesOf(made, renew))
        },
      ),
      { numRuns: 200 },
    )
  })

  test('write ordinary columns without help from the reference way', async () => {
    await fc.assert(
      fc.asyncProperty(
        cases(ordinary),
        formats,
        fc.boolean(),
        fc.boolean(),
        async (made, format, labels, renew) => {
          const madeTable = table('made', made.columns)
          const batches = batchesOf(made, renew)
          await expectEqual(format, madeTable, labels, batches)
          let called = 0
          const counted = { ...format, parts: format.parts!, rows: () => `${++called}` }
          const open = (output: Output) =>
            new FastTextWriter(counted, madeTable, labels, new TextWorkspace(counted.parts), output)
          await written(open, batches)
          expect(called).toBe(0)
        },
      ),
      { numRuns: 300 },
    )
  })

  test('cut long output into chunks without losing a byte', async () => {
    const kinds = [ordinary[0]!, ordinary[2]!, ordinary[3]!, odd[0]!, ordinary[14]!]
    const columns = kinds.map((kind, index) => kind.column(`c${index}`))
    const values = kinds.map((kind) => fc.sample(kind.value, { numRuns: 97, seed: 7 }))
    const rows = Array.from({ length: 30_000 }, (_, row) =>
      values.map((list, index) => (row % (index + 2) === 0 ? null : list[row % 97]!)),
    )
    for (const format of [csvFormat({}), ndjsonFormat({}), ndjsonFormat({ omitNulls: true })]) {
      const text = await expectEqual(format, table('made', columns), true, [
        batch('made', columns, rows),
        batch('made', columns, rows.slice(0, 9), 30_001),
      ])
      expect(text.length).toBeGreaterThan(1_000_000)
    }
  })

  test('see every lone value among runs of nulls, whatever holds it', async () => {
    const kinds = [0, 1, 2, 6, 4, 8, 10, 14].map((index) => ordinary[index]!)
    const columns = kinds.map((kind, index) => kind.column(`c${index}`))
    const values = kinds.map((kind) => fc.sample(kind.value, { numRuns: 31, seed: 11 }))
    const rows = Array.from({ length: 5000 }, (_, row) =>
      values.map((list, index) => ((row * 7 + index * 5) % 97 === 0 ? list[row % 31]! : null)),
    )
    for (const format of [csvFormat({}), ndjsonFormat({}), ndjsonFormat({ omitNulls: true })]) {
      await expectEqual(format, table('made', columns), false, [batch('made', columns, rows)])
    }
  })

  test('take no more memory for one dictionary after another', async () => {
    const rowCount = 30_000
    const columns = ['a', 'b', 'c', 'd'].map((name) => spec(name, 'identifier', { width: 9 }))
    const indices = Uint32Array.from({ length: rowCount }, (_, row) => row + 1)
    const format = csvFormat({})
    const workspace = new TextWorkspace(format.parts!)
    const fast = { ...format, parts: format.parts! }
    const madeTable = { name: 'made', title: '', columns }
    let text = ''
    const writer = new FastTextWriter(fast, madeTable, false, workspace, (bytes) => {
      text += Buffer.from(bytes).toString('latin1')
    })
    const sizes: number[] = []
    for (let count = 0; count < 30; count++) {
      const dictionaries = columns.map(({ name }, at) => {
        const dictionary = new GrowingDictionary(null)
        for (let row = 0; row < rowCount; row++) {
          dictionary.add(`${name}${count * 4 + at}x${row}`)
        }
        return dictionary
      })
      text = ''
      await writer.write({
        segment: 'made',
        segmentIndex: 0,
        rowCount,
        throughRecord: 0,
        columns: columnMap(
          columns.map(
            (each, at) => new DictionaryCells(each, rowCount, indices, dictionaries[at]!),
          ),
        ),
        recordNumbers: indices,
        recordLengths: indices,
        issues: [],
      })
      const lines = text.split('\n')
      expect(lines).toHaveLength(rowCount + 1)
      for (const row of [0, 1, 4095, 4096, rowCount - 1]) {
        const cells = dictionaries.map(({ values }) => values[row + 1])
        expect(lines[row]).toBe(cells.join(','))
      }
      sizes.push(workspace.memory.bytes.length)
    }
    expect(sizes.at(-1)).toBe(sizes[14])
    expect(sizes.at(-1)).toBeLessThan(64 << 20)
  })

  test('cope with columns that change how they are held, and with arrays at odd offsets', async () => {
    const value = spec('value', 'code', { width: 1 })
    const amount = spec('amount', 'integer', { width: 9 })
    const name = spec('name', 'text', { width: 5 })
    const madeTable = { name: 'made', title: '', columns: [value, amount, name] }
    const dictionary = new GrowingDictionary(null)
    for (const code of 'ABC') dictionary.add(code)
    const rowCount = 37
    const odd = <T extends Uint8Array | Uint16Array>(
      kind: new (b: ArrayBuffer, o: number, n: number) => T,
    ) => {
      const size = kind === (Uint16Array as unknown) ? 2 : 1
      return new kind(new ArrayBuffer(200), size, rowCount)
    }
    const indices = [
      odd(Uint8Array),
      odd(Uint16Array),
      new Uint32Array(rowCount),
      new Uint8Array(40),
    ]
    const batches = indices.map((array, at): SegmentBatch => {
      for (let row = 0; row < rowCount; row++) array[row] = row % 9 === 0 ? row % 4 : 0
      const valid = odd(Uint8Array)
      for (let row = 0; row < rowCount; row++) valid[row] = row % 9 === 1 ? 1 : 0
      const bytes = new Uint8Array(new ArrayBuffer(300), at, rowCount * 5)
      for (let i = 0; i < bytes.length; i++) bytes[i] = 65 + (i % 26)
      if (at === 2) bytes[7] = 0x2c
      return {
        segment: 'made',
        segmentIndex: 0,
        rowCount,
        throughRecord: 0,
        columns: columnMap([
          new DictionaryCells(value, rowCount, array, dictionary),
          new NumberCells(
            amount,
            rowCount,
            new Int32Array(rowCount).fill(7),
            at % 2 === 0 ? valid : null,
          ),
          new BytesCells(name, rowCount, {
            width: 5,
            bytes,
            valid,
            trim: true,
            characters: latin1,
            nonAscii: false,
          }),
        ]),
        recordNumbers: new Uint32Array(rowCount),
        recordLengths: new Uint32Array(rowCount),
        issues: [],
      }
    })
    for (const format of [csvFormat({}), ndjsonFormat({}), ndjsonFormat({ omitNulls: true })]) {
      const text = await expectEqual(format, madeTable, false, [...batches, ...batches, ...batches])
      expect(text).toContain('YZABC')
    }
  })
})
