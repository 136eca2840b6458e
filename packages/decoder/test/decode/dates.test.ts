import { expect, it } from 'vitest'
import { parseSpec } from '../../src/spec/load.js'
import { bytesOf, decodeAll } from './text.js'

const DAY_MS = 86_400_000

it('every date there is can stand in one batch, more than the look-up table holds', async () => {
  const spec = await parseSpec(`
format: 1
id: days
version: "1"
revision: 1
title: Days
encoding: ascii
segments:
  day:
    length: 8
    fields:
      day: { pos: 1-8, type: date }
`)
  const lines: string[] = []
  const last = Date.UTC(2078, 11, 31)
  for (let time = Date.UTC(1900, 0, 1); time <= last; time += DAY_MS) {
    lines.push(new Date(time).toISOString().slice(0, 10).replaceAll('-', ''))
  }
  expect(lines.length).toBeGreaterThan(65_000)
  // Again, now that all are known, and days that are not on the calendar.
  const input = bytesOf([...lines, ...lines, '19000229', '20240230', '20241301'])
  const found = await decodeAll(input, spec, { batchRows: 65_536 })
  const plain = await decodeAll(input, spec, { batchRows: 65_536, generated: false })
  expect(found.rows).toEqual(plain.rows)
  expect(found.issues).toEqual(plain.issues)
  expect(found.issues).toHaveLength(3)
  const days = new Set(found.rows['day']!.map(({ day }) => String(day)))
  expect(days.size).toBe(lines.length + 1)
})
