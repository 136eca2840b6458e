import type { MessagePort } from 'node:worker_threads'
import type { SqlValue } from './contract.js'
import type { CopyFormat, TableColumns } from './copy-queue.js'
import type { WireFault } from './postgres-wire.js'

/** To the thread: a new connection, and the port to talk with it. */
export interface Opened {
  readonly port: MessagePort
  readonly url: string
}

/** To a connection; with a `call` the answer is `done` or `failed`. */
export type Asked = { readonly call?: number } & (
  | { readonly kind: 'connect' | 'finish' | 'drop' | 'destroy' | 'end' }
  | { readonly kind: 'query'; readonly text: string; readonly values: readonly SqlValue[] }
  | { readonly kind: 'openCopies'; readonly columns: TableColumns }
  | {
      readonly kind: 'rows'
      readonly table: string
      readonly format: CopyFormat
      /** Shared memory, so that nothing is copied. */
      readonly bytes: Uint8Array
      readonly number: number
    }
)

/** From a connection. */
export type Told =
  | { readonly kind: 'done'; readonly call: number; readonly result: unknown }
  | { readonly kind: 'failed'; readonly call: number; readonly fault: WireFault }
  /** Arrays of rows, by the numbers they came with. */
  | { readonly kind: 'taken'; readonly numbers: readonly number[] }
  | { readonly kind: 'copyFailed'; readonly fault: WireFault }
