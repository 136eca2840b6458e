import { flatBuffer, string, structVector, table, vector, type Part } from './flatbuffer.js'

/*
 * Messages of the Arrow IPC format, metadata version 5. Slot and enum numbers are those of
 * Message.fbs, Schema.fbs and File.fbs in https://github.com/apache/arrow/tree/main/format
 */

const VERSION_5 = 4
const SCHEMA_HEADER = 1
const DICTIONARY_BATCH_HEADER = 2
const RECORD_BATCH_HEADER = 3

const TYPE_INT = 2
const TYPE_UTF8 = 5
const TYPE_BOOL = 6
const TYPE_DECIMAL = 7
const TYPE_DATE = 8
const DATE_UNIT_DAY = 0

/** An Arrow type, as far as this package writes them. */
export type ArrowType =
  | { readonly kind: 'int'; readonly bits: 8 | 16 | 32 | 64; readonly signed: boolean }
  | { readonly kind: 'utf8' }
  | { readonly kind: 'bool' }
  | { readonly kind: 'date32' }
  | { readonly kind: 'decimal128'; readonly precision: number; readonly scale: number }

/** A column as the schema tells it. */
export interface ArrowField {
  readonly name: string
  readonly nullable: boolean
  /** Type of the values; of the dictionary's values where there is one. */
  readonly type: ArrowType
  readonly dictionary: { readonly id: number; readonly indexBits: 8 | 16 | 32 } | null
}

/** A run of bytes of a body; `nodes` and `buffers` of a record batch come from these. */
export interface BatchShape {
  readonly rowCount: number
  /** Row count and null count of each column. */
  readonly nodes: readonly number[]
  /** Offset in the body and length of each buffer. */
  readonly buffers: readonly number[]
  readonly bodyLength: number
}

/** Where a message stands in a file. */
export interface Block {
  readonly offset: number
  readonly metadataLength: number
  readonly bodyLength: number
}

/** Keys and values for the schema. */
export type Metadata = Readonly<Record<string, string>>

export function schemaMessage(fields: readonly ArrowField[], metadata: Metadata): Uint8Array {
  return message(SCHEMA_HEADER, schemaPart(fields, metadata), 0)
}

export function recordBatchMessage(shape: BatchShape): Uint8Array {
  return message(RECORD_BATCH_HEADER, recordBatchPart(shape), shape.bodyLength)
}

/** A dictionary that replaces the one sent before under the same id. */
export function dictionaryBatchMessage(id: number, shape: BatchShape): Uint8Array {
  const part = table([0, 'int64', id], [1, 'part', recordBatchPart(shape)], [2, 'int8', false])
  return message(DICTIONARY_BATCH_HEADER, part, shape.bodyLength)
}

export function footer(
  fields: readonly ArrowField[],
  metadata: Metadata,
  dictionaries: readonly Block[],
  recordBatches: readonly Block[],
): Uint8Array {
  return flatBuffer(
    table(
      [0, 'int16', VERSION_5],
      [1, 'part', schemaPart(fields, metadata)],
      [2, 'part', blocksPart(dictionaries)],
      [3, 'part', blocksPart(recordBatches)],
    ),
  )
}

function message(headerType: number, header: Part, bodyLength: number): Uint8Array {
  return flatBuffer(
    table(
      [0, 'int16', VERSION_5],
      [1, 'int8', headerType],
      [2, 'part', header],
      [3, 'int64', bodyLength],
    ),
  )
}

function schemaPart(fields: readonly ArrowField[], metadata: Metadata): Part {
  const pairs = Object.entries(metadata).map(([key, value]) =>
    table([0, 'part', string(key)], [1, 'part', string(value)]),
  )
  return table(
    [0, 'int16', 0],
    [1, 'part', vector(fields.map(fieldPart))],
    [2, 'part', vector(pairs)],
  )
}

function fieldPart({ name, nullable, type, dictionary }: ArrowField): Part {
  const [typeNumber, part] = typePart(type)
  const encoding =
    dictionary === null
      ? []
      : [[4, 'part', dictionaryEncodingPart(dictionary.id, dictionary.indexBits)] as const]
  return table(
    [0, 'part', string(name)],
    [1, 'int8', nullable],
    [2, 'int8', typeNumber],
    [3, 'part', part],
    ...encoding,
    [5, 'part', vector([])],
  )
}

function dictionaryEncodingPart(id: number, indexBits: number): Part {
  return table(
    [0, 'int64', id],
    [1, 'part', intPart(indexBits, indexBits === 32)],
    [2, 'int8', false],
  )
}

function intPart(bits: number, signed: boolean): Part {
  return table([0, 'int32', bits], [1, 'int8', signed])
}

function typePart(type: ArrowType): readonly [number, Part] {
  switch (type.kind) {
    case 'int':
      return [TYPE_INT, intPart(type.bits, type.signed)]
    case 'utf8':
      return [TYPE_UTF8, table()]
    case 'bool':
      return [TYPE_BOOL, table()]
    case 'date32':
      return [TYPE_DATE, table([0, 'int16', DATE_UNIT_DAY])]
    case 'decimal128':
      return [
        TYPE_DECIMAL,
        table([0, 'int32', type.precision], [1, 'int32', type.scale], [2, 'int32', 128]),
      ]
  }
}

function recordBatchPart(shape: BatchShape): Part {
  return table(
    [0, 'int64', shape.rowCount],
    [1, 'part', structVector(2, shape.nodes)],
    [2, 'part', structVector(2, shape.buffers)],
  )
}

function blocksPart(blocks: readonly Block[]): Part {
  // Block is {long offset; int metaDataLength; long bodyLength}: the int is padded to eight bytes.
  return structVector(
    3,
    blocks.flatMap(({ offset, metadataLength, bodyLength }) => [
      offset,
      metadataLength,
      bodyLength,
    ]),
  )
}
