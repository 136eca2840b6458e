import { describe, expect, test } from 'vitest'
import { decode } from '../../src/decode.js'
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
