import type { ByteChunks } from '../byte-chunks.js'
import { detectSpec } from '../detect.js'
import { isDecoderError, OptionError } from '../errors.js'
import { openInput, type ByteSource, type InputInfo } from '../input.js'
import { loadSpec } from '../spec/load.js'
import type { CompiledSpec } from '../spec/types.js'
import { nearest, UsageError, type DecodeCommand, type InputPlan } from './args.js'
import type { IssueLog } from './issue-log.js'
import type { Terminal } from './terminal.js'

/** What all inputs of a run share. */
export interface RunContext {
  readonly signal: AbortSignal
  readonly terminal: Terminal
  readonly issues: IssueLog | null
}

/** The input with its layout found: what decoding and `--dry-run` begin with. */
export interface PreparedInput {
  readonly input: ByteSource
  readonly source: ByteChunks
  readonly spec: CompiledSpec
  readonly reason: string
}

/** Bytes of plain text read at a time: each read wakes another thread, and twice as many take 3 % more. */
const CHUNK_BYTES = 2 << 20

/** Opens an input and finds its spec; says which on the terminal. */
export async function prepareInput(
  { input: path }: InputPlan,
  command: DecodeCommand,
  { signal, terminal }: RunContext,
): Promise<PreparedInput> {
  const given = command.spec === null ? null : await loadSpec(command.spec)
  const input = openInput(path, {
    signal,
    reuseChunks: true,
    chunkBytes: CHUNK_BYTES,
    ...(command.entry === null ? {} : { entry: command.entry }),
  })
  try {
    const info = await input.info()
    const found =
      given === null
        ? await detectSpec(input)
        : { spec: given, reason: 'given by --spec', source: input }
    checkSegments(command.segments, found.spec)
    terminal.note(`${input.name}${chosenEntry(info)}: ${found.spec.id}, ${found.reason}`)
    return { input, source: found.source, spec: found.spec, reason: found.reason }
  } catch (error) {
    await input.close()
    throw naming(error, input.name)
  }
}

/** The error, which says what input it is about if it did not. */
export function naming(error: unknown, name: string): unknown {
  if (isDecoderError(error) && error.file === undefined && !(error instanceof OptionError)) {
    Object.assign(error, { file: name })
  }
  return error
}

/** Which of several files of an archive is read; nothing where there is no choice. */
function chosenEntry({ entry, entries = [] }: InputInfo): string {
  if (entry === undefined || entries.length < 2) return ''
  return `, ${JSON.stringify(entry)} of its ${entries.length} files`
}

function checkSegments(segments: readonly string[], spec: CompiledSpec): void {
  const names = spec.tables.map((table) => table.name)
  for (const segment of segments) {
    if (names.includes(segment)) continue
    const close = nearest(segment, names)
    const hint = close === null ? '' : `; did you mean ${close}?`
    throw new UsageError(
      `${spec.id} has no segment "${segment}", it has ${names.join(', ')}${hint}`,
    )
  }
}
