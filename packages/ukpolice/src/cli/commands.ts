import { readFile } from 'node:fs/promises'
import { text as readText } from 'node:stream/consumers'
import type { Readable } from 'node:stream'
import { type ArchiveDataset, archiveHeaders, archiveUrl, openArchive } from '../archive/index.js'
import type { GeoJsonArea, LatLng } from '../area.js'
import type { PoliceClient } from '../client.js'
import type { CoverageNote } from '../coverage.js'
import { isMonth, type Month } from '../month.js'
import { type CliOptions, UsageError } from './args.js'
import type { Output } from './output.js'
import {
  columnsOf,
  crimeRecord,
  type FlatRecord,
  type OutRecord,
  outcomeRecord,
  stopRecord,
} from './records.js'

/** What a command works with. */
export interface CommandContext {
  readonly options: CliOptions
  readonly police: PoliceClient
  readonly output: Output
  readonly signal: AbortSignal
  readonly stdin: Readable
  /** A line for people, unless `--quiet`. */
  readonly say: (line: string) => void
  /** A line for people that stands even under `--quiet`. */
  readonly warn: (line: string) => void
}

/** How a command ended. */
export interface CommandEnd {
  /** Months that failed or were not reached, for `--month`. */
  readonly failedMonths: readonly Month[]
}

const complete: CommandEnd = { failedMonths: [] }

/** Runs a command. @throws {UsageError} */
export async function runCommand(context: CommandContext): Promise<CommandEnd> {
  switch (context.options.command) {
    case 'forces':
      return listForces(context)
    case 'neighbourhoods':
      return listNeighbourhoods(context)
    case 'months':
      return listMonths(context)
    case 'archive':
      return readArchive(context)
    default:
      return runOverMonths(context)
  }
}

const plain = (flat: FlatRecord, raw: object = flat): OutRecord => ({ raw, flat, place: null })

async function listForces({ police, output, signal }: CommandContext): Promise<CommandEnd> {
  const forces = await police.forces.list({ signal })
  await output.write(forces.map(({ id, name }) => plain({ id, name })))
  return complete
}

async function listNeighbourhoods(context: CommandContext): Promise<CommandEnd> {
  const { police, output, signal, options } = context
  const [force, id] = options.operands as [string, string | undefined]
  if (id === undefined) {
    const all = await police.neighbourhoods.list(force, { signal })
    await output.write(all.map((each) => plain({ force, id: each.id, name: each.name })))
    return complete
  }
  const [detail, boundary] = await Promise.all([
    police.neighbourhoods.get(force, id, { signal }),
    police.neighbourhoods.boundary(force, id, { signal }),
  ])
  const { latitude, longitude } = detail.centre
  const flat = {
    force,
    id: detail.id,
    name: detail.name,
    population: detail.population ?? null,
    latitude,
    longitude,
  }
  if (options.format === 'geojson') {
    const ring = boundary.map((vertex) => [Number(vertex.longitude), Number(vertex.latitude)])
    await output.write([
      { ...plain(flat), geometry: { type: 'Polygon', coordinates: [closed(ring)] } },
    ])
  } else {
    await output.write([plain(flat, { force, ...detail, boundary })])
  }
  return complete
}

function closed(ring: number[][]): number[][] {
  const [first] = ring
  const last = ring.at(-1)
  if (!first || (last && last[0] === first[0] && last[1] === first[1])) return ring
  return [...ring, first]
}

async function listMonths({ police, output, signal }: CommandContext): Promise<CommandEnd> {
  const months = await police.availability.months({ signal })
  const records: OutRecord[] = []
  for (const month of months) {
    const { published, late } = await police.availability.lateForces(month, { signal })
    records.push(
      plain(
        { month, stop_forces: published.length, late_with_stops: late.join(' ') },
        { month, stop_forces: published, late_with_stops: late },
      ),
    )
  }
  await output.write(records)
  return complete
}

async function readArchive(context: CommandContext): Promise<CommandEnd> {
  const { options, output, signal, say, warn } = context
  const [source] = options.operands as [string]
  const dataset = (options.dataset ?? 'street') as ArchiveDataset
  if (!(dataset in archiveHeaders)) {
    throw new UsageError(
      `there is no data set "${dataset}"; use street, outcomes or stop-and-search`,
    )
  }
  const named = source === 'latest' || isMonth(source)
  const place = named ? archiveUrl(source, { baseUrl: options.baseUrl }) : source
  await using archive = await openArchive(place, { signal, timeoutMs: options.timeoutMs })
  const filter = {
    ...(options.policeForces.length > 0 ? { forces: options.policeForces } : {}),
    ...(options.months.length > 0 ? { months: options.months } : {}),
    since: options.since,
    until: options.until,
    signal,
  }
  if (options.list) {
    const kinds = options.dataset ? [dataset] : (Object.keys(archiveHeaders) as ArchiveDataset[])
    const entries = kinds.flatMap((kind) => archive.select(kind, filter))
    await output.write(
      entries.map(({ name, month, force, dataset: kind, size }) =>
        plain({ name, month, force, dataset: kind, bytes: size }),
      ),
    )
    return complete
  }
  const entries = archive.select(dataset, filter)
  if (entries.length === 0) {
    throw new UsageError(
      `${source} has no ${dataset} file for that; "ukpolice archive ${source} --list" shows what it has`,
    )
  }
  for (const force of options.policeForces) {
    if (entries.some((entry) => entry.force === force)) continue
    warn(`${source} has no ${dataset} file of the force "${force}" for that`)
  }
  for (const month of options.months) {
    if (entries.some((entry) => entry.month === month)) continue
    warn(`${source} has no ${dataset} file of ${month} for that`)
  }
  sayCoverage(
    entries.flatMap((entry) => entry.coverage),
    say,
  )
  let issueCount = 0
  const record = (row: unknown, origin: FlatRecord): OutRecord =>
    dataset === 'street'
      ? crimeRecord(row as Parameters<typeof crimeRecord>[0], origin)
      : dataset === 'outcomes'
        ? outcomeRecord(row as Parameters<typeof outcomeRecord>[0], origin)
        : stopRecord(row as Parameters<typeof stopRecord>[0], origin)
  const batches = archive.batches(dataset, {
    ...filter,
    strict: options.strict,
    onIssue: ({ code, entry, lineNumber, field, value, withheld }) => {
      issueCount += 1
      if (issueCount > 20) return
      warn(
        `${entry}, line ${lineNumber}: ${code}${field ? ` in ${field}` : ''}, "${value}"${withheld ? '; the row is left out' : ''}`,
      )
    },
  })
  for await (const { entry, rows } of batches) {
    const { month, force } = entry
    await output.write(rows.map(({ row }) => record(row, { month, force })))
  }
  const kind = dataset === 'street' ? 'crimes' : dataset === 'outcomes' ? 'outcomes' : 'stops'
  await output.nameColumns(columnsOf(kind, { month: '', force: '' }, 'archive'))
  if (issueCount > 20) warn(`… and ${issueCount - 20} more issues`)
  return complete
}

async function runOverMonths(context: CommandContext): Promise<CommandEnd> {
  const { options, police, output, signal, say, warn } = context
  const fetchMonth = await monthFetcher(context)
  const range =
    options.months.length > 0
      ? { months: options.months }
      : options.since
        ? { since: options.since, until: options.until }
        : { months: (await police.availability.months({ signal })).slice(-1) }
  const run = police.months(range, fetchMonth, { signal })
  const notes: CoverageNote[] = []
  for await (const result of run) {
    if (result.status === 'unpublished') {
      const why = {
        'before-window': 'the API no longer reaches back that far, use "ukpolice archive"',
        'after-newest': 'not published yet',
        'not-listed': 'the service does not list it',
      }
      warn(`${result.month}: skipped, ${why[result.reason]}`)
    } else if (result.status === 'failed') {
      warn(`${result.month}: failed, ${result.error.message}`)
    } else {
      const { records, coverage, remark } = result.value
      await output.write(records)
      notes.push(...coverage)
      const { doneCount, totalCount } = run.progress
      say(`${result.month}: ${records.length} rows${remark} (${doneCount} of ${totalCount} months)`)
    }
  }
  await output.nameColumns(
    columnsOf(options.command as 'crimes' | 'outcomes' | 'stops', { month: '' }, 'api'),
  )
  sayCoverage(notes, say)
  return { failedMonths: run.remaining }
}

interface FetchedMonth {
  readonly records: readonly OutRecord[]
  readonly coverage: readonly CoverageNote[]
  readonly remark: string
}

type FetchMonth = (month: Month, signal: AbortSignal | undefined) => Promise<FetchedMonth>

async function monthFetcher(context: CommandContext): Promise<FetchMonth> {
  const { options, police } = context
  const { command, category } = options
  const area = await readArea(context)
  const [force] = options.policeForces
  if (area.kind === 'location' && category !== undefined) {
    throw new UsageError('--category does not go with --location; the service has no such choice')
  }
  const collect = (
    rows: readonly object[] & { readonly coverage: readonly CoverageNote[] },
    month: Month,
    remark = '',
  ): FetchedMonth => ({
    records: rows.map((row) =>
      command === 'crimes'
        ? crimeRecord(row as Parameters<typeof crimeRecord>[0], { month })
        : command === 'outcomes'
          ? outcomeRecord(row as Parameters<typeof outcomeRecord>[0], { month })
          : stopRecord(row as Parameters<typeof stopRecord>[0], { month }),
    ),
    coverage: rows.coverage,
    remark,
  })

  return async (month, signal) => {
    const call = { signal }
    if (command === 'crimes') {
      const crimes = { month, category }
      if (area.kind === 'force') {
        return collect(await police.crimes.unplaced({ ...crimes, force: force ?? '' }, call), month)
      }
      if (area.kind === 'within') {
        return collect(
          await police.crimes.streetAll({ ...crimes, within: area.within }, call),
          month,
        )
      }
      return area.kind === 'at'
        ? collect(await police.crimes.street({ ...crimes, at: area.at }, call), month)
        : collect(await police.crimes.atLocation({ month, location: area.location }, call), month)
    }
    if (command === 'outcomes') {
      if (area.kind === 'within') {
        const { within } = area
        return collect(await police.outcomes.atLocationAll({ month, within }, call), month)
      }
      if (area.kind === 'force') throw new UsageError('"outcomes" does not take --police-force')
      return area.kind === 'at'
        ? collect(await police.outcomes.atLocation({ month, at: area.at }, call), month)
        : collect(await police.outcomes.atLocation({ month, location: area.location }, call), month)
    }
    if (area.kind === 'force') {
      const stops = await police.stops.force({ month, force: force ?? '' }, call)
      const remark = stops.published ? '' : `, ${force} has not published this month`
      return collect(stops, month, remark)
    }
    if (area.kind === 'within') {
      return collect(await police.stops.streetAll({ month, within: area.within }, call), month)
    }
    return area.kind === 'at'
      ? collect(await police.stops.street({ month, at: area.at }, call), month)
      : collect(await police.stops.atLocation({ month, location: area.location }, call), month)
  }
}

type Area =
  | { readonly kind: 'within'; readonly within: GeoJsonArea }
  | { readonly kind: 'at'; readonly at: LatLng }
  | { readonly kind: 'location'; readonly location: number }
  | { readonly kind: 'force' }

async function readArea({ options, stdin }: CommandContext): Promise<Area> {
  const { command, within, at, location, policeForces } = options
  const given = [within, at, location, policeForces[0]].filter((value) => value !== undefined)
  if (given.length !== 1 || policeForces.length > 1) {
    const choices = ['--within', '--at', '--location']
    if (command !== 'outcomes') choices.push('--police-force')
    throw new UsageError(`"${command}" takes exactly one of ${choices.join(', ')}`)
  }
  if (at !== undefined) {
    const [lat, lng, ...rest] = at
      .split(',')
      .map((part) => (part.trim() === '' ? NaN : Number(part)))
    if (lat === undefined || lng === undefined || rest.length > 0) {
      throw new UsageError(`--at ${at} is not a point; write it as 52.63,-1.13`)
    }
    return { kind: 'at', at: { lat, lng } }
  }
  if (location !== undefined) return { kind: 'location', location: Number(location) }
  if (within === undefined) return { kind: 'force' }
  let text: string
  try {
    text = within === '-' ? await readText(stdin) : await readFile(within, 'utf8')
  } catch (error) {
    throw new UsageError(`cannot read ${within}: ${(error as Error).message}`, { cause: error })
  }
  try {
    return { kind: 'within', within: JSON.parse(text.replace(/^\uFEFF/, '')) as GeoJsonArea }
  } catch (error) {
    throw new UsageError(`${within} is not GeoJSON: ${(error as Error).message}`, { cause: error })
  }
}

function sayCoverage(notes: readonly CoverageNote[], say: (line: string) => void): void {
  for (const note of new Map(notes.map((each) => [each.id, each])).values()) {
    say(`note: ${note.text} (known on ${note.knownOn})`)
  }
}
