import type { ReadProgress } from './source.js'

/** What `onProgress` is told. `slice` is the slice as text, such as `data_year=2022`. */
export type LoadEvent =
  | { readonly kind: 'slice-start'; readonly slice: string }
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
  | { readonly kind: 'committing'; readonly slice: string; readonly rows: number }
  | {
      readonly kind: 'slice-end'
      readonly slice: string
      readonly status: 'loaded' | 'skipped' | 'planned'
      readonly loadId: number | null
    }
