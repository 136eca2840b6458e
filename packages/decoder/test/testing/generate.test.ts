import { describe, expect, test } from 'vitest'
import type { CellValue } from '../../src/batch.js'
import type { OptionError } from '../../src/errors.js'
import type { FieldSpec } from '../../src/spec/types.js'
import {
  generateMasterFile,
  type GeneratedTruth,
  type GenerateOptions,
  generateTruth,
} from '../../src/testing/index.js'

async function bytesOf(options: GenerateOptions): Promise<Buffer> {
  return Buffer.concat([...(await generateMasterFile(options))])
}

function linesOf(truth: GeneratedTruth): string[] {
  return Buffer.from(truth.bytes).toString('latin1').split('\n').slice(0, -1)
}

/** Rows of a segment as objects. */
function rowsOf(truth: GeneratedTruth, segment: string): Record<string, CellValue>[] {
  const table = truth.spec.tables.find(({ name }) => name === segment)!
  return truth.rows
    .get(segment)!
    .map(({ values }) =>
      Object.fromEntries(table.columns.map((column, index) => [column.name, values[index]!])),
    )
}

describe('the bytes', () => {
  test('are the same for the same options, and others for another seed', async () => {
    const options = { year: 2016, records: 2000, seed: 7, faults: { rate: 0.05 } }
    const first = await bytesOf(options)
    expect((await bytesOf(options)).equals(first)).toBe(true)
    expect((await bytesOf({ ...options, seed: 8 })).equals(first)).toBe(false)
  })

  test('do not depend on the chunk size, nor on whether truth is kept', async () => {
    const options: GenerateOptions = { year: 2001, records: 1500, seed: 3, finalNewline: false }
    const whole = await bytesOf(options)
    expect((await bytesOf({ ...options, chunkBytes: 1 })).equals(whole)).toBe(true)
    expect((await bytesOf({ ...options, chunkBytes: 5000 })).equals(whole)).toBe(true)
    expect(Buffer.from((await generateTruth(options)).bytes).equals(whole)).toBe(true)
  })

  test('can be iterated over once', async () => {
    const file = await generateMasterFile({ year: 2022, records: 100 })
    expect([...file]).toHaveLength(1)
    expect(() => [...file]).toThrow(TypeError)
  })

  test('hold exactly as many records as asked for', async () => {
    for (const year of [1991, 2012, 2013, 2025]) {
      for (const records of [1, 2, 3, 4, 5, 17, 60, 999]) {
        const { bytes, manifest } = await generateTruth({ year, records, seed: records })
        expect(manifest.records).toBe(records)
        expect(Buffer.from(bytes).toString('latin1').split('\n')).toHaveLength(records + 1)
      }
    }
  })

  test('end lines as asked', async () => {
    const base = { year: 2022, records: 500, seed: 2 }
    const lf = (await bytesOf(base)).toString('latin1')
    const crlf = (await bytesOf({ ...base, lineEnd: 'crlf' })).toString('latin1')
    expect(lf).not.toContain('\r')
    expect(crlf).toBe(lf.replaceAll('\n', '\r\n'))
    const mixed = (await bytesOf({ ...base, lineEnd: 'mixed' })).toString('latin1')
    expect(mixed.replaceAll('\r', '')).toBe(lf)
    expect(mixed).toMatch(/[^\r]\n/)
    expect(mixed).toContain('\r\n')
    const open = (await bytesOf({ ...base, finalNewline: false, endMark: true })).toString('latin1')
    expect(open).toBe(`${lf.slice(0, -1)}\u001a`)
  })

  test('keep, cut or pad trailing blanks as asked', async () => {
    const base = { year: 2010, records: 500, seed: 2 }
    const kept = linesOf(await generateTruth(base))
    const cut = linesOf(await generateTruth({ ...base, trim: 'all' }))
    expect(cut).toEqual(kept.map((line) => line.replace(/ +$/, '')))
    const some = linesOf(await generateTruth({ ...base, trim: 'some' }))
    const whole = some.filter((line, index) => line === kept[index]).length
    expect(whole).toBeGreaterThan(150)
    expect(whole).toBeLessThan(400)
    const padded = linesOf(await generateTruth({ ...base, padTo: 132 }))
    expect(padded).toEqual(kept.map((line) => line.padEnd(132)))
  })

  test('have the optional tails only where asked for', async () => {
    const base = { year: 2016, records: 2000, seed: 4 }
    const offenses = (lines: string[]): Set<number> =>
      new Set(lines.filter((line) => line.startsWith('02')).map((line) => line.length))
    expect(offenses(linesOf(await generateTruth(base)))).toEqual(new Set([59]))
    const truth = await generateTruth({ ...base, tails: true })
    expect(offenses(linesOf(truth))).toEqual(new Set([59, 67]))
    expect(rowsOf(truth, 'offense').some((row) => row['bias_motivation_2'] !== null)).toBe(true)
  })

  test('have a realistic share of each segment', async () => {
    const file = await generateMasterFile({ year: 2022, records: 200_000 })
    for (const chunk of file) void chunk
    const { rows, records } = file.manifest
    const wanted: Record<string, [number, number]> = {
      batch_header: [0.0004, 0.0007],
      administrative: [0.155, 0.185],
      offense: [0.17, 0.2],
      property: [0.165, 0.21],
      victim: [0.175, 0.205],
      offender: [0.165, 0.195],
      arrestee: [0.04, 0.06],
      group_b_arrest: [0.033, 0.047],
      window_clearance: [0.0002, 0.002],
      window_property: [0.0002, 0.002],
      window_arrestee: [0.0002, 0.002],
    }
    for (const [segment, [low, high]] of Object.entries(wanted)) {
      expect([segment, rows[segment]! / records > low, rows[segment]! / records < high]).toEqual([
        segment,
        true,
        true,
      ])
    }
  })
})

describe('the quirks of the years', () => {
  const headers = (truth: GeneratedTruth): string[] =>
    linesOf(truth).filter((line) => line.startsWith('B'))

  test.each([
    [1991, '\0'.repeat(12)],
    [2016, '\0'.repeat(12)],
    [2018, ' '.repeat(12)],
    [2020, '0'.repeat(12)],
    [2025, '0'.repeat(12)],
  ])('headers of %i carry their filler', async (year, filler) => {
    const lines = headers(await generateTruth({ year, records: 400 }))
    expect(lines.length).toBeGreaterThan(3)
    expect(new Set(lines.map((line) => line.slice(13, 25)))).toEqual(new Set([filler]))
  })

  test('month flags are Y or blank, and Y or N from 2020', async () => {
    const flags = async (year: number): Promise<Set<CellValue>> => {
      const rows = rowsOf(await generateTruth({ year, records: 400 }), 'batch_header')
      return new Set(rows.flatMap((row) => [row['july_zero_report']!, row['july_group_ab']!]))
    }
    expect(await flags(2019)).toEqual(new Set([true, null]))
    expect(await flags(2020)).toEqual(new Set([true, false]))
  })

  test('numbers are scrambled through 2020, with blanks in front and inside, and plain later', async () => {
    const numbers = async (year: number): Promise<string[]> =>
      rowsOf(await generateTruth({ year, records: 5000 }), 'administrative').map(
        (row) => row['incident_number'] as string,
      )
    const scrambled = await numbers(2020)
    expect(scrambled.some((number) => number.startsWith(' '))).toBe(true)
    expect(scrambled.some((number) => number.endsWith(' '))).toBe(true)
    expect(scrambled.some((number) => /\S +\S/.test(number))).toBe(true)
    expect(scrambled.every((number) => number.length === 12)).toBe(true)
    const plain = await numbers(2021)
    expect(plain.every((number) => /^[0-9A-F-]+ *$/.test(number))).toBe(true)
    expect(plain.some((number) => number.startsWith('2021-'))).toBe(true)
  })

  test('headers are in three parts through 2012, now and then repeated', async () => {
    const truth = await generateTruth({ year: 2012, records: 3000, repeatedHeaders: 0.5 })
    const levels = headers(truth).map((line) => line.slice(0, 2))
    expect(levels.length % 3).toBe(0)
    for (let i = 0; i < levels.length; i += 3) {
      expect(levels.slice(i, i + 3)).toEqual(['B1', 'B2', 'B3'])
    }
    const oris = rowsOf(truth, 'batch_header').map((row) => row['ori'])
    expect(oris.length - new Set(oris).size).toBe(truth.manifest.issues['HEADER_REPEATED'])
    expect(truth.manifest.issues['HEADER_REPEATED']).toBeGreaterThan(0)
  })

  test('the file of 2000 lacks current populations', async () => {
    const populations = rowsOf(await generateTruth({ year: 2000, records: 400 }), 'batch_header')
    expect(populations.every((row) => row['current_population_1'] === null)).toBe(true)
    expect(populations.some((row) => (row['last_population_1'] as number) > 0)).toBe(true)
  })

  test("Vermont's arrestees of 2015 are one character wider, and no others", async () => {
    for (const year of [2014, 2015, 2016]) {
      const truth = await generateTruth({ year, records: 8000, seed: 6 })
      const lengths = (vermont: boolean): Set<number> =>
        new Set(
          linesOf(truth)
            .filter((line) => line.startsWith('06') && (line.slice(2, 4) === '44') === vermont)
            .map((line) => line.length),
        )
      expect(lengths(false)).toEqual(new Set([73]))
      if (year === 2015) expect(lengths(true)).toEqual(new Set([74]))
      else expect(lengths(true).has(74)).toBe(false)
    }
  })

  test('there are agencies without data, agencies in several counties, and bytes above 0x7F', async () => {
    const truth = await generateTruth({ year: 2017, records: 300_000, seed: 1 })
    const lines = linesOf(truth)
    const followed = lines.filter(
      (line, index) => line.startsWith('BH') && lines[index + 1]?.startsWith('BH'),
    )
    expect(followed.length).toBeGreaterThan(5)
    const rows = rowsOf(truth, 'batch_header')
    expect(rows.some((row) => (row['current_population_5'] as number) > 0)).toBe(true)
    expect(rows.some((row) => /[\u0080-\u00ff]/.test(row['city_name'] as string))).toBe(true)
    const sorted = rows.map((row) => `${String(row['state_code'])}${String(row['ori'])}`)
    expect([...sorted].sort()).toEqual(sorted)
  })
})

describe('the data', () => {
  test('has only codes that are valid in the year', async () => {
    for (const year of [1991, 2001, 2002, 2009, 2012, 2013, 2015, 2019, 2022, 2025]) {
      const truth = await generateTruth({ year, records: 6000, seed: year, tails: true })
      const fields = new Map<string, FieldSpec>()
      for (const layout of truth.spec.layouts) {
        const { name } = truth.spec.tables[layout.tableIndex]!
        for (const field of layout.fields) fields.set(`${name}.${field.name}`, field)
      }
      for (const [segment, rows] of truth.rows) {
        const { columns } = truth.spec.tables.find(({ name }) => name === segment)!
        columns.forEach((column, index) => {
          const codes = fields.get(`${segment}.${column.name}`)?.codes
          if (codes === undefined || column.type !== 'code') return
          const met = new Set<CellValue>(rows.map(({ values }) => values[index]!))
          met.delete(null)
          for (const code of met) {
            const { from = 0, to = 9999 } = codes.codes.get(String(code))!
            expect([year, column.name, code, from <= year && year <= to]).toEqual([
              year,
              column.name,
              code,
              true,
            ])
          }
        })
      }
    }
  })

  test('has incidents whose totals are those of their segments, each under a key of its own', async () => {
    for (const year of [1999, 2020, 2024]) {
      const truth = await generateTruth({ year, records: 20_000, seed: 5 })
      const key = (row: Record<string, CellValue>): string =>
        `${String(row['ori'])}/${String(row['incident_number'])}`
      const counts = new Map<string, Map<string, number>>()
      for (const segment of ['offense', 'victim', 'offender', 'arrestee']) {
        const bySegment = new Map<string, number>()
        for (const row of rowsOf(truth, segment)) {
          bySegment.set(key(row), (bySegment.get(key(row)) ?? 0) + 1)
        }
        counts.set(segment, bySegment)
      }
      const incidents = rowsOf(truth, 'administrative')
      for (const row of incidents) {
        for (const [segment, bySegment] of counts) {
          expect(row[`total_${segment}_segments`]).toBe(bySegment.get(key(row)) ?? 0)
        }
      }
      const keys = [
        ...incidents,
        ...rowsOf(truth, 'window_clearance'),
        ...rowsOf(truth, 'window_property'),
        ...rowsOf(truth, 'window_arrestee'),
      ].map(key)
      expect(new Set(keys).size).toBe(keys.length)
      const arrests = rowsOf(truth, 'group_b_arrest').map(
        (row) => `${String(row['ori'])}/${String(row['arrest_transaction_number'])}`,
      )
      expect(new Set(arrests).size).toBe(arrests.length)
    }
  })

  test('relates victims only to offenders of their incident', async () => {
    const truth = await generateTruth({ year: 2022, records: 20_000, seed: 5 })
    const offenders = new Map<string, number>()
    for (const row of rowsOf(truth, 'administrative')) {
      offenders.set(
        `${String(row['ori'])}/${String(row['incident_number'])}`,
        row['total_offender_segments'] as number,
      )
    }
    let related = 0
    for (const row of rowsOf(truth, 'victim')) {
      const most = offenders.get(`${String(row['ori'])}/${String(row['incident_number'])}`)!
      for (let n = 1; n <= 10; n++) {
        const number = row[`related_offender_number_${n}`] as number | null
        if (number === null) continue
        related++
        expect(number).toBeLessThanOrEqual(most)
        expect(row[`relationship_${n}`] === null).toBe(number === 0)
      }
    }
    expect(related).toBeGreaterThan(500)
  })

  test('sums up to the manifest', async () => {
    for (const faults of [undefined, { rate: 0.1 }]) {
      const truth = await generateTruth({
        year: 2011,
        records: 5000,
        seed: 9,
        ...(faults === undefined ? {} : { faults }),
      })
      const sums: Record<string, Record<string, number>> = {}
      for (const [segment, rows] of truth.rows) {
        const table = truth.spec.tables.find(({ name }) => name === segment)!
        sums[segment] = {}
        for (const name of Object.keys(truth.manifest.sums[segment]!)) {
          const index = table.columns.findIndex((column) => column.name === name)
          const { scale } = table.columns[index]!
          const scaled = rows.reduce(
            (sum, { values }) => sum + Math.round(Number(values[index] ?? 0) * 10 ** scale),
            0,
          )
          sums[segment][name] = scaled / 10 ** scale
        }
      }
      expect(sums).toEqual(truth.manifest.sums)
      expect(sums['property']!['property_value']).toBeGreaterThan(1000)
    }
  })

  test('raises no issue unless faults are asked for', async () => {
    for (const year of [1996, 2022]) {
      const options = { year, records: 2000, repeatedHeaders: 0 }
      expect((await generateTruth(options)).issues).toEqual([])
      const faulty = await generateTruth({
        ...options,
        faults: { rate: 0.5, kinds: ['FIELD_DATE'] },
      })
      expect(new Set(faulty.issues.map(({ code }) => code))).toEqual(new Set(['FIELD_DATE']))
      expect(faulty.issues.length).toBeGreaterThan(700)
    }
  })
})

describe('options', () => {
  test.each([
    [{ year: 1990 }, 'year'],
    [{ year: 2026 }, 'year'],
    [{ year: 2022, records: 0 }, 'records'],
    [{ year: 2022, records: 1.5 }, 'records'],
    [{ year: 2022, trim: 'both' }, 'trim'],
    [{ year: 2022, faults: { rate: 2 } }, 'faults.rate'],
    [{ year: 2022, faults: { rate: 0.1, kinds: ['FIELD_ENCODING'] } }, 'faults.kinds'],
  ])('%j is refused', async (options, option) => {
    const error: OptionError = await generateMasterFile(options as GenerateOptions).then(
      () => expect.unreachable(),
      (reason: OptionError) => reason,
    )
    expect(error).toMatchObject({ name: 'OptionError', code: 'OPTION_INVALID', option })
  })

  test('unknown ones are refused', async () => {
    await expect(
      generateMasterFile({ year: 2022, seeds: 4 } as unknown as GenerateOptions),
    ).rejects.toMatchObject({ code: 'OPTION_UNKNOWN', option: 'seeds' })
  })
})
