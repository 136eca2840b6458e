import { parse } from 'csv-parse/sync'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import path from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  type Archive,
  type ArchiveDataset,
  type ArchiveIssue,
  archiveHeaders,
  type ArchiveReadOptions,
  type ArchiveRow,
  archiveUrl,
  openArchive,
} from '../src/archive/index.js'
import { readCsvRecords } from '../src/archive/csv.js'
import { archiveFiles, generateData, makeZip, type ZipInput } from '../src/testing/index.js'
import { failure, serve, sorted } from './serve.js'
import { filesBelow, recordedFolder } from './shared-data.js'

let directory: string

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'ukpolice-archive-test-'))
})
afterEach(() => rm(directory, { recursive: true, force: true }))

async function store(files: readonly ZipInput[]): Promise<string> {
  const file = path.join(directory, 'archive.zip')
  await writeFile(file, makeZip(files))
  return file
}

async function rowsOf(
  archive: Archive,
  dataset: ArchiveDataset,
  options?: ArchiveReadOptions,
): Promise<ArchiveRow<any>[]> {
  const rows: ArchiveRow<any>[] = []
  for await (const row of archive.rows(dataset, options)) rows.push(row)
  return rows
}

const street = archiveHeaders.street.join(',')
const id = 'ab'.repeat(32)
const name = '2026-08/2026-08-kent-street.csv'

describe('bytes of an archive', () => {
  it('are given as they are read, those of the file alone', async () => {
    const files = archiveFiles(generateData({ crimeCount: 50 }))
    await using archive = await openArchive(await store(files))
    const read = new Map<string, Uint8Array[]>()
    const onBytes: ArchiveReadOptions['onBytes'] = (entry, bytes) => {
      read.set(entry.name, [...(read.get(entry.name) ?? []), bytes.slice()])
    }
    await rowsOf(archive, 'street', { onBytes })
    const texts = [...read].map(([name, chunks]) => [name, Buffer.concat(chunks).toString()])
    const wanted = files.filter((file) => file.name.endsWith('-street.csv'))
    expect(Object.fromEntries(texts)).toEqual(
      Object.fromEntries(wanted.map((file) => [file.name, Buffer.from(file.content).toString()])),
    )
  })
})

describe('rows of an archive', () => {
  it('are the rows of the API, as far as the files go', async () => {
    const data = generateData({ crimeCount: 500 })
    await using archive = await openArchive(await store(archiveFiles(data)))
    const noId = (location: any) =>
      location && { ...location, street: { ...location.street, id: null } }

    const crimes = (await rowsOf(archive, 'street')).map(({ row, force }) => {
      const { reported_by, falls_within, lsoa_code, lsoa_name, ...crime } = row
      expect([reported_by, lsoa_code === null]).toEqual([falls_within, row.location === null])
      expect(lsoa_name === null || lsoa_name === 'Town, The 001A').toBe(true)
      return { force, row: crime }
    })
    const wantedCrimes = (data.crimes ?? []).map(({ force, row }) => ({
      force,
      row: {
        category: row.category,
        persistent_id: row.persistent_id,
        id: null,
        month: row.month,
        location: noId(row.location),
        location_type: row.location_type,
        location_subtype: '',
        context: '',
        outcome_status: row.outcome_status && { ...row.outcome_status, date: null },
      },
    }))
    const keysSorted = (value: any): any =>
      value && typeof value === 'object'
        ? Object.fromEntries(
            Object.entries(value)
              .sort()
              .map(([key, part]) => [key, keysSorted(part)]),
          )
        : value
    const ordered = (rows: any[]) => sorted(rows.map(keysSorted))
    expect(ordered(crimes)).toEqual(ordered(wantedCrimes))

    const outcomes = await rowsOf(archive, 'outcomes')
    expect(
      outcomes.map(({ row }) => [row.category.code, row.date, row.crime.persistent_id]).sort(),
    ).toEqual(
      (data.outcomes ?? [])
        .map(({ row }) => [row.category.code, row.date, row.crime.persistent_id])
        .sort(),
    )

    const stops = (await rowsOf(archive, 'stop-and-search')).map(({ row, force }) => ({
      force,
      row,
    }))
    const wantedStops = (data.stops ?? []).map(({ force, row }) => ({
      force,
      row: { ...row, location: row.location && { ...row.location, street: null } },
    }))
    expect(ordered(stops)).toEqual(ordered(wantedStops))
  })

  it('say where they come from', async () => {
    const text = `${street}\n${id},2026-08,Kent Police,Kent Police,1.1,51.2,On or near Dŵr Road,E01,"A, B 1",Drugs,,\n,2026-08,Kent Police,Kent Police,,,No Location,,,Anti-social behaviour,,\n`
    await using archive = await openArchive(await store([{ name, content: text }]))
    const [first, second] = await rowsOf(archive, 'street', { strict: true })
    expect(first).toMatchObject({
      entry: name,
      force: 'kent',
      month: '2026-08',
      rowNumber: 1,
      lineNumber: 2,
      byteOffset: street.length + 1,
    })
    expect(first?.row.lsoa_name).toBe('A, B 1')
    expect(first?.cells[8]).toBe('A, B 1')
    expect(second).toMatchObject({ rowNumber: 2, lineNumber: 3 })
    const bytes = Buffer.from(text)
    expect(bytes.subarray(second?.byteOffset).toString()).toMatch(/^,2026-08,Kent/)
    expect(second?.row).toMatchObject({ persistent_id: '', location: null, location_type: null })
  })

  it('keep equal rows apart and read both spellings of a missing place', async () => {
    const row = `${id},2026-08,K,K,,,No location,,,Suspect charged`
    const content = `${archiveHeaders.outcomes.join(',')}\n${row}\n${row}\n${row}\n`
    const file = await store([{ name: '2026-08/2026-08-kent-outcomes.csv', content }])
    await using archive = await openArchive(file)
    const rows = await rowsOf(archive, 'outcomes', { strict: true })
    expect(rows.map(({ row }) => [row.category.code, row.crime.location])).toEqual(
      Array(3).fill(['charged', null]),
    )
  })

  it('come from the chosen forces and months only, the rest is not unpacked', async () => {
    const data = generateData({ monthCount: 4, forces: ['kent', 'essex', 'dorset'] })
    const files = archiveFiles(data).map((file) => {
      // What is not asked for is damaged, so reading it would end in an error.
      const wanted = file.name.includes('essex') && /2026-0[67]/.test(file.name)
      return wanted ? file : { ...file, content: 'damaged' }
    })
    await using archive = await openArchive(await store(files))
    const options = { forces: ['essex'], since: '2026-06', until: '2026-07' }
    const rows = await rowsOf(archive, 'street', options)
    expect(new Set(rows.map(({ force, month }) => `${force} ${month}`))).toEqual(
      new Set(['essex 2026-06', 'essex 2026-07']),
    )
    const months = await rowsOf(archive, 'street', { forces: ['essex'], months: ['2026-07'] })
    expect(months.length).toBe(rows.filter(({ month }) => month === '2026-07').length)
    expect(archive.select('street', { forces: ['nowhere'] })).toEqual([])
    const slips: [ArchiveReadOptions, string][] = [
      [{ forces: 'essex' as any }, 'OPTION_INVALID'],
      [{ months: '2026-07' as any }, 'OPTION_INVALID'],
      [{ since: '2026-07', until: '2026-06' }, 'OPTION_BAD_MONTH'],
    ]
    for (const [slip, code] of slips) {
      expect(() => archive.select('street', slip)).toThrow(expect.objectContaining({ code }))
    }
    expect((await failure(rowsOf(archive, 'street', { forces: ['kent'] }))).code).toBe(
      'ARCHIVE_HEADER',
    )
  })

  it('list what is there, with what is known to be missing', async () => {
    const files = [
      { name: '2026-08/', content: '' },
      { name: '2026-08/2026-08-greater-manchester-street.csv', content: `${street}\n` },
      { name: '2026-08/2026-08-btp-street.csv', content: `${street}\n` },
      { name: 'readme.txt', content: 'x' },
    ]
    await using archive = await openArchive(await store(files))
    expect(archive.entries.map(({ force, coverage }) => [force, coverage[0]?.id])).toEqual([
      ['btp', 'btp-stations'],
      ['greater-manchester', 'greater-manchester-none'],
    ])
    expect(archive.otherNames).toEqual(['readme.txt'])
    expect(await rowsOf(archive, 'street')).toEqual([])
  })
})

describe('faults in the data', () => {
  const good = `${id},2026-08,K,K,1.1,51.2,On or near X,E01,A 1,Drugs,,`
  const read = async (lines: string[], options: ArchiveReadOptions = {}) => {
    const content = Buffer.from(`${[street, ...lines].join('\n')}\n`, 'latin1')
    await using archive = await openArchive(await store([{ name, content }]))
    const issues: ArchiveIssue[] = []
    const rows = await rowsOf(archive, 'street', {
      ...options,
      onIssue: (issue) => issues.push(issue),
    })
    return { rows, issues }
  }

  it('are issues with a position, and every row is counted', async () => {
    const { rows, issues } = await read([
      good,
      'too,few',
      good.replace('Drugs', 'Piracy'),
      good.replace('2026-08', '2026-07'),
      good.replace('51.2', 'north'),
      `${good},extra`,
      good.replace('X', 'D\xfbr'),
      good,
    ])
    expect(rows.map(({ rowNumber }) => rowNumber)).toEqual([1, 3, 4, 5, 7, 8])
    expect(issues.map(({ code, lineNumber, withheld }) => [code, lineNumber, withheld])).toEqual([
      ['ROW_CELL_COUNT', 3, true],
      ['ROW_UNKNOWN_WORD', 4, false],
      ['ROW_MONTH', 5, false],
      ['ROW_PLACE', 6, false],
      ['ROW_PLACE', 6, false],
      ['ROW_CELL_COUNT', 7, true],
      ['ROW_ENCODING', 8, false],
    ])
    expect(rows[1]?.row.category).toBe('piracy')
    expect(rows[3]?.row.location).toBeNull()
    expect(rows[4]?.row.location.street.name).toBe('On or near D\uFFFDr')
  })

  it('end the reading in strict mode, with the line', async () => {
    const error = await failure(read([good, good.replace('Drugs', 'Piracy')], { strict: true }))
    expect(error).toMatchObject({ name: 'ArchiveError', code: 'ARCHIVE_ROW' })
    expect(error.message).toContain('line 3: ROW_UNKNOWN_WORD in Crime type, found "Piracy"')
  })

  it('of one stray quote cost one row, not the rest of the file', async () => {
    const lines = Array<string>(40).fill(good)
    lines[5] = good.replace('X', '"X')
    const { rows, issues } = await read(lines)
    expect(issues.map(({ code, lineNumber }) => [code, lineNumber])).toEqual([['ROW_QUOTES', 7]])
    expect(rows).toHaveLength(39)
    expect(rows.at(-1)).toMatchObject({ rowNumber: 40, lineNumber: 41 })
  })

  it('of a quoted line break and of CR LF are none', async () => {
    const { rows, issues } = await read([`${good}"two\nlines"\r`, `${good}\r`, '', good])
    expect(issues).toEqual([])
    expect(rows.map(({ row, lineNumber }) => [row.context, lineNumber])).toEqual([
      ['two\nlines', 2],
      ['', 4],
      ['', 6],
    ])
  })

  it('random bytes neither hang nor lose a row', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('a', ',', '"', '\n', '\r', 'é', good, 'No Location'), {
          maxLength: 60,
        }),
        fc.integer({ min: 1, max: 50 }),
        async (parts, size) => {
          const bytes = Buffer.from(parts.join(''))
          const chunked = async function* () {
            for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
          }
          const whole = async function* () {
            yield bytes
          }
          const collect = async (source: AsyncIterable<Uint8Array>) => {
            const all = []
            for await (const records of readCsvRecords(source)) all.push(...records)
            return all
          }
          const records = await collect(chunked())
          expect(records).toEqual(await collect(whole()))
          expect(records.map(({ recordNumber }) => recordNumber)).toEqual(
            records.map((_, i) => i + 1),
          )
          const lines = parts
            .join('')
            .split('\n')
            .filter((line) => line.replace(/\r$/, '') !== '')
          expect(records.length).toBeLessThanOrEqual(lines.length)
          const quotes = parts.filter((part) => part === '"').length
          if (quotes === 0) expect(records).toHaveLength(lines.length)
        },
      ),
      { numRuns: 300 },
    )
  })
})

describe('archives that are not right', () => {
  const files = archiveFiles(generateData({ crimeCount: 2000, forces: ['kent'], monthCount: 1 }))

  it('end in an error that says what is wrong', async () => {
    expect(await failure(openArchive(path.join(directory, 'none.zip')))).toMatchObject({
      code: 'ARCHIVE_NOT_READABLE',
    })
    expect(await failure(openArchive(directory))).toMatchObject({ code: 'ARCHIVE_NOT_READABLE' })
    const file = await store(files)
    const bytes = await readFile(file)
    for (const cut of [0, 10, bytes.length >> 1, bytes.length - 1]) {
      await writeFile(file, bytes.subarray(0, cut))
      expect(await failure(openArchive(file))).toMatchObject({ code: 'ARCHIVE_NOT_A_ZIP' })
    }
    await writeFile(file, 'this is not a zip')
    expect((await failure(openArchive(file))).message).toContain(file)
    await expect(openArchive('http://data.police.uk/data/archive/latest.zip')).rejects.toThrow(
      /https/,
    )
    await expect(openArchive(file, { timeout: 1 } as object)).rejects.toThrow(/no key "timeout"/)
  })

  it('are not even looked at with options that cannot be', async () => {
    const { server } = await serve({ archives: { latest: makeZip(files) } })
    for (const place of [`${server.archiveUrl}/latest.zip`, path.join(directory, 'none.zip')]) {
      for (const timeoutMs of [0, -1, NaN, Infinity, 2 ** 31, '9' as any, 9n as any]) {
        const error = await failure(openArchive(place, { timeoutMs }))
        expect(error).toMatchObject({ code: 'OPTION_INVALID', context: { option: 'timeoutMs' } })
      }
      for (const retryLimit of [-1, 0.5, NaN, Infinity, '9' as any, 9n as any]) {
        const error = await failure(openArchive(place, { retryLimit }))
        expect(error).toMatchObject({ code: 'OPTION_INVALID', context: { option: 'retryLimit' } })
      }
    }
    expect(server.requests).toEqual([])
  })

  it('never pass a damaged file off as a whole one', async () => {
    const file = await store(files)
    const bytes = await readFile(file)
    let damagedCount = 0
    for (let at = 40; at < 4000; at += 397) {
      const copy = Buffer.from(bytes)
      copy[at] = (copy[at] as number) ^ 0x5a
      await writeFile(file, copy)
      const error = await openArchive(file)
        .then((archive) => rowsOf(archive, 'street'))
        .then(
          () => undefined,
          (caught: unknown) => caught as { code: string },
        )
      if (error) damagedCount += 1
      expect(error?.code ?? 'ARCHIVE_DAMAGED').toMatch(/^ARCHIVE_/)
    }
    expect(damagedCount).toBeGreaterThan(8)
  })

  it('with a header of another layout are refused', async () => {
    const file = await store([{ name, content: 'Crime ID,Month\n' }])
    await using archive = await openArchive(file)
    const error = await failure(rowsOf(archive, 'street'))
    expect(error).toMatchObject({ code: 'ARCHIVE_HEADER' })
    expect(error.message).toContain('"Crime ID,Month"')
  })
})

describe('an archive at an address', () => {
  const data = generateData({ crimeCount: 3000, monthCount: 2, forces: ['kent', 'essex'] })
  const zip = makeZip(archiveFiles(data))
  const count = (force: string) => data.crimes?.filter((crime) => crime.force === force).length

  it('is read in ranges: the list first, then the chosen files only', async () => {
    const { server } = await serve({ archives: { '2026-08': zip } })
    await using archive = await openArchive(`${server.archiveUrl}/2026-08.zip`)
    const rows = await rowsOf(archive, 'street', { forces: ['kent'] })
    expect(rows).toHaveLength(count('kent') ?? -1)
    expect(server.requests.map(({ status }) => status)).toEqual([206, 206, 206, 206])
    const bytes = server.requests.map(({ headers }) => {
      const [, start, end] = /(\d+)-(\d+)/.exec(headers.range ?? '') ?? []
      return Number(end) - Number(start) + 1
    })
    expect(bytes.reduce((sum, value) => sum + value, 0)).toBeLessThan(zip.length)
  })

  it('is stored first where the server has no ranges, and removed after', async () => {
    const { server } = await serve({ archives: { latest: zip }, ranges: false })
    const before = (await readdir(tmpdir())).filter((file) => file.startsWith('ukpolice-archive-'))
    const archive = await openArchive(new URL(`${server.archiveUrl}/latest.zip`))
    expect(await rowsOf(archive, 'street', { forces: ['essex'] })).toHaveLength(
      count('essex') ?? -1,
    )
    await archive.close()
    const after = (await readdir(tmpdir())).filter((file) => file.startsWith('ukpolice-archive-'))
    expect(after.filter((file) => !before.includes(file))).toEqual([])
    expect(server.requests).toHaveLength(1)
  })

  it('is taken up again where the connection was cut', async () => {
    const { server } = await serve({ archives: { latest: zip } })
    const archive = await openArchive(`${server.archiveUrl}/latest.zip`)
    let number = 0
    server.setFault(() => {
      number += 1
      if (number % 3 === 1) return { kind: 'cut' }
      return number % 3 === 2 ? { kind: 'status', status: 503 } : undefined
    })
    expect(await rowsOf(archive, 'street')).toHaveLength(data.crimes?.length ?? -1)
    expect(server.requests.length).toBeGreaterThan(8)
  })

  it('ends in an error when it is missing, stays down or stops sending', async () => {
    const { server } = await serve({ archives: { latest: zip } })
    const url = `${server.archiveUrl}/latest.zip`
    expect(await failure(openArchive(`${server.archiveUrl}/2001-01.zip`))).toMatchObject({
      code: 'ARCHIVE_NOT_READABLE',
    })
    const archive = await openArchive(url, { retryLimit: 1, timeoutMs: 80 })
    server.setFault(() => ({ kind: 'reset' }))
    expect(await failure(rowsOf(archive, 'street'))).toMatchObject({ code: 'CONNECTION_FAILED' })
    server.setFault(() => ({ kind: 'delay', delayMs: 2000 }))
    const slow = await failure(rowsOf(archive, 'street'))
    expect(slow).toMatchObject({ code: 'CONNECTION_FAILED' })
    expect(slow.message).toContain('80 ms')
    await server.close()
    expect(await failure(openArchive(url))).toMatchObject({ name: 'ConnectionError' })
  })

  it('is no longer asked for after an abort or a break', async () => {
    const { server } = await serve({ archives: { latest: zip }, latencyMs: 10 })
    const archive = await openArchive(`${server.archiveUrl}/latest.zip`)
    const stop = new AbortController()
    const reason = new Error('enough')
    const running = failure(rowsOf(archive, 'street', { signal: stop.signal }))
    stop.abort(reason)
    expect(await running).toBe(reason)
    await sleep(50)
    const before = server.requests.length
    for await (const row of archive.rows('street')) {
      expect(row.rowNumber).toBe(1)
      break
    }
    expect(server.requests.length - before).toBeLessThanOrEqual(1)
  })

  it('lies beside the API', async () => {
    const { server } = await serve()
    expect(archiveUrl('2026-08')).toBe('https://data.police.uk/data/archive/2026-08.zip')
    for (const baseUrl of [server.url, `${server.url}/`]) {
      expect(archiveUrl('latest', { baseUrl })).toBe(`${server.archiveUrl}/latest.zip`)
    }
    const proxy = { baseUrl: 'https://proxy.test/police/api' }
    expect(archiveUrl('latest', proxy)).toBe('https://proxy.test/police/data/archive/latest.zip')
    expect(() => archiveUrl('2026-8')).toThrow(/not a month/)
    expect(() => archiveUrl('latest', { baseUrl: 'http://proxy.test/api' })).toThrow(/https/)
    expect(() => archiveUrl('latest', { base: 'x' } as object)).toThrow(/no key "base"/)
  })
})

const folder = recordedFolder()
if (folder) {
  describe('every recorded archive file', () => {
    const root = path.join(folder, 'archive')
    for (const file of filesBelow(root).filter((each) => each.endsWith('.csv'))) {
      it(`${file} is read in full, without an issue, as csv-parse reads it`, async () => {
        const content = readFileSync(path.join(root, file))
        await using archive = await openArchive(await store([{ name: file, content }]))
        const [entry] = archive.entries
        const dataset = entry?.dataset as ArchiveDataset
        const issues: ArchiveIssue[] = []
        const onIssue = (issue: ArchiveIssue) => issues.push(issue)
        const rows = await rowsOf(archive, dataset, { onIssue })
        expect(issues).toEqual([])
        const records = parse(content, { info: true }) as any[]
        expect(rows.map(({ cells }) => cells)).toEqual(records.slice(1).map(({ record }) => record))
        const at = (index: number) => rows[index]?.byteOffset
        // csv-parse gives the end of a record; ours begins where the one before ended.
        for (let index = 0; index < rows.length; index += 997) {
          expect(at(index)).toBe(records[index].info.bytes)
          expect(rows[index]?.lineNumber).toBe(records[index].info.lines + 1)
        }
        const places = rows.filter(({ row }) => (row.crime ?? row).location === null).length
        const lng = archiveHeaders[dataset].indexOf('Longitude')
        expect(places).toBe(records.slice(1).filter(({ record }) => record[lng] === '').length)
      })
    }
  })
}
