import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { generateTruth, writeMasterFile } from '@nibrs/decoder/testing'
import { xxhash128 } from 'hash-wasm'
import { afterAll, describe, expect, it } from 'vitest'
import { load } from '../../src/index.js'
import { nibrsFile } from '../../src/sources/nibrs.js'
import { contents, duckdbKind, postgresKind, rowHashes } from '../support/warehouse.js'

const duckdb = duckdbKind()
const postgres = postgresKind()
const isThere = await postgres.start()
const kinds = [duckdb, postgres]
const folder = mkdtempSync(path.join(tmpdir(), 'cwsame-'))
afterAll(async () => {
  for (const kind of kinds) await kind.stop()
  rmSync(folder, { recursive: true, force: true })
})

describe('the same input in every destination', () => {
  it.runIf(isThere)('gives identical row hashes and identical values', async () => {
    for (const year of [1995, 2015, 2022]) {
      const file = path.join(folder, `${year}.txt`)
      const truth = await generateTruth({
        year,
        records: 3000,
        faults: { rate: 0.02 },
        tails: true,
      })
      writeFileSync(file, truth.bytes)
      const seen = []
      for (const kind of kinds) {
        const warehouse = await kind.make()
        await load({ source: nibrsFile(file), destination: warehouse.destination })
        const hashes = await rowHashes(warehouse)
        const rows = [...truth.rows.values()].reduce((sum, list) => sum + list.length, 0)
        expect(Object.values(hashes).flat()).toHaveLength(rows)
        seen.push({ hashes, contents: await contents(warehouse) })
      }
      for (const other of seen.slice(1)) expect(other).toEqual(seen[0])
    }
  })

  it.runIf(isThere)(
    'holds every row, in order, of a file that goes in by many pieces',
    async () => {
      const file = path.join(folder, 'pieces.zip')
      const { records } = await writeMasterFile(file, { year: 2022, records: 600_000 })
      const seen = []
      for (const kind of kinds) {
        const warehouse = await kind.make()
        const result = await load({ source: nibrsFile(file), destination: warehouse.destination })
        const { tables } = result.slices[0]!.manifest!
        expect(tables.reduce((sum, { decoded }) => sum + decoded, 0)).toBe(records)
        const stages = tables.flatMap(({ table }) => table ?? [])
        seen.push(
          await warehouse.session(async (query) => {
            const found = new Map<string, unknown>()
            for (const stage of stages) {
              const [row] = await query(
                `SELECT count(*) AS n, md5(string_agg(CAST(row_hash AS VARCHAR), '' ORDER BY source_record)) AS hash
                 FROM ${stage}`,
              )
              found.set(stage, row)
            }
            return found
          }),
        )
        const staged = tables.map(({ table, staged: count }) => [table, count])
        expect([...seen[0]!].map(([table, row]) => [table, (row as { n: number }).n])).toEqual(
          staged,
        )
      }
      for (const other of seen.slice(1)) expect(other).toEqual(seen[0])
    },
  )

  it('has the row hash that the documented encoding gives', async () => {
    const warehouse = await duckdb.make()
    const file = path.join(folder, 'documented.txt')
    const truth = await generateTruth({ year: 2022, records: 2000, seed: 9 })
    writeFileSync(file, truth.bytes)
    await load({ source: nibrsFile(file), destination: warehouse.destination })
    for (const [segment, rows] of truth.rows) {
      const stored = await warehouse.query(
        `SELECT CAST(row_hash AS VARCHAR) AS row_hash FROM stg_nibrs_${segment} ORDER BY source_record`,
      )
      const expected = await Promise.all(
        rows.map(({ values, recordLength }) =>
          xxhash128([...values, recordLength].map(cell).join()),
        ),
      )
      expect(stored.map((row) => String(row['row_hash']).replaceAll('-', ''))).toEqual(expected)
    }
  })
})

/** The documented text of a cell, written down once more. */
function cell(value: string | number | boolean | null): string {
  if (value === null) return ''
  const text = String(value)
  const isPlain = typeof value !== 'string' || (text !== '' && !/[",\r\n]/.test(text))
  return isPlain ? text : `"${text.replaceAll('"', '""')}"`
}
