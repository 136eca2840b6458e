import { describe, expect, test } from 'vitest'
import { decode } from '../../src/decode.js'
import type { Issue } from '../../src/issues.js'
import { loadSpec, parseSpec } from '../../src/spec/load.js'

/** Inputs that the other tests of this folder found to be decoded wrongly, each as small as it gets. */

const LEVEL_LESS = `
format: 1
id: rainfall
version: "1"
revision: 1
title: One record type, no level
encoding: ascii
segments:
  month:
    length: 6
    fields:
      station: { pos: 1-4, type: text }
      rain: { pos: 5-6, type: integer }
`

async function countsOf(text: string, generated: boolean): Promise<unknown> {
  const spec = await parseSpec(LEVEL_LESS)
  const decoding = decode([Buffer.from(text, 'latin1')], spec, { generated })
  for await (const batch of decoding) void batch
  const { records, blankLines, endMarks, rows } = decoding.stats
  return { records, blankLines, endMarks, rows: rows['month'] }
}

describe.each([true, false])('without a segment level, generated code %s', (generated) => {
  test.each(['\n', '      \n', '\0\0\0\0\0\0\n', ' \0    \n', '\0 \n', '  \r\n', ' '])(
    'the line %j is blank',
    async (line) => {
      expect(await countsOf(`AAAA12\n${line}`, generated)).toEqual({
        records: 1,
        blankLines: 1,
        endMarks: 0,
        rows: 1,
      })
    },
  )

  test.each(['\u001a', '\u001a\n', '\u001a\u001a\r\n', '\u001a'.repeat(6) + '\n'])(
    'the line %j is an end mark',
    async (line) => {
      expect(await countsOf(`AAAA12\n${line}`, generated)).toEqual({
        records: 1,
        blankLines: 0,
        endMarks: 1,
        rows: 1,
      })
    },
  )
})

test('a tab or a no-break space behind a code is not a blank', async () => {
  const spec = await loadSpec('nibrs/master@2013')
  const { start } = spec.layouts
    .find(({ level }) => level === '02')!
    .fields.find(({ name }) => name === 'bias_motivation_1')!
  for (const code of ['8\t', '8\u00a0']) {
    const line = '0201AL0010000000000000000'.padEnd(start) + code
    for (const generated of [true, false]) {
      const issues = []
      const decoding = decode([Buffer.from(line, 'latin1')], spec, { generated })
      for await (const batch of decoding) issues.push(...batch.issues)
      expect(issues).toMatchObject([{ code: 'FIELD_CODE_UNKNOWN', raw: code }])
    }
  }
})

/** A spec of one segment with these fields, decoded twice: by generated code and by the oracle. */
async function decodeBoth(
  encoding: string,
  fields: string,
  tables: string,
  line: Uint8Array,
): Promise<{ values: unknown[]; issues: Issue[] }> {
  const spec = await parseSpec(`
format: 1
id: small
version: "1"
revision: 1
title: Small
encoding: ${encoding}
segments:
  only:
    length: ${line.length}
    fields: { ${fields} }
code_tables: { ${tables} }
`)
  const text = Buffer.concat(Array.from({ length: 300 }, () => Buffer.from([...line, 10])))
  const results = []
  for (const generated of [true, false]) {
    const values: unknown[] = []
    const issues: Issue[] = []
    for await (const batch of decode([text], spec, { generated })) {
      issues.push(...batch.issues)
      for (let row = 0; row < batch.rowCount; row++) {
        const cells = [...batch.columns].slice(0, -2).map(([, column]) => column.get(row))
        if (row === batch.rowCount - 1) values.push(...cells)
      }
    }
    results.push({ values, issues })
  }
  expect(results[0]).toEqual(results[1])
  return results[1]!
}

test('a fraction may stand in front of its whole part, or apart from it', async () => {
  const front = 'a: { pos: 4-6, type: decimal, fraction: 1-3 }, b: { pos: 7-9, type: text }'
  expect(await decodeBoth('ascii', front, '', Buffer.from('250012xyz'))).toEqual({
    values: [12.25, 'xyz'],
    issues: [],
  })
  const { values, issues } = await decodeBoth('ascii', front, '', Buffer.from('25Q012xyz'))
  expect(values).toEqual([null, 'xyz'])
  expect(issues[0]).toMatchObject({ code: 'FIELD_NOT_NUMERIC', byteOffset: 0, raw: '25Q012' })
  const apart = 'a: { pos: 1-3, type: decimal, fraction: 7-9 }, b: { pos: 4-6, type: text }'
  expect((await decodeBoth('ascii', apart, '', Buffer.from('012xyz250'))).values).toEqual([
    12.25,
    'xyz',
  ])
})

test('codes and flags beyond ASCII are compared as characters of the encoding', async () => {
  const fields =
    'a: { pos: 1-2, type: code, codes: t }, ' +
    'b: { pos: 3, type: flag, yes: "\u20ac", no: "\u00e9" }, ' +
    'c: { pos: 4-5, type: number_or_code, range: 1-9, codes: t }'
  const tables = 't: { codes: { "A\u20ac": label, "\u00e9": label } }'
  const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values)
  // In windows-1252 the byte 0x80 is the euro sign; its low byte 0xAC is another character.
  const euro = bytes(0x41, 0x80, 0x80, 0x41, 0x80)
  expect((await decodeBoth('windows-1252', fields, tables, euro)).values).toEqual([
    'A\u20ac',
    true,
    null,
    'A\u20ac',
  ])
  const low = await decodeBoth('windows-1252', fields, tables, bytes(0x61, 0xac, 0xac, 0x61, 0xac))
  expect(low.values).toEqual([null, null, null, null])
  const accent = bytes(0xe9, 0x20, 0xe9, 0xe9, 0x20)
  expect((await decodeBoth('latin1', fields, tables, accent)).values).toEqual([
    '\u00e9',
    false,
    null,
    '\u00e9',
  ])
  // In ASCII the byte has no character at all.
  expect((await decodeBoth('ascii', fields, tables, accent)).values).toEqual([
    null,
    null,
    null,
    null,
  ])
})
