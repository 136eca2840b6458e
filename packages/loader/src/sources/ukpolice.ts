import { createHash } from 'node:crypto'
import {
  createClient,
  type GeoJsonArea,
  type LatLng,
  type Month,
  type PoliceClient,
  type PolygonInput,
} from '@ukpolice/client'
import { OptionError } from '../errors.js'
import { rejectUnknownOptions } from '../options.js'
import type {
  ContractMode,
  ReadOptions,
  ReadProgress,
  SliceReading,
  Source,
  SourceFile,
  SourceSlice,
  StageBatch,
  StageIssue,
  StageRow,
  TableAccounting,
} from '../source.js'
import { rawText, type RowConverter, rowConverter } from './api-rows.js'
import { areaSha256 } from './area-sha256.js'
import { packageVersion } from './package-version.js'
import { requireSameShape } from './same-shape.js'
import { type ForceMonth, planPublished } from './ukpolice-plan.js'
import {
  apiKind,
  apiTable,
  type RowTable,
  UKPOLICE_DATASETS,
  type UkPoliceDataset,
} from './ukpolice-tables.js'

/** Options of {@link ukpoliceApi}. */
export interface UkPoliceApiOptions {
  /** One data set is one source kind, with a table and slices of its own. */
  readonly dataset: UkPoliceDataset
  /**
   * Force ids, `btp` included. Default: every force the service lists, and for stops also British
   * Transport Police where it has published some.
   */
  readonly forces?: readonly string[]
  /** An area of the caller's own instead of forces, in tables of its own: `ukpolice_area_crime`. */
  readonly area?: UkPoliceArea
  /** First month, `YYYY-MM`. Default: the oldest the API still has. */
  readonly since?: Month
  /** Last month. Default: the newest published. */
  readonly until?: Month
  /** Exactly these slices, in this order, instead of forces and months. */
  readonly slices?: readonly ForceMonth[]
  /** Default: `createClient()`. Clients of one process share one rate limit. */
  readonly client?: PoliceClient
}

/**
 * An area of the caller's own.
 *
 * A name stands for one shape in all data sets and months: `load` refuses another one with
 * OPTION_CONFLICT, unless all that is in is loaded anew with `force`.
 */
export interface UkPoliceArea {
  /** Letters, digits, dots, hyphens and underscores. */
  readonly name: string
  readonly within: AreaShape
  /**
   * What gets another shape under `force`, where that takes more loads than one. Default: the data
   * set and the months of this source.
   */
  readonly anew?: {
    readonly datasets?: readonly UkPoliceDataset[]
    readonly months?: readonly Month[]
  }
}

/** The outline of an area: vertices, or GeoJSON polygons. */
export type AreaShape = readonly LatLng[] | GeoJsonArea

const OPTIONS = ['dataset', 'forces', 'area', 'since', 'until', 'slices', 'client']
const BATCH_ROWS = 2048
/** The contract of a load that is given none. */
export const API_CONTRACT: ContractMode = 'evolve'

/**
 * The UK Police API as a source. One slice is one force (or area) and month; oldest month first.
 *
 * Crimes and outcomes have no route by force: the area of a force, which is the union of its
 * neighbourhoods, is asked for in tiles, and crimes without a place by force. So rows along a border
 * can appear under both forces, told apart by `id`; outcomes without a place are not published.
 *
 * The rows of a slice are held in memory and sorted, so that the same answer in another order is
 * the same load.
 *
 * @throws {OptionError} OPTION_UNKNOWN, OPTION_INVALID, OPTION_CONFLICT at once; OPTION_CONFLICT when
 *   loading an area that is in with another shape
 * @throws {UkPoliceError} when loading, whatever the client throws
 */
export function ukpoliceApi(options: UkPoliceApiOptions): Source {
  rejectUnknownOptions('ukpoliceApi', options, OPTIONS)
  const { dataset, area, forces } = options
  if (!UKPOLICE_DATASETS.includes(dataset)) {
    throw new OptionError(
      'OPTION_INVALID',
      `option "dataset" is ${String(dataset)}; expected ${UKPOLICE_DATASETS.join(', ')}`,
      { option: 'dataset' },
    )
  }
  if (area !== undefined && forces !== undefined) {
    throw new OptionError('OPTION_CONFLICT', 'give either forces or an area, not both', {
      option: 'area',
    })
  }
  if (area !== undefined && !/^[a-z0-9][a-z0-9._-]*$/i.test(area.name)) {
    throw new OptionError(
      'OPTION_INVALID',
      `the area's name is "${area.name}"; expected letters, digits, dots, hyphens and underscores`,
      { option: 'area' },
    )
  }
  const rowTable = apiTable(dataset, area !== undefined)
  return {
    kind: apiKind(dataset, area !== undefined),
    name: 'data.police.uk',
    async *slices({ signal }) {
      const call = signal === undefined ? {} : { signal }
      const client = options.client ?? createClient()
      const lastUpdated = await client.availability.lastUpdated(call)
      const service = new Service(client, area?.within ?? null, lastUpdated)
      const slices = options.slices ?? (await listSlices(service.client, options, signal))
      if (area === undefined) {
        const state = { checked: lastUpdated }
        for (const slice of slices) yield sliceOf(service, rowTable, dataset, slice, state)
        return
      }
      const sha256 = areaSha256(area.within as PolygonInput)
      const { datasets = [dataset], months = slices.map(({ month }) => month) } = area.anew ?? {}
      const state = { checked: lastUpdated, areaSha256: sha256 }
      for (const slice of slices) {
        const shaped = { name: slice.force, sha256, datasets, months }
        yield {
          ...sliceOf(service, rowTable, dataset, slice, state),
          requireFit: (current, settings) => requireSameShape(shaped, current, settings),
        }
      }
    },
  }
}

async function listSlices(
  client: PoliceClient,
  options: UkPoliceApiOptions,
  signal: AbortSignal | undefined,
): Promise<readonly ForceMonth[]> {
  const { dataset, area, forces, since, until } = options
  const { published } = await planPublished(client, {
    // An area is in nobody's list, so that no month of it can be late.
    dataset: area === undefined ? dataset : 'crimes',
    ...(forces === undefined ? {} : { forces }),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
    ...(signal === undefined ? {} : { signal }),
  })
  if (area === undefined) return published
  return [...new Set(published.map(({ month }) => month))].map((month) => ({
    force: area.name,
    month,
  }))
}

function sliceOf(
  service: Service,
  rowTable: RowTable,
  dataset: UkPoliceDataset,
  { force, month }: ForceMonth,
  state: Readonly<Record<string, string>>,
): SourceSlice {
  const byArea = service.area !== null
  const name = `${dataset} ${byArea ? 'area' : 'force'}=${force} date=${month}`
  return {
    slice: [
      { name: byArea ? 'area' : 'force', type: 'text', value: force },
      { name: 'month', type: 'text', value: month },
    ],
    tables: [rowTable.table],
    provenance: {
      spec: 'data.police.uk',
      specRevision: null,
      producedBy: packageVersion('@ukpolice/client'),
    },
    contract: API_CONTRACT,
    fingerprint: null,
    files: [{ name, sha256: null, byteCount: null }],
    expectedRows: null,
    unreadReason: requestsOf(dataset, byArea),
    state,
    rereadable: true,
    read: (readOptions) =>
      new ApiReading(service, rowTable, dataset, { force, month, name }, readOptions),
  }
}

/** What a dry run would have to ask for. */
function requestsOf(dataset: UkPoliceDataset, byArea: boolean): string {
  if (dataset === 'stops' && !byArea) return 'a load asks for them with 1 request'
  const more = byArea
    ? ''
    : `, after one for each neighbourhood of the force${dataset === 'crimes' ? ', and 1 for crimes without a place' : ''}`
  return `a load asks for them with a request for each tile of the area${more}; how many tiles only the answers tell`
}

/** Areas of forces by client, force and month of last update: each is asked for once. */
const forceAreas = new WeakMap<PoliceClient, Map<string, Promise<ForceOutline>>>()

/** The client, and the outlines to ask it with. */
class Service {
  readonly client: PoliceClient
  /** The area of the caller's own. */
  readonly area: AreaShape | null
  readonly #lastUpdated: Month

  constructor(client: PoliceClient, area: AreaShape | null, lastUpdated: Month) {
    this.client = client
    this.area = area
    this.#lastUpdated = lastUpdated
  }

  async outline(force: string, call: { signal?: AbortSignal }): Promise<ForceOutline> {
    if (this.area !== null) return { within: this.area, withoutBoundary: [] }
    // British Transport Police has no neighbourhoods.
    if (force === 'btp') return { within: null, withoutBoundary: [] }
    const areas = forceAreas.get(this.client) ?? new Map<string, Promise<ForceOutline>>()
    forceAreas.set(this.client, areas)
    const key = `${force} ${this.#lastUpdated}`
    let asked = areas.get(key)
    if (asked === undefined) {
      asked = this.client.neighbourhoods.forceArea(force, call).then((area) => ({
        within: area.coordinates.length === 0 ? null : area,
        withoutBoundary: area.withoutBoundary,
      }))
      areas.set(key, asked)
      asked.catch(() => areas.delete(key))
    }
    return asked
  }
}

function hashOf(lines: readonly string[]): { sha256: string; byteCount: number } {
  const hash = createHash('sha256')
  let byteCount = 0
  for (const line of lines) {
    hash.update(`${line}\n`)
    byteCount += Buffer.byteLength(line) + 1
  }
  return { sha256: hash.digest('hex'), byteCount }
}

interface ForceOutline {
  readonly within: AreaShape | null
  readonly withoutBoundary: readonly string[]
}

/** `name` is that of its answers in the manifest. */
interface NamedSlice extends ForceMonth {
  readonly name: string
}

class ApiReading implements SliceReading {
  readonly #service: Service
  readonly #rowTable: RowTable
  readonly #dataset: UkPoliceDataset
  readonly #slice: NamedSlice
  readonly #signal: AbortSignal | undefined
  readonly #converter: RowConverter
  #done = 0
  #remaining: number | null = null
  #read: Pick<SourceFile, 'sha256' | 'byteCount'> = { sha256: null, byteCount: null }
  #records = 0
  #rows = 0

  constructor(
    service: Service,
    rowTable: RowTable,
    dataset: UkPoliceDataset,
    slice: NamedSlice,
    { signal }: ReadOptions,
  ) {
    this.#service = service
    this.#rowTable = rowTable
    this.#dataset = dataset
    this.#slice = slice
    this.#signal = signal
    this.#converter = rowConverter(rowTable.table, rowTable.columns, rowTable.known)
  }

  progress(): ReadProgress {
    const total = this.#remaining === null ? null : this.#done + this.#remaining
    return { done: this.#done, total, unit: 'requests' }
  }

  accounting(): readonly TableAccounting[] {
    return [
      {
        table: this.#rowTable.table.name,
        records: this.#records,
        rows: this.#rows,
        joined: 0,
        withheld: 0,
        notSelected: 0,
      },
    ]
  }

  files(): readonly SourceFile[] {
    return [{ name: this.#slice.name, ...this.#read }]
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<StageBatch> {
    const table = this.#rowTable.table.name
    const issues: StageIssue[] = []
    const file = `${this.#dataset} ${this.#slice.force} ${this.#slice.month}`
    const answers: object[] = []
    for await (const page of this.#pages(issues, file)) {
      answers.push(...page)
      this.#done++
    }
    this.#records = answers.length
    // Tiles arrive in any order; sorted, equal answers give equal rows under equal numbers.
    const sorted = answers
      .map((answer) => ({ answer, key: JSON.stringify(answer) }))
      .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    this.#read = hashOf(sorted.map(({ key }) => key))
    let rows: StageRow[] = []
    const take = (): StageBatch => {
      const batch: StageBatch = { kind: 'rows', table, rows, issues: issues.splice(0), file }
      this.#rows += rows.length
      rows = []
      return batch
    }
    // Issues of the whole answer go without rows, so that no row is taken for faulty.
    if (issues.length > 0) yield take()
    for (const [index, { answer }] of sorted.entries()) {
      const row = this.#converter.convert(answer, index + 1, { byteOffset: null, file }, issues)
      this.#checkMonth(answer, index + 1, file, issues)
      rows.push(row)
      if (rows.length === BATCH_ROWS) yield take()
    }
    if (rows.length > 0 || issues.length > 0) yield take()
  }

  async *#pages(issues: StageIssue[], file: string): AsyncGenerator<readonly object[]> {
    const { client } = this.#service
    const { force, month } = this.#slice
    const call = this.#signal === undefined ? {} : { signal: this.#signal }
    if (this.#dataset === 'stops' && this.#service.area === null) {
      yield await client.stops.force({ force, month }, call)
      return
    }
    const { within, withoutBoundary } = await this.#service.outline(force, call)
    if (withoutBoundary.length > 0) {
      issues.push({
        code: 'AREA_INCOMPLETE',
        table: this.#rowTable.table.name,
        field: null,
        recordNumber: 1,
        byteOffset: null,
        raw: rawText(`no boundary: ${withoutBoundary.join(', ')}`),
        file,
      })
    }
    if (within !== null) {
      const query = { month, within: within as PolygonInput }
      const pages =
        this.#dataset === 'crimes'
          ? client.crimes.streetTiled(query, call)
          : this.#dataset === 'outcomes'
            ? client.outcomes.atLocationTiled(query, call)
            : client.stops.streetTiled(query, call)
      for await (const page of pages) {
        this.#remaining = page.remainingCellCount
        yield page
      }
    }
    if (this.#dataset === 'crimes' && this.#service.area === null) {
      yield await client.crimes.unplaced({ force, month }, call)
    }
  }

  /** The month has no column of its own, because the slice tells it; so a row that differs is told. */
  #checkMonth(answer: object, recordNumber: number, file: string, issues: StageIssue[]): void {
    const key = this.#rowTable.known[0]
    if (key === undefined) return
    const found = (answer as Record<string, unknown>)[key]
    if (found === this.#slice.month) return
    issues.push({
      code: 'ROW_MONTH',
      table: this.#rowTable.table.name,
      field: key,
      recordNumber,
      byteOffset: null,
      raw: rawText(found),
      file,
    })
  }
}
