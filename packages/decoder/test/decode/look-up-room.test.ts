import { expect, it } from 'vitest'
import { parseSpec } from '../../src/spec/load.js'
import { bytesOf, decodeAll } from './text.js'

const LISTS = 420
const NUMBERS = 300
const AGENCIES = 40

/** A layout whose look-up tables take 220 MiB, 80 and 35: half a MiB for each list of wide codes. */
function wideSpec(): { readonly text: string; readonly line: string } {
  const tables: string[] = []
  const fields: string[] = []
  let line = ''
  const add = (name: string, value: string, type: string): void => {
    fields.push(`      ${name}: { pos: ${line.length + 1}-${line.length + value.length}, ${type} }`)
    line += value
  }
  for (let i = 0; i < LISTS; i++) {
    tables.push(`  list${i}:`, `    title: List ${i}`, `    codes: { A${10 + (i % 90)}: One }`)
    add(`code${i}`, `A${10 + (i % 90)}`, `type: code, codes: list${i}`)
  }
  tables.push('  unknown:', '    title: Unknown', '    codes: { "00": Unknown }')
  for (let i = 0; i < NUMBERS; i++) {
    add(`age${i}`, String(10 + (i % 80)), 'type: number_or_code, range: 1-98, codes: unknown')
  }
  for (let i = 0; i < AGENCIES; i++) add(`ori${i}`, `AL${1_000_000 + i}`, 'type: identifier')
  const text = [
    'format: 1',
    'id: wide',
    'version: "1"',
    'revision: 1',
    'title: Wide',
    'encoding: ascii',
    'code_tables:',
    ...tables,
    'segments:',
    '  row:',
    `    length: ${line.length}`,
    '    fields:',
    ...fields,
  ].join('\n')
  return { text, line }
}

it('a spec may have any number of code lists', async () => {
  const { text, line } = wideSpec()
  const spec = await parseSpec(text)
  const input = bytesOf(Array<string>(40).fill(line))
  const found = await decodeAll(input, spec, { batchRows: 64 })
  expect(found.rows['row']).toHaveLength(40)
  expect(found.issues).toEqual([])
  expect(found.rows).toEqual((await decodeAll(input, spec, { generated: false })).rows)
})
