import type { Issue } from '../issues.js'
import type { DecodeStats } from '../record-decoder.js'
import {
  DecoderError,
  type ErrorContext,
  InputError,
  OptionError,
  RecordError,
  SpecError,
} from '../errors.js'
import type { GroupFile, GroupPlan } from './segment-group.js'

/** What a worker is started with. */
export interface WorkerStart {
  readonly plan: GroupPlan
}

/** Input for a worker: chunks, then the end. A chunk's buffer is sent back when it is used up. */
export type InputMessage =
  | { readonly type: 'chunk'; readonly buffer: ArrayBuffer; readonly byteCount: number }
  | { readonly type: 'end' }

/** From the main thread to a worker. */
export type MainMessage =
  InputMessage | { readonly type: 'finish'; readonly metadata: Readonly<Record<string, string>> }

/** From a worker to the main thread. */
export type WorkerMessage =
  | { readonly type: 'used'; readonly buffer: ArrayBuffer }
  | { readonly type: 'issues'; readonly issues: readonly Issue[] }
  | { readonly type: 'decoded'; readonly stats: DecodeStats }
  | { readonly type: 'finished'; readonly files: readonly GroupFile[] }
  | { readonly type: 'failed'; readonly error: SentError }

/** An error as it crosses threads: cloning would lose its class and code. */
export interface SentError {
  readonly name: string
  readonly message: string
  readonly stack: string | undefined
  readonly code: string | null
  readonly context: ErrorContext
}

const CONTEXT = [
  'file',
  'line',
  'column',
  'byteOffset',
  'recordNumber',
  'spec',
  'segment',
  'field',
  'option',
] as const

/** See {@link SentError}. */
export function sendable(error: unknown): SentError {
  if (!(error instanceof Error)) {
    return { name: 'Error', message: String(error), stack: undefined, code: null, context: {} }
  }
  const { name, message, stack } = error
  if (!(error instanceof DecoderError)) return { name, message, stack, code: null, context: {} }
  const context = Object.fromEntries(
    CONTEXT.filter((key) => error[key] !== undefined).map((key) => [key, error[key]]),
  )
  return { name, message, stack, code: error.code, context }
}

const CLASSES = { SpecError, InputError, OptionError, RecordError, DecoderError } as const

/** The error a worker sent, of its own class again. */
export function received({ name, message, stack, code, context }: SentError): Error {
  const type = CLASSES[name as keyof typeof CLASSES] as
    (new (code: string, message: string, context: ErrorContext) => Error) | undefined
  const error =
    type === undefined || code === null ? new Error(message) : new type(code, message, context)
  if (stack !== undefined) error.stack = stack
  return error
}
