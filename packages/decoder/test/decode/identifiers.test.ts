import { beforeAll, expect, it } from 'vitest'
import { parseSpec } from '../../src/spec/load.js'
import type { CompiledSpec } from '../../src/spec/types.js'
import { bytesOf, decodeAll } from './text.js'

let spec: CompiledSpec
beforeAll(async () => {
  spec = await parseSpec(`
format: 1
id: agencies
version: "1"
revision: 1
title: Agencies
encoding: windows-1252
segments:
  agency:
    length: 9
    key: [ori]
    fields:
      ori: { pos: 1-9, type: identifier }
`)
})

/** More than the look-up table takes, some of them twice, a few beyond ASCII. */
const made = Array.from({ length: 60_000 }, (_, i) => {
  const number = i % 7 === 6 ? i - 5 : i
  const text = `X${String(number).padStart(8, '0')}`
  return i % 1000 === 1 ? `É${text.slice(1)}` : text
})

it('identifiers of a batch may be more than the look-up table holds', async () => {
  const options = { batchRows: 65_536 }
  for (const generated of [true, false]) {
    const { rows, issues } = await decodeAll(bytesOf(made), spec, { ...options, generated })
    expect(issues).toEqual([])
    expect(rows['agency']!.map(({ ori }) => ori)).toEqual(made)
  }
})

it('identifiers are found again whatever batch they are in', async () => {
  const lines = [...made, ...made]
  const { rows } = await decodeAll(bytesOf(lines), spec, { batchRows: 10_000 })
  expect(rows['agency']!.map(({ ori }) => ori)).toEqual(lines)
})
