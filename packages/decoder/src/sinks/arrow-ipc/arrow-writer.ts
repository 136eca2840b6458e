import type { SegmentBatch, SinkSchema, SinkTable } from '../../batch.js'
import type { ColumnSpec } from '../../spec/types.js'
import { outputColumns, sourceColumn, type OutputColumn } from '../output-columns.js'
import type { Output, TableWriter } from '../table-sink.js'
import {
  BoolArrowColumn,
  DictionaryArrowColumn,
  NumberArrowColumn,
  Utf8ArrowColumn,
  type ArrowColumn,
} from './arrow-columns.js'
import { ArrowDictionary } from './arrow-dictionary.js'
import {
  dictionaryBatchMessage,
  footer,
  recordBatchMessage,
  schemaMessage,
  type Block,
} from './messages.js'
import { aligned, RecordBatchBody } from './record-batch-body.js'

/** Which of the two IPC formats. */
export type ArrowFormat = 'file' | 'stream'

/** Rows of a record batch; the last one of a segment has fewer. */
const RECORD_BATCH_ROWS = 32_768
const MAGIC = new TextEncoder().encode('ARROW1')
const END_OF_STREAM = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0)

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
  readonly #columns: readonly ArrowColumn[]
  readonly #dictionaries: readonly ArrowDictionary[]
  readonly #sentTexts: number[] = []
  readonly #output: Output
  readonly #body: RecordBatchBody
  readonly #recordBatches: Block[] = []
  #rowCount = 0
  #position = 0

  /** @param body may be shared by writers that take turns */
  constructor(
    table: SinkTable,
    schema: SinkSchema,
    options: { readonly format: ArrowFormat; readonly labels: boolean },
    body: RecordBatchBody,
    output: Output,
  ) {
    this.#format = options.format
    this.#schema = schema
    const dictionaries: ArrowDictionary[] = []
    this.#columns = outputColumns(table, options.labels).map((column) =>
      arrowColumn(column, dictionaries),
    )
    this.#dictionaries = dictionaries
    this.#body = body
    this.#output = output
  }

  async start(): Promise<void> {
    if (this.#format === 'file') await this.#write(padded(MAGIC, 8))
    const fields = this.#columns.map((column) => column.field)
    await this.#writeMessage(schemaMessage(fields, this.#schema.metadata()), NO_BYTES)
  }

  async write(batch: SegmentBatch): Promise<void> {
    for (let start = 0; start < batch.rowCount;) {
      const end = Math.min(batch.rowCount, start + RECORD_BATCH_ROWS - this.#rowCount)
      for (const column of this.#columns) {
        column.append(sourceColumn(batch, column.output), start, end, this.#rowCount)
      }
      this.#rowCount += end - start
      start = end
      if (this.#rowCount === RECORD_BATCH_ROWS) await this.#writeRecordBatch()
    }
  }

  async end(): Promise<void> {
    if (this.#rowCount > 0) await this.#writeRecordBatch()
    const dictionaryBlocks: Block[] = []
    if (this.#format === 'stream') {
      await this.#sendDictionaries()
    } else {
      for (const dictionary of this.#dictionaries) {
        dictionaryBlocks.push(await this.#writeDictionary(dictionary))
      }
    }
    await this.#write(END_OF_STREAM)
    if (this.#format === 'stream') return
    const fields = this.#columns.map((column) => column.field)
    const tail = footer(fields, this.#schema.metadata(), dictionaryBlocks, this.#recordBatches)
    await this.#write(Buffer.concat([tail, int32(tail.length), MAGIC]))
  }

  async #writeRecordBatch(): Promise<void> {
    const body = this.#body
    const rowCount = this.#rowCount
    this.#rowCount = 0
    body.clear()
    for (const column of this.#columns) column.encode(rowCount, body)
    const { nodes, buffers, length } = body
    const message = recordBatchMessage({ rowCount, nodes, buffers, bodyLength: length })
    // Sending a dictionary takes no part of the body: the indices stand already.
    if (this.#format === 'stream') await this.#sendDictionaries()
    this.#recordBatches.push(await this.#writeMessage(message, body.bytes.subarray(0, length)))
  }

  /** Sends dictionaries that were never sent, or have grown since. */
  async #sendDictionaries(): Promise<void> {
    for (const [index, dictionary] of this.#dictionaries.entries()) {
      const textCount = dictionary.texts.length
      if (this.#sentTexts[index] === textCount) continue
      this.#sentTexts[index] = textCount
      await this.#writeDictionary(dictionary)
    }
  }

  async #writeDictionary(dictionary: ArrowDictionary): Promise<Block> {
    const texts = dictionary.texts.map((text) => Buffer.from(text))
    const body = new RecordBatchBody()
    body.nodes.push(texts.length, 0)
    body.take(0)
    const offsetsAt = body.take((texts.length + 1) * 4)
    const dataAt = body.take(texts.reduce((sum, { length }) => sum + length, 0))
    const offsets = new Int32Array(body.bytes.buffer, offsetsAt, texts.length + 1)
    texts.forEach((text, index) => {
      body.bytes.set(text, dataAt + offsets[index]!)
      offsets[index + 1] = offsets[index]! + text.length
    })
    const { nodes, buffers, length } = body
    const shape = { rowCount: texts.length, nodes, buffers, bodyLength: length }
    const message = dictionaryBatchMessage(dictionary.id, shape)
    return this.#writeMessage(message, body.bytes.subarray(0, length))
  }

  /** Writes a message: continuation mark, metadata length, metadata, body; the body aligned. */
  async #writeMessage(metadata: Uint8Array, body: Uint8Array): Promise<Block> {
    const offset = this.#position
    const metadataLength = aligned(offset + 8 + metadata.length) - offset
    const head = [int32(-1), int32(metadataLength - 8), padded(metadata, metadataLength - 8)]
    await this.#write(Buffer.concat(head))
    if (body.length > 0) await this.#write(body)
    return { offset, metadataLength, bodyLength: body.length }
  }

  async #write(bytes: Uint8Array): Promise<void> {
    this.#position += bytes.length
    await this.#output(bytes)
  }
}

const NO_BYTES = new Uint8Array(0)

function padded(bytes: Uint8Array, length: number): Uint8Array {
  const result = new Uint8Array(length)
  result.set(bytes)
  return result
}

function int32(value: number): Uint8Array {
  return new Uint8Array(Int32Array.of(value).buffer)
}

function arrowColumn(output: OutputColumn, dictionaries: ArrowDictionary[]): ArrowColumn {
  const { spec, isLabel } = output
  if (isLabel || spec.type === 'code') {
    const listed = listedTexts(spec, isLabel)
    const dictionary = new ArrowDictionary(dictionaries.length, listed, (value) =>
      isLabel ? (spec.codes?.codes.get(String(value))?.label ?? null) : String(value),
    )
    dictionaries.push(dictionary)
    const bits = isLabel ? bitsFor(listed.length) : indexBitsOf(spec)
    return new DictionaryArrowColumn(output, dictionary, bits)
  }
  switch (spec.type) {
    case 'text':
    case 'identifier':
      return new Utf8ArrowColumn(output)
    case 'decimal': {
      const precision = Math.min(38, Math.max(spec.width, spec.scale, 1))
      return new NumberArrowColumn(output, { kind: 'decimal128', precision, scale: spec.scale }, 4)
    }
    case 'flag':
      return new BoolArrowColumn(output)
    case 'date':
      return new NumberArrowColumn(output, { kind: 'date32' }, 1)
    case 'hour':
    case 'integer':
      return isWide(spec)
        ? new NumberArrowColumn(output, { kind: 'int', bits: 64, signed: true }, 2)
        : new NumberArrowColumn(output, { kind: 'int', bits: 32, signed: true }, 1)
  }
}

/** The codes a column can hold, or all labels, as its dictionary lists them. */
function listedTexts({ codes, width }: ColumnSpec, isLabel: boolean): readonly string[] {
  const entries = [...(codes?.codes ?? [])]
  return isLabel
    ? entries.map(([, { label }]) => label)
    : entries.map(([code]) => code).filter((code) => code.length <= width)
}

/** Bits that hold an index whatever bytes the field has: 255 values of one byte, 65,535 of two. */
function indexBitsOf({ width }: ColumnSpec): 8 | 16 | 32 {
  return width === 1 ? 8 : width === 2 ? 16 : 32
}

function bitsFor(count: number): 8 | 16 | 32 {
  return count <= 1 << 8 ? 8 : count <= 1 << 16 ? 16 : 32
}

function isWide(spec: ColumnSpec): boolean {
  return spec.width > 9 && spec.name !== 'record_length'
}
