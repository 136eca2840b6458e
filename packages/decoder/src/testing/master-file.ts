import { listSpecs, loadSpec } from '../spec/load.js'
import type { CompiledSpec } from '../spec/types.js'
import { type Agency, planAgencies } from './agencies.js'
import { Calendar } from './calendar.js'
import type { Expected, Manifest } from './expected.js'
import { FaultMaker } from './fault-maker.js'
import { HeaderWriter } from './header-writer.js'
import {
  type GenerateOptions,
  resolveGenerateOptions,
  type ResolvedGenerateOptions,
} from './options.js'
import { Random } from './random.js'
import { RecordOutput } from './record-output.js'
import { RecordSets } from './record-sets.js'
import { overlaysInForce } from './segment-slots.js'
import { SetContext } from './set-context.js'

/** Years before the data year that dates may lie in. */
const CALENDAR_YEARS = 45

/** A generated file: its bytes, to iterate over once, and its counts. */
export interface GeneratedFile extends Iterable<Uint8Array> {
  readonly spec: CompiledSpec
  /** Live; final once the iteration has ended. */
  readonly manifest: Manifest
}

/** A generated file in memory, with what a decoder must make of it. */
export interface GeneratedTruth extends Expected {
  readonly spec: CompiledSpec
  readonly bytes: Uint8Array
  readonly manifest: Manifest
}

/**
 * Makes a NIBRS master file of a data year: realistic in shape, invented in content.
 *
 * The same options give the same bytes. Positions come from the bundled spec of the year, codes
 * from its code tables, as far as they are valid in that year.
 *
 * @returns chunks of fresh memory, cut at about `chunkBytes`
 * @throws {OptionError} for an unknown option or an impossible value
 */
export async function generateMasterFile(options: GenerateOptions): Promise<GeneratedFile> {
  const resolved = resolveGenerateOptions(options)
  const spec = await specOf(resolved.year)
  const run = new Run(spec, resolved, false)
  let started = false
  return {
    spec,
    manifest: run.output.manifest,
    [Symbol.iterator]() {
      if (started) throw new TypeError('a generated file can be iterated over once; make it again')
      started = true
      return run.chunks()
    },
  }
}

/**
 * Makes a NIBRS master file in memory together with the rows and issues that decoding it must
 * give. For files of up to a few hundred thousand records.
 *
 * @throws {OptionError} for an unknown option or an impossible value
 */
export async function generateTruth(options: GenerateOptions): Promise<GeneratedTruth> {
  const resolved = resolveGenerateOptions(options)
  const spec = await specOf(resolved.year)
  const run = new Run(spec, resolved, true)
  const chunks = [...run.chunks()]
  const bytes = new Uint8Array(run.output.manifest.bytes)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  const { manifest, rows, issues } = run.output
  return { spec, bytes, manifest, rows, issues }
}

/** The bundled spec of a data year. */
async function specOf(year: number): Promise<CompiledSpec> {
  for (const { id, dataYears, extends: base } of await listSpecs()) {
    if (base !== null || dataYears === null || !id.startsWith('nibrs/master@')) continue
    if (year >= dataYears[0] && year <= (dataYears[1] ?? Infinity)) return loadSpec(id)
  }
  throw new Error(`no bundled spec is for ${year}`)
}

class Run {
  readonly output: RecordOutput
  readonly #options: ResolvedGenerateOptions
  readonly #agencies: readonly Agency[]
  readonly #headers: HeaderWriter
  readonly #sets: RecordSets
  readonly #random: Random

  constructor(spec: CompiledSpec, options: ResolvedGenerateOptions, keepsExpected: boolean) {
    const { year, seed, records } = options
    const calendar = new Calendar(year - CALENDAR_YEARS, year + 1)
    const random = new Random(seed)
    const faults =
      options.faults === null
        ? null
        : new FaultMaker(
            spec,
            year,
            new Random(seed ^ 0x0fa17),
            options.faults.rate,
            options.faults.kinds,
          )
    const mustHave = overlaysInForce(spec, year).flatMap(({ when }) => when!.values)
    this.#options = options
    this.#random = random
    this.output = new RecordOutput(spec, options, calendar, faults, keepsExpected)
    this.#agencies = planAgencies(spec, random, year, records, [...new Set(mustHave)])
    this.#headers = new HeaderWriter(spec, this.output, random, calendar, year, faults)
    this.#sets = new RecordSets(new SetContext(spec, this.output, random, calendar, year))
  }

  *chunks(): Generator<Uint8Array> {
    const { output } = this
    const { records } = this.#options
    const total = this.#agencies.reduce((sum, { weight }) => sum + weight, 0)
    let weight = 0
    this.#sets.turnTo(this.#agencies[0]!)
    for (const [index, agency] of this.#agencies.entries()) {
      const left = records - output.manifest.records
      if (left < this.#headers.lineCount) break
      this.#headers.write(agency, index > 0)
      this.#repeatHeader(agency)
      this.#sets.turnTo(agency)
      weight += agency.weight
      const isLast = index === this.#agencies.length - 1
      const goal = isLast ? records : total === 0 ? 0 : Math.floor((records * weight) / total)
      // An agency without data is followed by the next header at once.
      while (output.manifest.records < goal && (agency.weight > 0 || isLast)) {
        this.#sets.write(records - output.manifest.records)
        if (output.full) yield output.take()
      }
      if (output.full) yield output.take()
    }
    // Too little room for another header: the last agency's data goes on.
    while (output.manifest.records < records) this.#sets.write(records - output.manifest.records)
    yield output.close()
  }

  #repeatHeader(agency: Agency): void {
    const room = this.#options.records - this.output.manifest.records
    if (room < this.#headers.lineCount) return
    const drawn = this.#random.chance(this.#options.repeatedHeaders)
    if (drawn || this.#headers.drawsRepeat()) this.#headers.write(agency, true)
  }
}
