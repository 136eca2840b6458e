import type { ReadProgress } from './source.js'

/** What `onProgress` is told. `slice` is the slice as text, such as `data_year=2022`. */
export type LoadEvent =
  /** The source's file is hashed, before its slice is known. `source` is its name. */
  | { readonly kind: 'hashing'; readonly source: string; readonly byteCount: number }
  | { readonly kind: 'slice-start'; readonly slice: string }
  /** About four times a second while a slice is read, also while no rows arrive. */
  | {
      readonly kind: 'staging'
      readonly slice: string
      readonly rows: number
      readonly issues: number
      readonly progress: ReadProgress
    }
  | { readonly kind: 'waiting'; readonly slice: string; readonly holder: string }
  | {
      readonly kind: 'retry'
      readonly slice: string
      readonly attempt: number
      readonly waitMs: number
      readonly error: Error
    }
  /** All rows are read, and the destination takes in the last of them. */
  | { readonly kind: 'storing'; readonly slice: string; readonly rows: number }
  /** Rows of earlier loads are put aside; `rows` is how many those loads staged. */
  | { readonly kind: 'replacing'; readonly slice: string; readonly rows: number }
  | { readonly kind: 'committing'; readonly slice: string; readonly rows: number }
  | {
      readonly kind: 'slice-end'
      readonly slice: string
      readonly status: 'loaded' | 'skipped' | 'planned'
      readonly loadId: number | null
    }
