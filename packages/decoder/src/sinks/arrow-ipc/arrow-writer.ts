import type { Column, SegmentBatch, SinkSchema, SinkTable } from '../../batch.js'
import type { ColumnSpec } from '../../spec/types.js'
import { outputColumns, sourceColumn, type OutputColumn } from '../output-columns.js'
import type { Output, TableWriter } from '../table-sink.js'
import {
  BoolArrowColumn,
  DecimalArrowColumn,
  DictionaryArrowColumn,
  Int32ArrowColumn,
  Int64ArrowColumn,
  Utf8ArrowColumn,
  type ArrowColumn,
} from './arrow-columns.js'
import { ArrowDictionary, listedTexts } from './arrow-dictionary.js'
import {
  dictionaryBatchMessage,
  footer,
  recordBatchMessage,
  schemaMessage,
  type BatchShape,
  type Block,
} from './messages.js'

/** Which of the two IPC formats. */
export type ArrowFormat = 'file' | 'stream'

/** Rows of a record batch; the last one of a segment has fewer. */
const RECORD_BATCH_ROWS = 65_536
/** Alignment of messages and buffers, as the format recommends for memory mapping. */
const ALIGNMENT = 64
const MAGIC = new TextEncoder().encode('ARROW1')
/** Small pieces are gathered up to this size before they are written. */
const GATHER_BYTES = 262_144

/**
 * Writes a table in the Arrow IPC format.
 *
 * Dictionaries: a file has each one once, complete, behind the record batches, which the format
 * allows ("as long as the keys are defined somewhere in the file") and every reader of files
 * handles; deltas and replacements in files are not read everywhere. A stream sends each one
 * before its first use and, when an unlisted code has appeared since, sends it again complete,
 * with all former indices unchanged.
 */
export class ArrowTableWriter implements TableWriter {
  readonly #format: ArrowFormat
  readonly #schema: SinkSchema
  readonly #outputs: readonly OutputColumn[]
  readonly #columns: readonly ArrowColumn[]
  readonly #dictionaries: readonly ArrowDictionary[]
  readonly #sentTexts: number[] = []
  readonly #out: GatheredOutput
  readonly #recordBatches: Block[] = []
  #rowCount = 0

  constructor(
    table: SinkTable,
    schema: SinkSchema,
    options: { readonly format: ArrowFormat; readonly labels: boolean },
    output: Output,
  ) {
    this.#format = options.format
    this.#schema = schema
    this.#outputs = outputColumns(table, options.labels)
    const dictionaries: ArrowDictionary[] = []
    this.#columns = this.#outputs.map((column) => arrowColumn(column, dictionaries))
    this.#dictionaries = dictionaries
    this.#out = new GatheredOutput(output)
  }

  async start(): Promise<void> {
    if (this.#format === 'file') await this.#out.write(padded(MAGIC, 8))
    const fields = this.#columns.map((column) => column.field)
    await this.#writeMessage(schemaMessage(fields, this.#schema.metadata()), [])
  }

  async write(batch: SegmentBatch): Promise<void> {
    const sources: readonly Column[] = this.#outputs.map((output) => sourceColumn(batch, output))
    for (let start = 0; start < batch.rowCount;) {
      const end = Math.min(batch.rowCount, start + RECORD_BATCH_ROWS - this.#rowCount)
      this.#columns.forEach((column, index) => {
        column.append(sources[index]!, start, end, this.#rowCount)
      })
      this.#rowCount += end - start
      start = end
      if (this.#rowCount === RECORD_BATCH_ROWS) await this.#writeRecordBatch()
    }
  }

  async end(): Promise<void> {
    if (this.#rowCount > 0) await this.#writeRecordBatch()
    if (this.#format === 'stream') {
      await this.#sendDictionaries()
      await this.#out.write(END_OF_STREAM)
      return this.#out.flush()
    }
    const dictionaryBlocks: Block[] = []
    for (const dictionary of this.#dictionaries) {
      dictionaryBlocks.push(await this.#writeDictionary(dictionary))
    }
    await this.#out.write(END_OF_STREAM)
    const fields = this.#columns.map((column) => column.field)
    const tail = footer(fields, this.#schema.metadata(), dictionaryBlocks, this.#recordBatches)
    await this.#out.write(tail)
    await this.#out.write(int32(tail.length))
    await this.#out.write(MAGIC)
    await this.#out.flush()
  }

  async #writeRecordBatch(): Promise<void> {
    if (this.#format === 'stream') await this.#sendDictionaries()
    const rowCount = this.#rowCount
    const nodes = this.#columns.flatMap((column) => [rowCount, column.nullCount])
    const body = this.#columns.flatMap((column) => column.buffers(rowCount))
    const shape = batchShape(rowCount, nodes, body)
    this.#recordBatches.push(await this.#writeMessage(recordBatchMessage(shape), body))
    for (const column of this.#columns) column.clear()
    this.#rowCount = 0
  }

  /** Sends dictionaries that were never sent, or have grown since. */
  async #sendDictionaries(): Promise<void> {
    for (const [index, dictionary] of this.#dictionaries.entries()) {
      if (this.#sentTexts[index] === dictionary.texts.length) continue
      this.#sentTexts[index] = dictionary.texts.length
      await this.#writeDictionary(dictionary)
    }
  }

  async #writeDictionary({ id, texts }: ArrowDictionary): Promise<Block> {
    const encoder = new TextEncoder()
    const encoded = texts.map((text) => encoder.encode(text))
    const offsets = new Int32Array(texts.length + 1)
    encoded.forEach((bytes, index) => {
      offsets[index + 1] = offsets[index]! + bytes.length
    })
    const body = [new Uint8Array(0), new Uint8Array(offsets.buffer), Buffer.concat(encoded)]
    const shape = batchShape(texts.length, [texts.length, 0], body)
    return this.#writeMessage(dictionaryBatchMessage(id, shape), body)
  }

  /** Writes a message: continuation mark, metadata length, metadata, body; all aligned. */
  async #writeMessage(metadata: Uint8Array, body: readonly Uint8Array[]): Promise<Block> {
    const offset = this.#out.position
    const metadataLength = aligned(offset + 8 + metadata.length, ALIGNMENT) - offset
    await this.#out.write(int32(-1))
    await this.#out.write(int32(metadataLength - 8))
    await this.#out.write(padded(metadata, metadataLength - 8))
    let bodyLength = 0
    for (const bytes of body) {
      const length = aligned(bytes.length, ALIGNMENT)
      await this.#out.write(bytes)
      await this.#out.write(ZEROS.subarray(0, length - bytes.length))
      bodyLength += length
    }
    return { offset, metadataLength, bodyLength }
  }
}

const ZEROS = new Uint8Array(ALIGNMENT)
const END_OF_STREAM = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0)

function aligned(length: number, alignment: number): number {
  return Math.ceil(length / alignment) * alignment
}

function padded(bytes: Uint8Array, length: number): Uint8Array {
  const result = new Uint8Array(length)
  result.set(bytes)
  return result
}

function int32(value: number): Uint8Array {
  return new Uint8Array(Int32Array.of(value).buffer)
}

function batchShape(
  rowCount: number,
  nodes: readonly number[],
  body: readonly Uint8Array[],
): BatchShape {
  const buffers: number[] = []
  let offset = 0
  for (const bytes of body) {
    buffers.push(offset, bytes.length)
    offset += aligned(bytes.length, ALIGNMENT)
  }
  return { rowCount, nodes, buffers, bodyLength: offset }
}

function arrowColumn(output: OutputColumn, dictionaries: ArrowDictionary[]): ArrowColumn {
  const { spec, isLabel } = output
  if (isLabel || spec.type === 'code') {
    const dictionary = new ArrowDictionary(dictionaries.length, listedTexts(spec, isLabel))
    dictionaries.push(dictionary)
    return new DictionaryArrowColumn(output, dictionary, isLabel ? 32 : indexBitsOf(spec))
  }
  switch (spec.type) {
    case 'text':
    case 'identifier':
      return new Utf8ArrowColumn(output)
    case 'decimal':
      return new DecimalArrowColumn(output)
    case 'flag':
      return new BoolArrowColumn(output)
    case 'date':
    case 'hour':
      return new Int32ArrowColumn(output)
    case 'integer':
      return isWide(spec) ? new Int64ArrowColumn(output) : new Int32ArrowColumn(output)
  }
}

/** Bits that hold an index whatever bytes the field has: 255 values of one byte, 65,535 of two. */
function indexBitsOf(spec: ColumnSpec): 8 | 16 | 32 {
  return spec.width === 1 ? 8 : spec.width === 2 ? 16 : 32
}

function isWide(spec: ColumnSpec): boolean {
  return spec.width > 9 && spec.name !== 'record_length'
}

/** Gathers small pieces, and counts what has been written. */
class GatheredOutput {
  readonly #output: Output
  readonly #gathered = new Uint8Array(GATHER_BYTES)
  #length = 0
  position = 0

  constructor(output: Output) {
    this.#output = output
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.position += bytes.length
    if (this.#length + bytes.length > GATHER_BYTES) await this.flush()
    if (bytes.length > GATHER_BYTES) return this.#output(bytes)
    this.#gathered.set(bytes, this.#length)
    this.#length += bytes.length
  }

  async flush(): Promise<void> {
    if (this.#length === 0) return
    const length = this.#length
    this.#length = 0
    await this.#output(this.#gathered.subarray(0, length))
  }
}
