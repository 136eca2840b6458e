import { stat } from 'node:fs/promises'
import {
  type CompiledSpec,
  decode,
  type DecodeStats,
  detectSpec,
  loadSpec,
  openInput,
  type SegmentBatch,
} from '@nibrs/decoder'
import { OptionError, SourceError } from '../errors.js'
import { rejectUnknownOptions } from '../options.js'
import type { Slice } from '../schema/table-schema.js'
import type {
  ReadOptions,
  SliceReading,
  Source,
  SourceContext,
  SourceSlice,
  StageBatch,
  StageIssue,
  TableAccounting,
} from '../source.js'
import { NIBRS_PREFIX, nibrsTables } from './nibrs-tables.js'
import { packageVersion } from './package-version.js'
import { selectRows } from './select-rows.js'

/** Options of {@link nibrsFile}. */
export interface NibrsFileOptions {
  /** A bundled spec's id (`nibrs/master@2013`) or the path of a YAML file. Default: detected. */
  readonly spec?: string
  /** Year the file is for, 1960 to 2100. Default: what its batch headers say. */
  readonly dataYear?: number
  /**
   * Loads one state of the year alone: its abbreviation in FBI form (`VT`) or its UCR numeric code.
   * Records of other states are counted as not selected. Default: all.
   */
  readonly state?: string
  /** Which file of a zip archive: its name or a glob. Default: the largest. */
  readonly entry?: string
  /** Rows per batch at most, 1 to 4,194,304. Default: what suits the destination. */
  readonly batchRows?: number
}

const OPTIONS = ['spec', 'dataYear', 'state', 'entry', 'batchRows']
/** Records looked at for a batch header when the spec is given. */
const HEADER_RECORDS = 5_000

/**
 * A NIBRS master file as a source: zip, gzip or text, any edition.
 *
 * One slice: the data year, or one state of it. Its fingerprint is the SHA-256 of the file as given.
 *
 * @param file a path or a `file:` URL
 * @throws {OptionError} OPTION_UNKNOWN, OPTION_INVALID at once
 * @throws {SourceError} when loading: SOURCE_NOT_A_FILE, SOURCE_NO_SLICE, SOURCE_CHANGED,
 *   SOURCE_COUNTS; and the decoder's own InputError and SpecError
 */
export function nibrsFile(file: string | URL, options: NibrsFileOptions = {}): Source {
  rejectUnknownOptions('nibrsFile', options, OPTIONS)
  const { dataYear } = options
  if (
    dataYear !== undefined &&
    !(Number.isInteger(dataYear) && dataYear >= 1960 && dataYear <= 2100)
  ) {
    throw new OptionError(
      'OPTION_INVALID',
      `option "dataYear" is ${String(dataYear)}; expected a year from 1960 to 2100`,
      { option: 'dataYear' },
    )
  }
  const name = openInput(file).name
  return {
    kind: 'nibrs',
    name,
    async *slices(context) {
      yield await openSlice(file, name, options, context)
    },
  }
}

async function openSlice(
  file: string | URL,
  name: string,
  options: NibrsFileOptions,
  { signal, onHashing }: SourceContext,
): Promise<SourceSlice> {
  await requireFile(file, name)
  const input = (reuseChunks = false) =>
    openInput(file, {
      reuseChunks,
      ...(options.entry === undefined ? {} : { entry: options.entry }),
      ...(signal === undefined ? {} : { signal }),
    })
  // Null where it cannot be had: opening the file then says what is wrong.
  const found = await identify(file).catch(() => null)
  if (found !== null) onHashing?.(found.byteCount)
  // Hashed on a thread of its own while the first records are looked at.
  const hashing = input()
  const hash = hashing.sha256()
  try {
    const { spec, headerYear } = await recognise(input, options.spec)
    const dataYear = options.dataYear ?? headerYear
    if (dataYear === null) {
      throw new SourceError(
        'SOURCE_NO_SLICE',
        `${name} has no batch header that tells its data year; give it with --data-year, or the option dataYear`,
        { source: name },
      )
    }
    if (headerYear !== null && headerYear !== dataYear) {
      throw new OptionError(
        'OPTION_CONFLICT',
        `${name} is for data year ${headerYear}, but ${dataYear} was asked for; leave the year off`,
        { option: 'dataYear', source: name },
      )
    }
    const state = options.state === undefined ? null : findState(spec, options.state)
    const { entry, entries = [] } = await hashing.info()
    const choice =
      entry === undefined || entries.length < 2 ? {} : { entry, entryCount: entries.length }
    const sha256 = await hash
    const identity = await identify(file)
    if (found?.key !== identity.key) throw changed(name)
    const slice: Slice = [
      { name: 'data_year', type: 'integer', value: dataYear },
      { name: 'state', type: 'text', value: state?.abbreviation ?? null },
    ]
    const byteCount = identity.byteCount
    return {
      slice,
      tables: nibrsTables(spec),
      provenance: {
        spec: spec.id,
        specRevision: spec.revision,
        producedBy: packageVersion('@nibrs/decoder'),
      },
      contract: 'freeze',
      fingerprint: { sha256, byteCount },
      files: [{ name, sha256, byteCount, ...choice }],
      expectedRows: null,
      state: null,
      rereadable: true,
      read: (readOptions) =>
        new NibrsReading({
          spec,
          input: input(true),
          name,
          dataYear,
          state,
          batchRows: options.batchRows ?? readOptions.batchRows ?? 16_384,
          readOptions,
          checkUnchanged: async () => {
            if ((await identify(file)).key === identity.key) return
            throw changed(name)
          },
        }),
    }
  } catch (error) {
    await hash.catch(() => undefined)
    throw error
  } finally {
    await hashing.close()
  }
}

/**
 * Refuses what can be read only once, or never ends: a load reads its file to hash it, to recognise
 * it and to load it. What is not there at all the opening tells.
 *
 * @throws {SourceError} SOURCE_NOT_A_FILE
 */
async function requireFile(file: string | URL, name: string): Promise<void> {
  const found = await stat(file).catch(() => null)
  if (found === null || found.isFile()) return
  const kind = found.isDirectory() ? 'a folder' : found.isFIFO() ? 'a pipe' : 'a device or socket'
  throw new SourceError(
    'SOURCE_NOT_A_FILE',
    `${name} is ${kind}, and a load reads its file more than once; name a regular file, or save what comes from it to one first`,
    { source: name },
  )
}

/** Not retryable: another try of the same slice would hold the file against what it was before. */
function changed(name: string): SourceError {
  return new SourceError(
    'SOURCE_CHANGED',
    `${name} was changed while it was loaded; run the load again once the file is complete`,
    { source: name },
  )
}

async function identify(file: string | URL): Promise<{ key: string; byteCount: number }> {
  const { dev, ino, size, mtimeMs } = await stat(file)
  return { key: `${dev} ${ino} ${size} ${mtimeMs}`, byteCount: size }
}

async function recognise(
  input: () => ReturnType<typeof openInput>,
  given: string | undefined,
): Promise<{ spec: CompiledSpec; headerYear: number | null }> {
  if (given === undefined) {
    const source = input()
    const { spec, dataYear } = await detectSpec(source)
    await source.close()
    return { spec, headerYear: dataYear }
  }
  const spec = await loadSpec(given)
  const source = input()
  const decoding = decode(source, spec, { limit: HEADER_RECORDS })
  for await (const _batch of decoding) if (decoding.stats.dataYear !== null) break
  await source.close()
  return { spec, headerYear: decoding.stats.dataYear }
}

const STATE_COLUMN = 'state_code'

function findState(spec: CompiledSpec, wanted: string): { code: string; abbreviation: string } {
  const lacking = spec.tables.find(({ columns }) =>
    columns.every(({ name }) => name !== STATE_COLUMN),
  )
  if (lacking !== undefined) {
    throw new OptionError(
      'OPTION_INVALID',
      `option "state" needs a column ${STATE_COLUMN} in every table, and ${spec.id} has none in ${lacking.name}; leave the state off`,
      { option: 'state' },
    )
  }
  const codes = spec.tables[0]?.columns.find(({ name }) => name === STATE_COLUMN)?.codes?.codes
  for (const [code, { attributes }] of codes ?? []) {
    const abbreviation = attributes?.['abbreviation']
    if (abbreviation === undefined) continue
    if (wanted.toUpperCase() === abbreviation || wanted === code) return { code, abbreviation }
  }
  throw new OptionError(
    'OPTION_INVALID',
    `option "state" is ${wanted}; expected an abbreviation in FBI form such as VT (NB for Nebraska), or a UCR numeric code`,
    { option: 'state' },
  )
}

interface NibrsReadingOptions {
  readonly spec: CompiledSpec
  readonly input: ReturnType<typeof openInput>
  readonly name: string
  readonly dataYear: number
  readonly state: { readonly code: string; readonly abbreviation: string } | null
  readonly batchRows: number
  readonly readOptions: ReadOptions
  readonly checkUnchanged: () => Promise<void>
}

/** Counts of one table while it is read. */
interface TableCount {
  rows: number
  withheld: number
  notSelected: number
}

class NibrsReading implements SliceReading {
  readonly #options: NibrsReadingOptions
  readonly #counts = new Map<string | null, TableCount>()
  #total: number | null = null
  #stats: DecodeStats | null = null

  constructor(options: NibrsReadingOptions) {
    this.#options = options
    for (const { name } of options.spec.tables) this.#count(name)
  }

  progress() {
    return { done: this.#options.input.bytesRead, total: this.#total, unit: 'bytes' as const }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<StageBatch> {
    const { spec, input, batchRows, readOptions, checkUnchanged } = this.#options
    const { compressedBytes, uncompressedBytes } = await input.info()
    this.#total = compressedBytes ?? uncompressedBytes ?? null
    const decoding = decode(input, spec, {
      batchRows,
      aligned: false,
      reuseArrays: true,
      ...(readOptions.signal === undefined ? {} : { signal: readOptions.signal }),
    })
    this.#stats = decoding.stats
    for await (const whole of decoding) {
      const batch = this.#select(whole)
      const issues = batch.issues.map(stageIssue)
      for (const { code, segment } of batch.issues) {
        if (code === 'RECORD_TOO_SHORT' || code === 'RECORD_UNKNOWN_LEVEL') {
          this.#count(segment).withheld++
        }
      }
      this.#count(batch.segment).rows += batch.rowCount
      issues.push(...this.#otherYears(batch))
      yield { kind: 'columns', table: `${NIBRS_PREFIX}${batch.segment}`, batch, issues }
    }
    await checkUnchanged()
    this.#requireRowsOfState()
  }

  /** A state that the file has nothing of would take the place of its rows with nothing. */
  #requireRowsOfState(): void {
    const { name, state, dataYear } = this.#options
    if (state === null || [...this.#counts.values()].some(({ rows }) => rows > 0)) return
    throw new SourceError(
      'SOURCE_NO_SLICE',
      `${name} has no row of state ${state.abbreviation} in ${dataYear}; nothing was loaded or replaced: check the state, or take a load that is no longer published away with "crimewh loads remove"`,
      { source: name },
    )
  }

  accounting(): readonly TableAccounting[] {
    const { spec, name } = this.#options
    const stats = this.#stats
    const header = spec.tables.find(({ role }) => role === 'header')?.name
    const list = [...this.#counts].map(([segment, { rows, withheld, notSelected }]) => {
      const joined = segment !== null && segment === header ? (stats?.joinedHeaderParts ?? 0) : 0
      return {
        table: segment === null ? null : `${NIBRS_PREFIX}${segment}`,
        records: rows + joined + withheld + notSelected,
        rows,
        joined,
        withheld,
        notSelected,
      }
    })
    const sum = list.reduce((total, { records }) => total + records, 0)
    if (stats !== null && sum !== stats.records) {
      throw new SourceError(
        'SOURCE_COUNTS',
        `${name} has ${stats.records} records, but rows, joined headers and withheld records make ${sum}; report this as a fault of the program`,
        { source: name },
      )
    }
    return list
  }

  #count(segment: string | null): TableCount {
    let count = this.#counts.get(segment)
    if (count === undefined) {
      count = { rows: 0, withheld: 0, notSelected: 0 }
      this.#counts.set(segment, count)
    }
    return count
  }

  /** The rows of the one state asked for. */
  #select(batch: SegmentBatch): SegmentBatch {
    const { state } = this.#options
    if (state === null) return batch
    const column = batch.columns.get(STATE_COLUMN)!
    const rows: number[] = []
    for (let row = 0; row < batch.rowCount; row++) {
      if (column.get(row) === state.code) rows.push(row)
    }
    this.#count(batch.segment).notSelected += batch.rowCount - rows.length
    return rows.length === batch.rowCount ? batch : selectRows(batch, Uint32Array.from(rows))
  }

  /** Headers of another data year than the slice's; their rows are kept. */
  *#otherYears(batch: SegmentBatch): Generator<StageIssue> {
    const { spec, dataYear } = this.#options
    if (spec.yearField?.table !== batch.segment) return
    const field = spec.yearField.column
    const column = batch.columns.get(field)
    for (let row = 0; row < batch.rowCount; row++) {
      const year = column?.get(row) ?? null
      if (year === null || year === dataYear) continue
      yield {
        code: 'SLICE_OTHER_YEAR',
        table: `${NIBRS_PREFIX}${batch.segment}`,
        field,
        recordNumber: batch.recordNumbers[row]!,
        byteOffset: null,
        raw: String(year),
      }
    }
  }
}

function stageIssue(issue: SegmentBatch['issues'][number]): StageIssue {
  const { code, segment, field, recordNumber, byteOffset, raw } = issue
  const table = segment === null ? null : `${NIBRS_PREFIX}${segment}`
  return { code, table, field, recordNumber, byteOffset, raw }
}
