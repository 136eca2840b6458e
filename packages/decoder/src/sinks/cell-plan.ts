/** How a column's cells lie in memory and are written. Addresses are those of row 0. */
export type CellPlan =
  | {
      /** Indexes into a `CellTable`, whose address stands at `table`. */
      readonly kind: 'table'
      readonly cells: number
      readonly size: 1 | 2 | 4
      readonly table: number
      readonly stride: number
    }
  | {
      readonly kind: 'number'
      readonly cells: number
      readonly array: 'i32' | 'u32' | 'f64'
      readonly scale: 0 | 3
      /** One byte per row, 0 for null; null when all rows have a value. */
      readonly valid: number | null
    }
  | {
      readonly kind: 'bytes'
      readonly cells: number
      readonly width: number
      readonly trim: boolean
      readonly valid: number
      /** See `ByteTexts`. */
      readonly texts: number
    }
