import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { parquetReadObjects } from 'hyparquet'
import { beforeAll, expect, it, onTestFinished } from 'vitest'
import type { SegmentBatch } from '../../src/batch.js'
import { decode } from '../../src/decode.js'
import { drain } from '../../src/drain.js'
import { parquetFiles } from '../../src/sinks/parquet.js'
import { parseSpec } from '../../src/spec/load.js'
import type { CompiledSpec } from '../../src/spec/types.js'
import { bytesOf, decodeAll } from './text.js'

let spec: CompiledSpec
beforeAll(async () => {
  spec = await parseSpec(`
format: 1
id: agencies
version: "1"
revision: 1
title: Agencies
encoding: windows-1252
segments:
  agency:
    length: 9
    key: [ori]
    fields:
      ori: { pos: 1-9, type: identifier }
`)
})

/** More than the look-up table takes, some of them twice, a few beyond ASCII. */
const made = Array.from({ length: 60_000 }, (_, i) => {
  const number = i % 7 === 6 ? i - 5 : i
  const text = `X${String(number).padStart(8, '0')}`
  return i % 1000 === 1 ? `É${text.slice(1)}` : text
})

it('identifiers of a batch may be more than the look-up table holds', async () => {
  const options = { batchRows: 65_536 }
  for (const generated of [true, false]) {
    const { rows, issues } = await decodeAll(bytesOf(made), spec, { ...options, generated })
    expect(issues).toEqual([])
    expect(rows['agency']!.map(({ ori }) => ori)).toEqual(made)
  }
})

it('identifiers are found again whatever batch they are in', async () => {
  const lines = [...made, ...made]
  const { rows } = await decodeAll(bytesOf(lines), spec, { batchRows: 10_000 })
  expect(rows['agency']!.map(({ ori }) => ori)).toEqual(lines)
})

it('a batch keeps its identifiers when it is read after all that follow', async () => {
  const lines = [...made, ...[...made].reverse()]
  const batches: SegmentBatch[] = []
  for await (const batch of decode(oneChunk(bytesOf(lines)), spec, { batchRows: 10_000 })) {
    batches.push(batch)
  }
  const found = batches.flatMap((batch) =>
    Array.from({ length: batch.rowCount }, (_, row) => batch.columns.get('ori')!.get(row)),
  )
  expect(found).toEqual(lines)
})

it('Parquet has the same identifiers, asked for their text beforehand or not', async () => {
  const directory = fs.mkdtempSync(path.join(tmpdir(), 'identifiers-'))
  onTestFinished(() => fs.rmSync(directory, { recursive: true, force: true }))
  const files: Buffer[] = []
  for (const early of [false, true]) {
    const decoding = decode(oneChunk(bytesOf([...made, ...made])), spec, { batchRows: 10_000 })
    const sink = parquetFiles({ directory, force: true })
    const write = sink.write.bind(sink)
    sink.write = async (batch) => {
      if (early) expect(batch.columns.get('ori')!.get(0)).not.toBe('')
      await write(batch)
    }
    const [file] = await drain(decoding, sink)
    files.push(fs.readFileSync(file!.path))
  }
  expect(files[0]!.equals(files[1]!)).toBe(true)
  const rows = await parquetReadObjects({ file: arrayBufferOf(files[0]!), columns: ['ori'] })
  expect(rows.map(({ ori }) => ori as string)).toEqual([...made, ...made])
})

async function* oneChunk(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

function arrayBufferOf(bytes: Buffer): ArrayBuffer {
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer
}
