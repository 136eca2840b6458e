import { expect, it } from 'vitest'
import { parseSpec } from '../../src/spec/load.js'
import { bytesOf, decodeAll } from './text.js'

const DAY_MS = 86_400_000

const DAYS = `
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
`

it('generated code knows the calendar, and that zeros are no date', async () => {
  const spec = await parseSpec(DAYS)
  const years = [0, 1899, 1900, 1901, 1904, 1999, 2000, 2001, 2024, 2078, 2079, 2100, 9999]
  const lines: string[] = []
  for (const year of years) {
    for (let monthAndDay = 0; monthAndDay <= 1999; monthAndDay++) {
      lines.push(String(year).padStart(4, '0') + String(monthAndDay).padStart(4, '0'))
    }
  }
  // Blank lines first, so that generated code is there before the first date.
  const input = bytesOf([...Array<string>(100).fill(' '.repeat(8)), ...lines.reverse()])
  const found = await decodeAll(input, spec)
  const plain = await decodeAll(input, spec, { generated: false })
  expect(found.rows).toEqual(plain.rows)
  expect(found.issues).toEqual(plain.issues)
  const fine = found.rows['day']!.filter(({ day }) => day !== null).length
  const leap = [1904, 2000, 2024]
  const inRange = years.filter((year) => year >= 1900 && year <= 2078)
  expect(fine).toBe(inRange.length * 365 + leap.length)
  expect(found.issues).toHaveLength(lines.length - fine - 1)
})

it('every date there is can stand in one batch, more than the look-up table holds', async () => {
  const spec = await parseSpec(DAYS)
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
