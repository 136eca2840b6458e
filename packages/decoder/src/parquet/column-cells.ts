import type { BytesColumn, DictionaryColumn, NumberColumn } from '../batch.js'

/** The parts of a {@link DictionaryColumn} that are written. */
export type IndexCells = Pick<DictionaryColumn, 'kind' | 'indices' | 'dictionary'>

/** The parts of a {@link NumberColumn} that are written. */
export type NumericCells = Pick<NumberColumn, 'kind' | 'values' | 'valid'>

/** The parts of a {@link BytesColumn} that are written. */
export type FixedWidthCells = Pick<
  BytesColumn,
  'kind' | 'width' | 'bytes' | 'valid' | 'trim' | 'characters' | 'nonAscii'
>

/** What the writer needs of a column: any `Column` will do. */
export type ColumnCells = IndexCells | NumericCells | FixedWidthCells
